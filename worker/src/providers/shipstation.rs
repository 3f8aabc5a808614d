//! `ShipStation`'s v1 API: creating or replacing an order by its key, reading one back, finding one.
//!
//! It has no idempotency header; `orderKey` is what makes a repeated create one order, so every write bears it. A write
//! replaces the whole order: what is left out is cleared, so known orders are read first and written whole.

pub(crate) mod pacific;
mod answer;
mod words;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::call::{Call, Calls, Intent};
use super::error::CallError;
use crate::accounts::ShipStationAccount;
use crate::secrets;

/// The provider's name, for people.
pub(crate) const SHIPSTATION: &str = "ShipStation";
/// Orders asked for in one page; more than the API's own bound is lowered to it.
const PAGE_SIZE: u32 = 500;
/// Pages that are looked through for one order: `#1` also finds `#10` to `#1999…`, and each page costs a call.
const PAGES_MAX: u64 = 10;

/// One account, with its credentials in hand.
pub(crate) struct ShipStation<'a> {
    account: &'a ShipStationAccount,
    key: SecretString,
    secret: SecretString,
    calls: &'a Calls<'a>,
}

impl<'a> ShipStation<'a> {
    /// Reads the account's credentials.
    pub(crate) fn open(account: &'a ShipStationAccount, calls: &'a Calls<'a>) -> Result<Self, CallError> {
        let (key, secret) = (secrets::read(&account.key)?, secrets::read(&account.secret)?);
        Ok(Self { account, key, secret, calls })
    }

    /// Creates the order, or replaces the one with its `orderId` or `orderKey`. The answer is the order with its id.
    pub(crate) async fn create_or_update(&self, order: &Value) -> Result<Value, CallError> {
        let url = format!("{}/orders/createorder", self.account.base_url);
        let request = self.calls.http().post(url).json(order);
        let call = self.call("POST /orders/createorder", Intent::Write, request);
        self.calls.make(call, |answer| answer::read_write(answer, &self.account.id, order)).await
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
