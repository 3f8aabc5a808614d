//! What workers do to a lane.

use std::sync::Arc;

use lane::attempt::{AttemptKind, Begun};
use lane::clock::Timestamp;
use lane::history::Happened;
use lane::id::{JobId, LaneKey};
use lane::line::{Lease, Leased, Pause, Pick, Rest};
use lane::outcome::{Outcome, Report};
use lane::policy::Policy;
use lane::ports::{Begin, Burst, Complete, Head, Release};
use lane::shop::SkipReason;
use lane::state::State;
use lane::view::QuarantineReason;

use super::{Answer, JobKey, Kept, World};

impl World {
    fn honours(&self, lease: &Lease) -> bool {
        self.lanes.get(&lease.lane).is_some_and(|lane| lane.state.honours(lease))
    }

    pub(super) fn lease(&mut self, key: &LaneKey, owner: &str, now: Timestamp, until: Timestamp) -> Leased {
        let Some(lane) = self.lanes.get_mut(key) else { return Leased::Paused { until: None } };
        let before = lane.state.clone();
        let leased = lane.state.lease(key, owner, now, until);
        match &leased {
            Leased::Yes(lease) => self.set_wake(key, Some(lease.until)),
            // It is refused because of a pause, which may be of this moment.
            Leased::Paused { .. } => {}
            Leased::Busy { .. } => lane.state = before,
        }
        leased
    }

