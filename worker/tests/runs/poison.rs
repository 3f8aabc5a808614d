//! What nobody can work with: an order whose attempt panics each time, and wake-ups that cannot be read. The one ends
//! before a person, the other are only late.

use ::lane::attempt::AttemptKind;
use ::lane::clock::SystemClock;
use ::lane::id;
use ::lane::outcome::Reach;
use ::lane::policy::{Policy, Standing};
use ::lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
use ::lane::retry::ATTEMPTS_MAX;
use ::lane::state::StateKind;
use ::lane::wake_up::WakeUp;
use async_trait::async_trait;
use backend::embedded::queue::{Queue, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use worker::daemon::{Daemon, Parts};

use crate::harness::{Act, LOOKS, World};

/// Runs the lane again and again, as long as it takes until an order ends. How many runs that were.
async fn run_until_ended(world: &World, order: u64) -> usize {
    for runs in 1..=100 {
        world.run("acme").await;
        if matches!(world.state("acme", order).await, StateKind::Failed | StateKind::Held) {
            return runs;
        }
        world.advance(Duration::from_mins(16));
    }
    panic!("{:?}", world.job("acme", order).await)
}

#[tokio::test]
async fn an_order_that_always_panics_fails_after_twelve_attempts_and_the_next_ones_go_on() {
    let world = World::standing_still();
    world.add_shop("acme", Policy::default()).await;
    for order in 1..=3 {
        world.order("acme", order).await;
    }
    world.script(1, &vec![Act::Panic { called: false }; 100]);
    assert_eq!(run_until_ended(&world, 1).await, ATTEMPTS_MAX as usize);
    let job = world.job("acme", 1).await;
    assert_eq!((job.state.kind(), job.attempts, &job.reach), (StateKind::Failed, ATTEMPTS_MAX, &Reach::Untouched));
    assert!(format!("{:?}", job.state).contains("panicked"), "it says why: {:?}", job.state);
    for order in 2..=3 {
        assert_eq!(world.state("acme", order).await, StateKind::Done);
    }
    assert_eq!(world.script.attempts().iter().filter(|attempt| *attempt == "acme/1").count(), 12, "and no more");
}

#[tokio::test]
async fn an_order_that_panics_after_a_write_is_looked_up_once_and_then_asked_about() {
    let world = World::standing_still();
    world.add_shop("acme", Policy { retry: Standing::StepAside, ..Policy::default() }).await;
    for order in 1..=2 {
        world.order("acme", order).await;
    }
    world.script(1, &vec![Act::Panic { called: true }; 100]);
    assert_eq!(run_until_ended(&world, 1).await, ATTEMPTS_MAX as usize + 1);
    let job = world.job("acme", 1).await;
    assert_eq!((job.state.kind(), &job.reach), (StateKind::Held, &Reach::Unresolved), "it may be there");
    assert_eq!(world.script.reserved_for(), Some(AttemptKind::LookUp), "to look takes less of the limit");
    assert_eq!(world.script.attempts()[..2], ["acme/1", "acme/2"], "where the policy says so, others pass it at once");
}

/// Nobody can read what this queue hands out.
struct Garbling {
    queue: Queue,
    garbled: AtomicU32,
}

#[async_trait]
impl QueueReceiver for Garbling {
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        let mut received = self.queue.receive(max, wait).await?;
        for message in &mut received {
            // A version of the body that means something else, and one that is no body at all.
            let body = if self.garbled.load(Ordering::SeqCst).is_multiple_of(2) {
                "{\"v\":99,\"lanes\":[\"acme\"]}"
            } else {
                "\u{0}"
            };
            message.wake_up = WakeUp::decode(body, &message.lane);
            assert!(message.wake_up.is_err());
            self.garbled.fetch_add(1, Ordering::SeqCst);
        }
        Ok(received)
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        self.queue.delete(receipt).await
    }

    async fn defer(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        self.queue.defer(receipt, after).await
    }
}

#[tokio::test]
async fn a_wake_up_of_an_unknown_version_wakes_its_lane_all_the_same_and_burns_no_attempt() {
    let world = World::on(Arc::new(SystemClock::start()), None);
    world.add_shop("acme", Policy::default()).await;
    let queue = Queue::new(id::Queue::Orders, world.clock.clone(), Settings::default());
    let receiver = Arc::new(Garbling { queue: queue.clone(), garbled: AtomicU32::new(0) });
    let daemon = Daemon::new(Parts {
        ledger: world.flaky.clone(),
        sender: Arc::new(queue.clone()),
        receiver: receiver.clone(),
        carry: world.script.clone(),
        limiter: world.limiter.clone(),
        clock: world.clock.clone(),
        owner: "tester".into(),
        concurrency: 4,
        drain_timeout: Duration::from_secs(5),
        seed: 7,
    });
    let stop = CancellationToken::new();
    let daemon = tokio::spawn(daemon.run(stop.clone()));
    for order in 1..=3 {
        let send = world.order("acme", order).await.unwrap();
        queue.send(&send).await.unwrap();
        world.until_state("acme", order, StateKind::Done).await;
    }
    for _ in 0..LOOKS {
        if queue.stats().groups == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(queue.stats().groups, 0, "what cannot be read does not come again and again");
    stop.cancel();
    daemon.await.unwrap();
    assert!(receiver.garbled.load(Ordering::SeqCst) >= 1);
    for order in 1..=3 {
        assert_eq!(world.job("acme", order).await.attempts, 1);
    }
}
