//! The addresses of the API and what each does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use lane::clock::Clock;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::CALLS_PER_MINUTE;
use super::account::{Account, Standing, Store, credentials};
use super::book::{Book, Refusal, Written};
use super::pacific;
use super::replies::{allowance, in_words, invalid, not_found, refused_write, success, too_many};
use super::search::Search;
use super::validate::Invalid;
use crate::front::{Allowance, Provider, Recognised};
use crate::journal::{Commit, Journal, Kind};
use crate::locked;
use crate::server::{Arrived, Reply};

/// The most orders of one bulk call.
const BULK_MAX: usize = 100;

/// Accounts and orders: what a call may change.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) book: Book,
}

/// The API with its state.
pub(crate) struct Api {
    pub(super) state: Mutex<State>,
    journal: Journal,
    clock: Arc<dyn Clock>,
}

/// One call while it is carried out.
struct Attempt<'c> {
    account: &'c str,
    call: u64,
    now: Timestamp,
}

impl Provider for Api {
    fn recognise(&self, request: &Arrived) -> Recognised {
        let account = request.header("authorization").and_then(credentials).map(|(key, _)| key).unwrap_or_default();
        Recognised { account, operation: operation(&request.method, &request.segments()) }
    }

    fn admit(&self, request: &Arrived, who: &Recognised) -> Result<Allowance, Reply> {
        let secret = request.header("authorization").and_then(credentials).map(|(_, secret)| secret);
        let mut state = locked(&self.state);
        let account = state.accounts.get_mut(&who.account);
        let (Some(secret), Some(account)) = (secret, account) else { return Err(self.refused()) };
        if !account.accepts(&secret) {
            return Err(self.refused());
        }
        match account.take(self.clock.now()) {
            Ok(standing) => Ok(allowance(standing)),
            Err(standing) => Err(allowance(standing).stamp(too_many())),
        }
    }

    fn carry_out(&self, request: &Arrived, who: &Recognised, call: u64) -> Reply {
        let now = self.clock.now();
        let attempt = Attempt { account: &who.account, call, now };
        let mut state = locked(&self.state);
        state.book.release_due(now);
        match (request.method.as_str(), &request.segments()[..]) {
            ("GET", ["orders"]) => Reply::json(200, &Search::read(&request.query).page(state.book.of(&who.account))),
            ("GET", ["orders", id]) => match id.parse().ok().and_then(|id| state.book.get(&who.account, id)) {
                Some(order) => Reply::json(200, order),
                None => not_found("The order was not found."),
            },
            ("DELETE", ["orders", id]) => self.delete(&mut state, &attempt, id),
            ("GET", ["stores"]) => Reply::json(200, &stores(&state, &who.account)),
            ("POST", ["orders", action]) => match serde_json::from_slice::<Value>(&request.body) {
                Ok(body) => self.post(&mut state, &attempt, action, &body),
                Err(error) => invalid(&Invalid::whole(&error.to_string())),
            },
            _ => not_found("No HTTP resource was found that matches the request URI."),
        }
    }

    fn refused(&self) -> Reply {
        Reply::json(401, &json!({"Message": "Authorization has been denied for this request."}))
    }

    fn throttled(&self, retry_after_seconds: u64) -> Reply {
        let standing = Standing { limit: CALLS_PER_MINUTE, remaining: 0, reset_seconds: retry_after_seconds };
        let mut reply = allowance(standing).stamp(too_many());
        reply.headers.push(("Retry-After".to_owned(), retry_after_seconds.to_string()));
        reply
    }

    fn give_order(&self, _account: &str, _order: Value) -> Result<(), String> {
        Err("orders reach ShipStation through its own API".to_owned())
    }

    fn all_orders(&self) -> Value {
        let mut state = locked(&self.state);
        state.book.release_due(self.clock.now());
        state.book.all().cloned().collect()
    }
}

impl Api {
    pub(super) fn new(clock: Arc<dyn Clock>, journal: Journal) -> Self {
        Self { state: Mutex::default(), journal, clock }
    }

