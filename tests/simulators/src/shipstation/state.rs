//! Accounts, orders, parcels and webhooks: all that a call may change, behind one lock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::Account;
use super::book::{Book, House};
use super::customs::Rules;
use super::imports::{self, Pending};
use super::label::{Label, ShippingError};
use super::pacific;
use super::parcels::Parcels;
use super::stores::{Importing, Store};
use super::webhooks::Webhooks;

/// Everything of one simulator.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) book: Book,
    pub(super) parcels: Parcels,
    pub(super) webhooks: Webhooks,
    imports: Vec<Pending>,
}

impl State {
    /// Lets happen what was due until now: holds end, imported orders appear.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.book.release_due(now);
        let (due, waiting) = std::mem::take(&mut self.imports).into_iter().partition(|pending| pending.due <= now);
        self.imports = waiting;
        let mut due: Vec<Pending> = due;
        due.sort_by_key(|pending| pending.due);
        for pending in due {
            self.appear(&pending);
        }
    }

    /// An imported order that is there already stays as it is, whatever became of it at the marketplace.
    fn appear(&mut self, pending: &Pending) {
        let key = pending.body["orderKey"].as_str().unwrap_or_default();
        let house = self.house(&pending.account);
        if self.book.knows(&pending.account, key) {
            return;
        }
        if let Err(refusal) = self.book.put(&pending.account, &pending.body, &house, pending.due) {
            tracing::warn!(?refusal, "an order could not be imported");
        }
    }

    /// Hands an order of a shop over to the store that imports that shop's orders.
    pub(super) fn import(&mut self, shop: &str, order: &Value, now: Timestamp) -> Result<(), String> {
        let (account, store, importing) = self.importer(shop).ok_or("no store imports the orders of this shop")?;
        let body = imports::body(order, &importing, store, &self.house(&account).rules)?;
        self.imports.push(Pending { due: lane::clock::after(now, importing.after), account, body });
        self.advance(now);
        Ok(())
    }

    fn importer(&self, shop: &str) -> Option<(String, u64, Importing)> {
        let all = self.accounts.iter().flat_map(|(key, account)| account.stores.iter().map(move |store| (key, store)));
        let mut importers = all.filter_map(|(key, store)| Some((key, store, store.importing.as_ref()?)));
        let (key, store, importing) = importers.find(|(_, _, importing)| importing.shop.eq_ignore_ascii_case(shop))?;
        Some((key.clone(), store.id, importing.clone()))
    }

    /// What the account's settings add to an order.
    pub(super) fn house(&self, account: &str) -> House {
        let account = self.accounts.get(account);
        House {
            default_store: account.and_then(Account::default_store),
            rules: Rules {
                home: account.map(|account| account.home.clone()).unwrap_or_default(),
                declarations: account.map(|account| account.declarations).unwrap_or_default(),
            },
        }
    }

    pub(super) fn stores(&self, account: &str) -> &[Store] {
        self.accounts.get(account).map(|account| account.stores.as_slice()).unwrap_or_default()
    }

    /// Buys a label: some or all of an order leaves, whatever its status was. Once all has left, it is shipped.
    pub(super) fn ship(
        &mut self,
        batch: u64,
        order_id: u64,
        label: &Label,
        now: Timestamp,
    ) -> Result<(String, Value), ShippingError> {
        let (account, order) = self.book.owned(order_id).ok_or(ShippingError::UnknownOrder(order_id))?;
        let units = self.parcels.taken(order, label)?;
        let account = account.to_owned();
        let shipment = self.parcels.ship(&account, batch, order, label, units, now);
        if self.parcels.left(order).iter().all(|(_, left)| *left == 0) {
            let day = shipment["shipDate"].clone();
            self.book.change(order_id, now, |order| {
                order["orderStatus"] = json!("shipped");
                order["shipDate"] = day;
            });
        }
        Ok((account, shipment))
    }

    /// Takes a label back. An order that was shipped by it waits again, which is our choice.
    pub(super) fn void(&mut self, shipment_id: u64, now: Timestamp) -> Option<Value> {
        let shipment = self.parcels.void(shipment_id, now)?;
        let order_id = shipment["orderId"].as_u64().unwrap_or_default();
        let shipped = self.book.owned(order_id).is_some_and(|(_, order)| order["orderStatus"] == "shipped");
        if shipped {
            self.book.change(order_id, now, |order| {
                order["orderStatus"] = json!("awaiting_shipment");
                order["shipDate"] = Value::Null;
            });
        }
        Some(shipment)
    }

    /// The whole order was shipped by other means, whatever its status was.
    pub(super) fn mark_as_shipped(&mut self, order_id: u64, label: &Label, now: Timestamp) -> Option<Value> {
        let account = self.book.owned(order_id)?.0.to_owned();
        let today = pacific::date(now);
        let order = self.book.change(order_id, now, |order| {
            order["orderStatus"] = json!("shipped");
            order["carrierCode"] = json!(label.carrier_code);
            order["shipDate"] = label.ship_date.as_deref().map_or(json!(today), Value::from);
            order["externallyFulfilled"] = json!(true);
        })?;
        self.parcels.fulfil(&account, &order, label, now);
        Some(order)
    }
}
