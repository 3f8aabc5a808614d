//! One shop has very many orders in line, and others trade. Its wake-ups do not fill the queue, and the others' orders are
//! carried out as soon as they would be without it.
//!
//! `LONG_LINE=150000 OTHERS=200` plays it in full; that takes a quarter of an hour.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use axum::body::Bytes;
use backend::aws::ledger::{Ledger, Patience};
use backend::aws::queue::{Address, Queue, Settings};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lane::clock::{Clock as _, SystemClock};
use lane::id::{CorrelationId, Fingerprint, JobId, ShopId};
use lane::marks::Marks;
use lane::ports::{Desk as _, Intake as _, QueueSender as _, Work as _};
use lane::shop::Source;
use lane::webhook::{Content, OrderNews, Webhook};
use serde_json::Value;
use tokio::time::{Instant, interval};

use crate::world::{World, domain, eventually, key, orders, stand_in};

/// The shop with the long line.
const CROWDED: &str = "crowded";

/// Wake-ups of one shop that the queue may hold: beyond a hundred open orders none is sent, but who looks at the same time
/// sees the same.
const WAKE_UPS_MAX: usize = 101 + AT_ONCE;

/// Of the long line so many are at the shop: more than are worked while others trade.
const AT_THE_SHOP: usize = 4_000;

/// Orders that each of the others sells, without the long line and beside it.
const EACH: usize = 2;

/// Between two orders of others.
const PACE: Duration = Duration::from_millis(100);

/// Callers that fill the line at once.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_line_fills_no_queue_and_keeps_nobody_waiting() {
    let (long, others) = (told("LONG_LINE", 2_000), told("OTHERS", 20));
    let mut world = World::start_with(60_000, &[]).await;
    world.shop(CROWDED, &[]).await;
    let mut shops = Vec::new();
    for nth in 1..=others {
        let name = format!("shop-{nth}");
        world.shop(&name, &[]).await;
        shops.push((name, orders(nth as u64, 2 * EACH as u64)));
    }
    let line = Line::of(&world).await;
    let alone = trade(&world, &line, &shops, 0..EACH).await;

    world.program.signal_worker("TERM").await;
    eventually("the worker has ended", async || world.program.log().contains("the worker ends")).await;
    line.fill(&world, long).await;
    let held = line.wake_ups().await;
    assert!((1..=WAKE_UPS_MAX).contains(&held), "the queue holds {held} wake-ups of one shop");
    world.program.another_worker(&[]);
    eventually("the long line is worked", async || world.shipstation.journal().commit_count() > others * EACH).await;
    let beside = trade(&world, &line, &shops, EACH..2 * EACH).await;

    let left = line.waiting().await;
    eprintln!(
        "{others} others: {alone:?} alone, {beside:?} beside a line of {long}, of which {left} still wait; {held} wake-ups"
    );
    assert!(left >= long / 4, "the line was there all the time, {left} are left");
    assert!(beside.median <= 3 * alone.median + Duration::from_millis(500), "{beside:?}, alone {alone:?}");
    assert!(beside.longest <= Duration::from_secs(15), "{beside:?}, alone {alone:?}");
    for (shop, sold) in &shops {
        world.one_each_in_sequence(shop, sold);
    }
    world.kept_the_limit();
}

/// A number from the environment.
fn told(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |told| told.parse().expect("a number"))
}

/// How long others' orders took from their answer to the warehouse.
#[derive(Debug)]
struct Waited {
    median: Duration,
    #[expect(dead_code, reason = "shown")]
    of_100_the_95th: Duration,
    longest: Duration,
    #[expect(dead_code, reason = "shown")]
    reads: Reads,
}

/// How long a read of one item took meanwhile. The stand-in answers one call after the other and looks through much for a
/// few, so that an order, which is some thirty calls, is late by as much as its answers are.
#[derive(Debug)]
#[expect(dead_code, reason = "shown")]
struct Reads {
    median: Duration,
    mean: Duration,
    longest: Duration,
}

async fn trade(world: &World, line: &Line, shops: &[(String, Vec<Value>)], nths: std::ops::Range<usize>) -> Waited {
    let (mut pace, mut reads) = (interval(PACE / 4), Vec::new());
    let read = async {
        loop {
            pace.tick().await;
            let from = Instant::now();
            line.ledger.shop(&ShopId::parse(CROWDED).unwrap()).await.unwrap();
            reads.push(from.elapsed());
        }
    };
    let mut waited = tokio::select! {
        waited = sell(world, shops, nths) => waited,
        never = read => never,
    };
    reads.sort_unstable();
    waited.sort_unstable();
    assert!(waited.len() >= shops.len() * EACH);
    let at = |all: &[Duration], percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
    let mean = reads.iter().sum::<Duration>() / u32::try_from(reads.len()).unwrap();
    let reads = Reads { median: at(&reads, 50), mean, longest: at(&reads, 100) };
    Waited { median: at(&waited, 50), of_100_the_95th: at(&waited, 95), longest: at(&waited, 100), reads }
}

