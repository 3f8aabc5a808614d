//! Shops whose warehouse imports the orders by itself: what customs is told is corrected, and nothing else.

use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::hold::HoldReason;
use ::lane::outcome::{Outcome, Reach};
use ::lane::rules::{HoldRules, Rule};
use ::lane::shop::SkipReason;
use ::lane::state::StateKind;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::shipstation::{Declarations, Importing};
use simulators::shopify::Act;

use crate::attempt::Carry as _;

use super::bench::{Bench, DOMAIN, IMPORTS, KEY, says};

fn at_once() -> Importing {
    Importing::from_shop(DOMAIN)
}

/// A bench whose order is imported already.
async fn imported() -> Bench {
    let bench = Bench::importing(at_once()).await;
    bench.import();
    bench
}

fn values(order: &Value) -> Vec<String> {
    let items = order["internationalOptions"]["customsItems"].as_array().unwrap();
    let of = |item: &Value| format!("{} x {} {}", item["quantity"], item["value"], item["harmonizedTariffCode"]);
    items.iter().map(of).collect()
}

/// Everything but what customs is told and the times of changes.
fn rest(mut order: Value) -> Value {
    order["internationalOptions"]["customsItems"] = json!(null);
    order["modifyDate"] = json!(null);
    for item in order["items"].as_array_mut().unwrap() {
        item["modifyDate"] = json!(null);
    }
    order
}

fn above_nothing() -> HoldRules {
    HoldRules { rules: vec![Rule::TotalAbove { limit: "0.01 USD".parse().unwrap() }], ..HoldRules::default() }
}

const RIGHT: [&str; 2] = ["2 x 18 \"691200\"", "1 x 9 \"691200\""];

#[tokio::test]
async fn an_imported_order_gets_the_values_after_the_orders_discount_and_nothing_else_changes() {
    for importing in [at_once(), at_once().without_hash(), at_once().with_opaque_keys()] {
        let mut bench = Bench::importing(importing.clone()).await;
        bench.import();
        bench.warehouse_changes(|order| {
            order["internalNotes"] = json!("fragile");
            order["tagIds"] = json!([3]);
            order["carrierCode"] = json!("ups");
        });
        let before = bench.at_warehouse();
        assert_eq!(values(&before)[0], "2 x 20 null");
        let proof = bench.done().await;
        let after = bench.at_warehouse();
        assert_eq!(values(&after), RIGHT, "{importing:?}");
        let ids = |order: &Value| order["internationalOptions"]["customsItems"][0]["customsItemId"].clone();
        assert_eq!(ids(&before), ids(&after));
        assert_eq!(rest(before), rest(after.clone()));
        assert_eq!(
            (json!(proof.reference), json!(proof.key)),
            (json!(after["orderId"].to_string()), after["orderKey"].clone())
        );
        assert_eq!(proof.compared, ["internationalOptions.customsItems"]);
        assert_eq!(bench.calls("createorder"), 1);
        // Hearing of it again writes nothing.
        bench.change(|order| order["tags"] = json!("vip"));
        bench.done().await;
        assert_eq!(bench.calls("createorder"), 1);
    }
}

#[tokio::test]
async fn an_order_that_is_not_there_yet_is_waited_for_and_never_made() {
    let mut bench = Bench::importing(at_once().after(Duration::from_mins(45))).await;
    bench.import();
    let mut waits = vec![];
    while waits.iter().sum::<u64>() < 45 {
        waits.push(bench.waits().await);
    }
    assert_eq!(waits, [2, 4, 12, 30]);
    // The shop was asked once.
    assert_eq!(bench.shopify.journal().call_count(), 1);
    assert_eq!((bench.job.attempts, bench.calls("createorder")), (0, 0));
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse()), RIGHT);
}

#[tokio::test]
async fn an_order_that_is_not_imported_within_hours_is_a_question_and_approving_looks_once_more() {
    let mut bench = Bench::importing(at_once()).await;
    bench.pass(4 * 3600);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NotImported);
    assert!(says(&hold, "at the warehouse", "240 minutes") && says(&hold, "store", &IMPORTS.to_string()));
    bench.approve();
    assert_eq!(bench.held().await.reason, HoldReason::NotImported);
    assert_eq!((bench.calls("createorder"), bench.job.reach.clone()), (0, Reach::Unresolved));
    bench.import();
    bench.approve();
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse()), RIGHT);
}

