//! Where secrets are.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::shop::SecretRef;

/// Why a secret could not be read. Names where it should be, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is not there, is empty, or may not be read: a person has to mend that.
    #[error("the secret {reference} is missing or cannot be read")]
    Missing {
        /// Where it should be.
        reference: String,
    },
    /// Where it lies cannot be asked now; it may be asked again.
    #[error("the secret {reference} cannot be read now: {words}")]
    Unavailable {
        /// Where it is.
        reference: String,
        /// What happened.
        words: String,
    },
}

/// Reads secrets where they are used, each time, so that a renewed one counts soon and none is ever in the ledger.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret as it is now. A line break at its end is not part of it; an empty secret is a missing one.
    async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError>;
}
