//! Recording webhooks: accepted once, older never over newer, unknown shops kept and replayed in order.

use lane::policy::{Policy, Standing};
use lane::ports::{Recorded, Release};
use lane::state::StateKind;
use lane::view::{Page, QuarantineReason};
use lane::webhook::Content;

use super::Case;
use super::endings::{done, hold};
use super::news::News;
use super::scene::{Scene, lane};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a webhook is recorded once", |scene| Box::pin(recorded_once(scene))),
        ("a hundred copies at once are one job", |scene| Box::pin(recorded_once_in_parallel(scene))),
        ("topics that share an event are two webhooks", |scene| Box::pin(topics_share_an_event(scene))),
        ("an older version changes nothing", |scene| Box::pin(older_version(scene))),
        ("a version that says nothing new sends nothing", |scene| Box::pin(nothing_new(scene))),
        ("a newer version reopens what was done", |scene| Box::pin(newer_reopens(scene))),
        ("an order that does not qualify is skipped", |scene| Box::pin(does_not_qualify(scene))),
        ("unknown shops' webhooks are replayed in order", |scene| Box::pin(unknown_shop(scene))),
        ("a removed shop's webhooks wait for its return", |scene| Box::pin(removed_shop(scene))),
        ("what cannot be read is kept", |scene| Box::pin(unreadable(scene))),
        ("a crowded lane gets no further wake-ups", |scene| Box::pin(crowded_lane(scene))),
        ("a cancelled job that stopped the lane frees it", |scene| Box::pin(cancelled_stopper(scene))),
        ("a shop's kept webhooks keep their order over all its domains", |scene| Box::pin(kept_over_domains(scene))),
        ("a long past becomes work in order", |scene| Box::pin(long_past(scene))),
        ("bodies of unknown shops are dropped after their time", |scene| Box::pin(expires(scene))),
        ("both domains of a shop lead to one lane", |scene| Box::pin(both_domains(scene))),
    ]
}

async fn recorded_once(scene: Scene) {
    scene.shop("acme").await;
    let first = News::of(1).ids(Some("delivery"), Some("event"));
    assert!(matches!(scene.hears("acme", &first).await, Recorded::New { send: Some(_), .. }));
    assert_eq!(scene.hears("acme", &first).await, Recorded::Duplicate, "the same delivery");
    let event = News::of(1).updated(2, "else").topic("orders/create").ids(Some("another"), Some("event"));
    assert_eq!(scene.hears("acme", &event).await, Recorded::Duplicate, "the same event and topic");
    let body = News::of(1).ids(Some("third"), None);
    assert_eq!(scene.hears("acme", &body).await, Recorded::Duplicate, "the same body and topic");
    scene.pass(10 * 24 * 3600);
    assert_eq!(scene.hears("acme", &first).await, Recorded::Duplicate, "ten days later");
    scene.conserves().await;
}

async fn recorded_once_in_parallel(scene: Scene) {
    scene.shop("acme").await;
    let news = News::of(1).ids(Some("delivery"), None);
    let copies = (0..100).map(|_| {
        let (scene, news) = (scene.clone(), news.clone());
        tokio::spawn(async move { scene.hears("acme", &news).await })
    });
    let answers: Vec<_> =
        futures::future::join_all(copies).await.into_iter().map(|answer| answer.expect("an answer")).collect();
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Recorded::New { .. })).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Recorded::Duplicate).count(), 99);
}

async fn topics_share_an_event(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1).ids(Some("a"), Some("event"))).await;
    let paid = News::of(1).updated(2, "paid").topic("orders/paid").ids(Some("b"), Some("event"));
    assert!(matches!(scene.hears("acme", &paid).await, Recorded::Newer { .. }));
}

async fn older_version(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1).cancelled(5)).await;
    assert_eq!(scene.hears("acme", &News::of(1)).await, Recorded::Unchanged);
    assert_eq!(scene.state("acme", 1).await, StateKind::Skipped);
}

async fn nothing_new(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    assert_eq!(scene.hears("acme", &News::of(1).updated(2, "first")).await, Recorded::Unchanged);
    assert_eq!(scene.job("acme", 1).await.version, 1);
}

async fn newer_reopens(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    scene.hears("acme", &News::of(2)).await;
    let newer = scene.hears("acme", &News::of(1).updated(2, "address")).await;
    let Recorded::Newer { state: StateKind::Waiting, send: Some(send), .. } = newer else { panic!("{newer:?}") };
    assert_eq!(send.dedup.as_str(), "1-retry");
    assert!(scene.job("acme", 1).await.place > scene.job("acme", 2).await.place, "reopened goes to the end");
    scene.conserves().await;
}

async fn does_not_qualify(scene: Scene) {
    scene.shop("acme").await;
    let recorded = scene.hears("acme", &News::of(1).cancelled(1)).await;
    assert!(matches!(recorded, Recorded::New { state: StateKind::Skipped, send: None, .. }), "{recorded:?}");
    assert_eq!(scene.sweeps().await, Vec::<String>::new());
}

