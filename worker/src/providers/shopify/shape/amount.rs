//! Amounts, in the shop's currency or in both of the order's.

use ::lane::money::{InvalidMoney, Money};
use serde::Deserialize;

use crate::providers::shopify::order::Both;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bag {
    shop_money: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BothBag {
    shop_money: Amount,
    presentment_money: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amount {
    amount: String,
    currency_code: String,
}

impl Bag {
    pub(super) fn money(&self) -> Result<Money, InvalidMoney> {
        self.shop_money.money()
    }
}

impl BothBag {
    pub(super) fn both(&self) -> Result<Both, InvalidMoney> {
        Ok(Both { shop: self.shop_money.money()?, presentment: self.presentment_money.money()? })
    }
}

impl Amount {
    fn money(&self) -> Result<Money, InvalidMoney> {
        Money::parse(&self.amount, self.currency_code.parse()?)
    }
}
