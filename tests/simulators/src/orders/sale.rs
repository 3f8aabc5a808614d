//! An order from a compact description: what is sold, what is taken off, in which currencies, and taxed how.
//!
//! It is written in Rust ([`Sale::new`] and what follows) or as JSON:
//!
//! ```json
//! { "currency": "USD", "presentment": { "currency": "EUR", "rate": "0.92" },
//!   "tax_percent": "19", "taxes_included": true, "country": "DE",
//!   "items": [ { "sku": "MUG", "title": "Enamel mug", "price": "18.95", "quantity": 3, "grams": 210,
//!                "hs_code": "732394", "origin": "PL" },
//!              { "sku": "CARD", "title": "Gift card", "price": "50.00", "gift_card": true, "ships": false } ],
//!   "discounts": [ { "percent": "10", "code": "WELCOME" }, { "amount": "5.00", "items": ["MUG"], "each": true } ],
//!   "shipping": { "title": "Standard", "code": "standard", "price": "5.00" },
//!   "simulator": { "customer_orders": 1 } }
//! ```
//!
//! Amounts are in the shop's currency. [`Sale::order`] gives the REST order with a `simulator` member, in which the
//! customs data stands.

use jiff::Timestamp;
use lane::money::Currency;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::allocate::{Allocated, Side, allocate};
use super::{FIRST_LINE_ID, FIRST_ORDER_ID, Maker, written};

/// A description of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    pub(super) currency: String,
    #[serde(default)]
    pub(super) presentment: Option<Exchange>,
    #[serde(default)]
    pub(super) tax_percent: Decimal,
    #[serde(default)]
    pub(super) taxes_included: bool,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    seed: u64,
    pub(super) items: Vec<Item>,
    #[serde(default)]
    pub(super) discounts: Vec<Reduction>,
    #[serde(default)]
    pub(super) shipping: Option<Shipping>,
    #[serde(default)]
    simulator: Value,
}

/// The buyer's currency, and how much of it one unit of the shop's is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) currency: String,
    pub(super) rate: Decimal,
}

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// By which tests name it.
    pub sku: String,
    /// What it is called.
    #[serde(default)]
    pub title: String,
    /// One unit, in the shop's currency.
    pub price: Decimal,
    /// How many.
    #[serde(default = "one")]
    pub quantity: u64,
    /// One unit's weight.
    #[serde(default)]
    pub grams: u64,
    /// Harmonised System code.
    #[serde(default)]
    pub hs_code: Option<String>,
    /// Country of origin, two letters.
    #[serde(default)]
    pub origin: Option<String>,
    /// Whether it is shipped.
    #[serde(default = "yes")]
    pub ships: bool,
    /// Whether it is a gift card.
    #[serde(default)]
    pub gift_card: bool,
    /// Custom attributes of the line: name, value.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

impl Item {
    /// Something that is shipped.
    pub fn new(sku: &str, price: Decimal, quantity: u64) -> Self {
        Self {
            sku: sku.to_owned(),
            title: sku.to_owned(),
            price,
            quantity,
            grams: 100,
            hs_code: None,
            origin: None,
            ships: true,
            gift_card: false,
            properties: Vec::new(),
        }
    }

    /// With customs data.
    #[must_use]
    pub fn customs(mut self, hs_code: &str, origin: &str) -> Self {
        self.hs_code = Some(hs_code.to_owned());
        self.origin = Some(origin.to_owned());
        self
    }
}

/// A discount: a `percent` or an `amount` in the shop's currency.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reduction {
    /// So much of a hundred.
    pub percent: Option<Decimal>,
    /// So much money.
    pub amount: Option<Decimal>,
    /// The SKUs that are entitled; left out, all lines.
    pub items: Option<Vec<String>>,
    /// The value falls on every line instead of being spread across them.
    pub each: bool,
    /// It is taken off shipping instead.
    pub shipping: bool,
    /// The code that the buyer typed.
    pub code: Option<String>,
    /// Without a code: `automatic` (the usual), `manual` or `script`.
    pub kind: Option<String>,
}

impl Reduction {
    /// So much of a hundred, off the whole order.
    pub fn percent(percent: Decimal) -> Self {
        Self { percent: Some(percent), ..Self::default() }
    }

