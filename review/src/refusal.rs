//! Why a request was not done, as the API and the pages both say it: a status, a code for programs, words for people.

use axum::http::StatusCode;
use lane::operator::Role;
use lane::ports::LedgerError;
use lane::state::ImpossibleMove;
use lane::view::Recorded;

use crate::words;

/// A ledger that is busy is asked again soon.
const BUSY_SECONDS: u32 = 5;

/// A ledger that has stopped must be opened again first, which a supervisor does within this.
const STOPPED_SECONDS: u32 = 30;

/// Why a request was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("a valid token is needed")]
    Unauthorised,
    #[error("this needs the role {}, yours is {}", needs.as_str(), has.as_str())]
    Forbidden { needs: Role, has: Role },
    #[error(
        "this change did not come from this site's own pages; reload the page and try again (a proxy in front must \
         pass the Host header on)"
    )]
    CrossSite,
    #[error("too many sign-ins failed in the last minute; wait a minute and try again")]
    TooManyFailures,
    #[error("there is no such job")]
    NoSuchJob,
    #[error("there is no such lane")]
    NoSuchLane,
    #[error("it is not in quarantine (any more), or it cannot become work yet")]
    NotInQuarantine,
    #[error("there is nothing at this address")]
    NothingHere,
    #[error("this address does not take that method")]
    WrongMethod,
    #[error("{0}")]
    Malformed(String),
    #[error("the request is larger than 64 KiB")]
    TooLarge,
    #[error("this Idempotency-Key was used for another request; nothing was done")]
    KeyReused,
    #[error("{}", words::decided(.0))]
    AlreadyDecided(Recorded),
    #[error("{0}")]
    Changed(String),
    #[error("{0}")]
    TooLate(String),
    #[error("the ledger cannot answer now; nothing was lost, try again in a moment")]
    LedgerBusy,
    #[error("the ledger has stopped and must be restarted; see the log")]
    LedgerStopped,
    #[error("the ledger holds a row that this version cannot read; see the log")]
    LedgerUnreadable,
}

/// Logs what the ledger said and turns it into what the person is told.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(crate) fn unanswered(error: LedgerError) -> Refusal {
    if !matches!(error, LedgerError::Impossible(_)) {
        tracing::error!(error = %error, "the ledger did not answer a request of the review application");
    }
    match error {
        LedgerError::Unavailable(_) => Refusal::LedgerBusy,
        LedgerError::Stopped(_) => Refusal::LedgerStopped,
        LedgerError::Unreadable(_) => Refusal::LedgerUnreadable,
        LedgerError::Impossible(ImpossibleMove { from, to: _ }) => Refusal::Changed(words::impossible(from)),
    }
}

impl Refusal {
    /// Why a body could not be read.
    pub(crate) fn unread(status: StatusCode, otherwise: &str) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Malformed(otherwise.to_owned()) }
    }

    /// Status and code.
    pub(crate) fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorised => (StatusCode::UNAUTHORIZED, "unauthorised"),
            Self::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site"),
            Self::TooManyFailures => (StatusCode::TOO_MANY_REQUESTS, "too_many_failures"),
            Self::NoSuchJob => (StatusCode::NOT_FOUND, "no_such_job"),
            Self::NoSuchLane => (StatusCode::NOT_FOUND, "no_such_lane"),
            Self::NotInQuarantine => (StatusCode::NOT_FOUND, "not_in_quarantine"),
            Self::NothingHere => (StatusCode::NOT_FOUND, "nothing_here"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
            Self::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "malformed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Self::AlreadyDecided(_) => (StatusCode::CONFLICT, "already_decided"),
            Self::Changed(_) => (StatusCode::CONFLICT, "changed"),
            Self::TooLate(_) => (StatusCode::CONFLICT, "too_late"),
            Self::LedgerBusy => (StatusCode::SERVICE_UNAVAILABLE, "ledger_busy"),
            Self::LedgerStopped => (StatusCode::SERVICE_UNAVAILABLE, "ledger_stopped"),
            Self::LedgerUnreadable => (StatusCode::SERVICE_UNAVAILABLE, "ledger_unreadable"),
        }
    }

    /// After how many seconds the same request may succeed, if waiting is all it takes.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::LedgerBusy => Some(BUSY_SECONDS),
            Self::LedgerStopped | Self::LedgerUnreadable => Some(STOPPED_SECONDS),
            Self::TooManyFailures => Some(60),
            Self::Unauthorised
            | Self::Forbidden { .. }
            | Self::CrossSite
            | Self::NoSuchJob
            | Self::NoSuchLane
            | Self::NotInQuarantine
            | Self::NothingHere
            | Self::WrongMethod
            | Self::Malformed(_)
            | Self::TooLarge
            | Self::KeyReused
            | Self::AlreadyDecided(_)
            | Self::Changed(_)
            | Self::TooLate(_) => None,
        }
    }

    /// One plain sentence.
    pub(crate) fn words(&self) -> String {
        words::sentence(&self.to_string())
    }
}
