//! The ledger in one SQLite file: one writer thread that groups commits, readers with connections of their own.
//!
//! Each verb of the ports is one unit of writing ([`writer`]) or one read ([`readers`], [`look`]); the ledger's rules
//! ([`crate::ledger`]) decide what a unit writes, and [`rows`] knows how it lies in the file. What is forgotten has to leave
//! the file too, and that is this store's own ([`privacy`]).

mod open;
mod lock;
mod migrations;
mod boots;
mod writer;
mod commit;
mod wal;
mod readers;
mod rows;
mod shops;
mod intake;
mod identity;
mod company;
mod sweep;
mod shipping;
mod limits;
mod registry;
mod privacy;
mod look;
mod leaving;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lane::clock::{Clock, Timestamp};
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
    Begin, Burst, Complete, Decided, Desk, Head, LedgerError, Once, Release, RequestKey, Swept, Undone, Work,
};
use lane::rules::Company;
use lane::shop::Shop;
use lane::view::{Ended, Figures, JobFilter, LaneFilter, LaneView, Page, Paged, Quarantined};
use lane::wake_up::Envelope;
use rusqlite::Connection;

use boots::Beside;
pub use boots::{Boot, BootId, Origin};
pub use leaving::{ExportError, call_off, export};
use lock::{Lock, Opened};
pub use open::OpenError;
use readers::{Place, Readers};
pub use wal::{LOG_PAGES, bytes_kept};
use writer::{Writer, done, reading};

use crate::ledger::unit::Shops as _;
use crate::ledger::{burst, desk, work};

/// How long SQLite itself waits for a lock, well inside the answer's deadline of a webhook.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// The ledger. Clones share the file, its writer and its lock.
#[derive(Clone)]
pub struct Ledger {
    writer: Writer,
    /// People's lists and the worker's looks have readers of their own: a long list never keeps a lane waiting.
    readers: Readers,
    work_readers: Readers,
    /// The file beside the ledger that tells an older copy of it.
    beside: Arc<Beside>,
}

impl Ledger {
    /// Opens the file at `path`, or makes it. Once this returns, no other process can, every commit is synced, and
    /// the leases of the last boot are void. A file that is older than what last ran here is refused, as by
    /// [`Ledger::boot`].
    pub fn open(path: &Path, clock: &dyn Clock) -> Result<Self, OpenError> {
        Self::start(path, LOG_PAGES, boots::look_into(path, clock.now())?)
    }

    /// Opens the file for a program that carries orders out. A file that is older than what last ran here is refused,
    /// unless `boot` says that it is a backup; then nothing that the file does not know of is done a second time.
    /// The write-ahead log is moved into the file from `log_pages` pages of 4 KiB on, [`LOG_PAGES`] unless a setting says
    /// otherwise.
    pub fn boot(path: &Path, boot: &Boot, log_pages: u32, clock: &dyn Clock) -> Result<Self, OpenError> {
        Self::start(path, log_pages, boots::open(path, clock.now(), boot)?)
    }

