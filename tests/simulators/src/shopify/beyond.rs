//! What an order has that REST does not carry, and how a test writes it down.
//!
//! A fixture is an order in the REST shape with one more member, `"simulator"`, which never leaves the simulator:
//!
//! ```json
//! { "id": 820982911946154508, "name": "#1001", "currency": "USD", "line_items": [ … ], …,
//!   "simulator": {
//!     "risk": { "recommendation": "INVESTIGATE", "level": "HIGH" },
//!     "customer_orders": 4,
//!     "received": "131.65",
//!     "cards": [ { "bin": "424242", "number": "•••• •••• •••• 4242", "expirationMonth": 4, "expirationYear": 2029,
//!                  "company": "Visa", "name": "Ada Okafor" } ],
//!     "lines": { "LIN-SH-M-SND": { "hs_code": "620520", "origin": "PT", "hs_codes": { "US": "6205202025" },
//!                                  "weight": { "unit": "KILOGRAMS", "value": 0.26 } } },
//!     "fulfillment_orders": [
//!       { "location": { "id": 1, "name": "Lisbon", "country": "PT", "keeper": "merchant" },
//!         "status": "ON_HOLD", "request_status": "UNSUBMITTED", "delivery": "SHIPPING",
//!         "fulfill_at": null, "fulfill_by": null,
//!         "holds": [ { "reason": "AWAITING_PAYMENT", "notes": "wire transfer", "handle": "wire" } ],
//!         "lines": [ { "line": "LIN-SH-M-SND", "quantity": 2, "remaining": 2 } ] } ] } }
//! ```
//!
//! Everything in it may be left out; an unknown key is an error. A line is named by its id (as text) or by its SKU.
//! - `risk`: as `Shopify::set_risk` takes it; `PENDING` means no verdict yet. Left out: `ACCEPT`, `LOW`.
//! - `customer_orders`: how many orders the customer has placed. Left out: the customer's `orders_count`, else 1.
//! - `customer_order_index`: which of the customer's orders this is; 0 is not worked out yet. Left out: their last one.
//! - `received`: what was paid so far, in the shop's currency. Left out: what is not outstanding.
//! - `cards`: the members of `CardPaymentDetails`; each becomes a transaction. Left out: one transaction without a
//!   card if something was received.
//! - `lines`: customs data and the variant's weight. Left out, a line has the codes that stand in its REST members
//!   `harmonized_system_code` and `country_code_of_origin`; a line without `variant_id` has none of it.
//! - `fulfillment_orders`: `location` is the merchant's warehouse if left out; `keeper` is `merchant`, `service` (a
//!   third party's) or `gift_cards`; `deleted` and `fulfills_online` are truths. `status` is `OPEN` (`ON_HOLD` if there
//!   are `holds`), `delivery` is `SHIPPING`, `remaining` is `quantity`, less what the line has no longer to fulfil. Units
//!   that no part names go to parts of the usual kind. Left out: one part each for what is shipped, what is not, and
//!   gift cards.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::BadOrder;
use super::parts::{self, Hold, Ids, Location, Part, PartLine, Status};
use super::risk::Risk;
use super::translate::entries;

/// An order and what REST does not say of it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) rest: Value,
    pub(super) parts: Vec<Part>,
    pub(super) cards: Vec<Value>,
    pub(super) customer_orders: Option<u64>,
    pub(super) customer_order_index: Option<u64>,
    pub(super) received: Option<Decimal>,
    pub(super) customs: BTreeMap<u64, Customs>,
}

