//! The daemon with its sweep, as a program runs it.

use ::lane::clock::SystemClock;
use ::lane::id;
use ::lane::policy::Policy;
use ::lane::ports::{QueueError, QueueSender};
use ::lane::state::StateKind;
use ::lane::wake_up::Envelope;
use async_trait::async_trait;
use backend::embedded::queue::{Queue, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::daemon::{Daemon, Parts};
use worker::limiter::Limiter;

use crate::harness::{Act, LOOKS, World};

struct Running {
    queue: Queue,
    stop: CancellationToken,
    daemon: JoinHandle<()>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        self.daemon.await.unwrap();
    }
}

/// Fails once.
struct Stumbling {
    queue: Queue,
    failed: AtomicBool,
}

#[async_trait]
impl QueueSender for Stumbling {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        if self.failed.swap(true, Ordering::SeqCst) {
            self.queue.send(send).await
        } else {
            Err(QueueError::Unavailable("the test says so".into()))
        }
    }
}

fn start(world: &World, concurrency: usize) -> Running {
    let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
    let sender = Arc::new(queue.clone());
    start_with(world, concurrency, queue, sender)
}

fn start_with(world: &World, concurrency: usize, queue: Queue, sender: Arc<dyn QueueSender>) -> Running {
    start_knowing(world, concurrency, queue, sender, world.limiter.clone())
}

fn start_knowing(
    world: &World,
    concurrency: usize,
    queue: Queue,
    sender: Arc<dyn QueueSender>,
    limiter: Limiter,
) -> Running {
    let daemon = Daemon::new(Parts {
        ledger: world.flaky.clone(),
        sender,
        receiver: Arc::new(queue.clone()),
        carry: world.script.clone(),
        limiter,
        clock: world.clock.clone(),
        owner: "tester".into(),
        concurrency,
        drain_timeout: Duration::from_secs(5),
        seed: 7,
    });
    let stop = CancellationToken::new();
    let daemon = tokio::spawn(daemon.run(stop.clone()));
    Running { queue, stop, daemon }
}

fn in_real_time() -> World {
    World::on(Arc::new(SystemClock::start()), None)
}

#[tokio::test]
async fn a_wake_up_gets_its_lane_worked_and_is_gone() {
    let world = in_real_time();
    world.add_shop("acme", Policy::default()).await;
    let running = start(&world, 4);
    for order in 1..=3 {
        let send = world.order("acme", order).await.unwrap();
        running.queue.send(&send).await.unwrap();
    }
    until_worked(&running.queue).await;
    running.end().await;
    assert_eq!(world.script.attempts(), ["acme/1", "acme/2", "acme/3"]);
}

#[tokio::test]
async fn a_lane_whose_wake_up_was_lost_is_swept() {
    let world = World::standing_still();
    world.add_shop("acme", Policy::default()).await;
    world.order("acme", 1).await;
    world.advance(Duration::from_secs(31));
    let running = start(&world, 4);
    world.until_state("acme", 1, StateKind::Done).await;
    running.end().await;
}

#[tokio::test]
async fn a_queue_that_fails_only_delays_the_sweep() {
    let world = World::standing_still();
    world.add_shop("acme", Policy::default()).await;
    world.order("acme", 1).await;
    world.advance(Duration::from_secs(31));
    let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
    let sender = Arc::new(Stumbling { queue: queue.clone(), failed: AtomicBool::new(false) });
    let running = start_with(&world, 4, queue, sender.clone());
    world.until_state("acme", 1, StateKind::Done).await;
    assert!(sender.failed.load(Ordering::SeqCst));
    running.end().await;
}

#[tokio::test]
async fn a_job_that_waits_is_swept_when_its_time_has_come() {
    let world = in_real_time();
    world.add_shop("acme", Policy::default()).await;
    let running = start(&world, 4);
    world.script(1, &[Act::WaitFor(Duration::from_millis(600))]);
    let (first, second) = (world.order("acme", 1).await, world.order("acme", 2).await);
    running.queue.send(&first.unwrap()).await.unwrap();
    world.until_state("acme", 2, StateKind::Done).await;
    assert_eq!(world.state("acme", 1).await, StateKind::Waiting, "the other passed it");
    running.queue.send(&second.unwrap()).await.unwrap();
    let began = world.clock.now();
    world.until_state("acme", 1, StateKind::Done).await;
    let took = ::lane::clock::until(began, world.clock.now());
    assert!(took < Duration::from_secs(5), "{took:?}");
    let before = world.flaky.sweeps.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let since = world.flaky.sweeps.load(Ordering::SeqCst) - before;
    assert!(since < 10, "a time that has come is forgotten: {since} sweeps");
    running.end().await;
}

