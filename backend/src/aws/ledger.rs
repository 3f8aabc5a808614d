//! The ledger in one table of `DynamoDB`. `docs/table.md` describes every kind of item and how it is read.
//!
//! Each verb of the ports is one unit of writing ([`mod@unit`], run by [`verb`]) or one look ([`lists`], [`lanes`]); the
//! ledger's rules ([`crate::ledger`]) decide what a unit writes, and [`rows`] knows how it lies in the table.

mod key;
mod item;
mod bodies;
mod table;
mod made;
mod told;
mod line;
mod slot;
mod unit;
mod verb;
mod rows;
mod sweep;
mod company;
mod shipping;
mod limits;
mod registry;
mod privacy;
mod lists;
mod lanes;
mod standing;
mod arriving;

use std::sync::Arc;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::decision::{Decision, Undo};
use lane::history::Entry;
use lane::id::{AccountId, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::{Lease, Leased, Pause, Rest};
use lane::marks::Marks;
use lane::operator::Operator;
use lane::outcome::Report;
use lane::policy::Policy;
use lane::ports::{
    Begin, Burst, Complete, Decided, Desk, Head, Intake, LedgerError, Notice, Once, Recorded, Release, RequestKey,
    Swept, Undone, Work,
};
use lane::rules::Company;
use lane::shop::Shop;
use lane::view::{Ended, Figures, JobFilter, LaneFilter, LaneView, Page, Paged, Quarantined};
use lane::wake_up::Envelope;
use lane::webhook::Webhook;
use tokio::sync::{Mutex, MutexGuard};

use super::SdkConfig;
use super::bucket::Bucket;
use crate::bodies::compress;
use crate::ledger::unit::Shops as _;
use crate::ledger::{burst, desk, intake, shipping as rules, work};
pub use arriving::{Import, ImportError};
pub use made::{TableError, create};
pub use table::Patience;
use table::{Table, client};

/// Attempts that one write begins: each is two items or three of the hundred that it may touch.
const BURST_MAX: u32 = 30;

/// The ledger. Clones are the same table.
#[derive(Debug, Clone)]
pub struct Ledger {
    table: Table,
    patience: Patience,
    /// Those of this process who work on a lane write one after the other: at once they would all run again but one.
    lanes: Arc<[Mutex<()>; LANES_APART]>,
}

/// Lanes that this process writes side by side.
const LANES_APART: usize = 64;

impl Ledger {
    /// Finds the table and checks that it is made the way the ledger needs it. Long bodies go into the bucket, which no other
    /// table may use.
    pub async fn connect(
        config: &SdkConfig,
        table: &str,
        bucket: Bucket,
        patience: Patience,
    ) -> Result<Self, TableError> {
        let table = Table::new(client(config, patience), table, bucket);
        made::check(&table).await?;
        Ok(Self { table, patience, lanes: Arc::new([const { Mutex::const_new(()) }; LANES_APART]) })
    }
}

impl Ledger {
    async fn turn(&self, lane: &LaneKey) -> MutexGuard<'_, ()> {
        let nth = usize::try_from(line::hash(&lane.to_string())).unwrap_or_default();
        self.lanes[nth % LANES_APART].lock().await
    }
}

#[async_trait]
impl Intake for Ledger {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        let (webhook, body) = (&webhook, &compress(&webhook.body));
        self.write_within(self.patience.webhook, |mut unit| async move {
            (intake::record(&mut unit, webhook, body).await, unit)
        })
        .await
    }

    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError> {
        self.is_all_here().await?;
        self.write_within(
            self.patience.webhook,
            |mut unit| async move { (rules::notice(&mut unit, notice).await, unit) },
        )
        .await
    }
}

