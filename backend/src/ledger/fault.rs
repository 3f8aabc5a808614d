//! Why a unit was not written.

use lane::ports::LedgerError;

/// Why a unit was not written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("a row could not be read or written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was read was not of one moment, or somebody else is writing it: the unit has to run again.
    #[error("what the unit read changes while it reads")]
    Again,
}

impl Fault {
    /// Whether a row could not be read or moved, while the ledger itself is well.
    pub(crate) fn is_of_a_newer_program(&self) -> bool {
        match self {
            Self::Json(_) | Self::Ledger(LedgerError::Unreadable(_) | LedgerError::Impossible(_)) => true,
            Self::Ledger(LedgerError::Unavailable(_) | LedgerError::Stopped(_)) | Self::Again => false,
        }
    }

    /// What a row says that no program wrote.
    pub(crate) fn unreadable(words: impl std::fmt::Display) -> Self {
        Self::Ledger(LedgerError::Unreadable(words.to_string()))
    }
}

impl From<lane::state::ImpossibleMove> for Fault {
    fn from(error: lane::state::ImpossibleMove) -> Self {
        Self::Ledger(LedgerError::Impossible(error))
    }
}

impl From<lane::id::InvalidId> for Fault {
    fn from(error: lane::id::InvalidId) -> Self {
        Self::unreadable(error)
    }
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Ledger(error) => error,
            Fault::Json(error) => Self::Unreadable(error.to_string()),
            Fault::Again => Self::Unavailable("others write the same all the time".to_owned()),
        }
    }
}
