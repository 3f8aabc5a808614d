//! Several attempts begun in one write: in the lane's order, none past one that may not, and each ends by itself.

use lane::attempt::AttemptKind;
use lane::decision::Verdict;
use lane::history::Happened;
use lane::id::JobId;
use lane::line::{Lease, STRIKES_MAX};
use lane::outcome::{Outcome, PauseReason, Reach};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Burst, Complete, Release};
use lane::state::StateKind;

use super::Case;
use super::endings::{done, hold, retry_in};
use super::news::News;
use super::scene::{Scene, lane, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("the head and those behind it begin together, in order", |scene| Box::pin(in_order(scene))),
        ("each of a burst ends by itself", |scene| Box::pin(ends_by_itself(scene))),
        ("nothing begins past one that may not go with others", |scene| Box::pin(not_past(scene))),
        ("a head that may not go with others begins alone", |scene| Box::pin(alone(scene))),
        ("an old fence begins no burst", |scene| Box::pin(old_fence(scene))),
        ("after a crash each of a burst is looked up by itself", |scene| Box::pin(crash(scene))),
        ("a burst is progress", |scene| Box::pin(is_progress(scene))),
        ("a pause by one of a burst loses none of the others", |scene| Box::pin(pause_by_one(scene))),
    ]
}

async fn bursts(scene: &Scene, lease: &Lease, max: u32) -> Burst {
    scene.ports.work.begin_burst(lease, max, Policy::default(), scene.now()).await.expect("an answer to the burst")
}

async fn begun(scene: &Scene, lease: &Lease, max: u32) -> Vec<String> {
    match bursts(scene, lease, max).await {
        Burst::Begun(jobs) => jobs.into_iter().map(|(job, _)| job.id.to_string()).collect(),
        other @ (Burst::Alone | Burst::Lost) => panic!("no burst: {other:?}"),
    }
}

async fn is_done(scene: &Scene, lease: &Lease, order: u64) {
    let (outcome, reach) = done();
    let completed = scene.completes(lease, order, outcome, reach).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Done, reopened: false }, "order {order}");
}

async fn in_order(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [30, 20, 10, 40]).await;
    let lease = scene.lease("acme").await;
    let Burst::Begun(jobs) = bursts(&scene, &lease, 3).await else { panic!("three are ready") };
    let ids: Vec<_> = jobs.iter().map(|(job, number)| (job.id.to_string(), *number)).collect();
    assert_eq!(ids, [("30".to_owned(), 1), ("20".to_owned(), 1), ("10".to_owned(), 1)]);
    for (job, _) in &jobs {
        assert_eq!(job.attempting_fence(), Some(lease.fence));
        let kept = scene.ports.desk.job(&lane("acme"), &job.id).await.expect("an answer").expect("a job");
        assert_eq!((kept.state.kind(), kept.attempts), (StateKind::Attempting, 1));
        assert_eq!(kept, **job, "what is answered is what is kept");
        let timeline = scene.ports.desk.timeline(&lane("acme"), &job.id).await.expect("a timeline");
        let last = timeline.last().map(|entry| entry.what.clone());
        assert_eq!(last, Some(Happened::Began { attempt: 1, fence: lease.fence, look_up: false }));
    }
    assert_eq!(scene.state("acme", 40).await, StateKind::Waiting, "three were asked for");
    scene.conserves().await;
}

async fn ends_by_itself(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2, 3, 4]).await;
    let lease = scene.lease("acme").await;
    assert_eq!(begun(&scene, &lease, 100).await, ["1", "2", "3", "4"]);
    is_done(&scene, &lease, 3).await;
    scene.hears("acme", &News::of(2).updated(2, "address")).await;
    let (outcome, reach) = done();
    let completed = scene.completes(&lease, 2, outcome, reach).await;
    assert_eq!(completed, Complete::Recorded { state: StateKind::Waiting, reopened: true });
    let (outcome, reach) = retry_in(40);
    scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Retrying);
    is_done(&scene, &lease, 4).await;
    assert_eq!(scene.head(&lease).await, None, "1 stops the lane");
    scene.pass(40);
    for order in [1, 2] {
        assert_eq!(scene.head(&lease).await, Some(order.to_string()));
        let (outcome, reach) = done();
        scene.attempts(&lease, order, outcome, reach).await;
    }
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None });
    scene.conserves().await;
}

