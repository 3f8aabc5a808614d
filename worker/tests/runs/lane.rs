//! What one run does with a lane, and with the message that woke it.

use ::lane::clock::{SystemClock, Timestamp, after};
use ::lane::line::Pause;
use ::lane::outcome::{PauseReason, Reach};
use ::lane::policy::{Policy, Standing};
use ::lane::ports::{Desk, Registry, Work};
use ::lane::state::{State, StateKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use worker::lane::{LEASE, Ran};
use worker::limiter::{Lesson, Quota};

use crate::harness::{Act, LOOKS, World, lane_of, shop_id, warehouse};

fn in_seconds(world: &World, seconds: u64) -> Timestamp {
    after(world.clock.now(), Duration::from_secs(seconds))
}

#[tokio::test]
async fn jobs_are_carried_out_in_the_order_they_came() {
    let world = World::with_orders(1..=5).await;
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    let order: Vec<String> = (1..=5).map(|n| format!("acme/{n}")).collect();
    assert_eq!(world.script.attempts(), order);
    assert_eq!(world.state("acme", 5).await, StateKind::Done);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None }, "a second wake-up is harmless");
    assert_eq!(world.script.attempts().len(), 5);
}

#[tokio::test]
async fn a_run_ends_after_twenty_jobs_and_comes_back_at_once() {
    let world = World::with_orders(1..=25).await;
    assert_eq!(world.run("acme").await, Ran::Visible);
    assert_eq!(world.script.attempts().len(), 20);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts().len(), 25);
}

#[tokio::test]
async fn a_retry_stops_its_lane_and_no_other() {
    let world = World::with_orders(1..=2).await;
    world.add_shop("bolt", Policy::default()).await;
    world.order("bolt", 3).await;
    world.script(1, &[Act::Retry]);
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 10)));
    assert_eq!(world.run("bolt").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1", "bolt/3"]);
    assert_eq!(world.state("acme", 2).await, StateKind::Waiting);
    world.advance(Duration::from_secs(10));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts()[2..], ["acme/1", "acme/2"]);
}

#[tokio::test]
async fn a_head_that_stops_the_lane_for_longer_is_left_to_the_sweep() {
    let world = World::with_orders(1..=1).await;
    world.script(1, &vec![Act::Retry; 11]);
    let mut ran = world.run("acme").await;
    for _ in 1..12 {
        let State::Retrying { due, .. } = world.job("acme", 1).await.state else { panic!("it is retried") };
        // The ledger's line counts in microseconds.
        let due = Timestamp::from_microsecond(due.as_microsecond()).unwrap();
        let soon = due <= in_seconds(&world, 60);
        let expected = if soon { Ran::DeferUntil(due) } else { Ran::Delete { wake: Some(due) } };
        assert_eq!(ran, expected);
        if !soon {
            return;
        }
        world.advance(::lane::clock::until(world.clock.now(), due));
        ran = world.run("acme").await;
    }
    panic!("no wait was longer than a minute");
}

#[tokio::test]
async fn where_the_policy_says_so_others_pass_a_retry() {
    let world = World::standing_still();
    let policy = Policy { retry: Standing::StepAside, ..Policy::default() };
    world.add_shop("acme", policy).await;
    world.order("acme", 1).await;
    world.order("acme", 2).await;
    world.script(1, &[Act::Retry]);
    let wake = Some(in_seconds(&world, 10));
    assert_eq!(world.run("acme").await, Ran::Delete { wake });
    assert_eq!(world.state("acme", 2).await, StateKind::Done);
}

#[tokio::test]
async fn a_held_job_steps_aside() {
    let world = World::with_orders(1..=3).await;
    world.script(2, &[Act::Hold]);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.state("acme", 2).await, StateKind::Held);
    assert_eq!(world.state("acme", 3).await, StateKind::Done);
}

