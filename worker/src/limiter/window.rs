//! The provider's window, counted from the calls that left: however late a lane uses its ticket, and however many
//! units it takes at once, no window ever sees more than the limit. The pace keeps calls apart; this keeps the promise.

use lane::clock::{Timestamp, after};
use std::collections::VecDeque;
use std::time::Duration;

use super::{Quota, just_after};

/// When to look again while only attempts under way fill the window: they end in seconds, and then it is known when
/// their calls left.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Window {
    most: u32,
    span: Duration,
    left: VecDeque<(Timestamp, u32)>,
    /// Granted, and not yet left: it may leave at any moment, so it counts in every window.
    pending: u32,
    /// Counted as left by [`Window::spend`]; the permit that follows does not count again.
    prepaid: u32,
    /// What attempts under way were granted: the most that can be pending.
    granted: u32,
}

impl Window {
    pub(super) fn new(quota: Quota) -> Self {
        let (most, span) = Self::measures(quota);
        Self { most, span, left: VecDeque::new(), pending: 0, prepaid: 0, granted: 0 }
    }

    /// Keeps what has left.
    pub(super) fn set(&mut self, quota: Quota) {
        (self.most, self.span) = Self::measures(quota);
    }

    /// A sixtieth is added to the window (a second to a minute): calls do not all travel equally fast.
    fn measures(quota: Quota) -> (u32, Duration) {
        (quota.units.saturating_add(quota.burst), quota.per + quota.per / 60)
    }

    /// When `units` more fit. More than the limit itself fit into an empty window: they could never leave otherwise.
    pub(super) fn room_at(&self, units: u32, now: Timestamp) -> Timestamp {
        let units = units.min(self.most);
        let counted = self.left.iter().filter(|(at, _)| self.counts(*at, now));
        let mut used: u32 = self.pending + counted.clone().map(|(_, units)| units).sum::<u32>();
        if used + units <= self.most {
            return now;
        }
        let mut at = after(now, LOOK_AGAIN);
        for (left, gone) in counted {
            used -= gone;
            at = just_after(*left, self.span);
            if used + units <= self.most {
                return at;
            }
        }
        at.max(after(now, LOOK_AGAIN))
    }

    /// How many units may still leave now.
    pub(super) fn room(&self, now: Timestamp) -> u32 {
        let counted = self.left.iter().filter(|(at, _)| self.counts(*at, now));
        let used: u32 = self.pending + counted.map(|(_, units)| units).sum::<u32>();
        self.most.saturating_sub(used)
    }

    fn counts(&self, left: Timestamp, now: Timestamp) -> bool {
        after(left, self.span) >= now
    }

    pub(super) fn pending(&self) -> u32 {
        self.pending
    }

    pub(super) fn grant(&mut self, units: u32) {
        self.pending += units;
        self.granted += units;
    }

    /// A call leaves. When it must not, the time at which it may.
    pub(super) fn leave(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.prepaid > 0 {
            self.prepaid -= 1;
            return Ok(());
        }
        if self.pending == 0 {
            let at = self.room_at(1, now);
            if at > now {
                return Err(at);
            }
        }
        self.pending = self.pending.saturating_sub(1);
        self.count(1, now);
        Ok(())
    }

    /// Units beyond any ticket leave.
    pub(super) fn spend(&mut self, units: u32, now: Timestamp) {
        self.prepaid += units;
        self.count(units, now);
    }

    /// Units were not used after all: granted ones, and beyond these such that were spent. How many came back.
    pub(super) fn refund(&mut self, units: u32) -> u32 {
        let granted = units.min(self.pending);
        self.pending -= granted;
        let spent = (units - granted).min(self.prepaid);
        self.prepaid -= spent;
        granted + self.uncount(spent)
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

    /// An attempt that was granted `units` is over. What cannot be pending any more counts as left now.
    pub(super) fn finish(&mut self, units: u32, now: Timestamp) {
        self.granted = self.granted.saturating_sub(units);
        let over = self.pending.saturating_sub(self.granted);
        if over > 0 {
            self.pending -= over;
            self.count(over, now);
        }
        if self.granted == 0 {
            self.prepaid = 0;
        }
    }

    /// An attempt that was granted `units` never began.
    pub(super) fn give_back(&mut self, units: u32) {
        self.granted = self.granted.saturating_sub(units);
        self.pending = self.pending.saturating_sub(units);
    }

    fn count(&mut self, units: u32, now: Timestamp) {
        while self.left.front().is_some_and(|(at, _)| !self.counts(*at, now)) {
            self.left.pop_front();
        }
        match self.left.back_mut() {
            Some((at, counted)) if *at == now => *counted += units,
            Some(_) | None => self.left.push_back((now, units)),
        }
    }
}
