//! Fulfilling: what `fulfillmentCreate` accepts, and what becomes of the order.
//!
//! All parts of one call belong to one order and one location and may be fulfilled now; no line is fulfilled beyond
//! what is left of it; a part named without lines is fulfilled whole. Of a call that is refused nothing happens.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::beyond::Stored;
use super::parts::{Ids, Part, Status};
use super::translate::entries;
use super::webhook::Webhook;

/// Units of one part; no lines mean all that is left.
#[derive(Debug)]
pub(super) struct Portion {
    pub(super) part: usize,
    /// A line of the part by its place there, and how many units.
    pub(super) units: Vec<(usize, u64)>,
}

/// How the parcel is followed, in the shape of `FulfillmentTrackingInput`.
pub(super) struct Tracking<'t>(pub(super) &'t Value);

/// What the merchant or an app must do differently, in words for `userErrors`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("Fulfillment order does not exist.")]
    NoPart,
    #[error("Fulfillment order line item does not exist.")]
    NoLine,
    #[error("All fulfillment orders must belong to the same order.")]
    TwoOrders,
    #[error("All fulfillment orders must be assigned to the same location.")]
    TwoLocations,
    #[error("Fulfillment order {id} has an unfulfillable status= {}.", .status.word())]
    Status { id: u64, status: Status },
    #[error("Invalid fulfillment order line item quantity requested.")]
    Quantity,
    #[error("Fulfillment order line items must not be empty.")]
    Nothing,
}

/// Checks the whole call; gives the units of every line of every part.
pub(super) fn check(stored: &Stored, portions: &[Portion]) -> Result<Vec<(usize, usize, u64)>, Refused> {
    let mut units = Vec::new();
    let mut location = None;
    for portion in portions {
        let part = stored.parts.get(portion.part).ok_or(Refused::NoPart)?;
        ready(part)?;
        if location.replace(part.location.id).is_some_and(|other| other != part.location.id) {
            return Err(Refused::TwoLocations);
        }
        if portion.units.is_empty() {
            let left = part.lines.iter().enumerate().filter(|(_, line)| line.remaining > 0);
            units.extend(left.map(|(index, line)| (portion.part, index, line.remaining)));
        }
        for &(index, count) in &portion.units {
            let line = part.lines.get(index).ok_or(Refused::NoLine)?;
            let asked: u64 =
                units.iter().filter(|(part, line, _)| (*part, *line) == (portion.part, index)).map(|unit| unit.2).sum();
            if count == 0 || asked + count > line.remaining {
                return Err(Refused::Quantity);
            }
            units.push((portion.part, index, count));
        }
    }
    if units.is_empty() { Err(Refused::Nothing) } else { Ok(units) }
}

fn ready(part: &Part) -> Result<(), Refused> {
    match part.status {
        Status::Open | Status::InProgress => Ok(()),
        Status::OnHold | Status::Scheduled | Status::Incomplete | Status::Closed | Status::Cancelled => {
            Err(Refused::Status { id: part.id, status: part.status })
        }
    }
}

/// Fulfils checked units: makes the fulfilment, lowers what is left everywhere, and says whom Shopify tells.
pub(super) fn carry_out(
    stored: &mut Stored,
    units: &[(usize, usize, u64)],
    tracking: &Tracking<'_>,
    ids: &mut Ids,
    now: Timestamp,
) -> (Value, Vec<Webhook>) {
    let mut shipped: Vec<(u64, u64)> = Vec::new();
    let mut location = Value::Null;
    for &(part, line, count) in units {
        let part = &mut stored.parts[part];
        location = json!(part.location.id);
        part.lines[line].remaining -= count;
        shipped.push((part.lines[line].line, count));
        if part.remaining() == 0 {
            part.status = Status::Closed;
        }
    }
    let id = ids.take();
    let fulfilment = resource(&stored.rest, id, &location, &shipped, tracking, now);
    let mut all = entries(&stored.rest["fulfillments"]).to_vec();
    all.push(fulfilment.clone());
    stored.rest["fulfillments"] = json!(all);
    progress(&mut stored.rest, &shipped);
    stored.rest["updated_at"] = json!(second(now));
    let done = stored.rest["fulfillment_status"] == "fulfilled";
    let topic = if done { "orders/fulfilled" } else { "orders/partially_fulfilled" };
    let told = vec![
        Webhook::of("fulfillments/create", fulfilment.clone()),
        Webhook::of(topic, stored.rest.clone()),
        Webhook::of("orders/updated", stored.rest.clone()),
    ];
    (fulfilment, told)
}

/// The lines and the order say how far they are.
fn progress(rest: &mut Value, shipped: &[(u64, u64)]) {
    for line in rest["line_items"].as_array_mut().into_iter().flatten() {
        let count: u64 = shipped.iter().filter(|(id, _)| line["id"] == *id).map(|(_, count)| count).sum();
        if count == 0 {
            continue;
        }
        let left = line["fulfillable_quantity"].as_u64().or_else(|| line["quantity"].as_u64()).unwrap_or(0);
        let left = left.saturating_sub(count);
        line["fulfillable_quantity"] = json!(left);
        line["fulfillment_status"] = json!(if left == 0 { "fulfilled" } else { "partial" });
    }
    let done = entries(&rest["line_items"])
        .iter()
        .all(|line| line["fulfillable_quantity"].as_u64().or_else(|| line["quantity"].as_u64()) == Some(0));
    rest["fulfillment_status"] = json!(if done { "fulfilled" } else { "partial" });
}

fn resource(
    rest: &Value,
    id: u64,
    location: &Value,
    shipped: &[(u64, u64)],
    Tracking(tracking): &Tracking<'_>,
    now: Timestamp,
) -> Value {
    let listed = |one: &str, many: &str| -> Vec<Value> {
        let one = Some(&tracking[one]).filter(|value| !value.is_null());
        one.into_iter().chain(entries(&tracking[many])).cloned().collect()
    };
    let (numbers, urls) = (listed("number", "numbers"), listed("url", "urls"));
    let lines: Value = shipped
        .iter()
        .filter_map(|(line, count)| {
            let mut line = entries(&rest["line_items"]).iter().find(|known| known["id"] == *line)?.clone();
            line["quantity"] = json!(count);
            Some(line)
        })
        .collect();
    let ordinal = entries(&rest["fulfillments"]).len() + 1;
    json!({
        "id": id,
        "admin_graphql_api_id": format!("gid://shopify/Fulfillment/{id}"),
        "order_id": rest["id"],
        "name": format!("{}.{ordinal}", rest["name"].as_str().unwrap_or_default()),
        "status": "success",
        "created_at": second(now),
        "updated_at": second(now),
        "service": "manual",
        "shipment_status": null,
        "location_id": location,
        "origin_address": {},
        "receipt": {},
        "email": rest["email"],
        "destination": rest["shipping_address"],
        "tracking_company": tracking["company"],
        "tracking_number": numbers.first(),
        "tracking_numbers": numbers,
        "tracking_url": urls.first(),
        "tracking_urls": urls,
        "line_items": lines,
    })
}

/// Times are told to the second.
pub(super) fn second(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
