//! One provider account: its line, its pace, its window, what the provider said, and its circuit. A ticket's time is the
//! latest of their answers.
//!
//! Where several processes call the account, this is what one of them knows. What it does by itself between two
//! agreements ([`super::agreement`]) it does here at once, and notes it: it is done again on what all have agreed on.

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey};

use super::belief::Belief;
use super::line::{Ahead, LAPSE, LAPSE_SHARED, Line, Ticket};
use super::note::Note;
use super::pace::Pace;
use super::window::Window;
use super::{Quota, Stopped};
use crate::circuit::Circuit;

#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) limit: Option<(Pace, Window)>,
    /// The limit as it was set. What the provider says of its bucket replaces it.
    assumed: Option<Quota>,
    pub(super) belief: Belief,
    pub(super) stop_until: Timestamp,
    pub(super) circuit: Circuit,
    pub(super) line: Line,
    /// What the other processes have not heard of; none if there are no others.
    pub(super) notes: Option<Vec<Note>>,
    /// They should hear of it at once.
    pub(super) urgent: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            limit: None,
            assumed: None,
            belief: Belief::Nothing,
            stop_until: Timestamp::MIN,
            circuit: Circuit::default(),
            line: Line::default(),
            notes: None,
            urgent: false,
        }
    }
}

impl Account {
    /// An account of which nothing is known but its limit.
    pub(super) fn with_limit(quota: Option<Quota>) -> Self {
        let limit = quota.map(|quota| (Pace::new(quota), Window::new(quota)));
        Self { limit, assumed: quota, ..Self::default() }
    }

    pub(super) fn set(&mut self, quota: Quota) {
        if self.assumed != Some(quota) {
            self.assumed = Some(quota);
            self.follow(quota);
        }
    }

    pub(super) fn assumed(&self) -> Option<Quota> {
        self.assumed
    }

    /// Other processes call it, too.
    pub(super) fn share(&mut self) {
        self.notes.get_or_insert_default();
    }

    pub(super) fn follow(&mut self, quota: Quota) {
        match &mut self.limit {
            Some((pace, _)) if pace.quota() == quota => {}
            Some((pace, window)) => {
                *pace = Pace::new(quota);
                window.set(quota);
            }
            None => self.limit = Some((Pace::new(quota), Window::new(quota))),
        }
    }

    /// When the lane may have so many units, and for what it waits until then. It has a ticket from now on.
    pub(super) fn ask(&mut self, lane: &LaneKey, units: u32, now: Timestamp) -> (Timestamp, &'static str) {
        self.lapse(now);
        let number = self.line.take(lane, units, now);
        let (ahead, reserved) = (self.line.ahead(number, now), self.line.units());
        self.belief.forget_past(now);
        if let Some((pace, _)) = &mut self.limit {
            pace.forget_unused(reserved, now);
        }
        self.earliest(lane, &ahead, units, now)
    }

    /// Drops the tickets of lanes that did not come back.
    pub(super) fn lapse(&mut self, now: Timestamp) {
        let kept = if self.notes.is_some() { LAPSE_SHARED } else { LAPSE };
        self.line.lapse(kept, now);
    }

    /// When the ticket behind `ahead` may go, and for what it waits.
    fn earliest(&mut self, lane: &LaneKey, ahead: &Ahead, units: u32, now: Timestamp) -> (Timestamp, &'static str) {
        let turn = self.circuit.turn(ahead.told.iter().copied(), now);
        let circuit = self.circuit.admits(lane, turn, now);
        let from = now.max(self.stop_until);
        let up_to_it = ahead.units.saturating_add(units);
        let mut reasons = vec![
            (circuit, "does not answer; it is tried again"),
            (from, "asked for silence"),
            (self.belief.earliest(up_to_it, now), "has no calls left"),
        ];
        if let Some((pace, window)) = &mut self.limit {
            reasons.push((pace.slot(up_to_it, from), IN_LINE));
            // Who is not there leaves room to those behind; who has to wait is told a time at which all before have gone.
            if !window.fits(ahead.due.saturating_add(units), now) {
                reasons.push((window.room_at(up_to_it, now), IN_LINE));
            }
        }
        reasons.into_iter().max_by_key(|(at, _)| *at).unwrap_or((now, IN_LINE))
    }

    /// The units are the lane's, which has asked for them.
    pub(super) fn grant(&mut self, lane: &LaneKey, units: u32, now: Timestamp) {
        let ahead = self.line.of_lane(lane).map(|(number, _)| self.line.ahead(number, now).units);
        if let Some((pace, window)) = &mut self.limit {
            pace.take(ahead.unwrap_or_default(), units, now.max(self.stop_until));
            window.grant(units, now);
        }
        self.belief.take(units, now);
        self.circuit.granted(lane, now);
        self.line.remove(lane);
    }

    pub(super) fn permit(&mut self, id: &AccountId, now: Timestamp) -> Result<(), Stopped> {
        self.stopped(id, now)?;
        let alone = self.notes.is_none();
        let left = self.limit.as_mut().map_or(Ok(false), |(_, window)| window.leave(alone, now));
        if left.map_err(|until| in_line(id, until))? {
            self.note(Note::Left { units: 1, at: now });
        }
        Ok(())
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
        let room = self.limit.as_ref().filter(|(_, window)| !window.fits(units, now));
        let room = room.map_or(now, |(_, window)| window.room_at(units, now));
        let until = room.max(self.belief.earliest(units, now));
        if until > now {
            return Err(in_line(id, until));
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
        let alone = self.notes.is_none();
        let back = self.limit.as_mut().map_or(units, |(_, window)| window.refund(units, alone));
        self.come_back(back, if alone { units } else { back }, now);
        self.note(Note::Back { units: back, at: now });
    }

    /// Slots and units come back.
    pub(super) fn come_back(&mut self, slots: u32, units: u32, now: Timestamp) {
        if let Some((pace, _)) = &mut self.limit {
            pace.give_back(slots, now);
        }
        self.belief.give_back(units, now);
    }

    /// An attempt is over.
    pub(super) fn finish(&mut self, lane: &LaneKey, units: u32, now: Timestamp) {
        let over = self.limit.as_mut().map_or(0, |(_, window)| window.finish(units, now));
        self.note(Note::Left { units: over, at: now });
        self.end(lane, now);
    }

    /// An attempt that was granted `units` never began.
    pub(super) fn give_back(&mut self, lane: &LaneKey, units: u32, now: Timestamp) {
        if let Some((_, window)) = &mut self.limit {
            window.give_back(units);
        }
        self.come_back(units, units, now);
        self.note(Note::Back { units, at: now });
        self.end(lane, now);
    }

    fn end(&mut self, lane: &LaneKey, now: Timestamp) {
        if self.circuit.is_probed_by(lane) {
            self.circuit.ended(lane, now);
            self.note(Note::Ended { lane: lane.clone(), at: now });
        }
    }

    /// The lane waits no more.
    pub(super) fn leave_line(&mut self, lane: &LaneKey) {
        if self.line.remove(lane) {
            self.note(Note::Gone { lane: lane.clone() });
        }
    }

    /// The lane waits again, in the place that it had.
    pub(super) fn join_again(&mut self, number: u64, ticket: Ticket) {
        self.note(Note::Joined { number, ticket: ticket.clone() });
        self.line.put(number, ticket);
    }
}

fn in_line(id: &AccountId, until: Timestamp) -> Stopped {
    Stopped { until, why: format!("{id} {IN_LINE}") }
}

pub(super) const IN_LINE: &str = "is called as often as its limit allows";
