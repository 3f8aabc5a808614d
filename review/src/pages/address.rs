//! Addresses of pages. Only ids get into them, because browsers and proxies remember them.

use lane::id::{JobId, LaneKey};
use lane::job::Job;

/// The page `place` with this job open: `/held/orders/acme/1`.
pub(super) fn of(place: &str, job: &Job) -> String {
    open(place, &job.lane, &job.id)
}

/// The page `place` with a job open.
pub(super) fn open(place: &str, lane: &LaneKey, id: &JobId) -> String {
    format!("/{place}/{}/{}", encoded(&lane.to_string()), encoded(id.as_str()))
}

/// An id as paths and queries take it.
pub(super) fn encoded(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    id.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
