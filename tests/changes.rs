//! What merchants and customers change after the sale: nothing is lost, nothing cancelled is shipped.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};

use crate::world::{World, an_order, eventually, orders};

fn cancel(order: &mut Value) {
    order["cancelled_at"] = json!("2026-11-21T10:00:00-05:00");
    order["cancel_reason"] = json!("customer");
    order["financial_status"] = json!("voided");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_while_the_order_is_in_flight_is_not_lost() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    let id = order["id"].as_u64().unwrap();
    world.shipstation.faults().push(Fault::next(Effect::Delay(Duration::from_secs(2))).on("createorder"));
    world.sells("acme", &order).await;
    eventually("the write has left", async || !world.shipstation.journal().calls_to("createorder").is_empty()).await;
    let moved = |order: &mut Value| order["shipping_address"]["address1"] = json!("99 New Street");
    world.updates("acme", id, "orders/updated", moved).await;
    eventually("the new address is there", async || {
        world.at_shipstation("acme", &order).is_some_and(|there| there["shipTo"]["street1"] == "99 New Street")
    })
    .await;
    assert_eq!(world.shipstation.orders().len(), 1);
    world.desk().await.sees("acme", &order, "done").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_warehouse_changed_stays_when_the_order_is_written_again() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    let id = order["id"].as_u64().unwrap();
    world.sells("acme", &order).await;
    world.desk().await.sees("acme", &order, "done").await;
    let there = world.at_shipstation("acme", &order).unwrap();
    world.shipstation.change_order(there["orderId"].as_u64().unwrap(), |order| {
        order["internalNotes"] = json!("fragile, use the big box");
        order["shipTo"]["street2"] = json!("2nd floor, corrected by the warehouse");
    });
    world.updates("acme", id, "orders/updated", |order| order["note"] = json!("leave at the door")).await;
    eventually("the note is there", async || {
        world.at_shipstation("acme", &order).is_some_and(|there| there["customerNotes"] == "leave at the door")
    })
    .await;
    let there = world.at_shipstation("acme", &order).unwrap();
    assert_eq!(there["internalNotes"], "fragile, use the big box");
    assert_eq!(there["shipTo"]["street2"], "2nd floor, corrected by the warehouse");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_cancelled_before_it_is_carried_out_is_never_sent() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "held").await;
    world.updates("acme", order["id"].as_u64().unwrap(), "orders/cancelled", cancel).await;
    desk.sees("acme", &order, "skipped").await;
    assert!(world.shipstation.journal().calls_to("createorder").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_that_overtook_its_order_wins() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    let id = order["id"].as_u64().unwrap();
    world.shopify.put_order("acme.myshopify.com", order.clone());
    let cancelled = world.shopify.change_order("acme.myshopify.com", id, |order| {
        cancel(order);
        order["updated_at"] = json!("2027-01-01T00:00:00Z");
    });
    assert_eq!(world.delivers("acme", "orders/cancelled", &cancelled.unwrap()).await, 200);
    assert_eq!(world.delivers("acme", "orders/create", &order).await, 200);
    world.desk().await.sees("acme", &order, "skipped").await;
    let next = orders(2, 1).remove(0);
    world.sells("acme", &next).await;
    world.arrives("acme", &next, "awaiting_shipment").await;
    assert!(world.at_shipstation("acme", &order).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_cancelled_afterwards_is_cancelled_at_the_warehouse() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    world.updates("acme", order["id"].as_u64().unwrap(), "orders/cancelled", cancel).await;
    world.arrives("acme", &order, "cancelled").await;
    world.desk().await.sees("acme", &order, "skipped").await;
    assert_eq!(world.shipstation.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_cancelled_after_it_has_shipped_is_held() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let there = world.at_shipstation("acme", &order).unwrap();
    world.shipstation.ship(there["orderId"].as_u64().unwrap());
    world.updates("acme", order["id"].as_u64().unwrap(), "orders/cancelled", cancel).await;
    let held = desk.sees("acme", &order, "held").await;
    assert_eq!(held["hold"]["reason"], "already_shipped");
    assert_eq!(world.at_shipstation("acme", &order).unwrap()["orderStatus"], "shipped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_order_waits_for_its_payment() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = an_order(1);
    order["financial_status"] = json!("pending");
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    let skipped = desk.sees("acme", &order, "skipped").await;
    assert!(skipped["words"].to_string().contains("pending"), "{skipped}");
    let id = order["id"].as_u64().unwrap();
    world.updates("acme", id, "orders/paid", |order| order["financial_status"] = json!("paid")).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
}
