//! Webhooks that say that an order changed without carrying it: always a new version, never a new order.

use std::time::Duration;

use lane::clock::after;
use lane::history::Happened;
use lane::hold::HoldReason;
use lane::id::{Fingerprint, JobId};
use lane::outcome::{Learnt, Outcome, Reach};
use lane::ports::{Complete, Recorded};
use lane::state::StateKind;
use lane::webhook::{Content, Named};

use super::Case;
use super::endings::{completes_knowing, done};
use super::news::{News, told};
use super::scene::{Scene, hash, lane, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a touch is always a new version", |scene| Box::pin(always_new(scene))),
        ("a touch by a part reaches its order", |scene| Box::pin(by_part(scene))),
        ("an order never starts from a touch", |scene| Box::pin(never_starts(scene))),
        ("a touch during the attempt reopens the job", |scene| Box::pin(during_attempt(scene))),
        ("a part that is touched before it is known is not forgotten", |scene| Box::pin(before_known(scene))),
        ("what waits goes on when it is touched", |scene| Box::pin(waits_no_longer(scene))),
        ("a hold that is released again is looked at again", |scene| Box::pin(released_again(scene))),
        ("a captured touch cannot be posted without end", |scene| Box::pin(posted_again(scene))),
        ("a touch waits for its shop like any webhook", |scene| Box::pin(unknown_shop(scene))),
    ]
}

fn order(id: u64) -> Content {
    Content::Touched(Named::Order(JobId::from(id)))
}

fn part(id: &str) -> Content {
    Content::Touched(Named::Part(id.to_owned()))
}

fn parts(ids: &[&str]) -> Learnt {
    Learnt { parts: ids.iter().map(|id| (*id).to_owned()).collect(), ..Learnt::default() }
}

async fn always_new(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    let touched = told(&scene, "acme", "fulfillment_orders/moved", order(1)).await;
    let Recorded::Newer { state: StateKind::Waiting, send: Some(send), .. } = touched else { panic!("{touched:?}") };
    assert_eq!(send.dedup.as_str(), "1-retry");
    assert_eq!(scene.job("acme", 1).await.version, 2);
    assert!(scene.job("acme", 1).await.place > scene.job("acme", 2).await.place, "reopened goes to the end");
    let timeline = scene.ports.desk.timeline(&lane("acme"), &JobId::from(1)).await.expect("a timeline");
    let last = &timeline.last().expect("an entry").what;
    assert!(
        matches!(last, Happened::Newer { topic, version: 2, .. } if topic == "fulfillment_orders/moved"),
        "{last:?}"
    );
    let again = told(&scene, "acme", "fulfillment_orders/moved", order(1)).await;
    assert_eq!(again, Recorded::Duplicate, "the same body");
    scene.pass(1);
    told(&scene, "acme", "fulfillment_orders/moved", order(1)).await;
    assert_eq!(scene.job("acme", 1).await.version, 3, "it says nothing to compare, so it is new");
    assert_eq!((scene.webhooks("newer").await, scene.webhooks("duplicate").await), (2, 1));
    scene.conserves().await;
}

async fn by_part(scene: Scene) {
    for shop in ["acme", "bolt"] {
        scene.shop(shop).await;
        orders(&scene, shop, [1, 2]).await;
    }
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    completes_knowing(&scene, &lease, 1, done(), parts(&["part/1", "part/2"])).await;
    for id in ["part/1", "part/2"] {
        let touched = told(&scene, "acme", "fulfillment_orders/moved", part(id)).await;
        assert!(matches!(touched, Recorded::Newer { .. }), "{id}: {touched:?}");
    }
    assert_eq!(scene.job("acme", 1).await.version, 3);
    assert_eq!(scene.job("acme", 2).await.version, 1);
    let elsewhere = told(&scene, "bolt", "fulfillment_orders/moved", part("part/1")).await;
    assert_eq!(elsewhere, Recorded::Unchanged, "another shop's part is another part");
    assert_eq!(scene.job("bolt", 1).await.version, 1);
}

async fn never_starts(scene: Scene) {
    scene.shop("acme").await;
    for content in [order(1), part("part/1")] {
        assert_eq!(told(&scene, "acme", "fulfillment_orders/moved", content).await, Recorded::Unchanged);
    }
    let job = scene.ports.desk.job(&lane("acme"), &JobId::from(1)).await.expect("an answer");
    assert_eq!(job, None);
    assert_eq!(scene.webhooks("unchanged").await, 2, "they are kept all the same");
    assert!(matches!(scene.hears("acme", &News::of(1)).await, Recorded::New { .. }));
    let unknown = told(&scene, "acme", "fulfillment_orders/moved", order(2)).await;
    assert_eq!(unknown, Recorded::Unchanged, "another order of the lane");
    assert_eq!(scene.job("acme", 1).await.version, 1);
}

async fn during_attempt(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let touched = told(&scene, "acme", "fulfillment_orders/moved", order(1)).await;
    assert!(matches!(touched, Recorded::Newer { state: StateKind::Attempting, send: None, .. }), "{touched:?}");
    let (outcome, reach) = done();
    let completed = scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Waiting, reopened: true });
}

