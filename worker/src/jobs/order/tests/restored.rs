//! Orders that the ledger has forgotten, because a backup of it was put in place.

use ::lane::hold::HoldReason;
use ::lane::job::Job;
use ::lane::outcome::{Outcome, Reach};
use serde_json::{Value, json};
use simulators::faults::Effect;

use super::bench::{Bench, says};

/// An order that was carried out, and a ledger from before.
async fn forgotten() -> Bench {
    let mut bench = Bench::start().await;
    let before: Job = bench.job.clone();
    bench.done().await;
    bench.job = before;
    bench.job.doubt();
    assert_eq!((&bench.job.reach, bench.job.restored), (&Reach::Unresolved, true));
    bench
}

fn corrects(order: &mut Value) {
    order["shipTo"]["city"] = json!("Salem");
    order["items"][0]["quantity"] = json!(7);
}

#[tokio::test]
async fn what_stands_there_as_the_shop_says_it_is_done_with_by_one_look() {
    let mut bench = forgotten().await;
    let (stood, calls) = (bench.at_warehouse(), bench.traffic());
    bench.done().await;
    assert_eq!(bench.at_warehouse(), stood);
    assert_eq!(bench.traffic(), [calls[0], calls[1], calls[2] + 1], "nothing was written");
    assert!(!bench.job.restored, "from here on it is known");
    // What the shop changes later goes there, and what the warehouse changes stays, as always.
    bench.warehouse_changes(|order| order["shipTo"]["city"] = json!("Salem"));
    bench.change(|order| order["note"] = json!("ring twice"));
    bench.done().await;
    let stands = bench.at_warehouse();
    assert_eq!((&stands["customerNotes"], &stands["shipTo"]["city"]), (&json!("ring twice"), &json!("Salem")));
}

#[tokio::test]
async fn what_stands_there_otherwise_is_asked_about_and_stays_if_that_is_accepted() {
    let mut bench = forgotten().await;
    bench.warehouse_changes(corrects);
    let changed = bench.at_warehouse();
    // The hold does not come through at first; nobody is asked while it may ship.
    bench.warehouse_fails(
        "createorder",
        Effect::Status { status: 503, body: "{}".into(), headers: vec![], commit: false },
    );
    assert_eq!(bench.attempt().await.label(), "retry");
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(hold.evidence.iter().any(|fact| fact.value.contains("put back from a backup")), "{:?}", hold.evidence);
    assert!(says(&hold, "at the warehouse", "it was there already, and was put on hold"), "{:?}", hold.evidence);
    let mut on_hold = bench.at_warehouse();
    assert_eq!(on_hold["orderStatus"], "on_hold");
    // The total is the warehouse's own sum, made at each write.
    for name in ["orderStatus", "modifyDate", "holdUntilDate", "orderTotal"] {
        on_hold[name] = changed[name].clone();
    }
    assert_eq!(on_hold, changed, "only the hold was written");
    bench.approve();
    bench.done().await;
    let stands = bench.at_warehouse();
    assert_eq!(stands["orderStatus"], "awaiting_shipment");
    assert_eq!((&stands["shipTo"], &stands["items"]), (&changed["shipTo"], &changed["items"]));
}

#[tokio::test]
async fn what_changes_while_somebody_thinks_is_asked_about_anew() {
    let mut bench = forgotten().await;
    bench.warehouse_changes(corrects);
    bench.held().await;
    bench.warehouse_changes(|order| order["shipTo"]["city"] = json!("Boston"));
    bench.approve();
    bench.held().await;
    assert_eq!(bench.at_warehouse()["shipTo"]["city"], "Boston");
    bench.approve();
    bench.done().await;
    assert_eq!(bench.at_warehouse()["shipTo"]["city"], "Boston");
}

#[tokio::test]
async fn what_never_went_there_goes_there_once() {
    let mut bench = Bench::start().await;
    bench.job.doubt();
    bench.done().await;
    assert_eq!(bench.traffic(), [1, 1, 1]);
    bench.at_warehouse();
}

#[tokio::test]
async fn what_a_person_refuses_is_taken_back_although_nobody_knew_that_it_is_there() {
    let mut bench = forgotten().await;
    bench.warehouse_changes(corrects);
    bench.held().await;
    bench.reject();
    assert!(matches!(bench.attempt().await, Outcome::Withdrawn));
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}
