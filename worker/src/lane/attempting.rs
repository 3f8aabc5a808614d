//! One attempt within a run: it is carried out in a task of its own, so that neither a panic nor a call that hangs
//! takes the lane with it, and what it did is recorded.

use lane::attempt::AttemptKind;
use lane::clock::{Timestamp, until};
use lane::job::Job;
use lane::line::Lease;
use lane::outcome::{Learnt, Outcome, PauseReason, Reach, Report, Trouble};
use lane::policy::Policy;
use lane::ports::{Begin, LedgerError};
use lane::shop::Shop;
use std::sync::Arc;
use std::time::Duration;

use super::{Lanes, Ran, Turn};
use crate::attempt::CallsLeft;

/// An attempt that has not ended so long after its deadline does not end by itself.
const OVERTIME: Duration = Duration::from_secs(3);

/// What is said of an attempt that could not tell itself.
pub(super) const PANICKED: &str = "the attempt panicked; the log says where";
pub(super) const BROKEN_OFF: &str = "the attempt did not end before its deadline and was broken off";

/// What an attempt is about, for recording and logging it.
pub(super) struct Running {
    pub(super) job: Job,
    pub(super) number: u32,
    pub(super) policy: Policy,
    /// Whether the shop's terms name the locations that the warehouse serves.
    pub(super) names_locations: bool,
    pub(super) left: Arc<CallsLeft>,
    pub(super) began: Timestamp,
}

impl Lanes {
    pub(super) async fn carry_out(
        &self,
        lease: &Lease,
        shop: &Arc<Shop>,
        job: Job,
        number: u32,
        kind: AttemptKind,
    ) -> Result<Turn, LedgerError> {
        let (left, began) = (Arc::new(CallsLeft::default()), self.clock.now());
        let names_locations = !shop.carriage.share.locations.is_empty();
        let running = Running { job, number, policy: shop.policy, names_locations, left, began };
        let deadline = self.deadline(lease, began);
        let report = self.attempt(shop, &running, kind, deadline).await;
        self.limiter.finish(&lease.lane);
        // First, so that a worker that dies before it has recorded the attempt leaves the provider alone all the same.
        self.keep_stops().await;
        fail::fail_point!("worker.before_complete");
        let turn = self.record(lease, &running, report).await;
        // Again, because recording waits for a ledger that could not commit a moment ago.
        self.keep_stops().await;
        turn
    }

    async fn attempt(&self, shop: &Arc<Shop>, running: &Running, kind: AttemptKind, deadline: Timestamp) -> Report {
        let (carry, shop) = (Arc::clone(&self.carry), Arc::clone(shop));
        let (job, left) = (running.job.clone(), Arc::clone(&running.left));
        let mut task = tokio::spawn(async move { carry.attempt(&shop, &job, kind, deadline, &left).await });
        match tokio::time::timeout(self.patience(deadline), &mut task).await {
            Ok(Ok(report)) => report,
            Ok(Err(_)) => unfinished(running, PANICKED),
            Err(_) => {
                task.abort();
                unfinished(running, BROKEN_OFF)
            }
        }
    }

    /// How long an attempt is waited for.
    pub(super) fn patience(&self, deadline: Timestamp) -> Duration {
        until(self.clock.now(), deadline) + OVERTIME
    }

    /// The lane cannot be worked without its shop. It is paused as if the shop had just been removed: adding the shop
    /// again resumes it.
    pub(super) async fn without_shop(&self, lease: &Lease, job: &Job) -> Result<Turn, LedgerError> {
        let now = self.clock.now();
        let begun = self.ledger.begin(lease, &job.id, Policy::default(), now).await?;
        let Begin::Attempt { job, number, .. } = begun else { return self.give_up(lease).await };
        tracing::error!(lane = %lease.lane, shop.id = %job.shop, "the shop of a lane is unknown; the lane is paused");
        let outcome = Outcome::Pause { why: PauseReason::ShopRemoved, until: None };
        let report = Report { outcome, reach: job.reach.clone(), calls: Vec::new(), learnt: Learnt::default() };
        let left = Arc::default();
        let policy = Policy::default();
        let running = Running { job: *job, number, policy, names_locations: false, left, began: now };
        self.record(lease, &running, report).await
    }

    /// Ends the run of a lane that was just paused.
    pub(super) async fn paused(&self, lease: &Lease) -> Result<Turn, LedgerError> {
        match self.give_up(lease).await? {
            // It was resumed at once.
            Turn::Look | Turn::Jobs(_) => Ok(Turn::Look),
            Turn::End(ran) => Ok(Turn::End(ran)),
        }
    }
}

/// What is known of an attempt that could not tell itself.
pub(super) fn unfinished(running: &Running, words: &str) -> Report {
    let reach: Reach = running.job.reach.clone();
    let reach = if running.left.any() { reach.or_overwritten() } else { reach };
    let error = Trouble::new("lanekeeper", words);
    Report { outcome: Outcome::Retry { after: None, error }, reach, calls: Vec::new(), learnt: Learnt::default() }
}

/// The run is over because the lease went to somebody else.
pub(super) const LOST: Turn = Turn::End(Ran::Visible);
