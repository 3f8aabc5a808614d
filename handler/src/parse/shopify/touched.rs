//! Bodies that name an order, or a part of one, without carrying it. That is all they are taken for: whatever else they
//! say, the order is fetched. Under a foreign topic they could at most cause one more look.
//!
//! The shapes are those of the platform's sample payloads (*shopify.dev: Webhooks, version 2026-10*): `orders/edited` wraps
//! its `order_id` in `order_edit`; `orders/risk_assessment_changed` writes it as text, and as a global id beside it; a
//! refund's is a number; fulfilment orders are named by global ids, and none of those bodies names the order.

use lane::id::JobId;
use lane::webhook::Named;
use serde_json::{Map, Value};

use super::NotUnderstood;
use super::value::{self, id};

/// Where an order is named.
const ORDERS: [&str; 3] = ["/order_edit/order_id", "/order_id", "/admin_graphql_api_order_id"];

/// Where a fulfilment order is named. First come those that were there before the change: an attempt may have learnt whose
/// they are, while what came of a move, a split or a merger is news to everybody.
const PARTS: [&str; 6] = [
    "/original_fulfillment_order/id",
    "/fulfillment_order/id",
    "/merge_intents/0/fulfillment_order_id",
    "/fulfillment_order_merges/fulfillment_order/id",
    "/fulfillment_order_merges/0/fulfillment_order/id",
    "/moved_fulfillment_order/id",
];

/// Where the body of a fulfilment order's change would name the order. The samples do not; the REST resource does.
const ORDERS_OF_PARTS: [&str; 3] = ["/order_id", "/fulfillment_order/order_id", "/original_fulfillment_order/order_id"];

/// The order that a body names.
pub(super) fn order(body: &[u8]) -> Result<Named, NotUnderstood> {
    let body = object(body)?;
    named(&body, &ORDERS, "Order").map(order_of).ok_or(NotUnderstood::NamesNoOrder)
}

/// The order that is gone. Its body is an id and nothing else.
pub(super) fn deleted(body: &[u8]) -> Result<Named, NotUnderstood> {
    let body = object(body)?;
    let is_id = |field: &str| ["id", "admin_graphql_api_id"].contains(&field);
    if body.as_object().is_some_and(|fields| fields.keys().any(|field| !is_id(field))) {
        return Err(NotUnderstood::NotOfTopic("a deleted order is told by its id alone"));
    }
    named(&body, &["/id"], "Order").map(order_of).ok_or(NotUnderstood::NamesNoOrder)
}

/// The order, or else its part, that a body names.
pub(super) fn part(body: &[u8]) -> Result<Named, NotUnderstood> {
    let body = object(body)?;
    let order = named(&body, &ORDERS_OF_PARTS, "Order").map(order_of);
    let part = named(&body, &PARTS, "FulfillmentOrder");
    // A body with an order and no part is of another topic.
    let part = part.ok_or(NotUnderstood::NamesNoPart)?;
    Ok(order.unwrap_or_else(|| Named::Part(format!("gid://shopify/FulfillmentOrder/{part}"))))
}

fn object(body: &[u8]) -> Result<Value, NotUnderstood> {
    value::read::<Map<String, Value>>(body).map(Value::Object)
}

fn order_of(id: u64) -> Named {
    Named::Order(JobId::from(id))
}

fn named(body: &Value, places: &[&str], kind: &str) -> Option<u64> {
    places.iter().find_map(|place| id(body.pointer(place)?, kind))
}
