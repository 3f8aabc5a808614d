//! What the ledger does in one write, as its ports tell it: re-told in the order of the real writes, around the real
//! functions of `lane`.

use std::sync::Arc;

use lane::attempt::Begun;
use lane::decision::{Decision, Undo, Verdict};
use lane::id::{CorrelationId, Fence, JobId, OperatorId, Place};
use lane::job::{Heard, Job};
use lane::line::{Leased, Pick, pick};
use lane::marks::Marks;
use lane::outcome::Report;
use lane::policy::Policy;
use lane::shop::Qualification;
use lane::state::{Placing, StateKind};
use lane::wake_up::{DedupId, SendKind};
use lane::webhook::OrderNews;

use crate::rules::Rules;
use crate::world::{Breach, Row, Screen, World, fingerprint, lane_key, later, now, shop_id, told_at};

/// Whose write a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Webhook,
    /// A worker, with the fence of its lease.
    Worker(u64),
    Disturbance,
    Person,
}

/// A wake-up to be sent once the write is committed.
pub(crate) type Send = Option<(usize, SendKind)>;

fn id(job: usize) -> JobId {
    JobId::from(job as u64)
}

/// The shop's order in the words of its webhook.
fn news(world: &World, job: usize, version: u8) -> OrderNews {
    OrderNews {
        id: id(job),
        number: format!("#{job}"),
        updated_at: Some(told_at(version)),
        fingerprint: fingerprint(job, version),
        cancelled: world.shop[job].cancelled.is_some_and(|since| since <= version),
        test: false,
        financial_status: "paid".to_owned(),
        ships_something: true,
        marks: Marks::default(),
    }
}

impl World {
    /// Takes a webhook in.
    pub(crate) fn record(&mut self, job: usize, version: u8) -> Send {
        let news = news(self, job, version);
        let judged = Qualification::default().judge(&news);
        let Some(row) = self.rows[job].clone() else {
            let accepted = self.rows.iter().flatten().count();
            let correlation = CorrelationId::of(&[0; 32], now());
            let place = self.end_of_lane();
            let new = Job::accept(lane_key(), shop_id(), &news, judged, place, correlation, now());
            let aside = new.in_line().is_none();
            let row = Row {
                job: new,
                accepted,
                aside,
                approved: 0,
                approved_at: 0,
                approved_before: (0, 0),
                decided: Vec::new(),
            };
            self.rows[job] = Some(Arc::new(row));
            return self.wake_waiting(job, SendKind::First);
        };
        let mut told = row.job.clone();
        let Heard::Newer(placing) = told.hear(&news, judged, now()).unwrap() else {
            self.save(job, told, Placing::Keep, By::Webhook);
            return None;
        };
        self.save(job, told, placing, By::Webhook);
        let send = self.wake_waiting(job, SendKind::Again);
        if self.row(job).job.in_line().is_none() {
            self.lane.wake = true;
        }
        send
    }

    fn wake_waiting(&mut self, job: usize, kind: SendKind) -> Send {
        if self.kind(job) != Some(StateKind::Waiting) {
            return None;
        }
        self.lane.wake = true;
        Some((job, kind))
    }

    fn end_of_lane(&mut self) -> Place {
        self.lane.places += 1;
        Place(self.lane.places)
    }

    /// Who goes next.
    pub(crate) fn pick(&self) -> Pick {
        let mut line: Vec<_> = self.rows.iter().flatten().filter_map(|row| row.job.in_line()).collect();
        line.sort_by_key(|entry| entry.place);
        pick(line, now())
    }

    /// The lease, if the lane is free.
    pub(crate) fn lease(&mut self) -> Option<u64> {
        let mut real = self.lane.real();
        let before = real.fence;
        match real.lease(&lane_key(), "worker", now(), later()) {
            Leased::Yes(lease) => {
                self.lane.take(&real);
                self.lane.wake = true;
                if lease.fence.0 <= before {
                    self.breach(Breach::FenceFell);
                }
                Some(lease.fence.0)
            }
            Leased::Busy { .. } => None,
            Leased::Paused { .. } => unreachable!("the bounds are below the strikes that pause a lane"),
        }
    }