#[tokio::test]
async fn a_panic_is_a_retry_and_says_what_may_have_been_written() {
    for (called, reach) in [(false, Reach::Untouched), (true, Reach::Unresolved)] {
        let world = World::with_orders(1..=1).await;
        world.script(1, &[Act::Panic { called }]);
        assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 10)));
        let job = world.job("acme", 1).await;
        assert_eq!((job.state.kind(), job.reach), (StateKind::Retrying, reach));
    }
}

#[tokio::test]
async fn an_attempt_that_does_not_end_is_broken_off_before_the_lease_ends() {
    let world = World::with_orders(1..=1).await;
    world.script(1, &[Act::Hang]);
    world.reserving_takes(LEASE.saturating_sub(Duration::from_secs(10)));
    assert_eq!(world.run("acme").await, Ran::Visible, "the run took long enough");
    let job = world.job("acme", 1).await;
    assert_eq!((job.state.kind(), job.reach), (StateKind::Retrying, Reach::Unresolved));
    for _ in 0..LOOKS {
        if world.script.hung_ended() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what was given up must not go on: the lane is free for the next");
}

#[tokio::test]
async fn no_call_may_begin_in_the_last_ten_seconds_of_the_lease() {
    for together in [1, 100] {
        let world = World::with_orders(1..=2).await;
        world.together(together);
        let last = in_seconds(&world, LEASE.as_secs() - 10);
        world.run("acme").await;
        assert_eq!(world.script.deadline(), Some(last), "they are kept for recording");
    }
}

#[tokio::test]
async fn a_report_is_not_thrown_away_because_the_ledger_could_not_take_it_at_once() {
    let world = World::with_orders(1..=2).await;
    world.flaky.failing_completes.store(2, Ordering::SeqCst);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2"]);
    assert_eq!(world.job("acme", 1).await.attempts, 1);
}

#[tokio::test]
async fn a_message_survives_a_ledger_that_fails() {
    let world = World::with_orders(1..=1).await;
    world.flaky.failing_leases.store(1, Ordering::SeqCst);
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 1)));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
}

#[tokio::test]
async fn who_lost_the_lease_tells_if_a_call_had_left() {
    for called in [false, true] {
        let world = World::with_orders(1..=1).await;
        world.script(1, &[Act::Overtaken { called }]);
        assert_eq!(world.run("acme").await, Ran::Visible);
        let job = world.job("acme", 1).await;
        assert_eq!(job.disturbed, called);
        assert_eq!(job.state.kind(), StateKind::Attempting, "the outcome was not recorded");
    }
}

#[tokio::test]
async fn a_lane_that_somebody_works_on_is_left_to_them() {
    let world = World::with_orders(1..=1).await;
    let (now, until) = (world.clock.now(), after(world.clock.now(), LEASE));
    world.ledger.lease(&lane_of("acme"), "another", now, until).await.unwrap();
    assert_eq!(world.run("acme").await, Ran::DeferUntil(until));
    assert!(world.script.attempts().is_empty());
}

#[tokio::test]
async fn nothing_begins_in_a_paused_lane() {
    let world = World::with_orders(1..=1).await;
    let until = Some(in_seconds(&world, 600));
    let why = PauseReason::Operator { why: "stock-taking".into() };
    let pause = Pause { why, until, by: None, since: world.clock.now() };
    world.ledger.pause(&lane_of("acme"), &pause, None).await.unwrap();
    assert_eq!(world.run("acme").await, Ran::Delete { wake: until });
    assert!(world.script.attempts().is_empty());
}

#[tokio::test]
async fn refused_credentials_pause_the_lane_and_use_no_attempt_up() {
    let world = World::with_orders(1..=2).await;
    world.script(1, &[Act::TokenRefused]);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1"]);
    let job = world.job("acme", 1).await;
    assert_eq!((job.state.kind(), job.attempts), (StateKind::Waiting, 0));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts().len(), 1, "it is paused");
}

