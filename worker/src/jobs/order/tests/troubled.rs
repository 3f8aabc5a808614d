//! Providers that are down, slow, busy or unwilling.

use ::lane::clock::Clock as _;
use ::lane::outcome::{Outcome, PauseReason, Reach};
use serde_json::json;
use simulators::faults::Effect;

use super::bench::{Bench, DOMAIN};

#[tokio::test]
async fn a_busy_warehouse_is_left_alone_until_its_window_resets() {
    let mut bench = Bench::start().await;
    bench.warehouse_fails("createorder", Effect::Throttle { retry_after_seconds: 37 });
    let Outcome::Wait { until, stops, .. } = bench.attempt().await else { panic!("no wait") };
    assert!(stops);
    assert_eq!(until.duration_since(bench.clock.now()).as_secs(), 37);
    assert_eq!(bench.job.attempts, 0);
    assert_eq!(bench.job.reach, Reach::Untouched);
    // Before that not even a call is made.
    bench.pass(36);
    assert_eq!(bench.attempt().await.label(), "wait");
    assert_eq!(bench.calls("createorder"), 1);
    bench.pass(2);
    bench.done().await;
}

#[tokio::test]
async fn a_busy_shop_is_left_alone_too() {
    let mut bench = Bench::start().await;
    bench.shop_fails(Effect::Throttle { retry_after_seconds: 5 });
    assert_eq!(bench.attempt().await.label(), "wait");
    assert_eq!(bench.attempt().await.label(), "wait");
    assert_eq!(bench.shopify.journal().call_count(), 1);
    bench.pass(6);
    bench.done().await;
}

#[tokio::test]
async fn refused_credentials_pause_the_lane_and_use_up_no_attempt() {
    let mut bench = Bench::start().await;
    bench.shopify.revoke(DOMAIN);
    let Outcome::Pause { why, until } = bench.attempt().await else { panic!("no pause") };
    assert_eq!((why, until), (PauseReason::TokenRefused { account: bench.shop.platform_account() }, None));
    bench.shopify.add_shop(DOMAIN, "token");
    bench.shipstation.revoke("key");
    let Outcome::Pause { why, .. } = bench.attempt().await else { panic!("no pause") };
    assert_eq!(why, PauseReason::TokenRefused { account: bench.shop.warehouse.clone() });
    assert_eq!(bench.job.attempts, 0);
    assert_eq!(bench.job.reach, Reach::Untouched);
}

#[tokio::test]
async fn a_missing_secret_or_account_pauses_the_lane_and_is_named() {
    let mut bench = Bench::start().await;
    bench.shop.token = "file:/no/such/token".parse().unwrap();
    let Outcome::Pause { why: PauseReason::SecretMissing { reference }, .. } = bench.attempt().await else {
        panic!("no pause")
    };
    assert_eq!(reference, "file:/no/such/token");
    bench.shop.warehouse = ::lane::id::AccountId::at("shipstation", "other");
    let Outcome::Pause { why: PauseReason::SecretMissing { reference }, .. } = bench.attempt().await else {
        panic!("no pause")
    };
    assert!(reference.contains("shipstation/other"), "{reference}");
    assert_eq!(bench.shopify.journal().call_count(), 0);
}

#[tokio::test]
async fn a_shop_that_answers_with_nothing_usable_is_asked_again_later() {
    for effect in [
        Effect::Html200,
        Effect::CutBeforeCommit,
        Effect::HalfBody,
        Effect::Status { status: 502, body: String::new(), headers: vec![], commit: false },
    ] {
        let mut bench = Bench::start().await;
        bench.shop_fails(effect.clone());
        assert_eq!(bench.attempt().await.label(), "retry", "{effect:?}");
        assert_eq!(bench.job.reach, Reach::Untouched, "{effect:?}");
        assert!(!bench.marked, "{effect:?}");
        bench.done().await;
    }
}

#[tokio::test]
async fn a_provider_that_is_down_was_never_reached() {
    let mut bench = Bench::start().await;
    bench.shipstation.stop().await;
    assert_eq!(bench.attempt().await.label(), "retry");
    assert_eq!(bench.job.reach, Reach::Untouched);
    bench.shopify.stop().await;
    assert_eq!(bench.attempt().await.label(), "retry");
}

#[tokio::test]
async fn a_call_is_not_begun_when_the_lease_is_nearly_over() {
    let mut bench = Bench::start().await;
    bench.lease_seconds = 0;
    assert_eq!(bench.attempt().await.label(), "retry");
    assert_eq!(bench.shopify.journal().call_count(), 0);
}

#[tokio::test]
async fn a_call_ends_before_the_lease_does() {
    let mut bench = Bench::start().await;
    bench.lease_seconds = 1;
    bench.warehouse_fails("createorder", Effect::Hang(std::time::Duration::from_secs(30)));
    assert_eq!(bench.attempt().await.label(), "retry");
    assert_eq!(bench.job.reach, Reach::Unresolved);
}

