//! Who waits, in the order in which they came. A ticket is one attempt's units at all the accounts it needs, so two
//! lanes that need the same two accounts meet in the same order at both and never wait for each other.

use lane::clock::{Timestamp, after};
use lane::id::{AccountId, LaneKey};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::account::Ahead;

/// A lane that does not come back this long after the time it was told has lost its ticket. Messages come back within
/// a second; a lane that stays away for a minute was paused, or its job is gone.
const LAPSE: Duration = Duration::from_mins(1);

/// The tickets of all lanes.
#[derive(Default)]
pub(super) struct Tickets {
    next: u64,
    waiting: BTreeMap<u64, Ticket>,
    number_of: HashMap<LaneKey, u64>,
}

struct Ticket {
    lane: LaneKey,
    needs: BTreeMap<AccountId, u32>,
    told: Timestamp,
}

impl Tickets {
    /// The number of the lane's ticket; a new one at the end if it has none.
    pub(super) fn take(&mut self, lane: &LaneKey, needs: BTreeMap<AccountId, u32>, now: Timestamp) -> u64 {
        let next = &mut self.next;
        let number = *self.number_of.entry(lane.clone()).or_insert_with(|| {
            *next += 1;
            *next
        });
        let told = self.waiting.get(&number).map_or(now, |ticket| ticket.told);
        self.waiting.insert(number, Ticket { lane: lane.clone(), needs, told });
        number
    }

    pub(super) fn told(&mut self, number: u64, at: Timestamp) {
        if let Some(ticket) = self.waiting.get_mut(&number) {
            ticket.told = at;
        }
    }

    pub(super) fn remove(&mut self, lane: &LaneKey) {
        if let Some(number) = self.number_of.remove(lane) {
            self.waiting.remove(&number);
        }
    }

    /// Drops the tickets of lanes that did not come back.
    pub(super) fn lapse(&mut self, now: Timestamp) {
        let number_of = &mut self.number_of;
        self.waiting.retain(|_, ticket| {
            let kept = after(ticket.told, LAPSE) >= now;
            if !kept {
                number_of.remove(&ticket.lane);
            }
            kept
        });
    }

    /// What is before this ticket at an account.
    pub(super) fn ahead(&self, number: u64, account: &AccountId) -> Ahead {
        let before = self
            .waiting
            .range(..number)
            .filter_map(|(_, ticket)| ticket.needs.get(account).map(|units| (*units, ticket.told)));
        before.fold(Ahead::default(), |mut ahead, (units, told)| {
            ahead.units = ahead.units.saturating_add(units);
            ahead.tickets.push((told, units));
            ahead
        })
    }

    /// The units of all tickets at an account.
    pub(super) fn reserved(&self, account: &AccountId) -> u32 {
        let units = self.waiting.values().filter_map(|ticket| ticket.needs.get(account));
        units.fold(0, |sum: u32, units| sum.saturating_add(*units))
    }
}
