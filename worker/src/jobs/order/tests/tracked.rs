//! Tracking that comes back.

use ::lane::carriage::{Mode, Tracking};
use ::lane::hold::HoldReason;
use ::lane::outcome::Reach;
use ::lane::rules::{HoldRules, Rule};
use ::lane::state::StateKind;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::shipstation::{Importing, Label};
use simulators::shopify::Act;

use super::bench::{Bench, DOMAIN, KEY, says};

const FULFIL: &str = "fulfillmentCreate";

/// A bench whose shop wants its tracking back, with an order of two and one units at the warehouse.
async fn carried() -> Bench {
    let mut bench = Bench::with(|order| {
        for (nth, quantity) in [(0, 2), (1, 1)] {
            let line = &mut order["line_items"][nth];
            for name in ["quantity", "current_quantity", "fulfillable_quantity"] {
                line[name] = json!(quantity);
            }
        }
    })
    .await;
    bench.shop.carriage.tracking = Tracking { back: true, notify_customer: false };
    bench.done().await;
    assert_eq!((bench.calls("shipments/list"), fulfilments(&bench).len()), (0, 0));
    bench
}

fn warehouse_order(bench: &Bench) -> u64 {
    bench.at_warehouse()["orderId"].as_u64().unwrap()
}

fn line(bench: &Bench, nth: usize) -> String {
    bench.at_warehouse()["items"][nth]["lineItemKey"].as_str().unwrap().to_owned()
}

fn usps(number: &str) -> Label {
    Label::of("stamps_com", "usps_priority").tracking(number)
}

/// The warehouse buys a label, and that is heard of. The shipment's id.
fn ships(bench: &mut Bench, label: &Label) -> u64 {
    let shipment = bench.shipstation.label(warehouse_order(bench), label).unwrap();
    hears(bench);
    shipment["shipmentId"].as_u64().unwrap()
}

fn hears(bench: &mut Bench) {
    bench.job.has_shipped(::lane::clock::Clock::now(bench.clock.as_ref())).unwrap();
}

fn fulfilments(bench: &Bench) -> Vec<Value> {
    let order = bench.shopify.order(DOMAIN, bench.id).unwrap();
    order["fulfillments"].as_array().cloned().unwrap_or_default()
}

/// Tracking number and units of each fulfilment.
fn numbers(bench: &Bench) -> Vec<(Value, u64)> {
    let units = |made: &Value| {
        made["line_items"].as_array().unwrap().iter().map(|line| line["quantity"].as_u64().unwrap()).sum()
    };
    fulfilments(bench).iter().map(|made| (made["tracking_number"].clone(), units(made))).collect()
}

fn told(bench: &Bench, shipment: &dyn std::fmt::Display) -> Option<String> {
    let Reach::There(copy) = &bench.job.reach else { panic!("{:?}", bench.job.reach) };
    copy.told.get(&shipment.to_string()).cloned()
}

fn mutation_fails(bench: &Bench, effect: Effect) {
    bench.shopify.faults().push(Fault::next(effect).on(FULFIL));
}

#[tokio::test]
async fn a_shipped_order_is_fulfilled_at_the_shop_once_with_carrier_and_number() {
    let mut bench = carried().await;
    let shipment = ships(&mut bench, &usps("9400"));
    hears(&mut bench);
    bench.done().await;
    let made = fulfilments(&bench);
    assert_eq!(numbers(&bench), [(json!("9400"), 3)]);
    assert_eq!(made[0]["tracking_company"], "USPS");
    assert_eq!(told(&bench, &shipment).as_deref(), made[0]["admin_graphql_api_id"].as_str());
    let shipped = &bench.report.as_ref().unwrap().learnt.shipped;
    assert_eq!((shipped.len(), shipped[0].units, shipped[0].carrier.as_deref()), (1, 3, Some("USPS")));
    assert!(!bench.job.shipped_untold);
    let asked = bench.calls("shipments/list");
    assert_eq!((asked, bench.calls("fulfillments/list")), (1, 0));
    // Neither the shop's own news about it nor the same notice again does anything.
    bench.hear();
    bench.done().await;
    assert_eq!(bench.calls("shipments/list"), asked);
    hears(&mut bench);
    bench.done().await;
    assert_eq!((numbers(&bench).len(), bench.calls("createorder")), (1, 1));
}

#[tokio::test]
async fn a_split_shipment_is_one_fulfilment_per_parcel() {
    let mut bench = carried().await;
    let (first, second) = (line(&bench, 0), line(&bench, 1));
    ships(&mut bench, &usps("1").line(&first, 1));
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 1)]);
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
    ships(&mut bench, &usps("2").line(&first, 1));
    ships(&mut bench, &Label::of("ups", "ups_ground").tracking("3").line(&second, 1));
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 1), (json!("2"), 1), (json!("3"), 1)]);
    assert_eq!(fulfilments(&bench)[2]["tracking_company"], "UPS");
    assert_eq!(bench.shopify.order(DOMAIN, bench.id).unwrap()["fulfillment_status"], "fulfilled");
    assert_eq!(bench.at_warehouse()["items"][0]["quantity"], 2, "the warehouse's order is not touched by it");
}

