//! What the handler promises, shown through its router.
//!
//! The ledger and the queue are recorders that can be told to fail: these tests are about which answer the platform
//! gets and what was asked of the ports before it got it. One file shows the same through the embedded ledger.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
mod signature;
mod bounds;
mod durability;
mod bodies;
mod topics;
mod replays;
mod notices;
mod seen;
mod embedded;
mod redelivered;
