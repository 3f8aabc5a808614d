//! The run of one lane: lease → head → limiter → begin → attempt → complete, one job after another in ledger order,
//! until nothing is ready or the run was long enough. It does not know the queue: [`Ran`] says what is to become of
//! the message that woke it, and the daemon and Lambda each tell their queue in its own words.

mod attempting;
mod burst;
mod stops;
mod ending;

use lane::attempt::AttemptKind;
use lane::clock::{Clock, Timestamp, after, until};
use lane::id::LaneKey;
use lane::job::Job;
use lane::line::{Lease, Leased, Pick, Rest};
use lane::ports::{Begin, Head, LedgerError, Release, Work};
use lane::retry::ATTEMPTS_MAX;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::attempt::Carry;
use crate::limiter::{Limiter, Slot};
use crate::outage::Outage;

/// How long a lane is leased: longer than a run with the slowest attempt at its end, shorter than a message stays
/// invisible (140 s), so that the message of a worker that died comes back to a free lane.
pub const LEASE: Duration = Duration::from_secs(130);

/// A run ends after this long, so that lanes share the workers fairly.
const RUN_MAX: Duration = Duration::from_mins(1);

/// A run ends after so many jobs, for the same reason.
const JOBS_MAX: u32 = 20;

/// Looks at the head that lead to no attempt (a decision came first, a short wait) end a run, too: whatever goes wrong
/// with a lane, its run ends.
const LOOKS_MAX: u32 = 200;

/// A wait for the limiter up to this long is slept in place; handing lane and message back costs three writes.
const NAP_MAX: Duration = Duration::from_secs(2);

/// A head that nothing may pass keeps its message for at most this long. Kept longer, the message would only stand in
/// the way of others; the sweep wakes the lane.
const KEEP_MAX: Duration = Duration::from_mins(1);

/// The same for a lane whose turn comes in a line of several processes. It may be minutes away, and the queue tells it to the
/// second: a sweep each minute would wake all who are due in it at once, and of forty lanes' limit a quarter went unused.
const KEEP_IN_LINE_MAX: Duration = Duration::from_mins(10);

/// The end of the lease that is kept for recording what an attempt did: no call starts that could reach into it.
pub(crate) const RECORD: Duration = Duration::from_secs(10);

/// How long a lane is left alone whose rows cannot be read or moved: nothing changes before somebody looks.
const BROKEN: Duration = Duration::from_mins(1);

/// Orders that all lanes together may have under way in bursts. Each is some 30 KiB while it is, so this is 15 MiB; a lane
/// that finds no room attempts one at a time.
const TOGETHER_MAX: usize = 500;

/// How long a lane is left alone after a failure of the ledger that has passed: one that fails for this lane alone is not
/// asked without a pause.
const PASSED: Duration = Duration::from_secs(1);

/// What is to become of the message that woke the lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// Delete it. The lane has work due then, if a time is given; the sweep wakes it.
    Delete {
        /// The lane's next work.
        wake: Option<Timestamp>,
    },
    /// Make it visible again then.
    DeferUntil(Timestamp),
    /// Make it visible again at once: the lane has work ready.
    Visible,
}

/// What runs of lanes have in common.
pub struct Lanes {
    ledger: Arc<dyn Work>,
    carry: Arc<dyn Carry>,
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    owner: String,
    chance: Mutex<StdRng>,
    together: Arc<Semaphore>,
    outage: Outage,
}

/// What one turn of the run came to.
enum Turn {
    /// So many jobs were attempted or held.
    Jobs(u32),
    /// Nothing was begun; look again.
    Look,
    /// The run is over.
    End(Ran),
}

impl Lanes {
    /// `owner` names this worker in leases; `seed` is where the chance that spreads retries begins.
    pub fn new(
        ledger: Arc<dyn Work>,
        carry: Arc<dyn Carry>,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
        owner: String,
        seed: u64,
    ) -> Self {
        let chance = Mutex::new(StdRng::seed_from_u64(seed));
        let together = Arc::new(Semaphore::new(TOGETHER_MAX));
        Self { ledger, carry, limiter, clock, owner, chance, together, outage: Outage::of("ledger") }
    }

    /// Works a lane. After `stop` no further attempt begins.
    pub async fn run(&self, lane: &LaneKey, stop: &CancellationToken) -> Ran {
        self.run_within(lane, LEASE, stop).await
    }

    /// The same under another lease than the usual one: for who has less time.
    pub(crate) async fn run_within(&self, lane: &LaneKey, lease: Duration, stop: &CancellationToken) -> Ran {
        let now = self.clock.now();
        let leased = self.ledger.lease(lane, &self.owner, now, after(now, lease)).await;
        let lease = match leased {
            Ok(Leased::Yes(lease)) => lease,
            Ok(Leased::Busy { until }) => return Ran::DeferUntil(until),
            Ok(Leased::Paused { until }) => {
                self.limiter.abandon(lane);
                return Ran::Delete { wake: until };
            }
            Err(error) => return self.failed(lane, &error),
        };
        fail::fail_point!("worker.after_lease");
        let ran = self.work(&lease, stop).await;
        let ran = match ran {
            Ok(ran) => {
                self.outage.over();
                ran
            }
            Err(error) => {
                let ran = self.failed(lane, &error);
                // A ledger that writes works again, however long others met its outage; unless it is the lane that is broken.
                let passed = self.give_back(&lease, stop).await && matches!(error, LedgerError::Unavailable(_));
                if passed { Ran::DeferUntil(after(self.clock.now(), PASSED)) } else { ran }
            }
        };
        self.limiter.finish(lane);
        // The other processes count what this one holds as under way until it says what became of it.
        self.limiter.settle().await;
        ran
    }

