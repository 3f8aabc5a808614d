//! The queues' promises: the suite on both backends, and the embedded queue against a reference model.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod embedded;
mod sqs;
mod suite;
mod model;