#[tokio::test]
async fn an_order_that_stays_within_its_country_is_looked_at_and_left_alone() {
    let mut bench = Bench::importing(at_once()).await;
    bench.change(|order| {
        for side in ["shipping_address", "billing_address"] {
            order[side]["country_code"] = json!("US");
        }
    });
    bench.waits().await;
    bench.import();
    let before = bench.at_warehouse();
    assert_eq!(bench.done().await.compared, Vec::<String>::new());
    assert_eq!((bench.calls("createorder"), bench.at_warehouse()), (0, before));
}

#[tokio::test]
async fn several_orders_of_one_number_are_told_apart_by_the_platforms_id_or_left_to_a_person() {
    let double = |bench: &Bench, key: &str| {
        let mut order = bench.shopify.order(DOMAIN, bench.id).unwrap();
        order["id"] = json!(key.parse::<u64>().unwrap());
        bench.shipstation.import_order(DOMAIN, &order).unwrap();
    };
    let mut bench = imported().await;
    double(&bench, "77");
    let reference = bench.done().await.reference;
    let exact = bench.shipstation.order(reference.parse().unwrap()).unwrap();
    assert_eq!(exact["orderKey"], bench.id.to_string());
    assert!(bench.shipstation.orders().iter().any(|order| values(order)[0] == "2 x 20 null"));

    let mut bench = Bench::importing(at_once().with_opaque_keys()).await;
    bench.import();
    double(&bench, "77");
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NotImported);
    assert_eq!(hold.evidence.iter().filter(|fact| fact.value.contains("one of several")).count(), 2);
    assert_eq!(bench.calls("createorder"), 0);
    // One of them is deleted there.
    let other = bench.shipstation.orders()[1]["orderId"].as_u64().unwrap();
    bench.shipstation.delete_order(other).unwrap();
    bench.approve();
    bench.done().await;

    let mut bench = imported().await;
    bench.warehouse_changes(|order| order["advancedOptions"]["mergedOrSplit"] = json!(true));
    let hold = bench.held().await;
    assert!(hold.reason == HoldReason::NotImported && says(&hold, "at the warehouse", "split"), "{hold:?}");
    assert_eq!(bench.calls("createorder"), 0);
}

#[tokio::test]
async fn an_order_that_vanished_is_a_question_and_the_one_that_is_imported_anew_is_corrected_again() {
    let mut bench = imported().await;
    let first = bench.done().await.reference;
    bench.shipstation.delete_order(first.parse().unwrap()).unwrap();
    bench.change(|order| order["note"] = json!("where is it"));
    let hold = bench.held().await;
    assert!(hold.reason == HoldReason::NotImported && says(&hold, "at the warehouse", "not any more"), "{hold:?}");
    bench.import();
    bench.approve();
    assert_ne!(bench.done().await.reference, first);
    assert_eq!(values(&bench.at_warehouse()), RIGHT);
}

#[tokio::test]
async fn what_others_fulfilled_before_is_not_declared() {
    let mut bench = Bench::importing(at_once()).await;
    bench
        .act(serde_json::from_value(json!({"fulfil": {"order": bench.id, "part": 0, "units": [["MUG", 1]]}})).unwrap());
    bench.import();
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse()), ["1 x 18 \"691200\"", "1 x 9 \"691200\""]);
    // What is fulfilled from now on may be the warehouse's own work.
    bench
        .act(serde_json::from_value(json!({"fulfil": {"order": bench.id, "part": 0, "units": [["CUP", 1]]}})).unwrap());
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse()).len(), 2);
}

#[tokio::test]
async fn an_order_of_that_number_in_another_store_is_not_it() {
    let mut bench = Bench::importing(at_once()).await;
    let made = json!({
        "orderNumber": "#1001", "orderKey": "other", "orderDate": "2026-11-20 01:00:00",
        "orderStatus": "awaiting_shipment", "billTo": {"name": ""}, "shipTo": {"name": ""},
    });
    bench.makes(&made).await;
    assert_eq!(bench.waits().await, 2);
}

