//! Many at once at one shop, each a process of its own: handlers that record, workers that carry out, a sweep, and a person
//! who pauses and resumes.

use std::collections::BTreeMap;

use backend::contract::ledger::{News, Scene};
use backend::contract::stand_in::Ministack;
use futures::future::join_all;
use lane::history::Happened;
use lane::id::{JobId, LaneKey, OperatorId, ShopId};
use lane::line::{Leased, Pause};
use lane::outcome::{Outcome, PauseReason, Reach};
use lane::ports::{Begin, Complete, Head, Once, Recorded, Release};
use lane::shop::SkipReason;
use lane::state::StateKind;

use super::{PATIENCE, another, scene};

const HANDLERS: u64 = 6;
const ORDERS_EACH: u64 = 15;
const WORKERS: usize = 3;

fn acme() -> LaneKey {
    LaneKey::orders(&ShopId::parse("acme").unwrap())
}

/// Every webhook is answered as a new order, or the handler would have answered 503.
async fn handler(scene: Scene, nth: u64) {
    for order in 0..ORDERS_EACH {
        let recorded = scene.hears("acme", &News::of(1 + nth * ORDERS_EACH + order)).await;
        assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
    }
}

/// Works the lane whenever it may, until all is done. How many orders it carried out.
async fn worker(scene: Scene, name: String) -> u64 {
    let mut carried_out = 0;
    // And the one that did not qualify.
    let all = HANDLERS * ORDERS_EACH + 1;
    while done(&scene).await < all {
        scene.sweeps().await;
        let Leased::Yes(lease) = scene.lease_as("acme", &name).await else { continue };
        for _ in 0..10 {
            let Head::Ready(job) = scene.ports.work.head(&lease, scene.now()).await.unwrap() else { break };
            let order: u64 = job.id.as_str().parse().unwrap();
            let Begin::Attempt { .. } = scene.begins(&lease, order).await else { break };
            let ended = scene.completes(&lease, order, Outcome::Skip(SkipReason::TestOrder), Reach::Untouched).await;
            assert!(matches!(ended, Complete::Recorded { state: StateKind::Skipped, .. }), "{ended:?}");
            carried_out += 1;
        }
        if scene.releases(&lease).await == Release::MoreWork {
            scene.ports.work.hand_back(&lease, scene.now()).await.unwrap();
        }
    }
    carried_out
}

async fn done(scene: &Scene) -> u64 {
    let figures = scene.ports.desk.figures(scene.now()).await.unwrap();
    figures.jobs.iter().find(|(state, _)| *state == StateKind::Skipped).map_or(0, |(_, n)| *n)
}

async fn person(scene: Scene) {
    let by = OperatorId::parse("kim").unwrap();
    for nth in 0..10 {
        let why = PauseReason::Operator { why: format!("look {nth}") };
        let pause = Pause { why, until: None, by: Some(by.clone()), since: scene.now() };
        scene.ports.desk.pause(&acme(), &pause, None).await.unwrap();
        let resumed = scene.ports.desk.resume(&acme(), &by, scene.now(), None).await.unwrap();
        assert!(matches!(resumed, Once::Answer(_)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_one_shop_loses_nothing_doubles_nothing_and_keeps_the_order() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let scene = scene(&config, "crowd").await;
    scene.shop("acme").await;
    // The lane has to be there before it can be paused.
    scene.hears("acme", &News::of(9_999).cancelled(1)).await;
    let mut handlers = Vec::new();
    for nth in 0..HANDLERS {
        handlers.push(tokio::spawn(handler(another(&config, &scene, "crowd", PATIENCE).await, nth)));
    }
    let mut workers = Vec::new();
    for nth in 0..WORKERS {
        workers.push(tokio::spawn(worker(another(&config, &scene, "crowd", PATIENCE).await, format!("worker {nth}"))));
    }
    person(another(&config, &scene, "crowd", PATIENCE).await).await;
    for handler in join_all(handlers).await {
        handler.unwrap();
    }
    let carried_out: u64 = join_all(workers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(carried_out, HANDLERS * ORDERS_EACH);
    let mut begun = BTreeMap::new();
    for order in 1..=HANDLERS * ORDERS_EACH {
        let job = scene.job("acme", order).await;
        assert_eq!(job.begun, 1, "order {order} is carried out once");
        let timeline = scene.ports.desk.timeline(&acme(), &JobId::from(order)).await.unwrap();
        let fence = timeline.iter().find_map(|entry| match entry.what {
            Happened::Began { fence, .. } => Some(fence),
            Happened::Accepted { .. }
            | Happened::Newer { .. }
            | Happened::Ended { .. }
            | Happened::Held { .. }
            | Happened::Reopened { .. }
            | Happened::Disturbed
            | Happened::Decided { .. }
            | Happened::Undone { .. }
            | Happened::Shipped(_)
            | Happened::Redacted
            | Happened::Released { .. } => None,
        });
        begun.insert(order, fence.unwrap());
    }
    // What one handler was answered for one after the other began in that order.
    for nth in 0..HANDLERS {
        let fences: Vec<_> =
            begun.range(1 + nth * ORDERS_EACH..=(nth + 1) * ORDERS_EACH).map(|(_, fence)| fence.0).collect();
        assert!(fences.is_sorted(), "handler {nth}: {fences:?}");
    }
    scene.conserves().await;
}