#[tokio::test]
async fn data_that_the_warehouse_refuses_is_a_question_for_a_person() {
    let mut bench = Bench::start().await;
    // A store that the account does not have.
    bench.shop.carriage.store = Some(404);
    let hold = bench.held().await;
    assert_eq!(hold.reason, ::lane::hold::HoldReason::NotCarriable);
    assert!(hold.evidence[0].value.contains("storeId"), "{:?}", hold.evidence);
    assert_eq!(bench.job.reach, Reach::Untouched);
}

#[tokio::test]
async fn an_order_that_the_shop_does_not_show_is_asked_for_once_more_and_then_skipped() {
    let mut bench = Bench::start().await;
    let order = bench.shopify.remove_order(DOMAIN, bench.job.id.as_str().parse().unwrap()).unwrap();
    let Outcome::Retry { after, .. } = bench.attempt().await else { panic!("no retry") };
    assert_eq!(after.unwrap().as_secs(), 10);
    bench.pass(60);
    assert_eq!(bench.attempt().await, Outcome::Skip(::lane::shop::SkipReason::UnknownToShop));

    let mut bench = Bench::with_order(order.clone()).await;
    bench.shopify.remove_order(DOMAIN, order["id"].as_u64().unwrap());
    bench.attempt().await;
    bench.shopify.put_order(DOMAIN, order);
    bench.done().await;
}

#[tokio::test]
async fn an_order_that_the_shop_does_not_show_yet_is_asked_for_again_though_attempts_were_used() {
    let mut bench = Bench::start().await;
    bench.shop_fails(Effect::Html200);
    assert_eq!(bench.attempt().await.label(), "retry");
    let order = bench.shopify.remove_order(DOMAIN, bench.id).unwrap();
    assert_eq!(bench.attempt().await.label(), "retry");
    bench.shopify.put_order(DOMAIN, order);
    bench.done().await;
}

#[tokio::test]
async fn a_shop_that_is_behind_its_own_webhook_is_asked_again() {
    let mut bench = Bench::start().await;
    bench.pass(3);
    bench.hear();
    let Outcome::Retry { after, error } = bench.attempt().await else { panic!("the old version was judged") };
    assert_eq!(after.map(|wait| wait.as_secs()), Some(5));
    assert!(error.words.contains("older version"), "{}", error.words);
    let Outcome::Retry { after: None, .. } = bench.attempt().await else { panic!("the schedule does not decide") };
    assert_eq!((bench.job.attempts, bench.traffic()), (2, [0, 0, 0]));
    assert_eq!(bench.job.reach, Reach::Untouched);
    bench.shopify.change_order(DOMAIN, bench.id, |_| {}).unwrap();
    bench.done().await;
}

#[tokio::test]
async fn a_shop_that_is_moved_frozen_or_locked_pauses_its_lane_and_says_what_to_do() {
    for (status, says) in [(301, ".myshopify.com"), (402, "plan"), (404, "domain"), (423, "locked")] {
        let mut bench = Bench::start().await;
        bench.shop_fails(Effect::Status { status, body: String::new(), headers: vec![], commit: false });
        let Outcome::Pause { why, until: None } = bench.attempt().await else { panic!("no pause for {status}") };
        let PauseReason::ProviderRefuses { account, words } = why else { panic!("{why:?}") };
        assert_eq!(account, bench.shop.platform_account());
        assert!(words.contains(says), "{words}");
        assert_eq!(bench.job.attempts, 0);
        bench.done().await;
    }
}

#[tokio::test]
async fn an_order_that_vanished_after_it_was_written_is_a_question_for_a_person() {
    let mut bench = Bench::start().await;
    bench.done().await;
    bench.change(|order| order["note"] = json!("soon gone"));
    bench.shopify.remove_order(DOMAIN, bench.job.id.as_str().parse().unwrap());
    assert_eq!(bench.held().await.reason, ::lane::hold::HoldReason::InDoubt);
    assert_eq!(bench.at_warehouse()["orderStatus"], "awaiting_shipment");
    bench.approve();
    assert_eq!(bench.attempt().await.label(), "skip");
}

/// Names, addresses and tokens are in every order; none of them is in what an attempt reports.
#[tokio::test]
async fn no_report_names_a_person_or_a_secret() {
    let mut bench = Bench::with(|order| {
        order["shipping_address"]["name"] = json!("Canary Person");
        order["shipping_address"]["address1"] = json!("1 Canary Street");
        order["email"] = json!("canary@example.com");
        order["note"] = json!("canary note");
    })
    .await;
    for effect in [
        Effect::Status {
            status: 400,
            body: json!({"Message": "Bad: Canary Person, 1 Canary Street, canary@example.com"}).to_string(),
            headers: vec![],
            commit: false,
        },
        Effect::CutAfterCommit,
        Effect::Html200,
    ] {
        bench.warehouse_fails("createorder", effect);
        bench.attempt().await;
        let told = format!("{:?}", bench.report).to_lowercase();
        for secret in ["canary", "token\n", "shpat", "basic "] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        bench.job.state = ::lane::state::State::READY;
        bench.pass(120);
    }
}
