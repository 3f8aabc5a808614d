//! Two workers over one ledger: one is frozen for longer than its lease, or its clock is wrong, or both hear of the same
//! lane. A lane is worked by one at a time, and who comes back late changes nothing that was written since.

use ::lane::clock::{ManualClock, SystemClock, after};
use ::lane::history::Happened;
use ::lane::id;
use ::lane::policy::Policy;
use ::lane::ports::{Desk, QueueSender};
use ::lane::state::StateKind;
use backend::embedded::queue::{Queue, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use worker::daemon::{Daemon, Parts};
use worker::lane::{LEASE, Ran};

use crate::harness::{Act, World, lane_of};

const TEN_MINUTES: Duration = Duration::from_mins(10);

/// What happened to an order, in one word each, and the fences of its attempts.
async fn story(world: &World, order: u64) -> (Vec<&'static str>, Vec<u64>) {
    let entries = world.ledger.timeline(&lane_of("acme"), &order.into()).await.unwrap();
    let mut fences = Vec::new();
    let words = entries.iter().filter_map(|entry| match &entry.what {
        Happened::Began { fence, .. } => {
            fences.push(fence.0);
            Some("began")
        }
        Happened::Ended { .. } => Some("ended"),
        Happened::Disturbed => Some("disturbed"),
        Happened::Accepted { .. }
        | Happened::Newer { .. }
        | Happened::Held { .. }
        | Happened::Reopened { .. }
        | Happened::Decided { .. }
        | Happened::Undone { .. }
        | Happened::Shipped(_)
        | Happened::Redacted
        | Happened::Released { .. } => None,
    });
    (words.collect(), fences)
}

#[tokio::test]
async fn who_was_frozen_beyond_the_lease_changes_nothing_and_what_may_have_been_overwritten_is_looked_at_again() {
    let world = World::with_orders(1..=3).await;
    let another = world.another_worker(world.clock.clone());
    world.script(1, &[Act::SlowWrite]);
    let (lane, stop) = (lane_of("acme"), CancellationToken::new());
    let overtaking = async {
        world.script.began.notified().await;
        world.advance(LEASE + Duration::from_secs(1));
        assert_eq!(another.run(&lane, &stop).await, Ran::Delete { wake: None });
        assert_eq!(world.script.attempts(), ["acme/1", "acme/1", "acme/2", "acme/3"], "it went on in order");
        let before = world.job("acme", 1).await;
        assert_eq!((before.state.kind(), before.attempts), (StateKind::Done, 2));
        world.script.end.notify_one();
    };
    let (frozen, ()) = tokio::join!(world.lanes.run(&lane, &stop), overtaking);
    assert_eq!(frozen, Ran::Visible);
    assert_eq!(world.state("acme", 1).await, StateKind::Waiting, "a write of the frozen one may have come last");
    assert_eq!(world.run("acme").await, Ran::Delete { wake: None });
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
    let (words, fences) = story(&world, 1).await;
    assert_eq!(
        words,
        ["began", "began", "ended", "disturbed", "began", "ended"],
        "what the frozen one did is not there"
    );
    assert!(fences.is_sorted() && fences[0] < fences[1], "fences only rise: {fences:?}");
    for order in 2..=3 {
        assert_eq!(story(&world, order).await.0, ["began", "ended"]);
    }
}

#[tokio::test]
async fn what_is_accepted_while_the_last_attempt_runs_is_worked_although_its_wake_up_met_the_lease() {
    let world = World::with_orders(1..=1).await;
    let another = world.another_worker(world.clock.clone());
    world.script(1, &[Act::Slow]);
    let (lane, stop) = (lane_of("acme"), CancellationToken::new());
    let accepting = async {
        world.script.began.notified().await;
        world.order("acme", 2).await;
        // Its wake-up: the other worker finds the lease, and keeps the message until that ends.
        let until = after(world.clock.now(), LEASE);
        assert_eq!(another.run(&lane, &stop).await, Ran::DeferUntil(until));
        world.script.end.notify_one();
    };
    let (ran, ()) = tokio::join!(world.lanes.run(&lane, &stop), accepting);
    assert_eq!(ran, Ran::Delete { wake: None });
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2"]);
    assert_eq!(world.state("acme", 2).await, StateKind::Done);
}

#[tokio::test]
async fn a_worker_whose_clock_is_behind_takes_no_lease_early_and_one_that_is_ahead_loses_nothing() {
    for (ahead, takes_over) in [(false, false), (true, true)] {
        let world = World::with_orders(1..=2).await;
        let now = world.clock.now();
        let wrong = if ahead { after(now, TEN_MINUTES) } else { now.checked_sub(TEN_MINUTES).unwrap() };
        let another = world.another_worker(Arc::new(ManualClock::starting(wrong)));
        world.script(1, &[Act::SlowWrite]);
        let (lane, stop) = (lane_of("acme"), CancellationToken::new());
        let meanwhile = async {
            world.script.began.notified().await;
            let ran = another.run(&lane, &stop).await;
            if takes_over {
                assert_eq!(ran, Ran::Delete { wake: None });
                assert_eq!(world.script.attempts(), ["acme/1", "acme/1", "acme/2"]);
            } else {
                assert_eq!(ran, Ran::DeferUntil(after(now, LEASE)), "it sees the lease of the other");
                assert_eq!(world.script.attempts(), ["acme/1"]);
            }
            world.script.end.notify_one();
        };
        let (_, ()) = tokio::join!(world.lanes.run(&lane, &stop), meanwhile);
        world.run("acme").await;
        for order in 1..=2 {
            assert_eq!(world.state("acme", order).await, StateKind::Done);
        }
        // Whoever was taken over from has its order looked at once more, under a new fence.
        let (words, fences) = story(&world, 1).await;
        let told: &[&str] =
            if takes_over { &["began", "began", "ended", "disturbed", "began", "ended"] } else { &["began", "ended"] };
        assert_eq!(words, told);
        assert!(fences.is_sorted(), "{fences:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_that_hear_everything_twice_work_each_lane_in_order_and_each_order_once() {
    let world = World::on(Arc::new(SystemClock::start()), None);
    let shops = ["acme", "bolt", "cork"];
    for shop in shops {
        world.add_shop(shop, Policy::default()).await;
    }
    let (mut queues, mut daemons) = (Vec::new(), Vec::new());
    let stop = CancellationToken::new();
    for owner in ["one", "two"] {
        // Each has a queue of its own that hears of everything: no queue keeps them apart, only the lease does.
        let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
        let daemon = Daemon::new(Parts {
            ledger: world.flaky.clone(),
            sender: Arc::new(queue.clone()),
            receiver: Arc::new(queue.clone()),
            carry: world.script.clone(),
            limiter: world.limiter.clone(),
            clock: world.clock.clone(),
            owner: owner.into(),
            concurrency: 4,
            drain_timeout: Duration::from_secs(5),
            seed: 7,
        });
        daemons.push(tokio::spawn(daemon.run(stop.clone())));
        queues.push(queue);
    }
    for nth in 0..20 {
        for (lane, shop) in (1..).zip(shops) {
            let send = world.order(shop, lane * 1000 + nth).await.unwrap();
            for queue in &queues {
                queue.send(&send).await.unwrap();
            }
        }
    }
    for (lane, shop) in (1..).zip(shops) {
        for nth in 0..20 {
            world.until_state(shop, lane * 1000 + nth, StateKind::Done).await;
        }
    }
    stop.cancel();
    for daemon in daemons {
        daemon.await.unwrap();
    }
    let attempts = world.script.attempts();
    for (lane, shop) in (1..).zip(shops) {
        let own: Vec<&String> = attempts.iter().filter(|attempt| attempt.starts_with(shop)).collect();
        let told: Vec<String> = (0..20).map(|nth| format!("{shop}/{}", lane * 1000 + nth)).collect();
        assert_eq!(own, told.iter().collect::<Vec<_>>(), "in order, and each once");
    }
}
