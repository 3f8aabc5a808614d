//! A ledger of maps and vectors: what the ports promise, told as plainly as it can be. It shares the domain's functions
//! with the backends ([`Job`], [`LaneState`]), which are proved elsewhere, and nothing else.

mod intake;
mod shops;
mod work;
mod sweep;
mod desk;
mod shipping;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lane::clock::Timestamp;
use lane::history::{Entry, Happened};
use lane::id::{AccountId, JobId, LaneKey, OperatorId, Place, ShopId};
use lane::job::Job;
use lane::line::{LaneState, LineEntry, Pick, pick};
use lane::ports::{Decided, Once};
use lane::shop::Shop;
use lane::state::{Placing, StateKind};
use lane::view::{QuarantineReason, Recorded as DecisionRecord};
use lane::wake_up::{Envelope, SendKind};

use super::call::{Answer, Call, Letter, in_order};

pub(super) type JobKey = (LaneKey, JobId);

/// One ledger as it may be. Worlds are copied all the time, so what they have in common is shared.
#[derive(Clone, Default, PartialEq)]
pub(super) struct World {
    /// The permanent keys of every webhook that was recorded.
    keys: Arc<BTreeSet<[u8; 32]>>,
    /// Webhooks by what became of them.
    pub(super) counted: BTreeMap<&'static str, u64>,
    pub(super) lanes: BTreeMap<LaneKey, Lane>,
    pub(super) jobs: BTreeMap<JobKey, Arc<Row>>,
    /// Every webhook that waits, in the order they came; those that wait again stand at the end.
    pub(super) kept: Vec<Arc<Kept>>,
    parts: BTreeMap<(ShopId, String), Part>,
    requests: BTreeMap<(OperatorId, String), ([u8; 32], Remembered)>,
    pub(super) stops: BTreeMap<AccountId, Timestamp>,
    /// Hints in the order they came, without the ledger's numbers.
    notices: Vec<(AccountId, String, Timestamp, Option<u64>)>,
    pub(super) looked: BTreeMap<AccountId, Timestamp>,
    shops: BTreeMap<ShopId, ShopRow>,
}

#[derive(Clone, PartialEq)]
struct ShopRow {
    shop: Shop,
    put_at: Timestamp,
    removed: bool,
}

#[derive(Clone, Default, PartialEq)]
pub(super) struct Lane {
    pub(super) state: LaneState,
    /// The last place that was given.
    places: u64,
    /// When the sweep looks at it next.
    pub(super) wake: Option<Timestamp>,
    /// How often in a row the sweep has put it off.
    put_off: u32,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) job: Job,
    pub(super) timeline: Vec<Entry>,
    decisions: BTreeMap<u32, DecisionRecord>,
    /// The newest webhook that led to it, and the ledger's number for it.
    led: Option<(Letter, Option<u64>)>,
}

impl Row {
    fn note(&mut self, at: Timestamp, what: Happened) {
        self.timeline.push(Entry { at, what });
    }
}

/// A webhook that waits for people or for its shop.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) letter: Letter,
    pub(super) shop: Option<ShopId>,
    pub(super) why: QuarantineReason,
    /// Whose job it led to, if the job's shop does not know the order.
    job: Option<JobKey>,
    /// The ledger's number for it, once it was seen.
    pub(super) id: Option<u64>,
}

#[derive(Clone, PartialEq)]
struct Part {
    job: Option<JobKey>,
    touched_at: Option<Timestamp>,
}

/// The answer to a change that had an effect, as it is given again.
#[derive(Clone, PartialEq)]
enum Remembered {
    Decided(StateKind),
    TakenBack(StateKind),
    Paused,
    Sent,
}

impl World {
    /// The ledger has other numbers for what waits.
    pub(super) fn forget_numbers(&mut self) {
        self.kept.iter_mut().for_each(|kept| Arc::make_mut(kept).id = None);
        self.notices.iter_mut().for_each(|notice| notice.3 = None);
        for row in self.jobs.values_mut() {
            if row.led.is_some() {
                Arc::make_mut(row).led.iter_mut().for_each(|led| led.1 = None);
            }
        }
    }

    /// What a call comes to. Several, where the ports leave it open.
    pub(super) fn apply(&self, call: &Call) -> Vec<(Self, Answer)> {
        if let Call::Sweep { now, limit } = call {
            return self.sweep(*now, *limit);
        }
        let mut world = self.clone();
        let answer = world.change(call);
        vec![(world, answer)]
    }

