//! The ledger as the worker uses it.

use std::sync::Arc;

use async_trait::async_trait;

use super::LedgerError;
use crate::attempt::AttemptKind;
use crate::clock::Timestamp;
use crate::id::{AccountId, JobId, LaneKey, ShopId};
use crate::job::Job;
use crate::line::{Lease, Leased, Pick, Rest};
use crate::marks::Marks;
use crate::outcome::Report;
use crate::policy::Policy;
use crate::rules::Company;
use crate::shop::Shop;
use crate::state::StateKind;
use crate::wake_up::Envelope;

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

/// What came of asking to begin several.
#[derive(Debug, Clone, PartialEq)]
pub enum Burst {
    /// These attempts are durable, in the lane's order; calls may leave. At least one.
    Begun(Vec<(Box<Job>, u32)>),
    /// The head cannot go with others; it begins by itself.
    Alone,
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

    /// Begins an attempt at the head and at those ready right behind it, at most `max`, as long as each may go with
    /// others ([`Job::may_burst`]); one write. Nothing is begun past the first that may not.
    async fn begin_burst(&self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Result<Burst, LedgerError>;

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

    /// Remembers that no call may leave to an account before `until`, beyond the end of this process.
    async fn stop_account(&self, account: &AccountId, until: Timestamp) -> Result<(), LedgerError>;

    /// The accounts to which no call may leave yet.
    async fn stopped_accounts(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError>;

    /// What else a shop has, for rules that ask: other orders of the customer in line, and held orders with the same
    /// address or card. At most five numbers each.
    async fn company(&self, lane: &LaneKey, job: &JobId, marks: &Marks) -> Result<Company, LedgerError>;

    /// The shop a job belongs to.
    async fn shop(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError>;
}
