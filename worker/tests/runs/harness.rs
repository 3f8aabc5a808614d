//! A shop or two with orders, a ledger in a temporary file, and attempts that do what the test says.

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Carriage;
use ::lane::clock::{Clock, ManualClock, Timestamp};
use ::lane::hold::HoldReason;
use ::lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, ShopId};
use ::lane::job::Job;
use ::lane::line::{Lease, Leased, Pick, Rest};
use ::lane::marks::Marks;
use ::lane::outcome::{Learnt, Outcome, PauseReason, Proof, Report, Trouble};
use ::lane::policy::Policy;
use ::lane::ports::{
    Begin, Burst, Complete, Desk, Head, Intake, LedgerError, Recorded, Registry, Release, Swept, Work,
};
use ::lane::rules::{Company, HoldRules};
use ::lane::shop::{Qualification, Shop, Source};
use ::lane::state::StateKind;
use ::lane::wake_up::Envelope;
use ::lane::webhook::{Content, OrderNews, Webhook};
use async_trait::async_trait;
use backend::embedded::ledger::Ledger;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use worker::attempt::{CallsLeft, Carry};
use worker::lane::{Lanes, Ran};
use worker::limiter::{Lesson, Limiter, Need, Quota};

/// How often what other tasks do is looked at, every 10 ms. Every order is some syncs of a disk that other tests may keep
/// busy, so only what never happens may take as long.
pub(crate) const LOOKS: u32 = 12_000;

/// What a scripted attempt does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Done,
    Retry,
    Hold,
    WaitFor(Duration),
    /// One of several that goes after another one.
    Behind,
    TokenRefused,
    /// The warehouse answers 429 and asks for so much silence.
    Throttled(Duration),
    /// Panics, after a call that may change something if so told.
    Panic {
        called: bool,
    },
    /// Somebody else takes the lane's lease meanwhile, after a call that may change something if so told.
    Overtaken {
        called: bool,
    },
    /// Tells that it began and ends when told.
    Slow,
    /// The same, after a call that may change something.
    SlowWrite,
    /// Never ends, after a call that may change something.
    Hang,
    /// Nothing is reported of it, where several are attempted together.
    Silent,
}

/// Carries jobs out as the test says; what is not said is done at once.
pub(crate) struct Script {
    acts: Mutex<HashMap<JobId, VecDeque<Act>>>,
    attempts: Mutex<Vec<String>>,
    together: AtomicU32,
    bursts: Mutex<Vec<Vec<String>>>,
    reserving_takes: Mutex<Duration>,
    reserved_for: Mutex<Option<AttemptKind>>,
    deadline: Mutex<Option<Timestamp>>,
    hung_ended: Arc<AtomicBool>,
    ledger: Arc<Flaky>,
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    manual: Option<Arc<ManualClock>>,
    pub(crate) began: Notify,
    pub(crate) end: Notify,
}

impl Script {
    /// Attempts so far, as `shop/order`.
    pub(crate) fn attempts(&self) -> Vec<String> {
        self.attempts.lock().unwrap().clone()
    }

    /// What was attempted together so far, as ids of orders.
    pub(crate) fn bursts(&self) -> Vec<Vec<String>> {
        self.bursts.lock().unwrap().clone()
    }

    /// The kind of attempt that units were last reserved for.
    pub(crate) fn reserved_for(&self) -> Option<AttemptKind> {
        *self.reserved_for.lock().unwrap()
    }

    /// Until when the newest attempt may call.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        *self.deadline.lock().unwrap()
    }

    /// Whether an attempt that hung is gone.
    pub(crate) fn hung_ended(&self) -> bool {
        self.hung_ended.load(Ordering::SeqCst)
    }

    async fn overtake(&self, job: &Job) {
        self.manual.as_ref().unwrap().advance(worker::lane::LEASE + Duration::from_secs(1));
        let now = self.clock.now();
        let until = now.saturating_add(worker::lane::LEASE).unwrap();
        let leased = self.ledger.lease(&job.lane, "another", now, until).await.unwrap();
        assert!(matches!(leased, Leased::Yes(_)));
    }
}

