//! The ports' promises, each stated once as a case that runs against any backend. A backend whose test passes here
//! behaves like the others as far as a service can see; that is what makes the embedded default honest.
//!
//! Also the starter of the stand-in for AWS, so that every crate's tests can use it.

pub mod ledger;
pub mod histories;
pub mod queue;
pub mod stand_in;
pub mod wire;
