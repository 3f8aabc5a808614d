//! The form of Shopify's answers, and their translation into an [`Order`].
//!
//! An amount or currency that is none, and a state of a part that is not known here, stop the order: a person must
//! look. Whatever Shopify may leave out (data that the app may not see, a product or place that was deleted) is
//! missing in the order too.

mod amount;
mod line;
mod part;
mod payment;

use ::lane::clock::Timestamp;
use ::lane::money::{Currency, InvalidMoney};
use ::lane::rules::RiskSeen;
use serde::Deserialize;
use serde_json::Value;

use super::SHOPIFY;
use super::order::{Address, Attribute, Customer, Order, ShippingLine};
use crate::providers::error::CallError;
use amount::{Bag, BothBag};
pub(super) use line::LineItem;
use part::Fulfillment;
pub(super) use part::{FulfillmentOrder, PartLineItem};
use payment::Transaction;

/// What in an answer cannot be carried.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Money(#[from] InvalidMoney),
    #[error("its part {part} has the unknown {what} {word:?}")]
    Word { part: String, what: &'static str, word: String },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FirstPage {
    pub(super) id: String,
    name: String,
    created_at: Timestamp,
    processed_at: Timestamp,
    pub(super) updated_at: Timestamp,
    cancelled_at: Option<Timestamp>,
    test: bool,
    display_financial_status: Option<String>,
    currency_code: String,
    presentment_currency_code: String,
    taxes_included: bool,
    email: Option<String>,
    note: Option<String>,
    tags: Vec<String>,
    total_weight: Option<Value>,
    current_total_price_set: Bag,
    total_received_set: Bag,
    current_total_tax_set: Bag,
    current_shipping_price_set: Bag,
    current_subtotal_price_set: BothBag,
    custom_attributes: Vec<CustomAttribute>,
    shipping_address: Option<MailingAddress>,
    billing_address: Option<MailingAddress>,
    customer: Option<Buyer>,
    customer_journey_summary: Option<Journey>,
    risk: RiskSummary,
    shipping_lines: Nodes<ChosenShipping>,
    transactions: Vec<Transaction>,
    fulfillments: Vec<Fulfillment>,
    pub(super) line_items: Paged<LineItem>,
    pub(super) fulfillment_orders: Paged<FulfillmentOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinesPage {
    pub(super) id: String,
    pub(super) updated_at: Timestamp,
    pub(super) line_items: Paged<LineItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartsPage {
    pub(super) id: String,
    pub(super) updated_at: Timestamp,
    pub(super) fulfillment_orders: Paged<FulfillmentOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartLinesPage {
    pub(super) order: Stamp,
    pub(super) line_items: Paged<PartLineItem>,
}

/// Which order a page belongs to, and which state of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamp {
    pub(super) id: String,
    pub(super) updated_at: Timestamp,
}

/// Some of a connection's nodes, and whether there are more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paged<T> {
    pub(super) nodes: Vec<T>,
    page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct CustomAttribute {
    key: String,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Buyer {
    id: String,
    number_of_orders: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Journey {
    customer_order_index: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct RiskSummary {
    recommendation: String,
    assessments: Vec<Assessment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    risk_level: String,
}

#[derive(Debug, Deserialize)]
struct ChosenShipping {
    title: String,
    code: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MailingAddress {
    name: Option<String>,
    company: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    province_code: Option<String>,
    zip: Option<String>,
    country_code_v2: Option<String>,
    phone: Option<String>,
}

impl<T> Paged<T> {
    /// Where the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.page_info.end_cursor.clone().filter(|_| self.page_info.has_next_page)
    }

    /// Puts the next page behind this one.
    pub(super) fn extend(&mut self, next: Self) {
        self.nodes.extend(next.nodes);
        self.page_info = next.page_info;
    }
}

impl FirstPage {
    /// The order, with everything that has been gathered in this page.
    pub(super) fn into_order(self) -> Result<Order, CallError> {
        self.translated().map_err(|unusable| CallError::DataRefused { at: SHOPIFY, words: unusable.to_string() })
    }

    fn translated(self) -> Result<Order, Unusable> {
        // The currency is read once more with every amount; here only so that a shop without amounts is caught too.
        self.currency_code.parse::<Currency>()?;
        let shipping_lines = self.shipping_lines.nodes.into_iter();
        let index = self.customer_journey_summary.and_then(|journey| journey.customer_order_index);
        Ok(Order {
            id: last_part(&self.id),
            name: self.name,
            created_at: self.created_at,
            processed_at: self.processed_at,
            updated_at: self.updated_at,
            cancelled: self.cancelled_at.is_some(),
            test: self.test,
            financial_status: self.display_financial_status.unwrap_or_default().to_ascii_lowercase(),
            total: self.current_total_price_set.money()?,
            received: self.total_received_set.money()?,
            tax: self.current_total_tax_set.money()?,
            shipping: self.current_shipping_price_set.money()?,
            subtotal: self.current_subtotal_price_set.both()?,
            taxes_included: self.taxes_included,
            presentment: self.presentment_currency_code.parse()?,
            email: self.email,
            note: self.note,
            tags: self.tags,
            attributes: attributes(self.custom_attributes),
            customer: self.customer.map(|buyer| buyer.into_customer(index)),
            ship_to: self.shipping_address.map(MailingAddress::into_address),
            bill_to: self.billing_address.map(MailingAddress::into_address),
            shipping_lines: shipping_lines.map(|line| ShippingLine { title: line.title, code: line.code }).collect(),
            weight_grams: self.total_weight.as_ref().and_then(unsigned),
            risk: self.risk.risk(),
            cards: payment::cards(&self.transactions),
            lines: self.line_items.nodes.into_iter().map(LineItem::into_line).collect::<Result<_, _>>()?,
            parts: self
                .fulfillment_orders
                .nodes
                .into_iter()
                .map(FulfillmentOrder::into_part)
                .collect::<Result<_, _>>()?,
            fulfilments: self.fulfillments.into_iter().map(Fulfillment::into_fulfilment).collect(),
        })
    }
}

impl RiskSummary {
    /// A warning counts although another check still runs. A recommendation that is not known here is a warning too.
    fn risk(&self) -> RiskSeen {
        let pending = self.assessments.iter().any(|assessment| assessment.risk_level == "PENDING");
        match self.recommendation.as_str() {
            "CANCEL" => RiskSeen::Cancel,
            "NONE" | "ACCEPT" if pending => RiskSeen::Pending,
            "NONE" => RiskSeen::None,
            "ACCEPT" => RiskSeen::Accept,
            _ => RiskSeen::Investigate,
        }
    }
}

impl Buyer {
    fn into_customer(self, index: Option<u64>) -> Customer {
        Customer { id: last_part(&self.id), orders: self.number_of_orders.as_ref().and_then(unsigned), index }
    }
}

impl MailingAddress {
    fn into_address(self) -> Address {
        Address {
            name: self.name,
            company: self.company,
            street1: self.address1,
            street2: self.address2,
            city: self.city,
            state: self.province_code,
            postal_code: self.zip,
            country: self.country_code_v2,
            phone: self.phone,
        }
    }
}

fn attributes(given: Vec<CustomAttribute>) -> Vec<Attribute> {
    given.into_iter().map(|CustomAttribute { key, value }| Attribute { key, value }).collect()
}

/// Shopify writes unsigned 64-bit numbers as text.
fn unsigned(given: &Value) -> Option<u64> {
    given.as_u64().or_else(|| given.as_str()?.parse().ok())
}

/// `gid://shopify/LineItem/123?x=y` → `123`.
fn last_part(gid: &str) -> String {
    let path = gid.split('?').next().unwrap_or(gid);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests;
