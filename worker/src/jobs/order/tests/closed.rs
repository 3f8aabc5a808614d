//! Orders that cannot be brought to the warehouse any more, and are never said to be carried out because a person accepted
//! that.

use ::lane::hold::{Hold, HoldReason};
use ::lane::outcome::Outcome;
use ::lane::shop::SkipReason;
use serde_json::json;
use simulators::shopify::Act;

use super::bench::{Bench, abroad, says};

fn left() -> Outcome {
    Outcome::Skip(SkipReason::LeftAsItStands)
}

fn act(text: serde_json::Value) -> Act {
    serde_json::from_value(text).unwrap()
}

/// An order that the warehouse has, and split there: this one keeps the first line with one unit.
async fn split() -> Bench {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.warehouse_changes(|order| {
        order["advancedOptions"]["mergedOrSplit"] = json!(true);
        order["items"].as_array_mut().unwrap().truncate(1);
        order["items"][0]["quantity"] = json!(1);
    });
    bench
}

#[tokio::test]
async fn an_order_that_the_warehouse_cancelled_is_asked_about_whatever_touches_it() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("cancelled"));
    bench.change(|order| order["tags"] = json!("vip"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "cancelled", "by the warehouse"), "{:?}", hold.evidence);
    assert!(says(&hold, "if approved", "nothing of it ships"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.attempt().await, left());
    bench.change(|order| order["note"] = json!("please do ship"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    bench.approve();
    assert_eq!(bench.attempt().await, left());
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn a_look_up_does_not_take_a_cancelled_order_for_carried_out() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("cancelled"));
    bench.change(|order| order["tags"] = json!("vip"));
    assert_eq!(bench.look_up().await.label(), "hold");
}

/// The part that was on hold is released after the other one has shipped.
async fn shipped_in_part() -> (Bench, Hold) {
    let mut bench = Bench::with_order(abroad()).await;
    bench.done().await;
    let hold = json!({"reason": "OTHER", "notes": null, "handle": null});
    let parts = json!([
        {"status": "ON_HOLD", "holds": [hold], "lines": [{"line": "CUP", "quantity": 1}]},
        {"lines": [{"line": "MUG", "quantity": 2}]},
    ]);
    bench.act(act(json!({"split": {"order": bench.id, "parts": parts}})));
    bench.shopify_catches_up();
    bench.done().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.act(act(json!({"release": {"order": bench.id, "part": 0, "handle": null}})));
    bench.shopify_catches_up();
    let hold = bench.held().await;
    (bench, hold)
}

#[tokio::test]
async fn what_becomes_ready_after_the_rest_has_shipped_is_named_and_left_to_a_person() {
    let (mut bench, hold) = shipped_in_part().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "not in the warehouse's order", "1 x CUP"), "{:?}", hold.evidence);
    assert!(!says(&hold, "not in the warehouse's order", "MUG"), "{:?}", hold.evidence);
    assert!(says(&hold, "if approved", "shipped by hand"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.attempt().await, left());
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_shop_is_told_of_what_shipped_of_an_order_that_is_left_as_it_stands() {
    let (mut bench, _) = shipped_in_part().await;
    bench.shop.carriage.tracking.back = true;
    bench.approve();
    assert_eq!(bench.attempt().await, left());
    let fulfilled = bench.shopify.order(super::bench::DOMAIN, bench.id).unwrap()["fulfillments"].clone();
    assert_eq!(fulfilled.as_array().map(Vec::len), Some(1), "{fulfilled}");
}

#[tokio::test]
async fn an_order_that_was_split_there_is_never_given_back_what_ships_with_the_other() {
    let mut bench = split().await;
    // Nothing of ours changed.
    bench.change(|order| order["tags"] = json!("vip"));
    bench.done().await;
    bench.change(|order| {
        order["line_items"][0]["quantity"] = json!(9);
        order["line_items"][0]["current_quantity"] = json!(9);
        order["line_items"][0]["fulfillable_quantity"] = json!(9);
    });
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(says(&hold, "not known here", "split"), "{:?}", hold.evidence);
    assert!(hold.evidence.iter().any(|fact| fact.name.ends_with("/quantity")), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.attempt().await, left());
    assert_eq!(bench.at_warehouse()["items"][0]["quantity"], 1);
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn another_address_for_a_divided_order_is_for_a_person_too() {
    let mut bench = split().await;
    bench.warehouse_changes(|order| {
        order["advancedOptions"]["mergedOrSplit"] = json!(false);
        order["advancedOptions"]["parentId"] = json!(77);
    });
    bench.change(|order| order["shipping_address"]["city"] = json!("Bremen"));
    let hold = bench.held().await;
    assert!(says(&hold, "shipTo.city", "Bremen"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.done().await.accepted, hold.difference);
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn a_hold_of_ours_on_a_divided_order_can_be_taken_back() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["financial_status"] = json!("pending"));
    assert_eq!(bench.attempt().await.label(), "skip");
    bench.warehouse_changes(|order| order["advancedOptions"]["mergedOrSplit"] = json!(true));
    bench.change(|order| order["financial_status"] = json!("paid"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn a_divided_order_that_must_not_ship_is_a_question_because_its_other_parts_would() {
    for status in ["awaiting_shipment", "cancelled"] {
        let mut bench = split().await;
        bench.warehouse_changes(|order| order["orderStatus"] = json!(status));
        bench.change(|order| order["cancelled_at"] = json!("2026-11-20T10:00:00Z"));
        let hold = bench.held().await;
        assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
        assert!(says(&hold, "not known here", "split"), "{:?}", hold.evidence);
        bench.approve();
        assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
        assert_eq!(bench.calls("createorder"), 1);
    }
}
