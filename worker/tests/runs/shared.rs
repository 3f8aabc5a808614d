//! Workers that are processes of their own: each has its own limiter, and they agree in the ledger.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backend::embedded::ledger::Ledger;
use lane::clock::after;
use lane::ports::Limits as _;
use lane::state::StateKind;
use tokio_util::sync::CancellationToken;
use worker::lane::{LEASE, Lanes, Ran};
use worker::limiter::{Lesson, Limiter, Quota};

use crate::harness::{World, lane_of, warehouse};

/// A worker with a limiter of its own.
fn process(world: &World, name: &str) -> (Lanes, Limiter) {
    let limiter = limiter(world, name);
    let (work, carry) = (world.flaky.clone(), world.script.clone());
    (Lanes::new(work, carry, limiter.clone(), world.clock.clone(), name.into(), 7), limiter)
}

fn limiter(world: &World, name: &str) -> Limiter {
    let ledger: Arc<Ledger> = Arc::new(world.ledger.clone());
    let limiter = Limiter::shared(world.clock.clone(), ledger, name.into(), 7);
    limiter.set(&warehouse(), Quota::per_minute(5));
    limiter
}

async fn run(lanes: &Lanes, shop: &str) -> Ran {
    lanes.run(&lane_of(shop), &CancellationToken::new()).await
}

#[tokio::test]
async fn a_lane_that_was_told_to_wait_by_one_worker_goes_on_at_another() {
    let world = World::with_orders(1..=2).await;
    let ((one, _), (two, _)) = (process(&world, "one"), process(&world, "two"));
    let Ran::DeferUntil(at) = run(&one, "acme").await else { panic!("it has to wait for its second turn") };
    assert_eq!(world.script.attempts(), ["acme/1"]);
    world.add_shop("bolt", lane::policy::Policy::default()).await;
    world.order("bolt", 3).await;
    let Ran::DeferUntil(behind) = run(&two, "bolt").await else { panic!("the other worker's call counts here") };
    assert!(behind > at, "it is behind in the line");
    world.advance(lane::clock::until(world.clock.now(), at));
    assert_eq!(run(&two, "acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2"]);
}

#[tokio::test]
async fn a_run_that_ends_leaves_nothing_held() {
    let world = World::with_orders(1..=1).await;
    let (one, _) = process(&world, "one");
    assert_eq!(run(&one, "acme").await, Ran::Delete { wake: None });
    let stands = world.ledger.limit(&warehouse()).await.unwrap().unwrap();
    assert!(stands.words.contains(r#""held":{}"#), "{}", stands.words);
    assert_eq!(stands.rev, 2, "one write for the grant and one for what became of it");
}

#[tokio::test]
async fn the_calls_of_an_attempt_end_when_the_others_count_them_no_more() {
    let world = World::with_orders(1..=1).await;
    let (one, _) = process(&world, "one");
    let began = world.clock.now();
    run(&one, "acme").await;
    let deadline = world.script.deadline().unwrap();
    assert_eq!(deadline, after(began, Duration::from_mins(1)));
    // And within its lease they are out of everybody's minute, should the worker have died.
    assert!(after(deadline, Duration::from_secs(61)) < after(began, LEASE));
}

#[tokio::test]
async fn a_turn_that_is_minutes_away_keeps_its_message() {
    let world = World::with_orders(1..=1).await;
    let (one, two) = (process(&world, "one").0, limiter(&world, "two"));
    for (seconds, kept) in [(600, true), (601, false)] {
        let until = after(world.clock.now(), Duration::from_secs(seconds));
        two.learn(&warehouse(), Lesson::StopUntil(until));
        two.settle().await;
        let expected = if kept { Ran::DeferUntil(until) } else { Ran::Delete { wake: Some(until) } };
        assert_eq!(run(&one, "acme").await, expected);
    }
    assert_eq!(world.flaky.stops_asked.load(Ordering::SeqCst), 0, "the stop stands where all agree");
    assert!(world.script.attempts().is_empty());
}

#[tokio::test]
async fn a_limit_that_cannot_be_read_keeps_the_lane_for_later() {
    let world = World::with_orders(1..=1).await;
    let (one, _) = process(&world, "one");
    world.ledger.agree(&warehouse(), r#"{"v":99}"#, 0).await.unwrap();
    assert!(matches!(run(&one, "acme").await, Ran::DeferUntil(_)));
    assert_eq!(world.state("acme", 1).await, StateKind::Waiting);
    assert_eq!(world.job("acme", 1).await.attempts, 0);
    // Another program cleared it: the lane is free, and the order goes.
    world
        .ledger
        .agree(
            &warehouse(),
            r#"{"v":1,"at":0,"quota":[4,60000,1],"left":[],"held":{},"last":0,"line":[],"slots":[]}"#,
            1,
        )
        .await
        .unwrap();
    world.advance(Duration::from_mins(1));
    assert_eq!(run(&one, "acme").await, Ran::Delete { wake: None });
}
