//! queue → lane → provider → ledger.
//!
//! A wake-up says that a lane has work. The [`daemon`] receives wake-ups and runs their lanes, and the sweep wakes lanes
//! whose time has come. A [`lane`] run takes the lane's lease and works its jobs in the order the ledger
//! gives them, each as one [`attempt`] for which the [`limiter`] has given the calls. What the warehouses shipped brings
//! jobs back in line ([`shipments`]).

pub mod daemon;
mod sweep;
pub mod lane;
pub mod shipments;
pub mod attempt;
pub mod limiter;
mod circuit;
mod outage;
pub mod redactions;
mod embedded_metrics;
pub mod chores;
pub mod lambda;
pub mod housekeeping;
pub mod accounts;
pub mod configured;
mod providers;
pub mod jobs;

pub use providers::shipstation::setup;
pub use providers::shopify::{locations, scopes};
pub use providers::transport;
