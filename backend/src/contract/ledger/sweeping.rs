//! What nobody works on is not forgotten: dead workers, lost wake-ups, rests, and lanes that make no progress.

use std::time::Duration;

use lane::clock::after;
use lane::line::{Leased, Rest};
use lane::outcome::{PauseReason, Reach};
use lane::ports::{Begin, Release};
use lane::view::{LaneFilter, LaneStatus, Page};

use super::Case;
use super::scene::{Scene, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a rest is respected and seen", |scene| Box::pin(rest(scene))),
        ("a dead worker's lane is swept when its lease ends", |scene| Box::pin(dead_worker(scene))),
        ("the sweep puts off lanes that nobody answers for", |scene| Box::pin(sweep_puts_off(scene))),
        ("five leases without progress pause the lane", |scene| Box::pin(no_progress(scene))),
        ("a provider's stop is remembered", |scene| Box::pin(stop_is_remembered(scene))),
    ]
}

async fn rest(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let until = after(scene.now(), Duration::from_secs(20));
    let rest = Rest { until, why: "shipstation/main: limit".to_owned() };
    let released = scene.ports.work.release(&lease, Some(rest.clone()), scene.now()).await.expect("released");
    assert_eq!(released, Release::Released { wake: Some(until) });
    let lanes = scene.ports.desk.lanes(&LaneFilter::default(), &Page::default(), scene.now()).await.expect("lanes");
    assert_eq!(lanes.rows[0].status, LaneStatus::Throttled(rest));
    assert!(scene.sweeps().await.is_empty());
    scene.pass(20);
    assert_eq!(scene.sweeps().await, ["1-retry"]);
}

async fn dead_worker(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    scene.pass(60);
    assert!(scene.sweeps().await.is_empty(), "somebody works on it");
    scene.pass(71);
    assert_eq!(scene.sweeps().await, ["1-retry"]);
    let next = scene.lease("acme").await;
    assert_eq!(scene.head(&next).await.as_deref(), Some("1"));
    let Begin::Attempt { job, number, .. } = scene.begins(&next, 1).await else { panic!("it begins again") };
    assert_eq!((number, job.reach), (2, Reach::Unresolved), "the first one's write is unresolved");
}

async fn sweep_puts_off(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    assert!(scene.sweeps().await.is_empty(), "the handler's own wake-up comes first");
    scene.pass(30);
    let mut waits = Vec::new();
    let mut waited = 0;
    let mut ids = Vec::new();
    while waits.len() < 6 {
        let sends = scene.sweeps().await;
        if !sends.is_empty() {
            ids.extend(sends);
            waits.push(waited);
            waited = 0;
        }
        scene.pass(60);
        waited += 1;
    }
    assert_eq!(waits, [0, 1, 2, 4, 8, 15], "minutes between wake-ups");
    assert_eq!(ids[..3], ["1-retry", "1-retry-2", "1-retry-3"], "each has an id of its own");
}

async fn no_progress(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let mut leases = 0;
    while let Leased::Yes(_) = scene.lease_as("acme", "crashes at once").await {
        leases += 1;
        assert!(leases < 20, "it must end");
        scene.pass(131);
    }
    assert_eq!(leases, lane::line::STRIKES_MAX);
    let lanes = scene.ports.desk.lanes(&LaneFilter::default(), &Page::default(), scene.now()).await.expect("lanes");
    assert!(matches!(&lanes.rows[0].status, LaneStatus::Paused(pause) if pause.why == PauseReason::NoProgress));
}

async fn stop_is_remembered(scene: Scene) {
    let account = lane::id::AccountId::at("shipstation", "main");
    let (soon, later) = (after(scene.now(), Duration::from_secs(10)), after(scene.now(), Duration::from_mins(1)));
    for until in [later, soon] {
        scene.ports.work.stop_account(&account, until).await.expect("remembered");
    }
    let stopped = scene.ports.work.stopped_accounts(scene.now()).await.expect("an answer");
    assert_eq!(stopped, [(account, later)], "an earlier end does not replace a later one");
    scene.pass(60);
    assert!(scene.ports.work.stopped_accounts(scene.now()).await.expect("an answer").is_empty());
}