#[async_trait]
impl Work for Ledger {
    async fn lease(
        &self,
        lane: &LaneKey,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, LedgerError> {
        self.change(|mut unit| async move { (work::lease(&mut unit, lane, owner, now, until).await, unit) }).await
    }

    async fn head(&self, lease: &Lease, now: Timestamp) -> Result<Head, LedgerError> {
        self.read(|mut unit| async move { (work::head(&mut unit, lease, now).await, unit) }).await
    }

    async fn begin(&self, lease: &Lease, job: &JobId, policy: Policy, now: Timestamp) -> Result<Begin, LedgerError> {
        let _turn = self.turn(&lease.lane).await;
        self.write(|mut unit| async move { (work::begin(&mut unit, lease, job, policy, now).await, unit) }).await
    }

    async fn begin_burst(&self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Result<Burst, LedgerError> {
        let max = max.min(BURST_MAX);
        let _turn = self.turn(&lease.lane).await;
        self.write(|mut unit| async move { (burst::begin_burst(&mut unit, lease, max, policy, now).await, unit) }).await
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
        let ending = &work::Ending { report, policy, chance, now };
        let _turn = self.turn(&lease.lane).await;
        self.write(|mut unit| async move { (work::complete(&mut unit, lease, job, ending).await, unit) }).await
    }

    async fn disturb(&self, lane: &LaneKey, job: &JobId, now: Timestamp) -> Result<(), LedgerError> {
        self.write(|mut unit| async move { (work::disturb(&mut unit, lane, job, now).await, unit) }).await
    }

    async fn release(&self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Result<Release, LedgerError> {
        let rest = &rest;
        let _turn = self.turn(&lease.lane).await;
        self.write(|mut unit| async move { (work::release(&mut unit, lease, rest.clone(), now).await, unit) }).await
    }

    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<(), LedgerError> {
        let _turn = self.turn(&lease.lane).await;
        self.write(|mut unit| async move { (work::hand_back(&mut unit, lease, now).await, unit) }).await
    }

    async fn lanes_to_wake(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError> {
        self.sweep(now, limit).await
    }

    async fn stop_account(&self, account: &AccountId, until: Timestamp) -> Result<(), LedgerError> {
        self.write(|mut unit| async move { (unit.stop_account(account, until).await, unit) }).await
    }

    async fn stopped_accounts(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError> {
        Ok(registry::stopped_accounts(&self.table, now).await?)
    }

    async fn company(&self, lane: &LaneKey, job: &JobId, marks: &Marks) -> Result<Company, LedgerError> {
        Ok(company::company(&self.table, lane, job, marks).await?)
    }

    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        Ok(self.read(|mut unit| async move { (unit.shop(id).await, unit) }).await?.map(Arc::new))
    }
}

#[async_trait]
impl Desk for Ledger {
    async fn jobs(&self, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, LedgerError> {
        Ok(lists::jobs(&self.table, filter, page).await?)
    }

    async fn latest(&self, shop: &ShopId, ended: Ended, page: &Page) -> Result<Paged<Job>, LedgerError> {
        Ok(lists::latest(&self.table, shop, ended, page).await?)
    }

    async fn job(&self, lane: &LaneKey, id: &JobId) -> Result<Option<Job>, LedgerError> {
        let found = self.read(|mut unit| async move { (unit.find_job(lane, id).await, unit) }).await?;
        Ok(found.map(|row| row.job))
    }

    async fn timeline(&self, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, LedgerError> {
        Ok(lists::timeline(&self.table, lane, id).await?)
    }

    async fn lanes(&self, filter: &LaneFilter, page: &Page, now: Timestamp) -> Result<Paged<LaneView>, LedgerError> {
        Ok(lists::lanes(&self.table, filter, page, now).await?)
    }

    async fn merchant(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        Work::shop(self, id).await
    }

    async fn decide(&self, decision: &Decision, key: Option<&RequestKey>) -> Result<Once<Decided>, LedgerError> {
        self.change(|mut unit| async move { (desk::decide(&mut unit, decision, key).await, unit) }).await
    }

    async fn undo(&self, undo: &Undo, key: Option<&RequestKey>) -> Result<Once<Undone>, LedgerError> {
        self.change(|mut unit| async move { (desk::undo(&mut unit, undo, key).await, unit) }).await
    }

    async fn pause(&self, lane: &LaneKey, pause: &Pause, key: Option<&RequestKey>) -> Result<Once<bool>, LedgerError> {
        self.change(|mut unit| async move { (desk::pause(&mut unit, lane, pause, key).await, unit) }).await
    }

    async fn resume(
        &self,
        lane: &LaneKey,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        self.change(|mut unit| async move { (desk::resume(&mut unit, lane, by, now, key).await, unit) }).await
    }

    async fn quarantined(&self, page: &Page) -> Result<Paged<Quarantined>, LedgerError> {
        Ok(lists::quarantined(&self.table, page).await?)
    }

    async fn release_quarantined(
        &self,
        id: u64,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        self.change(|mut unit| async move { (desk::release_quarantined(&mut unit, id, by, now, key).await, unit) })
            .await
    }

    async fn figures(&self, now: Timestamp) -> Result<Figures, LedgerError> {
        Ok(lanes::figures(&self.table, now).await?)
    }

    async fn operator(&self, token_hash: &str) -> Result<Option<Operator>, LedgerError> {
        self.read(|mut unit| async move { (registry::operator(&mut unit, token_hash).await, unit) }).await
    }
}
