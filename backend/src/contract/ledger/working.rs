//! Working a lane: one lease at a time, old fences powerless, places in order, nothing ready forgotten.

use std::time::Duration;

use lane::clock::after;
use lane::history::Happened;
use lane::id::JobId;
use lane::line::{Leased, Pick};
use lane::outcome::{Outcome, PauseReason, Reach};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Complete, Head, Release};
use lane::shop::SkipReason;
use lane::state::StateKind;
use lane::view::{LaneFilter, LaneStatus, Page, QuarantineReason};

use super::Case;
use super::endings::{done, fail, hold, retry_in};
use super::news::News;
use super::scene::{Scene, lane as lane_of, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a lane has one lease at a time", |scene| Box::pin(one_lease(scene))),
        ("an old fence changes nothing", |scene| Box::pin(old_fence(scene))),
        ("jobs go in the order they were accepted", |scene| Box::pin(in_order(scene))),
        ("a retry stops the lane and others do not pass", |scene| Box::pin(retry_stops(scene))),
        ("a retry that steps aside is passed and comes back first", |scene| Box::pin(retry_steps_aside(scene))),
        ("a held job steps aside", |scene| Box::pin(hold_steps_aside(scene))),
        ("a held job may stop the lane", |scene| Box::pin(hold_stops(scene))),
        ("release refuses while something is ready", |scene| Box::pin(release_refuses(scene))),
        ("a version during the attempt reopens the job", |scene| Box::pin(version_during_attempt(scene))),
        ("a disturbance reopens the job", |scene| Box::pin(disturbance(scene))),
        ("a pause by an outcome stops the lane", |scene| Box::pin(pause_by_outcome(scene))),
        ("an order the shop cannot see is quarantined", |scene| Box::pin(unknown_to_shop(scene))),
        ("lanes do not see each other", |scene| Box::pin(lanes_apart(scene))),
    ]
}

async fn one_lease(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    assert_eq!(scene.lease_as("acme", "other").await, Leased::Busy { until: lease.until });
    scene.pass(131);
    let Leased::Yes(newer) = scene.lease_as("acme", "other").await else { panic!("the lease had run out") };
    assert!(newer.fence > lease.fence);
}

async fn old_fence(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let zombie = scene.lease("acme").await;
    scene.begins(&zombie, 1).await;
    scene.pass(131);
    let _newer = scene.lease("acme").await;
    let before = scene.job("acme", 1).await;
    let (outcome, reach) = done();
    assert_eq!(scene.completes(&zombie, 1, outcome, reach).await, Complete::Lost);
    assert_eq!(scene.begins(&zombie, 1).await, Begin::Lost);
    assert_eq!(scene.releases(&zombie).await, Release::Lost);
    assert_eq!(scene.ports.work.head(&zombie, scene.now()).await.expect("a head"), Head::Lost);
    assert_eq!(scene.job("acme", 1).await, before);
}

async fn in_order(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [30, 10, 20]).await;
    let lease = scene.lease("acme").await;
    for order in [30, 10, 20] {
        assert_eq!(scene.head(&lease).await, Some(order.to_string()));
        for later in [10, 20].into_iter().filter(|later| *later != order) {
            assert_eq!(scene.begins(&lease, later).await, Begin::NotReady, "only the head begins");
        }
        let (outcome, reach) = done();
        scene.attempts(&lease, order, outcome, reach).await;
    }
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None });
    scene.conserves().await;
}

async fn retry_stops(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = retry_in(40);
    scene.attempts(&lease, 1, outcome, reach).await;
    let due = after(scene.now(), Duration::from_secs(40));
    let head = scene.ports.work.head(&lease, scene.now()).await.expect("a head");
    assert_eq!(head, Head::NotReady(Pick::NotUntil { job: JobId::from(1), at: due }));
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: Some(due) });
    assert!(scene.sweeps().await.is_empty());
    scene.pass(40);
    assert_eq!(scene.sweeps().await, ["1-retry"]);
}

async fn retry_steps_aside(scene: Scene) {
    let policy = Policy { retry: Standing::StepAside, ..Policy::default() };
    scene.shop_with("acme", policy).await;
    orders(&scene, "acme", [1, 2, 3]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let (outcome, reach) = retry_in(40);
    scene.completes_with(&lease, 1, outcome, reach, policy).await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("2"));
    let (outcome, reach) = done();
    scene.attempts(&lease, 2, outcome, reach).await;
    scene.pass(40);
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"), "the lowest ready place goes first");
}

