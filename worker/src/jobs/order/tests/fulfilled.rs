//! Orders that somebody else had fulfilled before the warehouse got them.

use ::lane::outcome::Outcome;
use ::lane::rules::{HoldRules, Rule};
use ::lane::shop::SkipReason;
use serde_json::{Value, json};
use simulators::faults::Effect;

use super::bench::Bench;

fn quantities(order: &mut Value, quantity: u32, left: u32) {
    order["line_items"].as_array_mut().unwrap().truncate(1);
    order["line_items"][0]["quantity"] = json!(quantity);
    order["line_items"][0]["current_quantity"] = json!(quantity);
    order["line_items"][0]["fulfillable_quantity"] = json!(left);
}

fn there(bench: &Bench) -> Value {
    bench.at_warehouse()["items"][0]["quantity"].clone()
}

#[tokio::test]
async fn an_order_that_is_fulfilled_already_is_not_shipped_again_and_nobody_is_asked() {
    let mut bench = Bench::with(|order| quantities(order, 3, 0)).await;
    bench.rules(HoldRules {
        rules: vec![Rule::TotalAbove { limit: "0.01 USD".parse().unwrap() }],
        ..HoldRules::default()
    });
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::AlreadyFulfilled));
    assert_eq!(bench.traffic(), [0, 0, 0]);
    let mut bench = Bench::with(|order| quantities(order, 3, 0)).await;
    assert_eq!(bench.look_up().await, Outcome::Skip(SkipReason::AlreadyFulfilled));
}

#[tokio::test]
async fn of_a_partly_fulfilled_order_only_the_rest_is_shipped_in_this_and_every_later_version() {
    let mut bench = Bench::with(|order| quantities(order, 3, 2)).await;
    bench.done().await;
    assert_eq!(there(&bench), 2);
    let item = &bench.at_warehouse()["items"][0];
    assert_eq!(bench.at_warehouse()["weight"]["value"], json!(2 * item["weight"]["value"].as_u64().unwrap()));
    bench.change(|order| order["note"] = json!("thanks"));
    bench.done().await;
    assert_eq!((there(&bench), bench.at_warehouse()["customerNotes"].clone()), (json!(2), json!("thanks")));
    bench.change(|order| quantities(order, 5, 4));
    bench.done().await;
    assert_eq!(there(&bench), 4);
}

#[tokio::test]
async fn what_is_fulfilled_after_the_order_was_written_is_the_warehouses_business() {
    let mut bench = Bench::with(|order| quantities(order, 3, 3)).await;
    bench.done().await;
    bench.change(|order| quantities(order, 3, 1));
    bench.done().await;
    assert_eq!(there(&bench), 3);
}

#[tokio::test]
async fn a_write_that_was_never_answered_does_not_bring_back_what_was_fulfilled_before_it() {
    for effect in [Effect::CutBeforeCommit, Effect::CutAfterCommit] {
        let mut bench = Bench::with(|order| quantities(order, 3, 2)).await;
        bench.warehouse_fails("createorder", effect.clone());
        assert_eq!(bench.attempt().await.label(), "retry");
        bench.pass(900);
        bench.done().await;
        assert_eq!(there(&bench), 2, "{effect:?}");
    }
    // It may have been written, shipped and removed there; the shop knows that it was fulfilled.
    let mut bench = Bench::with(|order| quantities(order, 3, 3)).await;
    bench.attempt_and_die().await;
    bench.delete_at_warehouse().await;
    bench.change(|order| quantities(order, 3, 0));
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::AlreadyFulfilled));
}

#[tokio::test]
async fn an_order_whose_rest_is_refunded_after_others_fulfilled_their_part_is_withdrawn_and_never_emptied() {
    let mut bench = Bench::with(|order| order["line_items"][0]["fulfillable_quantity"] = json!(0)).await;
    bench.done().await;
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 1);
    bench.change(|order| {
        order["line_items"][1]["current_quantity"] = json!(0);
        order["line_items"][1]["fulfillable_quantity"] = json!(0);
        order["financial_status"] = json!("partially_refunded");
    });
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::NothingToShip));
    let order = bench.at_warehouse();
    assert_eq!(order["orderStatus"], "cancelled");
    assert_eq!(order["items"].as_array().unwrap().len(), 1);
}
