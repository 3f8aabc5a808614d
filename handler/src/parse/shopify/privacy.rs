//! Requests about somebody's data: `customers/data_request`, `customers/redact`, `shop/redact` (*shopify.dev: Privacy law
//! compliance*). What leaves here are marks and ids; the mail address goes no further, the telephone number is not read.
//!
//! What they cause cannot be taken back, so each is recognised by its own fields, and the shop it names must be the one
//! that the header names.

use lane::id::JobId;
use lane::marks::Mark;
use lane::privacy::{Ask, PrivacyRequest, Subject};
use serde::Deserialize;
use serde_json::Value;

use super::NotUnderstood;
use super::value::{id, read};

/// The fields of the two requests about a customer.
#[derive(Deserialize)]
struct AboutCustomer {
    shop_domain: Option<String>,
    customer: Option<Customer>,
    orders_requested: Option<Vec<Value>>,
    orders_to_redact: Option<Vec<Value>>,
    data_request: Option<DataRequest>,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<Value>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct DataRequest {
    id: Option<Value>,
}

/// All that a shop's redaction says. Anything more and it is not one: a shop is erased for good.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AboutShop {
    #[expect(dead_code, reason = "named so that no other field may stand there")]
    shop_id: Option<Value>,
    shop_domain: Option<String>,
}

/// Reads a request that `shop` is said to pass on.
pub(super) fn read_as(ask: Ask, body: &[u8], shop: &str) -> Result<PrivacyRequest, NotUnderstood> {
    match ask {
        Ask::RedactShop => {
            let body: AboutShop = read(body)?;
            check(body.shop_domain.as_deref(), shop)?;
            Ok(PrivacyRequest { ask, subject: Subject::default(), reference: None })
        }
        Ask::Export | Ask::RedactCustomer => {
            let body: AboutCustomer = read(body)?;
            check(body.shop_domain.as_deref(), shop)?;
            about_customer(ask, body)
        }
    }
}

fn about_customer(ask: Ask, body: AboutCustomer) -> Result<PrivacyRequest, NotUnderstood> {
    let asks_for_data = body.data_request.is_some() || body.orders_requested.is_some();
    let orders = match (asks_for_data, body.orders_to_redact) {
        (true, None) if ask == Ask::Export => body.orders_requested.unwrap_or_default(),
        (false, Some(orders)) if ask == Ask::RedactCustomer && body.customer.is_some() => orders,
        (true | false, Some(_) | None) => {
            return Err(NotUnderstood::NotOfTopic("it is another kind of request, or none"));
        }
    };
    let orders: Option<Vec<JobId>> = orders.iter().map(|order| id(order, "Order").map(JobId::from)).collect();
    let (customer, email) = match body.customer {
        Some(Customer { id, email }) => (customer_mark(id.as_ref())?, email.as_deref().and_then(Mark::email)),
        None => (None, None),
    };
    let subject =
        Subject { customer, email, orders: orders.ok_or(NotUnderstood::NotOfTopic("an order's id is none"))? };
    if subject == Subject::default() {
        return Err(NotUnderstood::NamesNobody);
    }
    let reference =
        body.data_request.and_then(|request| id(&request.id?, "DataRequest")).map(|number| number.to_string());
    Ok(PrivacyRequest { ask, subject, reference })
}

/// A customer may have nothing but a mail address. An id that is none is an error: somebody is meant and would be missed.
fn customer_mark(said: Option<&Value>) -> Result<Option<Mark>, NotUnderstood> {
    let Some(said) = said else { return Ok(None) };
    let id = id(said, "Customer").ok_or(NotUnderstood::NotOfTopic("the customer's id is none"))?;
    Ok(Some(Mark::customer(&id.to_string())))
}

/// Whether the body names the shop that the header names.
fn check(domain: Option<&str>, shop: &str) -> Result<(), NotUnderstood> {
    let domain = domain.ok_or(NotUnderstood::NotOfTopic("it names no shop"))?;
    if domain.eq_ignore_ascii_case(shop) { Ok(()) } else { Err(NotUnderstood::OtherShop) }
}
