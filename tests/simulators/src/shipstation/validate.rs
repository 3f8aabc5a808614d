//! What an order must have to be accepted, reported in ASP.NET's form: `Message` and `ModelState`.
//!
//! Documented: the five required fields, the length of the order number, the six statuses, an item's name. Our
//! choice: times must be times, amounts numbers, a country two letters.

use serde_json::{Map, Value, json};

use super::number::decimal;
use super::pacific;

/// The longest order number.
const ORDER_NUMBER_MAX: usize = 50;
const STATUSES: [&str; 6] =
    ["awaiting_payment", "awaiting_shipment", "pending_fulfillment", "shipped", "on_hold", "cancelled"];
const TIMES: [&str; 4] = ["orderDate", "paymentDate", "shipByDate", "holdUntilDate"];
const AMOUNTS: [&str; 3] = ["amountPaid", "taxAmount", "shippingAmount"];
const ITEM_AMOUNTS: [&str; 3] = ["unitPrice", "taxAmount", "shippingAmount"];

/// What is wrong with a body, by field.
#[derive(Debug, Default)]
pub(super) struct Invalid(Map<String, Value>);

impl Invalid {
    pub(super) fn whole(message: &str) -> Self {
        let mut invalid = Self::default();
        invalid.add("", message);
        invalid
    }

    fn add(&mut self, field: &str, message: &str) {
        let name = if field.is_empty() { "apiOrder".to_owned() } else { format!("apiOrder.{field}") };
        if let Value::Array(messages) = self.0.entry(name).or_insert_with(|| json!([])) {
            messages.push(json!(message));
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"Message": "The request is invalid.", "ModelState": self.0})
    }

    /// All messages in one line, for the results of a bulk call.
    pub(super) fn in_words(&self) -> String {
        let messages = self.0.values().flat_map(|list| list.as_array().into_iter().flatten());
        messages.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// Checks the body of one order.
pub(super) fn check(body: &Value) -> Result<(), Invalid> {
    let Value::Object(fields) = body else {
        return Err(Invalid::whole("An order must be an object."));
    };
    let mut invalid = Invalid::default();
    for required in ["orderNumber", "orderDate", "orderStatus", "billTo", "shipTo"] {
        let given = fields.get(required).is_some_and(|value| !value.is_null() && value != "");
        if !given {
            invalid.add(required, &format!("The {required} field is required."));
        }
    }
    if body["orderNumber"].as_str().is_some_and(|number| number.chars().count() > ORDER_NUMBER_MAX) {
        invalid.add("orderNumber", "The field orderNumber must be a string with a maximum length of 50.");
    }
    if body["orderStatus"].as_str().is_some_and(|status| !STATUSES.contains(&status)) {
        invalid.add("orderStatus", "The value is not an order status.");
    }
    for name in TIMES {
        if body[name].as_str().is_some_and(|text| !text.is_empty() && pacific::normalised(text).is_none()) {
            invalid.add(name, "The value is not a date.");
        }
    }
    amounts(&mut invalid, body, "", &AMOUNTS);
    for side in ["billTo", "shipTo"] {
        check_address(&mut invalid, &body[side], side);
    }
    check_items(&mut invalid, &body["items"]);
    if invalid.0.is_empty() { Ok(()) } else { Err(invalid) }
}

fn check_address(invalid: &mut Invalid, address: &Value, side: &str) {
    if !address.is_null() && !address.is_object() {
        invalid.add(side, "An address must be an object.");
    }
    let country = address["country"].as_str().map(str::trim).unwrap_or_default();
    if !country.is_empty() && (country.len() != 2 || !country.chars().all(|letter| letter.is_ascii_alphabetic())) {
        invalid.add(&format!("{side}.country"), "A country must be its two-letter code.");
    }
}

fn check_items(invalid: &mut Invalid, items: &Value) {
    let items = match items {
        Value::Null => return,
        Value::Array(items) => items,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return invalid.add("items", "Items must be a list.");
        }
    };
    for (index, item) in items.iter().enumerate() {
        if item["name"].is_null() {
            invalid.add(&format!("items[{index}].name"), "The name field is required.");
        }
        if !item["quantity"].is_null() && item["quantity"].as_i64().is_none() {
            invalid.add(&format!("items[{index}].quantity"), "A quantity must be a whole number.");
        }
        amounts(invalid, item, &format!("items[{index}]."), &ITEM_AMOUNTS);
    }
}

fn amounts(invalid: &mut Invalid, body: &Value, prefix: &str, names: &[&str]) {
    for name in names {
        if !body[*name].is_null() && decimal(&body[*name]).is_none() {
            invalid.add(&format!("{prefix}{name}"), "The value is not a number.");
        }
    }
}
