//! Burst mode: many ready orders of a shop go in one call and are read back in one list, in order, each with a result of
//! its own.

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};

use crate::world::{Desk, World, bill_elsewhere, domain, orders, path};

/// Pauses the lane, so that everything that is sold is ready at once. A lane is made by its first order.
async fn pause(world: &World, desk: &Desk, shop: &str) {
    let first = orders(6, 1).remove(0);
    world.sells(shop, &first).await;
    desk.sees(shop, &first, "done").await;
    let why = json!({"why": "all of them first"});
    assert_eq!(desk.post(&format!("/api/v1/lanes/orders/{shop}/pause"), None, &why).await.0, 200);
}

async fn resume(desk: &Desk, shop: &str) {
    assert_eq!(desk.post(&format!("/api/v1/lanes/orders/{shop}/resume"), None, &json!({})).await.0, 200);
}

/// A world in which so many orders of a shop are ready, with ShipStation's own limit.
async fn ready(terms: &str, sold: &[Value]) -> (World, Desk) {
    let world = World::start_with(40, &[]).await;
    world.on_terms("acme", terms).await;
    // The largest plan: what bounds a burst is the warehouse then, not the shop's points.
    world.shopify.set_plan(&domain("acme"), 1000);
    let desk = world.desk().await;
    pause(&world, &desk, "acme").await;
    for order in sold {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    resume(&desk, "acme").await;
    (world, desk)
}

/// Calls besides the two of the first order.
fn calls(world: &World) -> usize {
    world.shipstation.journal().calls().len() - 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_ready_orders_take_a_handful_of_calls_and_keep_their_order() {
    let sold = orders(7, 100);
    let (world, desk) = ready("", &sold).await;
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    world.one_each_in_sequence("acme", &sold);
    // By themselves they would take 200 calls, five minutes at 40 a minute.
    let calls = calls(&world);
    assert!(calls <= 10, "{calls} calls for {} orders", sold.len());
    assert!(!world.shipstation.journal().calls_to("createorders").is_empty());
    for order in [&sold[0], &sold[57], &sold[99]] {
        // Each has its own story and its own proof.
        let timeline = desk.get(&format!("{}/timeline", path("acme", order))).await.1.to_string();
        assert!(timeline.contains("/orders/createorders"), "{timeline}");
        let there = world.at_shipstation("acme", order).unwrap();
        assert_eq!(there["orderNumber"], order["name"]);
        let words = desk.job("acme", order).await["words"].to_string();
        assert!(words.contains(&there["orderId"].to_string()), "{words}");
    }
    world.kept_the_limit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_of_a_burst_that_is_held_or_refused_does_not_touch_its_neighbours() {
    let mut sold = orders(8, 12);
    bill_elsewhere(&mut sold[3]);
    // A street that the warehouse cannot hold, and an order that is cancelled by now.
    sold[6]["shipping_address"]["address1"] = json!("Building 7, ".repeat(20));
    sold[9]["cancelled_at"] = json!("2026-11-21T10:00:00-05:00");
    let (world, desk) = ready("[[hold.rules]]\nwhen = \"country-differs\"\n", &sold).await;
    for (nth, order) in sold.iter().enumerate() {
        let state = match nth {
            3 | 6 => "held",
            9 => "skipped",
            _ => "done",
        };
        desk.sees("acme", order, state).await;
        assert_eq!(world.at_shipstation("acme", order).is_some(), state == "done", "{nth}");
    }
    assert!(calls(&world) <= 8, "{} calls", calls(&world));
    let went: Vec<Value> =
        sold.iter().enumerate().filter(|(nth, _)| ![3, 6, 9].contains(nth)).map(|(_, order)| order.clone()).collect();
    world.one_each_in_sequence("acme", &went);
    world.kept_the_limit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bursts_that_go_wrong_make_no_second_order_and_lose_none() {
    let trouble = |commit| Effect::Status { status: 500, body: "{}".into(), headers: vec![], commit };
    let shops = [
        ("acme", "createorders", Effect::CutAfterCommit),
        ("bolt", "createorders", trouble(true)),
        ("cove", "createorders", trouble(false)),
        ("dune", "orders/list", Effect::CutBeforeCommit),
    ];
    let world = World::start().await;
    let desk = world.desk().await;
    let mut sold = Vec::new();
    for (seed, (shop, operation, effect)) in (9..).zip(shops) {
        world.shop(shop, &[]).await;
        pause(&world, &desk, shop).await;
        // A list names no shop; it is the next one, whoever reads back first.
        let fault = Fault::next(effect).on(operation);
        let fault = if operation == "createorders" { fault.containing(&format!("{shop}-")) } else { fault };
        world.shipstation.faults().push(fault);
        let orders = orders(seed, 6);
        for order in &orders {
            world.sells(shop, order).await;
        }
        sold.push((shop, orders));
    }
    for (shop, _) in &sold {
        resume(&desk, shop).await;
    }
    for (shop, orders) in &sold {
        for order in orders {
            desk.sees(shop, order, "done").await;
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert!(world.shipstation.faults().pending().is_empty(), "the faults struck");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_wants_each_order_by_itself_has_it_so() {
    let sold = orders(10, 4);
    let (world, desk) = ready("[carriage.burst]\norders = 1\n", &sold).await;
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    assert!(world.shipstation.journal().calls_to("createorders").is_empty());
    world.one_each_in_sequence("acme", &sold);
}
