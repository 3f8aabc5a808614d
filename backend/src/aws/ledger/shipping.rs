//! What a warehouse says it has shipped: hints that nobody signed, and how far shipments were looked through.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::ports::{LedgerError, OpenNotice, ShippedOrder, Shipping};
use lane::wake_up::Envelope;

use super::Ledger;
use super::key::{Key, NOTICE, of_account};
use super::rows::shops::{LOOKED_UNTIL, RECEIVED_AT, URL};
use super::table::{Among, Range};
use crate::ledger::fault::Fault;
use crate::ledger::shipping::{Look, shipped};

/// Hints that one write settles.
const SETTLED_AT_ONCE: usize = 40;

#[async_trait]
impl Shipping for Ledger {
    async fn notices(&self, account: &AccountId, limit: u32) -> Result<Vec<OpenNotice>, LedgerError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut open = Vec::new();
        for item in self.table.query(&Range::new(&of_account(account), Among::Begins(NOTICE), most)).await? {
            let key = item.key()?;
            let id = key.sk.strip_prefix(NOTICE).and_then(|id| id.parse().ok());
            let unreadable = || Fault::unreadable("a notice");
            open.push(OpenNotice {
                id: id.ok_or_else(unreadable)?,
                url: item.known(URL)?.to_owned(),
                received_at: item.time(RECEIVED_AT)?.ok_or_else(unreadable)?,
            });
        }
        Ok(open)
    }

    async fn looked_until(&self, account: &AccountId) -> Result<Option<Timestamp>, LedgerError> {
        let item = self.table.get(&Key::account(account)).await?;
        Ok(item.map_or(Ok(None), |item| item.time(LOOKED_UNTIL))?)
    }

    /// Each order is told in a write of its own, and what was told stands in its job: a crash in the middle costs a second
    /// look, and the account counts as looked through last of all.
    async fn shipped(
        &self,
        account: &AccountId,
        orders: &[ShippedOrder],
        notices: &[u64],
        looked_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<Envelope>, LedgerError> {
        self.is_all_here().await?;
        let look = |orders: Vec<ShippedOrder>, notices: &[u64], looked_until| Look {
            account: account.clone(),
            orders,
            notices: notices.to_vec(),
            looked_until,
            now,
        };
        // Reopened jobs stand in line in the order in which they are told of.
        let mut by_order: Vec<Vec<ShippedOrder>> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for order in orders {
            let at = *known.entry(&order.order_id).or_insert(by_order.len());
            if at == by_order.len() {
                by_order.push(Vec::new());
            }
            by_order[at].push(order.clone());
        }
        let mut sends = Vec::new();
        for orders in by_order {
            let one = &look(orders, &[], None);
            sends.extend(self.write(|mut unit| async move { (shipped(&mut unit, one).await, unit) }).await?);
        }
        for settled in notices.chunks(SETTLED_AT_ONCE) {
            let some = &look(Vec::new(), settled, None);
            self.write(|mut unit| async move { (shipped(&mut unit, some).await, unit) }).await?;
        }
        let end = &look(Vec::new(), &[], looked_until);
        self.write(|mut unit| async move { (shipped(&mut unit, end).await, unit) }).await?;
        Ok(sends)
    }
}
