//! Stand-ins for the providers: real HTTP servers that keep the providers' documented limits and rules, remember
//! every call and every effect, and fail when told to.
//!
//! A request goes `server` (connections) → `front` (journal, faults, the `/__simulator` pages) → [`shopify`] or
//! [`shipstation`] (who may call, how often, and what happens). The [`journal`] is the oracle of the end-to-end
//! tests: what is not in it did not happen. [`orders`] makes the webhooks' bodies. [`lambda`] runs the real programs as
//! functions.
#![warn(missing_docs)]

pub mod journal;
pub mod faults;
mod server;
mod front;
mod control;
pub mod shopify;
pub mod shipstation;
pub mod orders;
pub mod lambda;

pub use shipstation::ShipStation;
pub use shopify::Shopify;

/// Locks without caring whether another test's thread panicked while it held the lock: the data is replaced in
/// single steps, so it is whole.
fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
