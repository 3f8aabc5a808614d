//! May a call to this provider account leave now? The limiter answers with the time at which it may; it never sleeps.
//!
//! A lane asks with [`Limiter::reserve`] for all the calls of one attempt and keeps its ticket until it is told
//! [`Slot::Now`], so that waiting lanes hold tickets instead of polling. Per account four things must agree: the pace
//! (governor), the provider's window (counted from calls that left), what the provider itself said, and the circuit.
//! Right before a call leaves it asks [`Limiter::permit`]; what came back is told with [`Limiter::learn`].

mod account;
mod belief;
mod pace;
mod quota;
mod ticket;
mod window;

use lane::clock::{Clock, Timestamp, after};
use lane::id::{AccountId, LaneKey};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use account::Account;
pub use quota::Quota;
use ticket::Tickets;

/// What one attempt needs from one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The account.
    pub account: AccountId,
    /// How many units.
    pub units: u32,
}

/// The answer to a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// All the units are the lane's now.
    Now,
    /// The lane has a ticket; it should ask again then.
    At {
        /// When.
        at: Timestamp,
        /// The account that it waits for.
        account: AccountId,
        /// For what, in words for people.
        why: String,
    },
}

/// The call must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// It may leave then at the earliest.
    pub until: Timestamp,
    /// Why, in words for people.
    pub why: String,
}

/// What a call taught about its account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lesson {
    /// The provider answered.
    Answered,
    /// It could not be reached, did not answer in time, or answered 5xx: feeds the circuit.
    Unreachable,
    /// It asked for silence until then (429).
    StopUntil(Timestamp),
    /// It said how many units are left until its window resets.
    Remaining {
        /// How many.
        units: u32,
        /// When all are back.
        resets: Timestamp,
    },
    /// It said how full its bucket is, and thereby which limit the account has.
    Level {
        /// Points in it.
        available: f64,
        /// Points that come back each second.
        restored_per_second: f64,
        /// Points when it is full.
        capacity: f64,
    },
}

/// The limits of all provider accounts in this process. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Limiter {
    clock: Arc<dyn Clock>,
    // A std mutex, because nothing inside ever waits: every verb is some arithmetic.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    accounts: HashMap<AccountId, Account>,
    tickets: Tickets,
    granted: HashMap<LaneKey, BTreeMap<AccountId, u32>>,
    seen: Option<Timestamp>,
    new_stops: BTreeMap<AccountId, Timestamp>,
}

impl Limiter {
    /// Knows no account yet; one that was never [`set`](Self::set) has no pace, but stops and its circuit count.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// Sets an account's limit, as far as it is known. A provider that describes its bucket knows it better: the pace
    /// follows what it says last. Repeating it changes nothing; another limit keeps what left.
    pub fn set(&self, account: &AccountId, quota: Quota) {
        let (mut state, now) = self.now();
        state.account(account).set(quota, now);
    }

    /// Asks for the units of one whole attempt. The lane keeps its ticket until it is told `Now` or
    /// [abandons](Self::abandon) it, or for 60 s after the time it was told. Tickets of an account are served in the
    /// order in which they were taken.
    pub fn reserve(&self, lane: &LaneKey, needs: &[Need]) -> Slot {
        let (mut state, now) = self.now();
        state.finish(lane, now);
        let mut wanted: BTreeMap<AccountId, u32> = BTreeMap::new();
        for need in needs.iter().filter(|need| need.units > 0) {
            *wanted.entry(need.account.clone()).or_default() += need.units;
        }
        state.reserve(lane, wanted, now)
    }

    /// Gives back the lane's ticket, or all the units that it was granted if no call left.
    pub fn abandon(&self, lane: &LaneKey) {
        let (mut state, now) = self.now();
        state.tickets.remove(lane);
        for (account, units) in state.granted.remove(lane).unwrap_or_default() {
            state.account(&account).give_back(lane, units, now);
        }
    }

    /// The lane's attempt is over; units that neither left nor were refunded count as gone.
    pub(crate) fn finish(&self, lane: &LaneKey) {
        let (mut state, now) = self.now();
        state.finish(lane, now);
    }

    /// Gives back units that the attempt did not need.
    pub fn refund(&self, account: &AccountId, units: u32) {
        let (mut state, now) = self.now();
        state.account(account).refund(units, now);
    }

