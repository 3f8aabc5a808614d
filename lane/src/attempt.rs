//! The life of an attempt: begun before any call leaves, completed under the same fence, disturbed when a worker that
//! had lost its lease may have written after all.

use crate::clock::{Timestamp, after};
use crate::hold::{Approval, Fact, Hold, HoldReason};
use crate::id::Fence;
use crate::job::{Job, Rejection};
use crate::outcome::{Outcome, PauseReason, Reach, Report, Trouble};
use crate::policy::Policy;
use crate::retry::{ATTEMPTS_MAX, delay_before};
use crate::shop::SkipReason;
use crate::state::{ImpossibleMove, Move, Placing, State, StateKind};

/// What the attempt may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptKind {
    /// The whole way: fetch, judge, put, read back.
    Full,
    /// Attempts are used up: only find out whether the warehouse has it.
    LookUp,
}

/// How an attempt began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It began, with this number.
    Attempt {
        /// Numbers it in the timeline.
        number: u32,
        /// What it may do.
        kind: AttemptKind,
    },
    /// Too many workers died on it, the last one while only looking: the job is held instead.
    Held,
}

/// What completing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Whether the job goes to the end because it was reopened.
    pub placing: Placing,
    /// A newer version or a disturbance came during the attempt; the job is back in line.
    pub reopened: bool,
    /// The lane must be paused.
    pub pause: Option<(PauseReason, Option<Timestamp>)>,
}

impl Job {
    /// Begins an attempt under `fence`. An attempt found under way belongs to a worker that died: whatever it wrote is
    /// unresolved.
    pub fn begin(&mut self, fence: Fence, policy: Policy, now: Timestamp) -> Result<Begun, ImpossibleMove> {
        if self.state.kind() == StateKind::Attempting {
            self.reach = std::mem::take(&mut self.reach).or_overwritten();
            if self.attempts > ATTEMPTS_MAX {
                let evidence = vec![Fact::new("attempts", self.begun), Fact::new("workers", "the last ones died")];
                self.hold(HoldReason::InDoubt, evidence, policy, now)?;
                return Ok(Begun::Held);
            }
        }
        let kind = if self.attempts >= ATTEMPTS_MAX { AttemptKind::LookUp } else { AttemptKind::Full };
        let number = self.begun + 1;
        self.go(Move::Begin { attempt: number, fence }, now)?;
        self.undo = None;
        self.begun = number;
        self.attempts += 1;
        self.begun_version = self.version;
        self.disturbed = false;
        Ok(Begun::Attempt { number, kind })
    }

    /// Completes the running attempt. `chance` in `0.0..1.0` spreads the retries.
    pub fn complete(
        &mut self,
        report: &Report,
        policy: Policy,
        chance: f64,
        now: Timestamp,
    ) -> Result<Completion, ImpossibleMove> {
        self.reach = report.reach.clone();
        if self.redacted {
            return self.end_redacted(&report.outcome, chance, now);
        }
        self.learn(report);
        let overtaken = self.version > self.begun_version || self.disturbed;
        if self.disturbed {
            self.reach = std::mem::take(&mut self.reach).or_overwritten();
        }
        let mut completion = Completion { placing: Placing::Keep, reopened: false, pause: None };
        let waits_for_something = matches!(report.outcome, Outcome::Hold { .. } | Outcome::Wait { stops: false, .. });
        if overtaken && waits_for_something {
            // Nobody should decide on a version that is no longer the newest, and what was waited for may be what has
            // changed: it is judged again.
            self.put_back(None, true, now)?;
            completion.reopened = true;
            return Ok(completion);
        }
        self.settle(&report.outcome, policy, chance, now)?;
        if self.state.kind() == StateKind::Done && !overtaken {
            self.shipped_untold = false;
        }
        if let Outcome::Pause { why, until } = &report.outcome {
            completion.pause = Some((why.clone(), *until));
        }
        let ended =
            matches!(self.state.kind(), StateKind::Done | StateKind::Skipped | StateKind::Failed | StateKind::Held);
        if overtaken && ended {
            completion.placing = self.go(Move::Newer, now)?;
            completion.reopened = true;
        }
        if self.disturbed && self.state.kind() == StateKind::Rejected {
            // What was taken back may have been written anew since it was looked at; no newer version brings it back, but
            // this does, to be taken back once more.
            completion.placing = self.go(Move::Disturb, now)?;
            completion.reopened = true;
        }
        self.disturbed = false;
        Ok(completion)
    }