/// The others sell, one after the other at a steady pace. How long each order took.
async fn sell(world: &World, shops: &[(String, Vec<Value>)], nths: std::ops::Range<usize>) -> Vec<Duration> {
    let clock = SystemClock::start();
    let (mut pace, mut accepted) = (interval(PACE), Vec::new());
    for nth in nths {
        for (shop, sold) in shops {
            pace.tick().await;
            assert_eq!(world.sells(shop, &sold[nth]).await, 200);
            accepted.push((shop, &sold[nth], clock.now()));
        }
    }
    for (shop, order, _) in &accepted {
        world.arrives(shop, order, "awaiting_shipment").await;
    }
    let journal = world.shipstation.journal();
    let waited = |(shop, order, from): &(&String, &Value, Timestamp)| {
        let made = journal.commits_of(&key(shop, order))[0].at;
        Duration::try_from(made.duration_since(*from)).unwrap_or_default()
    };
    accepted.iter().map(waited).collect()
}

/// The long line, filled as the handler does it.
struct Line {
    ledger: Ledger,
    queue: Queue,
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Line {
    async fn of(world: &World) -> Self {
        let settings = std::fs::read_to_string(world.folder().join("lanekeeper.toml")).unwrap();
        let setting = |name: &str| {
            let told = settings.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
            told.expect("it stands in the settings").trim_matches('"').to_owned()
        };
        let account = stand_in().await.config().await;
        let ledger =
            backend::contract::stand_in::ledger(&account, &setting("table"), Patience::default()).await.unwrap();
        let url = setting("orders_queue");
        let (queue, visibility) = (lane::id::Queue::Orders, Duration::from_secs(140));
        let settings = Settings { queue, address: Address::Url(url.clone()), visibility };
        let queue = Queue::connect(&account, settings).await.unwrap();
        Self { ledger, queue, client: aws_sdk_sqs::Client::new(&account), url }
    }

    /// Records so many orders. What the ledger says is sent is sent.
    async fn fill(&self, world: &World, count: usize) {
        let clock = SystemClock::start();
        let sold = orders(1_000_000, count.min(AT_THE_SHOP) as u64);
        let ids: Vec<u64> = sold.iter().filter_map(|order| order["id"].as_u64()).collect();
        for order in sold {
            world.shopify.put_order(&domain(CROWDED), order).expect("the simulator takes the order");
        }
        let beyond = ids.iter().max().expect("orders") + 1;
        let all = ids.into_iter().chain(beyond..).take(count);
        let record = async |id| {
            let webhook = webhook(id, clock.now());
            // As the platform does when it is told 503.
            let recorded = loop {
                match self.ledger.record(webhook.clone()).await {
                    Ok(recorded) => break recorded,
                    Err(error) => eprintln!("order {id} is recorded again: {error}"),
                }
            };
            if let Some(send) = recorded.wake_up() {
                self.queue.send(send).await.expect("the queue takes it");
            }
        };
        stream::iter(all).map(record).buffer_unordered(AT_ONCE).collect::<()>().await;
        assert!(self.waiting().await >= count);
    }

    /// What the queue holds.
    async fn wake_ups(&self) -> usize {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let asked = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone()).send().await;
        asked.unwrap().attributes.unwrap()[&name].parse().unwrap()
    }

    /// Orders that wait, of all shops.
    async fn waiting(&self) -> usize {
        let figures = self.ledger.figures(SystemClock::start().now()).await.unwrap();
        let waiting = figures.jobs.iter().find(|(state, _)| *state == lane::state::StateKind::Waiting);
        waiting.map_or(0, |(_, count)| usize::try_from(*count).unwrap())
    }
}

/// A webhook as the handler reads it.
fn webhook(id: u64, now: Timestamp) -> Webhook {
    let mut body_hash = [0; 32];
    body_hash[..8].copy_from_slice(&id.to_be_bytes());
    Webhook {
        source: Source::Shopify,
        merchant: domain(CROWDED),
        topic: "orders/create".into(),
        webhook_id: Some(format!("filled-{id}")),
        event_id: Some(format!("filled-{id}")),
        body_hash,
        body: Bytes::from(format!("{{\"id\":{id}}}")),
        received_at: now,
        correlation: CorrelationId::of(&body_hash, now),
        content: Content::Order(OrderNews {
            id: JobId::from(id),
            number: format!("#{id}"),
            updated_at: None,
            fingerprint: Fingerprint::of(&body_hash),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        }),
    }
}
