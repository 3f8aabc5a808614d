//! The ledger as whoever fetches shipments uses it: what the warehouse hinted at, how far it was looked, and which jobs
//! have shipped.

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::wake_up::Envelope;

/// A hint that is still to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenNotice {
    /// The ledger's number.
    pub id: u64,
    /// Where it says the shipments are listed.
    pub url: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// An order of which the warehouse says that something shipped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShippedOrder {
    /// The warehouse's own order id.
    pub order_id: String,
    /// The warehouse's id of the shipment: a job that told its shop of it already is left alone.
    pub shipment: String,
}

/// The ledger as whoever fetches shipments uses it.
#[async_trait]
pub trait Shipping: Send + Sync {
    /// Hints about an account that are still to be followed, oldest first.
    async fn notices(&self, account: &AccountId, limit: u32) -> Result<Vec<OpenNotice>, LedgerError>;

    /// How far shipments of an account were looked through; nothing before the first look.
    async fn looked_until(&self, account: &AccountId) -> Result<Option<Timestamp>, LedgerError>;

    /// Takes in what a look found, each order in one write and the end of the look last: jobs at the account that have
    /// one of the orders and did not tell their
    /// shop of the shipment are reopened if their shop wants its tracking back, the notices are settled, and the account counts as looked through until then.
    /// The answer is the wake-ups to send.
    async fn shipped(
        &self,
        account: &AccountId,
        orders: &[ShippedOrder],
        notices: &[u64],
        looked_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<Envelope>, LedgerError>;
}