    /// Asked right before every call leaves; counts the call as leaving now. A stop or an open circuit that came after
    /// the reservation is obeyed. An account whose circuit is open is called only by attempts that reserved units of it,
    /// so every account that an attempt may call belongs in its needs.
    pub fn permit(&self, account: &AccountId) -> Result<(), Stopped> {
        let (mut state, now) = self.now();
        state.account(account).permit(account, now)
    }

    /// How many times, at most `max`, an account could give so many units now. Others may take them first.
    pub(crate) fn affords(&self, account: &AccountId, units: u32, max: u32) -> u32 {
        let (mut state, now) = self.now();
        let spare = state.account(account).spare(account, now);
        max.min(spare / units.max(1))
    }

    /// Takes units beyond the ticket for an attempt that is under way, ahead of all tickets.
    pub fn spend(&self, account: &AccountId, units: u32) -> Result<(), Stopped> {
        let (mut state, now) = self.now();
        state.account(account).spend(account, units, now)
    }

    /// Takes in what a call taught.
    pub fn learn(&self, account: &AccountId, lesson: Lesson) {
        let (mut state, now) = self.now();
        if state.account(account).learn(account, lesson, now)
            && let Lesson::StopUntil(until) = lesson
        {
            state.new_stops.insert(account.clone(), until);
        }
    }

    /// The stops that were learnt and that nobody took yet: whoever takes them keeps them beyond this process.
    pub(crate) fn take_new_stops(&self) -> Vec<(AccountId, Timestamp)> {
        let (mut state, now) = self.now();
        let stops = std::mem::take(&mut state.new_stops);
        stops.into_iter().filter(|(_, until)| *until > now).collect()
    }

    /// These could not be kept yet.
    pub(crate) fn put_new_stops_back(&self, stops: Vec<(AccountId, Timestamp)>) {
        let (mut state, _) = self.now();
        for (account, until) in stops {
            let known = state.new_stops.entry(account).or_insert(until);
            *known = until.max(*known);
        }
    }

    /// A stop that an earlier process learnt.
    pub(crate) fn recall_stop(&self, account: &AccountId, until: Timestamp) {
        let (mut state, now) = self.now();
        state.account(account).learn(account, Lesson::StopUntil(until), now);
    }

    /// A clock that is set back must not open a window twice.
    fn now(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.seen.map_or(self.clock.now(), |seen| seen.max(self.clock.now()));
        state.seen = Some(now);
        (state, now)
    }
}

impl State {
    fn account(&mut self, account: &AccountId) -> &mut Account {
        self.accounts.entry(account.clone()).or_default()
    }

    fn reserve(&mut self, lane: &LaneKey, wanted: BTreeMap<AccountId, u32>, now: Timestamp) -> Slot {
        self.tickets.lapse(now);
        let number = self.tickets.take(lane, wanted.clone(), now);
        let mut latest: Option<(Timestamp, AccountId, &'static str)> = None;
        for (account, units) in &wanted {
            let ahead = self.tickets.ahead(number, account);
            let reserved = self.tickets.reserved(account);
            let state = self.accounts.entry(account.clone()).or_default();
            state.forget_unused(reserved, now);
            let (at, why) = state.earliest(lane, &ahead, *units, now);
            if at > now && latest.as_ref().is_none_or(|(known, ..)| at > *known) {
                latest = Some((at, account.clone(), why));
            }
        }
        if let Some((at, account, why)) = latest {
            self.tickets.told(number, at);
            let provider = account.as_str().split('/').next().unwrap_or_default().to_owned();
            metrics::counter!("lanekeeper_limiter_waits_total", "provider" => provider).increment(1);
            let why = format!("{account} {why}");
            return Slot::At { at, account, why };
        }
        for (account, units) in &wanted {
            let ahead = self.tickets.ahead(number, account);
            self.account(account).grant(lane, &ahead, *units, now);
        }
        self.tickets.remove(lane);
        self.granted.insert(lane.clone(), wanted);
        Slot::Now
    }

    fn finish(&mut self, lane: &LaneKey, now: Timestamp) {
        for (account, units) in self.granted.remove(lane).unwrap_or_default() {
            self.account(&account).finish(lane, units, now);
        }
    }
}

/// The first moment after `at` plus `span`.
fn just_after(at: Timestamp, span: Duration) -> Timestamp {
    after(at, span + Duration::from_nanos(1))
}

#[cfg(test)]
mod tests;
