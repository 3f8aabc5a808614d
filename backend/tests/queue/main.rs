//! The queues' promises: the suite on both backends; both against a reference model; the embedded queue in a crowd; and
//! the page that says which of these shows what.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod embedded;
mod sqs;
mod suite;
mod model;
mod walk;
mod witness;
mod walk_embedded;
mod walk_sqs;
mod crowd;
mod page;
