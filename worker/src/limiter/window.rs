//! The provider's window, counted from the calls that left: however late a lane uses its ticket, and however many
//! units it takes at once, no window ever sees more than the limit. The pace keeps calls apart; this keeps the promise.
//!
//! What other processes hold counts here too; what became of it is known when they say so, or when they must have ended.

use lane::clock::{Timestamp, after};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Quota, just_after};

/// When to look again while only attempts under way fill the window: they end in seconds, and then it is known when
/// their calls left.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The attempts of one process must have ended so long after they were granted: their calls may leave until then. A
/// worker that dies right after leaves its units out of everybody's window after a minute more, within the 130 s for which
/// its lane is leased.
pub(super) const HELD: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub(super) struct Window {
    most: u32,
    span: Duration,
    /// By time.
    pub(super) left: VecDeque<(Timestamp, u32)>,
    /// What this process holds.
    pub(super) own: Own,
    /// What others hold, by their names: so many units, that leave at the latest then.
    pub(super) others: BTreeMap<String, (u32, Timestamp)>,
}

/// What the attempts of this process were given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own {
    /// Granted, and not yet left: it may leave at any moment, so it counts in every window.
    pub(super) pending: u32,
    /// Counted as left by [`Window::spend`]; the permit that follows does not count again.
    prepaid: u32,
    /// What attempts under way were granted: the most that can be pending.
    granted: u32,
    /// When the last of them must have ended, if that matters to anybody.
    pub(super) until: Timestamp,
}

impl Own {
    /// With what was decided on `after` beyond `before`, while this may have changed meanwhile.
    pub(super) fn with(self, before: Self, after: Self) -> Self {
        Self {
            pending: self.pending + (after.pending - before.pending),
            prepaid: self.prepaid + (after.prepaid - before.prepaid),
            granted: self.granted + (after.granted - before.granted),
            until: self.until.max(after.until),
        }
    }
}

impl Window {
    pub(super) fn new(quota: Quota) -> Self {
        let (most, span) = Self::measures(quota);
        Self { most, span, left: VecDeque::new(), own: Own::default(), others: BTreeMap::new() }
    }

    /// Keeps what has left.
    pub(super) fn set(&mut self, quota: Quota) {
        (self.most, self.span) = Self::measures(quota);
    }

    /// A sixtieth is added to the window (a second to a minute): calls do not all travel equally fast.
    fn measures(quota: Quota) -> (u32, Duration) {
        (quota.units.saturating_add(quota.burst), quota.per + quota.per / 60)
    }

    /// Whether `units` more fit now. More than the limit itself fit into an empty window: they could never leave
    /// otherwise.
    pub(super) fn fits(&self, units: u32, now: Timestamp) -> bool {
        self.used(now).saturating_add(units.min(self.most)) <= self.most
    }

    /// When the last of `units` finds room, if those before it leave as soon as they may: each goes when the one that left
    /// as many before it as the limit has is out of the window.
    pub(super) fn room_at(&self, units: u32, now: Timestamp) -> Timestamp {
        let Some(last) = units.checked_sub(1) else { return now };
        let (rounds, mut nth) = (last / self.most.max(1), last % self.most.max(1));
        let rounds = self.span.saturating_mul(rounds);
        let mut free = self.room(now);
        if nth < free {
            return after(now, rounds);
        }
        for (left, units) in self.left.iter().filter(|(at, _)| self.counts(*at, now)) {
            free += units;
            if nth < free {
                return after(just_after(*left, self.span), rounds);
            }
        }
        // The others are under way. What this process holds is known in a moment; what others hold is mostly used.
        nth -= free;
        let wait = if nth < self.own.pending { LOOK_AGAIN } else { self.span };
        after(after(now, wait), rounds)
    }

    /// How many units may still leave now.
    pub(super) fn room(&self, now: Timestamp) -> u32 {
        self.most.saturating_sub(self.used(now))
    }

