//! An approval binds what was seen: what an order's judgement rests on is asked about anew when it changes, and our own
//! work changes none of it.

use ::lane::carriage::Tracking;
use ::lane::hold::HoldReason;
use ::lane::outcome::Outcome;
use ::lane::rules::{HoldRules, Rule};
use ::lane::shop::SkipReason;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulators::orders::{Item, Sale};
use simulators::shipstation::Label;
use simulators::shopify::Act;

use super::bench::{Bench, abroad, says};

fn act(text: Value) -> Act {
    serde_json::from_value(text).unwrap()
}

fn rules(rules: Vec<Rule>) -> HoldRules {
    HoldRules { rules, ..HoldRules::default() }
}

fn above_nothing() -> Rule {
    Rule::TotalAbove { limit: "0.01 USD".parse().unwrap() }
}

fn lisbon() -> Value {
    json!({"id": 9, "name": "Lisbon", "country": "PT", "keeper": "merchant"})
}

/// A mug with everything that customs asks for and a cup without, each a part of its own.
fn mug_and_cup(country: &str, mug: &Value, cup: &Value) -> Value {
    let part = |sku: &str, more: &Value| {
        let mut part = json!({"lines": [{"line": sku, "quantity": 1}]});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    Sale::new("USD")
        .item(Item::new("MUG", Decimal::from(20), 1).customs("691200", "PT"))
        .item(Item::new("CUP", Decimal::from(10), 1))
        .country(country)
        .simulator(json!({"fulfillment_orders": [part("MUG", mug), part("CUP", cup)]}))
        .order(1001, "2026-11-20T10:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn a_part_that_becomes_ready_later_is_judged() {
    let on_hold = json!({"holds": [{"reason": "OTHER", "notes": null, "handle": null}]});
    let mut bench = Bench::with_order(mug_and_cup("DE", &json!({}), &on_hold)).await;
    bench.done().await;
    bench.act(act(json!({"release": {"order": bench.id, "part": 1, "handle": null}})));
    bench.shopify_catches_up();
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::CustomsIncomplete);
    assert!(says(&hold, "missing for customs", "no HS code"), "{:?}", hold.evidence);
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_that_moves_to_another_country_is_judged_though_the_order_was_approved() {
    let mut bench = Bench::with_order(mug_and_cup("US", &json!({}), &json!({}))).await;
    bench.rules(rules(vec![above_nothing()]));
    bench.held().await;
    bench.approve();
    let parts = json!([
        {"location": lisbon(), "lines": [{"line": "CUP", "quantity": 1}]},
        {"lines": [{"line": "MUG", "quantity": 1}]},
    ]);
    bench.act(act(json!({"split": {"order": bench.id, "parts": parts}})));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::CustomsIncomplete);
    assert_eq!(bench.traffic(), [0, 0, 0]);
}

#[tokio::test]
async fn a_tag_that_a_rule_names_is_judged_though_the_order_was_approved_and_any_other_tag_is_not() {
    let mut bench = Bench::start().await;
    bench.rules(rules(vec![above_nothing(), Rule::Tagged { tags: vec!["fraud?".into()] }]));
    bench.held().await;
    bench.approve();
    bench.change(|order| order["tags"] = json!("summer, Fraud?"));
    assert!(says(&bench.held().await, "tagged", "Fraud?"));
    bench.approve();
    bench.change(|order| order["tags"] = json!("fraud?, winter"));
    bench.done().await;
}

#[tokio::test]
async fn our_own_work_asks_nobody_again() {
    let mut bench = Bench::with_order(abroad()).await;
    bench.rules(rules(vec![above_nothing()]));
    bench.shop.carriage.tracking = Tracking { back: true, notify_customer: false };
    bench.held().await;
    bench.approve();
    let proof = bench.done().await;
    let order = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.label(order, &Label::of("stamps_com", "usps_priority").tracking("9400")).unwrap();
    bench.job.has_shipped(::lane::clock::Clock::now(bench.clock.as_ref())).unwrap();
    assert_eq!(bench.done().await.fingerprint, proof.fingerprint);
    // The shop shows it as fulfilled now.
    bench.hear();
    assert_eq!(bench.done().await.fingerprint, proof.fingerprint);
}

#[tokio::test]
async fn what_a_person_accepts_before_the_rules_were_asked_passes_no_rule() {
    let mut bench = Bench::with(|order| order["financial_status"] = json!("pending")).await;
    bench.shop.qualifies.financial_statuses.push("pending".into());
    bench.done().await;
    bench.shipstation.ship(bench.at_warehouse()["orderId"].as_u64().unwrap());
    bench.rules(rules(vec![above_nothing()]));
    bench.shop.qualifies.financial_statuses.pop();
    bench.change(|order| order["note"] = json!("changed"));
    assert_eq!(bench.held().await.reason, HoldReason::AlreadyShipped);
    bench.approve();
    // Before the job comes to it, its shop carries what is not paid, too.
    let (job, qualifies) = (bench.job.clone(), bench.shop.qualifies.clone());
    bench.shop.qualifies.financial_statuses.push("pending".into());
    assert!(says(&bench.held().await, "limit", "0.01 USD"), "the rules are asked");
    (bench.job, bench.shop.qualifies) = (job, qualifies);
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::FinancialStatus("pending".into())));
    assert_eq!(bench.job.approved, None);
}

#[tokio::test]
async fn a_place_where_nothing_is_left_makes_no_border() {
    let cancelled = json!({"location": lisbon(), "status": "CANCELLED"});
    let mut bench = Bench::with_order(mug_and_cup("US", &json!({}), &cancelled)).await;
    bench.done().await;
    assert!(bench.at_warehouse()["internationalOptions"]["customsItems"].is_null());
}

#[tokio::test]
async fn a_customers_first_order_stays_their_first_when_they_order_again() {
    for (index, orders, asked) in [(1, 2, true), (2, 2, false), (0, 2, true), (0, 1, true), (0, 6, false)] {
        let mut bench = Bench::with(|order| {
            order["simulator"] = json!({"customer_orders": orders, "customer_order_index": index});
        })
        .await;
        bench.rules(rules(vec![Rule::FirstOrderAbove { limit: "0.01 USD".parse().unwrap() }]));
        assert_eq!(bench.attempt().await.label() == "hold", asked, "{index} of {orders}");
    }
}