async fn not_past(scene: Scene) {
    let policy = Policy { retry: Standing::StepAside, ..Policy::default() };
    scene.shop_with("acme", policy).await;
    orders(&scene, "acme", [1, 2, 3, 4, 5]).await;
    let lease = scene.lease("acme").await;
    for order in [1, 2, 3] {
        scene.begins(&lease, order).await;
        let (outcome, reach) = if order == 3 { retry_in(40) } else { hold() };
        scene.completes_with(&lease, order, outcome, reach, policy).await;
    }
    for order in [1, 2] {
        let approve = scene.decision("acme", order, Verdict::Approve, "ann").await;
        scene.decides(&approve).await;
    }
    assert_eq!(begun(&scene, &lease, 100).await, ["1", "2"], "3 waits for its time, and 4 behind it");
    is_done(&scene, &lease, 1).await;
    is_done(&scene, &lease, 2).await;
    assert_eq!(begun(&scene, &lease, 100).await, ["4", "5"], "one that stands aside before the head is passed");
}

async fn alone(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "there is no other");
    orders(&scene, "acme", [2, 3]).await;
    assert_eq!(bursts(&scene, &lease, 1).await, Burst::Alone, "one was asked for");
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting);
    let (outcome, reach) = retry_in(40);
    scene.attempts(&lease, 1, outcome, reach).await;
    assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "the head is not ready");
    scene.pass(40);
    assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "an attempt at the head has failed");
    scene.attempts(&lease, 1, Outcome::Skip(lane::shop::SkipReason::Cancelled), Reach::Untouched).await;
    assert_eq!(begun(&scene, &lease, 100).await, ["2", "3"]);
    assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "both are under way");
    assert_eq!(scene.job("acme", 2).await.begun, 1);
}

async fn old_fence(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    let zombie = scene.lease("acme").await;
    scene.pass(131);
    let _newer = scene.lease("acme").await;
    assert_eq!(bursts(&scene, &zombie, 100).await, Burst::Lost);
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting);
}

async fn crash(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2, 3]).await;
    let dead = scene.lease("acme").await;
    begun(&scene, &dead, 100).await;
    is_done(&scene, &dead, 1).await;
    scene.pass(131);
    assert_eq!(scene.sweeps().await, ["2-retry"], "its lane is due");
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    assert_eq!(scene.completes(&dead, 2, outcome, reach).await, Complete::Lost);
    for order in [2, 3] {
        assert_eq!(scene.head(&lease).await, Some(order.to_string()));
        assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "nobody knows what was written of it");
        let Begin::Attempt { job, number, kind } = scene.begins(&lease, order).await else { panic!("it begins") };
        assert_eq!((job.reach, number, kind), (Reach::Unresolved, 2, AttemptKind::Full));
        is_done(&scene, &lease, order).await;
    }
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None });
    scene.conserves().await;
}

async fn is_progress(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2]).await;
    for _ in 1..STRIKES_MAX {
        scene.lease("acme").await;
        scene.pass(131);
    }
    let lease = scene.lease("acme").await;
    assert_eq!(begun(&scene, &lease, 2).await, ["1", "2"]);
    scene.pass(131);
    scene.lease("acme").await;
}

async fn pause_by_one(scene: Scene) {
    scene.shop("acme").await;
    orders(&scene, "acme", [1, 2, 3, 4, 5]).await;
    let lease = scene.lease("acme").await;
    assert_eq!(begun(&scene, &lease, 3).await, ["1", "2", "3"]);
    let pause = Outcome::Pause { why: PauseReason::NoProgress, until: None };
    scene.completes(&lease, 1, pause, Reach::Untouched).await;
    is_done(&scene, &lease, 2).await;
    is_done(&scene, &lease, 3).await;
    assert_eq!(bursts(&scene, &lease, 100).await, Burst::Alone, "the lane is paused");
    let job = scene.ports.desk.job(&lane("acme"), &JobId::from(4)).await.expect("an answer").expect("a job");
    assert_eq!(job.begun, 0);
}
