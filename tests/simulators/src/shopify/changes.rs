//! Edits and refunds: units leave or join an order, its totals follow, and so do its parts.
//!
//! `quantity` never falls: it counts every unit ever ordered. A removed or refunded unit leaves `current_quantity`, and
//! `fulfillable_quantity` unless it had been fulfilled before. Discounts stay allocated to the units that are gone.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::BadOrder;
use super::beyond::{Stored, line_named};
use super::money::Bag;
use super::parts::{self, Ids};
use super::payments;
use super::reckon::Reckoned;
use super::totals;
use super::translate::{Source, entries};
use super::webhook::{self, Webhook};

/// One step of an order edit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A line has so many units from now on; 0 removes it.
    Quantity {
        /// Its id or SKU.
        line: String,
        /// The new current quantity.
        to: u64,
    },
    /// A line joins. Order discounts do not reach it.
    Add {
        /// A REST line; `price`, `quantity`, `sku` and `title` are enough.
        line: Value,
    },
}

/// What is refunded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refund {
    /// Lines, by id or SKU, and how many units of each.
    pub units: Vec<(String, u64)>,
    /// What becomes of the units.
    pub restock: Restock,
    /// How much money goes back, in the shop's currency; left out, what the units cost.
    pub amount: Option<Decimal>,
}

/// What becomes of refunded units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restock {
    /// They were not fulfilled yet and go back on the shelf.
    #[default]
    Cancel,
    /// They had been fulfilled and come back; what is left to fulfil stays.
    Return,
    /// They are refunded and stay where they are; those not fulfilled yet never will be.
    NoRestock,
}

impl Restock {
    fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Return => "return",
            Self::NoRestock => "no_restock",
        }
    }
}

/// Edits the lines and tells of it.
pub(super) fn edit(stored: &mut Stored, ids: &mut Ids, changes: Vec<Change>) -> Result<Vec<Webhook>, BadOrder> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Quantity { line, to } => {
                let id = line_named(&stored.rest, &line)?;
                let was = line_of(&stored.rest, id)["current_quantity"].as_u64().unwrap_or(0);
                totals::after(stored, |rest| set_quantity(line_mut(rest, id), to));
                let delta = json!({"id": id, "delta": was.abs_diff(to)});
                if to < was { removed.push(delta) } else { added.push(delta) }
            }
            Change::Add { line } => {
                let line = whole_line(stored, line, ids);
                added.push(json!({"id": line["id"], "delta": line["quantity"]}));
                totals::after(stored, |rest| {
                    if let Some(lines) = rest["line_items"].as_array_mut() {
                        lines.push(line);
                    }
                });
            }
        }
    }
    stored.rest["edited"] = json!(true);
    parts::follow(&stored.rest, &mut stored.parts, ids);
    let told = webhook::edited(ids.take(), &stored.rest, (added, removed));
    Ok(vec![told, Webhook::of("orders/updated", stored.rest.clone())])
}

/// Refunds units and money, and tells of it.
pub(super) fn refund(stored: &mut Stored, ids: &mut Ids, refund: &Refund) -> Result<Vec<Webhook>, BadOrder> {
    let none = Source { stored }.bag("current_total_price").none();
    let (mut items, mut cost) = (Vec::new(), none);
    for (name, count) in &refund.units {
        let id = line_named(&stored.rest, name)?;
        if *count > line_of(&stored.rest, id)["current_quantity"].as_u64().unwrap_or(0) {
            return Err(BadOrder::Refused(format!("line {name} has no {count} units left")));
        }
        let before = Reckoned::of(&Source { stored }, line_of(&stored.rest, id));
        let less = totals::after(stored, |rest| take(line_mut(rest, id), *count, refund.restock));
        let after = Reckoned::of(&Source { stored }, line_of(&stored.rest, id));
        let subtotal = before.current_net().minus(&after.current_net());
        let tax = before.current_tax().minus(&after.current_tax());
        items.push(json!({
            "id": ids.take(),
            "line_item_id": id,
            "line_item": line_of(&stored.rest, id),
            "quantity": count,
            "restock_type": refund.restock.word(),
            "location_id": null,
            "subtotal": subtotal.plain_text(),
            "subtotal_set": subtotal.to_rest(),
            "total_tax": tax.plain_text(),
            "total_tax_set": tax.to_rest(),
        }));
        cost = cost.plus(&less);
    }
    let money =
        refund.amount.map_or_else(|| cost.clone(), |amount| Source { stored }.scaled(&json!(amount.to_string())));
    let resource = pay_back(stored, ids, &items, &money, &cost);
    parts::follow(&stored.rest, &mut stored.parts, ids);
    Ok(vec![Webhook::of("refunds/create", resource), Webhook::of("orders/updated", stored.rest.clone())])
}

/// Cancels: everything that is left is refunded, and nothing is fulfilled any more.
pub(super) fn cancel(stored: &mut Stored, ids: &mut Ids, reason: &str) -> Result<Vec<Webhook>, BadOrder> {
    let left = |line: &Value| (line["id"].to_string(), line["current_quantity"].as_u64().unwrap_or(0));
    let units = entries(&stored.rest["line_items"]).iter().map(left).filter(|(_, count)| *count > 0).collect();
    let received = payments::received(&Source { stored }).minus(&payments::refunded(&Source { stored }));
    stored.rest["cancelled_at"] = stored.rest["updated_at"].clone();
    stored.rest["cancel_reason"] = json!(reason);
    let all = Refund { units, restock: Restock::Cancel, amount: Some(received.shop()) };
    let mut told = refund(stored, ids, &all)?;
    if received.is_zero() {
        stored.rest["financial_status"] = json!("voided");
    }
    told.truncate(1);
    told.insert(0, Webhook::of("orders/cancelled", stored.rest.clone()));
    told.push(Webhook::of("orders/updated", stored.rest.clone()));
    Ok(told)
}

