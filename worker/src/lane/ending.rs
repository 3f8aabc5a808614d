//! The end of an attempt: what it did is recorded, however long that takes within the lease. A report that can be
//! recorded no more is not lost for good: the next worker finds the attempt under way and looks up what it wrote.

use lane::clock::{Timestamp, after, until};
use lane::line::Lease;
use lane::outcome::{Outcome, Report};
use lane::ports::{Complete, LedgerError};
use lane::shop::SkipReason;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::attempting::{LOST, Running};
use super::{LEASE, Lanes, Turn};

/// The first wait before a write is repeated; it doubles up to [`AGAIN_MAX`].
const AGAIN_FIRST: Duration = Duration::from_millis(100);

/// The longest wait between two tries of a write.
const AGAIN_MAX: Duration = Duration::from_secs(5);

impl Lanes {
    pub(super) async fn record(&self, lease: &Lease, running: &Running, report: Report) -> Result<Turn, LedgerError> {
        match self.write_down(lease, running, report).await? {
            Written::Down => Ok(Turn::Jobs(1)),
            Written::AndPaused => self.paused(lease).await,
            Written::NotOurs => Ok(LOST),
        }
    }

    /// Writes down what an attempt did. A lane that is paused by it is still leased.
    pub(super) async fn write_down(
        &self,
        lease: &Lease,
        running: &Running,
        report: Report,
    ) -> Result<Written, LedgerError> {
        let pauses = matches!(report.outcome, Outcome::Pause { .. });
        let told = Told::of(&report.outcome, running.names_locations);
        let recorded = self.complete(lease, running, report).await;
        self.tell(lease, running, &told, recorded.as_ref());
        match recorded? {
            Complete::Recorded { .. } => {
                fail::fail_point!("worker.after_complete");
                Ok(if pauses { Written::AndPaused } else { Written::Down })
            }
            Complete::Lost => {
                if running.left.any() {
                    self.disturb(lease, running).await?;
                }
                Ok(Written::NotOurs)
            }
        }
    }

    async fn complete(&self, lease: &Lease, running: &Running, report: Report) -> Result<Complete, LedgerError> {
        let chance = self.chance();
        let mut wait = AGAIN_FIRST;
        loop {
            let (job, now) = (&running.job.id, self.clock.now());
            let tried = self.ledger.complete(lease, job, report.clone(), running.policy, chance, now).await;
            let Some(error) = may_pass(&tried) else { return tried };
            wait = self.wait_to_repeat(error, wait, lease.until).await?;
        }
    }

    /// Unfenced, because the lease is lost: somebody else may have written the job meanwhile, and a call of ours may
    /// have come after theirs.
    async fn disturb(&self, lease: &Lease, running: &Running) -> Result<(), LedgerError> {
        let give_up = after(self.clock.now(), LEASE);
        let mut wait = AGAIN_FIRST;
        loop {
            let (job, now) = (&running.job.id, self.clock.now());
            let tried = self.ledger.disturb(&lease.lane, job, now).await;
            let Some(error) = may_pass(&tried) else { return tried };
            wait = self.wait_to_repeat(error, wait, give_up).await?;
        }
    }

    /// Gives the lease back although the ledger fails: as soon as it works again, or the lane would stand still until the
    /// lease has run out. `false` if that is how it will be. A worker that is to stop does not wait for that.
    pub(super) async fn give_back(&self, lease: &Lease, stop: &CancellationToken) -> bool {
        let mut wait = AGAIN_FIRST;
        loop {
            let tried = self.ledger.hand_back(lease, self.clock.now()).await;
            let Err(error) = &tried else { return true };
            tracing::debug!(lane = %lease.lane, error = %error, "the lease could not be given back");
            let too_late = until(self.clock.now(), lease.until) <= wait;
            if may_pass(&tried).is_none() || too_late || stop.is_cancelled() {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(AGAIN_MAX);
        }
    }

    /// Waits before a write is repeated, and says how long to wait the next time. Hands the error on when it is too
    /// late.
    async fn wait_to_repeat(&self, error: String, wait: Duration, give_up: Timestamp) -> Result<Duration, LedgerError> {
        let error = LedgerError::Unavailable(error);
        self.outage.met(&error);
        if until(self.clock.now(), give_up) <= wait {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        Ok((wait * 2).min(AGAIN_MAX))
    }

    /// One line per attempt.
    fn tell(&self, lease: &Lease, running: &Running, told: &Told, recorded: Result<&Complete, &LedgerError>) {
        let took = until(running.began, self.clock.now());
        metrics::counter!("lanekeeper_attempts_total", "outcome" => told.outcome).increment(1);
        if told.elsewhere {
            metrics::counter!("lanekeeper_orders_elsewhere_total").increment(1);
        }
        metrics::histogram!("lanekeeper_attempt_seconds").record(took.as_secs_f64());
        let job = &running.job;
        let state = match recorded {
            Ok(Complete::Recorded { state, .. }) => state.as_str(),
            Ok(Complete::Lost) => "not recorded: the lease was lost",
            Err(_) => "not recorded: the ledger failed",
        };
        let Told { outcome, why, elsewhere, needs_a_person } = told;
        let said = format!("attempt {} of job {} ended: {outcome}: {why}", running.number, job.id);
        // The level is part of the macro's call site, so the line stands twice.
        if *needs_a_person || *elsewhere {
            tracing::warn!(
                job.id = %job.id, shop.id = %job.shop, lane = %lease.lane, correlation.id = %job.correlation,
                attempt = running.number, outcome, why, state, took_ms = took.as_millis(), "{said}"
            );
        } else {
            tracing::info!(
                job.id = %job.id, shop.id = %job.shop, lane = %lease.lane, correlation.id = %job.correlation,
                attempt = running.number, outcome, why, state, took_ms = took.as_millis(), "{said}"
            );
        }
    }
}

/// What came of writing an attempt down.
pub(super) enum Written {
    Down,
    /// The lane is paused; its lease must be given back.
    AndPaused,
    /// The lease went to somebody else.
    NotOurs,
}

/// What the log says of an outcome.
struct Told {
    outcome: &'static str,
    why: String,
    /// It was left out because none of the locations that the terms name has anything of it: fine with several warehouses,
    /// and what it looks like when a location was renamed.
    elsewhere: bool,
    needs_a_person: bool,
}

impl Told {
    fn of(outcome: &Outcome, names_locations: bool) -> Self {
        let elsewhere = names_locations && matches!(outcome, Outcome::Skip(SkipReason::ShipsElsewhere));
        Self { outcome: outcome.label(), why: outcome.words(), elsewhere, needs_a_person: outcome.needs_a_person() }
    }
}

/// The words of an error that may pass if the write is repeated.
fn may_pass<T>(tried: &Result<T, LedgerError>) -> Option<String> {
    match tried {
        Err(LedgerError::Unavailable(words)) => Some(words.clone()),
        Ok(_) | Err(LedgerError::Stopped(_) | LedgerError::Unreadable(_) | LedgerError::Impossible(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_elsewhere_is_warned_of_where_the_terms_name_locations() {
        let elsewhere = Outcome::Skip(SkipReason::ShipsElsewhere);
        assert!(Told::of(&elsewhere, true).elsewhere);
        assert!(!Told::of(&elsewhere, false).elsewhere, "the buyer picks it up, or another company ships it");
        assert!(!Told::of(&Outcome::Skip(SkipReason::TestOrder), true).elsewhere);
    }
}
