//! One shop of which a hundred webhooks come each second: none is told to come again, and its order is kept.
//!
//! `HOT=6000` plays a minute of it.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use simulators::shopify;
use tokio::time::{Instant, interval};

use crate::outages::{Sold, once_and_in_order};
use crate::world::{Delivery, World, domain, orders};

/// A hundred in a second.
const PACE: Duration = Duration::from_millis(10);

/// Deliveries under way at once. Beyond it they wait for each other, where the stand-in, which answers one call at a time, is
/// slower than a table.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_webhooks_a_second_of_one_shop_are_all_accepted_and_their_order_is_kept() {
    let count = std::env::var("HOT").map_or(300, |told| told.parse().expect("a number"));
    // A shop that sells so much has other limits than most; it is not about them.
    let platform =
        shopify::Settings { maximum_available: 20_000, restore_rate: 20_000, ..shopify::Settings::default() };
    let world = World::start_at(platform, 60_000, &[]).await;
    world.shop("hot", &[]).await;
    let goods = orders(1, count);
    for order in &goods {
        world.shopify.put_order(&domain("hot"), order.clone()).expect("the simulator takes the order");
    }
    let began = Instant::now();
    let sales = stream::unfold((interval(PACE), goods.iter()), async |(mut pace, mut goods)| {
        pace.tick().await;
        goods.next().map(|order| (order, (pace, goods)))
    });
    let sold: Vec<Sold> = sales
        .map(async |order| {
            let (delivery, came) = (Delivery::of("hot", "orders/create", order), Instant::now());
            assert_eq!(world.outcome(&delivery).await, "new", "{}", order["name"]);
            Sold { order: order.clone(), delivery, came, accepted: Some(Instant::now()) }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let took = began.elapsed();
    let mut waits: Vec<Duration> = sold.iter().filter_map(|sold| Some(sold.accepted? - sold.came)).collect();
    waits.sort_unstable();
    eprintln!("{count} webhooks in {took:?}; answered in {:?}, at most {:?}", waits[waits.len() / 2], waits.last());
    for sold in &sold {
        world.arrives("hot", &sold.order, "awaiting_shipment").await;
    }
    eprintln!("all carried out after {:?}", began.elapsed());
    once_and_in_order(&world, "hot", &sold);
    assert!(sold.len() >= 300);
}
