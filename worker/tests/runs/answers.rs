//! What a run does when the ledger's answer is not the one it hoped for: the lease is gone, the job is not ready any
//! more, nothing can be read or written. No message is lost, no lane stays leased, and nobody's turn is kept for nothing.

use ::lane::clock::{SystemClock, Timestamp, after, until};
use ::lane::line::Pause;
use ::lane::outcome::PauseReason;
use ::lane::policy::Policy;
use ::lane::ports::Desk;
use ::lane::state::StateKind;
use ::lane::view::{LaneFilter, LaneStatus, Page};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use worker::lane::{LEASE, Ran};
use worker::limiter::Quota;

use crate::harness::{Act, World, lane_of, warehouse};

/// Longer than anything that ends by itself.
const ENDLESS: Duration = Duration::from_mins(1);

/// A second after an outage began, work is tried again.
const SOON: u64 = 1;

/// Two shops with an order each, at a warehouse that takes one of them now and the next in 15 s.
async fn at_the_limit() -> World {
    let world = World::with_orders(1..=1).await;
    world.add_shop("bolt", Policy::default()).await;
    world.order("bolt", 2).await;
    world.limiter.set(&warehouse(), Quota::per_minute(5));
    world
}

fn in_seconds(world: &World, seconds: u64) -> Timestamp {
    after(world.clock.now(), Duration::from_secs(seconds))
}

fn so_often(counter: &AtomicU32, times: u32) {
    counter.store(times, Ordering::SeqCst);
}

/// Nobody holds the lane: another worker goes on at once.
async fn goes_on(world: &World, order: u64) {
    let another = world.another_worker(world.clock.clone());
    assert_eq!(another.run(&lane_of("acme"), &CancellationToken::new()).await, Ran::Delete { wake: None });
    assert_eq!(world.state("acme", order).await, StateKind::Done);
}

#[tokio::test]
async fn a_run_that_comes_to_no_attempt_ends_after_two_hundred_looks() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.late_begins, 1000);
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.flaky.begins_asked.load(Ordering::SeqCst), 200);
    so_often(&world.flaky.late_begins, 0);
    goes_on(&world, 1).await;
}

#[tokio::test]
async fn jobs_that_are_held_because_their_workers_died_count_as_worked() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.held_begins, 1000);
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.flaky.begins_asked.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn what_was_reserved_for_an_attempt_that_did_not_begin_goes_to_the_next() {
    for counter in ["late", "held"] {
        let world = at_the_limit().await;
        let begins = if counter == "late" { &world.flaky.late_begins } else { &world.flaky.held_begins };
        so_often(begins, 1);
        assert_eq!(world.run("acme").await, Ran::Delete { wake: None }, "{counter}: it did not wait for a second turn");
        assert_eq!(world.state("acme", 1).await, StateKind::Done);
    }
    for together in [1, 100] {
        for lost in [true, false] {
            let world = at_the_limit().await;
            world.together(together);
            so_often(if lost { &world.flaky.lost_begins } else { &world.flaky.failing_begins }, 1);
            // If it is lost, whoever has the lease may not know of the message.
            let expected = if lost { Ran::Visible } else { Ran::DeferUntil(in_seconds(&world, SOON)) };
            assert_eq!(world.run("acme").await, expected);
            assert!(world.script.attempts().is_empty());
            assert_eq!(world.run("bolt").await, Ran::Delete { wake: None });
        }
    }
}

#[tokio::test]
async fn what_an_attempt_took_of_the_limit_is_not_given_back_at_the_end_of_the_run() {
    for together in [1, 100] {
        let world = at_the_limit().await;
        world.together(together);
        if together > 1 {
            world.order("acme", 3).await;
        }
        assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
        assert_eq!(world.run("bolt").await, Ran::DeferUntil(in_seconds(&world, 15)));
    }
}

#[tokio::test]
async fn a_lane_that_cannot_be_worked_keeps_no_place_before_others() {
    for paused in [true, false] {
        let world = at_the_limit().await;
        world.run("acme").await;
        world.order("acme", 3).await;
        assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 15)), "it has the next place");
        if paused {
            let why = PauseReason::Operator { why: "stock-taking".into() };
            let pause = Pause { why, until: None, by: None, since: world.clock.now() };
            world.ledger.pause(&lane_of("acme"), &pause, None).await.unwrap();
            assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
        } else {
            so_often(&world.flaky.failing_leases, 1);
            assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, SOON)));
        }
        assert_eq!(world.run("bolt").await, Ran::DeferUntil(in_seconds(&world, 15)), "and now the other has it");
    }
}

