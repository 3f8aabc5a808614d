//! An order's totals after its lines changed: what the lines come to now, less what they came to before, is added to
//! each total, so that what lines do not carry (tips, duties, fees) stays in it.
//!
//! The plain totals count every unit ever ordered, the `current_*` ones those that are left.

use serde_json::{Value, json};

use super::beyond::Stored;
use super::lines;
use super::money::Bag;
use super::reckon::Reckoned;
use super::translate::Source;

/// What the lines come to.
struct Sums {
    items: Bag,
    discounts: Bag,
    tax: Bag,
    current_items: Bag,
    current_discounts: Bag,
    current_tax: Bag,
}

impl Sums {
    fn of(source: &Source<'_>) -> Self {
        let none = source.bag("total_price").none();
        let mut sums = Self {
            items: none.clone(),
            discounts: none.clone(),
            tax: none.clone(),
            current_items: none.clone(),
            current_discounts: none.clone(),
            current_tax: none,
        };
        for line in lines::of(source.rest()) {
            let line = Reckoned::of(source, line);
            sums.items = sums.items.plus(&line.unit.times(line.quantity));
            sums.discounts = sums.discounts.plus(&line.discount);
            sums.tax = sums.tax.plus(&line.tax);
            sums.current_items = sums.current_items.plus(&line.unit.times(line.current));
            sums.current_discounts = sums.current_discounts.plus(&line.current_discount());
            sums.current_tax = sums.current_tax.plus(&line.current_tax());
        }
        sums
    }
}

/// Changes the lines of an order and its totals with them. What was paid stays paid, so the change is outstanding.
/// Gives how much less the order costs now.
pub(super) fn after(stored: &mut Stored, change: impl FnOnce(&mut Value)) -> Bag {
    let before = Sums::of(&Source { stored });
    change(&mut stored.rest);
    let now = Sums::of(&Source { stored });
    let taxed = stored.rest["taxes_included"] != true;
    let with_tax = |goods: Bag, tax: Bag| if taxed { goods.plus(&tax) } else { goods };
    let items = now.items.minus(&before.items);
    let discounts = now.discounts.minus(&before.discounts);
    let tax = now.tax.minus(&before.tax);
    let subtotal = items.minus(&discounts);
    let current_discounts = now.current_discounts.minus(&before.current_discounts);
    let current_tax = now.current_tax.minus(&before.current_tax);
    let current_subtotal = now.current_items.minus(&before.current_items).minus(&current_discounts);
    let current_total = with_tax(current_subtotal.clone(), current_tax.clone());
    let total = with_tax(subtotal.clone(), tax.clone());
    for (name, by) in [
        ("total_line_items_price", &items),
        ("total_discounts", &discounts),
        ("total_tax", &tax),
        ("subtotal_price", &subtotal),
        ("total_price", &total),
        ("current_total_discounts", &current_discounts),
        ("current_total_tax", &current_tax),
        ("current_subtotal_price", &current_subtotal),
        ("current_total_price", &current_total),
    ] {
        add(stored, name, by);
    }
    owe(stored, &current_total);
    current_total.none().minus(&current_total)
}

/// Adds to one of the order's amounts, plain and as a set.
pub(super) fn add(stored: &mut Stored, name: &str, by: &Bag) {
    let amount = Source { stored }.bag(name).plus(by);
    stored.rest[name] = json!(amount.plain_text());
    stored.rest[format!("{name}_set")] = amount.to_rest();
}

/// Adds to what is outstanding; the buyer's side is kept too, because REST has none.
pub(super) fn owe(stored: &mut Stored, by: &Bag) {
    let outstanding = super::payments::outstanding(&Source { stored }).plus(by);
    stored.rest["total_outstanding"] = json!(outstanding.plain_text());
    stored.rest["total_outstanding_set"] = outstanding.to_rest();
}
