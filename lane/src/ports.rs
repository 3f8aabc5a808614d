//! The ports, drawn by who uses them. Every verb is one atomic write or one read; each says what is true once it
//! returns. A crash at any moment leaves either nothing or all of it.

use async_trait::async_trait;
use std::sync::Arc;

use crate::attempt::AttemptKind;
use crate::clock::Timestamp;
use crate::decision::{Decision, Refused};
use crate::history::Entry;
use crate::id::{JobId, LaneKey, OperatorId, ShopId};
use crate::job::Job;
use crate::line::{Lease, Leased, Pause, Pick, Rest};
use crate::operator::Operator;
use crate::outcome::Report;
use crate::policy::Policy;
use crate::shop::Shop;
use crate::state::{ImpossibleMove, StateKind};
use crate::view::{
    Figures, JobFilter, LaneFilter, LaneView, Page, Paged, QuarantineReason, Quarantined, Recorded as DecisionRecord,
};
use crate::wake_up::{Envelope, Unreadable, WakeUp};
use crate::webhook::Webhook;

/// Why the ledger did not do what it was asked. Unless it says otherwise, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot commit now (disk full, busy, over its bound); it may be asked again.
    #[error("the ledger cannot commit now: {0}")]
    Unavailable(String),
    /// It has stopped for good: a sync failed, and what is on the disk is unknown until it is opened again.
    #[error("the ledger has stopped: {0}")]
    Stopped(String),
    /// A row could not be read; a newer version of the program may have written it.
    #[error("the ledger holds a row that this version cannot read: {0}")]
    Unreadable(String),
    /// The rules of the domain forbid the move.
    #[error(transparent)]
    Impossible(#[from] ImpossibleMove),
}

/// What became of a webhook. All of these are durable and deserve a 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A job was accepted.
    New {
        /// Its lane.
        lane: LaneKey,
        /// The state it entered.
        state: StateKind,
        /// The wake-up to send. Nothing if the job is not in line or its lane has work enough.
        send: Option<Envelope>,
    },
    /// A known job has a newer version.
    Newer {
        /// Its lane.
        lane: LaneKey,
        /// The state afterwards.
        state: StateKind,
        /// The wake-up to send.
        send: Option<Envelope>,
    },
    /// Nothing new about a known job.
    Unchanged,
    /// This webhook was recorded before.
    Duplicate,
    /// It was kept without becoming work.
    Quarantined(QuarantineReason),
}

impl Recorded {
    /// The word for logs, metrics and rows.
    pub fn label(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Newer { .. } => "newer",
            Self::Unchanged => "unchanged",
            Self::Duplicate => "duplicate",
            Self::Quarantined(_) => "quarantined",
        }
    }
}

/// Lanes with more open jobs than this get no further wake-ups from the handler: they are being worked, or the sweep
/// wakes them. So one shop's flood never hides the others.
pub const WAKE_UPS_PER_LANE_MAX: u64 = 100;

/// The ledger as the handler uses it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Records a webhook. Once this returns, the webhook and what it causes (a job, a newer version) are durable, and
    /// the same webhook will only ever be a `Duplicate`.
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError>;
}

/// The head of a leased lane.
#[derive(Debug, Clone, PartialEq)]
pub enum Head {
    /// This job may begin.
    Ready(Box<Job>),
    /// None may; see [`Pick`], whose `Ready` never comes here.
    NotReady(Pick),
    /// The lease is no longer ours.
    Lost,
}

/// What came of asking to begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Begin {
    /// The attempt is durable; calls may leave.
    Attempt {
        /// The job as of now.
        job: Box<Job>,
        /// Numbers the attempt.
        number: u32,
        /// What it may do.
        kind: AttemptKind,
    },
    /// Too many workers died on this job; it is held now.
    Held,
    /// The job is not ready any more (a decision or a webhook came first).
    NotReady,
    /// The lease is no longer ours.
    Lost,
}

/// What came of completing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complete {
    /// Recorded; the job is in this state. `reopened` says that a newer version came meanwhile.
    Recorded {
        /// The state afterwards.
        state: StateKind,
        /// It went back in line.
        reopened: bool,
    },
    /// The lease is no longer ours; nothing was written.
    Lost,
}