    fn change(&mut self, call: &Call) -> Answer {
        match call {
            Call::Record(letter) => Answer::Recorded(self.record(letter)),
            Call::Notice(notice) => self.notice(notice),
            Call::Lease { lane, owner, now, until } => Answer::Leased(self.lease(lane, owner, *now, *until)),
            Call::Head { lease, now } => Answer::Head(self.head(lease, *now)),
            Call::Begin { lease, job, policy, now } => Answer::Begin(self.begin(lease, job, *policy, *now)),
            Call::Burst { lease, max, policy, now } => Answer::Burst(self.burst(lease, *max, *policy, *now)),
            Call::Complete { lease, job, report, policy, chance, now } => {
                Answer::Complete(self.complete(lease, job, report, *policy, *chance, *now))
            }
            Call::Disturb { lane, job, now } => self.disturb(lane, job, *now),
            Call::Release { lease, rest, now } => Answer::Release(self.release(lease, rest.clone(), *now)),
            Call::HandBack { lease, now } => self.hand_back(lease, *now),
            Call::Sweep { .. } => unreachable!("the sweep is applied by itself"),
            Call::StopAccount { account, until } => {
                let end = self.stops.entry(account.clone()).or_insert(*until);
                *end = (*end).max(*until);
                Answer::Done
            }
            Call::Job { lane, job } => {
                let row = self.jobs.get(&(lane.clone(), job.clone()));
                Answer::Job(row.map(|row| Box::new(row.job.clone())))
            }
            Call::Decide { decision, key } => Answer::Decided(self.decide(decision, key.as_ref())),
            Call::Undo { undo, key } => Answer::Undone(self.undo(undo, key.as_ref())),
            Call::Pause { lane, pause, key } => Answer::Paused(self.pause(lane, pause, key.as_ref())),
            Call::Resume { lane, by: _, now, key } => Answer::Sends(self.resume(lane, *now, key.as_ref())),
            Call::ReleaseQuarantined { id, by, now, key } => {
                Answer::Sends(self.release_quarantined(*id, by, *now, key.as_ref()))
            }
            Call::PutShop { shop, now } => Answer::Sends(Once::Answer(Some(in_order(self.put_shop(shop, *now))))),
            Call::RemoveShop { shop, now } => Answer::Removed(self.remove_shop(shop, *now)),
            Call::Shipped { account, orders, notices, looked_until, now } => {
                let sends = self.shipped(account, orders, notices, *looked_until, *now);
                Answer::Sends(Once::Answer(Some(in_order(sends))))
            }
        }
    }

    /// Whoever held a lease is gone, and so is what limited him: every lane that had work, now or later, is looked at.
    pub(super) fn void_leases(&mut self, now: Timestamp) {
        for lane in self.lanes.values_mut().filter(|lane| lane.state.lease.is_some() || lane.wake.is_some()) {
            lane.state.void();
            lane.state.rest = None;
            lane.wake = Some(now);
            lane.put_off = 0;
        }
    }

    /// The ready line of a lane, lowest place first.
    pub(super) fn line(&self, lane: &LaneKey) -> Vec<LineEntry> {
        let of_lane = self.jobs.values().filter(|row| row.job.lane == *lane);
        let mut entries: Vec<LineEntry> = of_lane.filter_map(|row| row.job.in_line()).collect();
        entries.sort_by_key(|entry| entry.place.0);
        entries
    }

    pub(super) fn pick(&self, lane: &LaneKey, now: Timestamp) -> Pick {
        pick(self.line(lane), now)
    }

    fn lane(&mut self, key: &LaneKey) -> &mut Lane {
        self.lanes.get_mut(key).expect("a job has a lane")
    }

    fn row(&mut self, key: &JobKey) -> &mut Row {
        self.known(key).expect("a known job")
    }

    fn known(&mut self, key: &JobKey) -> Option<&mut Row> {
        self.jobs.get_mut(key).map(Arc::make_mut)
    }

    fn next_place(&mut self, lane: &LaneKey) -> Place {
        let lane = self.lane(lane);
        lane.places += 1;
        Place(lane.places)
    }

    fn place(&mut self, key: &JobKey, placing: Placing) {
        if placing == Placing::End {
            let place = self.next_place(&key.0);
            self.row(key).job.place = place;
        }
    }

    fn wake_by(&mut self, lane: &LaneKey, at: Timestamp) {
        let lane = self.lane(lane);
        lane.wake = Some(lane.wake.map_or(at, |known| known.min(at)));
    }

    fn set_wake(&mut self, lane: &LaneKey, at: Option<Timestamp>) {
        let lane = self.lane(lane);
        (lane.wake, lane.put_off) = (at, 0);
    }

    /// Looks at a lane at once, and wakes it if something is ready.
    fn wake_now(&mut self, lane: &LaneKey, now: Timestamp) -> Vec<Envelope> {
        self.set_wake(lane, Some(now));
        match self.pick(lane, now) {
            Pick::Ready(job) => vec![self.row(&(lane.clone(), job)).job.send(SendKind::Again, now)],
            Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. } => Vec::new(),
        }
    }

    fn count(&mut self, word: &'static str) {
        *self.counted.entry(word).or_default() += 1;
    }

    fn shop_of(&self, domain: &str) -> Option<Shop> {
        let known = self.shops.values().filter(|row| !row.removed);
        known.map(|row| &row.shop).find(|shop| shop.domains.iter().any(|name| name == domain)).cloned()
    }
}

/// Repeats the answer in words: a decision sends nothing the second time.
fn repeated(remembered: &Remembered) -> Once<Decided> {
    match remembered {
        Remembered::Decided(state) => Once::Answer(Decided::Done { state: *state, send: None }),
        Remembered::TakenBack(_) | Remembered::Paused | Remembered::Sent => Once::KeyReused,
    }
}
