//! Every merchant's orders arrive once, in the order they were accepted, whatever is delivered twice.

use serde_json::json;
use simulators::faults::{Effect, Fault};

use crate::world::{Delivery, World, an_order, domain, eventually, orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_shops_orders_arrive_once_and_in_sequence_under_redeliveries() {
    let world = World::start_with(1200, &[]).await;
    let shops = ["acme", "bolt", "cork", "dune"];
    let mut sold = Vec::new();
    for (seed, shop) in (1..).zip(shops) {
        world.shop(shop, &[]).await;
        sold.push(orders(seed, 6));
    }
    for at in 0..6 {
        for (shop, orders) in shops.iter().zip(&sold) {
            let order = &orders[at];
            assert_eq!(world.sells(shop, order).await, 200);
            // Shopify repeats itself: the same delivery, and the same news under another topic.
            let again = Delivery::of(shop, "orders/create", order);
            assert_eq!(world.post(&again).await.unwrap(), 200);
            assert_eq!(world.post(&again).await.unwrap(), 200);
            assert_eq!(world.delivers(shop, "orders/paid", order).await, 200);
        }
    }
    for (shop, orders) in shops.iter().zip(&sold) {
        for order in orders {
            world.arrives(shop, order, "awaiting_shipment").await;
        }
        world.one_each_in_sequence(shop, orders);
    }
    let desk = world.desk().await;
    for shop in shops {
        eventually("all are done", async || desk.jobs("done", shop).await.len() == 6).await;
    }
    assert_eq!(world.shipstation.orders().len(), 24);
    let writes = world.shipstation.journal().commit_count();
    assert_eq!(writes, 24, "an order that says nothing new is not written again");
    world.kept_the_limit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_in_trouble_keeps_its_order_and_does_not_stop_the_others() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    world.shop("bolt", &[]).await;
    let trouble = Effect::Status { status: 503, body: String::new(), headers: vec![], commit: false };
    world.shopify.faults().push(Fault::next(trouble).of(&domain("acme")).times(1));
    let (acme, bolt) = (orders(1, 3), orders(2, 3));
    for order in &acme {
        world.sells("acme", order).await;
    }
    for order in &bolt {
        world.sells("bolt", order).await;
    }
    world.arrives("bolt", &bolt[2], "awaiting_shipment").await;
    // The second is looked at first: whatever happens between the two looks, it must not be there without the first.
    let second = world.at_shipstation("acme", &acme[1]);
    let first = world.at_shipstation("acme", &acme[0]);
    assert!(second.is_none() || first.is_some(), "nothing passes the one that is retried");
    world.arrives("acme", &acme[2], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &acme);
    world.one_each_in_sequence("bolt", &bolt);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_warehouses_limit_is_kept_by_us_and_shared_fairly() {
    // Three shops on one account that grants 40 calls a minute: 19 attempts of two calls fit, never 41 calls.
    let world = World::start_with(40, &[]).await;
    let shops = ["acme", "bolt", "cork"];
    for shop in shops {
        world.shop(shop, &[]).await;
    }
    let sold: Vec<_> = (1..).zip(shops).map(|(seed, _)| orders(seed, 4)).collect();
    for (shop, orders) in shops.iter().zip(&sold) {
        for order in orders {
            world.sells(shop, order).await;
        }
    }
    for (shop, orders) in shops.iter().zip(&sold) {
        world.arrives(shop, &orders[3], "awaiting_shipment").await;
        world.one_each_in_sequence(shop, orders);
    }
    world.kept_the_limit();
    // Those of one shop that are ready together go in one call.
    let mut written = world.shipstation.journal().commits();
    written.dedup_by_key(|commit| commit.call);
    let first_four: Vec<&str> = written.iter().take(4).map(|c| c.order_key.split('-').next().unwrap()).collect();
    assert!(first_four.iter().any(|shop| *shop != first_four[0]), "shops take turns: {first_four:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_warehouse_receives_is_what_was_sold() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(7);
    world.sells("acme", &order).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    let there = world.at_shipstation("acme", &order).unwrap();
    assert_eq!(there["orderNumber"], order["name"]);
    assert_eq!(there["customerEmail"], order["email"]);
    assert_eq!(there["shipTo"]["street1"], order["shipping_address"]["address1"]);
    assert_eq!(there["shipTo"]["country"], order["shipping_address"]["country_code"]);
    let lines = order["line_items"].as_array().unwrap();
    let items = there["items"].as_array().unwrap();
    assert_eq!(items.len(), lines.len());
    for (item, line) in items.iter().zip(lines) {
        assert_eq!(item["lineItemKey"], json!(line["id"].to_string()));
        assert_eq!(item["sku"], line["sku"]);
        assert_eq!(item["quantity"], line["quantity"]);
    }
}
