//! The one call that takes the orders there, and the one list that reads them back.
//!
//! | what became of the call | what becomes of each order |
//! |---|---|
//! | answered, and it was taken | compared with the list: done, or held as it came out |
//! | answered, and it was refused | held; its neighbours are not touched |
//! | answered without a word about it, or not answered | looked up by itself, before anything is written again |
//! | refused whole | tried at once by itself: nobody knows which of them was meant |
//! | it cannot have happened | the first waits as it would alone, the others behind it |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::lane::outcome::{Outcome, Reach, Trouble};
use ::lane::policy::Policy;
use serde_json::Value;

use super::super::compare::{Difference, Look, compare};
use super::super::merge::doubted;
use super::super::put::Landed;
use super::super::{Attempt, Orders};
use super::{Step, stops, wait};
use crate::providers::call::Calls;
use crate::providers::error::CallError;
use crate::providers::shipstation::{Made, SHIPSTATION, ShipStation};

/// How far back is looked for what was just written: five minutes for clocks that differ, and an hour because Pacific
/// time has one twice in a night of autumn. The newest come first, so looking back further costs nothing.
const LOOK_BACK: Duration = Duration::from_mins(65);
/// Bytes of orders in one call: a hundred of ordinary size. Those of 500 lines have 0.2 MB each, and neither the call nor
/// the list that reads them back should become too long.
const BYTES_MAX: usize = 1024 * 1024;
/// Putting an order on hold at the warehouse, and reading that back.
const HOLD_CALLS: u32 = 2;

/// One that goes.
struct Going<'g, 'a> {
    place: usize,
    attempt: &'g mut Attempt<'a>,
    step: &'g mut Step,
    ours: Value,
}

impl Orders {
    /// Sends those that may go and ends their steps. The places of those that went.
    pub(super) async fn send(
        &self,
        attempts: &mut [Attempt<'_>],
        steps: &mut [Step],
        shared: &Calls<'_>,
    ) -> Vec<usize> {
        let mut going = chosen(attempts, steps, shared);
        let went: Vec<usize> = going.iter().map(|one| one.place).collect();
        let Some(first) = going.first() else { return went };
        let policy = first.attempt.shop.policy;
        let warehouse = match ShipStation::open(first.attempt.account, shared).await {
            Ok(warehouse) => warehouse,
            Err(error) => {
                not_made(going, &error, policy);
                return went;
            }
        };
        let since = self.pacific.write(shared.now().checked_sub(LOOK_BACK).unwrap_or(shared.now()));
        let orders: Vec<Value> = going.iter().map(|one| one.ours.clone()).collect();
        for one in &mut going {
            one.attempt.reach = Reach::Unresolved;
        }
        fail::fail_point!("order.before_put_together");
        let made = warehouse.create_or_update_many(&orders).await;
        fail::fail_point!("order.after_put_together");
        match made {
            Ok(made) => {
                let stand = going.into_iter().filter_map(|one| landed(one, &made)).collect();
                self.read_back(stand, &warehouse, &since).await;
            }
            Err(error) => not_made(going, &error, policy),
        }
        went
    }

    /// Reads back those that stand there, by one list.
    async fn read_back(&self, stand: Vec<(Going<'_, '_>, String)>, warehouse: &ShipStation<'_>, since: &str) {
        let ids: BTreeSet<&str> = stand.iter().map(|(_, order_id)| order_id.as_str()).collect();
        if ids.is_empty() {
            return;
        }
        let (mut listed, cut_short) = warehouse.changed_since(since, &ids).await;
        fail::fail_point!("order.after_read_back_together");
        for (Going { attempt, step, ours, .. }, order_id) in stand {
            let outcome = match (listed.remove(&order_id), &cut_short) {
                (Some(stands), _) => self.came_out(attempt, &ours, Landed { order_id, stands }).await,
                (None, Some(error)) => attempt.ended(Err(error.clone())),
                (None, None) => {
                    let words = "its list does not show the order that it has just taken".to_owned();
                    attempt.ended(Err(CallError::Unanswered { at: SHIPSTATION, words }))
                }
            };
            *step = Step::Ended(outcome);
        }
    }

    /// One that came out differently must not ship, so it is put on hold there; if the account has no calls left for
    /// that now, it is looked at by itself as soon as it has.
    async fn came_out(&self, attempt: &mut Attempt<'_>, ours: &Value, landed: Landed) -> Outcome {
        let difference: Difference = compare(ours, &landed.stands, Look::Back);
        let differs = !difference.is_none() && !attempt.accepted(&difference.fingerprint());
        if differs {
            self.wire.limiter.look(&attempt.account.id).await;
        }
        if differs && self.wire.limiter.affords(&attempt.account.id, HOLD_CALLS, 1) == 0 {
            let why = "it came out differently at the warehouse, and is looked at by itself".to_owned();
            return Outcome::Wait { until: attempt.calls.now(), why, stops: true };
        }
        let ended = attempt.read_back(ours, &landed, &difference).await;
        attempt.ended(ended)
    }
}

/// Those that go now. What makes the call too long waits, and whatever is behind it.
fn chosen<'g, 'a>(attempts: &'g mut [Attempt<'a>], steps: &'g mut [Step], shared: &Calls<'_>) -> Vec<Going<'g, 'a>> {
    let mut going: Vec<Going<'g, 'a>> = Vec::new();
    let mut bytes = 0;
    for (place, (attempt, step)) in attempts.iter_mut().zip(steps).enumerate() {
        let Step::Ready(ours) = step else { continue };
        let ours = std::mem::take(ours);
        bytes += ours.to_string().len();
        if bytes > BYTES_MAX && !going.is_empty() {
            *step = Step::Ended(wait(shared.now()));
            continue;
        }
        going.push(Going { place, attempt, step, ours });
    }
    going
}

