//! What workers do by themselves, one call at a time.

use lane::id::{JobId, LaneKey, ShopId};
use lane::line::{Lease, Rest};
use lane::ports::Head;
use lane::view::{LaneFilter, Page};

use super::{Act, Answer, Call, Player, Stop, Subject};
use crate::contract::histories::resolve::{order_id, policy_of, report, seconds};
use crate::contract::histories::step::Ending;

impl<S: Subject> Player<S> {
    fn lease_at(&self, which: u8) -> Option<Lease> {
        let at = self.leases.len().checked_sub(1 + usize::from(which))?;
        self.leases.get(at).cloned()
    }

    pub(super) async fn work(&mut self, act: &Act) -> Result<Option<Call>, Stop> {
        let now = self.now();
        let lease = match act {
            Act::Head { lease }
            | Act::Begin { lease, .. }
            | Act::Burst { lease, .. }
            | Act::Release { lease, .. }
            | Act::HandBack { lease } => self.lease_at(*lease),
            Act::Complete { which, order, ending } => return Ok(self.complete(*which, *order, *ending)),
            _ => None,
        };
        let Some(lease) = lease else { return Ok(None) };
        let policy = policy_of(&lease.lane);
        Ok(match act {
            Act::Head { .. } => Some(Call::Head { lease, now }),
            Act::Begin { order: Some(order), .. } => Some(Call::Begin { lease, job: order_id(*order), policy, now }),
            Act::Begin { order: None, .. } => {
                let job = match self.call(Call::Head { lease: lease.clone(), now }).await? {
                    Answer::Head(Head::Ready(job)) => Some(job.id),
                    // Somebody had looked before it stood still.
                    _ => self.first(&lease.lane).await,
                };
                job.map(|job| Call::Begin { lease, job, policy, now })
            }
            Act::Burst { max, .. } => Some(Call::Burst { lease, max: (*max).into(), policy, now }),
            Act::Release { rest, .. } => {
                let why = "the warehouse's limit".to_owned();
                let rest = rest.map(|length| Rest { until: seconds(now, length), why });
                Some(Call::Release { lease, rest, now })
            }
            Act::HandBack { .. } => Some(Call::HandBack { lease, now }),
            _ => None,
        })
    }

    /// Completes what was begun, or an order of the same lane.
    fn complete(&self, which: u8, order: Option<u8>, ending: Ending) -> Option<Call> {
        let at = self.begun.len().checked_sub(1 + usize::from(which))?;
        let (lease, begun) = self.begun[at].clone();
        let (now, job) = (self.now(), order.map_or(begun, order_id));
        let (report, policy) = (Box::new(report(&job, ending, now)), policy_of(&lease.lane));
        Some(Call::Complete { lease, job, report, policy, chance: f64::from(ending.chance) / 4.0, now })
    }

    /// The first job of a lane, ready or not.
    async fn first(&self, lane: &LaneKey) -> Option<JobId> {
        let filter = LaneFilter { shop: ShopId::parse(lane.group()).ok(), stalled: false };
        let lanes = self.subject.ports().desk.lanes(&filter, &Page::default(), self.now()).await.ok()?;
        lanes.rows.into_iter().next()?.head.map(|(job, _)| job)
    }
}