    fn post(&self, state: &mut State, attempt: &Attempt<'_>, action: &str, body: &Value) -> Reply {
        let account = attempt.account;
        match action {
            "createorder" => match self.put(state, attempt, body) {
                Ok(written) => Reply::json(200, &written.order),
                Err(refusal) => refused_write(&refusal),
            },
            "createorders" => self.put_all(state, attempt, body),
            "markasshipped" => {
                if body["carrierCode"].as_str().is_none() {
                    return invalid(&Invalid::whole("The carrierCode field is required."));
                }
                let today = pacific::date(attempt.now);
                let shipped = state.book.act(account, id_in(body), attempt.now, |order| {
                    order["orderStatus"] = json!("shipped");
                    order["carrierCode"] = body["carrierCode"].clone();
                    order["shipDate"] = body["shipDate"].as_str().map_or(json!(today), Value::from);
                    order["externallyFulfilled"] = json!(true);
                });
                let told = |order: &Value| json!({"orderId": order["orderId"], "orderNumber": order["orderNumber"]});
                self.acted(attempt, body, shipped, told)
            }
            "holduntil" => {
                let Some(until) = body["holdUntilDate"].as_str().and_then(pacific::normalised) else {
                    return invalid(&Invalid::whole("The holdUntilDate field is required."));
                };
                let held = state.book.act(account, id_in(body), attempt.now, |order| {
                    order["orderStatus"] = json!("on_hold");
                    order["holdUntilDate"] = json!(until);
                });
                self.acted(attempt, body, held, |_| success("The order was put on hold."))
            }
            "restorefromhold" => {
                let restored = state.book.act(account, id_in(body), attempt.now, |order| {
                    order["orderStatus"] = json!("awaiting_shipment");
                    order["holdUntilDate"] = Value::Null;
                });
                self.acted(attempt, body, restored, |_| success("The order was restored from hold."))
            }
            _ => not_found("No HTTP resource was found that matches the request URI."),
        }
    }

    fn put(&self, state: &mut State, attempt: &Attempt<'_>, body: &Value) -> Result<Written, Refusal> {
        let default_store = state.accounts.get(attempt.account).and_then(Account::default_store);
        let store = body["advancedOptions"]["storeId"].as_u64();
        let stores = state.accounts.get(attempt.account).map(|account| account.stores.as_slice()).unwrap_or_default();
        if store.is_some_and(|wanted| !stores.iter().any(|store| store.id == wanted)) {
            return Err(Refusal::Invalid(Invalid::whole("The storeId is not a store of this account.")));
        }
        let written = state.book.put(attempt.account, body, default_store, attempt.now)?;
        self.enter(attempt, body, &written.order, written.kind);
        Ok(written)
    }

    fn put_all(&self, state: &mut State, attempt: &Attempt<'_>, body: &Value) -> Reply {
        let Some(orders) = body.as_array().filter(|orders| orders.len() <= BULK_MAX) else {
            return invalid(&Invalid::whole("A list of at most 100 orders is required."));
        };
        let results: Vec<Value> = orders
            .iter()
            .map(|order| match self.put(state, attempt, order) {
                Ok(Written { order, .. }) => json!({
                    "orderId": order["orderId"], "orderNumber": order["orderNumber"], "orderKey": order["orderKey"],
                    "success": true, "errorMessage": null,
                }),
                Err(refusal) => json!({
                    "orderId": null, "orderNumber": order["orderNumber"], "orderKey": order["orderKey"],
                    "success": false, "errorMessage": in_words(&refusal),
                }),
            })
            .collect();
        let has_errors = results.iter().any(|result| result["success"] == false);
        Reply::json(200, &json!({"hasErrors": has_errors, "results": results}))
    }

    fn delete(&self, state: &mut State, attempt: &Attempt<'_>, id: &str) -> Reply {
        let deleted = id.parse().ok().and_then(|id| state.book.delete(attempt.account, id));
        let Some(order) = deleted else { return not_found("The order was not found.") };
        self.enter(attempt, &Value::Null, &order, Kind::Changed);
        Reply::json(200, &success("The requested order has been deleted"))
    }

    fn acted(
        &self,
        attempt: &Attempt<'_>,
        body: &Value,
        result: Result<Value, Refusal>,
        told: impl FnOnce(&Value) -> Value,
    ) -> Reply {
        match result {
            Ok(order) => {
                self.enter(attempt, body, &order, Kind::Changed);
                Reply::json(200, &told(&order))
            }
            Err(refusal) => refused_write(&refusal),
        }
    }

    /// Enters an effect while the state is still locked, so that the journal has the order in which they happened.
    fn enter(&self, attempt: &Attempt<'_>, body: &Value, order: &Value, kind: Kind) {
        let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
        self.journal.commit(Commit {
            number: 0,
            call: attempt.call,
            at: attempt.now,
            account: attempt.account.to_owned(),
            order_key: text("orderKey"),
            order_id: order["orderId"].as_u64().unwrap_or_default(),
            order_number: text("orderNumber"),
            kind,
            order_status: text("orderStatus"),
            digest: hex::encode(Sha256::digest(body.to_string())),
        });
    }
}

/// The journal's name of a call.
fn operation(method: &str, segments: &[&str]) -> String {
    match (method, segments) {
        ("POST", ["orders", action]) => (*action).to_owned(),
        ("GET", ["orders"]) => "orders/list".to_owned(),
        ("GET", ["orders", _]) => "orders/get".to_owned(),
        ("DELETE", ["orders", _]) => "orders/delete".to_owned(),
        _ => segments.join("/"),
    }
}

fn id_in(body: &Value) -> u64 {
    body["orderId"].as_u64().unwrap_or_default()
}

fn stores(state: &State, account: &str) -> Value {
    let stores = state.accounts.get(account).map(|account| account.stores.as_slice()).unwrap_or_default();
    stores.iter().map(Store::to_json).collect()
}
