//! The states of a job and the one function that holds all moves between them.

mod moves;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::hold::Hold;
use crate::id::{Fence, OperatorId};
use crate::outcome::{Proof, Trouble};
use crate::shop::SkipReason;

pub use moves::Move;

/// The state of a job. Each variant says who moves it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// In line. The worker moves it on when it has the lane's lowest ready place.
    Waiting {
        /// Not ready before this (a risk check still running).
        not_before: Option<Timestamp>,
        /// Whether the lane waits with it until then.
        stops: bool,
    },
    /// An attempt was begun, before any call left. The worker completes it; after its lease ran out the next worker
    /// begins another.
    Attempting {
        /// The number of the attempt.
        attempt: u32,
        /// The lease it was begun under.
        fence: Fence,
    },
    /// A failure that may pass. The worker moves it on at `due`; an operator may reject it.
    Retrying {
        /// The attempt that failed.
        attempt: u32,
        /// When the next one may begin.
        due: Timestamp,
        /// Whether the lane waits with it until then.
        stops: bool,
        /// What happened.
        error: Trouble,
    },
    /// A person must decide. An operator moves it on, or a newer version does.
    Held(Hold),
    /// Carried out and read back. A newer version reopens it.
    Done {
        /// What was read back where.
        proof: Proof,
    },
    /// Refused for good, or attempts used up. An operator retries or rejects it; a newer version reopens it.
    Failed {
        /// Counts the times this job needed a person; a decision names it.
        number: u32,
        /// What happened.
        error: Trouble,
        /// Whether the lane stands still behind it.
        stops: bool,
        /// Since when.
        since: Timestamp,
    },
    /// Does not qualify, or was cancelled upstream. A newer version that qualifies moves it on.
    Skipped {
        /// Why.
        why: SkipReason,
    },
    /// An operator refused it, and nothing of it ships from the warehouse, or a person saw to it. Only a worker without a
    /// lease, which may have written it anew, brings it back into line, to be taken back once more; or the operator does,
    /// before the decision takes effect.
    Rejected {
        /// Who.
        by: OperatorId,
        /// What they wrote.
        why: String,
    },
}

impl State {
    /// In line and ready.
    pub const READY: Self = Self::Waiting { not_before: None, stops: true };

    /// Which of the eight it is.
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Waiting { .. } => StateKind::Waiting,
            Self::Attempting { .. } => StateKind::Attempting,
            Self::Retrying { .. } => StateKind::Retrying,
            Self::Held(_) => StateKind::Held,
            Self::Done { .. } => StateKind::Done,
            Self::Failed { .. } => StateKind::Failed,
            Self::Skipped { .. } => StateKind::Skipped,
            Self::Rejected { .. } => StateKind::Rejected,
        }
    }
}

/// The states without their data: for counting, filtering and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// See [`State::Waiting`].
    Waiting,
    /// See [`State::Attempting`].
    Attempting,
    /// See [`State::Retrying`].
    Retrying,
    /// See [`State::Held`].
    Held,
    /// See [`State::Done`].
    Done,
    /// See [`State::Failed`].
    Failed,
    /// See [`State::Skipped`].
    Skipped,
    /// See [`State::Rejected`].
    Rejected,
}

impl StateKind {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Attempting,
        Self::Retrying,
        Self::Held,
        Self::Done,
        Self::Failed,
        Self::Skipped,
        Self::Rejected,
    ];

    /// The word for rows, filters and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Attempting => "attempting",
            Self::Retrying => "retrying",
            Self::Held => "held",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Rejected => "rejected",
        }
    }

    /// The state a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether there is still work or a decision to come.
    pub fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Attempting | Self::Retrying | Self::Held | Self::Failed => true,
            Self::Done | Self::Skipped | Self::Rejected => false,
        }
    }
}

/// Where the job stands in its lane after a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// It keeps its place.
    Keep,
    /// It was reopened and goes to the end.
    End,
}

/// A move that the state does not allow. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {} does not allow the move '{to}'", from.as_str())]
pub struct ImpossibleMove {
    /// The state.
    pub from: StateKind,
    /// The move's word.
    pub to: &'static str,
}

