//! Lane runs and the daemon, against the embedded ledger and queue; only the attempts are scripted.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests are tests themselves")]

mod harness;
mod lane;
mod answers;
mod burst;
mod daemon;
mod messages;
mod two_workers;
mod shared;
mod poison;
