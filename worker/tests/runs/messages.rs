//! What the daemon tells the queue about each wake-up, and what it does when the queue does not listen.

use ::lane::clock::SystemClock;
use ::lane::id;
use ::lane::policy::Policy;
use ::lane::ports::{QueueError, QueueReceiver, Receipt, Received, Settled};
use ::lane::state::StateKind;
use async_trait::async_trait;
use backend::embedded::queue::{Queue, Settings};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::daemon::{Daemon, Parts};

use crate::harness::{Act, LOOKS, World};

/// What a wake-up was settled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Delete,
    Defer(Duration),
}

/// Remembers what it was told, and fails as often as the test says.
struct Listening {
    queue: Queue,
    told: Mutex<Vec<Told>>,
    failing_receives: AtomicU32,
    failing_settles: AtomicU32,
}

impl Listening {
    fn hears(&self, told: Told) -> Result<(), QueueError> {
        fails(&self.failing_settles)?;
        self.told.lock().unwrap().push(told);
        Ok(())
    }

    /// Waits until so many wake-ups were settled.
    async fn told(&self, count: usize) -> Vec<Told> {
        for _ in 0..LOOKS {
            let told = self.told.lock().unwrap().clone();
            if told.len() >= count {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.told.lock().unwrap());
    }
}

fn fails(counter: &AtomicU32) -> Result<(), QueueError> {
    let left = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    left.map_or(Ok(()), |_| Err(QueueError::Unavailable("the test says so".into())))
}

#[async_trait]
impl QueueReceiver for Listening {
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        fails(&self.failing_receives)?;
        self.queue.receive(max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        self.hears(Told::Delete)?;
        self.queue.delete(receipt).await
    }

    async fn defer(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        self.hears(Told::Defer(after))?;
        self.queue.defer(receipt, after).await
    }
}

struct Running {
    heard: Arc<Listening>,
    stop: CancellationToken,
    daemon: JoinHandle<()>,
}

/// A daemon over a queue that fails so often to hand out, and so often to listen.
fn start(world: &World, failing_receives: u32, failing_settles: u32) -> Running {
    let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
    let heard = Arc::new(Listening {
        queue: queue.clone(),
        told: Mutex::default(),
        failing_receives: AtomicU32::new(failing_receives),
        failing_settles: AtomicU32::new(failing_settles),
    });
    let daemon = Daemon::new(Parts {
        ledger: world.flaky.clone(),
        sender: Arc::new(queue),
        receiver: heard.clone(),
        carry: world.script.clone(),
        limiter: world.limiter.clone(),
        clock: world.clock.clone(),
        owner: "tester".into(),
        concurrency: 4,
        drain_timeout: Duration::from_mins(2),
        seed: 7,
    });
    let stop = CancellationToken::new();
    let daemon = tokio::spawn(daemon.run(stop.clone()));
    Running { heard, stop, daemon }
}

impl Running {
    async fn send(&self, world: &World, order: u64) {
        let send = world.order("acme", order).await.unwrap();
        ::lane::ports::QueueSender::send(&self.heard.queue, &send).await.unwrap();
    }

    async fn end(self) {
        self.stop.cancel();
        self.daemon.await.unwrap();
    }
}

async fn standing_still() -> World {
    let world = World::standing_still();
    world.add_shop("acme", Policy::default()).await;
    world
}

#[tokio::test]
async fn a_message_is_kept_for_exactly_as_long_as_its_lane_waits() {
    let world = standing_still().await;
    world.script(1, &[Act::Retry]);
    let running = start(&world, 0, 0);
    running.send(&world, 1).await;
    assert_eq!(running.heard.told(1).await, [Told::Defer(Duration::from_secs(10))]);
    world.advance(Duration::from_secs(10));
    assert_eq!(running.heard.told(2).await[1..], [Told::Delete]);
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
    running.end().await;
}

#[tokio::test]
async fn a_queue_that_hands_nothing_out_for_a_moment_is_asked_again() {
    let world = standing_still().await;
    let running = start(&world, 1, 0);
    running.send(&world, 1).await;
    world.until_state("acme", 1, StateKind::Done).await;
    running.end().await;
}

#[tokio::test]
async fn a_queue_that_does_not_listen_for_a_moment_is_told_again() {
    let world = standing_still().await;
    let running = start(&world, 0, 2);
    running.send(&world, 1).await;
    assert_eq!(running.heard.told(1).await, [Told::Delete]);
    assert_eq!(running.heard.failing_settles.load(Ordering::SeqCst), 0);
    running.end().await;
}

#[tokio::test]
async fn a_daemon_that_stops_waits_for_the_attempt_that_is_under_way() {
    let world = World::on(Arc::new(SystemClock::start()), None);
    world.add_shop("acme", Policy::default()).await;
    world.script(1, &[Act::Slow]);
    let mut running = start(&world, 0, 0);
    running.send(&world, 1).await;
    world.script.began.notified().await;
    running.stop.cancel();
    // Longer than the daemon waits for its last receive.
    let waited = tokio::time::timeout(Duration::from_secs(3), &mut running.daemon).await;
    assert!(waited.is_err(), "it ended while an attempt was under way");
    world.script.end.notify_one();
    running.end().await;
    assert_eq!(world.state("acme", 1).await, StateKind::Done);
}