async fn unknown_shop(scene: Scene) {
    for order in [3, 1, 2] {
        let recorded = scene.hears("acme", &News::of(order)).await;
        assert_eq!(recorded, Recorded::Quarantined(QuarantineReason::UnknownShop));
    }
    assert_eq!(scene.hears("acme", &News::of(1)).await, Recorded::Duplicate);
    let sends = scene.ports.registry.put_shop(&scene.shop_value("acme", Policy::default()), scene.now()).await;
    let woken: Vec<String> = sends.expect("added").into_iter().map(|send| send.dedup.to_string()).collect();
    assert_eq!(woken, ["3", "1", "2"], "in the order they came");
    assert_eq!(scene.hears("acme", &News::of(1)).await, Recorded::Duplicate, "still recorded once");
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("quarantine");
    assert!(kept.rows.is_empty());
    scene.conserves().await;
}

async fn removed_shop(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let id = scene.shop_value("acme", Policy::default()).id;
    assert!(scene.ports.registry.remove_shop(&id, scene.now()).await.expect("removed"));
    let later = scene.hears("acme", &News::of(2)).await;
    assert_eq!(later, Recorded::Quarantined(QuarantineReason::UnknownShop));
    assert!(matches!(scene.lease_as("acme", "w").await, lane::line::Leased::Paused { .. }));
    scene.shop("acme").await;
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
    assert_eq!(scene.state("acme", 2).await, StateKind::Waiting);
}

async fn unreadable(scene: Scene) {
    scene.shop("acme").await;
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.content = Content::Unreadable { why: "not JSON".to_owned() };
    let recorded = scene.ports.intake.record(webhook).await.expect("recorded");
    assert_eq!(recorded, Recorded::Quarantined(QuarantineReason::Unreadable));
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("quarantine");
    assert_eq!(kept.rows.len(), 1);
    assert_eq!(kept.rows[0].words, "not JSON");
}

async fn crowded_lane(scene: Scene) {
    scene.shop("acme").await;
    let mut sends = 0;
    for order in 1..=150 {
        if let Recorded::New { send: Some(_), .. } = scene.hears("acme", &News::of(order)).await {
            sends += 1;
        }
    }
    assert_eq!(sends, lane::ports::WAKE_UPS_PER_LANE_MAX);
}

async fn both_domains(scene: Scene) {
    let mut shop = scene.shop_value("acme", Policy::default());
    shop.domains.push("old-name.myshopify.com".to_owned());
    scene.ports.registry.put_shop(&shop, scene.now()).await.expect("added");
    for (domain, order) in [("acme", 1), ("old-name", 2)] {
        let recorded = scene.hears(domain, &News::of(order)).await;
        assert!(matches!(&recorded, Recorded::New { lane: key, .. } if *key == lane("acme")), "{recorded:?}");
    }
    let again = scene.hears("old-name", &News::of(1)).await;
    assert_eq!(again, Recorded::Duplicate, "one body under both domains is one webhook");
}

async fn cancelled_stopper(scene: Scene) {
    let policy = Policy { hold: Standing::StopLane, ..Policy::default() };
    scene.shop_with("acme", policy).await;
    scene.hears("acme", &News::of(1)).await;
    scene.hears("acme", &News::of(2)).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let (outcome, reach) = hold();
    scene.completes_with(&lease, 1, outcome, reach, policy).await;
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None }, "the lane stands still");
    scene.hears("acme", &News::of(1).cancelled(2)).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Skipped);
    assert_eq!(scene.sweeps().await, ["2-retry"], "those behind it are due");
}

async fn kept_over_domains(scene: Scene) {
    for (domain, order) in [("acme", 5), ("old-name", 3), ("acme", 4)] {
        scene.hears(domain, &News::of(order)).await;
    }
    let mut shop = scene.shop_value("acme", Policy::default());
    shop.domains.insert(0, "old-name.myshopify.com".to_owned());
    scene.ports.registry.put_shop(&shop, scene.now()).await.expect("added");
    let places = [scene.job("acme", 5).await, scene.job("acme", 3).await, scene.job("acme", 4).await];
    assert!(places.is_sorted_by_key(|job| job.place), "in the order they came");
}

async fn long_past(scene: Scene) {
    for order in 1..=450 {
        scene.hears("acme", &News::of(order)).await;
    }
    let shop = scene.shop_value("acme", Policy::default());
    scene.ports.registry.put_shop(&shop, scene.now()).await.expect("added");
    let lease = scene.lease("acme").await;
    for order in 1..=450_u64 {
        assert_eq!(scene.head(&lease).await, Some(order.to_string()));
        let (outcome, reach) = done();
        scene.attempts(&lease, order, outcome, reach).await;
    }
    scene.conserves().await;
}

async fn expires(scene: Scene) {
    scene.hears("acme", &News::of(1)).await;
    scene.pass(3600);
    scene.hears("acme", &News::of(2)).await;
    assert_eq!(scene.ports.registry.expire(scene.now()).await.expect("expired"), 1);
    assert_eq!(scene.ports.registry.expire(scene.now()).await.expect("expired"), 0);
    scene.shop("acme").await;
    assert_eq!(scene.state("acme", 2).await, StateKind::Waiting);
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("quarantine");
    assert!(kept.rows.is_empty(), "what was dropped is no longer offered");
}
