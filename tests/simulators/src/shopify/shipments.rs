//! Fulfilment orders and fulfilments in the shape of the GraphQL schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Scopes;
use super::api::Shop;
use super::beyond::Stored;
use super::parts::{Hold, Keeper, Location, Part, PartLine, Status};
use super::translate::{entries, gid, id_text, truth, utc};

/// The parts that the app may see. `order` is the order's tree, from which the lines are taken.
pub(super) fn parts(stored: &Stored, order: &Value, scopes: &Scopes) -> Value {
    stored.parts.iter().filter(|part| scopes.reads(part)).map(|part| tree(stored, part, order)).collect()
}

/// One part as the root field `fulfillmentOrder` shows it: with its whole order.
pub(super) fn part(part: &Part, stored: &Stored, order: &Value) -> Value {
    let mut tree = tree(stored, part, order);
    tree["order"] = order.clone();
    tree
}

fn tree(stored: &Stored, part: &Part, order: &Value) -> Value {
    json!({
        "id": part.gid(),
        "status": part.status,
        "requestStatus": part.request_status,
        "createdAt": order["createdAt"],
        "updatedAt": order["updatedAt"],
        "fulfillAt": part.fulfill_at,
        "fulfillBy": part.fulfill_by,
        // An order inside its own fulfilment order shows what identifies it.
        "order": {"id": order["id"], "name": order["name"], "legacyResourceId": order["legacyResourceId"],
                  "updatedAt": order["updatedAt"]},
        "orderId": order["id"],
        "orderName": order["name"],
        "deliveryMethod": delivery(stored, part),
        "assignedLocation": assigned(&part.location),
        "supportedActions": actions(part).iter().map(|action| json!({"action": action})).collect::<Value>(),
        "fulfillmentHolds": part.holds.iter().map(hold).collect::<Value>(),
        "lineItems": part.lines.iter().map(|line| part_line(line, order)).collect::<Value>(),
    })
}

fn delivery(stored: &Stored, part: &Part) -> Value {
    let chosen = &stored.rest["shipping_lines"][0];
    json!({
        "id": format!("gid://shopify/DeliveryMethod/{}", part.id),
        "methodType": part.delivery,
        "presentedName": chosen["title"],
        "serviceCode": chosen["code"],
    })
}

/// The merchant's warehouse, whatever its orders' parts name, and what a test added.
pub(super) fn locations(shop: &Shop, inactive: &Value, legacy: &Value) -> Value {
    let of_parts = shop.orders.values().flat_map(|stored| &stored.parts).map(|part| &part.location);
    let mut known: BTreeMap<u64, (Location, bool)> =
        of_parts.filter(|known| !known.deleted).map(|known| (known.id, (known.clone(), true))).collect();
    let main = Location::default();
    known.insert(main.id, (main, true));
    known.extend(shop.locations.clone());
    let shown = |(known, active): &&(Location, bool)| {
        (*active || truth(inactive, false)) && (known.keeper == Keeper::Merchant || truth(legacy, false))
    };
    known.values().filter(shown).map(|(known, active)| location(known, *active)).collect()
}

fn location(location: &Location, active: bool) -> Value {
    let service = location.keeper != Keeper::Merchant;
    let kind = match location.keeper {
        Keeper::Merchant => "MANUAL",
        Keeper::Service => "THIRD_PARTY",
        Keeper::GiftCards => "GIFT_CARD",
    };
    let handle = location.name.to_lowercase().replace(' ', "-");
    json!({
        "id": format!("gid://shopify/Location/{}", location.id),
        "legacyResourceId": location.id.to_string(),
        "name": location.name,
        "isActive": active,
        "fulfillsOnlineOrders": location.fulfills_online,
        "isFulfillmentService": service,
        "fulfillmentService": if service {
            json!({"id": format!("gid://shopify/FulfillmentService/{}", location.id), "handle": handle,
                   "serviceName": location.name, "type": kind})
        } else {
            Value::Null
        },
    })
}

fn assigned(assigned: &Location) -> Value {
    let whole = location(assigned, true);
    json!({
        "name": assigned.name,
        "countryCode": assigned.country,
        "location": if assigned.deleted { Value::Null } else { whole },
    })
}