    pub(super) fn head(&self, lease: &Lease, now: Timestamp) -> Head {
        if !self.honours(lease) {
            return Head::Lost;
        }
        let lane = &self.lanes[&lease.lane].state;
        if let Some(pause) = lane.paused.as_ref().filter(|_| lane.is_paused(now)) {
            return Head::NotReady(Pick::Nothing { next: pause.until });
        }
        match self.pick(&lease.lane, now) {
            Pick::Ready(id) => Head::Ready(Box::new(self.jobs[&(lease.lane.clone(), id)].job.clone())),
            waits @ (Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. }) => Head::NotReady(waits),
        }
    }

    pub(super) fn begin(&mut self, lease: &Lease, id: &JobId, policy: Policy, now: Timestamp) -> Begin {
        if !self.honours(lease) {
            return Begin::Lost;
        }
        if self.lane(&lease.lane).state.is_paused(now) || self.pick(&lease.lane, now) != Pick::Ready(id.clone()) {
            return Begin::NotReady;
        }
        let key = (lease.lane.clone(), id.clone());
        let begun = self.start(lease, &key, policy, now);
        self.lane(&lease.lane).state.progressed();
        match begun {
            Begun::Attempt { number, kind } => {
                Begin::Attempt { job: Box::new(self.row(&key).job.clone()), number, kind }
            }
            Begun::Held => Begin::Held,
        }
    }

    fn start(&mut self, lease: &Lease, key: &JobKey, policy: Policy, now: Timestamp) -> Begun {
        let row = self.row(key);
        let begun = row.job.begin(lease.fence, policy, now).expect("what is ready may begin");
        match &begun {
            Begun::Attempt { number, kind } => {
                let look_up = *kind == AttemptKind::LookUp;
                row.note(now, Happened::Began { attempt: *number, fence: lease.fence, look_up });
            }
            Begun::Held => self.note_hold(key, now),
        }
        begun
    }

    fn note_hold(&mut self, key: &JobKey, now: Timestamp) {
        let row = self.row(key);
        if let State::Held(hold) = &row.job.state {
            let (number, reason, evidence) = (hold.number, hold.reason, hold.evidence.clone());
            row.note(now, Happened::Held { number, reason, evidence });
        }
    }

    /// The head and those right behind it, as long as each may go with others; one alone goes the ordinary way.
    pub(super) fn burst(&mut self, lease: &Lease, max: u32, policy: Policy, now: Timestamp) -> Burst {
        if !self.honours(lease) {
            return Burst::Lost;
        }
        let line = self.line(&lease.lane);
        let Pick::Ready(head) = self.pick(&lease.lane, now) else { return Burst::Alone };
        let from_head = line.into_iter().map(|entry| entry.job).skip_while(|job| *job != head);
        let keys = from_head.map(|job| (lease.lane.clone(), job));
        let together: Vec<JobKey> =
            keys.take(max.max(1) as usize).take_while(|key| self.jobs[key].job.may_burst()).collect();
        if together.len() < 2 || self.lane(&lease.lane).state.is_paused(now) {
            return Burst::Alone;
        }
        let mut begun = Vec::new();
        for key in together {
            match self.start(lease, &key, policy, now) {
                Begun::Attempt { number, .. } => begun.push((Box::new(self.row(&key).job.clone()), number)),
                Begun::Held => unreachable!("what was never begun is not held"),
            }
        }
        self.lane(&lease.lane).state.progressed();
        Burst::Begun(begun)
    }

    pub(super) fn complete(
        &mut self,
        lease: &Lease,
        id: &JobId,
        report: &Report,
        policy: Policy,
        chance: f64,
        now: Timestamp,
    ) -> Complete {
        let key = (lease.lane.clone(), id.clone());
        let running = self.jobs.get(&key).and_then(|row| row.job.attempting_fence());
        if !self.honours(lease) || running != Some(lease.fence) {
            return Complete::Lost;
        }
        let (shop, began) = (self.row(&key).job.shop.clone(), self.row(&key).job.changed_at);
        if self.learn(&key, &shop, &report.learnt.parts, began) {
            self.row(&key).job.touch(now).expect("every state may be touched");
        }
        let row = self.row(&key);
        let attempt = row.job.begun;
        let completion = row.job.complete(report, policy, chance, now).expect("a running attempt completes");
        self.place(&key, completion.placing);
        let row = self.row(&key);
        let state = row.job.state.kind();
        let (outcome, words) = (report.outcome.label().to_owned(), report.outcome.words());
        row.note(now, Happened::Ended { attempt, outcome, words, state, calls: report.calls.clone() });
        for shipped in &report.learnt.shipped {
            row.note(now, Happened::Shipped(shipped.clone()));
        }
        if completion.reopened {
            row.note(now, Happened::Reopened { why: "a newer version came while it was worked on".to_owned() });
        } else if report.outcome == Outcome::Skip(SkipReason::UnknownToShop) {
            // The newest webhook that led here named the wrong shop, perhaps.
            if let Some((letter, id)) = self.row(&key).led.clone() {
                self.kept.retain(|kept| kept.letter != letter);
                let (why, job) = (QuarantineReason::UnknownToShop, Some(key.clone()));
                self.kept.push(Arc::new(Kept { letter, shop: Some(shop), why, job, id }));
            }
        }
        self.note_hold(&key, now);
        let lane = &mut self.lane(&lease.lane).state;
        lane.progressed();
        let stands = lane.paused.as_ref().is_some_and(|pause| pause.until.is_none());
        if let Some((why, until)) = completion.pause.filter(|_| !stands) {
            lane.paused = Some(Pause { why, until, by: None, since: now });
        }
        Complete::Recorded { state, reopened: completion.reopened }
    }

    pub(super) fn disturb(&mut self, lane: &LaneKey, id: &JobId, now: Timestamp) -> Answer {
        let key = (lane.clone(), id.clone());
        if let Some(row) = self.known(&key) {
            let placing = row.job.disturb(now).expect("every state may be disturbed");
            row.note(now, Happened::Disturbed);
            self.place(&key, placing);
            self.wake_by(lane, now);
        }
        Answer::Done
    }

    pub(super) fn release(&mut self, lease: &Lease, rest: Option<Rest>, now: Timestamp) -> Release {
        if !self.honours(lease) {
            return Release::Lost;
        }
        let picked = self.pick(&lease.lane, now);
        let wake = match (&self.lane(&lease.lane).state.paused, picked) {
            (Some(pause), _) => pause.until,
            (None, Pick::Ready(_)) => match &rest {
                Some(rest) => Some(rest.until),
                None => return Release::MoreWork,
            },
            (None, Pick::NotUntil { at, .. }) => Some(at),
            (None, Pick::Blocked { next, .. } | Pick::Nothing { next }) => next,
        };
        self.lane(&lease.lane).state.release(rest);
        self.set_wake(&lease.lane, wake);
        Release::Released { wake }
    }

    pub(super) fn hand_back(&mut self, lease: &Lease, now: Timestamp) -> Answer {
        if self.honours(lease) {
            self.lane(&lease.lane).state.release(None);
            self.set_wake(&lease.lane, Some(now));
        }
        Answer::Done
    }
}