#[tokio::test]
async fn what_an_earlier_process_left_waiting_is_swept_when_its_time_has_come() {
    let world = in_real_time();
    world.add_shop("acme", Policy::default()).await;
    world.script(1, &[Act::WaitFor(Duration::from_millis(600))]);
    world.order("acme", 1).await;
    world.run("acme").await;
    assert_eq!(world.state("acme", 1).await, StateKind::Waiting);
    let (running, began) = (start(&world, 4), world.clock.now());
    world.until_state("acme", 1, StateKind::Done).await;
    let took = ::lane::clock::until(began, world.clock.now());
    assert!(took < Duration::from_secs(25), "only the ledger knows when, and the next round is in 30 s: {took:?}");
    running.end().await;
}

#[tokio::test]
async fn a_slow_lane_holds_no_other_up() {
    let world = in_real_time();
    for shop in ["acme", "bolt"] {
        world.add_shop(shop, Policy::default()).await;
    }
    let running = start(&world, 2);
    world.script(1, &[Act::Slow]);
    let slow = world.order("acme", 1).await.unwrap();
    running.queue.send(&slow).await.unwrap();
    world.script.began.notified().await;
    let send = world.order("bolt", 2).await.unwrap();
    running.queue.send(&send).await.unwrap();
    world.until_state("bolt", 2, StateKind::Done).await;
    world.script.end.notify_one();
    world.until_state("acme", 1, StateKind::Done).await;
    running.end().await;
}

#[tokio::test]
async fn what_cannot_be_worked_on_stays_in_the_queue() {
    let world = in_real_time();
    for shop in ["acme", "bolt"] {
        world.add_shop(shop, Policy::default()).await;
    }
    let running = start(&world, 1);
    world.script(1, &[Act::Slow]);
    let slow = world.order("acme", 1).await.unwrap();
    running.queue.send(&slow).await.unwrap();
    world.script.began.notified().await;
    let send = world.order("bolt", 2).await.unwrap();
    running.queue.send(&send).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stats = running.queue.stats();
    assert_eq!((stats.in_flight, stats.visible), (1, 1));
    world.script.end.notify_one();
    world.until_state("bolt", 2, StateKind::Done).await;
    running.end().await;
}

#[tokio::test]
async fn stopping_lets_the_attempt_end_and_hands_the_rest_back() {
    let world = in_real_time();
    world.add_shop("acme", Policy::default()).await;
    let running = start(&world, 4);
    world.script(1, &[Act::Slow]);
    let send = world.order("acme", 1).await.unwrap();
    world.order("acme", 2).await.unwrap();
    running.queue.send(&send).await.unwrap();
    world.script.began.notified().await;
    let queue = running.queue.clone();
    running.stop.cancel();
    world.script.end.notify_one();
    running.end().await;
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
    assert_eq!(world.state("acme", 2).await, StateKind::Waiting);
    assert_eq!(queue.stats().visible, 1, "another worker may have it at once");
    let next = start(&world, 4);
    next.queue.send(&send).await.unwrap();
    world.until_state("acme", 2, StateKind::Done).await;
    next.end().await;
}

#[tokio::test]
async fn what_a_429_asked_for_is_kept_by_the_next_process_too() {
    let world = World::standing_still();
    for shop in ["acme", "bolt"] {
        world.add_shop(shop, Policy::default()).await;
    }
    let silence = Duration::from_secs(90);
    world.script(1, &[Act::Throttled(silence)]);
    world.order("acme", 1).await;
    world.run("acme").await;
    assert_eq!(world.script.attempts(), ["acme/1"]);

    // The first read fails, too: no lane is worked before it is known who asked for silence.
    world.flaky.failing_recalls.store(1, Ordering::SeqCst);
    let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
    let (sender, knows_nothing) = (Arc::new(queue.clone()), Limiter::new(world.clock.clone()));
    let running = start_knowing(&world, 4, queue, sender, knows_nothing);
    let send = world.order("bolt", 2).await.unwrap();
    running.queue.send(&send).await.unwrap();
    until_worked(&running.queue).await;
    assert_eq!(world.script.attempts(), ["acme/1"], "another shop's order at the same account waits as well");

    world.advance(silence);
    let send = world.order("bolt", 3).await.unwrap();
    running.queue.send(&send).await.unwrap();
    world.until_state("bolt", 3, StateKind::Done).await;
    assert_eq!(world.state("bolt", 2).await, StateKind::Done);
    running.end().await;
}

#[tokio::test]
async fn a_daemon_that_cannot_learn_who_asked_for_silence_still_stops_when_it_is_told() {
    let world = World::standing_still();
    world.flaky.failing_recalls.store(u32::MAX, Ordering::SeqCst);
    let running = start(&world, 4);
    let ends = async {
        while world.flaky.failing_recalls.load(Ordering::SeqCst) == u32::MAX {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        running.end().await;
    };
    tokio::time::timeout(Duration::from_mins(1), ends).await.expect("it stops");
    assert!(world.script.attempts().is_empty());
}

/// Waits until every message was worked and is gone.
async fn until_worked(queue: &Queue) {
    for _ in 0..LOOKS {
        if queue.stats().groups == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", queue.stats());
}
