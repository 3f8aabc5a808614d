//! The providers as this crate calls them. [`call`] makes every call the same way and [`error`] says what a failed one
//! means; [`shopify`] fetches orders, [`shipstation`] takes them.

pub(crate) mod call;
pub(crate) mod error;
pub(crate) mod shopify;
pub(crate) mod shipstation;
