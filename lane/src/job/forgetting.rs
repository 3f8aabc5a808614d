//! What becomes of a job whose customer or shop asked to be forgotten.

use super::Job;
use crate::clock::Timestamp;
use crate::marks::Marks;
use crate::outcome::Reach;
use crate::state::{ImpossibleMove, Move, State, StateKind};

impl Job {
    /// Forgets everything about the people behind the job. What was being decided or tried about it ends; an attempt
    /// under way ends with its completion. Ids, places and states stay: they are the ledger's own. What a person refused
    /// and the warehouse has goes on being taken back, which takes nothing but its id there; else it would ship.
    pub fn redact(&mut self, now: Timestamp) -> Result<(), ImpossibleMove> {
        let takes_back =
            self.rejecting.is_some() && matches!(self.reach, Reach::There(_)) && self.state.kind().is_open();
        self.forget_people();
        if !takes_back {
            self.rejecting = None;
            self.go(Move::Redact, now)?;
            return Ok(());
        }
        match self.state.kind() {
            StateKind::Retrying | StateKind::Held | StateKind::Failed => {
                self.go(Move::Withdraw { not_before: None }, now).map(drop)
            }
            StateKind::Waiting | StateKind::Attempting | StateKind::Done | StateKind::Skipped | StateKind::Rejected => {
                Ok(())
            }
        }
    }

    /// Whether nothing is left to do about it but to take it back.
    pub fn only_takes_back(&self) -> bool {
        self.redacted && self.rejecting.is_some()
    }

    /// Takes the people out of everything that the job says of itself.
    pub(crate) fn forget_people(&mut self) {
        self.redacted = true;
        self.marks = Marks::default();
        self.seen = None;
        self.approved = None;
        self.undo = None;
        if let Some(rejection) = &mut self.rejecting {
            rejection.why.clear();
        }
        if let Reach::There(copy) = &mut self.reach {
            // Hashes of short texts can be guessed.
            copy.written.clear();
        }
        if let State::Rejected { why, .. } = &mut self.state {
            why.clear();
        }
    }
}
