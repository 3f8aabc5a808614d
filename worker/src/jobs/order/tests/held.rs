//! Orders that a person must look at, before and after they reached the warehouse.

use ::lane::hold::HoldReason;
use ::lane::outcome::Outcome;
use ::lane::rules::{HoldRules, Rule};
use serde_json::{Value, json};

use super::bench::{Bench, DOMAIN, says};

fn above(limit: &str) -> HoldRules {
    HoldRules { rules: vec![Rule::TotalAbove { limit: limit.parse().unwrap() }], ..HoldRules::default() }
}

#[tokio::test]
async fn an_order_above_the_limit_waits_for_a_person_and_then_goes() {
    let mut bench = Bench::start().await;
    bench.rules(above("10.00 USD"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TotalAbove);
    assert!(says(&hold, "limit", "10.00 USD") && says(&hold, "total", "USD"));
    assert_eq!(bench.traffic(), [0, 0, 0]);
    bench.approve();
    bench.done().await;
    assert_eq!(bench.traffic(), [1, 1, 0]);
}

#[tokio::test]
async fn an_approval_counts_for_exactly_the_order_that_was_shown() {
    let mut bench = Bench::start().await;
    bench.rules(above("10.00 USD"));
    bench.held().await;
    bench.approve();
    // The merchant edits the order after it was approved and before it is attempted.
    bench.change(|order| order["note"] = json!("and a second one"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TotalAbove);
    assert_eq!(bench.traffic(), [0, 0, 0]);
}

#[tokio::test]
async fn progress_of_the_fulfilment_and_of_the_risk_check_leave_an_approval_alone() {
    let mut bench = Bench::start().await;
    bench.rules(above("10.00 USD"));
    bench.held().await;
    bench.approve();
    bench.change(|order| order["fulfillment_status"] = json!("partial"));
    bench.shopify.set_risk(DOMAIN, bench.job.id.as_str().parse().unwrap(), "ACCEPT", "LOW");
    bench.done().await;
}

#[tokio::test]
async fn a_warning_of_the_risk_check_asks_the_person_again() {
    let mut bench = Bench::start().await;
    bench.rules(above("10.00 USD"));
    bench.held().await;
    bench.approve();
    bench.shopify.set_risk(DOMAIN, bench.job.id.as_str().parse().unwrap(), "INVESTIGATE", "MEDIUM");
    let hold = bench.held().await;
    assert!(says(&hold, "risk", "investigate"));
}

#[tokio::test]
async fn an_order_to_another_country_waits_for_a_person() {
    let mut bench = Bench::with(|order| order["billing_address"]["country_code"] = json!("CA")).await;
    bench.rules(HoldRules { rules: vec![Rule::CountryDiffers {}], ..HoldRules::default() });
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::CountryDiffers);
    assert!(says(&hold, "ships to", "US") && says(&hold, "billed to", "CA"));
}

#[tokio::test]
async fn a_pending_risk_check_is_waited_for_without_using_up_attempts() {
    let mut bench = Bench::start().await;
    let id = bench.job.id.as_str().parse().unwrap();
    bench.shopify.set_risk(DOMAIN, id, "NONE", "PENDING");
    let Outcome::Wait { stops, .. } = bench.attempt().await else { panic!("no wait") };
    assert!(!stops, "others may pass");
    assert_eq!(bench.job.attempts, 0);
    bench.pass(300);
    // Something touches the order, and no webhook says anything new.
    bench.shopify.change_order(DOMAIN, id, |_| {}).unwrap();
    bench.pass(300);
    assert_eq!(bench.held().await.reason, HoldReason::RiskPending);

    let mut bench = Bench::start().await;
    bench.shopify.set_risk(DOMAIN, id, "NONE", "PENDING");
    bench.attempt().await;
    bench.shopify.set_risk(DOMAIN, id, "ACCEPT", "LOW");
    bench.pass(60);
    bench.done().await;
}

#[tokio::test]
async fn an_order_without_an_address_goes_with_an_empty_one_if_a_person_says_so() {
    let mut bench = Bench::with(|order| order["shipping_address"] = json!(null)).await;
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NoShippingAddress);
    assert!(says(&hold, "if approved", "empty address"));
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["shipTo"]["street1"], json!(null));
    // The warehouse fills it in, and the next version leaves that alone.
    bench.warehouse_changes(|order| order["shipTo"]["street1"] = json!("5 Pickup Lane"));
    bench.change(|order| order["note"] = json!("thanks"));
    bench.held().await;
    bench.approve();
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!((&order["shipTo"]["street1"], &order["customerNotes"]), (&json!("5 Pickup Lane"), &json!("thanks")));
}

