//! One provider account: its pace, its window, what the provider said, and its circuit. A ticket's time is the latest
//! of their answers.

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey};

use super::belief::Belief;
use super::pace::Pace;
use super::window::Window;
use super::{Lesson, Quota, Stopped};
use crate::circuit::Circuit;

/// What is before a ticket.
#[derive(Default)]
pub(super) struct Ahead {
    /// Units.
    pub(super) units: u32,
    /// Per ticket the time it was told, and its units.
    pub(super) tickets: Vec<(Timestamp, u32)>,
}

pub(super) struct Account {
    limit: Option<(Pace, Window)>,
    /// The limit as it was set. What the provider says of its bucket replaces it.
    assumed: Option<Quota>,
    belief: Belief,
    stop_until: Timestamp,
    circuit: Circuit,
}

impl Default for Account {
    fn default() -> Self {
        let (belief, circuit) = (Belief::Nothing, Circuit::default());
        Self { limit: None, assumed: None, belief, stop_until: Timestamp::MIN, circuit }
    }
}

impl Account {
    pub(super) fn set(&mut self, quota: Quota, now: Timestamp) {
        if self.assumed != Some(quota) {
            self.assumed = Some(quota);
            self.follow(quota, now);
        }
    }

    fn follow(&mut self, quota: Quota, now: Timestamp) {
        match &mut self.limit {
            Some((pace, _)) if pace.quota() == quota => {}
            Some((pace, window)) => {
                *pace = Pace::new(quota, now);
                window.set(quota);
            }
            None => self.limit = Some((Pace::new(quota, now), Window::new(quota))),
        }
    }

    /// When the ticket behind `ahead` may go, and for what it waits.
    pub(super) fn earliest(
        &mut self,
        lane: &LaneKey,
        ahead: &Ahead,
        units: u32,
        now: Timestamp,
    ) -> (Timestamp, &'static str) {
        let turn = self.circuit.turn(ahead.tickets.iter().map(|(told, _)| *told), now);
        let circuit = self.circuit.admits(lane, turn, now);
        let from = now.max(self.stop_until);
        let mut reasons = vec![
            (circuit, "does not answer; it is tried again"),
            (from, "asked for silence"),
            (self.belief.earliest(ahead.units.saturating_add(units), now), "has no calls left"),
        ];
        if let Some((pace, window)) = &mut self.limit {
            reasons.push((pace.slot(ahead.units.saturating_add(units), from), IN_LINE));
            let due = ahead.tickets.iter().filter(|(told, _)| *told <= now);
            let due: u32 = due.map(|(_, units)| units).sum();
            reasons.push((window.room_at(due.saturating_add(units), now), IN_LINE));
        }
        reasons.into_iter().max_by_key(|(at, _)| *at).unwrap_or((now, IN_LINE))
    }

    pub(super) fn grant(&mut self, lane: &LaneKey, ahead: &Ahead, units: u32, now: Timestamp) {
        if let Some((pace, window)) = &mut self.limit {
            pace.take(ahead.units, units, now.max(self.stop_until));
            window.grant(units);
        }
        self.belief.take(units, now);
        self.circuit.granted(lane, now);
    }

    pub(super) fn permit(&mut self, id: &AccountId, now: Timestamp) -> Result<(), Stopped> {
        self.stopped(id, now)?;
        let left = self.limit.as_mut().map_or(Ok(()), |(_, window)| window.leave(now));
        left.map_err(|until| Stopped { until, why: format!("{id} {IN_LINE}") })
    }

    /// How many units could leave now.
    pub(super) fn spare(&self, id: &AccountId, now: Timestamp) -> u32 {
        if self.stopped(id, now).is_err() {
            return 0;
        }
        let room = self.limit.as_ref().map_or(u32::MAX, |(_, window)| window.room(now));
        room.min(self.belief.spare(now))
    }

