//! A provider's whole answer, and what is read out of it.

use std::time::Duration;

use ::lane::clock::Timestamp;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::call::Intent;
use super::error::CallError;
use crate::limiter::Lesson;

/// The longest wait that is taken from an answer. Both providers ask for at most minutes; a slip of theirs must not
/// silence an account for ever.
pub(crate) const WAIT_MAX: Duration = Duration::from_hours(24);
/// The shortest wait after a refusal for being too fast, whatever it asks for. "No time at all" is what is left of a window
/// in its last moment; coming back at once would be refused again, over and over until it has passed.
pub(crate) const WAIT_MIN: Duration = Duration::from_secs(1);

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When it came.
    pub(crate) at: Timestamp,
    pub(crate) intent: Intent,
}

impl Answer {
    /// A header that asks to wait for so many seconds. Shopify writes them as `2.0`; parts of one count as a whole.
    pub(crate) fn wait(&self, header: &str) -> Option<Duration> {
        let seconds: f64 = self.text(header)?.parse().ok()?;
        Duration::try_from_secs_f64(seconds.ceil().min(WAIT_MAX.as_secs_f64())).ok()
    }

    /// A header that is a whole number.
    pub(crate) fn number(&self, header: &str) -> Option<u64> {
        self.text(header)?.parse().ok()
    }

    fn text(&self, header: &str) -> Option<&str> {
        self.headers.get(header)?.to_str().ok().map(str::trim)
    }
}

/// What a provider makes of an answer.
pub(crate) struct Reading {
    pub(crate) lessons: Vec<Lesson>,
    /// Units that the call turned out not to use.
    pub(crate) unused: u32,
    /// The answer's content; null if what was asked for does not exist.
    pub(crate) content: Result<Value, CallError>,
}
