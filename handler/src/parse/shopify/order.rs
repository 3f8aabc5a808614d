//! An order's body, as far as it matters: what lines it up, and the fingerprint of what its work depends on.
//!
//! The structs are what is read of it, and the tables in [`canonical`] are what of that is part of the fingerprint;
//! whatever is not named there (fulfilment, tags, `closed_at` …) cannot change it, so that what we or the warehouse write
//! never looks like news. A change to the tables, or to how they are written, makes the next webhook of every order look
//! new once.
//!
//! Weights are left out: a line keeps the weight it was ordered with, and a new line has a new id.

mod said;
mod canonical;

use lane::clock::Timestamp;
use lane::id::JobId;
use lane::marks::{Mark, Marks};
use lane::webhook::OrderNews;
use serde::Deserialize;

use self::said::Said;
use super::NotUnderstood;
use super::value::{self, not_read};

/// The longest name or status that is taken in; they are shown to people and kept in rows.
const TEXT_CHARS_MAX: usize = 255;

/// Fields whose type matters are typed; those that are only compared may be anything. They keep their places: the parser
/// also takes a list of them.
#[derive(Deserialize)]
struct Order<'a> {
    id: Option<u64>,
    name: Option<String>,
    updated_at: Option<Timestamp>,
    // Parsed, so that one instant in two time zones is one instant.
    cancelled_at: Option<Timestamp>,
    test: Option<bool>,
    financial_status: Option<String>,
    #[serde(borrow)]
    currency: Option<Said<'a>>,
    presentment_currency: Option<Said<'a>>,
    total_price: Option<Said<'a>>,
    current_total_price: Option<Said<'a>>,
    total_discounts: Option<Said<'a>>,
    current_total_discounts: Option<Said<'a>>,
    total_tax: Option<Said<'a>>,
    current_total_tax: Option<Said<'a>>,
    taxes_included: Option<Said<'a>>,
    tax_lines: Option<Vec<TaxLine<'a>>>,
    discount_codes: Option<Said<'a>>,
    discount_applications: Option<Said<'a>>,
    email: Option<Said<'a>>,
    phone: Option<Said<'a>>,
    note: Option<Said<'a>>,
    note_attributes: Option<Said<'a>>,
    shipping_address: Option<Address<'a>>,
    billing_address: Option<Address<'a>>,
    line_items: Option<Vec<LineItem<'a>>>,
    shipping_lines: Option<Vec<ShippingLine<'a>>>,
    // Whose it is; only marks of these are made.
    contact_email: Option<Said<'a>>,
    customer: Option<Said<'a>>,
    // What no order has: a refund names its order, a shop its domain.
    #[serde(rename = "order_id")]
    belongs_to: Option<Said<'a>>,
    myshopify_domain: Option<Said<'a>>,
}

/// Without the coordinates, which the platform looks up some time after the order was placed.
#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    name: Option<Said<'a>>,
    first_name: Option<Said<'a>>,
    last_name: Option<Said<'a>>,
    company: Option<Said<'a>>,
    address1: Option<Said<'a>>,
    address2: Option<Said<'a>>,
    city: Option<Said<'a>>,
    zip: Option<Said<'a>>,
    province: Option<Said<'a>>,
    province_code: Option<Said<'a>>,
    country: Option<Said<'a>>,
    country_code: Option<Said<'a>>,
    phone: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct LineItem<'a> {
    #[serde(borrow)]
    id: Option<Said<'a>>,
    sku: Option<Said<'a>>,
    title: Option<Said<'a>>,
    variant_id: Option<Said<'a>>,
    variant_title: Option<Said<'a>>,
    current_quantity: Option<i64>,
    // What was ordered; stands in where the body does not say what is left of it after edits and refunds.
    quantity: Option<i64>,
    requires_shipping: Option<bool>,
    gift_card: Option<Said<'a>>,
    price: Option<Said<'a>>,
    properties: Option<Said<'a>>,
    total_discount: Option<Said<'a>>,
    discount_allocations: Option<Said<'a>>,
    tax_lines: Option<Vec<TaxLine<'a>>>,
}

#[derive(Deserialize)]
struct ShippingLine<'a> {
    #[serde(borrow)]
    code: Option<Said<'a>>,
    title: Option<Said<'a>>,
    price: Option<Said<'a>>,
    is_removed: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct TaxLine<'a> {
    #[serde(borrow)]
    title: Option<Said<'a>>,
    rate: Option<Said<'a>>,
    price: Option<Said<'a>>,
}

/// Reads the body. Unknown, absent and null fields are fine; what is named above must have its type.
pub(super) fn read(body: &[u8]) -> Result<OrderNews, NotUnderstood> {
    let mut order: Order<'_> = value::read(body)?;
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
        fingerprint: canonical::fingerprint(&order).map_err(|error| not_read(&error))?,
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
fn marks(order: &Order<'_>) -> Marks {
    let of_customer = |name: &str| order.customer.as_ref().and_then(|customer| customer.field(name));
    let emails = [order.email.as_ref(), of_customer("email"), order.contact_email.as_ref()];
    let address = order.shipping_address.as_ref().and_then(|address| {
        let street = [text(address.address1.as_ref()), text(address.address2.as_ref())];
        Mark::address(&street, text(address.zip.as_ref()), text(address.country_code.as_ref()))
    });
    Marks {
        customer: of_customer("id").and_then(|id| id.id("Customer")).map(|id| Mark::customer(&id.to_string())),
        email: emails.into_iter().find_map(|email| Mark::email(text(email))),
        address,
        card: None,
    }
}

/// A field's text; nothing if it is none.
fn text<'s>(field: Option<&'s Said<'_>>) -> &'s str {
    field.map_or("", Said::text)
}

/// Whether any line is shipped. A body that has no lines at all does not say; then the worker, which fetches the order
/// itself, is the one to leave it out.
fn ships_something(lines: Option<&[LineItem<'_>]>) -> bool {
    let ships = |line: &LineItem<'_>| {
        line.requires_shipping == Some(true) && line.current_quantity.is_some_and(|left| left > 0)
    };
    lines.is_none_or(|lines| lines.iter().any(ships))
}

fn plain(text: &str, field: &'static str) -> Result<String, NotUnderstood> {
    let fits = text.chars().take(TEXT_CHARS_MAX + 1).count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(NotUnderstood::NotPlain { field }) }
}

#[cfg(test)]
mod tests;
