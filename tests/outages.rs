//! Table and queue fail while shops trade. While the table is away nothing is accepted and nobody is woken; while the queue is
//! away everything is accepted and waits for the sweep. What was accepted is carried out afterwards, once and in order.
//!
//! `OUTAGE_SECONDS=600` plays outages of ten minutes.

mod line;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::world::{ALONE, Delivery, Desk, World, domain, key, orders, stand_in};
use line::{Is, Line};

/// Shops that sell before, during and after the outage.
const SHOPS: [&str; 3] = ["acme", "bolt", "cork"];

/// Sells one order, in the outage, so that nobody wakes its lane but the sweep.
const QUIET: &str = "quiet";

/// Orders that a shop sells while an outage lasts.
const MEANWHILE: u32 = 6;

/// Every answer comes within Shopify's five seconds, and the way to it.
const ANSWERED: Duration = Duration::from_secs(5);

/// How soon all is carried out that waits for nothing but the sweep: its period, what it waits at most after a failed call,
/// and the orders' own time.
const AFTERWARDS: Duration = Duration::from_secs(100);

/// Beyond that, so that a failure tells how long it took.
const PATIENCE: Duration = Duration::from_mins(20);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Out {
    Queue,
    Table,
    Both,
}

/// An order that was sold, and when its delivery came and was accepted.
pub(crate) struct Sold {
    pub(crate) order: Value,
    pub(crate) delivery: Delivery,
    pub(crate) came: Instant,
    pub(crate) accepted: Option<Instant>,
}

