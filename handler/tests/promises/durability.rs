//! A 2xx means that the ledger has it; the queue has no say in that.

use super::harness::*;

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use lane::id::CorrelationId;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

#[tokio::test]
async fn a_webhook_is_recorded_whole_then_its_lane_is_woken() {
    let world = World::new();
    let answer = world.post(signed(ORDER)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));

    let recorded = world.recorded();
    let webhook = &recorded[0];
    let body_hash: [u8; 32] = Sha256::digest(ORDER).into();
    assert_eq!((webhook.merchant.as_str(), webhook.topic.as_str()), ("acme.myshopify.com", "orders/create"));
    assert_eq!((webhook.body_hash, &webhook.body[..]), (body_hash, ORDER.as_bytes()));
    assert_eq!(webhook.received_at, now());
    assert_eq!(webhook.correlation, CorrelationId::of(&body_hash, now()));
    assert_eq!(answer.header("x-correlation-id"), Some(webhook.correlation.as_str()));
    assert_eq!(news(webhook).number, "#1001");
    assert_eq!(world.sent(), ["5123456789012345678"]);
}

#[tokio::test(start_paused = true)]
async fn without_the_ledger_the_platform_is_told_to_send_again_and_nothing_is_sent() {
    for mood in [Mood::Unavailable, Mood::Stopped, Mood::Hangs, Mood::Panics] {
        let world = World::new();
        world.ledger_is(mood);
        let begun = Instant::now();
        let answer = world.post(signed(order(1))).await;
        assert!(answer.says_later(), "{mood:?}: {}", answer.status);
        assert!(answer.body.ends_with("send it again later.\n"), "{mood:?}: {}", answer.body);
        assert!(answer.header("x-correlation-id").is_some(), "{mood:?}");
        assert_eq!(world.sent(), [""; 0], "{mood:?}");
        assert!(begun.elapsed() <= Duration::from_secs(4), "{mood:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_leaves_the_ledger_only_the_time_that_remains() {
    let world = World::with(|settings| settings.read_deadline = Duration::from_secs(10));
    world.ledger_is(Mood::Hangs);
    let begun = Instant::now();
    let (head, _) = signed(order(1)).into_parts();
    let late = futures::stream::once(async {
        tokio::time::sleep(Duration::from_millis(3_900)).await;
        Ok::<_, std::io::Error>(order(1))
    });
    let answer = world.post(Request::from_parts(head, Body::from_stream(late))).await;
    assert!(answer.says_later());
    assert_eq!(world.recorded().len(), 1);
    assert_eq!(begun.elapsed().as_millis(), 4_000);
}

#[tokio::test(start_paused = true)]
async fn no_2xx_comes_after_the_deadline() {
    let world = World::with(|settings| settings.answer_deadline = Duration::ZERO);
    assert!(!(200..300).contains(&world.post(signed(order(1))).await.status));
    assert!(world.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_queue_the_answer_is_the_same_and_comes_in_time() {
    for mood in [Mood::Unavailable, Mood::Stopped, Mood::Hangs] {
        let world = World::new();
        world.queue_is(mood);
        let begun = Instant::now();
        for id in 1..4 {
            let answer = world.post(signed(order(id))).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{mood:?}");
        }
        assert_eq!((world.recorded().len(), world.sent().len()), (3, 3), "{mood:?}");
        assert!(begun.elapsed() <= Duration::from_millis(1_500), "{mood:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_queue_cannot_push_the_answer_past_the_deadline() {
    let world = World::with(|settings| settings.answer_deadline = Duration::from_millis(200));
    world.queue_is(Mood::Hangs);
    let begun = Instant::now();
    assert_eq!(world.post(signed(order(1))).await.status, 200);
    assert_eq!(begun.elapsed().as_millis(), 200);
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_webhook_is_served() {
    let world = World::with(|settings| settings.in_flight_max = 1);
    world.ledger_is(Mood::Panics);
    for _ in 0..3 {
        let answer = world.post(signed(order(1))).await;
        assert!(answer.says_later());
        assert!(!answer.body.contains("defect"));
    }
    world.ledger_is(Mood::Well);
    assert_eq!(world.post(signed(order(1))).await.status, 200);
}

#[tokio::test]
async fn only_a_post_is_a_webhook() {
    let get = Request::get("/webhooks/shopify").body(Body::empty()).unwrap();
    assert_eq!(World::new().post(get).await.status, 405);
}
