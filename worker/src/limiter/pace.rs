//! The pace of an account: governor's bucket, asked ahead of time. Each unit gets the moment at which the bucket has
//! it; tickets take these slots in their order, so a ticket's time is the slot of its last unit.

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use lane::clock::{Timestamp, after, until};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Quota;

/// Slots that nobody took are kept for this long: a lane that comes a little late finds them, a rest does not save up
/// more than the burst.
const UNUSED_KEPT: Duration = Duration::from_mins(1);

/// Governor counts nanoseconds in 64 bits, which end after 584 years; a provider that asks for silence until the end of
/// time gets less.
const FAR: Duration = Duration::from_hours(100 * 365 * 24);

pub(super) struct Pace {
    quota: Quota,
    begin: Timestamp,
    steps: Steps,
    bucket: Bucket,
    slots: VecDeque<Timestamp>,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Steps, NoOpMiddleware<Duration>>;

impl Pace {
    pub(super) fn new(quota: Quota, now: Timestamp) -> Self {
        let steps = Steps::default();
        let bucket = RateLimiter::direct_with_clock(in_governors_words(quota), steps.clone());
        Self { quota, begin: now, steps, bucket, slots: VecDeque::new() }
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// The time of the `count`th slot from the front, not before `from` if it was not handed out yet.
    pub(super) fn slot(&mut self, count: u32, from: Timestamp) -> Timestamp {
        let Some(last) = (count as usize).checked_sub(1) else { return from };
        while self.slots.len() <= last {
            let slot = self.next(from);
            self.slots.push_back(slot);
        }
        self.slots[last]
    }

    /// The ticket behind `ahead` units takes its slots.
    pub(super) fn take(&mut self, ahead: u32, units: u32, from: Timestamp) {
        self.slot(ahead.saturating_add(units), from);
        let ahead = ahead as usize;
        self.slots.drain(ahead..ahead + units as usize);
    }

    /// Units come back; whoever is first in line has them now.
    pub(super) fn give_back(&mut self, units: u32, now: Timestamp) {
        let place = self.slots.partition_point(|slot| *slot <= now);
        for _ in 0..units {
            self.slots.insert(place, now);
        }
    }

    /// Forgets slots that lie long back and that no ticket needs.
    pub(super) fn forget_unused(&mut self, reserved: u32, now: Timestamp) {
        let old = self.slots.partition_point(|slot| after(*slot, UNUSED_KEPT) < now);
        let unused = self.slots.len().saturating_sub(reserved as usize);
        self.slots.drain(..old.min(unused));
    }

    /// Asks governor as of the moment at which it has the unit, which may lie ahead.
    fn next(&self, from: Timestamp) -> Timestamp {
        self.steps.stand_at(until(self.begin, from));
        loop {
            match self.bucket.check() {
                Ok(()) => return after(self.begin, self.steps.now()),
                Err(not_until) => self.steps.stand_at(not_until.earliest_possible()),
            }
        }
    }
}

/// One unit each `per / units`, rounded up, so that rounding never adds a unit to a window.
fn in_governors_words(quota: Quota) -> governor::Quota {
    let units = u128::from(quota.units.max(1));
    let each = quota.per.as_nanos().div_ceil(units).max(1);
    let each = Duration::from_nanos(u64::try_from(each).unwrap_or(u64::MAX));
    let one = governor::Quota::per_second(NonZeroU32::MIN);
    let steady = governor::Quota::with_period(each).unwrap_or(one);
    steady.allow_burst(NonZeroU32::new(quota.burst).unwrap_or(NonZeroU32::MIN))
}

/// Governor's clock: time since the pace began, standing where the pace puts it.
#[derive(Debug, Clone, Default)]
struct Steps(Arc<AtomicU64>);

impl Steps {
    fn stand_at(&self, since_begin: Duration) {
        let nanos = u64::try_from(since_begin.min(FAR).as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanos, Ordering::Relaxed);
    }
}

impl Clock for Steps {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
