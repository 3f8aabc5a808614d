//! From the wire to the file: the handler in front of the embedded ledger.

use super::harness::*;
use super::topics::EVERY;

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use backend::embedded::ledger::Ledger;
use handler::{Settings, router};
use lane::carriage::Carriage;
use lane::clock::{ManualClock, Timestamp};
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::policy::Policy;
use lane::ports::{Desk, Registry};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use lane::state::StateKind;
use lane::view::{Page, QuarantineReason};
use secrecy::SecretString;

pub(super) fn acme() -> Shop {
    Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec!["acme.myshopify.com".to_owned()],
        token: SecretRef::Env("TOKEN".to_owned()),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at: now(),
    }
}

async fn world(path: &Path) -> (World, Arc<Ledger>) {
    let clock = ManualClock::starting(now());
    let ledger = Arc::new(Ledger::open(path, &clock).unwrap());
    ledger.put_shop(&acme(), now()).await.unwrap();
    let world = World::new();
    let settings = Settings::new(vec![SecretString::from(SECRET)]).unwrap();
    let router = router(settings, ledger.clone(), world.queue.clone(), Arc::new(clock));
    (World { router, ..world }, ledger)
}

async fn state(ledger: &Ledger, id: u64) -> Option<(StateKind, u64)> {
    let lane = LaneKey::orders(&acme().id);
    let job = ledger.job(&lane, &JobId::from(id)).await.unwrap();
    job.map(|job| (job.state.kind(), job.version))
}

#[tokio::test]
async fn what_was_answered_200_is_in_the_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let (world, ledger) = world(&folder.path().join("ledger.db")).await;
    let id = 5_123_456_789_012_345_678;
    let shipped = ORDER
        .replace(r#""fulfillment_status": null"#, r#""fulfillment_status": "fulfilled""#)
        .replace("vip, winter", "vip, sent")
        .replace("09:15:03+01:00", "09:20:00+01:00");
    let moved = shipped.replace("Am Kai 7", "Am Kai 8").replace("09:20:00", "09:25:00");
    let steps = [
        ("accepted", "orders/create", ORDER, 1, 1),
        ("repeated", "orders/create", ORDER, 1, 1),
        ("the same order, another topic", "orders/paid", ORDER, 1, 1),
        ("only what the warehouse writes", "orders/updated", &shipped, 1, 1),
        ("a new address", "orders/updated", &moved, 2, 2),
        ("the old news again, late", "orders/cancelled", ORDER, 2, 2),
    ];
    for (n, (what, topic, body, version, wake_ups)) in steps.into_iter().enumerate() {
        let signature = sign(SECRET, body.as_bytes());
        // Each delivery has ids of its own; a repetition is still known by its body.
        let delivery = n.to_string();
        let sent = request(&[
            ("X-Shopify-Hmac-Sha256", &signature),
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Shop-Domain", "Acme.myshopify.com"),
            ("X-Shopify-Webhook-Id", &delivery),
        ]);
        assert_eq!(world.post(sent.body(Body::from(body.to_owned())).unwrap()).await.status, 200);
        assert_eq!(state(&ledger, id).await, Some((StateKind::Waiting, version)), "{what}");
        assert_eq!(world.sent().len(), wake_ups, "{what}");
    }
    assert_eq!(world.sent(), ["5123456789012345678", "5123456789012345678-retry"]);
}