/// What came of giving a lease back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The lane is free. It has work due then, if a time is given.
    Released {
        /// The lane's next work.
        wake: Option<Timestamp>,
    },
    /// Something became ready meanwhile; the lease is kept, look again.
    MoreWork,
    /// The lease was no longer ours.
    Lost,
}

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Wake-ups to send.
    pub sends: Vec<Envelope>,
    /// When the next lane is due, if that is known.
    pub next: Option<Timestamp>,
}

/// The ledger as the worker uses it. Writes of a lane carry the lease; an old fence changes nothing.
#[async_trait]
pub trait Work: Send + Sync {
    /// Takes the lane's lease. Once this returns `Yes`, every older fence of the lane is powerless.
    async fn lease(&self, lane: &LaneKey, owner: &str, now: Timestamp, until: Timestamp)
    -> Result<Leased, LedgerError>;

    /// The job that goes next.
    async fn head(&self, lease: &Lease, now: Timestamp) -> Result<Head, LedgerError>;

    /// Begins an attempt. Once this returns `Attempt`, the attempt is durable: whatever happens to this process, the
    /// next worker knows that calls may have left.
    async fn begin(&self, lease: &Lease, job: &JobId, policy: Policy, now: Timestamp) -> Result<Begin, LedgerError>;

    /// Completes the running attempt: outcome, proof, pause of the lane, timeline. `chance` in `0.0..1.0` spreads
    /// retries.
    async fn complete(
        &self,
        lease: &Lease,
        job: &JobId,
        report: Report,
        policy: Policy,
        chance: f64,
        now: Timestamp,
    ) -> Result<Complete, LedgerError>;

    /// Marks a job whose provider may have been called without a lease. Unfenced. Once this returns, the job is back
    /// in line or will be when its running attempt completes.
    async fn disturb(&self, lane: &LaneKey, job: &JobId, now: Timestamp) -> Result<(), LedgerError>;

    /// Gives the lease back, unless something is ready and `rest` gives no reason to leave it alone. With `rest` the
    /// lane is due again when the rest ends.
    async fn release(&self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Result<Release, LedgerError>;

    /// Gives the lease back although work is ready (the run was long enough, or the worker stops). The lane is due at
    /// once.
    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<(), LedgerError>;

    /// Lanes with work due and no live lease, at most `limit`, each with the wake-up to send; their next sweep is put
    /// off by 1, 2, 4 … 15 min in the same write.
    async fn lanes_to_wake(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError>;

    /// The shop a job belongs to.
    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError>;
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It counts. Envelope the wake-up, if there is one.
    Done {
        /// The state afterwards.
        state: StateKind,
        /// The wake-up to send.
        send: Option<Envelope>,
    },
    /// Somebody answered this question before.
    AlreadyDecided(DecisionRecord),
    /// It was about something that is no longer so. Nothing was done.
    Stale(Refused),
    /// There is no such job.
    NoSuchJob,
}

/// Marks a change so that repeating the request repeats the answer instead of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks; keys of different operators never meet.
    pub by: OperatorId,
    /// The client's `Idempotency-Key`.
    pub key: String,
    /// Hash of the request; the same key for another request is refused.
    pub request: [u8; 32],
}

/// The answer to a change that may have been asked for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// The answer, now or as it was given the first time.
    Answer(T),
    /// The key was used for another request. Nothing was done.
    KeyReused,
}

