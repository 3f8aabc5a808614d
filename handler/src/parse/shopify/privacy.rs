//! Requests about somebody's data: `customers/data_request`, `customers/redact`, `shop/redact` (*shopify.dev: Privacy law
//! compliance*). What leaves here are marks and ids; the mail address goes no further, the telephone number is not read.
//!
//! What they cause cannot be taken back, so each is recognised by its own fields, and the shop it names must be the one
//! that the header names.

use lane::id::JobId;
use lane::marks::Mark;
use lane::privacy::{Ask, PrivacyRequest, Subject};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::NotUnderstood;
use super::value::{id, read};

/// The fields of the two requests about a customer. Of a list it matters whether it stands there at all: an empty one
/// may be written as `null`, and still tells one request from the other.
#[derive(Deserialize)]
struct AboutCustomer {
    shop_domain: Option<String>,
    customer: Option<Customer>,
    #[serde(default, deserialize_with = "stands")]
    orders_requested: List,
    #[serde(default, deserialize_with = "stands")]
    orders_to_redact: List,
    data_request: Option<DataRequest>,
}

/// `None` if it does not stand there, `Some(None)` if it is `null`.
type List = Option<Option<Vec<Value>>>;

#[derive(Deserialize)]
struct Customer {
    id: Option<Value>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct DataRequest {
    id: Option<Value>,
}

/// What a shop's redaction says, and what only other bodies have. A shop is erased for good, so one field of those is
/// enough for it to be none, whatever its value; fields that nobody knows yet are passed over.
#[derive(Deserialize)]
struct AboutShop {
    shop_domain: Option<String>,
    #[serde(default, deserialize_with = "stands")]
    customer: Other,
    #[serde(default, deserialize_with = "stands")]
    orders_requested: Other,
    #[serde(default, deserialize_with = "stands")]
    orders_to_redact: Other,
    #[serde(default, deserialize_with = "stands")]
    data_request: Other,
    #[serde(default, deserialize_with = "stands")]
    id: Other,
    #[serde(default, deserialize_with = "stands")]
    admin_graphql_api_id: Other,
    #[serde(default, deserialize_with = "stands")]
    myshopify_domain: Other,
    #[serde(default, deserialize_with = "stands")]
    email: Other,
    #[serde(default, deserialize_with = "stands")]
    order_id: Other,
    #[serde(default, deserialize_with = "stands")]
    line_items: Other,
    // Named so that it may not stand there twice.
    #[expect(dead_code, reason = "nothing is done with the shop's number")]
    shop_id: Option<IgnoredAny>,
}

/// A field of another body.
type Other = Option<IgnoredAny>;

impl AboutShop {
    fn is_another(&self) -> bool {
        let Self { customer, orders_requested, orders_to_redact, data_request, .. } = self;
        let of_a_customer = [customer, orders_requested, orders_to_redact, data_request];
        let Self { id, admin_graphql_api_id, myshopify_domain, email, order_id, line_items, .. } = self;
        let of_a_resource = [id, admin_graphql_api_id, myshopify_domain, email, order_id, line_items];
        of_a_customer.into_iter().chain(of_a_resource).any(Option::is_some)
    }
}

/// A field that stands there, even as `null`.
fn stands<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a request that `shop` is said to pass on.
pub(super) fn read_as(ask: Ask, body: &[u8], shop: &str) -> Result<PrivacyRequest, NotUnderstood> {
    match ask {
        Ask::RedactShop => {
            let body: AboutShop = read(body)?;
            if body.is_another() {
                return Err(NotUnderstood::NotOfTopic("it says more than which shop"));
            }
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

/// The orders that the request names, if it is the request that it is said to be. A list of the other one may stand there
/// as `null`, but not beside a `null` of its own: such a body would be either.
fn orders_of(ask: Ask, body: &AboutCustomer) -> Option<&[Value]> {
    let asks_for_data = body.data_request.is_some();
    let (own, other) = match ask {
        Ask::Export => (body.orders_requested.as_ref(), body.orders_to_redact.as_ref()),
        Ask::RedactCustomer => (body.orders_to_redact.as_ref(), body.orders_requested.as_ref()),
        Ask::RedactShop => return None,
    };
    let of_it = match ask {
        // The request's own number says it as well as the list does.
        Ask::Export => asks_for_data || own.is_some(),
        Ask::RedactCustomer => !asks_for_data && own.is_some() && body.customer.is_some(),
        Ask::RedactShop => false,
    };
    let says_the_other = match other {
        Some(Some(_)) => true,
        Some(None) => !asks_for_data && !matches!(own, Some(Some(_))),
        None => false,
    };
    (of_it && !says_the_other).then(|| own.and_then(Option::as_deref).unwrap_or_default())
}

fn about_customer(ask: Ask, body: AboutCustomer) -> Result<PrivacyRequest, NotUnderstood> {
    let orders = orders_of(ask, &body).ok_or(NotUnderstood::NotOfTopic("it is another kind of request, or none"))?;
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
