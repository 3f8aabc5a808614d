//! Delivered once more, much later: after the four hours in which Shopify repeats itself, after a day, after a year, to a
//! program that was started again since.

use super::embedded::acme;
use super::harness::*;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use backend::embedded::ledger::{Ledger, OpenError};
use handler::{Settings, router};
use lane::clock::{Clock, ManualClock};
use lane::ports::{Registry, Work};
use secrecy::SecretString;

const HOUR: Duration = Duration::from_hours(1);

/// The handler in front of the ledger's file, as one start of the program has it.
async fn boot(path: &Path, clock: &Arc<ManualClock>) -> (World, Arc<Ledger>) {
    let ledger = loop {
        match Ledger::open(path, clock.as_ref()) {
            Ok(ledger) => break Arc::new(ledger),
            // The last start's writer ends on its own.
            Err(OpenError::InUse(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error}"),
        }
    };
    let world = World::new();
    let settings = Settings::new(vec![SecretString::from(SECRET)]).unwrap();
    let router = router(settings, ledger.clone(), world.queue.clone(), clock.clone());
    (World { router, ..world }, ledger)
}

/// What becomes of a webhook with these ids.
async fn outcome(world: &World, ids: Option<&str>, body: &str) -> String {
    let signature = sign(SECRET, body.as_bytes());
    let mut sent = request(&[
        ("X-Shopify-Hmac-Sha256", &signature),
        ("X-Shopify-Topic", "orders/create"),
        ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
    ]);
    if let Some(ids) = ids {
        sent = sent.header("X-Shopify-Webhook-Id", ids).header("X-Shopify-Event-Id", ids);
    }
    let answer = world.post(sent.body(Body::from(body.to_owned())).unwrap()).await;
    assert_eq!(answer.status, 200);
    answer.header("x-lanekeeper-outcome").unwrap().to_owned()
}

#[tokio::test]
async fn a_delivery_is_known_again_after_hours_days_and_a_year() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = Arc::new(ManualClock::starting(now()));
    let (world, ledger) = boot(&path, &clock).await;
    ledger.put_shop(&acme(), now()).await.unwrap();
    assert_eq!(outcome(&world, Some("first"), ORDER).await, "new");
    drop((world, ledger));
    for wait in [4 * HOUR, 20 * HOUR, 30 * 24 * HOUR, 365 * 24 * HOUR] {
        clock.advance(wait);
        let (world, ledger) = boot(&path, &clock).await;
        // Housekeeping drops what may be dropped; that this was here is not.
        ledger.expire(clock.now()).await.unwrap();
        assert_eq!(outcome(&world, Some("first"), ORDER).await, "duplicate", "{wait:?}: repeated as it was");
        // Somebody who has the signed body posts it with ids of his own, or with none.
        let replayed = format!("made-up-{}", wait.as_secs());
        assert_eq!(outcome(&world, Some(&replayed), ORDER).await, "duplicate", "{wait:?}: replayed");
        assert_eq!(outcome(&world, None, ORDER).await, "duplicate", "{wait:?}: replayed without ids");
        assert!(world.sent().is_empty(), "{wait:?}: nobody is woken");
    }
    let (world, _ledger) = boot(&path, &clock).await;
    assert_eq!(outcome(&world, Some("second"), &order(8)).await, "new", "others are still heard");
}

/// The queue was down for ten minutes: everything was accepted, and the sweep finds the lane, whose line is in order.
#[tokio::test]
async fn what_came_while_the_queue_was_down_is_swept_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::starting(now()));
    let (world, ledger) = boot(&folder.path().join("ledger.db"), &clock).await;
    ledger.put_shop(&acme(), now()).await.unwrap();
    world.queue_is(Mood::Unavailable);
    for id in 1..=20 {
        assert_eq!(outcome(&world, Some(&id.to_string()), &order(id)).await, "new");
        clock.advance(Duration::from_secs(30));
    }
    let swept = ledger.lanes_to_wake(clock.now(), 10).await.unwrap();
    assert_eq!(swept.sends.len(), 1, "one ring for the lane");
    let lane = swept.sends[0].wake_up.lane.clone();
    let until = lane::clock::after(clock.now(), Duration::from_secs(130));
    let lane::line::Leased::Yes(lease) = ledger.lease(&lane, "worker", clock.now(), until).await.unwrap() else {
        panic!("nobody else works on it");
    };
    for id in 1..=20 {
        let lane::ports::Head::Ready(next) = ledger.head(&lease, clock.now()).await.unwrap() else {
            panic!("there is work");
        };
        assert_eq!(next.id, job(id), "who came before goes before");
        let policy = lane::policy::Policy::default();
        ledger.begin(&lease, &next.id, policy, clock.now()).await.unwrap();
        let outcome = lane::outcome::Outcome::Skip(lane::shop::SkipReason::TestOrder);
        let (reach, learnt) = (next.reach.clone(), lane::outcome::Learnt::default());
        let report = lane::outcome::Report { outcome, reach, calls: Vec::new(), learnt };
        ledger.complete(&lease, &next.id, report, policy, 0.5, clock.now()).await.unwrap();
    }
}
