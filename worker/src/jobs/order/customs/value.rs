//! What a line is worth: the price of one unit before discounts, times the units as ordered, less every discount's
//! share on the line, each counted once.
//!
//! Shopify allocates to a line both its own discounts and its share of those on the whole order (*`LineItem`:
//! `discountAllocations`*), for all units as ordered, removed and refunded ones included. So the sum is over the line
//! as ordered, too, and nothing is taken from the discounted prices that the platform rounds
//! (*`discountedUnitPriceSet`* is "approximate").

use ::lane::carriage::CustomsCurrency;
use ::lane::hold::Fact;
use ::lane::money::{Currency, Money};
use ::lane::rules::Question;

use super::{told, uncarriable};
use crate::providers::shopify::order::Line;

/// A line as ordered, in minor units: never below zero, and never more than an `i64` holds.
pub(super) fn line(line: &Line, which: CustomsCurrency, currency: Currency) -> Result<i128, Question> {
    let price = minor(told(line.price, which), currency, &line.name)?;
    let mut value = price * i128::from(line.quantity);
    for discount in &line.discounts {
        value -= minor(told(discount.amount, which), currency, &line.name)?;
    }
    if value < 0 {
        return Err(uncarriable(vec![
            Fact::new("line", &line.name),
            Fact::new("price", told(line.price, which)),
            Fact::new("units ordered", line.quantity),
            Fact::new("trouble", "its discounts are above its price"),
        ]));
    }
    money(value, currency).map(|_| value)
}

/// An amount in minor units, if it is one of the currency and has no more digits than it.
pub(super) fn minor(money: Money, currency: Currency, of: &str) -> Result<i128, Question> {
    let units = money.minor_units().filter(|_| money.currency == currency);
    units.map(i128::from).ok_or_else(|| {
        uncarriable(vec![
            Fact::new("amount", money),
            Fact::new("of", of),
            Fact::new("trouble", format!("it is not in whole minor units of {currency}")),
        ])
    })
}

/// So many minor units as money.
pub(super) fn money(units: i128, currency: Currency) -> Result<Money, Question> {
    let narrow = i64::try_from(units).map_err(|_| {
        uncarriable(vec![Fact::new("minor units", units), Fact::new("trouble", "the amount is too large")])
    })?;
    Ok(Money::from_minor_units(narrow, currency))
}
