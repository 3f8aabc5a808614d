//! The calls that change orders. Each effect is entered in the journal while the state is still locked, so that the
//! journal has them in the order in which they happened.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::Api;
use super::book::{Refusal, Written};
use super::label::Label;
use super::pacific;
use super::replies::{in_words, invalid, not_found, refused_write, success};
use super::state::State;
use super::validate::Invalid;
use crate::journal::{Commit, Kind, digest};
use crate::server::Reply;

/// The most orders of one bulk call.
const BULK_MAX: usize = 100;

/// One call while it is carried out.
pub(super) struct Attempt<'c> {
    pub(super) account: &'c str,
    pub(super) call: u64,
    pub(super) now: Timestamp,
}

impl Api {
    pub(super) fn post(&self, state: &mut State, attempt: &Attempt<'_>, action: &str, body: &Value) -> Reply {
        match action {
            "createorder" => match self.put(state, attempt, body) {
                Ok(written) => Reply::json(200, &written.order),
                Err(refusal) => refused_write(&refusal),
            },
            "createorders" => self.put_all(state, attempt, body),
            "markasshipped" => self.mark(state, attempt, body),
            "holduntil" => {
                let Some(until) = body["holdUntilDate"].as_str().and_then(pacific::normalised) else {
                    return invalid(&Invalid::whole("The holdUntilDate field is required."));
                };
                let held = state.book.act(attempt.account, id_in(body), attempt.now, |order| {
                    order["orderStatus"] = json!("on_hold");
                    order["holdUntilDate"] = json!(until);
                });
                self.acted(attempt, body, held, |_| success("The order was put on hold."))
            }
            "restorefromhold" => {
                let restored = state.book.act(attempt.account, id_in(body), attempt.now, |order| {
                    order["orderStatus"] = json!("awaiting_shipment");
                    order["holdUntilDate"] = Value::Null;
                });
                self.acted(attempt, body, restored, |_| success("The order was restored from hold."))
            }
            "addtag" | "removetag" => self.tag(state, attempt, action == "addtag", body),
            _ => not_found("No HTTP resource was found that matches the request URI."),
        }
    }

    fn put(&self, state: &mut State, attempt: &Attempt<'_>, body: &Value) -> Result<Written, Refusal> {
        let store = body["advancedOptions"]["storeId"].as_u64();
        if store.is_some_and(|wanted| !state.stores(attempt.account).iter().any(|store| store.id == wanted)) {
            return Err(Refusal::Invalid(Invalid::whole("The storeId is not a store of this account.")));
        }
        let house = state.house(attempt.account);
        let written = state.book.put(attempt.account, body, &house, attempt.now)?;
        self.enter(attempt, body, &written.order, written.kind);
        Ok(written)
    }

    /// Answers 200 even if some or all orders were refused: "Create/Update Multiple Orders" has `hasErrors` and a
    /// result per order for that, and its reference names no other status for a list that could be read.
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

    fn mark(&self, state: &mut State, attempt: &Attempt<'_>, body: &Value) -> Reply {
        let Some(carrier) = body["carrierCode"].as_str() else {
            return invalid(&Invalid::whole("The carrierCode field is required."));
        };
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (tracking_number, ship_date) = (text("trackingNumber"), text("shipDate"));
        let label = Label { tracking_number, ship_date, ..Label::of(carrier, "") };
        let marked = state
            .book
            .updatable(attempt.account, id_in(body))
            .and_then(|id| state.mark_as_shipped(id, &label, attempt.now).ok_or(Refusal::Unknown(id)));
        let told = |order: &Value| json!({"orderId": order["orderId"], "orderNumber": order["orderNumber"]});
        self.acted(attempt, body, marked, told)
    }

    /// Tags may be given and taken whatever the order's status, which is our choice.
    fn tag(&self, state: &mut State, attempt: &Attempt<'_>, add: bool, body: &Value) -> Reply {
        let tag = &body["tagId"];
        let tags = state.accounts.get(attempt.account).map(|account| account.tags.as_slice()).unwrap_or_default();
        if !tags.iter().any(|known| known["tagId"] == *tag) {
            return invalid(&Invalid::whole("The tagId is not a tag of this account."));
        }
        let id = id_in(body);
        if state.book.get(attempt.account, id).is_none() {
            return not_found("The order was not found.");
        }
        let tagged = state.book.change(id, attempt.now, |order| {
            let mut tags = order["tagIds"].as_array().cloned().unwrap_or_default();
            tags.retain(|known| known != tag);
            if add {
                tags.push(tag.clone());
            }
            order["tagIds"] = if tags.is_empty() { Value::Null } else { json!(tags) };
        });
        let words = if add { "Tag added successfully." } else { "Tag removed successfully." };
        self.acted(attempt, body, tagged.ok_or(Refusal::Unknown(id)), |_| success(words))
    }

    pub(super) fn delete(&self, state: &mut State, attempt: &Attempt<'_>, id: &str) -> Reply {
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
            digest: digest(body),
        });
    }
}

fn id_in(body: &Value) -> u64 {
    body["orderId"].as_u64().unwrap_or_default()
}