#[tokio::test]
async fn a_fulfilment_whose_answer_never_came_is_found_and_not_made_twice() {
    for effect in [Effect::CutBeforeCommit, Effect::CutAfterCommit] {
        let mut bench = carried().await;
        let first = line(&bench, 0);
        let shipment = ships(&mut bench, &usps("1").line(&first, 1));
        mutation_fails(&bench, effect.clone());
        assert_eq!(bench.attempt().await.label(), "retry");
        assert_eq!(told(&bench, &shipment), None);
        bench.pass(900);
        bench.done().await;
        assert_eq!(numbers(&bench), [(json!("1"), 1)], "{effect:?}");
        assert!(told(&bench, &shipment).is_some());
    }
}

#[tokio::test]
async fn a_worker_that_dies_after_telling_the_shop_changes_nothing_at_the_warehouse() {
    let mut bench = carried().await;
    let first = line(&bench, 0);
    ships(&mut bench, &usps("1").line(&first, 1));
    bench.attempt_and_die().await;
    bench.pass(900);
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 1)]);
    assert_eq!(bench.at_warehouse()["items"][0]["quantity"], 2, "what it shipped itself stays part of its order");
}

#[tokio::test]
async fn a_later_parcel_that_is_refused_does_not_forget_an_earlier_one() {
    let mut bench = carried().await;
    let (first, second) = (line(&bench, 0), line(&bench, 1));
    let one = ships(&mut bench, &usps("1").line(&first, 2));
    let two = ships(&mut bench, &usps("2").line(&second, 1));
    let refusal = json!({"data": {"fulfillmentCreate": {
        "fulfillment": null, "userErrors": [{"field": ["fulfillment"], "message": "The shop says no to 2"}],
    }}});
    let effect = Effect::Status { status: 200, body: refusal.to_string(), headers: vec![], commit: false };
    let refuses = |bench: &Bench, skip| bench.shopify.faults().push(Fault::next(effect.clone()).on(FULFIL).after(skip));
    refuses(&bench, 1);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TrackingRefused);
    assert!(says(&hold, &format!("shipment {two}"), "says no to …"), "{hold:?}");
    assert!(told(&bench, &one).is_some() && told(&bench, &two).is_none());
    // Approved, it is tried once more; refused again in the same words, it is left.
    bench.approve();
    refuses(&bench, 0);
    bench.done().await;
    assert_eq!((numbers(&bench), told(&bench, &two).as_deref()), (vec![(json!("1"), 2)], Some("not told")));
}

#[tokio::test]
async fn an_approved_parcel_is_told_if_the_shop_takes_it_now() {
    let mut bench = carried().await;
    ships(&mut bench, &usps("1"));
    let denied = json!({"data": {"fulfillmentCreate": null}, "errors": [
        {"message": "Access denied for fulfillmentCreate field", "extensions": {"code": "ACCESS_DENIED"}}]});
    mutation_fails(&bench, Effect::Status { status: 200, body: denied.to_string(), headers: vec![], commit: false });
    assert_eq!(bench.held().await.reason, HoldReason::TrackingRefused);
    bench.approve();
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 3)]);
}

#[tokio::test]
async fn a_shop_that_does_not_want_it_is_not_told() {
    let mut bench = carried().await;
    bench.shop.carriage.tracking.back = false;
    ships(&mut bench, &usps("1"));
    bench.done().await;
    assert_eq!((numbers(&bench).len(), bench.calls("shipments/list")), (0, 0));
}

#[tokio::test]
async fn an_order_that_is_found_shipped_is_told_of_without_any_notice() {
    let mut bench = carried().await;
    bench.shipstation.label(warehouse_order(&bench), &usps("1")).unwrap();
    bench.hear();
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 3)]);
}

#[tokio::test]
async fn a_label_that_was_taken_back_in_time_is_never_told_of() {
    let mut bench = carried().await;
    let wrong = ships(&mut bench, &usps("1"));
    bench.shipstation.void(wrong).unwrap();
    ships(&mut bench, &usps("2"));
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("2"), 3)]);
}

#[tokio::test]
async fn a_label_that_is_taken_back_after_the_shop_was_told_is_a_persons_business() {
    let mut bench = carried().await;
    let shipment = ships(&mut bench, &usps("1"));
    bench.done().await;
    bench.shipstation.void(shipment).unwrap();
    ships(&mut bench, &usps("2"));
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TrackingRefused);
    assert!(says(&hold, &format!("shipment {shipment}"), "cancel the fulfilment"), "{hold:?}");
    assert_eq!(numbers(&bench).len(), 1);
    bench.approve();
    bench.done().await;
    assert_eq!(told(&bench, &format!("voided/{shipment}")).as_deref(), Some("not told"));
    hears(&mut bench);
    bench.done().await;
}

