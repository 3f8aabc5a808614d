//! The fields of a `ShipStation` order that are ours, and how each is compared.
//!
//! One table serves merging, reading back and remembering what was written. What is not in it (tags, internal notes,
//! carrier, service, package, custom fields, a warehouse's own lines) is never changed.
//!
//! | form | two values are the same if they are so after |
//! |---|---|
//! | text | trimming and turning every run of white space into one space; null is the empty text |
//! | folded | the same, and lower case: address parts, mail addresses |
//! | postal | the same, without spaces; a US ZIP+4 is cut to its five digits |
//! | phone | all but digits is left out |
//! | money | reading as decimal numbers; null is zero |
//! | time | reading as Pacific times to the second |
//! | weight | turning into whole grams; null is no weight |
//! | status | nothing: the words must be equal |

use std::str::FromStr as _;

use ::lane::id::Fingerprint;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value};

use crate::providers::shipstation::pacific;

/// How values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Folded,
    Postal,
    Phone,
    Money,
    Time,
    Weight,
    Status,
}

/// A field, by its path in the order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) path: &'static str,
    pub(super) form: Form,
    /// About a person: evidence says that it differs, never what it says.
    pub(super) personal: bool,
}

const fn plain(path: &'static str, form: Form) -> Field {
    Field { path, form, personal: false }
}

const fn personal(path: &'static str, form: Form) -> Field {
    Field { path, form, personal: true }
}

/// How the names of lines begin.
const LINES: &str = "items/";

/// The status, which the warehouse moves on.
pub(super) const STATUS: &str = "orderStatus";

/// Every field that is ours, except the lines.
pub(super) const FIELDS: [Field; 28] = [
    plain("orderNumber", Form::Text),
    plain("orderDate", Form::Time),
    plain("paymentDate", Form::Time),
    plain(STATUS, Form::Status),
    personal("customerEmail", Form::Folded),
    personal("billTo.name", Form::Folded),
    personal("billTo.company", Form::Folded),
    personal("billTo.street1", Form::Folded),
    personal("billTo.street2", Form::Folded),
    plain("billTo.city", Form::Folded),
    plain("billTo.state", Form::Folded),
    plain("billTo.postalCode", Form::Postal),
    plain("billTo.country", Form::Folded),
    personal("billTo.phone", Form::Phone),
    personal("shipTo.name", Form::Folded),
    personal("shipTo.company", Form::Folded),
    personal("shipTo.street1", Form::Folded),
    personal("shipTo.street2", Form::Folded),
    plain("shipTo.city", Form::Folded),
    plain("shipTo.state", Form::Folded),
    plain("shipTo.postalCode", Form::Postal),
    plain("shipTo.country", Form::Folded),
    personal("shipTo.phone", Form::Phone),
    plain("amountPaid", Form::Money),
    plain("taxAmount", Form::Money),
    plain("shippingAmount", Form::Money),
    personal("customerNotes", Form::Text),
    plain("requestedShippingService", Form::Text),
];

/// The weight is ours only while it is known.
pub(super) const WEIGHT: Field = plain("weight", Form::Weight);

/// The parts of a line that are ours.
pub(super) const LINE_FIELDS: [Field; 4] = [
    plain("sku", Form::Text),
    plain("name", Form::Text),
    plain("quantity", Form::Money),
    plain("unitPrice", Form::Money),
];

/// Every field, except the lines, that `order` (one of ours) speaks about.
pub(super) fn of_order(order: &Value) -> impl Iterator<Item = Field> {
    let weight = (!order[WEIGHT.path].is_null()).then_some(WEIGHT);
    FIELDS.into_iter().chain(weight)
}

impl Field {
    /// The field's value in an order; null if it is not there.
    pub(super) fn of<'v>(&self, order: &'v Value) -> &'v Value {
        self.path.split('.').fold(order, |value, part| &value[part])
    }

    /// Puts a value into an order, making the object around it if there is none.
    pub(super) fn put(&self, order: &mut Value, value: Value) {
        match self.path.split_once('.') {
            Some((outer, inner)) => {
                if !order[outer].is_object() {
                    order[outer] = Value::Object(Map::new());
                }
                order[outer][inner] = value;
            }
            None => order[self.path] = value,
        }
    }

    /// The value in the form in which it is compared.
    pub(super) fn normal(&self, value: &Value) -> String {
        match self.form {
            Form::Text => spaced(&shown(value)),
            Form::Folded => spaced(&shown(value)).to_lowercase(),
            Form::Postal => postal(&shown(value)),
            Form::Phone => shown(value).chars().filter(char::is_ascii_digit).collect(),
            Form::Money => money(value),
            Form::Time => pacific::civil(&shown(value)).map_or(shown(value), |at| at.to_string()),
            Form::Weight => grams(value),
            Form::Status => shown(value),
        }
    }

    /// Whether two values say the same.
    pub(super) fn same(&self, one: &Value, other: &Value) -> bool {
        self.normal(one) == self.normal(other)
    }
}

