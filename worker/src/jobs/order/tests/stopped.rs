//! While somebody thinks about an order, it does not ship, or its evidence says that it may.

use ::lane::hold::HoldReason;
use ::lane::rules::{HoldRules, Rule};
use serde_json::json;
use simulators::faults::Effect;

use super::bench::{Bench, says};

fn above_nothing() -> HoldRules {
    HoldRules { rules: vec![Rule::TotalAbove { limit: "0.01 USD".parse().unwrap() }], ..HoldRules::default() }
}

fn refusal() -> Effect {
    Effect::Status { status: 400, body: r#"{"Message":"no"}"#.into(), headers: vec![], commit: false }
}

#[tokio::test]
async fn a_difference_whose_order_cannot_be_stopped_says_that_it_may_ship() {
    let mut bench = Bench::start().await;
    bench.reads_show(1, |order| order["shipTo"]["city"] = json!("X")).await;
    bench.shipstation.faults().push(simulators::faults::Fault::next(refusal()).on("createorder").after(1));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(says(&hold, "at the warehouse", "may ship meanwhile"), "{:?}", hold.evidence);
    assert!(hold.difference.is_some());
}

#[tokio::test]
async fn a_difference_is_asked_about_once_the_order_is_on_hold_there() {
    let mut bench = Bench::start().await;
    bench.reads_show(1, |order| order["shipTo"]["city"] = json!("X")).await;
    bench
        .shipstation
        .faults()
        .push(simulators::faults::Fault::next(Effect::CutBeforeCommit).on("createorder").after(1));
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    let hold = bench.held().await;
    assert!(hold.reason == HoldReason::ReadBackDiffers && says(&hold, "shipTo.city", ""), "{hold:?}");
    assert_eq!((bench.at_warehouse()["orderStatus"].clone(), bench.calls("createorder")), (json!("on_hold"), 3));
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn a_change_that_the_warehouse_refuses_stops_the_order_there() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["shipping_address"]["country_code"] = json!("USA"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NotCarriable);
    assert!(says(&hold, "at the warehouse", "was put on hold"), "{:?}", hold.evidence);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.change(|order| order["shipping_address"]["country_code"] = json!("US"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");

    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["cancelled_at"] = json!("2026-11-20T10:00:00Z"));
    bench.warehouse_fails("createorder", refusal());
    assert_eq!(bench.held().await.reason, HoldReason::NotCarriable);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
}

#[tokio::test]
async fn a_look_up_says_whether_the_order_may_ship_and_its_approval_passes_no_rule() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.rules(above_nothing());
    bench.change(|order| order["note"] = json!("changed"));
    bench.look_up().await;
    let ::lane::state::State::Held(hold) = &bench.job.state else { panic!("not held") };
    assert!(says(hold, "at the warehouse", "may ship meanwhile"), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.held().await.reason, HoldReason::TotalAbove);

    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["note"] = json!("changed"));
    bench.warehouse_fails("orders/get", Effect::CutBeforeCommit);
    bench.look_up().await;
    let ::lane::state::State::Held(hold) = &bench.job.state else { panic!("not held") };
    assert!(says(hold, "at the warehouse", "may ship meanwhile"), "{:?}", hold.evidence);
}

#[tokio::test]
async fn a_hold_at_the_warehouse_whose_answer_was_lost_is_taken_back_by_the_approval() {
    for lost_again in [false, true] {
        let mut bench = Bench::start().await;
        bench.done().await;
        bench.rules(above_nothing());
        bench.change(|order| order["note"] = json!("changed"));
        bench.warehouse_fails("createorder", Effect::CutAfterCommit);
        assert_eq!(bench.attempt().await.label(), "retry");
        bench.pass(900);
        assert!(says(&bench.held().await, "at the warehouse", "on hold"));
        bench.approve();
        if lost_again {
            bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
            assert_eq!(bench.attempt().await.label(), "retry");
            bench.pass(900);
        }
        bench.done().await;
        assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
        assert_eq!(bench.at_warehouse()["customerNotes"], "changed");
    }
}

#[tokio::test]
async fn a_hold_that_may_be_the_warehouses_own_is_asked_about_before_it_is_taken_back() {
    let mut bench = Bench::start().await;
    bench.attempt_and_die().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("on_hold"));
    bench.rules(above_nothing());
    assert_eq!(bench.held().await.reason, HoldReason::TotalAbove);
    bench.approve();
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(says(&hold, "if approved", "taken back"), "{:?}", hold.evidence);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
}

/// A rule of the warehouse puts every order on hold again.
#[tokio::test]
async fn a_hold_that_comes_back_is_the_warehouses_own_and_ends_in_one_more_question() {
    let mut bench = Bench::start().await;
    bench.attempt_and_die().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("on_hold"));
    bench.rules(above_nothing());
    bench.held().await;
    bench.approve();
    bench.held().await;
    bench.approve();
    bench.reads_show_after(1, 1, |_| {}).await;
    let hold = bench.held().await;
    assert!(says(&hold, "orderStatus", "on_hold"), "{:?}", hold.evidence);
    bench.warehouse_changes(|order| order["orderStatus"] = json!("on_hold"));
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
}

#[tokio::test]
async fn a_version_that_changes_nothing_there_is_judged_though_attempts_are_used_up() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.rules(HoldRules { rules: vec![Rule::Tagged { tags: vec!["stop".into()] }], ..HoldRules::default() });
    bench.change(|order| order["tags"] = json!("stop"));
    bench.look_up().await;
    let ::lane::state::State::Held(hold) = &bench.job.state else { panic!("{:?}", bench.job.state) };
    assert_eq!(hold.reason, HoldReason::Tagged);
    assert!(says(hold, "at the warehouse", "may ship meanwhile"), "{:?}", hold.evidence);
    bench.approve();
    bench.done().await;
}
