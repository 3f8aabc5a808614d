//! An order's body, as far as it matters: what lines it up, and the fingerprint of what its work depends on.
//!
//! The structs are the list. Every field that is serialised again is part of the fingerprint; whatever is not named
//! here (fulfilment, tags, `closed_at` …) cannot change it, so that what we or the warehouse write never looks like
//! news. A change to the list, or to how it is written, makes the next webhook of every order look new once.
//!
//! Weights are left out: a line keeps the weight it was ordered with, and a new line has a new id.

use lane::clock::Timestamp;
use lane::id::{Fingerprint, JobId};
use lane::marks::{Mark, Marks};
use lane::webhook::OrderNews;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NotUnderstood;
use super::value::{self, not_read, text};

/// The longest name or status that is taken in; they are shown to people and kept in rows.
const TEXT_CHARS_MAX: usize = 255;

/// Fields whose type matters are typed; those that are only compared may be anything.
#[derive(Deserialize, Serialize)]
struct Order {
    id: Option<u64>,
    name: Option<String>,
    #[serde(skip_serializing)]
    updated_at: Option<Timestamp>,
    // Parsed, so that one instant in two time zones is one instant.
    cancelled_at: Option<Timestamp>,
    test: Option<bool>,
    financial_status: Option<String>,
    currency: Option<Value>,
    presentment_currency: Option<Value>,
    total_price: Option<Value>,
    current_total_price: Option<Value>,
    total_discounts: Option<Value>,
    current_total_discounts: Option<Value>,
    total_tax: Option<Value>,
    current_total_tax: Option<Value>,
    taxes_included: Option<Value>,
    tax_lines: Option<Vec<TaxLine>>,
    discount_codes: Option<Value>,
    discount_applications: Option<Value>,
    email: Option<Value>,
    phone: Option<Value>,
    note: Option<Value>,
    note_attributes: Option<Value>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    line_items: Option<Vec<LineItem>>,
    shipping_lines: Option<Vec<ShippingLine>>,
    // Whose it is; only marks of these are made.
    #[serde(skip_serializing)]
    contact_email: Option<Value>,
    #[serde(skip_serializing)]
    customer: Option<Value>,
    // What no order has: a refund names its order, a shop its domain.
    #[serde(rename = "order_id", skip_serializing)]
    belongs_to: Option<Value>,
    #[serde(skip_serializing)]
    myshopify_domain: Option<Value>,
}

/// Without the coordinates, which the platform looks up some time after the order was placed.
#[derive(Deserialize, Serialize)]
struct Address {
    name: Option<Value>,
    first_name: Option<Value>,
    last_name: Option<Value>,
    company: Option<Value>,
    address1: Option<Value>,
    address2: Option<Value>,
    city: Option<Value>,
    zip: Option<Value>,
    province: Option<Value>,
    province_code: Option<Value>,
    country: Option<Value>,
    country_code: Option<Value>,
    phone: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct LineItem {
    id: Option<Value>,
    sku: Option<Value>,
    title: Option<Value>,
    variant_id: Option<Value>,
    variant_title: Option<Value>,
    current_quantity: Option<i64>,
    // What was ordered; stands in where the body does not say what is left of it after edits and refunds.
    #[serde(skip_serializing)]
    quantity: Option<i64>,
    requires_shipping: Option<bool>,
    gift_card: Option<Value>,
    price: Option<Value>,
    properties: Option<Value>,
    total_discount: Option<Value>,
    discount_allocations: Option<Value>,
    tax_lines: Option<Vec<TaxLine>>,
}

#[derive(Deserialize, Serialize)]
struct ShippingLine {
    code: Option<Value>,
    title: Option<Value>,
    price: Option<Value>,
    is_removed: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct TaxLine {
    title: Option<Value>,
    rate: Option<Value>,
    price: Option<Value>,
}

/// Reads the body. Unknown, absent and null fields are fine; what is named above must have its type.
pub(super) fn read(body: &[u8]) -> Result<OrderNews, NotUnderstood> {
    let mut order: Order = value::read(body)?;
    if order.belongs_to.is_some() || order.myshopify_domain.is_some() {
        return Err(NotUnderstood::NotOfTopic("it is no order"));
    }
    for item in order.line_items.iter_mut().flatten() {
        item.current_quantity = item.current_quantity.or(item.quantity);
    }
    let id = JobId::from(order.id.ok_or(NotUnderstood::NoId)?);
    let number = match &order.name {
        Some(name) => plain(name, "name")?,
        None => id.to_string(),
    };
    let status = order.financial_status.as_deref().unwrap_or_default();
    let financial_status = plain(status, "financial_status")?.to_ascii_lowercase();
    Ok(OrderNews {
        fingerprint: fingerprint(&order)?,
        id,
        number,
        updated_at: order.updated_at,
        cancelled: order.cancelled_at.is_some(),
        test: order.test.unwrap_or(false),
        financial_status,
        ships_something: ships_something(order.line_items.as_deref()),
        marks: marks(&order),
    })
}

/// Marks of the same fields that the worker takes when it has fetched the order. Which card paid is not in the body.
fn marks(order: &Order) -> Marks {
    let of_customer = |field: &str| order.customer.as_ref().and_then(|customer| customer.get(field));
    let emails = [order.email.as_ref(), of_customer("email"), order.contact_email.as_ref()];
    let address = order.shipping_address.as_ref().and_then(|address| {
        let street = [text(address.address1.as_ref()), text(address.address2.as_ref())];
        Mark::address(&street, text(address.zip.as_ref()), text(address.country_code.as_ref()))
    });
    Marks {
        customer: of_customer("id").and_then(|id| value::id(id, "Customer")).map(|id| Mark::customer(&id.to_string())),
        email: emails.into_iter().find_map(|email| Mark::email(text(email))),
        address,
        card: None,
    }
}

/// Whether any line is shipped. A body that has no lines at all does not say; then the worker, which fetches the order
/// itself, is the one to leave it out.
fn ships_something(lines: Option<&[LineItem]>) -> bool {
    let ships =
        |line: &LineItem| line.requires_shipping == Some(true) && line.current_quantity.is_some_and(|left| left > 0);
    lines.is_none_or(|lines| lines.iter().any(ships))
}

fn plain(text: &str, field: &'static str) -> Result<String, NotUnderstood> {
    let fits = text.chars().take(TEXT_CHARS_MAX + 1).count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(NotUnderstood::NotPlain { field }) }
}

/// Hash of the order's canonical JSON: keys sorted, and nothing empty, because a field that says nothing is the same
/// as one that is not there.
fn fingerprint(order: &Order) -> Result<Fingerprint, NotUnderstood> {
    let mut canonical = serde_json::to_value(order).map_err(|error| not_read(&error))?;
    drop_silent(&mut canonical);
    canonical.sort_all_objects();
    Ok(Fingerprint::of(canonical.to_string().as_bytes()))
}

fn drop_silent(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(drop_silent);
            fields.retain(|_, field| !is_silent(field));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_silent),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_silent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests;