    fn used(&self, now: Timestamp) -> u32 {
        let counted = self.left.iter().filter(|(at, _)| self.counts(*at, now));
        let held: u32 = self.others.values().map(|(units, _)| units).sum();
        self.own.pending + held + counted.map(|(_, units)| units).sum::<u32>()
    }

    fn counts(&self, left: Timestamp, now: Timestamp) -> bool {
        after(left, self.span) >= now
    }

    pub(super) fn grant(&mut self, units: u32, now: Timestamp) {
        self.own.pending += units;
        self.own.granted += units;
        self.own.until = self.own.until.max(after(now, HELD));
    }

    /// A call leaves; whether it counts from now on. When it must not, the time at which it may. `alone` says that no other
    /// process calls: then it may also leave without a grant.
    pub(super) fn leave(&mut self, alone: bool, now: Timestamp) -> Result<bool, Timestamp> {
        if self.own.prepaid > 0 {
            self.own.prepaid -= 1;
            return Ok(false);
        }
        if self.own.pending == 0 {
            if !alone {
                return Err(after(now, LOOK_AGAIN));
            }
            if !self.fits(1, now) {
                return Err(self.room_at(1, now));
            }
        }
        self.own.pending = self.own.pending.saturating_sub(1);
        self.count(1, now);
        Ok(true)
    }

    /// Units beyond any ticket leave.
    pub(super) fn spend(&mut self, units: u32, now: Timestamp) {
        self.own.prepaid += units;
        self.count(units, now);
    }

    /// Units were not used after all: granted ones, and beyond these such that were spent. How many came back. What was
    /// spent where others call too stays counted: which of the calls since were theirs cannot be told.
    pub(super) fn refund(&mut self, units: u32, alone: bool) -> u32 {
        let granted = units.min(self.own.pending);
        self.own.pending -= granted;
        let spent = (units - granted).min(self.own.prepaid);
        self.own.prepaid -= spent;
        granted + if alone { self.uncount(spent) } else { 0 }
    }

    /// Takes back what was counted last. How much there was of it.
    fn uncount(&mut self, units: u32) -> u32 {
        let mut missing = units;
        while let Some((_, counted)) = self.left.back_mut().filter(|_| missing > 0) {
            let taken = missing.min(*counted);
            *counted -= taken;
            missing -= taken;
            if *counted == 0 {
                self.left.pop_back();
            }
        }
        units - missing
    }

    /// An attempt that was granted `units` is over. How many of them cannot be pending any more, and count as left now.
    pub(super) fn finish(&mut self, units: u32, now: Timestamp) -> u32 {
        let own = &mut self.own;
        own.granted = own.granted.saturating_sub(units);
        let over = own.pending.saturating_sub(own.granted);
        own.pending -= over;
        if own.granted == 0 {
            own.prepaid = 0;
        }
        if over > 0 {
            self.count(over, now);
        }
        over
    }

    /// An attempt that was granted `units` never began.
    pub(super) fn give_back(&mut self, units: u32) {
        self.own.granted = self.own.granted.saturating_sub(units);
        self.own.pending = self.own.pending.saturating_sub(units);
    }

    /// What a process held that did not say more in time left at the last possible moment.
    pub(super) fn lapse(&mut self, now: Timestamp) {
        let over: Vec<_> = self.others.extract_if(.., |_, (_, until)| *until < now).collect();
        for (_, (units, until)) in over {
            self.count_at(units, until);
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Timestamp) {
        while self.left.front().is_some_and(|(at, _)| !self.counts(*at, now)) {
            self.left.pop_front();
        }
    }

    fn count(&mut self, units: u32, now: Timestamp) {
        self.forget(now);
        self.count_at(units, now);
    }

    /// Counts units that left then; others may have left since.
    pub(super) fn count_at(&mut self, units: u32, at: Timestamp) {
        let place = self.left.partition_point(|(left, _)| *left <= at);
        match place.checked_sub(1).and_then(|before| self.left.get_mut(before)) {
            Some((left, counted)) if *left == at => *counted += units,
            Some(_) | None => self.left.insert(place, (at, units)),
        }
    }
}
