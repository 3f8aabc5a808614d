//! The ledger as the command line uses it.

use std::sync::Arc;

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::id::{AccountId, ShopId};
use crate::operator::Operator;
use crate::shop::Shop;
use crate::wake_up::Envelope;

/// Why a shop was not added or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another shop has the id or one of the domains.
    #[error("{what} belongs to the shop {shop} already; remove that shop or choose another")]
    Taken {
        /// The id or domain.
        what: String,
        /// The shop that has it.
        shop: ShopId,
    },
    /// The shop's warehouse, its mode or its store would change while it is not known whether the present one has an order.
    #[error(
        "the warehouse, the mode and the store cannot be changed now: whether {order} reached {warehouse} is still being found out; \
         try again in some minutes, or decide the order on the review page"
    )]
    InDoubt {
        /// The order's number.
        order: String,
        /// The present warehouse.
        warehouse: AccountId,
    },
    /// The ledger did not do it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The ledger as the command line uses it.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Adds or replaces a shop. Webhooks that came before it was known become its jobs in the order they came, and a
    /// lane that was paused because the shop had been removed goes on. The answer is the wake-ups to send. A long past
    /// is taken in by pages of one atomic write each; until the last one its new webhooks are kept behind the old, and
    /// after a crash adding the shop again goes on.
    async fn put_shop(&self, shop: &Shop, now: Timestamp) -> Result<Vec<Envelope>, RegistryError>;

    /// All shops by id.
    async fn shops(&self) -> Result<Vec<Arc<Shop>>, LedgerError>;

    /// Removes a shop: its lane is paused, its jobs and history stay. `false` if there is no such shop.
    async fn remove_shop(&self, id: &ShopId, now: Timestamp) -> Result<bool, LedgerError>;

    /// Adds or replaces an operator.
    async fn put_operator(&self, operator: &Operator) -> Result<(), LedgerError>;

    /// All operators by name.
    async fn operators(&self) -> Result<Vec<Operator>, LedgerError>;

    /// Drops the bodies of webhooks of unknown shops that came before `before`. How many.
    async fn expire(&self, before: Timestamp) -> Result<u64, LedgerError>;
}
