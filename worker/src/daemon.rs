//! The daemon: receives wake-ups, runs their lanes, and sweeps. A lane that waits costs neither a task nor a thread;
//! only runs in progress do, and no wake-up is received without a place to work on it.

use lane::clock::{Clock, until};
use lane::id::LaneKey;
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled, Work};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attempt::Carry;
use crate::lane::{Lanes, Ran};
use crate::limiter::Limiter;
use crate::outage::Outage;
use crate::sweep::{Alarm, Sweep};

/// Lane runs at the same time: each is one attempt that mostly waits for a provider.
pub const CONCURRENCY: usize = 256;

/// How long a stopping daemon waits for attempts under way; service managers kill after 30 s.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(25);

/// How long one receive waits. A stopping daemon lets the last receive end instead of dropping it, because a remote
/// queue would hide what it had just handed out; so this is also how long stopping takes at least.
const RECEIVE_WAIT: Duration = Duration::from_secs(2);

/// How often settling a message is tried before it is left to its visibility time.
const SETTLE_TRIES_MAX: u32 = 3;

/// What the daemon works with.
pub struct Parts {
    /// The ledger.
    pub ledger: Arc<dyn Work>,
    /// Where the sweep sends wake-ups.
    pub sender: Arc<dyn QueueSender>,
    /// Where wake-ups come from.
    pub receiver: Arc<dyn QueueReceiver>,
    /// Carries jobs out.
    pub carry: Arc<dyn Carry>,
    /// The provider accounts' limits.
    pub limiter: Limiter,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names this worker in leases.
    pub owner: String,
    /// Lane runs at the same time; [`CONCURRENCY`] unless told.
    pub concurrency: usize,
    /// How long stopping waits for attempts under way; [`DRAIN_TIMEOUT`] unless told.
    pub drain_timeout: Duration,
    /// Where the chance that spreads retries begins.
    pub seed: u64,
}

/// The worker as a program that runs on.
pub struct Daemon {
    worker: Arc<Worker>,
    sweep: Sweep,
    concurrency: usize,
    drain_timeout: Duration,
}

struct Worker {
    lanes: Lanes,
    receiver: Arc<dyn QueueReceiver>,
    clock: Arc<dyn Clock>,
    alarm: Alarm,
    outage: Outage,
}

impl Daemon {
    /// Does nothing yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { ledger, sender, receiver, carry, limiter, clock, owner, seed, .. } = parts;
        let alarm = Alarm::new();
        let sweep = Sweep::new(Arc::clone(&ledger), sender, Arc::clone(&clock), alarm.clone());
        let lanes = Lanes::new(ledger, carry, limiter, Arc::clone(&clock), owner, seed);
        let outage = Outage::of("queue");
        let worker = Arc::new(Worker { lanes, receiver, clock, alarm, outage });
        let concurrency = parts.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self { worker, sweep, concurrency, drain_timeout: parts.drain_timeout }
    }

    /// Takes in which accounts asked an earlier worker for silence, and works until `stop`; then receives nothing more, lets attempts under way end, and hands their lanes back.
    pub async fn run(self, stop: CancellationToken) {
        let (runs, sweep) = (TaskTracker::new(), self.sweep);
        let sweeping = {
            let stop = stop.clone();
            tokio::spawn(async move { sweep.run(&stop).await })
        };
        self.worker.lanes.recall_stops(&stop).await;
        receive(&self.worker, self.concurrency, &runs, &stop).await;
        runs.close();
        if tokio::time::timeout(self.drain_timeout, runs.wait()).await.is_err() {
            tracing::warn!(
                runs = runs.len(),
                "attempts were still under way when the worker stopped; their lanes go on when their leases run out"
            );
        }
        if let Err(error) = sweeping.await {
            tracing::error!(error = %error, "the sweep ended badly");
        }
    }
}

async fn receive(worker: &Arc<Worker>, concurrency: usize, runs: &TaskTracker, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(concurrency));
    while !stop.is_cancelled() {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop.cancelled() => return,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { return };
        // One at a time: two messages of one lane in one hand would only meet each other's lease.
        match worker.receiver.receive(1, RECEIVE_WAIT).await {
            Ok(received) => {
                worker.outage.over();
                if let Some(message) = received.into_iter().next() {
                    let work = work(Arc::clone(worker), message, place, stop.clone());
                    runs.spawn(work);
                }
            }
            Err(error) => {
                drop(place);
                let wait = worker.outage.met(&error);
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    }
}

async fn work(worker: Arc<Worker>, message: Received, place: OwnedSemaphorePermit, stop: CancellationToken) {
    let _place = place;
    let _run = RunCounted::new();
    if let Err(error) = &message.wake_up {
        tracing::warn!(lane = %message.lane, error = %error, "a wake-up cannot be read; its lane is woken all the same");
    }
    // Received while the worker was already stopping: another worker may have it at once.
    let ran = if stop.is_cancelled() { Ran::Visible } else { worker.lanes.run(&message.lane, &stop).await };
    worker.settle(&message.lane, &message.receipt, ran).await;
}

impl Worker {
    async fn settle(&self, lane: &LaneKey, receipt: &Receipt, ran: Ran) {
        for tries in 1..=SETTLE_TRIES_MAX {
            let settled = match &ran {
                Ran::Delete { .. } => self.receiver.delete(receipt).await,
                Ran::DeferUntil(at) => {
                    let wait = until(self.clock.now(), *at);
                    self.receiver.defer(receipt, wait).await
                }
                Ran::Visible => self.receiver.defer(receipt, Duration::ZERO).await,
            };
            match settled {
                Ok(Settled::Done) => break,
                Ok(Settled::Expired) => {
                    tracing::debug!(lane = %lane, "a wake-up had become visible again before its lane run ended");
                    break;
                }
                Err(QueueError::Unavailable(_)) if tries < SETTLE_TRIES_MAX => {
                    tokio::time::sleep(Duration::from_millis(200) * tries).await;
                }
                Err(error) => {
                    tracing::warn!(lane = %lane, error = %error, "a wake-up could not be settled; it comes again");
                    break;
                }
            }
        }
        if let Ran::Delete { wake: Some(wake) } = ran {
            self.alarm.ring_at(wake);
        }
    }
}

/// Counts a lane run as long as it lives, even if it panics.
struct RunCounted;

impl RunCounted {
    fn new() -> Self {
        metrics::counter!("lanekeeper_wake_ups_received_total").increment(1);
        metrics::gauge!("lanekeeper_lane_runs").increment(1.0);
        Self
    }
}

impl Drop for RunCounted {
    fn drop(&mut self) {
        metrics::gauge!("lanekeeper_lane_runs").decrement(1.0);
    }
}