async fn hold_steps_aside(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = hold();
    scene.attempts(&lease, 1, outcome, reach).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Held);
    assert_eq!(scene.head(&lease).await.as_deref(), Some("2"));
}

async fn hold_stops(scene: Scene) {
    let policy = Policy { hold: Standing::StopLane, ..Policy::default() };
    scene.shop_with("acme", policy).await;
    orders(&scene, "acme", [1, 2]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let (outcome, reach) = hold();
    scene.completes_with(&lease, 1, outcome, reach, policy).await;
    let head = scene.ports.work.head(&lease, scene.now()).await.expect("a head");
    assert_eq!(head, Head::NotReady(Pick::Blocked { job: JobId::from(1), next: None }));
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None });
    let filter = LaneFilter { shop: None, stalled: true };
    let lanes = scene.ports.desk.lanes(&filter, &Page::default(), scene.now()).await.expect("lanes");
    assert_eq!(lanes.rows[0].status, LaneStatus::Blocked { job: JobId::from(1) });
    let figures = scene.ports.desk.figures(scene.now()).await.expect("figures");
    assert_eq!(figures.oldest_ready, None, "what stands behind a held job is not ready");
    assert!(figures.stalled.contains(&("blocked".to_owned(), 1)), "{:?}", figures.stalled);
    assert_eq!((lanes.rows[0].depth, lanes.rows.len()), (2, 1));
}

async fn release_refuses(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    // It is accepted after the worker saw the lane empty, and before it lets go.
    orders(&scene, "acme", [2]).await;
    assert_eq!(scene.releases(&lease).await, Release::MoreWork);
    assert_eq!(scene.head(&lease).await.as_deref(), Some("2"), "the lease was kept");
}

async fn version_during_attempt(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    scene.hears("acme", &News::of(1).updated(2, "address")).await;
    let (outcome, reach) = done();
    let completed = scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Waiting, reopened: true });
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
    assert_eq!(scene.releases(&lease).await, Release::MoreWork);
}

async fn disturbance(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    scene.releases(&lease).await;
    scene.ports.work.disturb(&lane_of("acme"), &JobId::from(1), scene.now()).await.expect("disturbed");
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting);
    assert_eq!(scene.sweeps().await, ["1-retry"]);
}

async fn pause_by_outcome(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let account = lane::id::AccountId::at("shopify", "acme");
    let until = Some(after(scene.now(), Duration::from_mins(5)));
    let outcome = Outcome::Pause { why: PauseReason::TokenRefused { account }, until };
    scene.attempts(&lease, 1, outcome, Reach::Untouched).await;
    assert_eq!(scene.begins(&lease, 1).await, Begin::NotReady, "nothing begins in a paused lane");
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: until });
    assert_eq!(scene.lease_as("acme", "w").await, Leased::Paused { until });
    assert_eq!(scene.job("acme", 1).await.attempts, 0, "no attempt was used up");
    scene.pass(300);
    scene.lease("acme").await;
}

async fn unknown_to_shop(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    scene.attempts(&lease, 1, Outcome::Skip(SkipReason::UnknownToShop), Reach::Untouched).await;
    scene.releases(&lease).await;
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("quarantine");
    assert_eq!(kept.rows[0].why, QuarantineReason::UnknownToShop);
    let by = lane::id::OperatorId::parse("ann").expect("an operator");
    let released = scene.ports.desk.release_quarantined(kept.rows[0].id, &by, scene.now(), None).await;
    let lane::ports::Once::Answer(Some(sends)) = released.expect("released") else { panic!("it is released") };
    assert_eq!(sends.len(), 1);
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting);
}

async fn lanes_apart(scene: Scene) {
    scene.shop("acme").await;
    scene.shop("bolt").await;
    orders(&scene, "acme", [1, 2]).await;
    orders(&scene, "bolt", [1]).await;
    let (acme, bolt) = (scene.lease("acme").await, scene.lease("bolt").await);
    let (outcome, reach) = fail();
    scene.attempts(&acme, 1, outcome, reach).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Failed);
    assert_eq!(scene.state("bolt", 1).await, StateKind::Waiting);
    assert_eq!(scene.head(&bolt).await.as_deref(), Some("1"));
    let timeline = scene.ports.desk.timeline(&lane_of("bolt"), &JobId::from(1)).await.expect("a timeline");
    assert_eq!(timeline.len(), 1);
    assert!(matches!(timeline[0].what, Happened::Accepted { .. }));
    scene.conserves().await;
}