    /// Begins an attempt at the head, if it still is the head. The caller holds the lease.
    pub(crate) fn begin(&mut self, job: usize, fence: u64) -> bool {
        if self.pick() != Pick::Ready(id(job)) {
            return false;
        }
        let before = self.row(job);
        let passed_over = |other: &Row| {
            let ended = matches!(other.job.state.kind(), StateKind::Done | StateKind::Skipped | StateKind::Rejected);
            other.accepted < before.accepted && !other.aside && !ended
        };
        if !before.aside && self.rows.iter().flatten().any(|other| passed_over(other)) {
            self.breach(Breach::OutOfOrder);
        }
        let mut begun = self.row(job).job.clone();
        let how = begun.begin(Fence(fence), Policy::default(), now()).unwrap();
        assert!(matches!(how, Begun::Attempt { .. }), "the bounds are below the attempts that use a job up");
        self.save(job, begun, Placing::Keep, By::Worker(fence));
        true
    }

    /// Records an attempt; `false` if its fence is old.
    pub(crate) fn complete(&mut self, rules: &Rules, job: usize, fence: u64, report: &Report) -> bool {
        let ours = self.row(job).job.attempting_fence() == Some(Fence(fence));
        let fenced = self.lane.honours(fence) && ours;
        let may = if rules.fenced_completion { fenced } else { self.kind(job) == Some(StateKind::Attempting) };
        if !may {
            return false;
        }
        let mut ended = self.row(job).job.clone();
        let completion = ended.complete(report, Policy::default(), 0.5, now()).unwrap();
        self.save(job, ended, completion.placing, By::Worker(fence));
        true
    }

    pub(crate) fn disturb(&mut self, job: usize) {
        let mut disturbed = self.row(job).job.clone();
        let placing = disturbed.disturb(now()).unwrap();
        self.save(job, disturbed, placing, By::Disturbance);
        self.lane.wake = true;
    }

    /// Gives the lease back; `false` if something is ready after all. `seen` is what the last look at the line found,
    /// which counts only where the line is not looked at again.
    pub(crate) fn release(&mut self, rules: &Rules, seen: &Pick) -> bool {
        let found = if rules.rescan_at_release { self.pick() } else { seen.clone() };
        let wake = match found {
            Pick::Ready(_) => return false,
            Pick::NotUntil { at, .. } => Some(at),
            Pick::Blocked { next, .. } | Pick::Nothing { next } => next,
        };
        self.let_go(wake.is_some());
        true
    }

    /// Gives the lease back with work left, or with a head that waits for the limiter.
    pub(crate) fn let_go(&mut self, wake: bool) {
        let mut real = self.lane.real();
        real.release(None);
        self.lane.take(&real);
        self.lane.wake = wake;
    }

    /// Looks at a lane that is due and that nobody works on.
    pub(crate) fn sweep(&mut self) -> Send {
        let picked = self.pick();
        self.lane.wake = match &picked {
            Pick::Ready(_) | Pick::NotUntil { .. } => true,
            Pick::Blocked { next, .. } | Pick::Nothing { next } => next.is_some(),
        };
        let Pick::Ready(head) = picked else { return None };
        let job = self.rows.iter().position(|row| row.as_ref().is_some_and(|row| row.job.id == head));
        job.map(|job| (job, SendKind::Again))
    }

