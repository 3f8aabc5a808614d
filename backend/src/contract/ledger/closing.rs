//! A merchant takes the app away, and perhaps installs it again.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::id::OperatorId;
use lane::line::{Leased, Pause};
use lane::outcome::PauseReason;
use lane::policy::Policy;
use lane::ports::{Begin, Complete, Recorded};
use lane::state::StateKind;
use lane::view::{LaneFilter, LaneStatus, Page};
use lane::webhook::Content;

use super::Case;
use super::endings::done;
use super::news::{News, told};
use super::scene::{Scene, lane, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("without the app the lane stands still until the shop is added again", |scene| Box::pin(taken_away(scene))),
        ("a lane that has no job yet stands still too", |scene| Box::pin(before_any_job(scene))),
        ("an uninstall that is older than the shop's return changes nothing", |scene| Box::pin(late(scene))),
        ("an unknown shop's uninstall is replayed like its other webhooks", |scene| Box::pin(unknown_shop(scene))),
        ("an operator's pause outlives the uninstall", |scene| Box::pin(operators_pause(scene))),
        ("what was begun when the app is taken away is recorded", |scene| Box::pin(during_attempt(scene))),
    ]
}

async fn uninstalled(scene: &Scene, shop: &str, at: Timestamp) -> Recorded {
    told(scene, shop, "app/uninstalled", Content::Uninstalled { at }).await
}

async fn returns(scene: &Scene, shop: &str) -> Vec<String> {
    let sends = scene.ports.registry.put_shop(&scene.shop_value(shop, Policy::default()), scene.now()).await;
    sends.expect("the shop is added").into_iter().map(|send| send.dedup.to_string()).collect()
}

async fn taken_away(scene: Scene) {
    scene.shop("acme").await;
    scene.shop("bolt").await;
    orders(&scene, "acme", [1]).await;
    orders(&scene, "bolt", [1]).await;
    scene.pass(60);
    assert_eq!(uninstalled(&scene, "acme", scene.now()).await, Recorded::Closed);
    assert_eq!(scene.lease_as("acme", "w").await, Leased::Paused { until: None });
    let filter = LaneFilter { shop: None, stalled: true };
    let lanes = scene.ports.desk.lanes(&filter, &Page::default(), scene.now()).await.expect("lanes");
    let [stalled] = lanes.rows.as_slice() else { panic!("one lane stands still: {lanes:?}") };
    assert!(matches!(&stalled.status, LaneStatus::Paused(pause) if pause.why == PauseReason::Uninstalled));
    scene.lease("bolt").await;
    assert!(
        matches!(scene.hears("acme", &News::of(2)).await, Recorded::New { .. }),
        "orders are accepted all the same"
    );
    scene.pass(60);
    assert_eq!(returns(&scene, "acme").await, ["1-retry"], "it is woken at once");
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
    assert_eq!(scene.webhooks("closed").await, 1);
}

async fn before_any_job(scene: Scene) {
    scene.shop("acme").await;
    assert_eq!(uninstalled(&scene, "acme", scene.now()).await, Recorded::Closed);
    orders(&scene, "acme", [1]).await;
    assert_eq!(scene.lease_as("acme", "w").await, Leased::Paused { until: None });
    scene.pass(3600);
    assert!(scene.sweeps().await.is_empty(), "and it is left alone");
    scene.shop("acme").await;
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
}

async fn late(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    scene.pass(60);
    let at = scene.now();
    scene.pass(60);
    scene.shop("acme").await;
    assert_eq!(uninstalled(&scene, "acme", at).await, Recorded::Unchanged);
    scene.lease("acme").await;
}

async fn unknown_shop(scene: Scene) {
    scene.hears("acme", &News::of(1)).await;
    let before = uninstalled(&scene, "acme", scene.now()).await;
    assert!(matches!(before, Recorded::Quarantined(_)), "{before:?}");
    scene.pass(60);
    scene.shop("acme").await;
    scene.lease("acme").await;
    assert_eq!((scene.webhooks("quarantined").await, scene.webhooks("unchanged").await), (0, 1));

    // The merchant takes the app away again before adding the shop is through.
    let after_it_was_added = after(scene.now(), Duration::from_secs(5));
    assert!(matches!(uninstalled(&scene, "bolt", after_it_was_added).await, Recorded::Quarantined(_)));
    scene.shop("bolt").await;
    assert_eq!(scene.lease_as("bolt", "w").await, Leased::Paused { until: None });
}

async fn operators_pause(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let by = OperatorId::parse("ann").expect("an operator");
    let why = PauseReason::Operator { why: "stocktaking".to_owned() };
    let pause = Pause { why, until: None, by: Some(by.clone()), since: scene.now() };
    scene.ports.desk.pause(&lane("acme"), &pause, None).await.expect("paused");
    scene.pass(60);
    assert_eq!(uninstalled(&scene, "acme", scene.now()).await, Recorded::Closed);
    scene.pass(60);
    assert!(returns(&scene, "acme").await.is_empty());
    assert_eq!(scene.lease_as("acme", "w").await, Leased::Paused { until: None }, "the stocktaking is not over");
    scene.ports.desk.resume(&lane("acme"), &by, scene.now(), None).await.expect("resumed");

    let minute = Some(after(scene.now(), Duration::from_mins(1)));
    scene.ports.desk.pause(&lane("acme"), &Pause { until: minute, ..pause }, None).await.expect("paused");
    uninstalled(&scene, "acme", scene.now()).await;
    scene.pass(120);
    assert_eq!(
        scene.lease_as("acme", "w").await,
        Leased::Paused { until: None },
        "a pause with an end does not end this"
    );
}

async fn during_attempt(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    uninstalled(&scene, "acme", scene.now()).await;
    let (outcome, reach) = done();
    let completed = scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Done, reopened: false });
    assert_eq!(scene.begins(&lease, 2).await, Begin::NotReady);
}
