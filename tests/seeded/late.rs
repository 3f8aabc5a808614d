//! The ledger and the queue as they are on a bad day: each call takes a while before and after it is carried out, so that
//! others come in between; the ledger is out of order for a time, and wake-ups are lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backend::embedded::ledger::Ledger;
use backend::embedded::queue::Queue;
use lane::clock::Timestamp;
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::line::{Lease, Leased, Rest};
use lane::marks::Marks;
use lane::outcome::Report;
use lane::policy::Policy;
use lane::ports::{
    Begin, Burst, Complete, Head, Intake, LedgerError, Notice, QueueError, QueueSender, Recorded, Release, Swept, Work,
};
use lane::rules::Company;
use lane::shop::Shop;
use lane::wake_up::Envelope;
use lane::webhook::Webhook;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::plan::Rule;

/// A seeded generator that several tasks draw from.
pub(crate) struct Chance(Mutex<SmallRng>);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    /// Once in how many.
    pub(crate) fn strikes(&self, probability: f64) -> bool {
        self.0.lock().unwrap().random_bool(probability)
    }

    pub(crate) fn ms(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.0.lock().unwrap().random_range(from..=to))
    }

    /// Mostly a few milliseconds, rarely much longer.
    fn delay(&self) -> Duration {
        let longest = match self.0.lock().unwrap().random_range(0..100) {
            0..75 => 3,
            75..95 => 30,
            95..99 => 300,
            _ => 2000,
        };
        self.ms(0, longest)
    }
}

/// A slow ledger.
pub(crate) struct Late {
    pub(crate) ledger: Ledger,
    pub(crate) chance: Chance,
    /// Whether it refuses everything, as with a full disk.
    pub(crate) sick: Arc<AtomicBool>,
    /// The rule that is taken out.
    pub(crate) without: Option<Rule>,
}

impl Late {
    async fn slowly<T>(&self, call: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        tokio::time::sleep(self.chance.delay()).await;
        if self.sick.load(Ordering::Relaxed) {
            return Err(LedgerError::Unavailable("the disk is full".to_owned()));
        }
        let result = call.await;
        tokio::time::sleep(self.chance.delay()).await;
        result
    }
}

#[async_trait]
impl Intake for Late {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        if self.without == Some(Rule::CommitFirst) && self.sick.load(Ordering::Relaxed) {
            return Ok(Recorded::Unchanged);
        }
        self.slowly(self.ledger.record(webhook)).await
    }

    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError> {
        self.slowly(self.ledger.notice(notice)).await
    }
}

#[async_trait]
impl Work for Late {
    async fn lease(
        &self,
        lane: &LaneKey,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, LedgerError> {
        self.slowly(self.ledger.lease(lane, owner, now, until)).await
    }

    async fn head(&self, lease: &Lease, now: Timestamp) -> Result<Head, LedgerError> {
        self.slowly(self.ledger.head(lease, now)).await
    }

    async fn begin(&self, lease: &Lease, job: &JobId, policy: Policy, now: Timestamp) -> Result<Begin, LedgerError> {
        self.slowly(self.ledger.begin(lease, job, policy, now)).await
    }

    async fn begin_burst(&self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Result<Burst, LedgerError> {
        self.slowly(self.ledger.begin_burst(lease, max, policy, now)).await
    }

    async fn complete(
        &self,
        lease: &Lease,
        job: &JobId,
        report: Report,
        policy: Policy,
        chance: f64,
        now: Timestamp,
    ) -> Result<Complete, LedgerError> {
        self.slowly(self.ledger.complete(lease, job, report, policy, chance, now)).await
    }

    async fn disturb(&self, lane: &LaneKey, job: &JobId, now: Timestamp) -> Result<(), LedgerError> {
        self.slowly(self.ledger.disturb(lane, job, now)).await
    }

    async fn release(&self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Result<Release, LedgerError> {
        self.slowly(self.ledger.release(lease, rest, now)).await
    }

    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<(), LedgerError> {
        self.slowly(self.ledger.hand_back(lease, now)).await
    }

    async fn lanes_to_wake(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError> {
        if self.without == Some(Rule::Sweep) {
            return Ok(Swept::default());
        }
        self.slowly(self.ledger.lanes_to_wake(now, limit)).await
    }

    async fn stop_account(&self, account: &AccountId, until: Timestamp) -> Result<(), LedgerError> {
        self.slowly(self.ledger.stop_account(account, until)).await
    }

    async fn stopped_accounts(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError> {
        self.slowly(self.ledger.stopped_accounts(now)).await
    }

    async fn company(&self, lane: &LaneKey, job: &JobId, marks: &Marks) -> Result<Company, LedgerError> {
        self.slowly(self.ledger.company(lane, job, marks)).await
    }

    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        self.slowly(self.ledger.shop(id)).await
    }
}

/// A sender that loses some wake-ups without a word, and cannot send others.
pub(crate) struct Leaky {
    pub(crate) queue: Queue,
    pub(crate) chance: Chance,
    pub(crate) lost: f64,
}

#[async_trait]
impl QueueSender for Leaky {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        tokio::time::sleep(self.chance.delay()).await;
        if self.chance.strikes(self.lost) {
            return Ok(());
        }
        if self.chance.strikes(self.lost) {
            return Err(QueueError::Unavailable("the network is away".to_owned()));
        }
        self.queue.send(send).await
    }
}
