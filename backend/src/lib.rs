//! The backends: where the ledger and the queue live. `embedded` needs nothing but a file; `aws` needs an account. Both
//! keep the ports' promises, which `contract` states as one suite; what a verb of the ledger decides stands once, in
//! `ledger`, and a backend only knows how it lies in its store.
#![warn(missing_docs)]

mod ledger;
pub mod bodies;
pub mod moving;
pub mod secrets;
pub mod embedded;
pub mod aws;
#[cfg(feature = "contract")]
pub mod contract;
