use super::*;
use futures::FutureExt;
use futures::future::join_all;
use lane::clock::ManualClock;
use lane::id::{JobId, LaneKey, ShopId};
use lane::wake_up::DedupId;

fn envelope(group: &str, job: u64) -> Envelope {
    let shop = ShopId::parse(group).unwrap();
    let (lane, job) = (LaneKey::orders(&shop), JobId::from(job));
    let dedup = DedupId::first(&job);
    let at = Timestamp::UNIX_EPOCH;
    Envelope { wake_up: WakeUp { lane, shop, job, number: "#1".into(), at, approved: false }, dedup }
}

struct Bench {
    clock: Arc<ManualClock>,
    queue: Queue,
}

impl Bench {
    fn new() -> Self {
        Self::holding(MESSAGES_MAX)
    }

    fn holding(capacity: usize) -> Self {
        let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
        let (orders, told) = (id::Queue::Orders, clock.clone() as Arc<dyn Clock>);
        Self { clock, queue: Queue::holding(capacity, orders, told, Settings::default()) }
    }

    fn try_send(&self, group: &str, job: u64) -> Result<(), QueueError> {
        self.queue.send(&envelope(group, job)).now_or_never().unwrap()
    }

    fn send(&self, group: &str, job: u64) {
        self.try_send(group, job).unwrap();
    }

    fn receive(&self, max: usize) -> Vec<Received> {
        self.queue.receive(max, Duration::ZERO).now_or_never().unwrap().unwrap()
    }

    /// Groups and jobs of one receive.
    fn gets(&self, max: usize) -> String {
        let told = |m: &Received| format!("{}{}", m.lane.group(), m.wake_up.as_ref().unwrap().job);
        self.receive(max).iter().map(told).collect::<Vec<_>>().join(" ")
    }

    fn delete(&self, received: &Received) {
        let done = self.queue.delete(&received.receipt).now_or_never().unwrap().unwrap();
        assert_eq!(done, Settled::Done);
    }

    fn stats(&self) -> (usize, usize, usize) {
        let Stats { visible, in_flight, groups } = self.queue.stats();
        (visible, in_flight, groups)
    }
}

#[test]
fn groups_take_turns_in_the_order_in_which_they_became_ready() {
    let bench = Bench::new();
    for (group, job) in [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("b", 2)] {
        bench.send(group, job);
    }
    let first = bench.receive(1);
    assert_eq!(bench.gets(3), "b1 b2 c1");
    bench.send("d", 1);
    bench.delete(&first[0]);
    assert_eq!(bench.gets(2), "d1 a2");
}

#[test]
fn counts_blocked_siblings_as_visible_and_forgets_empty_groups() {
    let bench = Bench::new();
    for job in 1..=3 {
        bench.send("a", job);
        bench.send("b", job);
    }
    assert_eq!(bench.gets(1), "a1");
    assert_eq!(bench.gets(1), "b1");
    assert_eq!(bench.stats(), (4, 2, 2));
    bench.clock.advance(Duration::from_secs(140));
    assert_eq!(bench.stats(), (6, 0, 2));
    for received in bench.receive(10) {
        bench.delete(&received);
    }
    assert_eq!(bench.stats(), (0, 0, 0));
}

#[test]
fn refuses_what_is_for_another_time_when_it_is_full() {
    let bench = Bench::holding(2);
    bench.send("a", 1);
    bench.send("a", 2);
    assert!(matches!(bench.try_send("a", 3), Err(QueueError::Unavailable(_))));
    bench.delete(&bench.receive(1)[0]);
    bench.send("a", 3);
    assert_eq!(bench.gets(10), "a2 a3", "a refused send must not be remembered as sent");
}

#[test]
fn refuses_to_receive_none_or_more_than_ten() {
    let bench = Bench::new();
    for max in [0, 11] {
        let refused = bench.queue.receive(max, Duration::ZERO).now_or_never().unwrap();
        assert!(matches!(refused, Err(QueueError::Refused(_))), "{max}");
    }
}

#[tokio::test]
async fn a_waiting_receive_sees_a_clock_that_is_moved() {
    let bench = Bench::new();
    bench.send("a", 1);
    assert_eq!(bench.gets(1), "a1");
    let queue = bench.queue.clone();
    let polling = tokio::spawn(async move { queue.receive(1, WAIT_MAX).await });
    tokio::task::yield_now().await;
    bench.clock.advance(Duration::from_secs(140));
    bench.queue.clock_moved();
    let received = timeout(Duration::from_millis(200), polling).await.unwrap().unwrap().unwrap();
    assert_eq!(received.len(), 1);
}

#[tokio::test]
async fn a_waiting_receive_sees_a_moved_clock_also_when_nobody_says_so() {
    let bench = Bench::new();
    bench.send("a", 1);
    let queue = bench.queue.clone();
    bench.receive(1);
    let polling = tokio::spawn(async move { queue.receive(1, WAIT_MAX).await });
    tokio::task::yield_now().await;
    bench.clock.advance(Duration::from_secs(140));
    assert_eq!(timeout(CLOCK_LOOK * 8, polling).await.unwrap().unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_receive_that_began_before_anything_was_hidden_still_sees_it_come_back() {
    let bench = Bench::new();
    let queue = bench.queue.clone();
    let polling = tokio::spawn(async move { queue.receive(1, WAIT_MAX).await });
    tokio::task::yield_now().await;
    bench.send("a", 1);
    assert_eq!(bench.gets(1), "a1", "the one that waits was faster, so this test shows nothing");
    tokio::task::yield_now().await;
    bench.clock.advance(Duration::from_secs(140));
    assert_eq!(timeout(CLOCK_LOOK * 8, polling).await.unwrap().unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn many_receivers_share_many_lanes_and_none_is_forgotten() {
    let bench = Bench::new();
    let workers = (0..16).map(|_| {
        let queue = bench.queue.clone();
        tokio::spawn(async move {
            let mut heard = 0;
            loop {
                let received = queue.receive(1, Duration::from_secs(1)).await.unwrap();
                let Some(one) = received.first() else { return heard };
                heard += 1;
                tokio::task::yield_now().await;
                assert_eq!(queue.delete(&one.receipt).await.unwrap(), Settled::Done);
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    for job in 0..2_000 {
        bench.send(&format!("shop-{}", job % 40), job);
        if job % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let heard: u32 = join_all(workers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(heard, 2_000);
    assert_eq!(bench.stats(), (0, 0, 0));
}

/// Were any step to look at all groups or at all messages, these would be ten thousand million looks.
#[test]
fn a_hundred_thousand_lanes_or_messages_cost_no_more_each_than_a_few() {
    const MANY: u64 = 100_000;
    let began = Instant::now();
    let (lanes, backlog) = (Bench::new(), Bench::new());
    for job in 0..MANY {
        lanes.send(&format!("shop-{job}"), job);
        backlog.send("a", job);
    }
    for _ in 0..MANY {
        lanes.delete(&lanes.receive(1)[0]);
        backlog.delete(&backlog.receive(1)[0]);
    }
    assert_eq!(lanes.stats(), (0, 0, 0));
    assert_eq!(backlog.stats(), (0, 0, 0));
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}
