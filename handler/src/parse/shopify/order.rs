//! An order's body, as far as it matters: what lines it up, and the fingerprint of what its work depends on.
//!
//! The structs are the list. Every field that is serialised again is part of the fingerprint; whatever is not named
//! here (fulfilment, tags, `closed_at` …) cannot change it, so that what we or the warehouse write never looks like
//! news. A change to the list, or to how it is written, makes the next webhook of every order look new once.

use lane::clock::Timestamp;
use lane::id::{Fingerprint, JobId};
use lane::webhook::OrderNews;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::NotUnderstood;

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
    let text = std::str::from_utf8(body).map_err(|_| NotUnderstood::NotText)?;
    let mut order: Order = serde_json::from_str(text).map_err(|error| not_read(&error))?;
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
    })
}

/// Whether any line is shipped. A body that has no lines at all does not say; then the worker, which fetches the order
/// itself, is the one to leave it out.
fn ships_something(lines: Option<&[LineItem]>) -> bool {
    let ships =
        |line: &LineItem| line.requires_shipping == Some(true) && line.current_quantity.is_some_and(|left| left > 0);
    lines.is_none_or(|lines| lines.iter().any(ships))
}

/// Says where the parser stopped, never what it read there: its own message quotes the body.
fn not_read(error: &serde_json::Error) -> NotUnderstood {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => NotUnderstood::NotAnOrder { line, column },
        Category::Syntax | Category::Eof | Category::Io => NotUnderstood::NotJson { line, column },
    }
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
