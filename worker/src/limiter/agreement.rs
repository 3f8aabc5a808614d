//! Several processes that call for one account agree in the ledger on what they know of it. Each decision is one round:
//! read, take in what this process did since, decide, and write on the condition that nobody wrote meanwhile.
//!
//! ```text
//! waits for its turn:  read, write (its ticket)      once, however long it waits: it is told when to come back
//! is granted:          read, write (its units count as if they left at any moment)
//! attempt is over:     with the next round of this process, or read, write when the lane's run ends (when calls left)
//! 429, no answer:      read, write at once
//! ```
//! A process that dies says nothing more. Its units stay in everybody's window until a minute after its attempts must have
//! ended ([`Limiter::calls_until`]), and its lanes' tickets lapse.
//!
//! The processes' clocks have to agree to a second, which is what the window has to spare.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::id::{AccountId, LaneKey};
use lane::ports::{Agreed, LedgerError, Limit, Limits};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::account::{Account, IN_LINE};
use super::line::Ticket;
use super::state::{Units, waits};
use super::window::HELD;
use super::{Limiter, Slot, Stopped, words};

/// The first wait after somebody else wrote first is at most so long, and each later one at most twice as long as the one
/// before.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_millis(160);

/// So often a decision is made anew, which takes two seconds and more. Each time somebody else has made one.
const TRIES_MAX: u32 = 30;

/// A time that moved by less than this is not written down again: the others need it only about.
const ABOUT: Duration = Duration::from_secs(5);

/// How long a call beyond the ticket waits when the ledger does not say whether it may leave.
const UNKNOWN: Duration = Duration::from_secs(5);

/// The other processes, by way of the ledger.
pub(super) struct Others {
    ledger: Arc<dyn Limits>,
    process: String,
    chance: Mutex<StdRng>,
    /// Rounds of this process about one account go one after the other: at once they would only overtake each other.
    gates: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
}

/// What came of a turn.
#[derive(Clone, Copy)]
enum Turn {
    /// The units are the lane's. It had this ticket.
    Granted(u64),
    At(Timestamp, &'static str),
}

/// Whether a decision has to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    Yes,
    /// Only if this process has done something since.
    IfNews,
}

impl Others {
    pub(super) fn new(ledger: Arc<dyn Limits>, process: String, seed: u64) -> Self {
        let chance = Mutex::new(StdRng::seed_from_u64(seed));
        Self { ledger, process, chance, gates: Mutex::default() }
    }

    fn gate(&self, account: &AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(account.clone()).or_default())
    }

    /// Writes. If no answer comes, it looks whether it was written.
    async fn agree(&self, account: &AccountId, text: &str, read: u64) -> Result<Agreed, LedgerError> {
        let answer = self.ledger.agree(account, text, read).await;
        let Err(LedgerError::Unavailable(_)) = answer else { return answer };
        match self.ledger.limit(account).await? {
            Some(stands) if stands.rev == read + 1 && stands.words == text => Ok(Agreed::Yes),
            Some(_) | None => answer,
        }
    }

    fn jitter(&self, tried: u32) -> Duration {
        let most = FIRST_WAIT.saturating_mul(1 << tried.min(4)).min(WAIT_MAX);
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).random_range(Duration::ZERO..=most)
    }
}

impl Limiter {
    /// Asks for units of accounts that other processes call, too, in the order of their names; `own` is ready already. If
    /// a later one is not, what the earlier ones granted goes back, and the lane keeps its place there.
    pub(super) async fn reserve_with_others(
        &self,
        others: &Others,
        lane: &LaneKey,
        own: Units,
        shared: Units,
    ) -> Result<Slot, LedgerError> {
        let mut granted: Vec<(&AccountId, u64)> = Vec::new();
        for (account, units) in &shared {
            self.now().0.stands_at(lane, account);
            let turn = self.round(others, account, |draft, now| draft.turn(lane, *units, now)).await;
            let waits_until = match turn {
                Ok(Turn::Granted(number)) => {
                    granted.push((account, number));
                    continue;
                }
                Ok(Turn::At(at, why)) => Ok((at, why)),
                Err(error) => Err(error),
            };
            if granted.is_empty() {
                return waits_until.map(|(at, why)| waits(account, at, why));
            }
            let back_at = waits_until.as_ref().map_or_else(|_| self.now().1, |(at, _)| *at);
            for (account, number) in granted {
                let units = shared.get(account).copied().unwrap_or_default();
                let ticket = Ticket { lane: lane.clone(), units, told: back_at };
                let (mut state, now) = self.now();
                state.account(account).give_back(lane, units, now);
                state.account(account).join_again(number, ticket);
            }
            self.settle().await;
            return waits_until.map(|(at, why)| waits(account, at, why));
        }
        let (mut state, now) = self.now();
        state.take(lane, &own, now);
        state.granted(lane, own.into_iter().chain(shared).collect(), Some(after(now, HELD)));
        Ok(Slot::Now)
    }

    pub(super) async fn spend_with_others(
        &self,
        others: &Others,
        account: &AccountId,
        units: u32,
    ) -> Result<(), Stopped> {
        let spends = |draft: &mut Account, now| {
            let spent = draft.spend(account, units, now);
            let write = if spent.is_ok() { Write::Yes } else { Write::IfNews };
            (spent, write)
        };
        self.round(others, account, spends).await.unwrap_or_else(|error| {
            tracing::debug!(account.id = %account, error = %error, "whether a call may leave is not known");
            let why = format!("{account} {IN_LINE}, and the ledger does not say how often it was");
            Err(Stopped { until: after(self.now().1, UNKNOWN), why })
        })
    }

