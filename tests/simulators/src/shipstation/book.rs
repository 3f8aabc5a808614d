//! The order book: who has which order, and what may happen to it.
//!
//! Our choices where the documentation is silent: an `orderKey` is unique within an account; a deleted order is gone
//! for every call, its key free again; a cancelled order stays cancelled.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::customs::{self, Rules};
use super::pacific;
use super::resource::{self, Fixed};
use super::validate::{self, Invalid};
use crate::journal::Kind;

/// The statuses in which an order may still be written.
const UPDATABLE: [&str; 4] = ["awaiting_payment", "awaiting_shipment", "on_hold", "pending_fulfillment"];

/// Why an order was not written.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The body is not an order.
    Invalid(Invalid),
    /// There is no such order in this account.
    Unknown(u64),
    /// Its status forbids it.
    Status(String),
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) order: Value,
    pub(super) kind: Kind,
}

/// What an account's settings add to an order.
#[derive(Debug)]
pub(super) struct House {
    pub(super) default_store: Option<u64>,
    pub(super) rules: Rules,
}

#[derive(Debug)]
struct Entry {
    account: String,
    deleted: bool,
    order: Value,
}

/// Every order of every account.
#[derive(Debug)]
pub(super) struct Book {
    entries: Vec<Entry>,
    by_id: HashMap<u64, usize>,
    by_key: HashMap<(String, String), usize>,
    /// Orders that go back to `awaiting_shipment` by themselves on a day.
    on_hold: BTreeSet<usize>,
    customers: HashMap<(String, String), u64>,
    next_id: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            on_hold: BTreeSet::new(),
            customers: HashMap::new(),
            next_id: 94_113_592,
        }
    }
}