/// Enters the refund in the order. Money beyond what the units cost is an adjustment of the order's total.
fn pay_back(stored: &mut Stored, ids: &mut Ids, items: &[Value], money: &Bag, cost: &Bag) -> Value {
    let (id, transaction) = (ids.take(), ids.take());
    let beyond = money.minus(cost).at_least_zero();
    let mut adjustments = Vec::new();
    if !beyond.is_zero() {
        totals::add(stored, "current_total_price", &beyond.none().minus(&beyond));
        totals::owe(stored, &beyond.none().minus(&beyond));
        let amount = beyond.none().minus(&beyond);
        adjustments.push(json!({
            "id": ids.take(), "order_id": stored.rest["id"], "refund_id": id, "kind": "refund_discrepancy",
            "reason": "Refund discrepancy", "amount": amount.plain_text(), "amount_set": amount.to_rest(),
        }));
    }
    let transactions = if money.is_zero() {
        json!([])
    } else {
        json!([{
            "id": transaction, "order_id": stored.rest["id"], "kind": "refund", "status": "success",
            "gateway": stored.rest["payment_gateway_names"][0], "amount": money.plain_text(),
            "amount_set": money.to_rest(), "created_at": stored.rest["updated_at"],
        }])
    };
    let resource = json!({
        "id": id,
        "admin_graphql_api_id": format!("gid://shopify/Refund/{id}"),
        "order_id": stored.rest["id"],
        "created_at": stored.rest["updated_at"],
        "processed_at": stored.rest["updated_at"],
        "note": null,
        "restock": true,
        "user_id": null,
        "refund_line_items": items,
        "refund_shipping_lines": [],
        "order_adjustments": adjustments,
        "duties": [],
        "transactions": transactions,
    });
    let mut all = entries(&stored.rest["refunds"]).to_vec();
    all.push(resource.clone());
    stored.rest["refunds"] = json!(all);
    totals::owe(stored, money);
    if !money.is_zero() {
        let source = Source { stored };
        let whole = payments::refunded(&source).shop() >= payments::received(&source).shop();
        stored.rest["financial_status"] = json!(if whole { "refunded" } else { "partially_refunded" });
    }
    resource
}

fn set_quantity(line: &mut Value, to: u64) {
    let current = line["current_quantity"].as_u64().or_else(|| line["quantity"].as_u64()).unwrap_or(0);
    if to < current {
        take(line, current - to, Restock::Cancel);
        return;
    }
    let more = to - current;
    for name in ["quantity", "fulfillable_quantity"] {
        line[name] = json!(line[name].as_u64().unwrap_or(0) + more);
    }
    line["current_quantity"] = json!(to);
}

fn take(line: &mut Value, count: u64, restock: Restock) {
    let current = line["current_quantity"].as_u64().or_else(|| line["quantity"].as_u64()).unwrap_or(0);
    let left = line["fulfillable_quantity"].as_u64().unwrap_or(current);
    line["current_quantity"] = json!(current.saturating_sub(count));
    if restock != Restock::Return {
        line["fulfillable_quantity"] = json!(left.saturating_sub(count));
    }
}

/// A line as an edit adds it, with everything that a REST line has.
fn whole_line(stored: &Stored, given: Value, ids: &mut Ids) -> Value {
    let (id, variant) = (ids.take(), ids.take());
    let quantity = given["quantity"].as_u64().unwrap_or(1);
    let source = Source { stored };
    let price = Bag::read(&given["price_set"]).unwrap_or_else(|| source.scaled(&given["price"]));
    let mut line = json!({
        "id": id, "admin_graphql_api_id": format!("gid://shopify/LineItem/{id}"),
        "title": "Added", "name": given["title"], "sku": null, "variant_title": null, "vendor": null,
        "product_id": variant, "variant_id": variant, "product_exists": true,
        "quantity": quantity, "current_quantity": quantity, "fulfillable_quantity": quantity,
        "fulfillment_service": "manual", "fulfillment_status": null, "requires_shipping": true, "gift_card": false,
        "taxable": true, "grams": 0, "price": price.plain_text(), "price_set": price.to_rest(),
        "total_discount": price.none().plain_text(), "total_discount_set": price.none().to_rest(),
        "discount_allocations": [], "tax_lines": [], "properties": [], "duties": [],
    });
    if let (Value::Object(line), Value::Object(given)) = (&mut line, given) {
        line.extend(given);
    }
    line
}

fn line_of(rest: &Value, id: u64) -> &Value {
    entries(&rest["line_items"]).iter().find(|line| line["id"] == id).unwrap_or(&Value::Null)
}

/// The line, which is known to be there.
fn line_mut(rest: &mut Value, id: u64) -> &mut Value {
    let index = entries(&rest["line_items"]).iter().position(|line| line["id"] == id).unwrap_or(0);
    &mut rest["line_items"][index]
}