    /// So much money, off the whole order.
    pub fn amount(amount: Decimal) -> Self {
        Self { amount: Some(amount), ..Self::default() }
    }

    /// Off these lines only, each for itself.
    #[must_use]
    pub fn on_each(mut self, skus: &[&str]) -> Self {
        self.items = Some(skus.iter().map(|&sku| sku.to_owned()).collect());
        self.each = true;
        self
    }

    /// The buyer typed this code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// Whether it discounts the whole order and lines only share it.
    pub(super) fn is_of_order(&self) -> bool {
        self.items.is_none() && !self.each
    }
}

/// What the buyer chose.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shipping {
    pub(super) title: String,
    pub(super) code: Option<String>,
    pub(super) price: Decimal,
}

impl Sale {
    /// An empty sale in the shop's currency: no tax, no shipping.
    pub fn new(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            presentment: None,
            tax_percent: Decimal::ZERO,
            taxes_included: false,
            country: None,
            seed: 0,
            items: Vec::new(),
            discounts: Vec::new(),
            shipping: None,
            simulator: Value::Null,
        }
    }

    /// The buyer sees another currency, of which `rate` is one unit of the shop's.
    #[must_use]
    pub fn shown_in(mut self, currency: &str, rate: Decimal) -> Self {
        self.presentment = Some(Exchange { currency: currency.to_owned(), rate });
        self
    }

    /// Taxed at so many percent, within the prices or on top of them.
    #[must_use]
    pub fn taxed(mut self, percent: Decimal, included: bool) -> Self {
        self.tax_percent = percent;
        self.taxes_included = included;
        self
    }

    /// One more line.
    #[must_use]
    pub fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }

    /// One more discount. Discounts of lines are taken first, then those of the order off what is left, each kind in
    /// the order given.
    #[must_use]
    pub fn discount(mut self, discount: Reduction) -> Self {
        self.discounts.push(discount);
        self
    }

    /// With shipping.
    #[must_use]
    pub fn shipping(mut self, title: &str, code: &str, price: Decimal) -> Self {
        self.shipping = Some(Shipping { title: title.to_owned(), code: Some(code.to_owned()), price });
        self
    }

    /// Ships to this country, as [`Maker::ship_country`].
    #[must_use]
    pub fn country(mut self, code: &str) -> Self {
        self.country = Some(code.to_owned());
        self
    }

    /// Makes its ids and its buyer differ from those of other seeds.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The `simulator` member.
    #[must_use]
    pub fn simulator(mut self, simulator: Value) -> Self {
        self.simulator = simulator;
        self
    }

    /// The order of this number, placed and paid at `at`.
    pub fn order(&self, number: u64, at: Timestamp) -> Value {
        let maker = Maker::new(self.seed, &self.currency).lines(1);
        let maker = self.country.iter().fold(maker, |maker, country| maker.ship_country(country));
        let mut order = maker.order(number, at);
        let first_line = FIRST_LINE_ID + (maker.order_id(number) - FIRST_ORDER_ID) * 1000;
        let shop = Side { code: self.currency.clone(), digits: digits(&self.currency), rate: Decimal::ONE };
        let buyer = self.presentment.as_ref().map_or_else(
            || Side { code: shop.code.clone(), digits: shop.digits, rate: Decimal::ONE },
            |there| Side { code: there.currency.clone(), digits: digits(&there.currency), rate: there.rate },
        );
        let both: [Allocated; 2] = [allocate(self, shop), allocate(self, buyer)];
        written::write(self, &both, &mut order, first_line);
        order["simulator"] = self.beyond(first_line);
        order
    }

    fn beyond(&self, first_line: u64) -> Value {
        let mut beyond = if self.simulator.is_null() { json!({}) } else { self.simulator.clone() };
        for (item, id) in self.items.iter().zip(first_line..) {
            let known = &mut beyond["lines"][id.to_string()];
            if known.is_null() && (item.hs_code.is_some() || item.origin.is_some()) {
                *known = json!({"hs_code": item.hs_code, "origin": item.origin});
            }
        }
        if let Some(lines) = beyond["lines"].as_object_mut() {
            lines.retain(|_, customs| !customs.is_null());
        }
        beyond
    }
}

fn digits(currency: &str) -> u32 {
    currency.parse::<Currency>().map_or(2, Currency::minor_digits)
}