/// The ledger as people use it.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Jobs, oldest change first.
    async fn jobs(&self, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, LedgerError>;

    /// One job.
    async fn job(&self, lane: &LaneKey, id: &JobId) -> Result<Option<Job>, LedgerError>;

    /// Everything that ever happened to a job, oldest first.
    async fn timeline(&self, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, LedgerError>;

    /// Lanes and how they stand.
    async fn lanes(&self, filter: &LaneFilter, page: &Page, now: Timestamp) -> Result<Paged<LaneView>, LedgerError>;

    /// Decides. One decision per question ever counts; the decision and its timeline entry are one write.
    async fn decide(&self, decision: &Decision, key: Option<&RequestKey>) -> Result<Once<Decided>, LedgerError>;

    /// Pauses a lane. No attempt begins until it is resumed. `false` if there is no such lane.
    async fn pause(&self, lane: &LaneKey, pause: &Pause, key: Option<&RequestKey>) -> Result<Once<bool>, LedgerError>;

    /// Resumes a lane. The answer is the wake-up to send, if it has work; `None` for no such lane.
    async fn resume(
        &self,
        lane: &LaneKey,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError>;

    /// Webhooks that were kept without becoming work, oldest first.
    async fn quarantined(&self, page: &Page) -> Result<Paged<Quarantined>, LedgerError>;

    /// Makes work of a quarantined webhook. The answer is the wake-ups to send; `None` if it is not (any more) there
    /// or cannot become work.
    async fn release_quarantined(
        &self,
        id: u64,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError>;

    /// Counts.
    async fn figures(&self, now: Timestamp) -> Result<Figures, LedgerError>;

    /// The operator with this token hash, unless disabled.
    async fn operator(&self, token_hash: &str) -> Result<Option<Operator>, LedgerError>;
}

/// Why a shop was not added or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another shop has the id or one of the domains.
    #[error("{what} belongs to the shop {shop} already; remove that shop or choose another")]
    Taken {
        /// The id or domain.
        what: String,
        /// The shop that has it.
        shop: ShopId,
    },
    /// The ledger did not do it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The ledger as the command line uses it.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Adds or replaces a shop. Webhooks that came before it was known become its jobs in the order they came, and a
    /// lane that was paused because the shop had been removed goes on. The answer is the wake-ups to send.
    async fn put_shop(&self, shop: &Shop, now: Timestamp) -> Result<Vec<Envelope>, RegistryError>;

    /// All shops by id.
    async fn shops(&self) -> Result<Vec<Arc<Shop>>, LedgerError>;

    /// Removes a shop: its lane is paused, its jobs and history stay. `false` if there is no such shop.
    async fn remove_shop(&self, id: &ShopId, now: Timestamp) -> Result<bool, LedgerError>;

    /// Adds or replaces an operator.
    async fn put_operator(&self, operator: &Operator) -> Result<(), LedgerError>;

    /// All operators by name.
    async fn operators(&self) -> Result<Vec<Operator>, LedgerError>;

    /// Drops the bodies of webhooks of unknown shops that came before `before`. How many.
    async fn expire(&self, before: Timestamp) -> Result<u64, LedgerError>;
}

/// Why the queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It could not be reached or is over its limits; the sweep makes up for a lost send.
    #[error("the queue cannot be reached: {0}")]
    Unavailable(String),
    /// It refuses the message or the request.
    #[error("the queue refuses: {0}")]
    Refused(String),
}

/// Where wake-ups are sent: handler, review, sweep.
#[async_trait]
pub trait QueueSender: Send + Sync {
    /// Sends a wake-up to the group of its lane. The same deduplication id within five minutes is one message.
    async fn send(&self, send: &Envelope) -> Result<(), QueueError>;
}

/// A received wake-up. While it is neither deleted nor visible again, no other of its lane is received.
#[derive(Debug)]
pub struct Received {
    /// The lane, from the queue and the message group: it is known even when the body cannot be read.
    pub lane: LaneKey,
    /// The body.
    pub wake_up: Result<WakeUp, Unreadable>,
    /// The handle of this receive; powerless once the message was received again.
    pub receipt: Receipt,
}

/// The handle of one receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub String);

/// What came of using a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was done.
    Done,
    /// The visibility time had passed, or the message was received again; nothing was done.
    Expired,
}

/// Where the daemon gets wake-ups from. On Lambda the platform receives, and only [`QueueReceiver::defer`] is used.
#[async_trait]
pub trait QueueReceiver: Send + Sync {
    /// Waits up to `wait` for at most `max` (1 to 10) messages.
    async fn receive(&self, max: usize, wait: std::time::Duration) -> Result<Vec<Received>, QueueError>;

    /// Deletes a message. Its group goes on.
    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError>;

    /// Makes a message visible again after `after` from now (zero: at once); at most 12 h from its receive.
    async fn defer(&self, receipt: &Receipt, after: std::time::Duration) -> Result<Settled, QueueError>;
}
