//! The same promises on AWS: handler, worker and review as programs of their own, over a table and a queue of a stand-in
//! for `DynamoDB` and SQS. Nothing in the tests knows where the ledger is.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "tests of one machine use more of it")]
mod world;
mod sequence;
mod deciding;
mod changes;
mod together;
mod tracking;
mod repeated;
mod several;
mod moving;
mod outages;
mod misled;
mod long_line;
mod hot_shop;

/// Handler, worker and review over a table and a queue.
const HOME: world::Home = world::Home::Aws;