    fn learn(&mut self, report: &Report) {
        self.marks.learn(report.learnt.marks.clone());
        if let Some(seen) = &report.learnt.seen {
            self.seen = Some(Box::new(seen.clone()));
        }
    }

    /// Nothing of what the attempt saw is kept.
    fn end_redacted(&mut self, outcome: &Outcome, chance: f64, now: Timestamp) -> Result<Completion, ImpossibleMove> {
        let mut completion = Completion { placing: Placing::Keep, reopened: false, pause: None };
        if self.rejecting.is_some() && self.put_off_taking_back(outcome, chance, now)? {
            if let Outcome::Pause { why, until } = outcome {
                completion.pause = Some((why.clone(), *until));
            }
            self.disturbed = false;
            self.forget_people();
            return Ok(completion);
        }
        let by = match outcome {
            Outcome::Done(proof) => Move::Finish(proof.clone()),
            Outcome::Withdrawn if let Some(Rejection { by, .. }) = &self.rejecting => {
                Move::Refuse { by: by.clone(), why: String::new() }
            }
            Outcome::Retry { .. }
            | Outcome::Hold { .. }
            | Outcome::Fail(_)
            | Outcome::Skip(_)
            | Outcome::Withdrawn
            | Outcome::Wait { .. }
            | Outcome::Pause { .. } => Move::Skip(SkipReason::Redacted),
        };
        self.disturbed = false;
        self.go(by, now)?;
        self.redact(now)?;
        Ok(completion)
    }

    /// Whether taking a forgotten order back is not over yet: then it stays in line, without the words of what happened.
    fn put_off_taking_back(&mut self, outcome: &Outcome, chance: f64, now: Timestamp) -> Result<bool, ImpossibleMove> {
        match outcome {
            Outcome::Retry { after: asked, .. } if self.attempts < ATTEMPTS_MAX => {
                let wait = asked.unwrap_or_else(|| delay_before(self.attempts + 1, chance));
                self.go(Move::PutBack { not_before: Some(after(now, wait)), stops: false }, now)?;
                Ok(true)
            }
            Outcome::Wait { until, stops, .. } => {
                self.put_back(Some(*until).filter(|at| *at > now), *stops, now).map(|()| true)
            }
            Outcome::Pause { .. } => self.put_back(None, true, now).map(|()| true),
            Outcome::Retry { .. }
            | Outcome::Done(_)
            | Outcome::Hold { .. }
            | Outcome::Fail(_)
            | Outcome::Skip(_)
            | Outcome::Withdrawn => Ok(false),
        }
    }

