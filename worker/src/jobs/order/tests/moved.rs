//! A shop whose warehouse is changed: what is at the old one stays there.

use ::lane::attempt::AttemptKind;
use ::lane::hold::HoldReason;
use ::lane::id::AccountId;
use ::lane::outcome::{Outcome, PauseReason, Reach};
use serde_json::json;

use super::bench::Bench;
use crate::attempt::Carry as _;

async fn moved() -> (Bench, AccountId) {
    let mut bench = Bench::start().await;
    let old = bench.done().await.account;
    bench.shop.warehouse = AccountId::at("shipstation", "second");
    (bench, old)
}

#[tokio::test]
async fn an_order_is_changed_and_cancelled_at_the_warehouse_that_has_it() {
    let (mut bench, old) = moved().await;
    bench.change(|order| order["note"] = json!("changed"));
    assert_eq!(bench.orders.needs(&bench.shop, &bench.job, AttemptKind::Full)[1].account, old);
    assert_eq!(bench.done().await.account, old);
    assert_eq!(bench.at_warehouse()["customerNotes"], "changed");
    bench.change(|order| order["cancelled_at"] = json!("2026-11-20T10:00:00Z"));
    assert_eq!(bench.attempt().await.label(), "skip");
    assert_eq!(bench.at_warehouse()["orderStatus"], "cancelled");
}

#[tokio::test]
async fn an_order_that_is_gone_from_the_old_warehouse_is_written_again_at_the_new_one() {
    let (mut bench, old) = moved().await;
    bench.delete_at_warehouse().await;
    bench.change(|order| order["note"] = json!("where is it"));
    assert_eq!(bench.held().await.reason, HoldReason::InDoubt);
    bench.approve();
    assert_ne!(bench.done().await.account, old);
    let Reach::There(copy) = &bench.job.reach else { panic!("{:?}", bench.job.reach) };
    assert_eq!(copy.account, bench.shop.warehouse);
}

#[tokio::test]
async fn an_order_whose_warehouse_is_not_configured_any_more_pauses_the_lane() {
    let (mut bench, _) = moved().await;
    bench.change(|order| order["note"] = json!("changed"));
    let Reach::There(copy) = &mut bench.job.reach else { panic!() };
    copy.account = AccountId::at("shipstation", "closed");
    let Outcome::Pause { why: PauseReason::SecretMissing { reference }, .. } = bench.attempt().await else {
        panic!("no pause")
    };
    assert!(reference.contains("shipstation/closed"), "{reference}");
}
