//! The pace of an account: governor's bucket, asked ahead of time. Each unit gets the moment at which the bucket has
//! it; tickets take these slots in their order, so a ticket's time is the slot of its last unit.

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use lane::clock::{Timestamp, after, until};
use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use super::Quota;

/// Slots that nobody took are kept for this long: a lane that comes a little late finds them, a rest does not save up
/// more than the burst.
const UNUSED_KEPT: Duration = Duration::from_mins(1);

/// Governor counts nanoseconds in 64 bits, here since 1970, which end after 584 years; a provider that asks for silence
/// until the end of time gets less.
const FAR: Duration = Duration::from_hours(300 * 365 * 24);

#[derive(Debug, Clone)]
pub(super) struct Pace {
    quota: Quota,
    /// When the bucket is full again: all that governor keeps of it.
    pub(super) full_at: Option<Timestamp>,
    pub(super) slots: VecDeque<Timestamp>,
}

impl Pace {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, full_at: None, slots: VecDeque::new() }
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// The time of the `count`th slot from the front, not before `from` if it was not handed out yet.
    pub(super) fn slot(&mut self, count: u32, from: Timestamp) -> Timestamp {
        let Some(last) = (count as usize).checked_sub(1) else { return from };
        if self.slots.len() <= last {
            self.hand_out(last + 1 - self.slots.len(), from);
        }
        self.slots.get(last).copied().unwrap_or(from)
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

    /// Asks governor for more slots, each as of the moment at which it has the unit, which may lie ahead.
    fn hand_out(&mut self, slots: usize, from: Timestamp) {
        let steps = Steps::default();
        let full_at = FullAt(Cell::new(self.full_at.map(|at| Nanos::from(since_1970(at)))));
        let bucket: Bucket = RateLimiter::new(in_governors_words(self.quota), full_at, steps.clone());
        for _ in 0..slots {
            steps.0.set(since_1970(from));
            while let Err(not_until) = bucket.check() {
                steps.0.set(not_until.earliest_possible());
            }
            self.slots.push_back(after(Timestamp::UNIX_EPOCH, steps.now()));
        }
        let full_at = bucket.into_state_store().0.get();
        self.full_at = full_at.map(|at| after(Timestamp::UNIX_EPOCH, at.into()));
    }
}

fn since_1970(at: Timestamp) -> Duration {
    until(Timestamp::UNIX_EPOCH, at).min(FAR)
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

type Bucket = RateLimiter<NotKeyed, FullAt, Steps, NoOpMiddleware<Duration>>;

/// What governor keeps, where it can be read and written down.
struct FullAt(Cell<Option<Nanos>>);

impl StateStore for FullAt {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, full_at) = decide(self.0.get())?;
        self.0.set(Some(full_at));
        Ok(answer)
    }
}

/// Governor's clock: time since 1970, standing where the pace puts it.
#[derive(Debug, Clone, Default)]
struct Steps(Rc<Cell<Duration>>);

impl Clock for Steps {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}
