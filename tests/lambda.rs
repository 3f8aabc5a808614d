//! The same promises on Lambda: the real programs of handler, worker and review under a simulated Runtime API, which
//! freezes them between two events, over a table and a queue of a stand-in for `DynamoDB` and SQS.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "tests of one machine use more of it")]
mod world;
mod functions;
mod sequence;
mod deciding;

/// Functions over a table and a queue.
const HOME: world::Home = world::Home::Lambda;