#[tokio::test]
async fn what_was_fulfilled_by_hand_is_not_fulfilled_again() {
    for tracking in [Value::Null, json!({"number": "1", "company": "USPS"})] {
        let mut bench = carried().await;
        let act = Act::Fulfil { order: bench.id, part: 0, units: vec![], tracking };
        bench.shopify.act(DOMAIN, act).unwrap();
        let shipment = ships(&mut bench, &usps("1"));
        bench.done().await;
        assert_eq!(fulfilments(&bench).len(), 1);
        assert!(told(&bench, &shipment).is_some());
    }
}

#[tokio::test]
async fn an_order_that_was_marked_as_shipped_is_told_of_with_what_is_known() {
    for (number, effect) in [(Some("9"), None), (None, None), (None, Some(Effect::CutAfterCommit))] {
        let mut bench = carried().await;
        bench.shipstation.mark_as_shipped(warehouse_order(&bench), "fedex", number).unwrap();
        hears(&mut bench);
        if let Some(effect) = effect {
            mutation_fails(&bench, effect);
            assert_eq!(bench.attempt().await.label(), "retry");
            bench.pass(900);
        }
        bench.done().await;
        assert_eq!(numbers(&bench), [(json!(number), 3)]);
        assert!(!bench.job.shipped_untold);
    }
}

#[tokio::test]
async fn the_rest_of_an_order_that_was_marked_as_shipped_is_a_parcel() {
    let mut bench = carried().await;
    let first = line(&bench, 0);
    ships(&mut bench, &usps("1").line(&first, 1));
    bench.shipstation.mark_as_shipped(warehouse_order(&bench), "fedex", Some("2")).unwrap();
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 1), (json!("2"), 2)]);
}

#[tokio::test]
async fn parcels_that_do_not_say_what_they_hold_are_asked_about() {
    let mut bench = carried().await;
    let (first, second) = (line(&bench, 0), line(&bench, 1));
    ships(&mut bench, &usps("1").line(&first, 2));
    ships(&mut bench, &usps("2").line(&second, 1));
    let bare =
        |id: u64| json!({"shipmentId": id, "orderId": warehouse_order(&bench), "trackingNumber": id.to_string()});
    let page = json!({"shipments": [bare(1), bare(2)], "pages": 1});
    let effect = Effect::Status { status: 200, body: page.to_string(), headers: vec![], commit: false };
    bench.warehouse_fails("shipments/list", effect);
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::TrackingRefused);
    assert!(
        says(&hold, "shipment 1", "do not say") && says(&hold, "shipment 2", "unclear") && numbers(&bench).is_empty(),
        "{hold:?}"
    );
}

#[tokio::test]
async fn shipments_that_cannot_be_read_are_asked_for_again() {
    let mut bench = carried().await;
    ships(&mut bench, &usps("1"));
    bench.warehouse_fails(
        "shipments/list",
        Effect::Status { status: 500, body: String::new(), headers: vec![], commit: false },
    );
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.pass(900);
    bench.done().await;
    assert_eq!(numbers(&bench).len(), 1);
}

#[tokio::test]
async fn when_attempts_are_used_up_a_person_learns_that_the_shop_may_not_know() {
    let mut bench = carried().await;
    ships(&mut bench, &usps("1"));
    bench.look_up().await;
    assert_eq!((bench.job.state.kind(), numbers(&bench).len()), (StateKind::Held, 0));
    bench.approve();
    bench.done().await;
    assert_eq!(numbers(&bench).len(), 1);
}

#[tokio::test]
async fn what_ships_while_a_person_decides_is_told_afterwards() {
    let mut bench = carried().await;
    let first = line(&bench, 0);
    // Held for another reason.
    bench.rules(HoldRules { rules: vec![Rule::Everything {}], ..HoldRules::default() });
    bench.change(|order| order["note"] = json!("thanks"));
    bench.held().await;
    ships(&mut bench, &usps("1").line(&first, 1));
    bench.approve();
    bench.done().await;
    assert_eq!(numbers(&bench), [(json!("1"), 1)]);
}

#[tokio::test]
async fn an_imported_order_is_told_of_too() {
    let mut bench = Bench::start().await;
    bench.shipstation.add_importing_store(KEY, 31, "Acme", Importing::from_shop(DOMAIN));
    let order = bench.shopify.order(DOMAIN, bench.id).unwrap();
    bench.shipstation.import_order(DOMAIN, &order).unwrap();
    bench.shop.carriage.mode = Mode::Correct;
    bench.shop.carriage.store = Some(31);
    bench.shop.carriage.tracking.back = true;
    bench.pass(3600);
    bench.done().await;
    let shipment = ships(&mut bench, &usps("1"));
    bench.done().await;
    assert_eq!((fulfilments(&bench).len(), bench.calls("createorder")), (1, 0));
    assert!(told(&bench, &shipment).is_some());
}
