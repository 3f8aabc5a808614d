//! The form of Shopify's answer, and its translation into an [`Order`].

use ::lane::clock::Timestamp;
use ::lane::money::{Currency, InvalidMoney, Money};
use serde::Deserialize;
use serde_json::Value;

use super::SHOPIFY;
use super::order::{Address, Line, Order};
use crate::providers::error::CallError;

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
    taxes_included: bool,
    email: Option<String>,
    note: Option<String>,
    /// An unsigned 64-bit number, which Shopify writes as text.
    total_weight: Option<Value>,
    current_total_price_set: Bag,
    total_received_set: Bag,
    current_total_tax_set: Bag,
    current_shipping_price_set: Bag,
    custom_attributes: Vec<Attribute>,
    shipping_address: Option<MailingAddress>,
    billing_address: Option<MailingAddress>,
    risk: Risk,
    shipping_lines: ShippingLines,
    pub(super) line_items: Lines,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinesPage {
    pub(super) id: String,
    pub(super) updated_at: Timestamp,
    pub(super) line_items: Lines,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lines {
    pub(super) nodes: Vec<LineItem>,
    pub(super) page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineItem {
    id: String,
    sku: Option<String>,
    name: String,
    quantity: u32,
    current_quantity: u32,
    unfulfilled_quantity: u32,
    requires_shipping: bool,
    discounted_unit_price_after_all_discounts_set: Bag,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bag {
    shop_money: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amount {
    amount: String,
    currency_code: String,
}

#[derive(Debug, Deserialize)]
struct Attribute {
    key: String,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Risk {
    recommendation: String,
    assessments: Vec<Assessment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assessment {
    risk_level: String,
}

#[derive(Debug, Deserialize)]
struct ShippingLines {
    nodes: Vec<ShippingLine>,
}

#[derive(Debug, Deserialize)]
struct ShippingLine {
    title: String,
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

impl PageInfo {
    /// Where the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.end_cursor.clone().filter(|_| self.has_next_page)
    }
}

impl FirstPage {
    /// The order, with all the lines that have been gathered in this page. An amount or currency that is none stops
    /// the order: a person must look.
    pub(super) fn into_order(self) -> Result<Order, CallError> {
        self.translated().map_err(|invalid| CallError::DataRefused { at: SHOPIFY, words: invalid.to_string() })
    }

    fn translated(self) -> Result<Order, InvalidMoney> {
        // The currency is read once more with every amount; here only so that a shop without amounts is caught too.
        self.currency_code.parse::<Currency>()?;
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
            taxes_included: self.taxes_included,
            email: self.email,
            note: self.note,
            attributes: self.custom_attributes.into_iter().map(|a| (a.key, a.value)).collect(),
            ship_to: self.shipping_address.map(MailingAddress::into_address),
            bill_to: self.billing_address.map(MailingAddress::into_address),
            shipping_service: self.shipping_lines.nodes.into_iter().next().map(|line| line.title),
            weight_grams: self.total_weight.as_ref().and_then(grams),
            risk_pending: self.risk.assessments.iter().any(|a| a.risk_level == "PENDING"),
            risk_recommendation: self.risk.recommendation.to_ascii_lowercase(),
            lines: self.line_items.nodes.into_iter().map(LineItem::into_line).collect::<Result<_, _>>()?,
        })
    }
}

impl LineItem {
    fn into_line(self) -> Result<Line, InvalidMoney> {
        Ok(Line {
            id: last_part(&self.id),
            sku: self.sku,
            name: self.name,
            quantity: self.quantity,
            current_quantity: self.current_quantity,
            unfulfilled_quantity: self.unfulfilled_quantity,
            requires_shipping: self.requires_shipping,
            unit_price: self.discounted_unit_price_after_all_discounts_set.money()?,
        })
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

impl Bag {
    fn money(&self) -> Result<Money, InvalidMoney> {
        Money::parse(&self.shop_money.amount, self.shop_money.currency_code.parse()?)
    }
}

fn grams(given: &Value) -> Option<u64> {
    given.as_u64().or_else(|| given.as_str()?.parse().ok())
}

/// `gid://shopify/LineItem/123?x=y` → `123`.
fn last_part(gid: &str) -> String {
    let path = gid.split('?').next().unwrap_or(gid);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::last_part;

    #[test]
    fn an_id_is_the_last_part_of_its_gid() {
        assert_eq!(last_part("gid://shopify/Order/820982911946154508"), "820982911946154508");
        assert_eq!(last_part("gid://shopify/LineItem/1?model=x/y"), "1");
    }
}
