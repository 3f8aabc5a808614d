//! A ledger on its way from one store into another: records, one after the other, in a shape that belongs to no store.
//!
//! The first record says which ledger moves, the last how many of each kind came before it: a stream that was cut off is
//! known by its end. Numbers of webhooks, jobs and audits tell only what came before what; those of people's requests stay.

mod record;
mod kept;
mod text;

pub use kept::{
    MovedAccount, MovedAsked, MovedAudit, MovedJob, MovedLane, MovedNotice, MovedPart, MovedPrivacy, MovedShop,
    MovedWebhook,
};
pub use record::{Begin, FORMAT, Kind, Record, Sums};
pub use text::Bytes;

/// Numbers that one microsecond can give.
pub(crate) const A_MICROSECOND: u64 = 1024;

/// A number for what came then and was the `nth` of its kind. It rises with the time; what came in the same microsecond stands
/// in its order, but for one place in a thousand. No clock gives a thousand of a kind the same microsecond.
pub(crate) fn number_of(at: lane::clock::Timestamp, nth: i64) -> u64 {
    let micros = u64::try_from(at.as_microsecond()).unwrap_or_default();
    micros * A_MICROSECOND + nth.unsigned_abs() % A_MICROSECOND
}