    fn settle(&mut self, outcome: &Outcome, policy: Policy, chance: f64, now: Timestamp) -> Result<(), ImpossibleMove> {
        match outcome {
            Outcome::Done(proof) => {
                self.approved = None;
                self.restored = false;
                self.passed = Some(proof.fingerprint.clone());
                self.go(Move::Finish(proof.clone()), now)?;
            }
            Outcome::Retry { after: asked, error } => {
                if self.attempts < ATTEMPTS_MAX || (self.attempts == ATTEMPTS_MAX && self.reach != Reach::Untouched) {
                    let wait = asked.unwrap_or_else(|| delay_before(self.attempts + 1, chance));
                    let (due, stops) = (after(now, wait), policy.retry.stops());
                    self.go(Move::RetryAt { due, stops, error: error.clone() }, now)?;
                } else if self.reach == Reach::Untouched {
                    self.give_up(error.clone(), policy, now)?;
                } else {
                    let evidence = vec![Fact::new("last trouble", &error.words), Fact::new("attempts", self.begun)];
                    self.hold(HoldReason::InDoubt, evidence, policy, now)?;
                }
            }
            Outcome::Hold { reason, evidence, fingerprint, difference } => {
                // A refusal stands while somebody is asked about taking the order back: their answer never brings it on.
                self.questions += 1;
                let hold = Hold {
                    number: self.questions,
                    reason: *reason,
                    evidence: evidence.clone(),
                    fingerprint: fingerprint.clone(),
                    difference: difference.clone(),
                    since: now,
                    stops: policy.hold.stops(),
                };
                self.go(Move::HoldFor(hold), now)?;
            }
            Outcome::Fail(error) => self.give_up(error.clone(), policy, now)?,
            Outcome::Skip(why) => {
                // What was accepted has come to its end, and opens nothing if the order comes back.
                self.approved = None;
                self.go(Move::Skip(why.clone()), now)?;
            }
            Outcome::Withdrawn => {
                // Without a refusal there is nothing to withdraw for; it is judged again.
                match self.rejecting.clone() {
                    Some(Rejection { by, why }) => self.go(Move::Refuse { by, why }, now)?,
                    None => self.go(Move::PutBack { not_before: None, stops: true }, now)?,
                };
            }
            // What waits for a time that has come is ready.
            Outcome::Wait { until, stops, .. } => self.put_back(Some(*until).filter(|at| *at > now), *stops, now)?,
            Outcome::Pause { .. } => self.put_back(None, true, now)?,
        }
        Ok(())
    }

    fn put_back(&mut self, not_before: Option<Timestamp>, stops: bool, now: Timestamp) -> Result<(), ImpossibleMove> {
        self.go(Move::PutBack { not_before, stops }, now)?;
        self.attempts = self.attempts.saturating_sub(1);
        Ok(())
    }

    fn give_up(&mut self, error: Trouble, policy: Policy, now: Timestamp) -> Result<(), ImpossibleMove> {
        self.questions += 1;
        let stops = policy.fail.stops();
        self.go(Move::GiveUp { number: self.questions, error, stops, at: now }, now)?;
        Ok(())
    }

    fn hold(
        &mut self,
        reason: HoldReason,
        evidence: Vec<Fact>,
        policy: Policy,
        now: Timestamp,
    ) -> Result<(), ImpossibleMove> {
        self.questions += 1;
        let hold = Hold {
            number: self.questions,
            reason,
            evidence,
            fingerprint: self.fingerprint.clone(),
            difference: None,
            since: now,
            stops: policy.hold.stops(),
        };
        self.go(Move::HoldFor(hold), now)?;
        Ok(())
    }

    /// A worker without a lease may have written. A running attempt learns of it when it completes; an ended job is
    /// reopened, so that what was overwritten is put right.
    pub fn disturb(&mut self, now: Timestamp) -> Result<Placing, ImpossibleMove> {
        if self.redacted {
            // Nobody may look at the order again, so nothing can be put right.
            return Ok(Placing::Keep);
        }
        self.reach = std::mem::take(&mut self.reach).or_overwritten();
        self.disturbed = true;
        if let State::Rejected { by, why } = &self.state {
            self.rejecting = Some(Rejection { by: by.clone(), why: why.clone() });
        }
        self.go(Move::Disturb, now)
    }

    /// Whether a person accepted exactly this order.
    pub fn accepts(&self, fetched: &crate::id::Fingerprint) -> Option<&Approval> {
        self.approved.as_ref().filter(|approval| approval.fingerprint == *fetched)
    }

    /// The fence the running attempt was begun under.
    pub fn attempting_fence(&self) -> Option<Fence> {
        if let State::Attempting { fence, .. } = self.state { Some(fence) } else { None }
    }
}