/// A line in the form in which it is compared as a whole.
pub(super) fn normal_line(line: &Value) -> String {
    LINE_FIELDS.map(|field| field.normal(field.of(line))).join("\u{1f}")
}

/// The name under which a line is remembered.
pub(super) fn line_name(key: &str) -> String {
    format!("{LINES}{key}")
}

/// Whether a remembered name is a line's.
pub(super) fn is_line(name: &str) -> bool {
    name.starts_with(LINES)
}

/// A line's key; lines that the warehouse added have none.
pub(super) fn line_key(line: &Value) -> Option<&str> {
    line["lineItemKey"].as_str().filter(|key| !key.is_empty())
}

/// The lines of an order.
pub(super) fn lines(order: &Value) -> &[Value] {
    order["items"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A hash short enough that 500 lines are remembered in some 20 KB, and long enough that no two values meet in it.
pub(super) fn hash(normal: &str) -> String {
    Fingerprint::of(normal.as_bytes()).as_str().chars().take(16).collect()
}

/// A value as text, without quotes; null is the empty text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn postal(text: &str) -> String {
    let code: String = text.split_whitespace().collect::<String>().to_lowercase();
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match code.split_once('-') {
        Some((five, four)) if digits(five, 5) && digits(four, 4) => five.to_owned(),
        Some(_) | None => code,
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    let text = shown(value);
    Decimal::from_str(text.trim()).or_else(|_| Decimal::from_scientific(text.trim())).ok()
}

fn money(value: &Value) -> String {
    if value.is_null() {
        return "0".to_owned();
    }
    decimal(value).map_or_else(|| shown(value), |amount| amount.normalize().to_string())
}

fn grams(value: &Value) -> String {
    let Some(amount) = decimal(&value["value"]) else { return String::new() };
    let per_unit = match value["units"].as_str().unwrap_or("ounces").to_lowercase().as_str() {
        "grams" => Decimal::ONE,
        "pounds" => Decimal::new(45_359_237, 5),
        _ => Decimal::new(28_349_523_125, 9),
    };
    let grams = amount.checked_mul(per_unit).and_then(|grams| grams.round().to_u64());
    grams.map_or_else(|| value.to_string(), |grams| grams.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(form: Form, one: &Value, other: &Value) -> bool {
        plain("x", form).same(one, other)
    }

    /// One row per rule of the table above.
    #[test]
    fn values_are_compared_as_the_table_says() {
        for (form, one, other, equal) in [
            (Form::Text, json!("two  words "), json!("two words"), true),
            (Form::Text, json!(null), json!(""), true),
            (Form::Text, json!("Case"), json!("case"), false),
            (Form::Folded, json!("12 MAIN  St"), json!("12 Main St"), true),
            (Form::Folded, json!("12 Main St"), json!("12 Main Street"), false),
            (Form::Postal, json!("90210"), json!("90210-1234"), true),
            (Form::Postal, json!("k1a 0b1"), json!("K1A0B1"), true),
            (Form::Postal, json!("90210"), json!("90211"), false),
            (Form::Postal, json!("1234-567"), json!("1234"), false),
            (Form::Phone, json!("+1 (555) 010-9999"), json!("15550109999"), true),
            (Form::Money, json!(10), json!(10.0), true),
            (Form::Money, json!(19.9), json!("19.90"), true),
            (Form::Money, json!(null), json!(0), true),
            (Form::Money, json!(19.9), json!(19.91), false),
            (Form::Time, json!("2026-01-15 00:30:00"), json!("2026-01-15T00:30:00.0000000"), true),
            (Form::Time, json!("2026-01-15 00:30:00"), json!("2026-01-15T00:31:00.0000000"), false),
            (Form::Weight, json!({"value": 16, "units": "ounces"}), json!({"value": 1.0, "units": "pounds"}), true),
            (Form::Weight, json!({"value": 300, "units": "grams"}), json!({"value": 10.58, "units": "Ounces"}), true),
            (Form::Weight, json!({"value": 300, "units": "grams"}), json!({"value": 200, "units": "grams"}), false),
            (Form::Status, json!("on_hold"), json!("On_Hold"), false),
        ] {
            assert_eq!(same(form, &one, &other), equal, "{form:?}: {one} and {other}");
        }
    }

    #[test]
    fn a_path_reads_and_writes_what_is_below() {
        let city = plain("shipTo.city", Form::Folded);
        let mut order = json!({"shipTo": null});
        assert!(city.of(&order).is_null());
        city.put(&mut order, json!("Bonn"));
        assert_eq!(order, json!({"shipTo": {"city": "Bonn"}}));
    }
}
