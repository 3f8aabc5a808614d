//! A worker: one wake-up, one lane, one job after another. Each step is one write of the ledger, one call, or one word to
//! the queue; between any two of them everything else may happen.

use std::hash::{DefaultHasher, Hash};
use std::sync::Arc;

use lane::line::Pick;

use crate::attempt::{Aim, Attempt, Doing, Ending};
use crate::model::Protocol;
use crate::world::{Breach, Holder, Status, Stock, WAITING_MAX, World};

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Worker {
    pub(crate) step: Step,
    /// The fence of its lease; 0 without one.
    pub(crate) fence: u64,
    pub(crate) attempt: Option<Attempt>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Step {
    #[default]
    Idle,
    /// It has heard a wake-up, and wants the lease.
    Woken,
    /// It has the lease, and looks for the head.
    Leased,
    /// It has seen the head, and wants to begin.
    Headed(usize),
    /// An attempt is under way.
    Working,
    /// Nothing was ready; it gives the lease back.
    Releasing(Pick),
    /// The run is over.
    Settling(Ran),
}

/// What becomes of the wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ran {
    Delete,
    Hide,
    Show,
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Luck {
    Well,
    /// A write goes through, and its answer is lost.
    LostAnswer,
    RefusedForNow,
    RefusedForGood,
    /// The run was long enough.
    RunEnds,
    /// The head has to wait for the limiter.
    LimiterSaysLater,
}

impl Worker {
    pub(crate) fn project(&self, rank: &impl Fn(u64) -> usize, to: &mut DefaultHasher) {
        rank(self.fence).hash(to);
        std::mem::discriminant(&self.step).hash(to);
        match &self.step {
            Step::Headed(job) => job.hash(to),
            Step::Settling(ran) => ran.hash(to),
            Step::Releasing(Pick::NotUntil { .. }) => 1.hash(to),
            Step::Releasing(Pick::Blocked { next, .. } | Pick::Nothing { next }) => next.is_some().hash(to),
            Step::Releasing(Pick::Ready(_)) | Step::Idle | Step::Woken | Step::Leased | Step::Working => {}
        }
        self.attempt.is_some().hash(to);
        if let Some(attempt) = &self.attempt {
            attempt.project(to);
        }
    }

    fn end(&mut self, ran: Ran) {
        *self = Self { step: Step::Settling(ran), fence: 0, attempt: None };
    }
}

impl World {
    /// Hears a wake-up.
    pub(crate) fn receive(&mut self, worker: usize) {
        self.queue.waiting -= 1;
        self.queue.held = Some(Holder::Worker(worker));
        self.workers[worker].step = Step::Woken;
    }

    /// A held wake-up shows again.
    pub(crate) fn show_again(&mut self) {
        self.queue.held = None;
        self.queue.waiting = (self.queue.waiting + 1).min(WAITING_MAX);
    }

    /// The worker dies. Its lease and its wake-up stay until their time is over.
    pub(crate) fn crash(&mut self, worker: usize) {
        self.workers[worker] = Worker::default();
        if self.queue.held == Some(Holder::Worker(worker)) {
            self.queue.held = Some(Holder::Time);
        }
    }

    pub(crate) fn step(&mut self, protocol: &Protocol, worker: usize, luck: Luck) {
        let fence = self.workers[worker].fence;
        let honoured = self.honoured(worker);
        match self.workers[worker].step.clone() {
            Step::Idle => unreachable!("an idle worker waits for a wake-up"),
            Step::Woken => match self.lease() {
                Some(fence) => {
                    self.workers[worker].fence = fence;
                    self.workers[worker].step = Step::Leased;
                }
                None if protocol.rules.hide_while_busy => self.workers[worker].end(Ran::Hide),
                None => self.workers[worker].end(Ran::Delete),
            },
            Step::Leased if luck == Luck::RunEnds => {
                if honoured {
                    self.let_go(true);
                }
                self.workers[worker].end(Ran::Show);
            }
            Step::Leased | Step::Headed(_) | Step::Releasing(_) if !honoured => self.workers[worker].end(Ran::Show),
            Step::Leased => self.look(worker),
            Step::Headed(_) if luck == Luck::LimiterSaysLater => {
                self.let_go(true);
                self.workers[worker].end(Ran::Hide);
            }
            Step::Headed(job) if protocol.rules.begin_before_fetch => self.begin_now(worker, job),
            Step::Headed(job) => {
                let attempt = Attempt::new(job, self.row(job), Doing::Fetch);
                self.workers[worker].step = Step::Working;
                self.workers[worker].attempt = Some(attempt);
            }
            Step::Working => self.work(protocol, worker, fence, luck),
            Step::Releasing(seen) => {
                if self.release(&protocol.rules, &seen) {
                    let ran = if matches!(seen, Pick::NotUntil { .. }) { Ran::Hide } else { Ran::Delete };
                    self.workers[worker].end(ran);
                } else {
                    self.workers[worker].step = Step::Leased;
                }
            }
            Step::Settling(ran) => {
                self.settle(worker, ran);
                self.workers[worker] = Worker::default();
            }
        }
    }

    fn look(&mut self, worker: usize) {
        self.workers[worker].step = match self.pick() {
            Pick::Ready(id) => {
                let head = self.rows.iter().position(|row| row.as_ref().is_some_and(|row| row.job.id == id));
                Step::Headed(head.expect("the head is a job"))
            }
            waits @ (Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. }) => Step::Releasing(waits),
        };
    }

    fn begin_now(&mut self, worker: usize, job: usize) {
        let fence = self.workers[worker].fence;
        if self.begin(job, fence) {
            let attempt = Attempt::new(job, self.row(job), Doing::Fetch);
            self.workers[worker].step = Step::Working;
            self.workers[worker].attempt = Some(attempt);
        } else {
            self.workers[worker].step = Step::Releasing(Pick::Nothing { next: None });
        }
    }

    /// The receipt of a wake-up that showed again meanwhile is powerless.
    fn settle(&mut self, worker: usize, ran: Ran) {
        if self.queue.held != Some(Holder::Worker(worker)) {
            return;
        }
        match ran {
            Ran::Delete => self.queue.held = None,
            Ran::Hide => self.queue.held = Some(Holder::Time),
            Ran::Show => self.show_again(),
        }
    }

    fn work(&mut self, protocol: &Protocol, worker: usize, fence: u64, luck: Luck) {
        let mut attempt = self.workers[worker].attempt.take().expect("a working worker has an attempt");
        let job = attempt.job;
        match attempt.doing {
            Doing::Fetch => {
                let order = self.shop[job];
                attempt.fetched = Some((order.version, order.cancelled.is_some()));
                if protocol.rules.begin_before_fetch {
                    attempt.after_fetch(protocol);
                } else {
                    attempt.doing = Doing::Begin;
                }
            }
            Doing::Begin => {
                if !self.lane.honours(fence) {
                    return self.workers[worker].end(Ran::Show);
                }
                if !self.begin(job, fence) {
                    self.workers[worker].step = Step::Releasing(Pick::Nothing { next: None });
                    return;
                }
                attempt.was = Arc::clone(self.row(job));
                attempt.reach = attempt.was.job.reach.clone();
                attempt.after_fetch(protocol);
            }
            Doing::Find => {
                let found = self.warehouse[job];
                attempt.find(protocol, found);
            }
            Doing::Write(whole, aim) => self.write(protocol, worker, &mut attempt, (whole, aim), luck),
            Doing::ReadBack(wrote, aim) => {
                let stands = self.warehouse[job].expect("nothing is ever deleted at the warehouse");
                attempt.read_back(wrote, aim, stands);
            }
            Doing::Complete(ending) => return self.end_attempt(protocol, worker, attempt, ending),
            Doing::Disturb => {
                self.disturb(job);
                return self.workers[worker].end(Ran::Show);
            }
        }
        self.workers[worker].attempt = Some(attempt);
    }

    fn end_attempt(&mut self, protocol: &Protocol, worker: usize, mut attempt: Attempt, ending: Ending) {
        let (job, fence) = (attempt.job, self.workers[worker].fence);
        let was = self.row(job).aside;
        if self.complete(&protocol.rules, job, fence, &attempt.report(ending)) {
            self.workers[worker].step = Step::Leased;
            if ending == Ending::Done && was && self.row(job).approved != 0 {
                protocol.witness.approved_and_done.add();
            }
            return;
        }
        if attempt.late {
            protocol.witness.late_write_refused.add();
        }
        if attempt.left && protocol.rules.disturb {
            attempt.doing = Doing::Disturb;
            self.workers[worker].attempt = Some(attempt);
        } else {
            self.workers[worker].end(Ran::Show);
        }
    }

    /// A call that changes something at the warehouse.
    fn write(&mut self, protocol: &Protocol, worker: usize, attempt: &mut Attempt, call: (Stock, Aim), luck: Luck) {
        let (whole, aim) = call;
        let job = attempt.job;
        attempt.left = true;
        match luck {
            Luck::RefusedForNow => return attempt.doing = Doing::Complete(Ending::Retry),
            Luck::RefusedForGood => return attempt.doing = Doing::Complete(Ending::Fail),
            Luck::Well | Luck::LostAnswer | Luck::RunEnds | Luck::LimiterSaysLater => {}
        }
        let before = attempt.writes(whole, aim);
        self.watch(protocol, worker, attempt, whole, aim);
        self.warehouse[job] = Some(whole);
        if luck == Luck::LostAnswer {
            attempt.unanswered(&before);
        } else {
            attempt.doing = Doing::ReadBack(whole, aim);
        }
    }

    /// What no call may do.
    fn watch(&mut self, protocol: &Protocol, worker: usize, attempt: &mut Attempt, whole: Stock, aim: Aim) {
        let (job, fence) = (attempt.job, self.workers[worker].fence);
        let ships = whole.status == Status::Ships && matches!(aim, Aim::Carry { .. });
        if self.lane.is_newest(fence) {
            if self.row(job).job.attempting_fence().map(|fence| fence.0) != Some(fence) {
                self.breach(Breach::NoIntent);
            }
        } else {
            attempt.late = true;
        }
        if attempt.was.job.attempting_fence().map(|fence| fence.0) != Some(fence) {
            self.breach(Breach::NoIntent);
        }
        if ships && protocol.scenario.is_doubtful(job, whole.bytes) && self.row(job).approved & (1 << whole.bytes) == 0
        {
            self.breach(Breach::NotApproved);
        }
        let no_zombie_yet = self.left.zombies == protocol.scenario.bounds.zombies;
        if no_zombie_yet && self.warehouse[job].is_some_and(|there| whole.bytes < there.bytes) {
            self.breach(Breach::WentBack);
        }
    }
}
