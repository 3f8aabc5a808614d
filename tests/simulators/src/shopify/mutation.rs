//! `fulfillmentCreate`, as an app calls it: ids are resolved, the call is checked, and only then anything happens.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::api::Shop;
use super::beyond::Stored;
use super::fulfil::{self, Portion, Refused, Tracking};
use super::shipments;
use super::translate::{self, entries};
use crate::journal::{Commit, Journal, Kind};

/// Which call it is, for the journal.
pub(super) struct Caller<'c> {
    pub(super) account: &'c str,
    pub(super) call: u64,
    pub(super) now: Timestamp,
    pub(super) journal: &'c Journal,
}

/// Answers with the payload: a fulfilment, or what is wrong.
pub(super) fn fulfilment_create(shop: &mut Shop, arguments: &Value, caller: &Caller<'_>) -> Value {
    match create(shop, &arguments["fulfillment"], caller) {
        Ok(fulfilment) => json!({"fulfillment": fulfilment, "userErrors": []}),
        Err(refused) => json!({
            "fulfillment": null,
            "userErrors": [{"field": ["fulfillment"], "message": refused.to_string()}],
        }),
    }
}

fn create(shop: &mut Shop, input: &Value, caller: &Caller<'_>) -> Result<Value, Refused> {
    let (order, portions) = resolve(shop, &input["lineItemsByFulfillmentOrder"])?;
    let stored = shop.orders.get_mut(&order).ok_or(Refused::NoPart)?;
    let units = fulfil::check(stored, &portions)?;
    let tracking = Tracking(&input["trackingInfo"]);
    let (fulfilment, told) = fulfil::carry_out(stored, &units, &tracking, &mut shop.ids, caller.now);
    caller.journal.commit(commit(stored, order, input, caller));
    let risk = shop.risks.get(&order).cloned().unwrap_or_default();
    let tree = translate::order(stored, &risk, &shop.scopes);
    shop.told.extend(told);
    Ok(shipments::fulfilment(&fulfilment, &tree))
}

/// Finds the parts and their lines; all in one order.
fn resolve(shop: &Shop, named: &Value) -> Result<(u64, Vec<Portion>), Refused> {
    let mut order = None;
    let mut portions = Vec::new();
    for pair in entries(named) {
        let id = id_of(&pair["fulfillmentOrderId"], "FulfillmentOrder").ok_or(Refused::NoPart)?;
        let (owner, stored, part) = find(shop, id).ok_or(Refused::NoPart)?;
        if !shop.scopes.writes(&stored.parts[part]) {
            return Err(Refused::NoPart);
        }
        if order.replace(owner).is_some_and(|other| other != owner) {
            return Err(Refused::TwoOrders);
        }
        let mut units = Vec::new();
        for line in entries(&pair["fulfillmentOrderLineItems"]) {
            let id = id_of(&line["id"], "FulfillmentOrderLineItem").ok_or(Refused::NoLine)?;
            let known = stored.parts[part].lines.iter().position(|known| known.id == id).ok_or(Refused::NoLine)?;
            units.push((known, line["quantity"].as_u64().ok_or(Refused::Quantity)?));
        }
        portions.push(Portion { part, units });
    }
    order.map(|order| (order, portions)).ok_or(Refused::Nothing)
}

/// The order of a part, and the part's place in it.
pub(super) fn find(shop: &Shop, part: u64) -> Option<(u64, &Stored, usize)> {
    shop.orders.iter().find_map(|(order, stored)| {
        let index = stored.parts.iter().position(|known| known.id == part)?;
        Some((*order, stored, index))
    })
}

/// The number in a global id of this kind.
pub(super) fn id_of(gid: &Value, kind: &str) -> Option<u64> {
    gid.as_str()?.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?.parse().ok()
}

fn commit(stored: &Stored, order: u64, input: &Value, caller: &Caller<'_>) -> Commit {
    Commit {
        number: 0,
        call: caller.call,
        at: caller.now,
        account: caller.account.to_owned(),
        order_key: format!("gid://shopify/Order/{order}"),
        order_id: order,
        order_number: stored.rest["name"].as_str().unwrap_or_default().to_owned(),
        kind: Kind::Fulfilled,
        order_status: stored.rest["fulfillment_status"].as_str().unwrap_or_default().to_owned(),
        digest: hex::encode(Sha256::digest(input.to_string())),
    }
}
