//! Orders that are carried out, once each, whatever is repeated.

use ::lane::attempt::AttemptKind;
use ::lane::outcome::{Outcome, Reach};
use serde_json::json;
use simulators::faults::Effect;

use super::bench::{Bench, order};
use crate::attempt::Carry as _;
use crate::providers::shopify::ORDER_COST;

#[tokio::test]
async fn an_order_is_one_write_and_one_reading_back() {
    let mut bench = Bench::start().await;
    let proof = bench.done().await;
    assert_eq!(bench.traffic(), [1, 1, 0]);
    assert_eq!(bench.shopify.journal().call_count(), 1);
    let order = bench.at_warehouse();
    assert_eq!(proof.reference, order["orderId"].to_string());
    assert_eq!(json!(proof.key), order["orderKey"]);
    assert_eq!(order["orderStatus"], "awaiting_shipment");
    assert_eq!(order["orderDate"], "2026-11-20T02:00:00.0000000");
    assert!(bench.marked);
    let calls = bench.report.unwrap().calls;
    let told: Vec<String> = calls.iter().map(|call| format!("{} {}", call.call, call.ended)).collect();
    assert_eq!(told, ["query Order 200", "POST /orders/createorder 200", "GET /orders/{id} 200"]);
}

#[tokio::test]
async fn an_attempt_that_is_run_twice_makes_one_order() {
    let mut bench = Bench::start().await;
    let kind = bench.begin();
    bench.carry(kind).await;
    let first = bench.at_warehouse();
    // The same attempt again, with nothing learnt: the worker lost its answer.
    bench.carry(kind).await;
    assert!(matches!(bench.complete(), Outcome::Done(_)));
    assert_eq!(bench.at_warehouse()["orderId"], first["orderId"]);
}

#[tokio::test]
async fn a_worker_that_dies_after_the_write_leaves_one_order_and_no_second_write() {
    let mut bench = Bench::start().await;
    bench.attempt_and_die().await;
    bench.done().await;
    assert_eq!(bench.traffic(), [1, 1, 1]);
    bench.at_warehouse();
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_before_anything_is_written_again() {
    for effect in [
        Effect::CutAfterCommit,
        Effect::HalfBody,
        Effect::Status { status: 500, body: "{}".into(), headers: vec![], commit: true },
        Effect::Status { status: 200, body: "<html>".into(), headers: vec![], commit: true },
    ] {
        let mut bench = Bench::start().await;
        bench.warehouse_fails("createorder", effect.clone());
        assert_eq!(bench.attempt().await.label(), "retry", "{effect:?}");
        assert_eq!(bench.job.reach, Reach::Unresolved, "{effect:?}");
        bench.pass(900);
        bench.done().await;
        assert_eq!(bench.traffic(), [1, 0, 1], "{effect:?}");
        bench.at_warehouse();
    }
}

#[tokio::test]
async fn a_write_that_did_not_happen_is_made_once_it_was_looked_up() {
    for effect in [Effect::CutBeforeCommit, Effect::Html200] {
        let mut bench = Bench::start().await;
        bench.warehouse_fails("createorder", effect.clone());
        assert_eq!(bench.attempt().await.label(), "retry", "{effect:?}");
        assert_eq!(bench.job.reach, Reach::Unresolved, "{effect:?}");
        bench.pass(900);
        bench.done().await;
        assert_eq!(bench.traffic(), [2, 1, 1], "{effect:?}");
        bench.at_warehouse();
    }
}

#[tokio::test]
async fn a_reading_back_that_fails_is_repeated_without_a_second_write() {
    let mut bench = Bench::start().await;
    bench.warehouse_fails("orders/get", Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    assert!(matches!(bench.job.reach, Reach::There(_)));
    bench.pass(900);
    bench.done().await;
    assert_eq!(bench.traffic(), [1, 2, 0]);
}

#[tokio::test]
async fn a_look_up_proves_what_is_there_and_what_is_not() {
    let mut bench = Bench::start().await;
    bench.attempt_and_die().await;
    assert_eq!(bench.look_up().await.label(), "done");

    let mut bench = Bench::start().await;
    bench.warehouse_fails("createorder", Effect::CutBeforeCommit);
    bench.attempt().await;
    assert_eq!(bench.look_up().await.label(), "fail");
    assert_eq!(bench.calls("createorder"), 1);

    let mut bench = Bench::start().await;
    bench.attempt_and_die().await;
    bench.warehouse_fails("orders/list", Effect::CutBeforeCommit);
    assert_eq!(bench.look_up().await.label(), "hold");
    assert_eq!(bench.traffic(), [1, 1, 1]);
}

#[tokio::test]
async fn the_units_asked_for_are_what_shopify_says_the_query_costs() {
    let bench = Bench::start().await;
    let needs = bench.orders.needs(&bench.shop, &bench.job, AttemptKind::Full);
    assert_eq!(needs[0].units, ORDER_COST);
    assert_eq!(needs[1].units, 2);
    let mut died = bench.job.clone();
    died.begin(::lane::id::Fence(1), ::lane::policy::Policy::default(), died.accepted_at).unwrap();
    assert_eq!(bench.orders.needs(&bench.shop, &died, AttemptKind::Full)[1].units, 3);
    // A cost that is too dear by one is refused with the cost in its words.
    let limits = simulators::shopify::Settings { query_cost_max: u64::from(ORDER_COST) - 1, ..Default::default() };
    let mut bench = Bench::under(order(), limits).await;
    let Outcome::Fail(trouble) = bench.attempt().await else { panic!("the query was not too dear") };
    assert!(trouble.words.contains(&format!("Query cost is {ORDER_COST}")), "{}", trouble.words);
}