#[tokio::test]
async fn a_lane_whose_shop_was_removed_does_nothing_and_loses_nothing() {
    let world = World::with_orders(1..=1).await;
    world.ledger.remove_shop(&shop_id("acme"), world.clock.now()).await.unwrap();
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert!(world.script.attempts().is_empty());
    world.add_shop("acme", Policy::default()).await;
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
}

#[tokio::test]
async fn a_lane_at_its_limit_keeps_its_ticket_and_gives_the_lease_back() {
    let world = World::with_orders(1..=2).await;
    world.limiter.set(&warehouse(), Quota::per_minute(5));
    assert_eq!(world.run("acme").await, Ran::DeferUntil(in_seconds(&world, 15)));
    assert_eq!(world.script.attempts(), ["acme/1"]);
    world.advance(Duration::from_secs(14));
    let again = world.run("acme");
    let nap = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.advance(Duration::from_secs(1));
    };
    let (ran, ()) = tokio::join!(again, nap);
    assert_eq!(ran, Ran::Delete { wake: None }, "a short wait is slept in place");
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2"]);
}

#[tokio::test]
async fn a_provider_that_asks_for_a_long_silence_keeps_no_message() {
    let world = World::with_orders(1..=1).await;
    let until = in_seconds(&world, 90);
    world.limiter.learn(&warehouse(), Lesson::StopUntil(until));
    assert_eq!(world.run("acme").await, Ran::Delete { wake: Some(until) });
    assert!(world.script.attempts().is_empty());
    assert_eq!(world.job("acme", 1).await.attempts, 0);
}

#[tokio::test]
async fn a_message_is_kept_for_a_minute_and_no_longer() {
    for (seconds, kept) in [(59, true), (60, true), (61, false)] {
        let world = World::with_orders(1..=1).await;
        let until = in_seconds(&world, seconds);
        world.limiter.learn(&warehouse(), Lesson::StopUntil(until));
        let expected = if kept { Ran::DeferUntil(until) } else { Ran::Delete { wake: Some(until) } };
        assert_eq!(world.run("acme").await, expected);
    }
}

#[tokio::test]
async fn a_stop_is_written_down_and_nothing_is_if_nobody_was_throttled() {
    let world = World::with_orders(1..=2).await;
    world.script(2, &[Act::Throttled(Duration::from_mins(1))]);
    let until = in_seconds(&world, 60);
    world.run("acme").await;
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2"]);
    assert_eq!(world.flaky.stopped_accounts(world.clock.now()).await.unwrap(), [(warehouse(), until)]);
    assert_eq!(world.flaky.stops_asked.load(Ordering::SeqCst), 1, "one write for the one that was throttled");
}

#[tokio::test]
async fn a_stop_that_cannot_be_written_holds_no_work_up_and_is_tried_again() {
    let world = World::with_orders(1..=1).await;
    world.script(1, &[Act::Throttled(Duration::from_mins(1))]);
    world.flaky.failing_stops.store(1, Ordering::SeqCst);
    let until = in_seconds(&world, 60);
    world.run("acme").await;
    assert_eq!(world.state("acme", 1).await, StateKind::Waiting, "the attempt was recorded");
    assert_eq!(world.flaky.stopped_accounts(world.clock.now()).await.unwrap(), [(warehouse(), until)]);
}

#[tokio::test]
async fn a_run_that_must_stop_ends_after_its_attempt() {
    let world = Arc::new(World::on(Arc::new(SystemClock::start()), None));
    world.add_shop("acme", Policy::default()).await;
    world.order("acme", 1).await;
    world.order("acme", 2).await;
    world.script(1, &[Act::Slow]);
    let (lane, stop) = (lane_of("acme"), CancellationToken::new());
    let stopping = async {
        world.script.began.notified().await;
        stop.cancel();
        world.script.end.notify_one();
    };
    let (ran, ()) = tokio::join!(world.lanes.run(&lane, &stop), stopping);
    assert_eq!(ran, Ran::Visible);
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
    assert_eq!(world.state("acme", 2).await, StateKind::Waiting);
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None }, "the lane was free");
}