#[async_trait]
impl Carry for Script {
    fn needs(&self, _shop: &Shop, _job: &Job, kind: AttemptKind) -> Vec<Need> {
        *self.reserved_for.lock().unwrap() = Some(kind);
        if let Some(manual) = &self.manual {
            manual.advance(*self.reserving_takes.lock().unwrap());
        }
        vec![Need { account: warehouse(), units: 1 }]
    }

    async fn attempt(
        &self,
        shop: &Shop,
        job: &Job,
        _kind: AttemptKind,
        deadline: Timestamp,
        left: &CallsLeft,
    ) -> Report {
        assert!(deadline >= self.clock.now());
        *self.deadline.lock().unwrap() = Some(deadline);
        self.report(shop, job, left).await
    }

    fn together(&self, _shop: &Shop) -> u32 {
        self.together.load(Ordering::SeqCst)
    }

    async fn attempt_together(&self, shop: &Shop, jobs: &[Job], deadline: Timestamp, left: &CallsLeft) -> Vec<Report> {
        assert!(deadline >= self.clock.now());
        *self.deadline.lock().unwrap() = Some(deadline);
        self.bursts.lock().unwrap().push(jobs.iter().map(|job| job.id.to_string()).collect());
        let mut reports = Vec::new();
        for job in jobs {
            let silent = self.acts.lock().unwrap().get(&job.id).and_then(VecDeque::front).cloned();
            let report = self.report(shop, job, left).await;
            if !matches!(silent, Some(Act::Silent)) {
                reports.push(report);
            }
        }
        reports
    }
}

impl Script {
    async fn report(&self, shop: &Shop, job: &Job, left: &CallsLeft) -> Report {
        self.attempts.lock().unwrap().push(format!("{}/{}", shop.id, job.id));
        let act = self.acts.lock().unwrap().get_mut(&job.id).and_then(VecDeque::pop_front);
        let outcome = match act.unwrap_or(Act::Done) {
            Act::Done | Act::Silent => done(job, self.clock.now()),
            Act::Retry => Outcome::Retry { after: None, error: Trouble::new("test", "again") },
            Act::Hold => Outcome::Hold {
                reason: HoldReason::InDoubt,
                evidence: Vec::new(),
                fingerprint: job.fingerprint.clone(),
                difference: None,
            },
            Act::WaitFor(time) => Outcome::Wait {
                until: self.clock.now().saturating_add(time).unwrap(),
                why: "test".into(),
                stops: false,
            },
            Act::Behind => Outcome::Wait { until: self.clock.now(), why: "test".into(), stops: true },
            Act::TokenRefused => {
                let why = PauseReason::TokenRefused { account: warehouse() };
                Outcome::Pause { why, until: None }
            }
            Act::Throttled(time) => {
                let until = self.clock.now().saturating_add(time).unwrap();
                self.limiter.learn(&warehouse(), Lesson::StopUntil(until));
                Outcome::Wait { until, why: "test".into(), stops: true }
            }
            Act::Panic { called } => {
                if called {
                    left.mark();
                }
                panic!("as the test says")
            }
            Act::Overtaken { called } => {
                if called {
                    left.mark();
                }
                self.overtake(job).await;
                done(job, self.clock.now())
            }
            Act::Hang => {
                left.mark();
                let _told = Told(Arc::clone(&self.hung_ended));
                std::future::pending().await
            }
            act @ (Act::Slow | Act::SlowWrite) => {
                if matches!(act, Act::SlowWrite) {
                    left.mark();
                }
                self.began.notify_one();
                self.end.notified().await;
                done(job, self.clock.now())
            }
        };
        Report { outcome, reach: job.reach.clone(), calls: Vec::new(), learnt: Learnt::default() }
    }
}

