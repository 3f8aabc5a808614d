//! Why a whole lane must stop.

use serde::{Deserialize, Serialize};

use crate::id::AccountId;

/// Why a lane is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The provider refuses the credentials.
    TokenRefused {
        /// Whose credentials.
        account: AccountId,
    },
    /// A secret the lane needs is missing or unreadable on this machine.
    SecretMissing {
        /// Where it should be (`env:NAME`), never what it is.
        reference: String,
    },
    /// The provider refuses everything for this shop, not only this order: the address or the plan is wrong.
    ProviderRefuses {
        /// Whose account.
        account: AccountId,
        /// What the provider said, and what to do about it.
        words: String,
    },
    /// An operator paused it.
    Operator {
        /// What the operator wrote.
        why: String,
    },
    /// Five leases ended without any progress.
    NoProgress,
    /// The shop was removed.
    ShopRemoved,
    /// The merchant took the app away.
    Uninstalled,
}

impl PauseReason {
    /// The one word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TokenRefused { .. } => "token_refused",
            Self::SecretMissing { .. } => "secret_missing",
            Self::ProviderRefuses { .. } => "provider_refuses",
            Self::Operator { .. } => "operator",
            Self::NoProgress => "no_progress",
            Self::ShopRemoved => "shop_removed",
            Self::Uninstalled => "uninstalled",
        }
    }

    /// The reason in words for people.
    pub fn words(&self) -> String {
        match self {
            Self::TokenRefused { account } => {
                format!("{account} refuses its credentials; renew them, then resume the lane")
            }
            Self::SecretMissing { reference } => {
                format!("the secret {reference} cannot be read; set it, then resume the lane")
            }
            Self::ProviderRefuses { account, words } => format!("{account}: {words}; mend that, then resume the lane"),
            Self::Operator { why } => format!("paused by an operator: {why}"),
            Self::NoProgress => {
                "five workers in a row ended without any progress on it; see the log, then resume".into()
            }
            Self::ShopRemoved => "its shop was removed; add the shop again to go on".into(),
            Self::Uninstalled => {
                "the merchant took the app away, and its token ended with that; when they install it again, add the \
                 shop with its new token, and it goes on"
                    .into()
            }
        }
    }
}
