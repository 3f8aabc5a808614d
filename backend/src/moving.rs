//! A ledger on its way from one store into another: records, one after the other, in a shape that belongs to no store.
//!
//! The first record says which ledger moves, the last how many of each kind came before it: a stream that was cut off is
//! known by its end. Numbers of webhooks, jobs and audits tell only what came before what; those of people's requests stay.

mod record;
mod text;

pub use record::{
    Begin, FORMAT, Kind, MovedAccount, MovedAsked, MovedAudit, MovedJob, MovedLane, MovedNotice, MovedPart,
    MovedPrivacy, MovedShop, MovedWebhook, Record, Sums,
};
pub use text::Bytes;

/// Numbers that one microsecond can give.
const A_MICROSECOND: u64 = 1024;

/// A number for what came then and was the `nth` of its kind: it rises with the time, and what came at the same moment
/// stands in its order.
pub(crate) fn number_of(at: lane::clock::Timestamp, nth: i64) -> u64 {
    let micros = u64::try_from(at.as_microsecond()).unwrap_or_default();
    micros * A_MICROSECOND + nth.unsigned_abs() % A_MICROSECOND
}