/// Takes in what became of one of them. It stands there under this id, or has ended.
fn landed<'g, 'a>(one: Going<'g, 'a>, made: &BTreeMap<String, Made>) -> Option<(Going<'g, 'a>, String)> {
    let error = match one.ours["orderKey"].as_str().and_then(|key| made.get(key)) {
        Some(Made::There { order_id }) => {
            // Only what was read back counts as written.
            let unconfirmed = doubted(&one.attempt.written(), &one.ours);
            one.attempt.there(order_id, unconfirmed);
            return Some((one, order_id.clone()));
        }
        Some(Made::Refused { words }) => {
            one.attempt.reach = Reach::Untouched;
            CallError::DataRefused { at: SHIPSTATION, words: words.clone() }
        }
        None => {
            let words = "its answer does not say what became of this order".to_owned();
            CallError::MayHaveHappened { at: SHIPSTATION, words }
        }
    };
    *one.step = Step::Ended(one.attempt.ended(Err(error)));
    None
}

/// What a call that failed for all of them means for each.
enum Failure {
    /// Each is looked up.
    MayHaveHappened,
    /// Each is tried by itself.
    RefusedWhole(String),
    /// Nothing was done, and it is not about the orders.
    NotDone,
}

impl Failure {
    fn of(error: &CallError) -> Self {
        match error {
            CallError::MayHaveHappened { .. } => Self::MayHaveHappened,
            CallError::Refused { words, .. } | CallError::DataRefused { words, .. } => {
                Self::RefusedWhole(words.clone())
            }
            CallError::Stopped { .. }
            | CallError::OutOfTime { .. }
            | CallError::NeverLeft { .. }
            | CallError::Unanswered { .. }
            | CallError::ThrottledUntil { .. }
            | CallError::TokenRefused { .. }
            | CallError::ProviderRefuses { .. }
            | CallError::Secret(_)
            | CallError::NotConfigured { .. } => Self::NotDone,
        }
    }
}

fn not_made(going: Vec<Going<'_, '_>>, error: &CallError, policy: Policy) {
    let failure = Failure::of(error);
    let mut stopped = false;
    for Going { attempt, step, .. } in going {
        let outcome = match &failure {
            Failure::MayHaveHappened => attempt.ended(Err(error.clone())),
            Failure::RefusedWhole(words) => {
                attempt.reach = Reach::Untouched;
                let words = format!("it was refused together with others, and goes by itself: {words}");
                Outcome::Retry { after: Some(Duration::ZERO), error: Trouble::new(SHIPSTATION, words) }
            }
            Failure::NotDone => {
                attempt.reach = Reach::Untouched;
                let outcome = if stopped { wait(attempt.calls.now()) } else { attempt.ended(Err(error.clone())) };
                stopped |= stops(&outcome, policy);
                outcome
            }
        };
        *step = Step::Ended(outcome);
    }
}