impl Book {
    /// All orders that are not deleted, in order of creation.
    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().filter(|entry| !entry.deleted).map(|entry| &entry.order)
    }

    /// The orders of one account, in order of creation.
    pub(super) fn of<'b>(&'b self, account: &'b str) -> impl Iterator<Item = &'b Value> {
        self.entries.iter().filter(move |entry| !entry.deleted && entry.account == account).map(|entry| &entry.order)
    }

    /// One order of an account.
    pub(super) fn get(&self, account: &str, order_id: u64) -> Option<&Value> {
        let entry = self.entries.get(*self.by_id.get(&order_id)?)?;
        (!entry.deleted && entry.account == account).then_some(&entry.order)
    }

    /// The order with this id, in whichever account, and the account.
    pub(super) fn owned(&self, order_id: u64) -> Option<(&str, &Value)> {
        let entry = self.entries.get(*self.by_id.get(&order_id)?)?;
        (!entry.deleted).then_some((entry.account.as_str(), &entry.order))
    }

    /// Whether an account has an order with this key.
    pub(super) fn knows(&self, account: &str, order_key: &str) -> bool {
        self.by_key.contains_key(&(account.to_owned(), order_key.to_owned()))
    }

    /// Creates or replaces an order.
    pub(super) fn put(
        &mut self,
        account: &str,
        body: &Value,
        house: &House,
        now: Timestamp,
    ) -> Result<Written, Refusal> {
        validate::check(body).map_err(Refusal::Invalid)?;
        match self.target(account, body)? {
            Some(index) => self.replace(index, body, &house.rules, now),
            None => Ok(self.create(account, body, house, now)),
        }
    }

    /// Which order a body means: the one with its `orderId`, else the one with its `orderKey`, else a new one.
    fn target(&self, account: &str, body: &Value) -> Result<Option<usize>, Refusal> {
        if let Some(id) = body["orderId"].as_u64() {
            let index = self.by_id.get(&id).copied();
            let owned = index.filter(|index| {
                self.entries.get(*index).is_some_and(|entry| !entry.deleted && entry.account == account)
            });
            return owned.map(Some).ok_or(Refusal::Unknown(id));
        }
        Ok(key_of(body).and_then(|key| self.by_key.get(&(account.to_owned(), key)).copied()))
    }

    fn create(&mut self, account: &str, body: &Value, house: &House, now: Timestamp) -> Written {
        let order_id = self.take_id();
        let order_key = key_of(body).unwrap_or_else(|| format!("manual-{order_id:016x}"));
        let fixed = Fixed {
            order_id,
            order_key: order_key.clone(),
            create_date: pacific::time(now),
            modify_date: pacific::time(now),
            customer_id: self.customer(account, body),
            store_id: body["advancedOptions"]["storeId"].as_u64().or(house.default_store),
            international: customs::options(body, &Value::Null, &house.rules, &mut || self.take_id()),
        };
        let order = resource::order(body, &fixed, &mut |_| self.take_id());
        let index = self.entries.len();
        self.by_id.insert(order_id, index);
        self.by_key.insert((account.to_owned(), order_key), index);
        self.watch_hold(index, &order);
        self.entries.push(Entry { account: account.to_owned(), deleted: false, order: order.clone() });
        Written { order, kind: Kind::Created }
    }

    fn replace(&mut self, index: usize, body: &Value, rules: &Rules, now: Timestamp) -> Result<Written, Refusal> {
        let Entry { account, order: before, .. } = &self.entries[index];
        updatable(before)?;
        let (account, before) = (account.clone(), before.clone());
        let fixed = Fixed {
            order_id: before["orderId"].as_u64().unwrap_or_default(),
            order_key: before["orderKey"].as_str().unwrap_or_default().to_owned(),
            create_date: before["createDate"].as_str().unwrap_or_default().to_owned(),
            modify_date: pacific::time(now),
            customer_id: self.customer(&account, body),
            store_id: before["advancedOptions"]["storeId"].as_u64(),
            international: customs::options(body, &before["internationalOptions"], rules, &mut || self.take_id()),
        };
        let known = |sent: &Value| {
            let key = sent["lineItemKey"].as_str()?;
            let items = before["items"].as_array()?;
            items.iter().find(|item| item["lineItemKey"] == key)?["orderItemId"].as_u64()
        };
        let order = resource::order(body, &fixed, &mut |sent| known(sent).unwrap_or_else(|| self.take_id()));
        self.watch_hold(index, &order);
        self.entries[index].order = order.clone();
        Ok(Written { order, kind: Kind::Replaced })
    }

    /// Changes an order in place, whatever its status, and says when.
    pub(super) fn change(&mut self, order_id: u64, now: Timestamp, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let index = *self.by_id.get(&order_id)?;
        let entry = self.entries.get_mut(index).filter(|entry| !entry.deleted)?;
        change(&mut entry.order);
        entry.order["modifyDate"] = json!(pacific::time(now));
        let order = entry.order.clone();
        self.watch_hold(index, &order);
        Some(order)
    }

    /// One of the small calls: changes an order of this account that may still be changed.
    pub(super) fn act(
        &mut self,
        account: &str,
        order_id: u64,
        now: Timestamp,
        change: impl FnOnce(&mut Value),
    ) -> Result<Value, Refusal> {
        self.updatable(account, order_id)?;
        self.change(order_id, now, change).ok_or(Refusal::Unknown(order_id))
    }

    /// The id of an order of this account, if it may still be changed.
    pub(super) fn updatable(&self, account: &str, order_id: u64) -> Result<u64, Refusal> {
        updatable(self.get(account, order_id).ok_or(Refusal::Unknown(order_id))?).map(|()| order_id)
    }

    /// Deletes an order, softly: the book remembers it, no call finds it.
    pub(super) fn delete(&mut self, account: &str, order_id: u64) -> Option<Value> {
        let index = *self.by_id.get(&order_id)?;
        let entry = self.entries.get_mut(index).filter(|entry| !entry.deleted && entry.account == account)?;
        entry.deleted = true;
        let key = entry.order["orderKey"].as_str().unwrap_or_default().to_owned();
        self.by_key.remove(&(account.to_owned(), key));
        self.entries.get(index).map(|entry| entry.order.clone())
    }

    /// Gives back what was held until a day that has come.
    pub(super) fn release_due(&mut self, now: Timestamp) {
        let now = pacific::time(now);
        for index in std::mem::take(&mut self.on_hold) {
            let Some(entry) = self.entries.get_mut(index) else { continue };
            if entry.order["orderStatus"] != "on_hold" {
                continue;
            }
            if entry.order["holdUntilDate"].as_str().is_some_and(|until| until <= now.as_str()) {
                entry.order["orderStatus"] = json!("awaiting_shipment");
                entry.order["holdUntilDate"] = Value::Null;
            } else {
                self.on_hold.insert(index);
            }
        }
    }

    fn watch_hold(&mut self, index: usize, order: &Value) {
        if order["holdUntilDate"].is_string() {
            self.on_hold.insert(index);
        }
    }

    /// Customers are told apart by user name, else by mail address.
    fn customer(&mut self, account: &str, body: &Value) -> Option<u64> {
        let name = body["customerUsername"].as_str().or_else(|| body["customerEmail"].as_str())?;
        let next = self.next_id;
        let id = *self.customers.entry((account.to_owned(), name.trim().to_lowercase())).or_insert(next);
        if id == next {
            self.next_id += 1;
        }
        Some(id)
    }

    fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

fn key_of(body: &Value) -> Option<String> {
    body["orderKey"].as_str().map(|key| key.trim().to_owned()).filter(|key| !key.is_empty())
}

fn updatable(order: &Value) -> Result<(), Refusal> {
    let status = order["orderStatus"].as_str().unwrap_or_default();
    if UPDATABLE.contains(&status) { Ok(()) } else { Err(Refusal::Status(status.to_owned())) }
}
