//! Taking a decision back before it takes effect.

use serde::{Deserialize, Serialize};

use super::Decision;
use crate::clock::Timestamp;
use crate::hold::Approval;
use crate::id::{JobId, LaneKey, OperatorId};
use crate::job::{Job, Rejection};
use crate::state::{ImpossibleMove, Move, State, StateKind};

/// A decision is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The job's lane.
    pub lane: LaneKey,
    /// The job.
    pub job: JobId,
    /// The question that was decided ([`Question::number`](super::Question::number)).
    pub hold: u32,
    /// Who takes it back.
    pub by: OperatorId,
    /// When.
    pub at: Timestamp,
}

/// What a job was like before the decision that can still be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoable {
    /// The question that was decided.
    pub hold: u32,
    /// When the decision takes effect. From then on it stands.
    pub until: Timestamp,
    /// Who decided.
    pub by: OperatorId,
    state: State,
    version: u64,
    disturbed: bool,
    attempts: u32,
    approved: Option<Approval>,
    rejecting: Option<Rejection>,
    changed_at: Timestamp,
}

/// Why a decision was not taken back. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUndone {
    /// It has taken effect, it was taken back before, or another one came since.
    #[error("the job is {} now and the decision stands, or was taken back before; look at it again", .now.as_str())]
    Stands {
        /// The job's state.
        now: StateKind,
    },
    /// The state does not allow it.
    #[error(transparent)]
    Impossible(#[from] ImpossibleMove),
}

impl Undoable {
    /// What the decision finds; nothing, if it takes effect at once.
    pub(super) fn before(job: &Job, decision: &Decision) -> Option<Box<Self>> {
        let later = decision.takes_effect > decision.at;
        later.then(|| {
            Box::new(Self {
                hold: decision.hold,
                until: decision.takes_effect,
                by: decision.by.clone(),
                state: job.state.clone(),
                version: job.version,
                disturbed: job.disturbed,
                attempts: job.attempts,
                approved: job.approved.clone(),
                rejecting: job.rejecting.clone(),
                changed_at: job.changed_at,
            })
        })
    }
}

impl Job {
    /// The decision that can be taken back now.
    pub fn undoable(&self, now: Timestamp) -> Option<&Undoable> {
        let stands_in_line_or_refused = match self.state.kind() {
            StateKind::Waiting | StateKind::Rejected => true,
            StateKind::Attempting
            | StateKind::Retrying
            | StateKind::Held
            | StateKind::Done
            | StateKind::Failed
            | StateKind::Skipped => false,
        };
        self.undo.as_deref().filter(|undo| stands_in_line_or_refused && undo.until > now)
    }

    /// Takes a decision back: the same is asked again, under a new number. If the order changed since, it is looked at
    /// again instead, without the decision.
    pub fn undo(&mut self, undo: &Undo) -> Result<(), NotUndone> {
        let now = self.state.kind();
        let known = self.undoable(undo.at).filter(|known| known.hold == undo.hold);
        let before = known.cloned().ok_or(NotUndone::Stands { now })?;
        let as_it_was = self.version == before.version && self.disturbed == before.disturbed;
        let back = if as_it_was { asked_anew(before.state, self.questions + 1) } else { State::READY };
        self.go(Move::TakeBack(Box::new(back)), undo.at)?;
        self.undo = None;
        self.approved = before.approved;
        self.rejecting = before.rejecting;
        if as_it_was {
            self.attempts = before.attempts;
            self.changed_at = before.changed_at;
            if self.state.kind() != StateKind::Retrying {
                self.questions += 1;
            }
        }
        Ok(())
    }
}

/// A question is answered once, so the same one gets another number.
fn asked_anew(mut state: State, next: u32) -> State {
    match &mut state {
        State::Held(hold) => hold.number = next,
        State::Failed { number, .. } => *number = next,
        State::Waiting { .. }
        | State::Attempting { .. }
        | State::Retrying { .. }
        | State::Done { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => {}
    }
    state
}
