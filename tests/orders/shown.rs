//! What became of an order as a person reviews it: whole, a member a line, with what differs from run to run left out.

use serde_json::{Map, Value, json};

use super::fixture::Fixture;

/// Given by the warehouse, and different in each run.
const VOLATILE: [&str; 6] = ["orderId", "createDate", "modifyDate", "customerId", "orderItemId", "customsItemId"];

/// Never said by us. They are shown where the warehouse has something there, and not worth a word where it has not.
const NOT_OURS: [&str; 39] = [
    "advancedOptions.billToAccount",
    "advancedOptions.billToCountryCode",
    "advancedOptions.billToParty",
    "advancedOptions.billToPostalCode",
    "advancedOptions.containsAlcohol",
    "advancedOptions.mergedIds",
    "advancedOptions.mergedOrSplit",
    "advancedOptions.nonMachinable",
    "advancedOptions.parentId",
    "advancedOptions.saturdayDelivery",
    "advancedOptions.source",
    "advancedOptions.warehouseId",
    "billTo.addressVerified",
    "billTo.residential",
    "billTo.street3",
    "customerUsername",
    "dimensions",
    "externallyFulfilled",
    "externallyFulfilledBy",
    "holdUntilDate",
    "insuranceOptions.insureShipment",
    "insuranceOptions.insuredValue",
    "insuranceOptions.provider",
    "items[].adjustment",
    "items[].fulfillmentSku",
    "items[].imageUrl",
    "items[].productId",
    "items[].shippingAmount",
    "items[].taxAmount",
    "items[].upc",
    "items[].warehouseLocation",
    "labelMessages",
    "paymentMethod",
    "shipByDate",
    "shipDate",
    "shipTo.residential",
    "shipTo.street3",
    "tagIds",
    "userId",
];

/// Compares with the reviewed snapshot.
pub(super) fn assert(fixture: &Fixture, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/orders");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!("{} ({})", fixture.shows, fixture.shop));
    settings.bind(|| insta::assert_snapshot!(fixture.name.as_str(), shown));
}

/// The warehouse's whole order: what is empty (null, false, 0, no entries) is named at the end.
pub(super) fn order(order: &Value) -> String {
    let mut lines = Vec::new();
    let mut empty = Vec::new();
    for (name, value) in order.as_object().unwrap() {
        if VOLATILE.contains(&name.as_str()) {
            continue;
        }
        match &without_empty(name, value, &mut empty) {
            None => {}
            Some(Value::Array(entries)) => {
                lines.push(format!("{name}:"));
                lines.extend(entries.iter().map(|entry| format!("  {entry}")));
            }
            Some(value) => lines.extend(member(name, value)),
        }
    }
    empty.retain(|name| !NOT_OURS.contains(&name.as_str()));
    empty.sort();
    empty.dedup();
    lines.push(format!("empty: {}", empty.join(", ")));
    lines.join("\n")
}

/// Lists within an object have lines of their own, too.
fn member(name: &str, value: &Value) -> Vec<String> {
    let Value::Object(members) = value else { return vec![format!("{name}: {value}")] };
    let (lists, rest): (Vec<_>, Vec<_>) = members.iter().partition(|(_, value)| value.is_array());
    let rest: Map<String, Value> = rest.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut lines = vec![format!("{name}: {}", Value::Object(rest))];
    for (inner, list) in lists {
        lines.push(format!("{name}.{inner}:"));
        lines.extend(list.as_array().unwrap().iter().map(|entry| format!("  {entry}")));
    }
    lines
}

fn without_empty(path: &str, value: &Value, empty: &mut Vec<String>) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
                .filter_map(|(name, value)| {
                    Some((name.clone(), without_empty(&format!("{path}.{name}"), value, empty)?))
                })
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(entries) if !entries.is_empty() => {
            // What an item is worth is shown also where that is nothing.
            let path = format!("{path}[]");
            Some(entries.iter().filter_map(|entry| without_empty(&path, entry, empty)).collect())
        }
        value if is_empty(value) && !is_worth(path) => {
            empty.push(path.to_owned());
            None
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Some(value.clone()),
    }
}

fn is_worth(path: &str) -> bool {
    ["value", "unitPrice"].contains(&path.rsplit('.').next().unwrap_or_default())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(entries) => entries.is_empty(),
        Value::Bool(true) | Value::String(_) | Value::Object(_) => false,
    }
}

/// A job that did not get to the warehouse: its state, the reason and what it rests on.
pub(super) fn job(job: &Value, ended: &[String]) -> String {
    let mut lines = vec![format!("state: {}", job["state"].as_str().unwrap())];
    if job["hold"].is_null() {
        // The words of an order that waits name a time; its timeline says the rest.
        let words = if ended.is_empty() { vec![json!(job["words"])] } else { vec![json!(without_times(&ended[0]))] };
        lines.extend(words.iter().map(|words| format!("words: {}", words.as_str().unwrap())));
        return lines.join("\n");
    }
    lines.push(format!("reason: {}", job["hold"]["reason"].as_str().unwrap()));
    lines.push(format!("words: {}", job["words"].as_str().unwrap()));
    lines.push("evidence:".to_owned());
    for fact in job["hold"]["evidence"].as_array().unwrap() {
        lines.push(format!("  {}: {}", fact["name"].as_str().unwrap(), fact["value"].as_str().unwrap()));
    }
    lines.join("\n")
}

/// Words without times of day and dates.
fn without_times(words: &str) -> String {
    let told = words.split(' ').map(|word| if word.contains("20") && word.contains('-') { "…" } else { word });
    let told: Vec<&str> =
        told.map(|word| if word.contains(':') && word.starts_with(char::is_numeric) { "…" } else { word }).collect();
    told.join(" ")
}