#[tokio::test]
async fn what_is_not_understood_and_whose_shop_is_unknown_waits_in_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let (world, ledger) = world(&folder.path().join("ledger.db")).await;
    assert_eq!(world.post(signed("canary")).await.status, 200);
    let body = order(1);
    let signature = sign(SECRET, body.as_bytes());
    for merchant in ["stranger.myshopify.com", ""] {
        let sent = request(&[
            ("X-Shopify-Hmac-Sha256", &signature),
            ("X-Shopify-Topic", "orders/create"),
            ("X-Shopify-Shop-Domain", merchant),
        ]);
        assert_eq!(world.post(sent.body(Body::from(body.clone())).unwrap()).await.status, 200);
    }
    let kept = ledger.quarantined(&Page::default()).await.unwrap().rows;
    let kept: Vec<_> = kept.iter().map(|kept| (kept.merchant.as_str(), kept.why)).collect();
    let expected = [
        ("acme.myshopify.com", QuarantineReason::Unreadable),
        ("stranger.myshopify.com", QuarantineReason::UnknownShop),
    ];
    assert_eq!(kept[..2], expected);
    assert_eq!((kept.len(), kept[2].0), (3, ""), "kept although nobody is named");
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn a_hundred_copies_at_once_are_one_job_and_one_wake_up() {
    let folder = tempfile::tempdir().unwrap();
    let (world, ledger) = world(&folder.path().join("ledger.db")).await;
    let copies = (0..100).map(|_| world.post(signed(order(9))));
    let answers = futures::future::join_all(copies).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(state(&ledger, 9).await, Some((StateKind::Waiting, 1)));
    assert_eq!(world.sent(), ["9"]);
    let figures = ledger.figures(Timestamp::MAX).await.unwrap();
    let count = |what: &str| figures.webhooks.iter().find(|(word, _)| word == what).map(|found| found.1);
    assert_eq!((count("new"), count("duplicate")), (Some(1), Some(99)));
}

/// What became of a webhook, told as Shopify would: each delivery has an id of its own, an event keeps its id.
async fn outcome(world: &World, topic: &str, body: &str, delivery: &str, event: &str) -> String {
    let signature = sign(SECRET, body.as_bytes());
    let sent = request(&[
        ("X-Shopify-Hmac-Sha256", &signature),
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
        ("X-Shopify-Webhook-Id", delivery),
        ("X-Shopify-Event-Id", event),
    ]);
    let answer = world.post(sent.body(Body::from(body.to_owned())).unwrap()).await;
    assert_eq!(answer.status, 200, "{topic}");
    answer.header("x-lanekeeper-outcome").unwrap().to_owned()
}

#[tokio::test]
async fn every_topic_is_recorded_once_however_often_it_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _ledger) = world(&folder.path().join("ledger.db")).await;
    for (n, (topic, body)) in EVERY.into_iter().enumerate() {
        let (delivery, event) = (format!("w{n}"), format!("e{n}"));
        let first = outcome(&world, topic, body, &delivery, &event).await;
        assert_ne!(first, "duplicate", "{topic}");
        assert_eq!(outcome(&world, topic, body, &delivery, &event).await, "duplicate", "{topic}: repeated");
        let again = outcome(&world, topic, body, &format!("w{n}-2"), &event).await;
        assert_eq!(again, "duplicate", "{topic}: a second subscription");
    }
}

#[tokio::test]
async fn a_change_that_happens_twice_is_two_facts_although_its_body_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (world, ledger) = world(&folder.path().join("ledger.db")).await;
    assert_eq!(outcome(&world, "orders/create", &order(9), "w1", "e1").await, "new");
    // The third is no duplicate; it says nothing new of an order that is about to be looked at anyway.
    for (event, expected) in [("e2", "newer"), ("e2", "duplicate"), ("e3", "unchanged")] {
        let body = r#"{"order_edit":{"order_id":9}}"#;
        let became = outcome(&world, "orders/edited", body, &format!("w-{event}"), event).await;
        assert_eq!(became, expected, "{event}");
        assert_eq!(state(&ledger, 9).await, Some((StateKind::Waiting, 2)), "{event}");
    }
    let stranger = r#"{"order_edit":{"order_id":10}}"#;
    assert_eq!(outcome(&world, "orders/edited", stranger, "w4", "e4").await, "unchanged");
    assert_eq!(state(&ledger, 10).await, None, "an order never starts with its edit");
}

#[tokio::test]
async fn closing_and_asking_are_said_in_one_word_each() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _ledger) = world(&folder.path().join("ledger.db")).await;
    let body = |topic: &str| EVERY.into_iter().find(|(known, _)| *known == topic).unwrap().1;
    assert_eq!(outcome(&world, "orders/create", ORDER, "w1", "e1").await, "new");
    for (n, topic) in ["customers/data_request", "customers/redact"].into_iter().enumerate() {
        let became = outcome(&world, topic, body(topic), &format!("w2{n}"), &format!("e2{n}")).await;
        assert_eq!(became, "asked", "{topic}");
    }
    assert_eq!(outcome(&world, "app/uninstalled", body("app/uninstalled"), "w3", "e3").await, "closed");
    assert_eq!(outcome(&world, "shop/redact", body("shop/redact"), "w4", "e4").await, "asked");
}