/// The next state, or why there is none. Every move of every job goes through here.
pub fn step(state: &State, by: Move) -> Result<(State, Placing), ImpossibleMove> {
    use Placing::{End, Keep};
    use StateKind::{Attempting, Done, Failed, Held, Rejected, Retrying, Skipped, Waiting};
    let from = state.kind();
    let impossible = Err(ImpossibleMove { from, to: by.label() });
    match (from, by) {
        (Waiting | Attempting | Retrying, Move::Begin { attempt, fence }) => {
            Ok((State::Attempting { attempt, fence }, Keep))
        }
        (Attempting, Move::Finish(proof)) => Ok((State::Done { proof }, Keep)),
        (Attempting, Move::RetryAt { due, stops, error }) => {
            let attempt = attempt_of(state);
            Ok((State::Retrying { attempt, due, stops, error }, Keep))
        }
        (Attempting, Move::HoldFor(hold)) => Ok((State::Held(hold), Keep)),
        (Attempting, Move::GiveUp { number, error, stops, at }) => {
            Ok((State::Failed { number, error, stops, since: at }, Keep))
        }
        (Attempting, Move::Skip(why)) => Ok((State::Skipped { why }, Keep)),
        (Attempting, Move::PutBack { not_before, stops }) => Ok((State::Waiting { not_before, stops }, Keep)),

        (Attempting | Retrying, Move::Newer | Move::Disturb)
        | (Waiting, Move::Disturb)
        | (Attempting | Rejected | Done, Move::Redact)
        | (Rejected, Move::Newer)
        | (Attempting | Rejected, Move::NewerUnqualified(_)) => Ok((state.clone(), Keep)),
        // What it waited for may be what has changed.
        (Waiting, Move::Newer) | (Held, Move::Newer | Move::Disturb) | (Rejected, Move::Disturb) => {
            Ok((State::READY, Keep))
        }
        (Held, Move::Approve { not_before })
        | (Held | Failed | Retrying, Move::Withdraw { not_before })
        | (Failed, Move::Retry { not_before }) => Ok((decided(state, not_before), Keep)),
        (Waiting | Rejected, Move::TakeBack(before)) => Ok((*before, Keep)),
        (Waiting | Retrying | Held | Failed | Skipped, Move::NewerUnqualified(why)) => {
            Ok((State::Skipped { why }, Keep))
        }
        (Waiting | Retrying | Held | Failed | Skipped, Move::Redact) => {
            Ok((State::Skipped { why: SkipReason::Redacted }, Keep))
        }

        (Attempting, Move::Refuse { by, why }) | (Held | Failed | Retrying, Move::Reject { by, why }) => {
            Ok((State::Rejected { by, why }, Keep))
        }
        (Done | Failed | Skipped, Move::Newer | Move::Disturb)
        | (Done, Move::NewerUnqualified(_))
        | (Skipped, Move::Release) => Ok((State::READY, End)),

        (
            Waiting | Retrying | Held | Done | Failed | Skipped | Rejected,
            Move::Finish(_)
            | Move::RetryAt { .. }
            | Move::HoldFor(_)
            | Move::GiveUp { .. }
            | Move::Skip(_)
            | Move::Refuse { .. }
            | Move::PutBack { .. },
        )
        | (Held | Done | Failed | Skipped | Rejected, Move::Begin { .. })
        | (Waiting | Attempting | Retrying | Done | Failed | Skipped | Rejected, Move::Approve { .. })
        | (Waiting | Attempting | Retrying | Held | Done | Skipped | Rejected, Move::Retry { .. })
        | (Waiting | Attempting | Done | Skipped | Rejected, Move::Reject { .. } | Move::Withdraw { .. })
        | (Attempting | Retrying | Held | Done | Failed | Skipped, Move::TakeBack(_))
        | (Waiting | Attempting | Retrying | Held | Done | Failed | Rejected, Move::Release) => impossible,
    }
}

/// In line again. Until the decision takes effect, the lane stands as it stood while it was asked.
fn decided(asked: &State, not_before: Option<Timestamp>) -> State {
    let stops = match asked {
        State::Held(hold) => hold.stops,
        State::Failed { stops, .. } | State::Retrying { stops, .. } => *stops,
        State::Waiting { .. }
        | State::Attempting { .. }
        | State::Done { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => true,
    };
    if not_before.is_some() { State::Waiting { not_before, stops } } else { State::READY }
}

fn attempt_of(state: &State) -> u32 {
    match state {
        State::Attempting { attempt, .. } | State::Retrying { attempt, .. } => *attempt,
        State::Waiting { .. }
        | State::Held(_)
        | State::Done { .. }
        | State::Failed { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => 0,
    }
}

#[cfg(test)]
#[path = "state/table.rs"]
mod table;
