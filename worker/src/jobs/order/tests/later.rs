//! What the shop does with an order after the warehouse got it: carried while it can be, a question when it cannot.

use ::lane::hold::HoldReason;
use ::lane::outcome::Outcome;
use ::lane::rules::{HoldRules, Rule, Warning};
use serde_json::{Value, json};
use simulators::shopify::Act;

use super::bench::{Bench, abroad, says};

async fn put() -> Bench {
    let mut bench = Bench::with_order(abroad()).await;
    bench.done().await;
    bench
}

fn act(text: Value) -> Act {
    serde_json::from_value(text).unwrap()
}

fn quantities(order: &Value) -> Vec<(Value, Value)> {
    let items = order["items"].as_array().unwrap();
    items.iter().map(|item| (item["sku"].clone(), item["quantity"].clone())).collect()
}

#[tokio::test]
async fn an_edit_is_carried_with_its_customs_values() {
    let mut bench = put().await;
    bench.act(act(json!({"edit": {"order": bench.id, "changes": [
        {"quantity": {"line": "MUG", "to": 1}}, {"quantity": {"line": "CUP", "to": 0}},
    ]}})));
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(quantities(&order), [(json!("MUG"), json!(1))]);
    assert_eq!(order["internationalOptions"]["customsItems"].as_array().unwrap().len(), 1);
    assert_eq!(order["weight"]["value"], 100);
    assert_eq!(bench.calls("createorder"), 2);
}

#[tokio::test]
async fn a_partial_refund_takes_its_units_out_and_a_whole_one_the_order() {
    let mut bench = put().await;
    bench.act(act(json!({"refund": {"order": bench.id, "refund": {"units": [["MUG", 1]]}}})));
    bench.done().await;
    assert_eq!(quantities(&bench.at_warehouse())[0], (json!("MUG"), json!(1)));
    bench.act(act(json!({"refund": {"order": bench.id, "refund": {"units": [["MUG", 1], ["CUP", 1]]}}})));
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn a_refund_after_shipping_is_a_question() {
    let mut bench = put().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.act(act(json!({"refund": {"order": bench.id, "refund": {"units": [["MUG", 1]]}}})));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(hold.evidence.iter().any(|fact| fact.name.ends_with("/quantity")), "{:?}", hold.evidence);
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn another_address_is_carried_and_after_shipping_it_is_a_question() {
    let mut bench = put().await;
    bench.act(act(json!({"readdress": {"order": bench.id, "address": {"city": "Bremen"}}})));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["shipTo"]["city"], "Bremen");
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.act(act(json!({"readdress": {"order": bench.id, "address": {"city": "Kiel"}}})));
    let hold = bench.held().await;
    assert!(hold.reason == HoldReason::AlreadyShipped && says(&hold, "shipTo.city", "Kiel"), "{hold:?}");
}

#[tokio::test]
async fn a_cancellation_is_carried() {
    let mut bench = put().await;
    bench.act(act(json!({"cancel": {"order": bench.id, "reason": "customer"}})));
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
    assert_eq!(bench.calls("createorder"), 2);
}

#[tokio::test]
async fn a_warning_of_the_risk_check_puts_the_order_on_hold_there() {
    let mut bench = put().await;
    bench.rules(HoldRules {
        rules: vec![Rule::Risk { recommends: vec![Warning::Investigate, Warning::Cancel] }],
        ..HoldRules::default()
    });
    bench.act(act(json!({"assess": {"order": bench.id, "recommendation": "CANCEL", "level": "HIGH"}})));
    // The assessment leaves `updated_at` alone, and the job counts as new all the same.
    bench.shopify_catches_up();
    assert_eq!(bench.held().await.reason, HoldReason::RiskWarns);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn an_order_that_the_shop_puts_on_hold_waits_there_too_and_goes_on_when_it_is_released() {
    let mut bench = put().await;
    bench.act(act(json!({"hold": {"order": bench.id, "part": 0, "reason": "OTHER", "notes": null, "handle": null}})));
    bench.shopify_catches_up();
    let outcome = bench.attempt().await;
    assert!(matches!(outcome, Outcome::Wait { stops: false, .. }), "{outcome:?}");
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.act(act(json!({"release": {"order": bench.id, "part": 0, "handle": null}})));
    bench.shopify_catches_up();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
    assert_eq!(bench.calls("createorder"), 3);
}

#[tokio::test]
async fn a_part_that_the_shop_puts_on_hold_leaves_the_order_there_and_comes_back() {
    let mut bench = put().await;
    let hold = json!({"reason": "OTHER", "notes": null, "handle": null});
    let parts = json!([
        {"status": "ON_HOLD", "holds": [hold], "lines": [{"line": "CUP", "quantity": 1}]},
        {"lines": [{"line": "MUG", "quantity": 2}]},
    ]);
    bench.act(act(json!({"split": {"order": bench.id, "parts": parts}})));
    bench.shopify_catches_up();
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(quantities(&order), [(json!("MUG"), json!(2))]);
    assert_eq!(order["orderStatus"], "awaiting_shipment");
    bench.act(act(json!({"release": {"order": bench.id, "part": 0, "handle": null}})));
    bench.shopify_catches_up();
    bench.done().await;
    assert_eq!(quantities(&bench.at_warehouse()), [(json!("MUG"), json!(2)), (json!("CUP"), json!(1))]);
}
