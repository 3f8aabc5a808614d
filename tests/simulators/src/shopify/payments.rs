//! Who paid what: received, refunded, outstanding, and with which card.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::money::{Bag, decimal};
use super::translate::{Source, entries, gid, truth, utc};

/// What is still to be paid; negative if the buyer has paid too much.
pub(super) fn outstanding(source: &Source<'_>) -> Bag {
    let rest = source.rest();
    Bag::read(&rest["total_outstanding_set"]).unwrap_or_else(|| source.scaled(&rest["total_outstanding"]))
}

/// What went back to the buyer.
pub(super) fn refunded(source: &Source<'_>) -> Bag {
    let none = source.bag("current_total_price").none();
    entries(&source.rest()["refunds"])
        .iter()
        .flat_map(|refund| entries(&refund["transactions"]))
        .filter(|transaction| transaction["kind"] == "refund" && transaction["status"] == "success")
        .fold(none, |sum, transaction| {
            let amount = Bag::read(&transaction["amount_set"]).unwrap_or_else(|| source.scaled(&transaction["amount"]));
            sum.plus(&amount)
        })
}

/// What came from the buyer, before anything went back.
pub(super) fn received(source: &Source<'_>) -> Bag {
    if let Some(told) = source.stored.received {
        return source.scaled(&json!(told.to_string()));
    }
    source.bag("current_total_price").minus(&outstanding(source)).plus(&refunded(source)).at_least_zero()
}

/// One transaction per card; without a card, one for what was received.
pub(super) fn transactions(source: &Source<'_>) -> Value {
    let rest = source.rest();
    let received = received(source);
    let cards = &source.stored.cards;
    let count = if cards.is_empty() { usize::from(!received.is_zero()) } else { cards.len() };
    let share = received.per(u64::try_from(count).unwrap_or(1).max(1));
    let authorised = rest["financial_status"] == "authorized";
    (0..count)
        .map(|index| {
            let details = cards.get(index).map_or(Value::Null, |card| {
                let mut details = card.clone();
                details["__typename"] = json!("CardPaymentDetails");
                if details["paymentMethodName"].is_null() {
                    details["paymentMethodName"] = details["company"].clone();
                }
                details
            });
            json!({
                "id": gid("OrderTransaction", &json!(rest["id"].as_u64().unwrap_or(0) + index as u64)),
                "kind": if authorised { "AUTHORIZATION" } else { "SALE" },
                "status": "SUCCESS",
                "gateway": rest["payment_gateway_names"][0],
                "test": truth(&rest["test"], false),
                "createdAt": utc(&rest["created_at"]),
                "processedAt": utc(&rest["created_at"]),
                "amountSet": share.to_graphql(),
                "paymentDetails": details,
            })
        })
        .collect()
}

impl Source<'_> {
    /// An amount that REST gives in the shop's currency only: the buyer's side at the rate of the order's total.
    pub(super) fn scaled(&self, amount: &Value) -> Bag {
        let amount = decimal(amount).unwrap_or(Decimal::ZERO);
        self.bag("total_price").at_the_same_rate(amount)
    }
}
