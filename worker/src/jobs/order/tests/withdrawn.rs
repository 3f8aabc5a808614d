//! Orders that must not ship (any more).

use ::lane::hold::HoldReason;
use ::lane::outcome::Outcome;
use ::lane::shop::SkipReason;
use serde_json::{Value, json};
use simulators::faults::Effect;

use super::bench::{Bench, says};

fn cancel(order: &mut Value) {
    order["cancelled_at"] = json!("2026-11-20T10:00:00Z");
}

#[tokio::test]
async fn an_order_that_is_cancelled_before_it_is_attempted_never_reaches_the_warehouse() {
    let mut bench = Bench::with(cancel).await;
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.traffic(), [0, 0, 0]);
}

#[tokio::test]
async fn what_does_not_qualify_when_it_is_fetched_is_skipped() {
    for (change, why) in [
        (json!({"financial_status": "pending"}), SkipReason::FinancialStatus("pending".into())),
        (json!({"financial_status": "partially_paid"}), SkipReason::FinancialStatus("partially_paid".into())),
        (json!({"test": true}), SkipReason::TestOrder),
        (json!({"line_items": []}), SkipReason::NothingToShip),
    ] {
        let mut bench = Bench::with(|order| {
            order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        })
        .await;
        assert_eq!(bench.attempt().await, Outcome::Skip(why));
        assert_eq!(bench.traffic(), [0, 0, 0]);
    }
}

#[tokio::test]
async fn an_order_that_is_cancelled_later_is_cancelled_at_the_warehouse() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(cancel);
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
    assert_eq!(bench.traffic(), [2, 3, 0]);
    // Hearing of it again changes nothing.
    bench.change(|order| order["tags"] = json!("sad"));
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.calls("createorder"), 2);
}

#[tokio::test]
async fn a_refunded_order_is_withdrawn_like_a_cancelled_one() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["financial_status"] = json!("refunded"));
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn a_cancellation_finds_an_order_whose_write_was_never_answered() {
    let mut bench = Bench::start().await;
    bench.warehouse_fails("createorder", Effect::CutAfterCommit);
    bench.attempt().await;
    bench.change(cancel);
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");

    let mut bench = Bench::start().await;
    bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
    bench.attempt().await;
    bench.change(cancel);
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.traffic(), [1, 0, 1]);
    assert!(bench.shipstation.orders().is_empty());
}

#[tokio::test]
async fn a_cancellation_that_is_not_confirmed_is_carried_again() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(cancel);
    bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn a_cancellation_after_shipping_is_a_question_and_accepting_it_ends_the_job() {
    let mut bench = Bench::start().await;
    bench.done().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.change(cancel);
    assert_eq!(bench.held().await.reason, HoldReason::AlreadyShipped);
    bench.approve();
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn what_may_qualify_again_is_put_on_hold_and_ships_when_it_does() {
    for status in ["pending", "authorized", "partially_paid"] {
        let mut bench = Bench::start().await;
        bench.done().await;
        bench.change(|order| order["financial_status"] = json!(status));
        let why = SkipReason::FinancialStatus(status.into());
        assert_eq!(bench.attempt().await, Outcome::Skip(why.clone()));
        assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
        // Hearing of it again changes nothing, and neither does looking it up.
        bench.change(|order| order["tags"] = json!("later"));
        assert_eq!(bench.attempt().await, Outcome::Skip(why.clone()));
        bench.change(|order| order["tags"] = json!("sooner"));
        assert_eq!(bench.look_up().await, Outcome::Skip(why));
        assert_eq!(bench.calls("createorder"), 2);
        bench.change(|order| order["financial_status"] = json!("paid"));
        bench.done().await;
        assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
    }
}

#[tokio::test]
async fn an_order_on_hold_for_its_payment_that_is_cancelled_then_is_cancelled_there_too() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["financial_status"] = json!("pending"));
    assert_eq!(bench.attempt().await.label(), "skip");
    bench.change(|order| order["financial_status"] = json!("voided"));
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn parts_that_move_elsewhere_are_kept_from_shipping_until_they_come_back() {
    let mut bench = Bench::start().await;
    bench.done().await;
    let served = std::mem::take(&mut bench.shop.carriage.share.locations);
    bench.shop.carriage.share.locations = vec!["elsewhere".into()];
    bench.change(|order| order["tags"] = json!("moved"));
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::ShipsElsewhere));
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.shop.carriage.share.locations = served;
    bench.change(|order| order["tags"] = json!("back"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn a_cancelled_order_that_qualifies_again_is_for_a_person_and_never_counts_as_carried_out() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["financial_status"] = json!("refunded"));
    assert_eq!(bench.attempt().await.label(), "skip");
    bench.change(|order| order["financial_status"] = json!("paid"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "cancelled", "before the order qualified again"), "{:?}", hold.evidence);
    assert!(says(&hold, "if approved", "by hand"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::LeftAsItStands));
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
    assert_eq!(bench.calls("createorder"), 2);
}

#[tokio::test]
async fn a_cancelled_order_that_vanished_from_the_warehouse_is_a_question() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.delete_at_warehouse().await;
    bench.change(cancel);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::InDoubt);
    bench.approve();
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.calls("createorder"), 1);

    let mut bench = Bench::start().await;
    bench.done().await;
    bench.delete_at_warehouse().await;
    bench.change(cancel);
    assert_eq!(bench.look_up().await.label(), "hold");
}
