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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_was_taken_out_of_the_order_does_not_ship() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let maker = simulators::orders::Maker::new(4, "USD").ship_country("US").lines(3);
    let order = maker.order(1001, jiff::Timestamp::UNIX_EPOCH);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let gone = order["line_items"][1]["id"].to_string();
    // The first write of the shorter order is lost on its way.
    world.shipstation.faults().push(Fault::next(Effect::CutBeforeCommit).on("createorder"));
    let take_out = |order: &mut Value| {
        order["line_items"][1]["current_quantity"] = json!(0);
        order["line_items"][1]["fulfillable_quantity"] = json!(0);
    };
    world.updates("acme", order["id"].as_u64().unwrap(), "orders/updated", take_out).await;
    eventually("the line is gone", async || {
        let there = world.at_shipstation("acme", &order).unwrap();
        let items = there["items"].as_array().unwrap();
        items.len() == 2 && items.iter().all(|item| item["lineItemKey"] != gone.as_str())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_faster_than_the_api_is_waited_for() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shopify.put_order("acme.myshopify.com", order.clone());
    // The webhook tells of an address that the API does not show yet.
    let mut told = order.clone();
    told["updated_at"] = json!("2027-01-01T00:00:00Z");
    told["shipping_address"]["address1"] = json!("7 Newer Street");
    assert_eq!(world.delivers("acme", "orders/updated", &told).await, 200);
    eventually("the order was fetched", async || !world.shopify.journal().calls_to("order").is_empty()).await;
    world.shopify.put_order("acme.myshopify.com", told.clone());
    world.arrives("acme", &order, "awaiting_shipment").await;
    assert_eq!(world.at_shipstation("acme", &order).unwrap()["shipTo"]["street1"], "7 Newer Street");
    assert_eq!(world.shipstation.journal().calls_to("createorder").len(), 1, "the older version was never written");
}
