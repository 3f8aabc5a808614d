//! What one run does with several jobs that may go together.

use ::lane::clock::after;
use ::lane::id::OperatorId;
use ::lane::outcome::Reach;
use ::lane::policy::Policy;
use ::lane::ports::Desk;
use ::lane::state::StateKind;
use std::sync::atomic::Ordering;
use std::time::Duration;
use worker::lane::Ran;
use worker::limiter::Quota;

use crate::harness::{Act, World, lane_of, warehouse};

/// Orders in line, of which so many may go together.
async fn with_orders(orders: std::ops::RangeInclusive<u64>, together: u32) -> World {
    let world = World::with_orders(orders).await;
    world.together(together);
    world
}

async fn states(world: &World, orders: std::ops::RangeInclusive<u64>) -> Vec<StateKind> {
    let mut states = Vec::new();
    for order in orders {
        states.push(world.state("acme", order).await);
    }
    states
}

fn in_seconds(world: &World, seconds: u64) -> Ran {
    Ran::DeferUntil(after(world.clock.now(), Duration::from_secs(seconds)))
}

#[tokio::test]
async fn ready_jobs_go_together_in_the_order_they_came() {
    let world = with_orders(1..=5, 3).await;
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.bursts(), [vec!["1", "2", "3"], vec!["4", "5"]]);
    assert_eq!(states(&world, 1..=5).await, [StateKind::Done; 5]);
    assert_eq!(world.script.attempts().len(), 5);
}

#[tokio::test]
async fn a_job_that_is_alone_goes_the_ordinary_way() {
    let world = with_orders(1..=1, 100).await;
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1"]);
    assert!(world.script.bursts().is_empty());
}

#[tokio::test]
async fn a_run_ends_after_a_full_burst_so_that_other_lanes_have_their_turn() {
    let world = with_orders(1..=250, 100).await;
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    let sizes: Vec<usize> = world.script.bursts().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 50]);
    let sequence: Vec<String> = (1..=250).map(|order| format!("acme/{order}")).collect();
    assert_eq!(world.script.attempts(), sequence);
}

#[tokio::test]
async fn a_job_that_is_held_does_not_touch_its_neighbours() {
    let world = with_orders(1..=3, 100).await;
    world.script(2, &[Act::Hold]);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.bursts().len(), 1);
    assert_eq!(states(&world, 1..=3).await, [StateKind::Done, StateKind::Held, StateKind::Done]);
}

#[tokio::test]
async fn what_waits_behind_a_retry_goes_together_once_the_retry_has_gone_by_itself() {
    let world = with_orders(1..=4, 100).await;
    world.script(2, &[Act::Retry]);
    world.script(3, &[Act::Behind]);
    world.script(4, &[Act::Behind]);
    assert_eq!(world.run("acme").await, in_seconds(&world, 10));
    assert_eq!(
        states(&world, 1..=4).await,
        [StateKind::Done, StateKind::Retrying, StateKind::Waiting, StateKind::Waiting]
    );
    assert_eq!(world.job("acme", 3).await.attempts, 0, "waiting uses no attempt up");
    world.advance(Duration::from_secs(10));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts()[4..], ["acme/2", "acme/3", "acme/4"]);
    assert_eq!(world.script.bursts(), [vec!["1", "2", "3", "4"], vec!["3", "4"]]);
}

#[tokio::test]
async fn a_pause_in_the_middle_records_all_and_ends_the_run() {
    let world = with_orders(1..=4, 3).await;
    world.script(2, &[Act::TokenRefused]);
    world.script(3, &[Act::Behind]);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(states(&world, 1..=2).await, [StateKind::Done, StateKind::Waiting]);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts().len(), 3, "it is paused");
    let ann = OperatorId::parse("ann").unwrap();
    world.ledger.resume(&lane_of("acme"), &ann, world.clock.now(), None).await.unwrap();
    world.run("acme").await;
    assert_eq!(world.script.bursts(), [vec!["1", "2", "3"], vec!["2", "3", "4"]]);
    assert_eq!(states(&world, 2..=4).await, [StateKind::Done; 3]);
}

#[tokio::test]
async fn who_lost_the_lease_tells_of_each_that_may_have_been_written() {
    for called in [false, true] {
        let world = with_orders(1..=3, 100).await;
        world.script(2, &[Act::Overtaken { called }]);
        assert_eq!(world.run("acme").await, Ran::Visible);
        for order in 1..=3 {
            let job = world.job("acme", order).await;
            assert_eq!((job.disturbed, job.state.kind()), (called, StateKind::Attempting), "order {order}");
        }
        world.advance(worker::lane::LEASE);
        assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
        assert_eq!(world.script.attempts()[3..], ["acme/1", "acme/2", "acme/3"]);
        assert_eq!(world.script.bursts().len(), 1, "what may be there is attempted by itself");
    }
}

#[tokio::test]
async fn a_panic_leaves_all_of_them_unresolved_if_a_call_had_left() {
    for (called, reach) in [(false, Reach::Untouched), (true, Reach::Unresolved)] {
        let world = with_orders(1..=3, 100).await;
        world.script(2, &[Act::Panic { called }]);
        assert_eq!(world.run("acme").await, in_seconds(&world, 10));
        for order in 1..=3 {
            let job = world.job("acme", order).await;
            assert_eq!((job.state.kind(), &job.reach), (StateKind::Retrying, &reach), "order {order}");
        }
    }
}

#[tokio::test]
async fn reports_that_lack_one_are_believed_of_none() {
    let world = with_orders(1..=3, 100).await;
    world.script(2, &[Act::Silent]);
    assert_eq!(world.run("acme").await, in_seconds(&world, 10));
    assert_eq!(states(&world, 1..=3).await, [StateKind::Retrying; 3], "whose report is whose?");
}

#[tokio::test]
async fn a_ledger_that_fails_for_a_moment_costs_no_report() {
    let world = with_orders(1..=5, 100).await;
    world.flaky.failing_completes.store(3, Ordering::SeqCst);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(states(&world, 1..=5).await, [StateKind::Done; 5]);
    assert_eq!(world.script.attempts().len(), 5);
}

#[tokio::test]
async fn a_burst_takes_what_one_attempt_takes_of_the_limit() {
    let world = with_orders(1..=200, 100).await;
    world.limiter.set(&warehouse(), Quota::per_minute(5));
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.run("acme").await, in_seconds(&world, 15));
    world.advance(Duration::from_secs(15));
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.script.attempts().len(), 200);
}

#[tokio::test]
async fn a_lane_with_one_job_does_not_lose_its_turn_by_asking_for_others() {
    let world = with_orders(1..=1, 100).await;
    world.add_shop("bolt", Policy::default()).await;
    world.order("bolt", 2).await;
    world.limiter.set(&warehouse(), Quota::per_minute(5));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.run("bolt").await, in_seconds(&world, 15));
    world.order("acme", 3).await;
    assert_eq!(world.run("acme").await, in_seconds(&world, 30));
    world.advance(Duration::from_secs(15));
    assert_eq!(world.run("bolt").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1", "bolt/2"]);
}
