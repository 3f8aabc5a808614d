//! Amounts in the shop's and in the buyer's currency, side by side, as REST's `*_set` fields and GraphQL's money bags.

use std::str::FromStr as _;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// An amount in both currencies of an order.
#[derive(Debug, Clone)]
pub(super) struct Bag {
    shop: Amount,
    presentment: Amount,
}

#[derive(Debug, Clone)]
struct Amount {
    amount: Decimal,
    currency: String,
}

impl Bag {
    /// Reads a REST `*_set`.
    pub(super) fn read(set: &Value) -> Option<Self> {
        Some(Self {
            shop: Amount::read(set.get("shop_money")?)?,
            presentment: Amount::read(set.get("presentment_money")?)?,
        })
    }

    /// The same amount under both currencies, for what REST gives without a set.
    pub(super) fn plain(amount: Decimal, shop: &str, presentment: &str) -> Self {
        let in_currency = |currency: &str| Amount { amount, currency: currency.to_owned() };
        Self { shop: in_currency(shop), presentment: in_currency(presentment) }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    pub(super) fn at_least_zero(&self) -> Self {
        self.with(self, |a, _| a.max(Decimal::new(0, a.scale())))
    }

    pub(super) fn times(&self, count: u64) -> Self {
        self.with(self, |a, _| a * Decimal::from(count))
    }

    /// Divided and rounded to the digits the amount was written with.
    pub(super) fn per(&self, count: u64) -> Self {
        self.with(self, |a, _| {
            let exact = a.checked_div(Decimal::from(count)).unwrap_or(a);
            let mut rounded = exact.round_dp_with_strategy(a.scale(), RoundingStrategy::MidpointAwayFromZero);
            rounded.rescale(a.scale());
            rounded
        })
    }

    /// The amount of `part` of `whole` units, rounded half up to the digits the amount was written with.
    pub(super) fn share(&self, part: u64, whole: u64) -> Self {
        if part >= whole { self.clone() } else { self.times(part).per(whole) }
    }

    /// Another amount in the shop's currency, with the buyer's side in proportion to this one.
    pub(super) fn at_the_same_rate(&self, amount: Decimal) -> Self {
        let there = (self.presentment.amount * amount).checked_div(self.shop.amount).unwrap_or(amount);
        let mut there =
            there.round_dp_with_strategy(self.presentment.amount.scale(), RoundingStrategy::MidpointAwayFromZero);
        there.rescale(self.presentment.amount.scale());
        let with = |side: &Amount, amount| Amount { amount, currency: side.currency.clone() };
        Self { shop: with(&self.shop, amount), presentment: with(&self.presentment, there) }
    }

    pub(super) fn none(&self) -> Self {
        self.with(self, |a, _| Decimal::new(0, a.scale()))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.shop.amount.is_zero() && self.presentment.amount.is_zero()
    }

    /// The amount in the shop's currency.
    pub(super) fn shop(&self) -> Decimal {
        self.shop.amount
    }

    /// The text of the amount in the shop's currency, as REST's plain fields have it.
    pub(super) fn plain_text(&self) -> String {
        self.shop.amount.to_string()
    }

    /// As a REST `*_set`.
    pub(super) fn to_rest(&self) -> Value {
        let of = |side: &Amount| json!({"amount": side.amount.to_string(), "currency_code": side.currency});
        json!({"shop_money": of(&self.shop), "presentment_money": of(&self.presentment)})
    }

    /// As GraphQL shows it.
    pub(super) fn to_graphql(&self) -> Value {
        json!({"shopMoney": self.shop.to_graphql(), "presentmentMoney": self.presentment.to_graphql()})
    }

    fn with(&self, other: &Self, combine: impl Fn(Decimal, Decimal) -> Decimal) -> Self {
        let both =
            |a: &Amount, b: &Amount| Amount { amount: combine(a.amount, b.amount), currency: a.currency.clone() };
        Self { shop: both(&self.shop, &other.shop), presentment: both(&self.presentment, &other.presentment) }
    }
}

impl Amount {
    fn read(money: &Value) -> Option<Self> {
        Some(Self {
            amount: decimal(money.get("amount")?)?,
            currency: money.get("currency_code")?.as_str()?.to_owned(),
        })
    }

    fn to_graphql(&self) -> Value {
        json!({"amount": self.amount.to_string(), "currencyCode": self.currency})
    }
}

/// Reads a decimal string exactly.
pub(super) fn decimal(text: &Value) -> Option<Decimal> {
    Decimal::from_str(text.as_str()?).ok()
}
