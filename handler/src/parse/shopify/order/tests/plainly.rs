//! The order's reader as it first was: it builds the whole tree, drops what says nothing, sorts it and prints it. That is
//! slow and plain, and the fingerprints in use are its fingerprints.

use lane::clock::Timestamp;
use lane::id::{Fingerprint, JobId};
use lane::marks::{Mark, Marks};
use lane::webhook::OrderNews;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{NotUnderstood, not_read, plain, value};

#[derive(Deserialize, Serialize)]
struct Order {
    id: Option<u64>,
    name: Option<String>,
    #[serde(skip_serializing)]
    updated_at: Option<Timestamp>,
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
    #[serde(skip_serializing)]
    contact_email: Option<Value>,
    #[serde(skip_serializing)]
    customer: Option<Value>,
    #[serde(rename = "order_id", skip_serializing)]
    belongs_to: Option<Value>,
    #[serde(skip_serializing)]
    myshopify_domain: Option<Value>,
}

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

fn ships_something(lines: Option<&[LineItem]>) -> bool {
    let ships =
        |line: &LineItem| line.requires_shipping == Some(true) && line.current_quantity.is_some_and(|left| left > 0);
    lines.is_none_or(|lines| lines.iter().any(ships))
}

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

pub(super) fn is_silent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
