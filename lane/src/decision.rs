//! Decisions: approve, reject or retry; who, when, why, about which hold and what was shown.

mod undo;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::hold::Approval;
use crate::id::{Fingerprint, JobId, LaneKey, OperatorId};
use crate::job::{Job, Rejection};
use crate::outcome::Reach;
use crate::state::{ImpossibleMove, Move, State, StateKind};
use crate::wake_up::SendKind;

pub use undo::{NotUndone, Undo, Undoable};

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Carry it out as shown.
    Approve,
    /// Never carry it out.
    Reject,
    /// Try again.
    Retry,
}

impl Verdict {
    /// The word for rows and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retry => "retry",
        }
    }
}

/// A decision as an operator makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The job's lane.
    pub lane: LaneKey,
    /// The job.
    pub job: JobId,
    /// What was decided.
    pub verdict: Verdict,
    /// Which question it answers ([`Question::number`]).
    pub hold: u32,
    /// What was shown ([`Question::fingerprint`]).
    pub fingerprint: Fingerprint,
    /// Who.
    pub by: OperatorId,
    /// What they wrote.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// When it takes effect; until then it can be taken back. `at` or earlier: at once.
    pub takes_effect: Timestamp,
}

/// What a person is asked, and what a decision must name so that it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Counts the times the job needed a person.
    pub number: u32,
    /// Hash of what is shown.
    pub fingerprint: Fingerprint,
    /// The verdicts that are possible.
    pub verdicts: Vec<Verdict>,
}

/// Why a decision had no effect. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The job does not wait for a decision (any more), or for another one.
    #[error("the job is {} now and has no such question; look at it again", .now.as_str())]
    NoSuchQuestion {
        /// Its state.
        now: StateKind,
    },
    /// The order or the difference is not the one that was shown.
    #[error("the order changed since it was shown; look at it again")]
    Changed,
    /// The verdict does not fit the state.
    #[error(transparent)]
    Impossible(#[from] ImpossibleMove),
}

impl Job {
    /// What a person may decide about this job now.
    pub fn question(&self) -> Option<Question> {
        match &self.state {
            State::Held(hold) => Some(Question {
                number: hold.number,
                fingerprint: shown(&hold.fingerprint, hold.difference.as_ref()),
                verdicts: vec![Verdict::Approve, Verdict::Reject],
            }),
            State::Failed { number, .. } => Some(Question {
                number: *number,
                fingerprint: asked_as("failed", &self.fingerprint),
                verdicts: vec![Verdict::Retry, Verdict::Reject],
            }),
            // Nobody asked, but an operator may stop it; the number is the next one, so that it is answered once.
            State::Retrying { .. } => Some(Question {
                number: self.questions + 1,
                fingerprint: asked_as("retrying", &self.fingerprint),
                verdicts: vec![Verdict::Reject],
            }),
            State::Waiting { .. }
            | State::Attempting { .. }
            | State::Done { .. }
            | State::Skipped { .. }
            | State::Rejected { .. } => None,
        }
    }

    /// Applies a decision that names the current question and what was shown. Says which wake-up it causes: also
    /// where it takes effect later, because whoever is woken learns of the time.
    pub fn decide(&mut self, decision: &Decision) -> Result<Option<SendKind>, Refused> {
        let now = self.state.kind();
        let question = self.question().ok_or(Refused::NoSuchQuestion { now })?;
        if question.number != decision.hold {
            return Err(Refused::NoSuchQuestion { now });
        }
        if question.fingerprint != decision.fingerprint {
            return Err(Refused::Changed);
        }
        let approval = if let State::Held(hold) = &self.state {
            let (fingerprint, difference) = (hold.fingerprint.clone(), hold.difference.clone());
            Some(Approval { hold: hold.number, fingerprint, difference })
        } else {
            None
        };
        let undo = Undoable::before(self, decision);
        let not_before = undo.as_ref().map(|undo| undo.until);
        let (by, send) = match decision.verdict {
            Verdict::Approve => (Move::Approve { not_before }, Some(SendKind::Approved)),
            Verdict::Retry => (Move::Retry { not_before }, Some(SendKind::Again)),
            Verdict::Reject if self.reach == Reach::Untouched => {
                (Move::Reject { by: decision.by.clone(), why: decision.note.clone() }, None)
            }
            // Something of it may be at the warehouse, and would ship from there: it is taken back first.
            Verdict::Reject => (Move::Withdraw { not_before }, Some(SendKind::Again)),
        };
        self.go(by, decision.at)?;
        if decision.verdict == Verdict::Reject && send.is_some() {
            self.rejecting = Some(Rejection { by: decision.by.clone(), why: decision.note.clone() });
        }
        if decision.verdict == Verdict::Approve {
            self.approved = approval;
        }
        self.questions = self.questions.max(decision.hold);
        self.undo = undo;
        Ok(send)
    }
}

/// The same order asked about in another state is another question.
fn asked_as(state: &str, fingerprint: &Fingerprint) -> Fingerprint {
    Fingerprint::of(format!("{state} {fingerprint}").as_bytes())
}

/// A read-back difference is part of what was shown.
fn shown(fetched: &Fingerprint, difference: Option<&Fingerprint>) -> Fingerprint {
    difference
        .map_or_else(|| fetched.clone(), |difference| Fingerprint::of(format!("{fetched}{difference}").as_bytes()))
}
