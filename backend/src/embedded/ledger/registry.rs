//! Shops and operators.

use std::sync::Arc;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::operator::Operator;
use lane::ports::{LedgerError, Registry, RegistryError};
use lane::shop::Shop;
use lane::view::QuarantineReason;
use lane::wake_up::Envelope;

use super::writer::{SqlUnit, done};
use super::{Ledger, look};
use crate::ledger::fault::Fault;
use crate::ledger::registry::{self, EXPIRED};
use crate::ledger::unit::Shops as _;

/// Kept webhooks that become work in one unit, so that a shop with a long past does not keep the writer from others.
const REPLAYED_AT_ONCE: usize = 200;

#[async_trait]
impl Registry for Ledger {
    async fn put_shop(&self, shop: &Shop, now: Timestamp) -> Result<Vec<Envelope>, RegistryError> {
        let mut sends = Vec::new();
        loop {
            let shop = shop.clone();
            let (more, finished) =
                self.writer.write(move |unit| done(registry::put_shop(unit, &shop, REPLAYED_AT_ONCE, now))).await??;
            sends.extend(more);
            if finished {
                return Ok(sends);
            }
        }
    }

    async fn shops(&self) -> Result<Vec<Arc<Shop>>, LedgerError> {
        let shops = self.readers.read(look::shops).await?;
        Ok(shops.into_iter().map(Arc::new).collect())
    }

    async fn remove_shop(&self, id: &ShopId, now: Timestamp) -> Result<bool, LedgerError> {
        let id = id.clone();
        self.writer.write(move |unit| done(registry::remove_shop(unit, &id, now))).await
    }

    async fn put_operator(&self, operator: &Operator) -> Result<(), LedgerError> {
        let operator = operator.clone();
        self.writer.write(move |unit| done(unit.put_operator(&operator))).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, LedgerError> {
        self.readers.read(look::operators).await
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, LedgerError> {
        let mut expired = 0;
        loop {
            match self.writer.write(move |unit| expire(unit, before)).await? {
                0 => return Ok(expired),
                some => expired += some,
            }
        }
    }
}

/// Rows that are expired in one unit.
const EXPIRED_AT_ONCE: usize = 500;

/// Drops some of the bodies that have been kept long enough. How many; ask again until there are none. What nobody could
/// read stays in quarantine without its body: that it came may still matter.
fn expire(unit: &SqlUnit<'_>, before: Timestamp) -> Result<u64, Fault> {
    let unreadable = unit.conn.execute(
        "UPDATE webhook SET body = NULL, words = ?4
         WHERE seq IN (SELECT seq FROM webhook WHERE quarantine = ?1 AND received_at < ?2 AND body IS NOT NULL LIMIT ?3)",
        (QuarantineReason::Unreadable.as_str(), before.as_microsecond(), EXPIRED_AT_ONCE, EXPIRED),
    )?;
    let dropped = unit.conn.execute(
        "UPDATE webhook SET body = NULL, content = NULL, quarantine = NULL, outcome = 'expired'
         WHERE seq IN (SELECT seq FROM webhook WHERE quarantine = ?1 AND received_at < ?2 LIMIT ?3)",
        (QuarantineReason::UnknownShop.as_str(), before.as_microsecond(), EXPIRED_AT_ONCE),
    )?;
    Ok((dropped + unreadable) as u64)
}