/// The customs data of a line's variant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Customs {
    #[serde(rename = "hs_code")]
    pub(super) code: Option<String>,
    pub(super) origin: Option<String>,
    #[serde(rename = "hs_codes")]
    pub(super) codes: BTreeMap<String, String>,
    pub(super) weight: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    risk: Option<WrittenRisk>,
    customer_orders: Option<u64>,
    customer_order_index: Option<u64>,
    received: Option<Decimal>,
    cards: Vec<Value>,
    lines: BTreeMap<String, Customs>,
    fulfillment_orders: Vec<WrittenPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRisk {
    recommendation: String,
    level: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPart {
    #[serde(default)]
    location: Location,
    status: Option<Status>,
    request_status: Option<String>,
    delivery: Option<String>,
    fulfill_at: Option<String>,
    fulfill_by: Option<String>,
    #[serde(default)]
    holds: Vec<WrittenHold>,
    lines: Vec<WrittenLine>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHold {
    reason: String,
    notes: Option<String>,
    handle: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLine {
    #[serde(deserialize_with = "text")]
    line: String,
    quantity: u64,
    remaining: Option<u64>,
}

/// An id may be written as a number.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        id @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => id.to_string(),
    })
}

impl Stored {
    /// Reads an order with its `simulator` member; the verdict on it, if that says one, is for the shop to keep.
    pub(super) fn read(mut rest: Value, ids: &mut Ids) -> Result<(Self, Option<Risk>), BadOrder> {
        let apart = rest.as_object_mut().and_then(|order| order.remove("simulator"));
        let written: Written = match apart {
            Some(apart) => serde_json::from_value(apart)?,
            None => Written::default(),
        };
        let mut customs = BTreeMap::new();
        for (name, of_line) in written.lines {
            customs.insert(line_named(&rest, &name)?, of_line);
        }
        let mut parts = Vec::new();
        for part in written.fulfillment_orders {
            parts.push(part.read(&rest, ids)?);
        }
        parts::follow(&rest, &mut parts, ids);
        let risk = written.risk.map(|risk| Risk::new(&risk.recommendation, &risk.level));
        let (cards, received) = (written.cards, written.received);
        let (customer_orders, customer_order_index) = (written.customer_orders, written.customer_order_index);
        Ok((Self { rest, parts, cards, customer_orders, customer_order_index, received, customs }, risk))
    }

    /// Lays the parts out anew, as a fixture writes them.
    pub(super) fn lay_out(&mut self, parts: Value, ids: &mut Ids) -> Result<(), BadOrder> {
        let written: Vec<WrittenPart> = serde_json::from_value(parts)?;
        let read: Result<Vec<Part>, BadOrder> = written.into_iter().map(|part| part.read(&self.rest, ids)).collect();
        self.parts = read?;
        parts::follow(&self.rest, &mut self.parts, ids);
        Ok(())
    }

    /// The part with this place among the order's, counted from 0.
    pub(super) fn part(&mut self, index: usize) -> Result<&mut Part, BadOrder> {
        self.parts.get_mut(index).ok_or(BadOrder::NoPart(index))
    }
}

impl WrittenPart {
    fn read(self, rest: &Value, ids: &mut Ids) -> Result<Part, BadOrder> {
        let mut lines = Vec::new();
        for line in self.lines {
            let named = line_named(rest, &line.line)?;
            let remaining = line.remaining.unwrap_or(line.quantity).min(line.quantity);
            lines.push(PartLine { id: ids.take(), line: named, total: line.quantity, remaining });
        }
        let delivery = self.delivery.as_deref().unwrap_or("SHIPPING");
        let mut part = Part::of(ids.take(), self.location, delivery, lines);
        for hold in self.holds {
            part.holds.push(Hold { id: ids.take(), reason: hold.reason, notes: hold.notes, handle: hold.handle });
        }
        let usual = if part.holds.is_empty() { Status::Open } else { Status::OnHold };
        part.status = self.status.unwrap_or(usual);
        if let Some(request_status) = self.request_status {
            part.request_status = request_status;
        }
        (part.fulfill_at, part.fulfill_by) = (self.fulfill_at, self.fulfill_by);
        Ok(part)
    }
}

/// The id of the line that has this id or this SKU.
pub(super) fn line_named(rest: &Value, name: &str) -> Result<u64, BadOrder> {
    let lines = entries(&rest["line_items"]);
    let found = lines
        .iter()
        .find(|line| name.parse::<u64>().is_ok_and(|id| line["id"] == id))
        .or_else(|| lines.iter().find(|line| line["sku"] == name));
    found.and_then(|line| line["id"].as_u64()).ok_or_else(|| BadOrder::NoLine(name.to_owned()))
}
