//! What may happen to a job.

use crate::clock::Timestamp;
use crate::hold::Hold;
use crate::id::{Fence, OperatorId};
use crate::outcome::{Proof, Trouble};
use crate::shop::SkipReason;
use crate::state::State;

/// What may happen to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// A worker begins an attempt.
    Begin {
        /// Its number.
        attempt: u32,
        /// The lease it is begun under.
        fence: Fence,
    },
    /// The attempt carried it out.
    Finish(Proof),
    /// The attempt failed in a way that may pass.
    RetryAt {
        /// When.
        due: Timestamp,
        /// Whether the lane waits with it.
        stops: bool,
        /// What happened.
        error: Trouble,
    },
    /// The attempt found that a person must decide.
    HoldFor(Hold),
    /// The attempt was refused for good, or was the last.
    GiveUp {
        /// Counts the times this job needed a person.
        number: u32,
        /// What happened.
        error: Trouble,
        /// Whether the lane stands still behind it.
        stops: bool,
        /// When.
        at: Timestamp,
    },
    /// The attempt found nothing to carry out.
    Skip(SkipReason),
    /// The attempt did not count: it waits, or the lane was paused.
    PutBack {
        /// Not ready before this.
        not_before: Option<Timestamp>,
        /// Whether the lane waits with it until then.
        stops: bool,
    },
    /// A webhook said something new, and the order (still) qualifies or something must be undone at the warehouse.
    Newer,
    /// A webhook said that the order does not qualify, and nothing can have reached the warehouse.
    NewerUnqualified(SkipReason),
    /// A worker that had lost its lease may have written after all.
    Disturb,
    /// An operator approved the hold.
    Approve {
        /// Until then the decision can be taken back.
        not_before: Option<Timestamp>,
    },
    /// An operator refused the job.
    Reject {
        /// Who.
        by: OperatorId,
        /// What they wrote.
        why: String,
    },
    /// An operator refused the job while something of it may be at the warehouse: an attempt takes it back first.
    Withdraw {
        /// Until then the decision can be taken back.
        not_before: Option<Timestamp>,
    },
    /// The attempt found that nothing of a refused job is left at the warehouse.
    Refuse {
        /// Who had refused it.
        by: OperatorId,
        /// What they wrote.
        why: String,
    },
    /// An operator asked for another try.
    Retry {
        /// Until then the decision can be taken back.
        not_before: Option<Timestamp>,
    },
    /// A decision was taken back before it took effect: to what it found, or to the line if that is no longer so.
    TakeBack(Box<State>),
    /// An operator released it from quarantine.
    Release,
    /// Its customer or its shop asked to be forgotten.
    Redact,
}

impl Move {
    /// The word for errors and tables.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Begin { .. } => "begin",
            Self::Finish(_) => "finish",
            Self::RetryAt { .. } => "retry at",
            Self::HoldFor(_) => "hold",
            Self::GiveUp { .. } => "give up",
            Self::Skip(_) => "skip",
            Self::PutBack { .. } => "put back",
            Self::Newer => "newer version",
            Self::NewerUnqualified(_) => "newer version that does not qualify",
            Self::Disturb => "disturb",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Withdraw { .. } => "withdraw",
            Self::Refuse { .. } => "refuse",
            Self::Retry { .. } => "retry",
            Self::TakeBack(_) => "take back",
            Self::Release => "release",
            Self::Redact => "redact",
        }
    }
}
