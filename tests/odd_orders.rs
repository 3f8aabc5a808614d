//! Orders that real merchants have: large, bare, foreign, and shaped like the platform's published sample.

use serde_json::{Value, json};
use simulators::orders::Maker;

use crate::world::{World, an_order};

/// In the shape of the platform's published sample, with made-up content: every field there, many of them null.
fn as_published() -> Value {
    serde_json::from_str(include_str!("data/order_as_published.json")).unwrap()
}

async fn goes_through(order: &Value) -> Value {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    assert_eq!(world.sells("acme", order).await, 200);
    let desk = world.desk().await;
    desk.sees("acme", order, "done").await;
    world.at_shipstation("acme", order).expect("it is there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_in_the_published_shape() {
    let order = as_published();
    let there = goes_through(&order).await;
    assert_eq!(there["orderKey"], json!(format!("acme-{}", order["id"])));
    assert_eq!(there["items"].as_array().unwrap().len(), order["line_items"].as_array().unwrap().len());
    assert!(order["id"].as_u64().unwrap() > 1 << 53);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_oddities_are_skipped_with_the_reason() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = as_published();
    order["cancelled_at"] = json!("2021-12-31T19:00:00-05:00");
    order["financial_status"] = json!("voided");
    order["test"] = json!(true);
    assert_eq!(world.sells("acme", &order).await, 200);
    let skipped = world.desk().await.sees("acme", &order, "skipped").await;
    assert!(skipped["words"].to_string().contains("cancelled"), "{skipped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_lines() {
    let order = Maker::new(5, "USD").lines(500).ship_country("US").order(1001, jiff::Timestamp::UNIX_EPOCH);
    let there = goes_through(&order).await;
    assert_eq!(there["items"].as_array().unwrap().len(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yen_have_no_minor_unit() {
    let order = Maker::new(6, "JPY").ship_country("JP").order(1001, jiff::Timestamp::UNIX_EPOCH);
    let there = goes_through(&order).await;
    let paid: f64 = order["total_price"].as_str().unwrap().parse().unwrap();
    assert_eq!(there["amountPaid"].as_f64(), Some(paid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_and_null_fields() {
    let mut order = an_order(8);
    for field in ["email", "phone", "note", "tags", "customer", "billing_address", "contact_email"] {
        order[field] = Value::Null;
    }
    for field in ["company", "address2", "phone", "province", "province_code", "first_name"] {
        order["shipping_address"][field] = Value::Null;
    }
    order["line_items"][0]["sku"] = json!("");
    order["line_items"][0]["variant_id"] = Value::Null;
    order["line_items"][0]["product_id"] = Value::Null;
    let there = goes_through(&order).await;
    assert_eq!(there["shipTo"]["street1"], order["shipping_address"]["address1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_without_an_address_wait_for_a_person() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = an_order(9);
    order["shipping_address"] = Value::Null;
    world.sells("acme", &order).await;
    let held = world.desk().await.sees("acme", &order, "held").await;
    assert_eq!(held["hold"]["reason"], "no_shipping_address");
    assert!(world.shipstation.orders().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_nothing_to_ship_is_skipped() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = an_order(10);
    for line in order["line_items"].as_array_mut().unwrap() {
        line["requires_shipping"] = json!(false);
    }
    order["shipping_address"] = Value::Null;
    world.sells("acme", &order).await;
    world.desk().await.sees("acme", &order, "skipped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_was_fulfilled_elsewhere_is_not_sent_again() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = an_order(11);
    order["fulfillment_status"] = json!("fulfilled");
    for line in order["line_items"].as_array_mut().unwrap() {
        line["fulfillable_quantity"] = json!(0);
        line["fulfillment_status"] = json!("fulfilled");
    }
    world.sells("acme", &order).await;
    let skipped = world.desk().await.sees("acme", &order, "skipped").await;
    assert!(skipped["words"].to_string().contains("fulfilled"), "{skipped}");
    assert!(world.shipstation.journal().calls_to("createorder").is_empty());
}