    /// What a person decides by what they were shown.
    pub(crate) fn decide(&mut self, screen: &Screen, verdict: Verdict) -> Send {
        let row = Arc::clone(self.row(screen.job));
        if row.decided.contains(&screen.number) {
            return None;
        }
        let decision = Decision {
            lane: lane_key(),
            job: id(screen.job),
            verdict,
            hold: screen.number,
            fingerprint: screen.fingerprint.clone(),
            by: OperatorId::parse("ann").unwrap(),
            note: String::new(),
            at: now(),
            takes_effect: if self.left.undos > 0 { later() } else { now() },
        };
        let mut decided = row.job.clone();
        let Ok(kind) = decided.decide(&decision) else { return None };
        if row.job.question().is_none_or(|asked| asked.number != screen.number) {
            self.breach(Breach::DecidedTwice);
        }
        if row.job.state.kind() != screen.of || crate::person::shown(&row.job) != screen.shown {
            self.breach(Breach::NotWhatWasShown);
        }
        self.save(screen.job, decided, Placing::Keep, By::Person);
        let row = Arc::make_mut(self.rows[screen.job].as_mut().unwrap());
        row.decided.push(screen.number);
        row.approved_before = (row.approved, row.approved_at);
        if verdict == Verdict::Approve {
            row.approved |= 1 << screen.shown;
            row.approved_at = row.job.version;
        }
        let send = kind.and_then(|kind| self.wake_waiting(screen.job, kind));
        self.lane.wake = true;
        send
    }

    /// A person takes the newest decision about a job back.
    pub(crate) fn undo(&mut self, job: usize) {
        let (lane, by) = (lane_key(), OperatorId::parse("bob").unwrap());
        let known = self.row(job).job.undoable(now()).expect("it is offered only while it can be had");
        let undo = Undo { lane, job: id(job), hold: known.hold, by, at: now() };
        let mut undone = self.row(job).job.clone();
        undone.undo(&undo).unwrap();
        self.save(job, undone, Placing::Keep, By::Person);
        let row = Arc::make_mut(self.rows[job].as_mut().unwrap());
        (row.approved, row.approved_at) = row.approved_before;
        self.lane.wake = true;
    }

    /// The send behind a committed write. The ordinal was counted in the write.
    pub(crate) fn send(&mut self, rules: &Rules, send: Send, arrives: bool) {
        let Some((job, kind)) = send else { return };
        let row = Arc::make_mut(self.rows[job].as_mut().unwrap());
        let dedup = named(rules, row.job.send(kind, now()).dedup);
        let next = named(rules, row.job.clone().send(kind, now()).dedup);
        if !arrives || self.queue.window.contains(&dedup) {
            return;
        }
        // Ordinals only rise, so what is not the next id of its kind never comes again.
        if dedup == next && kind != SendKind::First {
            self.queue.window.push(dedup);
        }
        self.queue.waiting = (self.queue.waiting + 1).min(crate::world::WAITING_MAX);
    }

    /// Writes a job, and watches what no write may do.
    fn save(&mut self, job: usize, mut new: Job, placing: Placing, by: By) {
        let old = Arc::clone(self.row(job));
        if placing == Placing::End {
            new.place = self.end_of_lane();
        }
        if new.version < old.job.version || new.newest < old.job.newest {
            self.breach(Breach::VersionFell);
        }
        if let By::Worker(fence) = by
            && !self.lane.is_newest(fence)
        {
            self.breach(Breach::OldFenceWrote);
        }
        let (was, is) = (old.job.state.kind(), new.state.kind());
        let stays = match was {
            StateKind::Rejected => matches!(by, By::Disturbance | By::Person),
            StateKind::Done | StateKind::Skipped => matches!(by, By::Webhook | By::Disturbance),
            StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Held | StateKind::Failed => {
                true
            }
        };
        if was != is && !stays {
            self.breach(Breach::TerminalLeft);
        }
        let set_aside =
            placing == Placing::End || matches!(is, StateKind::Held | StateKind::Failed | StateKind::Skipped);
        let row = Row { job: new, aside: old.aside || set_aside, ..Row::clone(&old) };
        self.rows[job] = Some(Arc::new(row));
    }
}

/// The id, without its ordinal if that rule is out.
fn named(rules: &Rules, dedup: DedupId) -> DedupId {
    let text = dedup.as_str();
    match text.rsplit_once('-') {
        Some((name, ordinal)) if !rules.ordinals && ordinal.parse::<u32>().is_ok() => DedupId::given(name),
        Some(_) | None => dedup,
    }
}
