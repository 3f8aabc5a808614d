//! What arrives at the wrong moment: a cancellation after the approval or while the call is out, an app that is taken
//! away in the middle of an effect.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::shopify::Act;

use crate::world::{ALONE, World, domain, eventually, orders};

const ASKS: &str = "[[hold.rules]]\nwhen = \"everything\"\n";

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

async fn cancels(world: &World, order: &Value) {
    let cancel = |order: &mut Value| {
        order["cancelled_at"] = json!("2026-11-21T10:00:00-05:00");
        order["cancel_reason"] = json!("customer");
        order["financial_status"] = json!("voided");
    };
    world.updates("acme", id(order), "orders/cancelled", cancel).await;
}

/// The next write at the warehouse takes a while.
fn slow(world: &World) {
    world.shipstation.faults().push(Fault::next(Effect::Delay(Duration::from_secs(3))).on("createorder"));
}

async fn is_out(world: &World) {
    eventually("the write has left", async || !world.shipstation.journal().calls_to("createorder").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_cancelled_while_it_is_held_closes_the_question() {
    let world = World::start().await;
    world.on_terms("acme", ASKS).await;
    let order = orders(1, 1).remove(0);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    let shown = desk.sees("acme", &order, "held").await;
    cancels(&world, &order).await;
    desk.sees("acme", &order, "skipped").await;
    let (status, answer) = desk.decides_on("approve", "acme", &order, &shown).await;
    assert_eq!(status, 409, "nobody approves what is cancelled: {answer}");
    desk.sees("acme", &order, "skipped").await;
    assert_eq!(world.shipstation.journal().call_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_cancelled_after_its_approval_is_stopped_if_it_was_not_sent() {
    let world = World::start().await;
    world.on_terms("acme", ASKS).await;
    let sold = orders(1, 2);
    for order in &sold {
        world.sells("acme", order).await;
    }
    let desk = world.desk().await;
    for order in &sold {
        desk.sees("acme", order, "held").await;
    }
    let lane = "/api/v1/lanes/orders/acme";
    assert_eq!(desk.post(&format!("{lane}/pause"), None, &json!({"why": "stocktaking"})).await.0, 200);
    for order in &sold {
        assert_eq!(desk.decides("approve", "acme", order).await.0, 200);
    }
    cancels(&world, &sold[0]).await;
    assert_eq!(desk.post(&format!("{lane}/resume"), None, &json!({})).await.0, 200);
    desk.sees("acme", &sold[1], "done").await;
    desk.sees("acme", &sold[0], "skipped").await;
    world.one_each_in_sequence("acme", &sold[1..]);
    assert_eq!(world.shipstation.orders().len(), 1, "what was cancelled never got there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_cancelled_while_its_write_is_out_is_cancelled_at_the_warehouse() {
    let world = World::start().await;
    world.on_terms("acme", ALONE).await;
    let sold = orders(1, 2);
    slow(&world);
    world.sells("acme", &sold[0]).await;
    is_out(&world).await;
    cancels(&world, &sold[0]).await;
    world.sells("acme", &sold[1]).await;
    assert!(world.at_shipstation("acme", &sold[0]).is_none(), "the write is still out");
    world.arrives("acme", &sold[0], "cancelled").await;
    let desk = world.desk().await;
    desk.sees("acme", &sold[0], "skipped").await;
    desk.sees("acme", &sold[1], "done").await;
    world.one_each_in_sequence("acme", &sold);
    assert_eq!(world.shipstation.orders().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_taken_away_while_a_write_is_out_stops_all_that_follows_and_can_be_forgotten() {
    let mut world = World::start().await;
    world.on_terms("acme", ALONE).await;
    world.shop("bolt", &[]).await;
    let mut desk = world.desk().await;
    let sold = orders(1, 3);
    slow(&world);
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    is_out(&world).await;
    world.does("acme", Act::Uninstall).await;
    assert!(world.at_shipstation("acme", &sold[0]).is_none(), "the write is still out");
    // What had left is recorded, and nothing follows it.
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    desk.sees("acme", &sold[0], "done").await;
    let other = orders(2, 1).remove(0);
    world.sells("bolt", &other).await;
    desk.sees("bolt", &other, "done").await;
    for order in &sold[1..] {
        assert_eq!(desk.job("acme", order).await["state"], "waiting");
    }
    let asked = |world: &World| {
        let calls = world.shopify.journal().calls();
        calls.iter().filter(|call| call.account == domain("acme") && call.method == "POST").count()
    };
    let before = asked(&world);

    // The shop is forgotten with its work pending; a person says so, because it has only just left.
    world.does("acme", Act::RedactShop).await;
    let listed = world.program.command(&["privacy", "list"]).await;
    let number =
        |line: &str| line.split(|sign: char| !sign.is_ascii_digit()).find(|word| !word.is_empty()).map(str::to_owned);
    let request = listed.lines().rev().find_map(number).expect("the request is listed");
    world.program.command(&["privacy", "redact", "--request", &request]).await;
    world.restart().await;
    desk.moved(&world);
    eventually("the request is carried out", async || {
        !world.program.command(&["privacy", "list"]).await.contains("acme")
    })
    .await;
    // Work of another shop goes through after it, and still nothing of the one that left.
    let later = orders(2, 2).remove(1);
    world.sells("bolt", &later).await;
    desk.sees("bolt", &later, "done").await;
    assert!(desk.jobs("waiting", "acme").await.is_empty(), "its lane is closed");
    assert_eq!(asked(&world), before, "nothing was asked of the shop");
    assert_eq!(world.shipstation.orders().len(), 3);
}
