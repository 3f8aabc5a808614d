//! How what a unit reads and writes lies in the table: one module for each part of [`crate::ledger::unit`].

pub(super) mod lanes;
pub(super) mod jobs;
pub(super) mod webhooks;
pub(super) mod kept;
pub(super) mod shops;
pub(super) mod desks;
pub(super) mod people;

use std::sync::atomic::{AtomicU64, Ordering};

use lane::clock::Timestamp;

use crate::moving::A_MICROSECOND;

/// A number for what came then: higher than that of all that came before, and than all that this process gave. Two processes
/// may give the same one within a microsecond; whoever writes second is refused, and asks for another.
pub(super) fn number_at(at: Timestamp) -> u64 {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let first = u64::try_from(at.as_microsecond()).unwrap_or_default() * A_MICROSECOND;
    let before = GIVEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| Some(first.max(before + 1)));
    // The update is never refused.
    let (Ok(before) | Err(before)) = before;
    first.max(before + 1)
}