fn actions(part: &Part) -> &'static [&'static str] {
    let service = part.location.keeper == Keeper::Service;
    match part.status {
        Status::Open if service => &["REQUEST_FULFILLMENT", "CREATE_FULFILLMENT", "MOVE", "HOLD", "SPLIT"],
        Status::Open => &["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"],
        Status::InProgress if service => &["REQUEST_CANCELLATION", "CREATE_FULFILLMENT"],
        Status::InProgress => &["CREATE_FULFILLMENT", "HOLD", "MARK_AS_OPEN"],
        Status::OnHold => &["RELEASE_HOLD", "HOLD", "MOVE"],
        Status::Scheduled => &["MARK_AS_OPEN", "MOVE"],
        Status::Incomplete | Status::Closed | Status::Cancelled => &[],
    }
}

fn hold(hold: &Hold) -> Value {
    json!({
        "id": format!("gid://shopify/FulfillmentHold/{}", hold.id),
        "handle": hold.handle,
        "reason": hold.reason,
        "reasonNotes": hold.notes,
        "displayReason": display(&hold.reason),
        "heldByRequestingApp": false,
    })
}

/// The reason as the merchant reads it: `AWAITING_PAYMENT` is "Awaiting payment".
fn display(reason: &str) -> String {
    let words = reason.to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn part_line(held: &PartLine, order: &Value) -> Value {
    let line = line_of(order, held.line);
    json!({
        "id": format!("gid://shopify/FulfillmentOrderLineItem/{}", held.id),
        "remainingQuantity": held.remaining,
        "totalQuantity": held.total,
        "requiresShipping": line["requiresShipping"],
        "sku": line["sku"],
        "lineItem": line,
    })
}

fn line_of(order: &Value, id: u64) -> Value {
    let wanted = gid("LineItem", &json!(id));
    let found = entries(&order["lineItems"]).iter().find(|line| line["id"] == wanted);
    found.cloned().unwrap_or(Value::Null)
}

/// What was fulfilled, as REST keeps it.
pub(super) fn fulfilments(stored: &Stored, order: &Value) -> Value {
    entries(&stored.rest["fulfillments"]).iter().map(|rest| fulfilment(rest, order)).collect()
}

/// One fulfilment.
pub(super) fn fulfilment(rest: &Value, order: &Value) -> Value {
    let lines = entries(&rest["line_items"]);
    let numbers = entries(&rest["tracking_numbers"]);
    let tracking: Value = numbers
        .iter()
        .enumerate()
        .map(|(index, number)| {
            json!({"company": rest["tracking_company"], "number": number, "url": rest["tracking_urls"][index]})
        })
        .collect();
    json!({
        "id": gid("Fulfillment", &rest["id"]),
        "legacyResourceId": id_text(&rest["id"]),
        "name": rest["name"],
        "status": rest["status"].as_str().unwrap_or("success").to_uppercase(),
        "createdAt": utc(&rest["created_at"]),
        "updatedAt": utc(&rest["updated_at"]),
        "totalQuantity": lines.iter().filter_map(|line| line["quantity"].as_u64()).sum::<u64>(),
        "requiresShipping": lines.iter().any(|line| truth(&line["requires_shipping"], true)),
        "trackingInfo": tracking,
        "fulfillmentLineItems": lines
            .iter()
            .map(|line| {
                json!({
                    "id": gid("FulfillmentLineItem", &line["id"]),
                    "quantity": line["quantity"],
                    "lineItem": line["id"].as_u64().map(|id| line_of(order, id)),
                })
            })
            .collect::<Value>(),
    })
}

/// REST knows three words; the others follow from the parts that are left.
pub(super) fn display_status(stored: &Stored) -> Value {
    match stored.rest["fulfillment_status"].as_str() {
        Some("partial") => return json!("PARTIALLY_FULFILLED"),
        Some(other) => return json!(other.to_uppercase()),
        None => {}
    }
    let mut left = stored.parts.iter().filter(|part| part.remaining() > 0).map(|part| part.status);
    let first = left.next();
    let shared = first.filter(|first| left.all(|status| status == *first));
    json!(match shared {
        Some(Status::OnHold) => "ON_HOLD",
        Some(Status::Scheduled) => "SCHEDULED",
        Some(Status::InProgress) => "IN_PROGRESS",
        Some(Status::Open | Status::Incomplete | Status::Closed | Status::Cancelled) | None => "UNFULFILLED",
    })
}
