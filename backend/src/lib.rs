//! The backends: where the ledger and the queue live. `embedded` needs nothing but a file; `aws` needs an account. Both
//! keep the ports' promises, which `contract` states as one suite.
#![warn(missing_docs)]

pub mod embedded;
pub mod aws;
#[cfg(feature = "contract")]
pub mod contract;