    fn start(path: &Path, log_pages: u32, (conn, lock): (Connection, Lock)) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Unusable { path: path.to_owned(), source };
        let (second, opened) = (open::second(&conn, path, log_pages)?, Opened::new(path, lock)?);
        let writer = Writer::start(conn, second, Arc::clone(&opened), log_pages).map_err(unusable)?;
        Ok(Self::of(path, writer, Place::Threads, &opened))
    }

    /// Like [`Ledger::open`], for simulated time: whoever calls reads and writes by himself, one commit per write. No
    /// thread takes time that the simulation does not know of, and a run can be repeated.
    pub fn open_in_line(path: &Path, clock: &dyn Clock) -> Result<Self, OpenError> {
        let (conn, lock) = open::open(path, clock.now())?;
        Ok(Self::of(path, Writer::in_line(conn), Place::InLine, &Opened::new(path, lock)?))
    }

    fn of(path: &Path, writer: Writer, place: Place, opened: &Arc<Opened>) -> Self {
        let readers = || Readers::of(path, place, Arc::clone(opened));
        let beside = Arc::new(Beside::of(path));
        Self { writer, readers: readers(), work_readers: readers(), beside }
    }

    /// Says that this boot still runs, under a new id. Once this returns, a copy of the ledger from before is known as
    /// older than what ran here.
    pub async fn still_runs(&self, id: &BootId, now: Timestamp) -> Result<(), LedgerError> {
        boots::still_runs(&self.writer, &self.beside, id, now).await
    }

    /// Resolves when a sync has failed or the file was found damaged: the process must end, and a new start recovers.
    pub async fn stopped(&self) -> String {
        self.writer.stopped().await
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
        let (lane, owner) = (lane.clone(), owner.to_owned());
        self.writer.write(move |unit| done(work::lease(unit, &lane, &owner, now, until))).await
    }

    async fn head(&self, lease: &Lease, now: Timestamp) -> Result<Head, LedgerError> {
        let lease = lease.clone();
        self.work_readers.read(move |conn| reading(conn, |unit| done(work::head(unit, &lease, now)))).await
    }

    async fn begin(&self, lease: &Lease, job: &JobId, policy: Policy, now: Timestamp) -> Result<Begin, LedgerError> {
        let (lease, job) = (lease.clone(), job.clone());
        self.writer.write(move |unit| done(work::begin(unit, &lease, &job, policy, now))).await
    }

    async fn begin_burst(&self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Result<Burst, LedgerError> {
        let lease = lease.clone();
        self.writer.write(move |unit| done(burst::begin_burst(unit, &lease, max, policy, now))).await
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
        let (lease, job) = (lease.clone(), job.clone());
        let ending = work::Ending { report, policy, chance, now };
        self.writer.write(move |unit| done(work::complete(unit, &lease, &job, &ending))).await
    }

    async fn disturb(&self, lane: &LaneKey, job: &JobId, now: Timestamp) -> Result<(), LedgerError> {
        let (lane, job) = (lane.clone(), job.clone());
        self.writer.write(move |unit| done(work::disturb(unit, &lane, &job, now))).await
    }

    async fn release(&self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Result<Release, LedgerError> {
        let lease = lease.clone();
        self.writer.write(move |unit| done(work::release(unit, &lease, rest.clone(), now))).await
    }

    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<(), LedgerError> {
        let lease = lease.clone();
        self.writer.write(move |unit| done(work::hand_back(unit, &lease, now))).await
    }

    async fn lanes_to_wake(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError> {
        self.writer.write(move |unit| sweep::sweep(unit, now, limit)).await
    }

    async fn stop_account(&self, account: &AccountId, until: Timestamp) -> Result<(), LedgerError> {
        let account = account.clone();
        self.writer.write(move |unit| done(unit.stop_account(&account, until))).await
    }

    async fn stopped_accounts(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError> {
        self.work_readers.read(move |conn| look::stopped_accounts(conn, now)).await
    }

    async fn company(&self, lane: &LaneKey, job: &JobId, marks: &Marks) -> Result<Company, LedgerError> {
        let (lane, job, marks) = (lane.clone(), job.clone(), marks.clone());
        self.work_readers.read(move |conn| company::company(conn, &lane, &job, &marks)).await
    }

    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        let id = id.clone();
        self.work_readers.read(move |conn| Ok(look::shop(conn, &id)?.map(Arc::new))).await
    }
}

#[async_trait]
impl Desk for Ledger {
    async fn jobs(&self, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, LedgerError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.readers.read(move |conn| look::jobs(conn, &filter, &page)).await
    }

    async fn latest(&self, shop: &ShopId, ended: Ended, page: &Page) -> Result<Paged<Job>, LedgerError> {
        let (shop, page) = (shop.clone(), page.clone());
        self.readers.read(move |conn| look::latest(conn, &shop, ended, &page)).await
    }

    async fn job(&self, lane: &LaneKey, id: &JobId) -> Result<Option<Job>, LedgerError> {
        let (lane, id) = (lane.clone(), id.clone());
        self.readers.read(move |conn| look::job(conn, &lane, &id)).await
    }

    async fn timeline(&self, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, LedgerError> {
        let (lane, id) = (lane.clone(), id.clone());
        self.readers.read(move |conn| look::timeline(conn, &lane, &id)).await
    }

    async fn lanes(&self, filter: &LaneFilter, page: &Page, now: Timestamp) -> Result<Paged<LaneView>, LedgerError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.readers.read(move |conn| look::lanes(conn, &filter, &page, now)).await
    }

    async fn merchant(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        let id = id.clone();
        self.readers.read(move |conn| Ok(look::shop(conn, &id)?.map(Arc::new))).await
    }

    async fn decide(&self, decision: &Decision, key: Option<&RequestKey>) -> Result<Once<Decided>, LedgerError> {
        let (decision, key) = (decision.clone(), key.cloned());
        self.writer.write(move |unit| done(desk::decide(unit, &decision, key.as_ref()))).await
    }

    async fn undo(&self, undo: &Undo, key: Option<&RequestKey>) -> Result<Once<Undone>, LedgerError> {
        let (undo, key) = (undo.clone(), key.cloned());
        self.writer.write(move |unit| done(desk::undo(unit, &undo, key.as_ref()))).await
    }

    async fn pause(&self, lane: &LaneKey, pause: &Pause, key: Option<&RequestKey>) -> Result<Once<bool>, LedgerError> {
        let (lane, pause, key) = (lane.clone(), pause.clone(), key.cloned());
        self.writer.write(move |unit| done(desk::pause(unit, &lane, &pause, key.as_ref()))).await
    }

    async fn resume(
        &self,
        lane: &LaneKey,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        let (lane, by, key) = (lane.clone(), by.clone(), key.cloned());
        self.writer.write(move |unit| done(desk::resume(unit, &lane, &by, now, key.as_ref()))).await
    }

    async fn quarantined(&self, page: &Page) -> Result<Paged<Quarantined>, LedgerError> {
        let page = page.clone();
        self.readers.read(move |conn| look::quarantined(conn, &page)).await
    }

    async fn release_quarantined(
        &self,
        id: u64,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        let (by, key) = (by.clone(), key.cloned());
        self.writer.write(move |unit| done(desk::release_quarantined(unit, id, &by, now, key.as_ref()))).await
    }

    async fn figures(&self, now: Timestamp) -> Result<Figures, LedgerError> {
        self.readers.read(move |conn| look::figures(conn, now)).await
    }

    async fn operator(&self, token_hash: &str) -> Result<Option<Operator>, LedgerError> {
        let token_hash = token_hash.to_owned();
        self.readers.read(move |conn| look::operator(conn, &token_hash)).await
    }
}