#[tokio::test]
async fn an_unanswered_correction_is_looked_up_and_not_made_twice() {
    for (effect, writes) in [(Effect::CutAfterCommit, 1), (Effect::CutBeforeCommit, 2)] {
        let mut bench = imported().await;
        bench.warehouse_fails("createorder", effect);
        assert_eq!(bench.attempt().await.label(), "retry");
        bench.pass(900);
        bench.done().await;
        assert_eq!(values(&bench.at_warehouse()), RIGHT);
        assert_eq!(bench.calls("createorder"), writes);
    }
    let mut bench = imported().await;
    bench.attempt_and_die().await;
    bench.done().await;
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn a_held_order_is_put_on_hold_there_and_taken_back_to_where_it_was() {
    for status in ["awaiting_shipment", "awaiting_payment"] {
        let mut bench = imported().await;
        bench.warehouse_changes(|order| order["orderStatus"] = json!(status));
        bench.rules(above_nothing());
        let hold = bench.held().await;
        assert_eq!(hold.reason, HoldReason::TotalAbove);
        let order = bench.at_warehouse();
        assert_eq!((&order["orderStatus"], values(&order)[0].as_str()), (&json!("on_hold"), "2 x 20 null"));
        bench.approve();
        bench.done().await;
        let order = bench.at_warehouse();
        assert_eq!((&order["orderStatus"], values(&order)), (&json!(status), RIGHT.map(str::to_owned).to_vec()));
    }
}

#[tokio::test]
async fn a_question_waits_for_the_import_so_that_the_order_cannot_ship_meanwhile() {
    let mut bench = Bench::importing(at_once()).await;
    bench.rules(above_nothing());
    assert_eq!(bench.waits().await, 2);
    bench.import();
    assert_eq!(bench.held().await.reason, HoldReason::TotalAbove);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");

    let mut bench = Bench::importing(at_once()).await;
    bench.rules(above_nothing());
    bench.pass(4 * 3600);
    let hold = bench.held().await;
    assert!(hold.reason == HoldReason::TotalAbove && says(&hold, "at the warehouse", "imported later"), "{hold:?}");
}

#[tokio::test]
async fn the_warehouses_own_hold_stays_when_the_values_are_corrected() {
    let mut bench = imported().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("on_hold"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    assert_eq!(values(&bench.at_warehouse()), RIGHT);
}

#[tokio::test]
async fn an_order_that_shipped_uncorrected_is_a_question_with_the_figures() {
    let mut bench = imported().await;
    let id = bench.at_warehouse()["orderId"].as_u64().unwrap();
    bench.shipstation.ship(id);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::AlreadyShipped);
    let (ours, theirs) = ("45 in all", "50 in all");
    assert!(says(&hold, "internationalOptions.customsItems", ours), "{:?}", hold.evidence);
    assert!(says(&hold, "internationalOptions.customsItems", theirs), "{:?}", hold.evidence);
    bench.approve();
    assert_eq!(bench.done().await.accepted, hold.difference);
    assert_eq!(bench.calls("createorder"), 0);
}

#[tokio::test]
async fn a_cancelled_order_is_left_to_the_import() {
    let mut bench = imported().await;
    bench.done().await;
    let before = bench.at_warehouse();
    bench.change(|order| order["cancelled_at"] = json!("2026-11-20T10:00:00Z"));
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
    assert_eq!(bench.at_warehouse(), before);
    bench.change(|order| order["tags"] = json!("sad"));
    assert_eq!(bench.look_up().await, Outcome::Skip(SkipReason::Cancelled));
}

#[tokio::test]
async fn an_edit_corrects_again_also_after_the_import_wrote_its_own_values_once_more() {
    let mut bench = imported().await;
    let import = bench.at_warehouse()["internationalOptions"].clone();
    bench.done().await;
    bench.warehouse_changes(|order| order["internationalOptions"] = import);
    bench.change(|order| order["note"] = json!("ring twice"));
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!((values(&order), &order["customerNotes"]), (RIGHT.map(str::to_owned).to_vec(), &json!(null)));
    let edit = Act::Refund { order: bench.id, refund: serde_json::from_value(json!({"units": [["MUG", 1]]})).unwrap() };
    bench.act(edit);
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse()), ["1 x 18 \"691200\"", "1 x 9 \"691200\""]);
}