#[tokio::test]
async fn a_lease_that_turns_out_lost_makes_the_message_come_again_at_once() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.lost_heads, 1);
    assert_eq!(world.run("acme").await, Ran::Visible);
    world.advance(LEASE);
    so_often(&world.flaky.lost_releases, 1);
    assert_eq!(world.run("acme").await, Ran::Visible, "something may have come that whoever has it did not see");
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
}

#[tokio::test]
async fn a_lease_is_given_back_when_the_ledger_fails_in_the_middle() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.failing_heads, 1);
    so_often(&world.flaky.failing_hand_backs, 2);
    // Each failure that is met makes everybody wait longer.
    let Ran::DeferUntil(at) = world.run("acme").await else { panic!("the message is lost") };
    assert!(at > world.clock.now());
    goes_on(&world, 1).await;
}

#[tokio::test]
async fn a_worker_that_is_to_stop_does_not_wait_for_the_ledger_to_take_a_lease_back() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.failing_heads, 1);
    so_often(&world.flaky.failing_hand_backs, u32::MAX);
    let (lane, stop) = (lane_of("acme"), CancellationToken::new());
    let stopping = async {
        while world.flaky.failing_hand_backs.load(Ordering::SeqCst) == u32::MAX {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(world.lanes.run(&lane, &stop), stopping) };
    let (ran, ()) = tokio::time::timeout(ENDLESS, both).await.expect("it ends");
    assert!(matches!(ran, Ran::DeferUntil(_)));
}

#[tokio::test]
async fn a_report_is_offered_until_the_lease_ends_and_not_beyond() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.failing_completes, u32::MAX);
    let (lane, stop) = (lane_of("acme"), CancellationToken::new());
    let lease_ends = async {
        while world.flaky.failing_completes.load(Ordering::SeqCst) > u32::MAX - 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        world.advance(LEASE);
    };
    let both = async { tokio::join!(world.lanes.run(&lane, &stop), lease_ends) };
    let (ran, ()) = tokio::time::timeout(ENDLESS, both).await.expect("it ends");
    assert!(matches!(ran, Ran::DeferUntil(_)));
    assert_eq!(world.state("acme", 1).await, StateKind::Attempting);
    so_often(&world.flaky.failing_completes, 0);
    goes_on(&world, 1).await;
    assert_eq!(world.script.attempts(), ["acme/1", "acme/1"], "it is looked up again");
}

#[tokio::test]
async fn a_ledger_that_fails_is_asked_again_less_and_less_often() {
    let world = World::on(Arc::new(SystemClock::start()), None);
    world.add_shop("acme", Policy::default()).await;
    world.order("acme", 1).await;
    so_often(&world.flaky.failing_completes, 4);
    let began = world.clock.now();
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    // 100 + 200 + 400 + 800 ms; no sleep is shorter than asked for.
    assert!(until(began, world.clock.now()) >= Duration::from_millis(1400));
}

#[tokio::test]
async fn who_lost_the_lease_tells_as_soon_as_the_ledger_listens() {
    let world = World::with_orders(1..=1).await;
    world.script(1, &[Act::Overtaken { called: true }]);
    so_often(&world.flaky.failing_disturbs, 2);
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert!(world.job("acme", 1).await.disturbed);
}

#[tokio::test]
async fn a_lane_whose_rows_cannot_be_read_is_left_alone_for_a_minute() {
    let world = World::with_orders(1..=1).await;
    so_often(&world.flaky.unreadable_leases, 1);
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 60)));
    goes_on(&world, 1).await;
}

#[tokio::test]
async fn a_lane_that_waits_for_a_limit_says_for_which() {
    let world = at_the_limit().await;
    world.run("acme").await;
    assert_eq!(world.run("bolt").await, Ran::DeferUntil(in_seconds(&world, 15)));
    let lanes = world.ledger.lanes(&LaneFilter::default(), &Page::default(), world.clock.now()).await.unwrap();
    let bolt = lanes.rows.iter().find(|lane| lane.lane == lane_of("bolt")).unwrap();
    let LaneStatus::Throttled(rest) = &bolt.status else { panic!("{bolt:?}") };
    assert!(rest.why.contains(warehouse().as_str()), "{rest:?}");
}

#[tokio::test]
async fn a_lane_with_nothing_ready_leaves_its_place_to_others() {
    let world = at_the_limit().await;
    world.run("acme").await;
    world.order("acme", 3).await;
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 15)));
    assert_eq!(world.run("bolt").await, Ran::DeferUntil(in_seconds(&world, 30)));
    so_often(&world.flaky.unready_heads, 1);
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 30)), "what comes ready later queues anew");
}
