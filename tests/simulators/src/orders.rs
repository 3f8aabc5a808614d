//! Orders as Shopify's webhooks carry them, made from a seed ([`Maker`]) or from a description ([`Sale`]): the same
//! seed, number and time make the same order.
//!
//! Ids are beyond 2^53 and neighbours differ in the last digit, so whoever passes them through a double loses an
//! order and is found out.

use jiff::Timestamp;
use lane::money::Currency;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

mod goods;
mod places;
mod amounts;
mod delivery;
mod allocate;
mod written;
mod sale;
#[cfg(test)]
mod tests;

pub use delivery::{headers, sign};
pub use sale::{Item, Reduction, Sale};

use amounts::Amounts;
use goods::Line;
use places::Place;

/// Of the same size as the id in Shopify's published sample.
const FIRST_ORDER_ID: u64 = 820_982_911_000_000_000;
const FIRST_LINE_ID: u64 = 487_817_000_000_000_000;
const FIRST_CUSTOMER_ID: u64 = 115_310_627_000_000_000;
/// Room for the orders of one seed, so that the shops of a test do not share ids.
const IDS_PER_SEED: u64 = 1_000_000_000;

/// Makes orders.
#[derive(Debug, Clone)]
pub struct Maker {
    seed: u64,
    currency: String,
    digits: u32,
    total: Option<u64>,
    country: Option<String>,
    lines: Option<usize>,
    discount_percent: u64,
}

impl Maker {
    /// Orders of an ordinary shop: one to five lines, several countries, paid. A currency that ISO 4217 does not know
    /// counts as one with two digits.
    pub fn new(seed: u64, currency: &str) -> Self {
        Self {
            seed,
            currency: currency.to_owned(),
            digits: currency.parse::<Currency>().map_or(2, Currency::minor_digits),
            total: None,
            country: None,
            lines: None,
            discount_percent: 0,
        }
    }

    /// Makes the lines add up to about this much, in minor units, before shipping and tax.
    #[must_use]
    pub fn total_about(mut self, minor: u64) -> Self {
        self.total = Some(minor);
        self
    }

    /// Ships to this country (`US`, `CA`, `GB`, `DE`, `FR`, `AU`, `JP`, `DK`); an unknown code keeps the choice to
    /// the maker.
    #[must_use]
    pub fn ship_country(mut self, code: &str) -> Self {
        self.country = Some(code.to_uppercase());
        self
    }

    /// Gives each order exactly so many lines.
    #[must_use]
    pub fn lines(mut self, count: usize) -> Self {
        self.lines = Some(count);
        self
    }

    /// Takes so many percent off by a discount code.
    #[must_use]
    pub fn discount_percent(mut self, percent: u64) -> Self {
        self.discount_percent = percent.min(100);
        self
    }

    /// The id that the order of this number has.
    pub fn order_id(&self, number: u64) -> u64 {
        FIRST_ORDER_ID + self.seed % 1_000_000 * IDS_PER_SEED + number % IDS_PER_SEED
    }

    /// The order of this number, placed and paid at `at`.
    pub fn order(&self, number: u64, at: Timestamp) -> Value {
        // Its own generator per number, so that an order does not depend on those that were made before it.
        let mut random = SmallRng::seed_from_u64(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let place = places::choose(&mut random, self.country.as_deref());
        let person = places::person(&mut random);
        let lines = self.choose_lines(&mut random);
        let amounts = Amounts::of(&lines, place.tax_percent, self.discount_percent, self.digits, &self.currency);
        let mut order = self.header(number, at, &place, &person);
        for part in [amounts.totals(), amounts.discounts(), self.people(number, &place, &person)] {
            merge(&mut order, part);
        }
        let first_line = FIRST_LINE_ID + (self.order_id(number) - FIRST_ORDER_ID) * 1000;
        order["line_items"] =
            lines.iter().zip(0u64..).map(|(line, index)| amounts.line(line, index, first_line + index)).collect();
        order["shipping_lines"] = json!([amounts.shipping_line(self.order_id(number))]);
        order["total_weight"] = json!(lines.iter().map(|line| line.goods.grams * line.quantity).sum::<u64>());
        order
    }

    fn choose_lines(&self, random: &mut SmallRng) -> Vec<Line> {
        let count = self.lines.unwrap_or_else(|| random.random_range(1..=5));
        let share = self.total.map(|total| total / u64::try_from(count.max(1)).unwrap_or(1));
        (0..count).map(|_| goods::choose(random, self.digits, share)).collect()
    }

    fn header(&self, number: u64, at: Timestamp, place: &Place, person: &(&str, &str)) -> Value {
        let id = self.order_id(number);
        let time = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        json!({
            "id": id,
            "admin_graphql_api_id": format!("gid://shopify/Order/{id}"),
            "app_id": 580_111,
            "name": format!("#{number}"),
            "number": number.saturating_sub(1000),
            "order_number": number,
            "confirmation_number": format!("{:09X}", id % 0xF_FFFF_FFFF),
            "confirmed": true,
            "test": false,
            "created_at": time,
            "processed_at": time,
            "updated_at": time,
            "cancelled_at": null,
            "cancel_reason": null,
            "closed_at": null,
            "email": mail_of(person, number),
            "contact_email": mail_of(person, number),
            "phone": null,
            "currency": self.currency,
            "presentment_currency": self.currency,
            "customer_locale": place.locale,
            "financial_status": "paid",
            "fulfillment_status": null,
            "fulfillments": [],
            "refunds": [],
            "returns": [],
            "note": null,
            "note_attributes": [],
            "tags": "",
            "po_number": null,
            "source_name": "web",
            "payment_gateway_names": ["shopify_payments"],
            "taxes_included": false,
            "tax_exempt": false,
            "duties_included": false,
            "buyer_accepts_marketing": false,
        })
    }

    fn people(&self, number: u64, place: &Place, person: &(&str, &str)) -> Value {
        let (first, last) = person;
        let id = FIRST_CUSTOMER_ID + self.seed % 1_000_000 * IDS_PER_SEED + number % IDS_PER_SEED;
        let address = place.address(person);
        json!({
            "customer": {
                "id": id,
                "admin_graphql_api_id": format!("gid://shopify/Customer/{id}"),
                "email": mail_of(person, number),
                "first_name": first,
                "last_name": last,
                "phone": null,
                "state": "disabled",
                "note": null,
                "verified_email": true,
                "tags": "",
                "orders_count": 1,
                "currency": self.currency,
                "default_address": address,
            },
            "billing_address": address,
            "shipping_address": address,
        })
    }
}

/// Mail addresses end in a domain that can have no mail.
fn mail_of((first, last): &(&str, &str), number: u64) -> String {
    let plain = |name: &str| name.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect::<String>();
    format!("{}.{}.{number}@example.com", plain(first), plain(last))
}

fn merge(order: &mut Value, part: Value) {
    if let (Value::Object(order), Value::Object(part)) = (order, part) {
        order.extend(part);
    }
}