#[tokio::test]
async fn what_somebody_at_the_warehouse_declared_stays_until_the_shop_changes_it() {
    let mut bench = imported().await;
    bench.done().await;
    bench.warehouse_changes(|order| order["internationalOptions"]["customsItems"][0]["value"] = json!(17.5));
    bench.change(|order| order["note"] = json!("ring twice"));
    bench.done().await;
    assert_eq!(values(&bench.at_warehouse())[0], "2 x 17.5 \"691200\"");
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn an_account_that_overwrites_declarations_is_a_question_that_says_which_setting() {
    let mut bench = imported().await;
    bench.shipstation.set_declarations(KEY, Declarations::FromItems);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(says(&hold, "customs", "Leave blank (Enter Manually)"), "{:?}", hold.evidence);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    bench.shipstation.set_declarations(KEY, Declarations::Manual);
    bench.approve();
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(
        (&order["orderStatus"], values(&order)),
        (&json!("awaiting_shipment"), RIGHT.map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn anything_else_that_a_write_changed_is_a_question() {
    let mut bench = imported().await;
    bench.reads_show(1, |order| {
        order["internationalOptions"]["customsItems"] = json!([
            {"description": "MUG", "quantity": 2, "value": 18, "harmonizedTariffCode": "691200", "countryOfOrigin": "PT"},
            {"description": "CUP", "quantity": 1, "value": 9, "harmonizedTariffCode": "691200", "countryOfOrigin": "CN"},
        ]);
        order["insuranceOptions"]["insureShipment"] = json!(true);
    })
    .await;
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    let names: Vec<&str> = hold.evidence.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["insuranceOptions.insureShipment", "at the warehouse"]);
}

#[tokio::test]
async fn a_refused_order_is_kept_on_hold_and_not_cancelled() {
    let mut bench = imported().await;
    bench.rules(above_nothing());
    bench.held().await;
    bench.warehouse_changes(|order| order["orderStatus"] = json!("awaiting_shipment"));
    bench.reject();
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
}

#[tokio::test]
async fn a_refused_order_that_was_not_seen_there_is_waited_for_and_put_on_hold() {
    // The first look fails, and the order is there all the time.
    let mut bench = imported().await;
    bench.warehouse_fails("orders/list", Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.reject();
    assert_eq!(bench.job.state.kind(), StateKind::Waiting);
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");

    // The import comes after the refusal.
    let mut bench = Bench::importing(at_once()).await;
    bench.shop_fails(Effect::CutBeforeCommit);
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.reject();
    assert_eq!(bench.waits().await, 2);
    bench.import();
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
    assert_eq!(bench.job.state.kind(), StateKind::Rejected);
    assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
}

#[tokio::test]
async fn a_refused_order_that_is_never_imported_ends_only_by_a_persons_word() {
    for imported_then in [false, true] {
        let mut bench = Bench::importing(at_once()).await;
        bench.rules(above_nothing());
        bench.pass(4 * 3600);
        assert_eq!(bench.held().await.reason, HoldReason::TotalAbove);
        bench.reject();
        let hold = bench.held().await;
        assert!(hold.reason == HoldReason::NotImported && says(&hold, "refused by", "ann"), "{hold:?}");
        assert!(says(&hold, "at the warehouse", "it may ship: cancel it there"), "{hold:?}");
        if imported_then {
            bench.import();
        }
        bench.approve();
        assert_eq!(bench.attempt().await, Outcome::Withdrawn);
        assert_eq!(bench.job.state.kind(), StateKind::Rejected);
        let held_there = bench.shipstation.orders().iter().any(|order| order["orderStatus"] == "on_hold");
        assert_eq!(held_there, imported_then);
    }
}

#[tokio::test]
async fn a_refused_order_that_cannot_be_told_apart_is_a_question() {
    let mut bench = Bench::importing(at_once().with_opaque_keys()).await;
    for id in [bench.id, 77] {
        let mut order = bench.shopify.order(DOMAIN, bench.id).unwrap();
        order["id"] = json!(id);
        bench.shipstation.import_order(DOMAIN, &order).unwrap();
    }
    bench.held().await;
    bench.reject();
    let hold = bench.held().await;
    assert!(says(&hold, "at the warehouse", "nothing of it was touched"), "{hold:?}");
    bench.approve();
    assert_eq!(bench.attempt().await, Outcome::Withdrawn);
}

/// The warehouse asks for silence once.
fn throttled() -> Effect {
    let headers = vec![("X-Rate-Limit-Reset".to_owned(), "20".to_owned())];
    Effect::Status { status: 429, body: "{}".into(), headers, commit: false }
}

#[tokio::test]
async fn a_question_is_asked_once_the_order_is_on_hold_there() {
    for (effect, label) in [(Effect::CutBeforeCommit, "retry"), (throttled(), "wait")] {
        let mut bench = imported().await;
        bench.rules(above_nothing());
        bench.warehouse_fails("createorder", effect);
        assert_eq!(bench.attempt().await.label(), label);
        bench.pass(900);
        let hold = bench.held().await;
        assert!(
            hold.reason == HoldReason::TotalAbove && says(&hold, "at the warehouse", "was put on hold"),
            "{hold:?}"
        );
        assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
    }
}

#[tokio::test]
async fn what_a_read_back_found_is_not_forgotten_while_the_order_cannot_be_put_on_hold() {
    for (effect, label) in
        [(Effect::CutBeforeCommit, "retry"), (Effect::CutAfterCommit, "retry"), (throttled(), "wait")]
    {
        let mut bench = imported().await;
        bench.reads_show(1, |order| {
            order["internationalOptions"]["customsItems"] = json!([
                {"description": "MUG", "quantity": 2, "value": 18, "harmonizedTariffCode": "691200", "countryOfOrigin": "PT"},
                {"description": "CUP", "quantity": 1, "value": 9, "harmonizedTariffCode": "691200", "countryOfOrigin": "CN"},
            ]);
            order["insuranceOptions"]["insureShipment"] = json!(true);
        })
        .await;
        bench.shipstation.faults().push(Fault::next(effect).on("createorder").after(1));
        assert_eq!(bench.attempt().await.label(), label);
        bench.pass(900);
        let hold = bench.held().await;
        assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
        assert!(hold.evidence.iter().any(|fact| fact.name == "insuranceOptions.insureShipment"), "{hold:?}");
        assert_eq!(bench.at_warehouse()["orderStatus"], "on_hold");
        bench.approve();
        bench.done().await;
        assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
    }
}

#[tokio::test]
async fn a_look_up_asks_what_a_read_back_found() {
    let mut bench = imported().await;
    bench.reads_show(1, |order| order["insuranceOptions"]["insureShipment"] = json!(true)).await;
    bench.shipstation.faults().push(Fault::next(Effect::CutBeforeCommit).on("createorder").after(1));
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    let Outcome::Hold { reason, evidence, .. } = bench.look_up().await else { panic!("not held") };
    assert_eq!(reason, HoldReason::ReadBackDiffers);
    assert!(evidence.iter().any(|fact| fact.value.contains("may ship meanwhile")), "{evidence:?}");
}

#[tokio::test]
async fn two_looks_are_paid_for_and_the_form_that_was_found_is_asked_for_first() {
    let mut bench = Bench::importing(at_once().without_hash()).await;
    let units = |bench: &Bench| {
        let needs = bench.orders.needs(&bench.shop, &bench.job, AttemptKind::Full);
        needs.iter().find(|need| need.account == bench.shop.warehouse).unwrap().units
    };
    assert_eq!(units(&bench), 2);
    bench.import();
    let reference = bench.done().await.reference;
    assert_eq!((bench.calls("orders/list"), units(&bench)), (2, 3));
    bench.shipstation.delete_order(reference.parse().unwrap()).unwrap();
    bench.import();
    bench.change(|order| order["note"] = json!("where is it"));
    bench.done().await;
    assert_eq!(bench.calls("orders/list"), 3);
}

#[tokio::test]
async fn while_an_order_is_waited_for_what_is_newly_heard_of_it_is_fetched() {
    let mut bench = Bench::importing(at_once()).await;
    assert_eq!((bench.waits().await, bench.waits().await), (2, 4));
    bench.change(|order| order["cancelled_at"] = json!("2026-11-20T10:00:00Z"));
    assert_eq!(bench.attempt().await, Outcome::Skip(SkipReason::Cancelled));
}

#[tokio::test]
async fn a_look_up_tells_corrected_from_uncorrected_and_from_not_imported() {
    let mut bench = imported().await;
    bench.attempt_and_die().await;
    assert_eq!(bench.look_up().await.label(), "done");
    let mut bench = imported().await;
    let Outcome::Hold { reason, .. } = bench.look_up().await else { panic!("not held") };
    assert_eq!((reason, bench.calls("createorder")), (HoldReason::InDoubt, 0));
    let mut bench = Bench::importing(at_once()).await;
    assert_eq!(bench.look_up().await.label(), "fail");
}

#[tokio::test]
async fn an_order_goes_on_as_it_began_when_its_shop_changes_its_mode() {
    let mut bench = imported().await;
    bench.done().await;
    bench.shop.carriage.mode = Mode::Create;
    bench.change(|order| order["note"] = json!("ring twice"));
    bench.done().await;
    assert_eq!((bench.at_warehouse()["customerNotes"].clone(), bench.calls("createorder")), (json!(null), 1));

    let mut bench = Bench::importing(at_once()).await;
    bench.shop.carriage.mode = Mode::Create;
    bench.done().await;
    bench.shop.carriage.mode = Mode::Correct;
    bench.change(|order| order["note"] = json!("ring twice"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["customerNotes"], "ring twice");
}
