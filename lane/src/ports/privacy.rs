//! The ledger as whoever answers privacy requests uses it.

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::privacy::Kept;
use crate::view::{Page, Paged};

/// How far a redaction came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redacted {
    /// Part of it is done; ask again.
    More,
    /// Nothing of the subject lies in the ledger's files any more.
    Done,
    /// There is no such request, or it is not about forgetting.
    NoSuchRequest,
    /// A shop is to be forgotten that has not taken the app away, and was not removed: nothing is done until either
    /// happens, because an old request may have been posted once more.
    ShopIsOpen,
}

/// The ledger as whoever answers privacy requests uses it.
#[async_trait]
pub trait Privacy: Send + Sync {
    /// Requests, oldest first; only those that wait if `open`.
    async fn requests(&self, open: bool, page: &Page) -> Result<Paged<Kept>, LedgerError>;

    /// Carries a redaction on, so many rows at a time that webhooks are not kept waiting. Once this returns
    /// [`Redacted::Done`], no personal datum of the subject lies in any of the ledger's files, their free pages and the
    /// write-ahead log included, and no later redelivery brings one back.
    async fn redact(&self, request: u64, now: Timestamp) -> Result<Redacted, LedgerError>;

    /// Everything the ledger knows of the subject of an export request, as JSON for the merchant; the request counts as
    /// done. Nothing if there is no such request.
    async fn export(&self, request: u64, now: Timestamp) -> Result<Option<serde_json::Value>, LedgerError>;
}
