//! The providers as this crate calls them. [`call`] makes every call the same way, over a [`transport`], and [`error`]
//! says what a failed one means; what it carried of [`credentials`] is cut out of the answers;
//! [`shopify`] fetches orders, [`shipstation`] takes them.

pub(crate) mod answer;
pub(crate) mod call;
mod credentials;
pub mod transport;
pub(crate) mod error;
pub(crate) mod shopify;
pub(crate) mod shipstation;