/// Tells when it is dropped.
struct Told(Arc<AtomicBool>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn done(job: &Job, now: Timestamp) -> Outcome {
    Outcome::Done(Proof {
        account: warehouse(),
        reference: "1".into(),
        key: job.id.to_string(),
        fingerprint: job.fingerprint.clone(),
        compared: Vec::new(),
        accepted: None,
        read_back_at: now,
    })
}

/// The ledger, which can be told to fail.
pub(crate) struct Flaky {
    ledger: Ledger,
    /// So many completions fail from now on.
    pub(crate) failing_completes: AtomicU32,
    /// So many leases fail from now on.
    pub(crate) failing_leases: AtomicU32,
    /// So many leases meet rows that cannot be read.
    pub(crate) unreadable_leases: AtomicU32,
    /// So many looks at the head fail from now on.
    pub(crate) failing_heads: AtomicU32,
    /// So many begins fail from now on, of one job or of several.
    pub(crate) failing_begins: AtomicU32,
    /// So many disturbances fail from now on.
    pub(crate) failing_disturbs: AtomicU32,
    /// So many leases cannot be handed back from now on.
    pub(crate) failing_hand_backs: AtomicU32,
    /// So many looks at the head find the lease lost.
    pub(crate) lost_heads: AtomicU32,
    /// So many looks at the head find nothing ready, whatever is there.
    pub(crate) unready_heads: AtomicU32,
    /// So many begins find the lease lost, of one job or of several.
    pub(crate) lost_begins: AtomicU32,
    /// So many releases find the lease lost.
    pub(crate) lost_releases: AtomicU32,
    /// So many begins come after a decision.
    pub(crate) late_begins: AtomicU32,
    /// So many begins find that too many workers died.
    pub(crate) held_begins: AtomicU32,
    /// Sweeps so far.
    pub(crate) sweeps: AtomicU32,
    /// Begins of one job that were asked for so far.
    pub(crate) begins_asked: AtomicU32,
    /// So many writes of a stop fail from now on.
    pub(crate) failing_stops: AtomicU32,
    /// So many reads of the stops fail from now on.
    pub(crate) failing_recalls: AtomicU32,
    /// Writes of a stop that were asked for so far.
    pub(crate) stops_asked: AtomicU32,
}

fn counts_down(counter: &AtomicU32) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

fn fails(counter: &AtomicU32) -> Result<(), LedgerError> {
    if counts_down(counter) { Err(LedgerError::Unavailable("the test says so".into())) } else { Ok(()) }
}

#[async_trait]
impl Work for Flaky {
    async fn lease(
        &self,
        lane: &LaneKey,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, LedgerError> {
        fails(&self.failing_leases)?;
        if counts_down(&self.unreadable_leases) {
            return Err(LedgerError::Unreadable("the test says so".into()));
        }
        self.ledger.lease(lane, owner, now, until).await
    }

    async fn head(&self, lease: &Lease, now: Timestamp) -> Result<Head, LedgerError> {
        fails(&self.failing_heads)?;
        if counts_down(&self.lost_heads) {
            return Ok(Head::Lost);
        }
        if counts_down(&self.unready_heads) {
            return Ok(Head::NotReady(Pick::Nothing { next: None }));
        }
        self.ledger.head(lease, now).await
    }

    async fn begin(&self, lease: &Lease, job: &JobId, policy: Policy, now: Timestamp) -> Result<Begin, LedgerError> {
        self.begins_asked.fetch_add(1, Ordering::SeqCst);
        fails(&self.failing_begins)?;
        if counts_down(&self.lost_begins) {
            return Ok(Begin::Lost);
        }
        if counts_down(&self.late_begins) {
            return Ok(Begin::NotReady);
        }
        if counts_down(&self.held_begins) {
            return Ok(Begin::Held);
        }
        self.ledger.begin(lease, job, policy, now).await
    }

    async fn begin_burst(&self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Result<Burst, LedgerError> {
        fails(&self.failing_begins)?;
        if counts_down(&self.lost_begins) {
            return Ok(Burst::Lost);
        }
        self.ledger.begin_burst(lease, max, policy, now).await
    }

    async fn company(&self, lane: &LaneKey, job: &JobId, marks: &Marks) -> Result<Company, LedgerError> {
        self.ledger.company(lane, job, marks).await
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
        fails(&self.failing_completes)?;
        self.ledger.complete(lease, job, report, policy, chance, now).await
    }

    async fn disturb(&self, lane: &LaneKey, job: &JobId, now: Timestamp) -> Result<(), LedgerError> {
        fails(&self.failing_disturbs)?;
        self.ledger.disturb(lane, job, now).await
    }

    async fn release(&self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Result<Release, LedgerError> {
        if counts_down(&self.lost_releases) {
            return Ok(Release::Lost);
        }
        self.ledger.release(lease, rest, now).await
    }

    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<(), LedgerError> {
        fails(&self.failing_hand_backs)?;
        self.ledger.hand_back(lease, now).await
    }

    async fn lanes_to_wake(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError> {
        self.sweeps.fetch_add(1, Ordering::SeqCst);
        self.ledger.lanes_to_wake(now, limit).await
    }

    async fn stop_account(&self, account: &AccountId, until: Timestamp) -> Result<(), LedgerError> {
        self.stops_asked.fetch_add(1, Ordering::SeqCst);
        fails(&self.failing_stops)?;
        self.ledger.stop_account(account, until).await
    }

    async fn stopped_accounts(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError> {
        fails(&self.failing_recalls)?;
        self.ledger.stopped_accounts(now).await
    }

    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        self.ledger.shop(id).await
    }
}

/// Everything a run needs.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) manual: Option<Arc<ManualClock>>,
    pub(crate) ledger: Ledger,
    pub(crate) flaky: Arc<Flaky>,
    pub(crate) limiter: Limiter,
    pub(crate) script: Arc<Script>,
    pub(crate) lanes: Lanes,
    _dir: TempDir,
}

pub(crate) fn warehouse() -> AccountId {
    AccountId::at("shipstation", "main")
}

pub(crate) fn shop_id(name: &str) -> ShopId {
    ShopId::parse(name).unwrap()
}

pub(crate) fn lane_of(shop: &str) -> LaneKey {
    LaneKey::orders(&shop_id(shop))
}

impl World {
    /// With a clock that only the test moves.
    pub(crate) fn standing_still() -> Self {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let manual = Arc::new(ManualClock::starting(start));
        Self::on(manual.clone(), Some(manual))
    }

    /// With a shop that has these orders.
    pub(crate) async fn with_orders(orders: std::ops::RangeInclusive<u64>) -> Self {
        let world = Self::standing_still();
        world.add_shop("acme", Policy::default()).await;
        for order in orders {
            world.order("acme", order).await;
        }
        world
    }

    pub(crate) fn on(clock: Arc<dyn Clock>, manual: Option<Arc<ManualClock>>) -> Self {
        let dir = TempDir::new().unwrap();
        let ledger = Ledger::open(&dir.path().join("ledger.db"), &*clock).unwrap();
        let flaky = Arc::new(Flaky {
            ledger: ledger.clone(),
            failing_completes: AtomicU32::new(0),
            failing_leases: AtomicU32::new(0),
            unreadable_leases: AtomicU32::new(0),
            failing_heads: AtomicU32::new(0),
            failing_begins: AtomicU32::new(0),
            failing_disturbs: AtomicU32::new(0),
            failing_hand_backs: AtomicU32::new(0),
            lost_heads: AtomicU32::new(0),
            unready_heads: AtomicU32::new(0),
            lost_begins: AtomicU32::new(0),
            lost_releases: AtomicU32::new(0),
            late_begins: AtomicU32::new(0),
            held_begins: AtomicU32::new(0),
            sweeps: AtomicU32::new(0),
            begins_asked: AtomicU32::new(0),
            failing_stops: AtomicU32::new(0),
            failing_recalls: AtomicU32::new(0),
            stops_asked: AtomicU32::new(0),
        });
        let limiter = Limiter::new(clock.clone());
        limiter.set(&warehouse(), Quota { units: 1000, per: Duration::from_secs(1), burst: 1000 });
        let script = Arc::new(Script {
            acts: Mutex::default(),
            attempts: Mutex::default(),
            together: AtomicU32::new(1),
            bursts: Mutex::default(),
            reserving_takes: Mutex::default(),
            reserved_for: Mutex::default(),
            deadline: Mutex::default(),
            hung_ended: Arc::default(),
            ledger: Arc::clone(&flaky),
            limiter: limiter.clone(),
            clock: clock.clone(),
            manual: manual.clone(),
            began: Notify::new(),
            end: Notify::new(),
        });
        let (work, carry) = (flaky.clone(), script.clone());
        let lanes = Lanes::new(work, carry, limiter.clone(), clock.clone(), "tester".into(), 7);
        Self { clock, manual, ledger, flaky, limiter, script, lanes, _dir: dir }
    }

    /// A second worker over the same ledger, with a clock of its own.
    pub(crate) fn another_worker(&self, clock: Arc<dyn Clock>) -> Lanes {
        let (work, carry) = (self.flaky.clone(), self.script.clone());
        Lanes::new(work, carry, self.limiter.clone(), clock, "another".into(), 8)
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.manual.as_ref().unwrap().advance(by);
    }

    pub(crate) async fn add_shop(&self, name: &str, policy: Policy) {
        let shop = Shop {
            id: shop_id(name),
            source: Source::Shopify,
            domains: vec![format!("{name}.myshopify.com")],
            token: "env:TOKEN".parse().unwrap(),
            warehouse: warehouse(),
            policy,
            rules: HoldRules::default(),
            qualifies: Qualification::default(),
            carriage: Carriage::default(),
            added_at: self.clock.now(),
        };
        self.ledger.put_shop(&shop, self.clock.now()).await.unwrap();
    }

    /// An order arrives. The wake-up that the handler would send.
    pub(crate) async fn order(&self, shop: &str, order: u64) -> Option<Envelope> {
        let (received_at, text) = (self.clock.now(), format!("{shop} {order}"));
        let fingerprint = Fingerprint::of(text.as_bytes());
        let mut body_hash = [0; 32];
        body_hash[..8].copy_from_slice(&order.to_be_bytes());
        let news = OrderNews {
            id: JobId::from(order),
            number: format!("#{order}"),
            updated_at: Some(received_at),
            fingerprint,
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        let webhook = Webhook {
            source: Source::Shopify,
            merchant: format!("{shop}.myshopify.com"),
            topic: "orders/create".into(),
            webhook_id: Some(text.clone()),
            event_id: None,
            body_hash,
            body: Bytes::from_static(b"{}"),
            received_at,
            correlation: CorrelationId::of(&body_hash, received_at),
            content: Content::Order(news),
        };
        match self.ledger.record(webhook).await.unwrap() {
            Recorded::New { send, .. } => send,
            other @ (Recorded::Newer { .. }
            | Recorded::Unchanged
            | Recorded::Duplicate
            | Recorded::Quarantined(_)
            | Recorded::Closed
            | Recorded::Asked
            | Recorded::Forgotten) => panic!("{other:?}"),
        }
    }

    /// The attempts at an order go like this, in turn.
    pub(crate) fn script(&self, order: u64, acts: &[Act]) {
        let acts = acts.iter().cloned().collect();
        self.script.acts.lock().unwrap().insert(JobId::from(order), acts);
    }

    /// From now on so many jobs are attempted together.
    pub(crate) fn together(&self, jobs: u32) {
        self.script.together.store(jobs, Ordering::SeqCst);
    }

    /// So much time passes before each attempt.
    pub(crate) fn reserving_takes(&self, time: Duration) {
        *self.script.reserving_takes.lock().unwrap() = time;
    }

    pub(crate) async fn run(&self, shop: &str) -> Ran {
        self.lanes.run(&lane_of(shop), &CancellationToken::new()).await
    }

    pub(crate) async fn job(&self, shop: &str, order: u64) -> Job {
        self.ledger.job(&lane_of(shop), &JobId::from(order)).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, shop: &str, order: u64) -> StateKind {
        self.job(shop, order).await.state.kind()
    }

    /// Waits for what happens in other tasks.
    pub(crate) async fn until_state(&self, shop: &str, order: u64, state: StateKind) {
        for _ in 0..LOOKS {
            if self.state(shop, order).await == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{shop}/{order} is {:?}, not {state:?}", self.state(shop, order).await);
    }
}