#[tokio::test]
async fn a_question_that_comes_late_stops_the_order_at_the_warehouse_and_an_approval_lets_it_go_on() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.rules(above("10.00 USD"));
    bench.change(|order| order["note"] = json!("changed"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TotalAbove);
    assert!(says(&hold, "at the warehouse", "was put on hold"), "{:?}", hold.evidence);
    let order = bench.at_warehouse();
    assert_eq!(order["orderStatus"], "on_hold");
    assert_eq!(order["customerNotes"], json!(null), "the change itself waits for the person");
    bench.approve();
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(order["orderStatus"], "awaiting_shipment");
    assert_eq!(order["customerNotes"], "changed");
}

#[tokio::test]
async fn a_question_about_an_order_that_has_left_says_so_and_one_approval_answers_it() {
    let mut bench = Bench::start().await;
    bench.done().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    bench.rules(above("10.00 USD"));
    bench.change(|order| order["note"] = json!("too late"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "at the warehouse", "shipped") && says(&hold, "limit", "10.00 USD"));
    bench.approve();
    let proof = bench.done().await;
    assert_eq!(proof.accepted, hold.difference);
    assert_eq!(bench.calls("createorder"), 1);
}

/// A warehouse that stores another city than it was given.
fn elsewhere(order: &mut Value) {
    order["shipTo"]["city"] = json!("X");
}

/// The same, after the hold was taken back.
fn still_to_ship(order: &mut Value) {
    elsewhere(order);
    order["orderStatus"] = json!("awaiting_shipment");
}

#[tokio::test]
async fn what_the_warehouse_shows_differently_is_held_and_exactly_that_can_be_accepted() {
    let mut bench = Bench::start().await;
    bench.reads_show(1, elsewhere).await;
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(hold.difference.is_some());
    assert!(says(&hold, "at the warehouse", "was put on hold"), "{:?}", hold.evidence);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    assert!(says(&hold, "shipTo.city", "“X” at the warehouse"), "{:?}", hold.evidence);
    bench.approve();
    bench.reads_show_after(1, 1, still_to_ship).await;
    let proof = bench.done().await;
    assert_eq!(proof.accepted, hold.difference);
    assert_eq!(bench.traffic(), [3, 4, 0]);
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn another_difference_than_the_accepted_one_is_a_new_question() {
    let mut bench = Bench::start().await;
    bench.reads_show(1, elsewhere).await;
    let first = bench.held().await;
    bench.approve();
    bench
        .reads_show_after(1, 1, |order| {
            still_to_ship(order);
            order["items"][0]["quantity"] = json!(77);
        })
        .await;
    let second = bench.held().await;
    assert_eq!(second.reason, HoldReason::ReadBackDiffers);
    assert_ne!(first.difference, second.difference);
}

#[tokio::test]
async fn a_difference_that_nobody_accepted_is_not_taken_for_the_warehouses_own_change() {
    let mut bench = Bench::start().await;
    bench.reads_show(1, elsewhere).await;
    bench.held().await;
    bench.warehouse_changes(elsewhere);
    bench.change(|order| order["note"] = json!("something else"));
    bench.done().await;
    let (there, here) = (bench.at_warehouse(), bench.shopify.order(DOMAIN, bench.id).unwrap());
    assert_eq!(there["shipTo"]["city"], here["shipping_address"]["city"]);
}