    pub(super) fn spend(&mut self, id: &AccountId, units: u32, now: Timestamp) -> Result<(), Stopped> {
        self.stopped(id, now)?;
        let room = self.limit.as_ref().map_or(now, |(_, window)| window.room_at(units, now));
        let until = room.max(self.belief.earliest(units, now));
        if until > now {
            return Err(Stopped { until, why: format!("{id} {IN_LINE}") });
        }
        if let Some((pace, window)) = &mut self.limit {
            // The slots may lie ahead: the tickets then wait for what was taken before their turn.
            pace.take(0, units, now);
            window.spend(units, now);
        }
        self.belief.take(units, now);
        Ok(())
    }

    fn stopped(&self, id: &AccountId, now: Timestamp) -> Result<(), Stopped> {
        if self.stop_until > now {
            return Err(Stopped { until: self.stop_until, why: format!("{id} asked for silence") });
        }
        self.circuit.lets_leave(now).map_err(|until| Stopped { until, why: format!("{id} does not answer") })
    }

    pub(super) fn refund(&mut self, units: u32, now: Timestamp) {
        if let Some((pace, window)) = &mut self.limit {
            pace.give_back(window.refund(units), now);
        }
        self.belief.give_back(units, now);
    }

    /// An attempt is over.
    pub(super) fn finish(&mut self, lane: &LaneKey, units: u32, now: Timestamp) {
        if let Some((_, window)) = &mut self.limit {
            window.finish(units, now);
        }
        self.circuit.ended(lane, now);
    }

    /// An attempt never began.
    pub(super) fn give_back(&mut self, lane: &LaneKey, units: u32, now: Timestamp) {
        if let Some((pace, window)) = &mut self.limit {
            pace.give_back(units.min(window.pending()), now);
            window.give_back(units);
        }
        self.belief.give_back(units, now);
        self.circuit.ended(lane, now);
    }

    /// Takes in a lesson. Whether it was a stop that lasts longer than what was known.
    pub(super) fn learn(&mut self, id: &AccountId, lesson: Lesson, now: Timestamp) -> bool {
        match lesson {
            Lesson::Answered => {
                if self.circuit.answered() {
                    tracing::info!(account.id = %id, "{id} answers again");
                    self.begin_again(now);
                }
            }
            Lesson::Unreachable => {
                if let Some(wait) = self.circuit.unreachable(now) {
                    let delay_ms = wait.as_millis();
                    tracing::warn!(account.id = %id, delay_ms, "{id} does not answer; its lanes wait");
                }
            }
            Lesson::StopUntil(until) => {
                if until > self.stop_until {
                    self.stop_until = until;
                    self.begin_again(now);
                    return until > now;
                }
            }
            Lesson::Remaining { units, resets } => self.believe_remaining(units, resets, now),
            Lesson::Level { available, restored_per_second, capacity } => {
                if let (Some(_), Some(quota)) = (self.assumed, Quota::of_bucket(restored_per_second, capacity)) {
                    self.follow(quota, now);
                }
                let pending = self.limit.as_ref().map_or(0, |(_, window)| window.pending());
                let left = available - f64::from(pending);
                self.belief = Belief::Level { left, at: now, restored_per_second, capacity };
            }
        }
        false
    }

    /// Calls that are granted and have not left are not in the provider's count yet.
    fn believe_remaining(&mut self, units: u32, resets: Timestamp, now: Timestamp) {
        let ours = self.limit.as_ref().map_or((0, u32::MAX), |(_, window)| (window.pending(), window.room(now)));
        let left = units.saturating_sub(ours.0);
        let told_less = left < ours.1 && resets > now;
        self.belief = if told_less { Belief::Window { left, resets } } else { Belief::Nothing };
    }

    /// After silence the tickets go at the pace again, the first ones first, instead of all at once.
    fn begin_again(&mut self, now: Timestamp) {
        if let Some((pace, _)) = &mut self.limit {
            *pace = Pace::new(pace.quota(), now);
        }
    }

    pub(super) fn forget_unused(&mut self, reserved: u32, now: Timestamp) {
        self.belief.forget_past(now);
        if let Some((pace, _)) = &mut self.limit {
            pace.forget_unused(reserved, now);
        }
    }
}

const IN_LINE: &str = "is called as often as its limit allows";
