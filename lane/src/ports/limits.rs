//! The ledger as the limiters of several processes use it: what all of them must agree on about a provider account.

use async_trait::async_trait;

use super::LedgerError;
use crate::id::AccountId;

/// What the limiters last agreed on about an account. The ledger does not look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The limiters' own words, of some kilobytes.
    pub words: String,
    /// Counts the writes of it, from 1.
    pub rev: u64,
}

/// What came of writing a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    /// It is as it was written, one revision further.
    Yes,
    /// Somebody else wrote it since it was read; nothing was written.
    Overtaken,
}

/// The ledger as the limiters of several processes use it.
#[async_trait]
pub trait Limits: Send + Sync {
    /// What was last agreed on about an account, as of now; nothing before the first write.
    async fn limit(&self, account: &AccountId) -> Result<Option<Limit>, LedgerError>;

    /// Writes it, if it still is of the revision that was read (0: there was none). Once this returns `Yes`, every
    /// process reads it. After an error it may have been written.
    async fn agree(&self, account: &AccountId, words: &str, read: u64) -> Result<Agreed, LedgerError>;
}