    /// Tells the other processes what they have not heard of: when calls left, what was not used, what providers said. What
    /// cannot be told now is told with the next decision; until then the others take it for under way.
    pub async fn settle(&self) {
        self.tell(|account| account.notes.as_ref().is_some_and(|notes| !notes.is_empty())).await;
    }

    /// Tells the other processes at once of silence that a provider asked for, and of one that does not answer or does again.
    pub(crate) async fn warn_others(&self) {
        self.tell(|account| account.urgent).await;
    }

    /// Looks what the other processes have done with an account.
    pub(crate) async fn look(&self, account: &AccountId) {
        if self.now().0.is_shared(account) {
            self.tell_of(account).await;
        }
    }

    async fn tell(&self, has_news: impl Fn(&Account) -> bool) {
        if self.others.is_none() {
            return;
        }
        let told: Vec<AccountId> = {
            let (mut state, _) = self.now();
            state.accounts().filter(|(_, account)| has_news(account)).map(|(id, _)| id.clone()).collect()
        };
        for account in told {
            self.tell_of(&account).await;
        }
    }

    async fn tell_of(&self, account: &AccountId) {
        let Some(others) = &self.others else { return };
        if let Err(error) = self.round(others, account, |_, _| ((), Write::IfNews)).await {
            tracing::debug!(account.id = %account, error = %error, "the other processes are told later");
        }
    }

    /// Decides on what all agree on. Nothing is decided if this fails; it may have been written all the same, and then those
    /// units count as under way until they lapse, or until this process says what it holds.
    async fn round<T: Send>(
        &self,
        others: &Others,
        id: &AccountId,
        decide: impl Fn(&mut Account, Timestamp) -> (T, Write) + Send + Sync,
    ) -> Result<T, LedgerError> {
        let gate = others.gate(id);
        let _turn = gate.lock().await;
        for tried in 0..TRIES_MAX {
            let known = others.ledger.limit(id).await?;
            let rev = known.as_ref().map_or(0, |known| known.rev);
            let (answer, draft, text) = {
                let (mut state, now) = self.now();
                let account = state.account(id);
                let mut draft = Draft::of(account, known, &others.process, now)?;
                let (answer, write) = decide(&mut draft.account, now);
                if write == Write::IfNews && draft.notes == 0 {
                    account.adopt(draft);
                    return Ok(answer);
                }
                let text = words::write(&draft.account, &others.process, now)?;
                (answer, draft, text)
            };
            match others.agree(id, &text, rev).await? {
                Agreed::Yes => {
                    self.now().0.account(id).adopt(draft);
                    return Ok(answer);
                }
                Agreed::Overtaken => {
                    metrics::counter!("lanekeeper_limiter_overtaken_total").increment(1);
                    tokio::time::sleep(others.jitter(tried)).await;
                }
            }
        }
        Err(LedgerError::Unavailable(format!("others write the limit of {id} all the time")))
    }
}

/// What all agree on with what this process did since, to be decided on.
struct Draft {
    account: Account,
    /// So many notes are taken in.
    notes: usize,
    /// What this process held when they were.
    own: super::window::Own,
}

impl Draft {
    fn of(account: &Account, known: Option<Limit>, process: &str, now: Timestamp) -> Result<Self, LedgerError> {
        let quota = account.assumed();
        let mut draft = match known {
            Some(known) => words::read(&known.words, quota, process)?,
            None => Account::with_limit(quota),
        };
        draft.share();
        draft.lapse(now);
        let own = account.limit.as_ref().map(|(_, window)| window.own).unwrap_or_default();
        if let Some((_, window)) = &mut draft.limit {
            window.lapse(now);
            window.own = own;
        }
        let notes = account.notes.as_deref().unwrap_or_default();
        for note in notes {
            draft.redo(note);
        }
        Ok(Self { account: draft, notes: notes.len(), own })
    }
}

impl Account {
    /// One lane's turn, decided on what all agree on.
    fn turn(&mut self, lane: &LaneKey, units: u32, now: Timestamp) -> (Turn, Write) {
        let before = self.line.of_lane(lane).map(|(_, ticket)| (ticket.units, ticket.told));
        let (at, why) = self.ask(lane, units, now);
        let number = self.line.of_lane(lane).map(|(number, _)| number).unwrap_or_default();
        if at <= now {
            self.grant(lane, units, now);
            return (Turn::Granted(number), Write::Yes);
        }
        // As it is written down, so that the lane does not come back a moment before it.
        let at = words::rounded(at);
        self.line.told(lane, at);
        let is_known =
            before.is_some_and(|(known, told)| known == units && told <= after(at, ABOUT) && at <= after(told, ABOUT));
        (Turn::At(at, why), if is_known { Write::IfNews } else { Write::Yes })
    }

    /// What was decided is so. What this process did meanwhile is done on it, and told later.
    fn adopt(&mut self, draft: Draft) {
        let later = self.notes.as_mut().map(|notes| notes.split_off(draft.notes)).unwrap_or_default();
        let own = self.limit.as_ref().map(|(_, window)| window.own).unwrap_or_default();
        let urgent = self.urgent && !later.is_empty();
        *self = draft.account;
        self.urgent = urgent;
        if let Some((_, window)) = &mut self.limit {
            window.own = own.with(draft.own, window.own);
        }
        for note in &later {
            self.redo(note);
        }
        self.notes = Some(later);
    }
}
