//! An open order whose customer or shop was forgotten: nobody carries it out.

use lane::clock::Timestamp;
use lane::id::{JobId, ShopId};
use lane::job::Job;
use lane::outcome::{Learnt, Outcome, Report};
use lane::policy::Policy;
use lane::shop::SkipReason;
use lane::state::State;

use super::fault::Fault;

/// Counts orders that nobody will carry out because they were forgotten while they were open.
const ENDED: &str = "lanekeeper_redacted_open_orders_total";

/// An open order that was forgotten.
pub(crate) struct Ended {
    shop: ShopId,
    job: JobId,
}

impl Ended {
    /// Whether a job has just become one.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let ended = job.redacted && job.state == (State::Skipped { why: SkipReason::Redacted });
        ended.then(|| Self { shop: job.shop.clone(), job: job.id.clone() })
    }
}

/// Ends the attempt at a job that is to be forgotten, without its worker.
pub(crate) fn end(job: &mut Job, now: Timestamp) -> Result<(), Fault> {
    let outcome = Outcome::Skip(SkipReason::Redacted);
    let reach = job.reach.clone().or_overwritten();
    let report = Report { outcome, reach, calls: Vec::new(), learnt: Learnt::default() };
    job.complete(&report, Policy::default(), 0.0, now)?;
    Ok(())
}

/// Somebody may wait for an order that nobody carries out now.
pub(crate) fn tell(ended: &Ended) {
    metrics::counter!(ENDED).increment(1);
    tracing::warn!(
        shop.id = %ended.shop, job.id = %ended.job,
        "an order was open when its customer or its shop was forgotten; nobody carries it out"
    );
}
