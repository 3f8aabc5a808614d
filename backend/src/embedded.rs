//! One machine, one program, one file: the ledger in SQLite, the queue in memory.

pub mod ledger;
pub mod queue;
