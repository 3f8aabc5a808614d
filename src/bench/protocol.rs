//! The lane protocol alone: wake-up → lease → head → begin → complete → release, with attempts that do nothing and are done
//! at once, in this process. It is what carrying a job out costs without its providers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{bail, ensure};
use async_trait::async_trait;
use backend::embedded::ledger::Ledger;
use backend::embedded::queue::{Queue, Settings};
use lane::attempt::AttemptKind;
use lane::clock::{Clock, Timestamp};
use lane::id::{AccountId, Fingerprint};
use lane::job::Job;
use lane::outcome::{Learnt, Outcome, Proof, Reach, Report};
use lane::ports::Desk as _;
use lane::shop::Shop;
use lane::state::StateKind;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worker::attempt::{CallsLeft, Carry};
use worker::daemon::{CONCURRENCY, DRAIN_TIMEOUT, Daemon, Parts};
use worker::limiter::{Limiter, Need};

/// Attempts that are done at once.
pub(super) struct Nothing {
    /// Jobs that are attempted in one go, at most.
    pub(super) together: u32,
    attempts: AtomicU64,
    wanted: AtomicU64,
    enough: Notify,
}

impl Nothing {
    pub(super) fn new(together: u32) -> Arc<Self> {
        let (attempts, wanted, enough) = (AtomicU64::new(0), AtomicU64::new(u64::MAX), Notify::new());
        Arc::new(Self { together, attempts, wanted, enough })
    }

    /// Waits until there were so many attempts.
    pub(super) async fn reached(&self, wanted: u64) {
        self.wanted.store(wanted, Ordering::SeqCst);
        while self.attempts.load(Ordering::SeqCst) < wanted {
            let told = self.enough.notified();
            if self.attempts.load(Ordering::SeqCst) >= wanted {
                return;
            }
            told.await;
        }
    }

    /// How many there were.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::SeqCst)
    }

    pub(super) fn attempted(&self, count: u64) {
        let attempts = self.attempts.fetch_add(count, Ordering::SeqCst) + count;
        if attempts >= self.wanted.load(Ordering::SeqCst) {
            self.enough.notify_waiters();
        }
    }
}

pub(super) fn done(job: &Job) -> Report {
    let proof = Proof {
        account: AccountId::at("shipstation", "nobody"),
        reference: job.id.to_string(),
        key: job.id.to_string(),
        fingerprint: Fingerprint::of(job.id.as_str().as_bytes()),
        compared: Vec::new(),
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    };
    Report { outcome: Outcome::Done(proof), reach: Reach::Untouched, calls: Vec::new(), learnt: Learnt::default() }
}

#[async_trait]
impl Carry for Nothing {
    fn needs(&self, _: &Shop, _: &Job, _: AttemptKind) -> Vec<Need> {
        Vec::new()
    }

    async fn attempt(&self, _: &Shop, job: &Job, _: AttemptKind, _: Timestamp, _: &CallsLeft) -> Report {
        self.attempted(1);
        done(job)
    }

    fn together(&self, _: &Shop) -> u32 {
        self.together
    }

    async fn attempt_together(&self, _: &Shop, jobs: &[Job], _: Timestamp, _: &CallsLeft) -> Vec<Report> {
        self.attempted(jobs.len() as u64);
        jobs.iter().map(done).collect()
    }
}

/// A worker in this process.
pub(super) struct Worker {
    pub(super) queue: Queue,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Worker {
    /// Starts it; its first sweep finds the lanes that have work.
    pub(super) fn start(ledger: &Ledger, carry: Arc<dyn Carry>, clock: &Arc<dyn Clock>) -> Self {
        let queue = Queue::new(lane::id::Queue::Orders, Arc::clone(clock), Settings::default());
        let daemon = Daemon::new(Parts {
            ledger: Arc::new(ledger.clone()),
            sender: Arc::new(queue.clone()),
            receiver: Arc::new(queue.clone()),
            carry,
            limiter: Limiter::new(Arc::clone(clock)),
            clock: Arc::clone(clock),
            owner: "bench".to_owned(),
            concurrency: CONCURRENCY,
            drain_timeout: DRAIN_TIMEOUT,
            seed: 1,
        });
        let stop = CancellationToken::new();
        let running = tokio::spawn(daemon.run(stop.clone()));
        Self { queue, stop, running }
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.running.await?)
    }
}

/// Waits until so many jobs are done in the ledger.
pub(super) async fn until_done(
    ledger: &Ledger,
    jobs: u64,
    clock: &dyn Clock,
    patience: Duration,
) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let figures = ledger.figures(clock.now()).await?;
        let done = figures.jobs.iter().find(|(state, _)| *state == StateKind::Done).map_or(0, |(_, count)| *count);
        ensure!(done <= jobs, "{done} jobs are done, more than the {jobs} that there are");
        if done == jobs {
            return Ok(());
        }
        if began.elapsed() > patience {
            bail!("{done} of {jobs} jobs are done after {} s", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
