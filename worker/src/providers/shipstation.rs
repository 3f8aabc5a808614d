//! `ShipStation`'s v1 API: creating or replacing an order by its key, reading one back, finding one.
//!
//! It has no idempotency header; `orderKey` is what makes a repeated create one order, so every write bears it. A write
//! replaces the whole order: what is left out is cleared, so known orders are read first and written whole.

pub(crate) mod pacific;
pub mod setup;
pub(crate) mod shipments;
mod answer;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::call::{Call, Calls, Intent};
use super::error::CallError;
use crate::accounts::ShipStationAccount;

/// The provider's name, for people.
pub(crate) const SHIPSTATION: &str = "ShipStation";
/// Orders asked for in one page; more than the API's own bound is lowered to it.
const PAGE_SIZE: u32 = 500;
/// Pages that are looked through for one order: `#1` also finds `#10` to `#1999…`, and each page costs a call.
const PAGES_MAX: u64 = 10;
/// The least asked for in a page of what was changed last.
const CHANGED_PAGE_MIN: u32 = 50;
/// Pages of what was changed last. What was just written is on the first one unless many others write, too.
const CHANGED_PAGES_MAX: u64 = 3;

/// What became of one order of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// It stands there under this id.
    There { order_id: String },
    /// It was refused, in words without personal data; nothing was done.
    Refused { words: String },
}

/// One account, with its credentials in hand.
pub(crate) struct ShipStation<'a> {
    account: &'a ShipStationAccount,
    key: SecretString,
    secret: SecretString,
    calls: &'a Calls<'a>,
}

impl<'a> ShipStation<'a> {
    /// Reads the account's credentials.
    pub(crate) async fn open(account: &'a ShipStationAccount, calls: &'a Calls<'a>) -> Result<Self, CallError> {
        let (key, secret) = (calls.secret(&account.key).await?, calls.secret(&account.secret).await?);
        Ok(Self { account, key, secret, calls })
    }

    /// Creates the order, or replaces the one with its `orderId` or `orderKey`. The answer is the order with its id.
    pub(crate) async fn create_or_update(&self, order: &Value) -> Result<Value, CallError> {
        let url = format!("{}/orders/createorder", self.account.base_url);
        let request = self.calls.http().post(url).json(order);
        let call = self.call("POST /orders/createorder", Intent::Write, request);
        self.calls.make(call, |answer| answer::read_write(answer, &self.account.id, order)).await
    }

