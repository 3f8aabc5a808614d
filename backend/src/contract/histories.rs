//! Histories: random calls of the ledger's ports, with crashes in between, against a [`mod@reference`] that is slow and
//! obvious. Each answer, and everything there is to see, must be what the reference says.
//!
//! A [`Step`](step::Step) is what a history is written in; [`play`] turns it into [`call`]s, asks the ledger and judges
//! the answers; [`view`] is all there is to see, and [`laws`] are what must hold of it whatever the reference says.
//!
//! A call whose answer was lost in a crash has happened or has not, and calls that ran at once have happened in some
//! order: so the player keeps several *worlds*, each a reference that may be the truth, and drops those that an answer
//! contradicts. When none is left, the ledger is wrong.
#![expect(
    clippy::expect_used,
    reason = "a history's own mistakes end it by panicking; the ledger's are told by an error"
)]

pub mod step;
mod call;
mod reference;
mod view;
mod laws;
#[expect(clippy::wildcard_enum_match_arm, reason = "an answer that is not the one hoped for ends an errand")]
pub mod play;
mod resolve;
mod told;

use std::future::Future;

use lane::clock::Timestamp;

use super::ledger::Ports;
pub use call::{Answer, Call, Letter, make};

/// When the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the call.
    Before,
    /// During the call, before it is durable.
    Uncommitted,
    /// While it becomes durable: of what is written in this moment, so many 255ths are there.
    Torn(u8),
    /// Once it is durable, before the answer has reached the caller.
    Committed,
}

/// What a crash left of the calls that were under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// All of it.
    All,
    /// Each of them wholly or not at all.
    Unknown,
}

/// A ledger whose process can die.
pub trait Subject {
    /// Whether the leases of the last boot are void, and every lane with work due, once it is opened again. Where many
    /// processes share a ledger, leases run out instead.
    const VOIDS_LEASES: bool;

    /// Whether it has other numbers for what waits, once it is opened again.
    const RENUMBERS: bool = false;

    /// The ledger as it is open now.
    fn ports(&self) -> Ports;

    /// Makes the calls at once, and dies at that moment; then opens what is left. Nobody hears an answer.
    fn crash(&mut self, moment: Moment, calls: Vec<Call>, now: Timestamp) -> impl Future<Output = Left>;

    /// Ends in good order, and opens again.
    fn reopen(&mut self, now: Timestamp) -> impl Future<Output = ()>;
}
