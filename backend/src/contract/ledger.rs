//! The ledger ports' promises: each case tells a short story through a [`Scene`] and panics when a promise is broken.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a case tells that a promise is broken by panicking"
)]

mod scene;
mod news;
mod endings;
mod recording;
mod touching;
mod closing;
mod working;
mod bursting;
mod company;
mod limiting;
mod shipping;
mod sweeping;
mod deciding;
mod undoing;
mod looking;
mod privacy;

use std::future::Future;
use std::pin::Pin;

pub use news::News;
pub use scene::{Ports, Scene};

/// A story; it panics when a promise is broken.
pub type Case = fn(Scene) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// All cases by name. A backend passes when each passes on a fresh ledger of its own.
pub fn cases() -> Vec<(&'static str, Case)> {
    [
        recording::cases(),
        touching::cases(),
        closing::cases(),
        working::cases(),
        bursting::cases(),
        company::cases(),
        limiting::cases(),
        shipping::cases(),
        sweeping::cases(),
        deciding::cases(),
        undoing::cases(),
        looking::cases(),
        privacy::cases(),
    ]
    .concat()
}
