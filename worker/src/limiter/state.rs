//! What one process knows of all accounts: enough for itself, and of accounts that others call too as much as was last
//! agreed on.

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Slot;
use super::account::Account;

/// Units by account.
pub(super) type Units = BTreeMap<AccountId, u32>;

#[derive(Default)]
pub(super) struct State {
    accounts: HashMap<AccountId, Account>,
    /// The lines in which a lane stands.
    waits: HashMap<LaneKey, BTreeSet<AccountId>>,
    granted: HashMap<LaneKey, Granted>,
    pub(super) seen: Option<Timestamp>,
    pub(super) new_stops: BTreeMap<AccountId, Timestamp>,
}

/// What a lane's attempt was given.
struct Granted {
    units: Units,
    /// Its calls leave until then; none if no other process waits for them.
    until: Option<Timestamp>,
}

impl State {
    pub(super) fn account(&mut self, account: &AccountId) -> &mut Account {
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.clone(), Account::default());
        }
        self.accounts.entry(account.clone()).or_default()
    }

    pub(super) fn accounts(&mut self) -> impl Iterator<Item = (&AccountId, &mut Account)> {
        self.accounts.iter_mut()
    }

    /// Whether other processes call the account.
    pub(super) fn is_shared(&self, account: &AccountId) -> bool {
        self.accounts.get(account).is_some_and(|account| account.notes.is_some())
    }

    /// Asks for units of accounts that only this process calls. If all of them are ready, nothing is taken yet.
    pub(super) fn ask(&mut self, lane: &LaneKey, wanted: &Units, now: Timestamp) -> Option<Slot> {
        let mut latest: Option<(Timestamp, &AccountId, &'static str)> = None;
        for (account, units) in wanted {
            self.stands_at(lane, account);
            let (at, why) = self.account(account).ask(lane, *units, now);
            if at > now && latest.as_ref().is_none_or(|(known, ..)| at > *known) {
                latest = Some((at, account, why));
            }
        }
        let (at, waits_for, why) = latest?;
        for account in wanted.keys() {
            self.account(account).line.told(lane, at);
        }
        Some(waits(waits_for, at, why))
    }

    /// Takes what was asked for.
    pub(super) fn take(&mut self, lane: &LaneKey, wanted: &Units, now: Timestamp) {
        for (account, units) in wanted {
            self.account(account).grant(lane, *units, now);
        }
    }

    /// All that it waited for is the lane's.
    pub(super) fn granted(&mut self, lane: &LaneKey, units: Units, until: Option<Timestamp>) {
        self.waits.remove(lane);
        self.granted.insert(lane.clone(), Granted { units, until });
    }

    pub(super) fn calls_until(&self, lane: &LaneKey) -> Option<Timestamp> {
        self.granted.get(lane).and_then(|granted| granted.until)
    }

    pub(super) fn stands_at(&mut self, lane: &LaneKey, account: &AccountId) {
        match self.waits.get_mut(lane) {
            Some(waits) if waits.contains(account) => {}
            Some(waits) => {
                waits.insert(account.clone());
            }
            None => {
                self.waits.insert(lane.clone(), BTreeSet::from([account.clone()]));
            }
        }
    }

    /// The lane waits for none but these.
    pub(super) fn leave_others(&mut self, lane: &LaneKey, wanted: &Units) {
        let Some(waits) = self.waits.get_mut(lane) else { return };
        let left: Vec<AccountId> = waits.extract_if(.., |account| !wanted.contains_key(account)).collect();
        for account in left {
            self.account(&account).leave_line(lane);
        }
    }

    /// The lane waits for nothing, and its attempt never began.
    pub(super) fn abandon(&mut self, lane: &LaneKey, now: Timestamp) {
        self.leave_others(lane, &Units::new());
        self.waits.remove(lane);
        for (account, units) in self.granted.remove(lane).map(|granted| granted.units).unwrap_or_default() {
            self.account(&account).give_back(lane, units, now);
        }
    }

    pub(super) fn finish(&mut self, lane: &LaneKey, now: Timestamp) {
        for (account, units) in self.granted.remove(lane).map(|granted| granted.units).unwrap_or_default() {
            self.account(&account).finish(lane, units, now);
        }
    }
}

/// The lane comes back then.
pub(super) fn waits(account: &AccountId, at: Timestamp, why: &str) -> Slot {
    let provider = account.as_str().split('/').next().unwrap_or_default().to_owned();
    metrics::counter!("lanekeeper_limiter_waits_total", "provider" => provider).increment(1);
    Slot::At { at, account: account.clone(), why: format!("{account} {why}") }
}
