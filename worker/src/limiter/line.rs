//! Who waits for an account, in the order in which they came. A ticket is what one attempt needs of the account; a lane
//! that needs several accounts has a ticket at each.

use lane::clock::{Timestamp, after};
use lane::id::LaneKey;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// A lane that does not come back this long after the time it was told has lost its ticket. Messages come back within
/// a second; a lane that stays away for a minute was paused, or its job is gone.
pub(super) const LAPSE: Duration = Duration::from_mins(1);

/// The same where several processes wait: what lies there for more than a minute is woken by a sweep each minute, and a
/// busy queue may take some time of its own.
pub(super) const LAPSE_SHARED: Duration = Duration::from_secs(150);

/// For this long room is kept for a lane that is due and not there. It keeps its place after that, but those behind it
/// do not stand still because of it.
const LATE: Duration = Duration::from_secs(10);

/// What is before a ticket.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Units.
    pub(super) units: u32,
    /// Units of those that may be there at any moment.
    pub(super) due: u32,
    /// The time that each was told.
    pub(super) told: Vec<Timestamp>,
}

/// The tickets of an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    next: u64,
    waiting: BTreeMap<u64, Ticket>,
    number_of: HashMap<LaneKey, u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) lane: LaneKey,
    pub(super) units: u32,
    pub(super) told: Timestamp,
}

impl Line {
    /// A line as it was written down.
    pub(super) fn of(next: u64, tickets: impl IntoIterator<Item = (u64, Ticket)>) -> Self {
        let mut line = Self { next, ..Self::default() };
        tickets.into_iter().for_each(|(number, ticket)| line.put(number, ticket));
        line
    }

    /// The tickets in their order.
    pub(super) fn tickets(&self) -> impl Iterator<Item = (u64, &Ticket)> {
        self.waiting.iter().map(|(number, ticket)| (*number, ticket))
    }

    /// The number of the ticket that was last given.
    pub(super) fn last(&self) -> u64 {
        self.next
    }

    /// The lane's ticket, and its number.
    pub(super) fn of_lane(&self, lane: &LaneKey) -> Option<(u64, &Ticket)> {
        let number = *self.number_of.get(lane)?;
        self.waiting.get(&number).map(|ticket| (number, ticket))
    }

    /// The number of the lane's ticket; a new one at the end if it has none.
    pub(super) fn take(&mut self, lane: &LaneKey, units: u32, now: Timestamp) -> u64 {
        let known = self.of_lane(lane).map(|(number, ticket)| (number, ticket.told));
        let (number, told) = known.unwrap_or_else(|| {
            self.next += 1;
            (self.next, now)
        });
        self.put(number, Ticket { lane: lane.clone(), units, told });
        number
    }

    /// Puts a ticket in its place.
    pub(super) fn put(&mut self, number: u64, ticket: Ticket) {
        self.next = self.next.max(number);
        if let Some(other) = self.number_of.insert(ticket.lane.clone(), number).filter(|other| *other != number) {
            self.waiting.remove(&other);
        }
        self.waiting.insert(number, ticket);
    }

    pub(super) fn told(&mut self, lane: &LaneKey, at: Timestamp) {
        let ticket = self.number_of.get(lane).and_then(|number| self.waiting.get_mut(number));
        if let Some(ticket) = ticket {
            ticket.told = at;
        }
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, lane: &LaneKey) -> bool {
        let number = self.number_of.remove(lane);
        number.is_some_and(|number| self.waiting.remove(&number).is_some())
    }

    /// Drops the tickets of lanes that did not come back.
    pub(super) fn lapse(&mut self, kept: Duration, now: Timestamp) {
        let number_of = &mut self.number_of;
        self.waiting.retain(|_, ticket| {
            let kept = after(ticket.told, kept) >= now;
            if !kept {
                number_of.remove(&ticket.lane);
            }
            kept
        });
    }

    /// What is before this ticket.
    pub(super) fn ahead(&self, number: u64, now: Timestamp) -> Ahead {
        let before = self.waiting.range(..number).map(|(_, ticket)| ticket);
        before.fold(Ahead::default(), |mut ahead, ticket| {
            ahead.units = ahead.units.saturating_add(ticket.units);
            if ticket.told <= now && after(ticket.told, LATE) >= now {
                ahead.due = ahead.due.saturating_add(ticket.units);
            }
            ahead.told.push(ticket.told);
            ahead
        })
    }

    /// The units of all tickets.
    pub(super) fn units(&self) -> u32 {
        self.waiting.values().fold(0, |sum: u32, ticket| sum.saturating_add(ticket.units))
    }
}
