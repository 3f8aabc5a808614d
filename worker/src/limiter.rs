//! May a call to this provider account leave now? The limiter answers with the time at which it may; it never sleeps.
//!
//! A lane asks with [`Limiter::reserve`] for all the calls of one attempt and keeps its ticket until it is told
//! [`Slot::Now`], so that waiting lanes hold tickets instead of polling. Per account four things must agree: the pace
//! (governor), the provider's window (counted from calls that left), what the provider itself said, and the circuit.
//! Right before a call leaves it asks [`Limiter::permit`]; what came back is told with [`Limiter::learn`].
//!
//! One process keeps all of this to itself and writes nothing. Several agree in the ledger on the accounts that any of
//! them may call ([`agreement`]); what was granted is used without asking there.

mod account;
mod taught;
mod line;
mod pace;
mod window;
mod belief;
mod quota;
mod state;
mod note;
mod words;
mod agreement;

use lane::clock::{Clock, Timestamp, after};
use lane::id::{AccountId, LaneKey};
use lane::ports::{LedgerError, Limits};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agreement::Others;
pub use quota::Quota;
use state::{State, Units};
use taught::Taught;

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

/// The limits of all provider accounts. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Limiter {
    clock: Arc<dyn Clock>,
    // A std mutex, because nothing inside ever waits: every verb is some arithmetic.
    state: Arc<Mutex<State>>,
    others: Option<Arc<Others>>,
}

impl Limiter {
    /// The limiter of the only process that calls. Knows no account yet; one that was never [`set`](Self::set) has no pace,
    /// but stops and its circuit count.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default(), others: None }
    }

    /// The limiter of one of several processes, which agree in `ledger` on every account that is [`set`](Self::set).
    /// `process` names this one: never another, and none that ran before. `seed` is where the chance begins that spreads
    /// those who write at once.
    pub fn shared(clock: Arc<dyn Clock>, ledger: Arc<dyn Limits>, process: String, seed: u64) -> Self {
        let others = Some(Arc::new(Others::new(ledger, process, seed)));
        Self { clock, state: Arc::default(), others }
    }

    /// Whether other processes call, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.others.is_some()
    }

    /// Sets an account's limit, as far as it is known. A provider that describes its bucket knows it better: the pace
    /// follows what it says last. Repeating it changes nothing; another limit keeps what left.
    pub fn set(&self, account: &AccountId, quota: Quota) {
        let (mut state, _) = self.now();
        let account = state.account(account);
        account.set(quota);
        if self.others.is_some() {
            account.share();
        }
    }

    /// The same for an account that one process calls at a time, as a shop's own is by whoever leases its lane. Nothing is
    /// agreed on about it: it tells with each answer how much is left, and whoever comes next learns that from the first.
    /// A burst right after such a change may be throttled; its orders wait some seconds, and nothing is lost.
    pub fn set_alone(&self, account: &AccountId, quota: Quota) {
        let (mut state, _) = self.now();
        state.account(account).set(quota);
    }

    /// Asks for the units of one whole attempt. The lane keeps its ticket until it is told `Now` or
    /// [abandons](Self::abandon) it, or for a while after the time it was told. Tickets of an account are served in the
    /// order in which they were taken. Fails only with the ledger, and then nothing is granted.
    pub async fn reserve(&self, lane: &LaneKey, needs: &[Need]) -> Result<Slot, LedgerError> {
        let mut own = Units::new();
        for need in needs.iter().filter(|need| need.units > 0) {
            *own.entry(need.account.clone()).or_default() += need.units;
        }
        let (others, shared) = {
            let (mut state, now) = self.now();
            state.finish(lane, now);
            state.leave_others(lane, &own);
            let shared: Units = own.extract_if(.., |account, _| state.is_shared(account)).collect();
            if let Some(slot) = state.ask(lane, &own, now) {
                return Ok(slot);
            }
            match &self.others {
                Some(others) if !shared.is_empty() => (others, shared),
                Some(_) | None => {
                    state.take(lane, &own, now);
                    state.granted(lane, own, None);
                    return Ok(Slot::Now);
                }
            }
        };
        self.reserve_with_others(others, lane, own, shared).await
    }

    /// Until when the calls of the lane's attempt may leave: after that the other processes count them no more. None if
    /// there are no others.
    pub fn calls_until(&self, lane: &LaneKey) -> Option<Timestamp> {
        self.now().0.calls_until(lane)
    }

    /// Gives back the lane's ticket, or all the units that it was granted if no call left.
    pub fn abandon(&self, lane: &LaneKey) {
        let (mut state, now) = self.now();
        state.abandon(lane, now);
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

    /// How many times, at most `max`, an account could give so many units now, as far as this process knows. Others may take
    /// them first.
    pub(crate) fn affords(&self, account: &AccountId, units: u32, max: u32) -> u32 {
        let (mut state, now) = self.now();
        let spare = state.account(account).spare(account, now);
        max.min(spare / units.max(1))
    }

    /// Takes units beyond the ticket for an attempt that is under way, ahead of all tickets.
    pub async fn spend(&self, account: &AccountId, units: u32) -> Result<(), Stopped> {
        let others = {
            let (mut state, now) = self.now();
            match &self.others {
                Some(others) if state.is_shared(account) => others,
                Some(_) | None => return state.account(account).spend(account, units, now),
            }
        };
        self.spend_with_others(others, account, units).await
    }

    /// Takes in what a call taught.
    pub fn learn(&self, account: &AccountId, lesson: Lesson) {
        let (mut state, now) = self.now();
        let taught = state.account(account).learn(lesson, now);
        match taught {
            Taught::Closed => tracing::info!(account.id = %account, "{account} answers again"),
            Taught::Opened(wait) => {
                let delay_ms = wait.as_millis();
                tracing::warn!(account.id = %account, delay_ms, "{account} does not answer; its lanes wait");
            }
            Taught::Stopped | Taught::Failure | Taught::Nothing => {}
        }
        // What all agree on outlives this process by itself.
        if let (Taught::Stopped, Lesson::StopUntil(until)) = (taught, lesson)
            && !state.is_shared(account)
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
        state.account(account).learn(Lesson::StopUntil(until), now);
    }

    /// A clock that is set back must not open a window twice.
    fn now(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.seen.map_or(self.clock.now(), |seen| seen.max(self.clock.now()));
        state.seen = Some(now);
        (state, now)
    }
}

/// The first moment after `at` plus `span`.
fn just_after(at: Timestamp, span: Duration) -> Timestamp {
    after(at, span + Duration::from_nanos(1))
}

#[cfg(test)]
mod tests;
