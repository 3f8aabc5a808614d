//! Orders that a person refused while something of them may be at the warehouse: they are taken back.

use ::lane::hold::HoldReason;
use ::lane::outcome::{Outcome, Reach};
use ::lane::rules::{HoldRules, Rule};
use ::lane::state::StateKind;
use serde_json::json;
use simulators::faults::Effect;

use super::bench::{Bench, DOMAIN, says};

/// An order that is at the warehouse, held there because of a rule, and then refused.
async fn refused() -> Bench {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.rules(HoldRules {
        rules: vec![Rule::TotalAbove { limit: "0.01 USD".parse().unwrap() }],
        ..HoldRules::default()
    });
    bench.change(|order| order["note"] = json!("changed"));
    bench.held().await;
    bench.reject();
    bench
}

#[tokio::test]
async fn a_refused_order_is_cancelled_at_the_warehouse_though_it_qualifies() {
    let mut bench = refused().await;
    bench.shopify.remove_order(DOMAIN, bench.id);
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.job.state.kind(), StateKind::Rejected);
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
    assert_eq!(bench.at_warehouse()["customerNotes"], json!(null));
}

#[tokio::test]
async fn a_refused_order_is_taken_back_by_a_look_up_too() {
    let mut bench = refused().await;
    assert_eq!(bench.look_up().await, Outcome::Withdrawn);
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn of_a_refused_order_that_is_gone_or_cancelled_nothing_is_left_to_do() {
    let mut bench = refused().await;
    bench.delete_at_warehouse().await;
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);

    let mut bench = refused().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("cancelled"));
    let writes = bench.calls("createorder");
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.calls("createorder"), writes);
}

#[tokio::test]
async fn a_refused_order_whose_write_was_never_answered_is_searched_and_taken_back() {
    let mut bench = Bench::start().await;
    bench.warehouse_fails("createorder", Effect::CutAfterCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    assert_eq!(bench.job.reach, Reach::Unresolved);
    bench.reject();
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn a_refused_order_that_has_shipped_is_a_question_and_accepting_it_leaves_it_refused() {
    let mut bench = refused().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    assert!(says(&hold, "refused by", "ann") && says(&hold, "at the warehouse", "shipped"), "{:?}", hold.evidence);
    bench.rules(HoldRules::default());
    bench.approve();
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.job.state.kind(), StateKind::Rejected);
}

#[tokio::test]
async fn a_refused_order_that_the_warehouse_does_not_cancel_never_goes_on() {
    let refusal = || Effect::Status { status: 400, body: r#"{"Message":"no"}"#.into(), headers: vec![], commit: false };
    let mut bench = refused().await;
    bench.rules(HoldRules::default());
    bench.warehouse_fails("createorder", refusal());
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NotCarriable);
    assert!(says(&hold, "refused by", "ann") && says(&hold, "if approved", "nothing more"), "{:?}", hold.evidence);
    // A newer version changes nothing about the refusal; what was accepted of an older one does not count for it.
    bench.approve();
    bench.change(|order| order["note"] = json!("please"));
    bench.warehouse_fails("createorder", refusal());
    bench.held().await;
    bench.approve();
    bench.warehouse_fails("createorder", refusal());
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.job.state.kind(), StateKind::Rejected);
    assert_eq!(bench.at_warehouse()["customerNotes"], json!(null));
}

#[tokio::test]
async fn a_refused_order_is_taken_back_once_the_warehouse_can_be_reached() {
    let mut bench = refused().await;
    bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}
