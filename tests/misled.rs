//! A queue that says one thing and does another. What comes of it is the same as with a queue that keeps its word: the ledger
//! says what is next, and the sweep wakes who was not woken.

mod queue;
mod town;

use std::time::Duration;

use lane::id::{JobId, LaneKey, ShopId};
use lane::ports::Desk as _;
use lane::state::StateKind;
use serde_json::Value;
use simulators::journal::Kind;

use crate::world::{Delivery, domain, key, orders};
use queue::Manner;
use town::Town;

const SHOPS: [&str; 3] = ["acme", "bolt", "cork"];

/// Orders of each shop.
const EACH: usize = 5;

/// Minutes after which everything is done, if the sweep's own waits are the longest that there are.
const MINUTES_MAX: u32 = 60;

/// What a day came to: each write at the warehouse, in turn, and how often each order was begun.
#[derive(Debug, PartialEq, Eq)]
struct Day {
    written: Vec<Vec<(String, Kind, String)>>,
    begun: Vec<u32>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_wake_ups_the_same_is_done_in_the_same_order() {
    let sold: Vec<Vec<Value>> = (1..).zip(SHOPS).map(|(seed, _)| orders(seed, EACH as u64)).collect();
    let (expected, misled) = day(Manner::Well, &sold).await;
    assert_eq!(misled, 0);
    assert_eq!(expected.begun, [1; SHOPS.len() * EACH], "each order is begun once");
    assert!(expected.written.iter().all(|written| written.len() == EACH));
    let misled = [Manner::Late, Manner::Twice, Manner::Swallows, Manner::Loses, Manner::Repeats];
    let sold = sold.as_slice();
    let days = misled.map(|manner| async move { (manner, day(manner, sold).await) });
    for (manner, (day, times)) in futures::future::join_all(days).await {
        assert_eq!(day, expected, "{manner:?}");
        assert!(times >= SHOPS.len() * EACH / 2, "{manner:?}: only {times} wake-ups were misled");
    }
}

/// A queue that takes nothing for ten minutes, in which every lane is swept again and again: a minute after it is back, all
/// is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_long_the_queue_was_out_all_lanes_are_woken_within_a_minute_after_it() {
    let sold: Vec<Vec<Value>> = (1..).zip(SHOPS).map(|(seed, _)| orders(seed, 2)).collect();
    let mut town = Town::with(Manner::Out).await;
    for (shop, orders) in SHOPS.iter().zip(&sold) {
        town.shop(shop).await;
        for order in orders {
            sells(&town, shop, order).await;
        }
    }
    for _ in 0..10 {
        town.passes(Duration::from_mins(1)).await;
    }
    assert!(town.queue.misled() >= 10, "{} sends were refused", town.queue.misled());
    assert_eq!(town.shipstation.journal().commit_count(), 0, "nobody was woken");
    town.queue.is_mended();
    town.passes(Duration::from_mins(1)).await;
    assert!(all_done(&town, &sold).await, "a minute later");
    let day = came_to(&town, &sold).await;
    assert_eq!((day.begun.as_slice(), day.written.iter().map(Vec::len).sum()), ([1; 6].as_slice(), 6), "{day:?}");
}

/// What the shops sold is accepted and carried out; then more than an hour goes by. What it came to, and how often the
/// queue did not keep its word.
async fn day(manner: Manner, sold: &[Vec<Value>]) -> (Day, usize) {
    let mut town = Town::with(manner).await;
    for shop in SHOPS {
        town.shop(shop).await;
    }
    for nth in 0..EACH {
        let all = SHOPS.iter().zip(sold).map(|(shop, orders)| sells(&town, shop, &orders[nth]));
        futures::future::join_all(all).await;
        town.hears().await;
        town.passes(Duration::from_secs(20)).await;
    }
    let mut minutes = 0;
    while !all_done(&town, sold).await {
        minutes += 1;
        assert!(minutes <= MINUTES_MAX, "{manner:?}: not everything is done");
        town.passes(Duration::from_mins(1)).await;
    }
    // What comes again after five minutes comes, then what comes again after an hour.
    for minutes in [6, 60] {
        town.passes(Duration::from_mins(minutes)).await;
    }
    (came_to(&town, sold).await, town.queue.misled())
}

async fn sells(town: &Town, shop: &str, order: &Value) {
    town.shopify.put_order(&domain(shop), order.clone()).unwrap();
    let delivery = Delivery::of(shop, "orders/create", order);
    let mut request = reqwest::Client::new().post(&town.webhooks).body(delivery.body);
    for (name, value) in &delivery.headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-lanekeeper-outcome"]), (200, &"new".parse().unwrap()));
}

async fn all_done(town: &Town, sold: &[Vec<Value>]) -> bool {
    for (shop, orders) in SHOPS.iter().zip(sold) {
        for order in orders {
            if job(town, shop, order).await.state.kind() != StateKind::Done {
                return false;
            }
        }
    }
    true
}

async fn job(town: &Town, shop: &str, order: &Value) -> lane::job::Job {
    let lane = LaneKey::orders(&ShopId::parse(shop).unwrap());
    let id = JobId::from(order["id"].as_u64().unwrap());
    town.ledger.job(&lane, &id).await.unwrap().unwrap()
}

async fn came_to(town: &Town, sold: &[Vec<Value>]) -> Day {
    let commits = town.shipstation.journal().commits();
    let mut day = Day { written: Vec::new(), begun: Vec::new() };
    for (shop, orders) in SHOPS.iter().zip(sold) {
        let keys: Vec<String> = orders.iter().map(|order| key(shop, order)).collect();
        let of_shop = commits.iter().filter(|commit| keys.contains(&commit.order_key));
        day.written.push(of_shop.map(|c| (c.order_key.clone(), c.kind, c.digest.clone())).collect());
        for order in orders {
            day.begun.push(job(town, shop, order).await.begun);
        }
    }
    day
}
