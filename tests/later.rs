//! What changes after an order was put: carried to the warehouse while it can be changed there, held for a person when it
//! cannot, and never made twice.

use serde_json::{Value, json};
use simulators::journal::Kind;
use simulators::shopify::{Act, Change, Refund};

use crate::world::{World, a_sale, domain, eventually, key};

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

/// What a merchant may do to an order that was put, by what it is called.
fn changes(order: u64) -> Vec<(&'static str, Act)> {
    vec![
        ("edited", Act::Edit { order, changes: vec![Change::Quantity { line: "MUG".into(), to: 1 }] }),
        (
            "extended",
            Act::Edit {
                order,
                changes: vec![Change::Add {
                    line: json!({"sku": "TEA", "title": "Tea", "name": "Tea", "price": "9.00", "quantity": 1}),
                }],
            },
        ),
        ("readdressed", Act::Readdress { order, address: json!({"address1": "9 Later Street", "zip": "94199"}) }),
        ("refunded", Act::Refund { order, refund: Refund { units: vec![("SOCKS".into(), 2)], ..Refund::default() } }),
        ("cancelled", Act::Cancel { order, reason: "customer".into() }),
    ]
}

/// Whether the warehouse shows the change.
fn shows(change: &str, there: &Value) -> bool {
    let items = there["items"].as_array().unwrap();
    let units = |sku: &str| {
        items.iter().filter(|item| item["sku"] == sku).map(|item| item["quantity"].as_u64().unwrap()).sum::<u64>()
    };
    match change {
        "edited" => units("MUG") == 1 && units("SOCKS") == 2,
        "extended" => units("TEA") == 1 && units("MUG") == 3,
        "readdressed" => there["shipTo"]["street1"] == "9 Later Street" && there["shipTo"]["postalCode"] == "94199",
        "refunded" => units("SOCKS") == 0 && units("MUG") == 3,
        "cancelled" => there["orderStatus"] == "cancelled",
        other => panic!("{other}"),
    }
}

/// Puts one order per change.
async fn put(world: &World) -> Vec<(Value, &'static str, Act)> {
    let desk = world.desk().await;
    let count = changes(0).len() as u64;
    let orders: Vec<Value> = (1001..1001 + count).map(a_sale).collect();
    for order in &orders {
        world.sells("acme", order).await;
    }
    for order in &orders {
        desk.sees("acme", order, "done").await;
    }
    let with_change = orders.into_iter().enumerate().map(|(nth, order)| {
        let (name, act) = changes(id(&order)).remove(nth);
        (order, name, act)
    });
    with_change.collect()
}

fn created(world: &World, order: &Value) -> usize {
    let commits = world.shipstation.journal().commits();
    commits.iter().filter(|commit| commit.order_key == key("acme", order) && commit.kind == Kind::Created).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_carried_to_the_warehouse_while_it_can_change_the_order() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let all = put(&world).await;
    for (_, _, act) in &all {
        world.does("acme", act.clone()).await;
    }
    for (order, change, _) in &all {
        eventually(&format!("{change} at the warehouse"), async || {
            shows(change, &world.at_shipstation("acme", order).unwrap())
        })
        .await;
        let state = if *change == "cancelled" { "skipped" } else { "done" };
        world.desk().await.sees("acme", order, state).await;
        assert_eq!(created(&world, order), 1, "{change}");
    }
    assert_eq!(world.shipstation.orders().len(), all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_come_too_late_are_held_and_touch_nothing() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let all = put(&world).await;
    let mut before = Vec::new();
    for (order, _, _) in &all {
        let there = world.at_shipstation("acme", order).unwrap();
        before.push(world.shipstation.ship(there["orderId"].as_u64().unwrap()).unwrap());
    }
    for (_, _, act) in &all {
        world.does("acme", act.clone()).await;
    }
    let desk = world.desk().await;
    for ((order, change, _), before) in all.iter().zip(&before) {
        let held = desk.sees("acme", order, "held").await;
        assert_eq!(held["hold"]["reason"], "already_shipped", "{change}");
        assert_eq!(&world.at_shipstation("acme", order).unwrap(), before, "{change}");
        assert_eq!(created(&world, order), 1, "{change}");
        // What a person accepts is settled; the order stays as it left.
        assert_eq!(desk.decides("approve", "acme", order).await.0, 200, "{change}");
    }
    for ((order, change, _), before) in all.iter().zip(&before) {
        // A line that came too late did not go, and nobody should read that it did.
        let state = if ["cancelled", "extended"].contains(change) { "skipped" } else { "done" };
        desk.sees("acme", order, state).await;
        assert_eq!(&world.at_shipstation("acme", order).unwrap(), before, "{change}");
    }
    assert_eq!(world.shipstation.orders().len(), all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_fulfil_after_it_was_put_is_not_shipped_a_second_time() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = a_sale(1001);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let fulfil = Act::Fulfil { order: id(&order), part: 0, units: vec![], tracking: json!({"number": "ELSEWHERE1"}) };
    world.does("acme", fulfil).await;
    eventually("it was looked at again", async || {
        let timeline = desk.get(&format!("{}/timeline", crate::world::path("acme", &order))).await.1.to_string();
        timeline.matches("\"ended\"").count() >= 2
    })
    .await;
    assert_eq!(created(&world, &order), 1);
    assert_eq!(world.shopify.order(&domain("acme"), id(&order)).unwrap()["fulfillments"].as_array().unwrap().len(), 1);
    assert_eq!(world.shipstation.orders().len(), 1);
}
