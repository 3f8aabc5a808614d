//! Webhook → ledger → queue.
//!
//! One webhook goes through the files in this order: `receive` takes its body in within bounds, `verify` checks
//! the signature over the raw bytes, `parse` reads what it says, `record` makes it durable and wakes its lane,
//! `answer` tells the platform and the operators what became of it. It is answered 2xx once the ledger has committed
//! it, and not before; whatever goes wrong on the way ends in an answer that makes the platform send it again.
//!
//! Warehouses send notices to an address of their own; a notice goes the same way and ends in the ledger.
//!
//! A new source of webhooks is one file in `verify`, one in `parse`, and one route.

mod settings;
mod configured;
mod receive;
mod bounds;
mod verify;
mod parse;
mod record;
mod answer;

pub use configured::NotConfigured;
pub use receive::router;
pub use settings::{InvalidSettings, Settings, Warehouse};
