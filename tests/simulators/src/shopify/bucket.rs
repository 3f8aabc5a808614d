//! Shopify's leaky bucket of query points, one per shop: it holds so many points and refills at so many a second.

use jiff::Timestamp;
use lane::clock::until;
use serde_json::{Value, json};

/// Points are kept in thousandths, so that the refill of every millisecond is exact.
const PARTS: u64 = 1000;

/// A bucket of points.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    size: u64,
    per_second: u64,
    parts: u64,
    filled_at: Timestamp,
}

impl Bucket {
    /// Starts full.
    pub(super) fn full(size: u32, per_second: u32, now: Timestamp) -> Self {
        let size = u64::from(size);
        Self { size, per_second: u64::from(per_second), parts: size * PARTS, filled_at: now }
    }

    /// Reserves what a query asks for; `false` leaves the bucket as it was, because there is too little.
    pub(super) fn reserve(&mut self, points: u64, now: Timestamp) -> bool {
        self.refill(now);
        let parts = points.saturating_mul(PARTS);
        let enough = parts <= self.parts;
        if enough {
            self.parts -= parts;
        }
        enough
    }

    /// Gives back what was reserved and not used.
    pub(super) fn refund(&mut self, points: u64) {
        self.parts = self.parts.saturating_add(points.saturating_mul(PARTS)).min(self.size * PARTS);
    }

    /// Whole points left.
    pub(super) fn available(&self) -> u64 {
        self.parts / PARTS
    }

    /// As it stands in `extensions.cost`.
    pub(super) fn status(&self) -> Value {
        json!({"maximumAvailable": self.size, "currentlyAvailable": self.available(), "restoreRate": self.per_second})
    }

    fn refill(&mut self, now: Timestamp) {
        let passed = u64::try_from(until(self.filled_at, now).as_millis()).unwrap_or(u64::MAX);
        // One point a second is one part a millisecond.
        self.parts = self.parts.saturating_add(passed.saturating_mul(self.per_second)).min(self.size * PARTS);
        if passed > 0 {
            self.filled_at = now;
        }
    }
}
