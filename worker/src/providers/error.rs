//! What a failed call means, and the one place where that meaning becomes an outcome.
//!
//! The distinction that matters most is whether the call can have changed anything: a write whose answer is missing or
//! unreadable may have happened, a read never does harm, and what never left is only late.

use ::lane::clock::Timestamp;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::{AccountId, Fingerprint};
use ::lane::outcome::{Outcome, PauseReason, Trouble};
use ::lane::ports::SecretError;

/// Why a call did not give what it was made for. No secret and no personal datum is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// The limiter or the circuit did not let it leave.
    #[error("not called: {why}")]
    Stopped { until: Timestamp, why: String },
    /// The lease ends before an answer could be waited for.
    #[error("not called: too little of the lease is left")]
    OutOfTime { at: &'static str },
    /// No connection came about, so nothing was sent.
    #[error("never left: {words}")]
    NeverLeft { at: &'static str, words: String },
    /// A write left, and what became of it is not known.
    #[error("may have happened: {words}")]
    MayHaveHappened { at: &'static str, words: String },
    /// A read left, and no usable answer came.
    #[error("no usable answer: {words}")]
    Unanswered { at: &'static str, words: String },
    /// The provider asks for silence; it did nothing.
    #[error("throttled until {until}")]
    ThrottledUntil { at: &'static str, until: Timestamp },
    /// The provider does not accept the credentials; it did nothing.
    #[error("credentials refused")]
    TokenRefused { account: AccountId },
    /// The provider refuses everything for this shop, whatever the order; it did nothing.
    #[error("refused for the whole shop: {words}")]
    ProviderRefuses { account: AccountId, words: String },
    /// The provider refuses the request, and repeating it would not help; it did nothing.
    #[error("refused: {words}")]
    Refused { at: &'static str, words: String },
    /// What is in the order stops it, and a person can mend that; nothing was done.
    #[error("the order's data is refused: {words}")]
    DataRefused { at: &'static str, words: String },
    /// A secret is not where the configuration says, or cannot be read now.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The shop names an account that the configuration does not have.
    #[error("the account {account} is not in the configuration")]
    NotConfigured { account: AccountId },
}

impl CallError {
    /// Whether something may have changed at the provider because of the call.
    pub(crate) fn may_have_happened(&self) -> bool {
        match self {
            Self::MayHaveHappened { .. } => true,
            Self::Stopped { .. }
            | Self::OutOfTime { .. }
            | Self::NeverLeft { .. }
            | Self::Unanswered { .. }
            | Self::ThrottledUntil { .. }
            | Self::TokenRefused { .. }
            | Self::ProviderRefuses { .. }
            | Self::Refused { .. }
            | Self::DataRefused { .. }
            | Self::Secret(_)
            | Self::NotConfigured { .. } => false,
        }
    }

    /// Whether the provider refused it for what it is, so that the same call would be refused again.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::DataRefused { .. } => true,
            Self::MayHaveHappened { .. }
            | Self::Stopped { .. }
            | Self::OutOfTime { .. }
            | Self::NeverLeft { .. }
            | Self::Unanswered { .. }
            | Self::ThrottledUntil { .. }
            | Self::TokenRefused { .. }
            | Self::ProviderRefuses { .. }
            | Self::Secret(_)
            | Self::NotConfigured { .. } => false,
        }
    }

    /// What the attempt reports. `fetched` is the order as it was fetched, or as its webhook told it.
    pub(crate) fn outcome(self, fetched: &Fingerprint) -> Outcome {
        match self {
            Self::Stopped { until, why } => Outcome::Wait { until, why, stops: true },
            Self::ThrottledUntil { at, until } => {
                Outcome::Wait { until, why: format!("{at} asked to wait"), stops: true }
            }
            Self::OutOfTime { at } => retry(at, "too little of the lease was left to call it"),
            Self::NeverLeft { at, words } | Self::Unanswered { at, words } => retry(at, &words),
            Self::MayHaveHappened { at, words } => {
                retry(at, &format!("{words}; whether the write happened is looked up first"))
            }
            Self::TokenRefused { account } => {
                Outcome::Pause { why: PauseReason::TokenRefused { account }, until: None }
            }
            Self::ProviderRefuses { account, words } => {
                Outcome::Pause { why: PauseReason::ProviderRefuses { account, words }, until: None }
            }
            Self::Secret(SecretError::Missing { reference }) => {
                Outcome::Pause { why: PauseReason::SecretMissing { reference }, until: None }
            }
            Self::Secret(error @ SecretError::Unavailable { .. }) => retry("secrets", &error.to_string()),
            Self::NotConfigured { account } => {
                let reference = format!("of the account {account} (not in the configuration)");
                Outcome::Pause { why: PauseReason::SecretMissing { reference }, until: None }
            }
            Self::Refused { at, words } => Outcome::Fail(Trouble::new(at, words)),
            Self::DataRefused { at, words } => Outcome::Hold {
                reason: HoldReason::NotCarriable,
                evidence: vec![Fact::new(at, words)],
                fingerprint: fetched.clone(),
                difference: None,
            },
        }
    }
}

fn retry(at: &str, words: &str) -> Outcome {
    Outcome::Retry { after: None, error: Trouble::new(at, words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row per variant: what it becomes, and whether it may have happened.
    #[test]
    fn every_error_has_one_outcome() {
        let (at, words) = ("ShipStation", "words".to_owned());
        let account = AccountId::at("shipstation", "main");
        let until = Timestamp::UNIX_EPOCH;
        let table: Vec<(CallError, &str, bool)> = vec![
            (CallError::Stopped { until, why: words.clone() }, "wait", false),
            (CallError::OutOfTime { at }, "retry", false),
            (CallError::NeverLeft { at, words: words.clone() }, "retry", false),
            (CallError::MayHaveHappened { at, words: words.clone() }, "retry", true),
            (CallError::Unanswered { at, words: words.clone() }, "retry", false),
            (CallError::ThrottledUntil { at, until }, "wait", false),
            (CallError::TokenRefused { account: account.clone() }, "pause", false),
            (CallError::ProviderRefuses { account: account.clone(), words: words.clone() }, "pause", false),
            (CallError::Refused { at, words: words.clone() }, "fail", false),
            (CallError::DataRefused { at, words }, "hold", false),
            (SecretError::Missing { reference: "env:X".into() }.into(), "pause", false),
            (SecretError::Unavailable { reference: "ssm:X".into(), words: "timeout".into() }.into(), "retry", false),
            (CallError::NotConfigured { account }, "pause", false),
        ];
        for (error, label, may_have_happened) in table {
            assert_eq!(error.may_have_happened(), may_have_happened, "{error}");
            let outcome = error.clone().outcome(&Fingerprint::given("f"));
            assert_eq!(outcome.label(), label, "{error}");
            if let Outcome::Wait { until: named, stops, .. } = outcome {
                assert!(stops && named == until, "{error}");
            }
        }
    }
}