    /// Creates orders, or replaces those with their keys: at most 100, each by itself. What became of each, by its key; a
    /// key that is missing may have happened or not.
    pub(crate) async fn create_or_update_many(&self, orders: &[Value]) -> Result<BTreeMap<String, Made>, CallError> {
        let url = format!("{}/orders/createorders", self.account.base_url);
        let sent = Value::from(orders);
        let request = self.calls.http().post(url).json(&sent);
        let call = self.call("POST /orders/createorders", Intent::Write, request);
        let answered = self.calls.make(call, |answer| answer::read_writes(answer, &self.account.id, &sent)).await?;
        let results = answered["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let made = results.iter().filter_map(|result| {
            let key = result["orderKey"].as_str()?;
            let sent = orders.iter().find(|order| order["orderKey"] == key)?;
            Some((key.to_owned(), answer::read_made(result, sent)?))
        });
        Ok(made.collect())
    }

    /// Orders by id, found among those that were changed since; `since` is Pacific. One that is missing is not shown, or
    /// the looking was cut short by the error.
    pub(crate) async fn changed_since(
        &self,
        since: &str,
        ids: &BTreeSet<&str>,
    ) -> (BTreeMap<String, Value>, Option<CallError>) {
        let url = format!("{}/orders", self.account.base_url);
        // Others may change orders of the account at the same time.
        let size = u32::try_from(2 * ids.len()).unwrap_or(PAGE_SIZE).clamp(CHANGED_PAGE_MIN, PAGE_SIZE).to_string();
        let mut found = BTreeMap::new();
        for page in 1..=CHANGED_PAGES_MAX {
            let page_text = page.to_string();
            let query = [
                ("modifyDateStart", since),
                ("sortBy", "ModifyDate"),
                ("sortDir", "DESC"),
                ("pageSize", &size),
                ("page", &page_text),
            ];
            let request = self.calls.http().get(&url).query(&query);
            let call = self.call("GET /orders?modifyDateStart", Intent::Read, request);
            let content = match self.calls.make(call, |answer| answer::read_list(answer, &self.account.id)).await {
                Ok(content) => content,
                Err(error) => return (found, Some(error)),
            };
            for order in content["orders"].as_array().into_iter().flatten() {
                let id = order["orderId"].to_string();
                if ids.contains(id.as_str()) {
                    // The first is the newest, if a change has moved it to the next page meanwhile.
                    found.entry(id).or_insert_with(|| order.clone());
                }
            }
            if found.len() == ids.len() || content["pages"].as_u64().unwrap_or(1) <= page {
                break;
            }
        }
        (found, None)
    }

    /// The order with this id; nothing if there is none.
    pub(crate) async fn get(&self, order_id: &str) -> Result<Option<Value>, CallError> {
        let url = format!("{}/orders/{order_id}", self.account.base_url);
        let call = self.call("GET /orders/{id}", Intent::Read, self.calls.http().get(url));
        let read = |answer: &_| answer::read_order(answer, &self.account.id);
        let order = self.calls.make(call, read).await?;
        Ok(Some(order).filter(|order| !order.is_null()))
    }

    /// The order with this key, found among those whose number begins with `number`; nothing if there is none.
    pub(crate) async fn find(&self, key: &str, number: &str) -> Result<Option<Value>, CallError> {
        let url = format!("{}/orders", self.account.base_url);
        let size = PAGE_SIZE.to_string();
        for page in 1..=PAGES_MAX {
            let query = [("orderNumber", number), ("pageSize", &size), ("page", &page.to_string())];
            let request = self.calls.http().get(&url).query(&query);
            let call = self.call("GET /orders?orderNumber", Intent::Read, request);
            let read = |answer: &_| answer::read_list(answer, &self.account.id);
            let content = self.calls.make(call, read).await?;
            let orders = content["orders"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(order) = orders.iter().find(|order| order["orderKey"] == key) {
                return Ok(Some(order.clone()));
            }
            if content["pages"].as_u64().unwrap_or(1) <= page {
                return Ok(None);
            }
        }
        let words = "too many orders have a number that begins with this one's".to_owned();
        Err(CallError::Unanswered { at: SHIPSTATION, words })
    }

    /// The orders of a store with exactly this number.
    pub(crate) async fn in_store(&self, store: u64, number: &str) -> Result<Vec<Value>, CallError> {
        let url = format!("{}/orders", self.account.base_url);
        let (size, store_id) = (PAGE_SIZE.to_string(), store.to_string());
        let mut found = Vec::new();
        for page in 1..=PAGES_MAX {
            let page_text = page.to_string();
            let query = [("orderNumber", number), ("storeId", &store_id), ("pageSize", &size), ("page", &page_text)];
            let request = self.calls.http().get(&url).query(&query);
            let call = self.call("GET /orders?storeId", Intent::Read, request);
            let content = self.calls.make(call, |answer| answer::read_list(answer, &self.account.id)).await?;
            let orders = content["orders"].as_array().map(Vec::as_slice).unwrap_or_default();
            let exact = |order: &&Value| {
                order["orderNumber"] == number && order["advancedOptions"]["storeId"].as_u64() == Some(store)
            };
            found.extend(orders.iter().filter(exact).cloned());
            if content["pages"].as_u64().unwrap_or(1) <= page {
                return Ok(found);
            }
        }
        let words = "too many orders have a number that begins with this one's".to_owned();
        Err(CallError::Unanswered { at: SHIPSTATION, words })
    }

    fn call(&self, name: &str, intent: Intent, request: reqwest::RequestBuilder) -> Call<'_> {
        let (key, secret) = (self.key.expose_secret(), self.secret.expose_secret());
        Call {
            at: SHIPSTATION,
            account: &self.account.id,
            name: name.to_owned(),
            intent,
            units: 1,
            request: request.basic_auth(key, Some(secret)),
        }
    }
}
