//! The addresses of the API and who may call them.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use jiff::Timestamp;
use lane::clock::Clock;
use serde_json::{Value, json};

use super::CALLS_PER_MINUTE;
use super::account::{Standing, credentials};
use super::notices::Notices;
use super::query::Query;
use super::replies::{allowance, empty, invalid, not_found, too_many};
use super::state::State;
use super::stores::{self, Store};
use super::validate::Invalid;
use super::writes::Attempt;
use super::{own_pages, search};
use crate::front::{Allowance, Provider, Recognised};
use crate::journal::Journal;
use crate::locked;
use crate::server::{Arrived, Reply};

/// The API with its state.
pub(crate) struct Api {
    state: Mutex<State>,
    /// Scheme, host and port, once the server listens.
    pub(super) origin: OnceLock<String>,
    pub(super) notices: Notices,
    pub(super) journal: Journal,
    clock: Arc<dyn Clock>,
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
        match account.take(self.now()) {
            Ok(standing) => Ok(allowance(standing)),
            Err(standing) => Err(allowance(standing).stamp(too_many())),
        }
    }

    fn carry_out(&self, request: &Arrived, who: &Recognised, call: u64) -> Reply {
        let attempt = Attempt { account: &who.account, call, now: self.now() };
        let mut state = self.state();
        match (request.method.as_str(), &request.segments()[..]) {
            ("GET", segments) => get(&state, &who.account, segments, &Query::read(&request.query)),
            ("DELETE", ["orders", id]) => self.delete(&mut state, &attempt, id),
            ("DELETE", ["webhooks", id]) => match id.parse() {
                // "Returns a 200 response code with no content", says the page "Unsubscribe to Webhook".
                Ok(id) if state.webhooks.unsubscribe(&who.account, id) => empty(200),
                Ok(_) | Err(_) => not_found("The webhook was not found."),
            },
            ("POST", [group @ ("orders" | "webhooks"), action]) => {
                match (serde_json::from_slice::<Value>(&request.body), *group) {
                    (Err(error), _) => invalid(&Invalid::whole(&error.to_string())),
                    (Ok(body), "orders") => self.post(&mut state, &attempt, action, &body),
                    (Ok(body), _) => subscribe(&mut state, &who.account, action, &body),
                }
            }
            _ => no_such_address(),
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

    /// Orders that are given, not written, are imported: the account is the shop's domain.
    fn give_order(&self, account: &str, order: Value) -> Result<(), String> {
        let now = self.now();
        self.state().import(account, &order, now)
    }

    fn all_orders(&self) -> Value {
        self.state().book.all().cloned().collect()
    }

    fn own_page(&self, method: &str, page: &[&str], body: &[u8]) -> Option<Result<Value, String>> {
        own_pages::answer(self, method, page, body)
    }
}

impl Api {
    pub(super) fn new(clock: Arc<dyn Clock>, journal: Journal, notices: Notices) -> Self {
        Self { state: Mutex::default(), origin: OnceLock::new(), notices, journal, clock }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn origin(&self) -> String {
        self.origin.get().cloned().unwrap_or_default()
    }

    /// The state as it is now: what was due has happened.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = locked(&self.state);
        state.advance(self.now());
        state
    }
}

fn get(state: &State, account: &str, segments: &[&str], query: &Query) -> Reply {
    match segments {
        ["orders"] => Reply::json(200, &search::page(query, state.book.of(account))),
        ["orders", id] => match id.parse().ok().and_then(|id| state.book.get(account, id)) {
            Some(order) => Reply::json(200, order),
            None => not_found("The order was not found."),
        },
        ["shipments"] => Reply::json(200, &state.parcels.list_shipments(account, query)),
        ["fulfillments"] => Reply::json(200, &state.parcels.list_fulfillments(account, query)),
        ["stores"] => Reply::json(200, &stores::list(query, state.stores(account))),
        ["stores", id] => match state.stores(account).iter().find(|store| store.id.to_string() == *id) {
            Some(store) => Reply::json(200, &Store::to_json(store)),
            None => not_found("The store was not found."),
        },
        ["warehouses"] => Reply::json(200, &warehouses()),
        ["accounts", "listtags"] => Reply::json(200, &json!(state.accounts.get(account).map(|own| &own.tags))),
        ["webhooks"] => Reply::json(200, &state.webhooks.list(account)),
        _ => no_such_address(),
    }
}

fn subscribe(state: &mut State, account: &str, action: &str, body: &Value) -> Reply {
    if action != "subscribe" {
        return no_such_address();
    }
    match state.webhooks.subscribe(account, body) {
        // The page "Subscribe to Webhook" shows `id`; a later reference lists the fields of the list instead.
        Ok(id) => Reply::json(200, &json!({"id": id})),
        Err(words) => invalid(&Invalid::whole(&words)),
    }
}

/// The one place that every account ships from.
fn warehouses() -> Value {
    let address = json!({
        "name": "Dispatch", "company": "", "street1": "123 S Spring Rd", "street2": "", "street3": "",
        "city": "Elmhurst", "state": "IL", "postalCode": "60126", "country": "US", "phone": "", "residential": false,
    });
    json!([{
        "warehouseId": 17_977,
        "warehouseName": "Main warehouse",
        "originAddress": address,
        "returnAddress": address,
        "createDate": "2014-10-21T08:11:43.8800000",
        "isDefault": true,
    }])
}

fn no_such_address() -> Reply {
    not_found("No HTTP resource was found that matches the request URI.")
}

/// The journal's name of a call.
fn operation(method: &str, segments: &[&str]) -> String {
    match (method, segments) {
        ("POST", ["orders", action]) => (*action).to_owned(),
        ("GET", [group @ ("orders" | "shipments" | "fulfillments" | "webhooks")]) => format!("{group}/list"),
        ("GET", [group @ ("orders" | "stores"), _]) => format!("{group}/get"),
        ("DELETE", [group @ ("orders" | "webhooks"), _]) => format!("{group}/delete"),
        _ => segments.join("/"),
    }
}
