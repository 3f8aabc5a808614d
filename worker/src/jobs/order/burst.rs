//! Many orders of one shop in one call, in the lane's order.
//!
//! ```text
//! each: fetch, judge ─▶ ended (held, skipped, waits …)
//!   └─▶ may go ─▶ all that may: one createorders ─▶ one list ─▶ each: compared, done | hold | retry   (`send`)
//! ```
//! An order behind one that stops the lane does not go: it is put back and takes its turn. Within the call a refused order
//! does not touch its neighbours. `ShipStation` counts the call as one of its 40 a minute, and so the list that reads
//! them back.

mod send;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::clock::{Timestamp, after};
use ::lane::job::Job;
use ::lane::outcome::{CallRecord, Learnt, Outcome, Reach, Report};
use ::lane::policy::Policy;
use ::lane::shop::Shop;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::Value;

use super::home::units;
use super::{Attempt, Orders};
use crate::attempt::CallsLeft;
use crate::limiter::{Limiter, Need};
use crate::providers::call::Calls;
use crate::providers::error::CallError;
use crate::providers::shopify::ORDER_COST;

/// Orders fetched at the same time. More would only wait for the shop's points.
const FETCHES_AT_ONCE: usize = 8;
/// What is not fetched in this time takes its turn in the next burst: those that are ready should not wait for it.
const FETCH_TIME: Duration = Duration::from_secs(30);

/// How many orders of a shop may go together now. Rules that look at other orders need each to be decided before the
/// next is judged; and where an order that is held or fails stops the lane, none may be on its way behind it.
pub(super) fn together(shop: &Shop, limiter: &Limiter) -> u32 {
    let others_matter = shop.rules.ask_for_company() || shop.policy.hold.stops() || shop.policy.fail.stops();
    if shop.carriage.mode == Mode::Correct || others_matter {
        return 1;
    }
    let most = shop.carriage.burst.orders;
    // The first one's points are granted already.
    let more = limiter.affords(&shop.platform_account(), ORDER_COST, most.saturating_sub(1));
    most.min(more + 1)
}

/// How far one of the orders has come.
enum Step {
    Ended(Outcome),
    /// It may go, as this.
    Ready(Value),
}

impl Orders {
    /// Attempts jobs of which nothing can be at the warehouse.
    pub(super) async fn burst(&self, shop: &Shop, jobs: &[Job], deadline: Timestamp, left: &CallsLeft) -> Vec<Report> {
        let Some(head) = jobs.first() else { return Vec::new() };
        // What was granted for the head: its fetch, the one call and the one list.
        let (mut fetch, rest): (Vec<Need>, Vec<Need>) = units(shop, head, AttemptKind::Full, false)
            .into_iter()
            .partition(|need| need.account == shop.platform_account());
        let shared = Calls::new(&self.wire, rest, deadline, left);
        let own: Vec<Calls<'_>> =
            jobs.iter().map(|_| Calls::new(&self.wire, std::mem::take(&mut fetch), deadline, left)).collect();
        let begun: Result<Vec<Attempt<'_>>, CallError> =
            jobs.iter().zip(&own).map(|(job, calls)| self.begun(shop, job, AttemptKind::Full, calls)).collect();
        let (ended, went) = match begun {
            Ok(attempts) => self.carry_together(attempts, shop.policy, &shared).await,
            // It is about the shop's account, and the same for all of them.
            Err(error) => (not_begun(jobs, &error, shared.now()), Vec::new()),
        };
        let together = shared.end();
        let calls = own.into_iter().map(Calls::end).enumerate();
        let calls = calls.map(|(place, own)| records(own, if went.contains(&place) { &together } else { &[] }));
        let reports = ended.into_iter().zip(calls);
        reports.map(|((outcome, reach, learnt), calls)| Report { outcome, reach, calls, learnt }).collect()
    }

    /// How each ended, and the places of those that went.
    async fn carry_together(
        &self,
        mut attempts: Vec<Attempt<'_>>,
        policy: Policy,
        shared: &Calls<'_>,
    ) -> (Vec<Ended>, Vec<usize>) {
        let steps = self.prepare(&mut attempts, policy).await;
        let mut steps = in_order(steps, policy, shared.now());
        let went = self.send(&mut attempts, &mut steps, shared).await;
        let ended = attempts.into_iter().zip(steps).map(|(attempt, step)| {
            let outcome = match step {
                Step::Ended(outcome) => outcome,
                Step::Ready(_) => wait(attempt.calls.now()),
            };
            (outcome, attempt.reach, attempt.learnt)
        });
        (ended.collect(), went)
    }

    /// Fetches and judges each, the first ones first.
    async fn prepare(&self, attempts: &mut [Attempt<'_>], policy: Policy) -> Vec<Step> {
        let until = after(self.wire.clock.now(), FETCH_TIME);
        let stopped = AtomicBool::new(false);
        let mut each: Vec<BoxFuture<'_, Step>> = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            each.push(Box::pin(self.step(attempt, until, policy, &stopped)));
        }
        futures::stream::iter(each).buffered(FETCHES_AT_ONCE).collect().await
    }

