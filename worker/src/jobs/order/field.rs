//! The fields of a `ShipStation` order that are ours, and what becomes of each when both sides changed it.
//!
//! One table serves merging, reading back and remembering what was written. What is not in it (tags, dimensions,
//! insurance, the store, a warehouse's own lines) is never changed.
//!
//! | claim | meaning |
//! |---|---|
//! | ours | the order says it; empty is something said, too |
//! | offered | said if the order or the shop's settings say it; what is left empty is the warehouse's to fill in |
//! | note | the same, and what the warehouse wrote there itself is never overwritten: both sides write notes for people |

use ::lane::id::Fingerprint;
use serde_json::{Map, Value};

pub(super) use super::form::{Form, shown};

/// Who has the last word about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Ours,
    Offered,
    Note,
}

/// A field, by its path in the order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) path: &'static str,
    pub(super) form: Form,
    pub(super) claim: Claim,
    /// About a person: evidence says that it differs, never what it says.
    pub(super) personal: bool,
}

const fn plain(path: &'static str, form: Form) -> Field {
    Field { path, form, claim: Claim::Ours, personal: false }
}

const fn personal(path: &'static str, form: Form) -> Field {
    Field { path, form, claim: Claim::Ours, personal: true }
}

const fn offered(path: &'static str, form: Form) -> Field {
    Field { path, form, claim: Claim::Offered, personal: false }
}

/// Tags and attributes may say anything about a person.
const fn note(path: &'static str) -> Field {
    Field { path, form: Form::Text, claim: Claim::Note, personal: true }
}

/// How the names of lines begin.
const LINES: &str = "items/";

/// The status, which the warehouse moves on.
pub(super) const STATUS: &str = "orderStatus";

/// What customs is told.
pub(super) const GOODS: Field = offered("internationalOptions.customsItems", Form::Goods);

/// Every field that is ours, except the lines.
pub(super) const FIELDS: [Field; 42] = [
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
    offered("weight", Form::Weight),
    offered("gift", Form::Flag),
    Field { path: "giftMessage", form: Form::Text, claim: Claim::Offered, personal: true },
    offered("carrierCode", Form::Text),
    offered("serviceCode", Form::Text),
    offered("packageCode", Form::Text),
    offered("confirmation", Form::Text),
    note("internalNotes"),
    note("advancedOptions.customField1"),
    note("advancedOptions.customField2"),
    note("advancedOptions.customField3"),
    offered("internationalOptions.contents", Form::Text),
    offered("internationalOptions.nonDelivery", Form::Text),
    GOODS,
];

/// The parts of a line that are ours.
pub(super) const LINE_FIELDS: [Field; 6] = [
    plain("sku", Form::Text),
    plain("name", Form::Text),
    plain("quantity", Form::Money),
    plain("unitPrice", Form::Money),
    offered("weight", Form::Weight),
    Field { path: "options", form: Form::Options, claim: Claim::Offered, personal: true },
];

/// The field with this path.
pub(super) fn of_path(path: &str) -> Option<Field> {
    FIELDS.into_iter().find(|field| field.path == path)
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

    /// The fields that only make sense together, by a common name: half of one address and half of another is a place
    /// that nobody wrote, and one carrier has no service of another.
    pub(super) fn unit(&self) -> Option<&'static str> {
        match self.path {
            "carrierCode" | "serviceCode" | "packageCode" | "confirmation" => Some("service"),
            path => path.split_once('.').map(|(outer, _)| outer).filter(|outer| ["shipTo", "billTo"].contains(outer)),
        }
    }

    /// The value in the form in which it is compared.
    pub(super) fn normal(&self, value: &Value) -> String {
        self.form.normal(value)
    }

    /// Whether `order`, one of ours, leaves the field to the warehouse.
    pub(super) fn is_left(&self, order: &Value) -> bool {
        match self.claim {
            Claim::Ours => false,
            Claim::Offered | Claim::Note => self.normal(self.of(order)).is_empty(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_reads_and_writes_what_is_below() {
        let city = plain("shipTo.city", Form::Folded);
        let mut order = json!({"shipTo": null});
        assert!(city.of(&order).is_null());
        city.put(&mut order, json!("Bonn"));
        assert_eq!(order, json!({"shipTo": {"city": "Bonn"}}));
    }
}