async fn before_known(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    told(&scene, "acme", "fulfillment_orders/moved", part("part/2")).await;
    scene.pass(1);
    scene.begins(&lease, 1).await;
    scene.pass(1);
    // The attempt may have looked already; nobody knows yet that it is this order's part.
    let touched = told(&scene, "acme", "fulfillment_orders/moved", part("part/1")).await;
    assert_eq!(touched, Recorded::Unchanged);
    let completed = completes_knowing(&scene, &lease, 1, done(), parts(&["part/1"])).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Waiting, reopened: true });

    scene.pass(1);
    scene.begins(&lease, 2).await;
    let completed = completes_knowing(&scene, &lease, 2, done(), parts(&["part/2"])).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Done, reopened: false }, "it looked after the touch");
    scene.begins(&lease, 1).await;
    let completed = completes_knowing(&scene, &lease, 1, done(), parts(&["part/1"])).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Done, reopened: false }, "one touch is one reason");
}

async fn waits_no_longer(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let until = after(scene.now(), Duration::from_hours(5));
    let outcome = Outcome::Wait { until, why: "its parts are on hold".to_owned(), stops: false };
    scene.attempts(&lease, 1, outcome, Reach::Untouched).await;
    assert_eq!(scene.head(&lease).await, None);
    told(&scene, "acme", "fulfillment_orders/hold_released", order(1)).await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
}

/// A touch of order 1 with the body that it always has, and an event of its own.
async fn with_event(scene: &Scene, topic: &str, event: &str) -> Recorded {
    let mut webhook = scene.webhook("acme", &News::of(0).ids(None, Some(event)));
    topic.clone_into(&mut webhook.topic);
    webhook.body_hash = hash(topic.as_bytes());
    webhook.content = order(1);
    scene.ports.intake.record(webhook).await.expect("the webhook is recorded")
}

fn on_hold(scene: &Scene) -> Outcome {
    let until = after(scene.now(), Duration::from_hours(5));
    Outcome::Wait { until, why: "its parts are on hold".to_owned(), stops: false }
}

async fn released_again(scene: Scene) {
    const RELEASED: &str = "fulfillment_orders/hold_released";
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    scene.attempts(&lease, 1, on_hold(&scene), Reach::Untouched).await;
    for (topic, event) in [(RELEASED, "e1"), ("fulfillment_orders/placed_on_hold", "e2"), (RELEASED, "e3")] {
        let touched = with_event(&scene, topic, event).await;
        assert!(matches!(touched, Recorded::Newer { .. }), "{event}: {touched:?}");
        assert_eq!(scene.head(&lease).await.as_deref(), Some("1"), "{event}");
        scene.attempts(&lease, 1, on_hold(&scene), Reach::Untouched).await;
    }
    // The third of one body within minutes ends the wait when it is its time; nothing is lost.
    assert_eq!(with_event(&scene, RELEASED, "e4").await, Recorded::Unchanged);
    assert_eq!(scene.head(&lease).await, None);
    scene.pass(10 * 60);
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
    scene.conserves().await;
}

async fn posted_again(scene: Scene) {
    const EDITED: &str = "orders/edited";
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    assert!(matches!(with_event(&scene, EDITED, "e0").await, Recorded::Newer { .. }));
    let mut looks = 0;
    for n in 1..=20 {
        if scene.job("acme", 1).await.state.kind() == StateKind::Waiting {
            let (outcome, reach) = done();
            scene.attempts(&lease, 1, outcome, reach).await;
        }
        let touched = with_event(&scene, EDITED, &format!("forged {n}")).await;
        looks += u32::from(matches!(touched, Recorded::Newer { .. }));
    }
    assert_eq!(looks, 1, "twenty copies within a moment are one look");
    let mut without_an_event = scene.webhook("acme", &News::of(0));
    EDITED.clone_into(&mut without_an_event.topic);
    without_an_event.body_hash = hash(EDITED.as_bytes());
    without_an_event.content = order(1);
    let recorded = scene.ports.intake.record(without_an_event).await.expect("the webhook is recorded");
    assert_eq!(recorded, Recorded::Duplicate, "without an event id the body tells");
    scene.pass(10 * 60);
    let lease = scene.lease("acme").await;
    let held = Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: Vec::new(),
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    let (_, reach) = done();
    with_event(&scene, EDITED, "forged 21").await;
    scene.attempts(&lease, 1, held, reach).await;
    let before = scene.job("acme", 1).await;
    scene.pass(3600);
    assert_eq!(with_event(&scene, EDITED, "forged 22").await, Recorded::Unchanged);
    assert_eq!(scene.job("acme", 1).await, before, "a person's question stays where it is");
    scene.conserves().await;
}

async fn unknown_shop(scene: Scene) {
    scene.hears("acme", &News::of(1)).await;
    let touched = told(&scene, "acme", "fulfillment_orders/moved", order(1)).await;
    assert!(matches!(touched, Recorded::Quarantined(_)), "{touched:?}");
    scene.shop("acme").await;
    assert_eq!(scene.job("acme", 1).await.version, 2, "first the order, then its touch");
    assert_eq!((scene.webhooks("quarantined").await, scene.webhooks("newer").await), (0, 1));
}
