//! Providers that refuse everybody, one shop, or the key itself: what they ask for is kept, nothing is used up, and who
//! is not meant does not notice.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, World, domain, eventually, orders};

/// Seconds of silence that the warehouse asks for. It asks for up to sixty; a shorter silence is kept in the same way.
const SILENCE: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_429_for_all_shops_uses_nothing_up_and_leaves_every_lane_in_order() {
    let world = World::start_with(1200, &[]).await;
    let shops = ["acme", "bolt", "cork", "dune", "elms", "fern"];
    for shop in shops {
        world.on_terms(shop, ALONE).await;
    }
    let storm = Effect::Throttle { retry_after_seconds: SILENCE };
    world.shipstation.faults().push(Fault::next(storm).on("createorder").times(6));
    let mut sold = Vec::new();
    for (seed, shop) in (1..).zip(shops) {
        let orders = orders(seed, 3);
        for order in &orders {
            assert_eq!(world.sells(shop, order).await, 200);
        }
        sold.push((shop, orders));
    }
    let desk = world.desk().await;
    for (shop, orders) in &sold {
        for order in orders {
            let job = desk.sees(shop, order, "done").await;
            assert_eq!(job["attempts"], 1, "{job}");
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert!(world.shipstation.faults().pending().is_empty(), "the storm struck");
    let journal = world.shipstation.journal();
    assert_eq!(journal.answered(429), 6, "only what the storm refused: what came after it kept the limit");
    assert_eq!((world.shipstation.orders().len(), journal.commit_count()), (18, 18));
    // Whoever was refused came back with the same order, and not before the time that was named.
    let mut refused = BTreeMap::new();
    for call in journal.calls_to("createorder") {
        let order = call.request["orderKey"].as_str().unwrap().to_owned();
        let shop = order.split('-').next().unwrap().to_owned();
        if let Some((waiting, at)) = refused.remove(&shop) {
            assert_eq!(order, waiting, "the head of the lane is still its head");
            let waited = call.at.duration_since(at);
            assert!(waited.as_millis() + 100 >= i128::from(SILENCE) * 1000, "{order} came back after {waited:?}");
        }
        if call.status == 429 {
            refused.insert(shop, (order, call.at));
        }
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_throttled_waits_alone() {
    let world = World::start_with(1200, &[]).await;
    for shop in ["acme", "bolt", "cork"] {
        world.on_terms(shop, ALONE).await;
    }
    let throttled = Fault::next(Effect::Throttle { retry_after_seconds: 2 }).of(&domain("acme")).forever();
    world.shopify.faults().push(throttled);
    let waiting = orders(1, 2);
    for order in &waiting {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    eventually("it was refused", async || asked(&world, "acme") > 0).await;
    let desk = world.desk().await;
    for (seed, shop) in [(2, "bolt"), (3, "cork")] {
        let sold = orders(seed, 4);
        for order in &sold {
            assert_eq!(world.sells(shop, order).await, 200);
        }
        for order in &sold {
            desk.sees(shop, order, "done").await;
        }
        world.one_each_in_sequence(shop, &sold);
    }
    for order in &waiting {
        assert!(world.at_shipstation("acme", order).is_none());
        assert_eq!(desk.job("acme", order).await["attempts"], 0, "no attempt was used up");
    }
    world.shopify.faults().clear();
    for order in &waiting {
        desk.sees("acme", order, "done").await;
    }
    world.one_each_in_sequence("acme", &waiting);
    assert_eq!(world.shipstation.orders().len(), 10);
}

/// How often a shop was asked.
fn asked(world: &World, shop: &str) -> usize {
    world.shopify.journal().calls().iter().filter(|call| call.account == domain(shop)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_warehouse_refuses_pauses_its_lanes_says_so_and_uses_no_attempt_up() {
    let world = World::start_with(1200, &[]).await;
    let shops = ["acme", "bolt"];
    for shop in shops {
        world.on_terms(shop, ALONE).await;
    }
    let desk = world.desk().await;
    world.shipstation.revoke("ss-key");
    let sold: Vec<(&str, Vec<Value>)> = (1..).zip(shops).map(|(seed, shop)| (shop, orders(seed, 3))).collect();
    for (shop, orders) in &sold {
        for order in orders {
            assert_eq!(world.sells(shop, order).await, 200);
        }
    }
    let stalled = "/api/v1/lanes?stalled=true";
    eventually("both lanes are paused", async || {
        let lanes = desk.get(stalled).await.1;
        let rows = lanes["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().filter(|lane| lane["status"] == "paused").count() == 2
    })
    .await;
    let lanes = desk.get(stalled).await.1.to_string();
    assert_eq!(lanes.matches("shipstation/main").count(), 2, "each says whose key: {lanes}");
    // An alarm can be set on the figure, and the log tells it as a warning.
    let figures = world.http.get(world.program.review("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("lanekeeper_lanes_stalled{reason=\"token_refused\"} 2"), "{figures}");
    let log = world.program.log();
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("shipstation/main")), "{log}");
    for (shop, orders) in &sold {
        for order in orders {
            assert_eq!(desk.job(shop, order).await["attempts"], 0, "{shop}");
        }
    }
    assert!(world.shipstation.journal().answered(401) >= 2);
    assert!(world.shipstation.orders().is_empty());

    world.shipstation.add_account("ss-key", "ss-secret", 1200);
    for (shop, _) in &sold {
        assert_eq!(desk.post(&format!("/api/v1/lanes/orders/{shop}/resume"), None, &json!({})).await.0, 200);
    }
    for (shop, orders) in &sold {
        for order in orders {
            desk.sees(shop, order, "done").await;
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert_eq!(world.shipstation.orders().len(), 6);
}