/// What a shop sold, in turn.
type Sales = Vec<(&'static str, Vec<Sold>)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_queue_all_is_accepted_and_the_sweep_finds_it_afterwards() {
    trade_through(Out::Queue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_table_nothing_is_accepted_nobody_is_woken_and_the_redelivery_goes_once() {
    trade_through(Out::Table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_table_and_queue_nothing_is_accepted_and_all_goes_on_afterwards() {
    trade_through(Out::Both).await;
}

async fn trade_through(out: Out) {
    let (mut world, desk, table, queue) = set_up().await;
    let mut sales: Sales = SHOPS.iter().map(|shop| (*shop, Vec::new())).collect();
    let mut goods = goods();
    sell(&world, &mut sales, &mut goods, true).await;
    // A wake-up that is in a worker's hands while the queue goes away is seen again when its visibility ends, 140 s later.
    if out != Out::Table {
        all_done(&desk, &sales).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    sales.push((QUIET, Vec::new()));
    let answers = outage(&world, out, [&table, &queue], &mut sales, &mut goods).await;
    let healed = Instant::now();
    for (_, sold) in &mut sales {
        for sold in sold.iter_mut().filter(|sold| sold.accepted.is_none()) {
            world.redelivers(&sold.delivery).await;
            sold.accepted = Some(Instant::now());
        }
    }
    all_done(&desk, &sales).await;
    let took = healed.elapsed();
    eprintln!("{out:?}: {answers} answers in {:?}; all carried out {took:?} after it", lasts());
    assert!(took <= AFTERWARDS, "{out:?}: {took:?}");
    sell(&world, &mut sales, &mut goods, true).await;
    all_done(&desk, &sales).await;
    for (shop, sold) in &sales {
        once_and_in_order(&world, shop, sold);
    }
    let carried_out = sales.iter().map(|(_, sold)| sold.len()).sum::<usize>();
    let meanwhile = SHOPS.len() * MEANWHILE as usize;
    assert!(answers >= meanwhile && carried_out >= meanwhile + 2 * SHOPS.len(), "{answers}, {carried_out}");
    assert!(world.program.terminate().await, "whatever happened, it ends in good order");
}

/// A world whose programs reach table and queue over lines.
async fn set_up() -> (World, Desk, Line, Line) {
    let endpoint = stand_in().await.endpoint();
    let (table, queue) = (Line::to(endpoint).await, Line::to(endpoint).await);
    let mut world = World::start_with(6000, &[]).await;
    let lines =
        format!("dynamodb_endpoint = \"{}\"\nsqs_endpoint = \"{}\"\n[webhooks]", table.address(), queue.address());
    world.settings(|settings| settings.replace("[webhooks]", &lines));
    world.restart().await;
    for shop in SHOPS.iter().chain([&QUIET]) {
        world.on_terms(shop, ALONE).await;
    }
    let desk = world.desk().await;
    (world, desk, table, queue)
}

/// What each shop has to sell, the next one last.
fn goods() -> Vec<(&'static str, Vec<Value>)> {
    let all = SHOPS.iter().chain([&QUIET]).zip(1..);
    all.map(|(shop, seed)| (*shop, orders(seed, u64::from(MEANWHILE) + 2).into_iter().rev().collect())).collect()
}

/// Each shop sells once. How many answers came.
async fn sell(world: &World, sales: &mut Sales, goods: &mut [(&'static str, Vec<Value>)], accepted: bool) -> usize {
    let mut next = |shop: &str| {
        let of_shop = goods.iter_mut().find(|(of, _)| *of == shop).expect("a shop");
        of_shop.1.pop().expect("it has enough to sell")
    };
    let all = sales.iter_mut().filter(|(shop, sold)| *shop != QUIET || sold.is_empty()).map(|(shop, sold)| {
        let order = next(shop);
        async move {
            world.shopify.put_order(&domain(shop), order.clone()).expect("the simulator takes the order");
            let (delivery, came) = (Delivery::of(shop, "orders/create", &order), Instant::now());
            let status = world.post(&delivery).await.expect("an answer");
            assert_eq!(status, if accepted { 200 } else { 503 }, "{shop}");
            assert!(came.elapsed() <= ANSWERED, "{shop}: {:?}", came.elapsed());
            sold.push(Sold { order, delivery, came, accepted: accepted.then(Instant::now) });
        }
    });
    futures::future::join_all(all).await.len()
}

/// The lines are cut for the first half, and silent for the second; meanwhile every shop goes on selling.
async fn outage(
    world: &World,
    out: Out,
    [table, queue]: [&Line; 2],
    sales: &mut Sales,
    goods: &mut [(&'static str, Vec<Value>)],
) -> usize {
    let are = |is| {
        let _ = (out != Out::Queue).then(|| table.is(is));
        let _ = (out != Out::Table).then(|| queue.is(is));
    };
    assert!(queue.sends() >= SHOPS.len(), "sends are counted");
    let (began, mut answers) = (Instant::now(), 0);
    are(Is::Cut);
    // What the worker had found before the table went away it may still send.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = queue.sends();
    for nth in 0..MEANWHILE {
        if nth == MEANWHILE / 2 {
            are(Is::Silent);
        }
        answers += sell(world, sales, goods, out == Out::Queue).await;
        tokio::time::sleep_until(began + lasts() * (nth + 1) / MEANWHILE).await;
    }
    match out {
        Out::Queue => assert!(queue.sends() > sent, "wake-ups were tried to be sent"),
        Out::Table | Out::Both => assert_eq!(queue.sends(), sent, "nobody is woken for what was not accepted"),
    }
    are(Is::Whole);
    answers
}

/// How long an outage lasts.
fn lasts() -> Duration {
    let told = std::env::var("OUTAGE_SECONDS").ok().map(|seconds| seconds.parse().expect("seconds"));
    Duration::from_secs(told.unwrap_or(18))
}

async fn all_done(desk: &Desk, sales: &Sales) {
    for (shop, sold) in sales {
        for sold in sold {
            let done = async || {
                while desk.job(shop, &sold.order).await["state"] != "done" {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let what = format!("{} of {shop} was not carried out", sold.order["name"]);
            tokio::time::timeout(PATIENCE, done()).await.expect(&what);
        }
    }
}

/// Every order was made once at the warehouse, and none before one that had been accepted before it came.
pub(crate) fn once_and_in_order(world: &World, shop: &str, sold: &[Sold]) {
    let created: Vec<u64> = sold.iter().map(|sold| created(world, &key(shop, &sold.order))).collect();
    for (first, its) in sold.iter().zip(&created) {
        let accepted = first.accepted.expect("everything is accepted by now");
        for (then, others) in sold.iter().zip(&created).filter(|(then, _)| then.came > accepted) {
            assert!(its < others, "{shop}: {} goes before {}", first.order["name"], then.order["name"]);
        }
    }
}

/// The place among all commits at which the order was made.
fn created(world: &World, key: &str) -> u64 {
    let commits = world.shipstation.journal().commits_of(key);
    assert_eq!(commits.len(), 1, "{key} was written once: {commits:?}");
    commits[0].number
}