    /// Until when the calls of an attempt may leave: its report must fit into the lease, and where other processes wait for
    /// what it leaves of the accounts' limits, they wait no longer than they were told.
    fn deadline(&self, lease: &Lease, began: Timestamp) -> Timestamp {
        let deadline = lease.until.saturating_sub(RECORD).unwrap_or(began);
        self.limiter.calls_until(&lease.lane).map_or(deadline, |until| deadline.min(until))
    }

    async fn work(&self, lease: &Lease, stop: &CancellationToken) -> Result<Ran, LedgerError> {
        let began = self.clock.now();
        let (mut jobs, mut looks) = (0, 0);
        loop {
            let ran_for = until(began, self.clock.now());
            let enough = jobs >= JOBS_MAX || looks >= LOOKS_MAX || ran_for >= RUN_MAX;
            if enough || stop.is_cancelled() {
                self.ledger.hand_back(lease, self.clock.now()).await?;
                return Ok(Ran::Visible);
            }
            match self.turn(lease, stop).await? {
                Turn::Jobs(count) => jobs += count,
                Turn::Look => looks += 1,
                Turn::End(ran) => return Ok(ran),
            }
        }
    }

    async fn turn(&self, lease: &Lease, stop: &CancellationToken) -> Result<Turn, LedgerError> {
        let job = match self.ledger.head(lease, self.clock.now()).await? {
            Head::Ready(job) => job,
            Head::NotReady(pick) => return self.nothing_ready(lease, &pick).await,
            Head::Lost => return Ok(Turn::End(Ran::Visible)),
        };
        let Some(merchant) = self.ledger.shop(&job.shop).await? else {
            return self.without_shop(lease, &job).await;
        };
        let needs = self.carry.needs(&merchant, &job, expected(&job));
        match self.limiter.reserve(&lease.lane, &needs).await? {
            Slot::Now => {}
            Slot::At { at, why, .. } => return self.wait(lease, at, why, stop).await,
        }
        if let Some(turn) = self.burst(lease, &merchant, &job).await? {
            return Ok(turn);
        }
        let begun = self.ledger.begin(lease, &job.id, merchant.policy, self.clock.now()).await;
        match begun.inspect_err(|_| self.limiter.abandon(&lease.lane))? {
            Begin::Attempt { job, number, kind } => {
                fail::fail_point!("worker.after_begin");
                self.carry_out(lease, &merchant, *job, number, kind).await
            }
            Begin::Held => {
                self.limiter.abandon(&lease.lane);
                Ok(Turn::Jobs(1))
            }
            Begin::NotReady => {
                self.limiter.abandon(&lease.lane);
                self.give_up(lease).await
            }
            Begin::Lost => {
                self.limiter.abandon(&lease.lane);
                Ok(Turn::End(Ran::Visible))
            }
        }
    }

    /// The head waits for the limiter. The lane keeps its ticket meanwhile.
    async fn wait(
        &self,
        lease: &Lease,
        at: Timestamp,
        why: String,
        stop: &CancellationToken,
    ) -> Result<Turn, LedgerError> {
        let now = self.clock.now();
        let wait = until(now, at);
        if wait <= NAP_MAX {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {}
            }
            return Ok(Turn::Look);
        }
        let rest = Rest { until: at, why };
        let released = self.ledger.release(lease, Some(rest), now).await?;
        let keep = if self.limiter.is_shared() { KEEP_IN_LINE_MAX } else { KEEP_MAX };
        Ok(self.released(&released, Some(at), keep))
    }

    async fn nothing_ready(&self, lease: &Lease, pick: &Pick) -> Result<Turn, LedgerError> {
        self.limiter.abandon(&lease.lane);
        let head_until = match pick {
            Pick::NotUntil { at, .. } => Some(*at),
            Pick::Ready(_) | Pick::Blocked { .. } | Pick::Nothing { .. } => None,
        };
        let released = self.ledger.release(lease, None, self.clock.now()).await?;
        Ok(self.released(&released, head_until, KEEP_MAX))
    }

    /// Ends the run unless something is ready.
    async fn give_up(&self, lease: &Lease) -> Result<Turn, LedgerError> {
        let released = self.ledger.release(lease, None, self.clock.now()).await?;
        Ok(self.released(&released, None, KEEP_MAX))
    }

    /// A message is kept only for a head that nothing may pass (`head_until`), and not for long (`keep`): a kept message
    /// blocks its group.
    fn released(&self, released: &Release, head_until: Option<Timestamp>, keep: Duration) -> Turn {
        match released {
            Release::MoreWork => Turn::Look,
            Release::Lost => Turn::End(Ran::Visible),
            Release::Released { wake } => {
                let now = self.clock.now();
                match head_until {
                    Some(at) if until(now, at) <= keep => Turn::End(Ran::DeferUntil(at)),
                    Some(_) | None => Turn::End(Ran::Delete { wake: *wake }),
                }
            }
        }
    }

    /// What becomes of the message when the ledger fails: it is never lost, and comes back when there is hope.
    fn failed(&self, lane: &LaneKey, error: &LedgerError) -> Ran {
        self.limiter.abandon(lane);
        let wait = match error {
            LedgerError::Unavailable(_) | LedgerError::Stopped(_) => self.outage.met(error),
            LedgerError::Unreadable(_) | LedgerError::Impossible(_) => {
                tracing::error!(lane = %lane, error = %error, "a lane cannot be worked; it is left alone for a while");
                BROKEN
            }
        };
        Ran::DeferUntil(after(self.clock.now(), wait))
    }

    fn chance(&self) -> f64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}

/// The kind of attempt that beginning this job will give.
fn expected(job: &Job) -> AttemptKind {
    if job.attempts >= ATTEMPTS_MAX { AttemptKind::LookUp } else { AttemptKind::Full }
}
