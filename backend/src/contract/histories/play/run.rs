//! A worker takes a lane, works on it, and leaves it.

use lane::id::{JobId, LaneKey};
use lane::line::{Lease, Leased, Pause, Rest};
use lane::outcome::PauseReason;
use lane::ports::{Begin, Burst, Head};
use lane::webhook::{Content, Named};

use super::{Answer, Call, Player, Stop, Subject};
use crate::contract::histories::resolve::{lane_of, operator, order, part, policy_of, report, seconds, webhook};
use crate::contract::histories::step::{Ending, Leaves, Meanwhile};

/// How long a worker takes the lane for.
const LEASE_SECONDS: u8 = 130;

impl<S: Subject> Player<S> {
    pub(super) async fn run(
        &mut self,
        shop: u8,
        burst: Option<u8>,
        endings: &[Ending],
        leaves: Leaves,
    ) -> Result<(), Stop> {
        let (lane, now) = (lane_of(shop), self.now());
        let Some(lease) = self.take(lane).await? else { return Ok(()) };
        let mut begun = match burst {
            Some(max) => self.begin_burst(&lease, max).await?,
            None => Vec::new(),
        };
        begun.reverse();
        for ending in endings {
            let next = match begun.pop() {
                Some(job) => Some(job),
                None => self.begin_head(&lease).await?,
            };
            let Some(job) = next else { break };
            self.meanwhile(shop, &job, *ending).await?;
            let (policy, chance) = (policy_of(&lease.lane), f64::from(ending.chance) / 4.0);
            let report = Box::new(report(&job, *ending, now));
            self.call(Call::Complete { lease: lease.clone(), job, report, policy, chance, now }).await?;
        }
        let rest = Rest { until: seconds(now, 45_u8), why: "the warehouse's limit".to_owned() };
        let left = match leaves {
            Leaves::Releases => Call::Release { lease, rest: None, now },
            Leaves::Rests => Call::Release { lease, rest: Some(rest), now },
            Leaves::HandsBack => Call::HandBack { lease, now },
            Leaves::Dies => return Ok(()),
            Leaves::DiesAtWork => return self.begin_head(&lease).await.map(drop),
        };
        self.call(left).await.map(drop)
    }

    /// Workers die one after another, each when its lease has run out.
    pub(super) async fn deaths(&mut self, shop: u8, workers: u8, at_work: bool) -> Result<(), Stop> {
        for _ in 0..workers {
            if let (Some(lease), true) = (self.take(lane_of(shop)).await?, at_work) {
                self.begin_head(&lease).await?;
            }
            self.pass(u16::from(LEASE_SECONDS) + 1);
        }
        Ok(())
    }

    async fn take(&mut self, lane: LaneKey) -> Result<Option<Lease>, Stop> {
        let (now, owner) = (self.now(), "runner".to_owned());
        let asked = Call::Lease { lane: lane.clone(), owner, now, until: seconds(now, LEASE_SECONDS) };
        Ok(match self.call(asked).await? {
            Answer::Leased(Leased::Yes(lease)) => Some(lease),
            // Somebody has it: this one believes that it is he.
            _ => self.leases.iter().rev().find(|lease| lease.lane == lane).cloned(),
        })
    }

    async fn begin_burst(&mut self, lease: &Lease, max: u8) -> Result<Vec<JobId>, Stop> {
        let (now, policy) = (self.now(), policy_of(&lease.lane));
        let call = Call::Burst { lease: lease.clone(), max: max.into(), policy, now };
        Ok(match self.call(call).await? {
            Answer::Burst(Burst::Begun(jobs)) => jobs.into_iter().map(|(job, _)| job.id).collect(),
            _ => Vec::new(),
        })
    }

    async fn begin_head(&mut self, lease: &Lease) -> Result<Option<JobId>, Stop> {
        let (now, policy) = (self.now(), policy_of(&lease.lane));
        let Answer::Head(Head::Ready(job)) = self.call(Call::Head { lease: lease.clone(), now }).await? else {
            return Ok(None);
        };
        let begin = Call::Begin { lease: lease.clone(), job: job.id, policy, now };
        Ok(match self.call(begin).await? {
            Answer::Begin(Begin::Attempt { job, .. }) => Some(job.id),
            _ => None,
        })
    }

    /// What comes while an attempt is under way.
    async fn meanwhile(&mut self, shop: u8, job: &JobId, ending: Ending) -> Result<(), Stop> {
        let now = self.now();
        let call = match ending.meanwhile {
            Meanwhile::Nothing => return Ok(()),
            Meanwhile::Newer => self.send(order(shop, job, 9, ending.chance, 0, now)),
            Meanwhile::Part => {
                let part = part(ending.part.unwrap_or(0));
                let body = format!("{part} released in turn {}", self.turn);
                let content = Content::Touched(Named::Part(part));
                let mut touch = webhook(shop, "fulfillment_orders/hold_released", content, &body, now);
                touch.event_id = Some(self.fresh("event"));
                self.send(touch)
            }
            Meanwhile::Disturbance => Call::Disturb { lane: lane_of(shop), job: job.clone(), now },
            Meanwhile::Pause => {
                let why = PauseReason::Operator { why: "something is wrong".to_owned() };
                let pause = Pause { why, until: None, by: Some(operator(shop)), since: now };
                Call::Pause { lane: lane_of(shop), pause, key: None }
            }
        };
        self.call(call).await.map(drop)
    }
}
