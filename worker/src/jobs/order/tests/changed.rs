//! Newer versions of an order that the warehouse has, and what the warehouse did with it meanwhile.

use ::lane::hold::HoldReason;
use ::lane::outcome::Reach;
use serde_json::json;
use simulators::faults::Effect;

use super::bench::{Bench, says};

#[tokio::test]
async fn a_newer_version_replaces_the_order_and_leaves_the_warehouses_edits() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.warehouse_changes(|order| {
        order["internalNotes"] = json!("fragile");
        order["carrierCode"] = json!("ups");
        order["shipTo"]["street1"] = json!("12 Corrected Street");
        order["advancedOptions"]["customField1"] = json!("shelf 4");
    });
    bench.change(|order| {
        order["note"] = json!("ring twice");
        order["line_items"][0]["current_quantity"] = json!(9);
        order["line_items"][0]["quantity"] = json!(9);
    });
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(order["customerNotes"], "ring twice");
    assert_eq!(order["items"][0]["quantity"], 9);
    assert_eq!(order["internalNotes"], "fragile");
    assert_eq!(order["carrierCode"], "ups");
    assert_eq!(order["shipTo"]["street1"], "12 Corrected Street");
    assert_eq!(order["advancedOptions"]["customField1"], "shelf 4");
    assert_eq!(bench.traffic(), [2, 3, 0]);
}

#[tokio::test]
async fn a_version_that_says_nothing_new_about_the_work_writes_nothing() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("on_hold"));
    bench.change(|order| order["tags"] = json!("vip"));
    bench.done().await;
    assert_eq!(bench.traffic(), [1, 2, 0]);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
}

#[tokio::test]
async fn a_change_after_shipping_is_a_question_and_one_that_changes_nothing_is_not() {
    let mut bench = Bench::start().await;
    bench.done().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.change(|order| order["tags"] = json!("vip"));
    bench.done().await;
    bench.change(|order| order["shipping_address"]["city"] = json!("Elsewhere"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "shipTo.city", "Elsewhere"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.done().await.accepted, hold.difference);
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn a_version_that_goes_back_is_not_mistaken_for_the_warehouses_edit() {
    let mut bench = Bench::start().await;
    bench.done().await;
    let city = bench.at_warehouse()["shipTo"]["city"].clone();
    // The new city arrives, but its answer is lost; then the merchant takes it back.
    bench.change(|order| order["shipping_address"]["city"] = json!("Elsewhere"));
    bench.warehouse_fails("createorder", Effect::CutAfterCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    assert!(matches!(bench.job.reach, Reach::There(_)));
    let back = city.clone();
    bench.change(|order| order["shipping_address"]["city"] = back);
    bench.done().await;
    assert_eq!(bench.at_warehouse()["shipTo"]["city"], city);
}

#[tokio::test]
async fn what_a_worker_without_a_lease_overwrote_is_put_right() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["note"] = json!("newest"));
    bench.done().await;
    // A worker that had lost its lease writes the version it once fetched, and says so afterwards.
    bench.warehouse_changes(|order| order["customerNotes"] = json!(null));
    let now = ::lane::clock::Clock::now(bench.clock.as_ref());
    bench.job.disturb(now).unwrap();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["customerNotes"], "newest");
}

#[tokio::test]
async fn an_order_that_was_deleted_at_the_warehouse_is_written_again_only_if_a_person_says_so() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.delete_at_warehouse().await;
    bench.change(|order| order["note"] = json!("where is it"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::InDoubt);
    assert_eq!(bench.calls("createorder"), 1);
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["customerNotes"], "where is it");
}

#[tokio::test]
async fn a_line_that_the_merchant_took_out_does_not_ship_whatever_became_of_the_write_about_it() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| drop(order["line_items"].as_array_mut().unwrap().pop()));
    bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    bench.done().await;
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 1);

    // The warehouse goes on showing the line, and nobody accepts that.
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.reads_show(2, |_| {}).await;
    bench.change(|order| drop(order["line_items"].as_array_mut().unwrap().pop()));
    assert_eq!(bench.held().await.reason, HoldReason::ReadBackDiffers);
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 2);
    bench.change(|order| order["note"] = json!("only one of them"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 1);
}
