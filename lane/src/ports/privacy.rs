//! The ledger as whoever answers privacy requests uses it.

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::privacy::{Kept, Unread};
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
    /// A shop is to be forgotten that has the app, or had it within the day before it was asked, or has heard of orders
    /// since: nothing is done, because an old request may have been posted once more. It stays so whatever the shop does
    /// later; a person may have it carried out once the shop has left, or dismiss it.
    ShopIsOpen,
}

/// The ledger as whoever answers privacy requests uses it.
#[async_trait]
pub trait Privacy: Send + Sync {
    /// Requests, oldest first; only those that wait if `open`.
    async fn requests(&self, open: bool, page: &Page) -> Result<Paged<Kept>, LedgerError>;

    /// Requests that came since then and could not be read. They are in quarantine, and a person has to look them up.
    async fn unread(&self, since: Timestamp) -> Result<Unread, LedgerError>;

    /// Carries a redaction on, so many rows at a time that webhooks are not kept waiting. Once this returns
    /// [`Redacted::Done`], no personal datum of the subject lies in any of the ledger's files, their free pages and the
    /// write-ahead log included, and no later redelivery brings one back.
    /// If nothing of the subject was found, nothing needs to be cleared, and that is all.
    ///
    /// `by` is the person who has it carried out, for the audit: they may have a shop forgotten that has left by now,
    /// whenever that was. Nobody is named when the program carries it out by itself.
    async fn redact(&self, request: u64, by: Option<&str>, now: Timestamp) -> Result<Redacted, LedgerError>;

    /// Closes a request without carrying it out; `by` stands in the audit. `false` if it is not waiting, or was begun.
    async fn dismiss(&self, request: u64, by: &str, now: Timestamp) -> Result<bool, LedgerError>;

    /// Everything the ledger knows of the subject of an export request, as JSON for the merchant. The request goes on
    /// waiting until [`Privacy::answered`]. Nothing if there is no such request.
    async fn export(&self, request: u64, now: Timestamp) -> Result<Option<serde_json::Value>, LedgerError>;

    /// What was exported lies where a person has it: the export request is done. `false` if there is no such request.
    async fn answered(&self, request: u64, now: Timestamp) -> Result<bool, LedgerError>;
}
