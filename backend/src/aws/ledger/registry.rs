//! Shops, operators, and accounts that want no calls.

use std::sync::Arc;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::{AccountId, OperatorId, ShopId};
use lane::operator::Operator;
use lane::ports::{LedgerError, Registry, RegistryError};
use lane::shop::Shop;
use lane::view::{Page, QuarantineReason};
use lane::wake_up::Envelope;

use super::Ledger;
use super::bodies::{drop_body, has_body};
use super::item::Item;
use super::key::Key;
use super::lists::{all, all_items, listed};
use super::rows::shops::{ACCOUNTS, OPERATOR, OPERATORS, SHOPS, STOP_UNTIL};
use super::rows::webhooks::{ASIDE, CONTENT, OUTCOME, QUARANTINE, RECEIVED_AT, WORDS, webhook_number};
use super::table::{LIST, Table};
use super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::registry::{self, EXPIRED};
use crate::ledger::unit::Shops as _;

/// Kept webhooks that become work in one unit: each is some ten items of the hundred that a write may touch.
const REPLAYED_AT_ONCE: usize = 5;

#[async_trait]
impl Registry for Ledger {
    async fn put_shop(&self, shop: &Shop, now: Timestamp) -> Result<Vec<Envelope>, RegistryError> {
        let mut sends = Vec::new();
        loop {
            let put = self
                .change(
                    |mut unit| async move { (registry::put_shop(&mut unit, shop, REPLAYED_AT_ONCE, now).await, unit) },
                )
                .await?;
            let (more, finished) = put?;
            sends.extend(more);
            if finished {
                return Ok(sends);
            }
        }
    }

    async fn shops(&self) -> Result<Vec<Arc<Shop>>, LedgerError> {
        let shops: Vec<Shop> = all(&self.table, SHOPS).await?;
        Ok(shops.into_iter().map(Arc::new).collect())
    }

    async fn remove_shop(&self, id: &ShopId, now: Timestamp) -> Result<bool, LedgerError> {
        self.change(|mut unit| async move { (registry::remove_shop(&mut unit, id, now).await, unit) }).await
    }

    async fn put_operator(&self, operator: &Operator) -> Result<(), LedgerError> {
        self.change(|mut unit| async move { (unit.put_operator(operator).await, unit) }).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, LedgerError> {
        Ok(all(&self.table, OPERATORS).await?)
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, LedgerError> {
        self.is_all_here().await?;
        let (mut expired, mut page) = (0, Page::default());
        loop {
            let read = |item: &Item| Ok((webhook_number(item)?, item.time(RECEIVED_AT)?));
            let found = listed(&self.table, (LIST, ASIDE), &page, read).await?;
            for (id, received_at) in found.rows {
                // They stand in the order in which they came.
                if received_at.is_none_or(|at| at >= before) {
                    return Ok(expired);
                }
                expired += u64::from(self.write(|mut unit| async move { (expire(&mut unit, id).await, unit) }).await?);
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(expired),
            }
        }
    }
}

/// Drops the body of a webhook that has been kept long enough. What nobody could read stays in quarantine without it: that
/// it came may still matter.
async fn expire(unit: &mut TableUnit, id: u64) -> Result<bool, Fault> {
    let Some(item) = unit.read(&Key::webhook(id)).await? else { return Ok(false) };
    let unknown_shop = item.text(QUARANTINE) == Some(QuarantineReason::UnknownShop.as_str());
    let unreadable = item.text(QUARANTINE) == Some(QuarantineReason::Unreadable.as_str());
    let is_kept = has_body(&item);
    if !(unknown_shop || (unreadable && is_kept)) {
        return Ok(false);
    }
    unit.change_webhook(id, |item| {
        drop_body(item);
        if unreadable {
            item.set(WORDS, EXPIRED);
        } else {
            item.set(CONTENT, None::<i64>);
            item.set(QUARANTINE, None::<i64>);
            item.set(OUTCOME, "expired");
        }
    })
    .await?;
    Ok(true)
}

/// The operator who has a token.
pub(super) async fn operator(unit: &mut TableUnit, token_hash: &str) -> Result<Option<Operator>, Fault> {
    let Some(leads) = unit.read(&Key::token(token_hash)).await? else { return Ok(None) };
    let id = OperatorId::parse(leads.known(OPERATOR)?)?;
    let Some(item) = unit.read(&Key::operator(&id)).await? else { return Ok(None) };
    let operator: Operator = item.doc()?;
    Ok(Some(operator).filter(|operator| operator.token_hash == token_hash && !operator.disabled))
}

pub(super) async fn stopped_accounts(table: &Table, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, Fault> {
    let mut stopped = Vec::new();
    for (name, item) in all_items(table, ACCOUNTS).await? {
        if let Some(until) = item.time(STOP_UNTIL)?.filter(|until| *until > now) {
            stopped.push((serde_json::from_value(name.into())?, until));
        }
    }
    Ok(stopped)
}