    /// Nothing is asked for an order that cannot go any more: a shop that refuses or does not answer is not asked a
    /// hundred times.
    async fn step(&self, attempt: &mut Attempt<'_>, until: Timestamp, policy: Policy, stopped: &AtomicBool) -> Step {
        let now = attempt.calls.now();
        if now > until || stopped.load(Ordering::Relaxed) {
            return Step::Ended(wait(now));
        }
        let step = match self.prepare_one(attempt).await {
            Ok(step) => step,
            Err(error) => Step::Ended(attempt.ended(Err(error))),
        };
        if let Step::Ended(outcome) = &step
            && stops(outcome, policy)
        {
            stopped.store(true, Ordering::Relaxed);
        }
        step
    }

    async fn prepare_one(&self, attempt: &mut Attempt<'_>) -> Result<Step, CallError> {
        let order = match self.look(attempt).await? {
            ControlFlow::Continue(order) => order,
            ControlFlow::Break(outcome) => return Ok(Step::Ended(outcome)),
        };
        if let ControlFlow::Break(outcome) = attempt.may_go(&order).await? {
            return Ok(Step::Ended(outcome));
        }
        match attempt.ours(&order, None) {
            Ok(ours) => Ok(Step::Ready(ours)),
            Err(question) => Ok(Step::Ended(attempt.asked(question))),
        }
    }
}

/// What became of one of them.
type Ended = (Outcome, Reach, Learnt);

/// Nothing goes past an order that stops the lane.
fn in_order(steps: Vec<Step>, policy: Policy, now: Timestamp) -> Vec<Step> {
    let mut stopped = false;
    let passed = |step: Step| match step {
        Step::Ready(_) if stopped => Step::Ended(wait(now)),
        Step::Ready(ours) => Step::Ready(ours),
        Step::Ended(outcome) => {
            stopped |= stops(&outcome, policy);
            Step::Ended(outcome)
        }
    };
    steps.into_iter().map(passed).collect()
}

fn stops(outcome: &Outcome, policy: Policy) -> bool {
    match outcome {
        Outcome::Retry { .. } => policy.retry.stops(),
        Outcome::Hold { .. } => policy.hold.stops(),
        Outcome::Fail(_) => policy.fail.stops(),
        Outcome::Wait { stops, .. } => *stops,
        Outcome::Pause { .. } => true,
        Outcome::Done(_) | Outcome::Skip(_) | Outcome::Withdrawn => false,
    }
}

/// It takes its turn as soon as those before it have had theirs, and may then go with others again.
fn wait(now: Timestamp) -> Outcome {
    Outcome::Wait { until: now, why: "an order before it goes first".to_owned(), stops: true }
}

fn records(own: Vec<CallRecord>, together: &[CallRecord]) -> Vec<CallRecord> {
    let mut records = own;
    records.extend_from_slice(together);
    records.sort_by_key(|record| record.at);
    records
}

/// The first tells what is wrong, and the others wait behind it.
fn not_begun(jobs: &[Job], error: &CallError, now: Timestamp) -> Vec<Ended> {
    let outcome =
        |place: usize, job: &Job| if place == 0 { error.clone().outcome(&job.fingerprint) } else { wait(now) };
    let each = jobs.iter().enumerate();
    each.map(|(place, job)| (outcome(place, job), job.reach.clone(), Learnt::default())).collect()
}

#[cfg(test)]
mod tests {
    use ::lane::outcome::Trouble;
    use ::lane::policy::Standing;
    use ::lane::shop::SkipReason;

    use super::*;

    fn passing(ended: Outcome, policy: Policy) -> [bool; 2] {
        let steps = vec![Step::Ready(Value::Null), Step::Ended(ended), Step::Ready(Value::Null)];
        let steps = in_order(steps, policy, Timestamp::UNIX_EPOCH);
        [0, 2].map(|place| matches!(steps[place], Step::Ready(_)))
    }

    #[test]
    fn only_what_stops_the_lane_keeps_those_behind_it_back() {
        let retry = || Outcome::Retry { after: None, error: Trouble::new("test", "again") };
        let waits = |stops| Outcome::Wait { until: Timestamp::UNIX_EPOCH, why: String::new(), stops };
        let aside = Policy { retry: Standing::StepAside, ..Policy::default() };
        assert_eq!(passing(retry(), Policy::default()), [true, false]);
        assert_eq!(passing(retry(), aside), [true, true]);
        assert_eq!(passing(waits(true), aside), [true, false]);
        assert_eq!(passing(waits(false), Policy::default()), [true, true]);
        assert_eq!(passing(Outcome::Skip(SkipReason::Cancelled), Policy::default()), [true, true]);
    }
}
