//! What each webhook is answered, and what becomes of those that cannot be work (yet).

use serde_json::json;

use crate::world::{Delivery, World, an_order, domain, eventually, orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_signature_is_401_and_leaves_nothing() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut forged = Delivery::of("acme", "orders/create", &an_order(1));
    forged.body.push(b' ');
    assert_eq!(world.post(&forged).await.unwrap(), 401);
    let mut unsigned = Delivery::of("acme", "orders/create", &an_order(1));
    unsigned.headers.retain(|(name, _)| !name.contains("Hmac"));
    assert_eq!(world.post(&unsigned).await.unwrap(), 401);
    let desk = world.desk().await;
    assert!(desk.jobs("waiting", "acme").await.is_empty());
    assert_eq!(desk.get("/api/v1/quarantine").await.1["rows"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_previous_secret_is_accepted_too() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    let mut delivery = Delivery::of("acme", "orders/create", &order);
    let signature = simulators::orders::sign(&delivery.body, "an older secret");
    for (name, value) in &mut delivery.headers {
        if name.contains("Hmac") {
            value.clone_from(&signature);
        }
    }
    assert_eq!(world.post(&delivery).await.unwrap(), 200);
    world.arrives("acme", &order, "awaiting_shipment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_kept_and_answered_200() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    for body in ["{ this is not JSON", "[]", "{\"id\":\"not a number\"}", ""] {
        let delivery = Delivery::raw("acme", "orders/create", body.into());
        assert_eq!(world.post(&delivery).await.unwrap(), 200, "{body:?}");
    }
    let kept = world.desk().await.get("/api/v1/quarantine").await.1;
    assert_eq!(kept["rows"].as_array().unwrap().len(), 4, "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_mean_nothing_to_us_are_answered_200_and_not_stored() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    assert_eq!(world.delivers("acme", "products/update", &order).await, 200);
    let (status, _) = world.desk().await.get(&format!("/api/v1/jobs/orders/acme/{}", order["id"])).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_413() {
    let world = World::start().await;
    let huge = Delivery::raw("acme", "orders/create", vec![b' '; 6 * 1024 * 1024]);
    // The program may answer and close before it has taken the whole body; both tell the sender the same.
    match world.post(&huge).await {
        Ok(status) => assert_eq!(status, 413),
        Err(error) => assert!(error.is_request(), "{error:?}"),
    }
    assert_eq!(world.http.get(world.program.review("/health/ready")).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_shop_we_do_not_know_yet_are_carried_out_in_order_once_it_is_added() {
    let world = World::start().await;
    let sold = orders(1, 3);
    world.shopify.add_shop(&domain("late"), "a token");
    for order in &sold {
        assert_eq!(world.sells("late", order).await, 200);
    }
    let kept = world.desk().await.get("/api/v1/quarantine").await.1;
    assert_eq!(kept["rows"].as_array().unwrap().len(), 3);
    world.shop("late", &[]).await;
    world.arrives("late", &sold[2], "awaiting_shipment").await;
    world.one_each_in_sequence("late", &sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authentic_order_under_another_shops_name_never_reaches_the_warehouse() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    world.shop("bolt", &[]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    // The headers are not signed: this names bolt, whose token cannot see the order.
    assert_eq!(world.delivers("bolt", "orders/create", &order).await, 200);
    let desk = world.desk().await;
    eventually("it is quarantined", async || {
        desk.get("/api/v1/quarantine").await.1["rows"][0]["why"] == "unknown_to_shop"
    })
    .await;
    assert!(world.shipstation.orders().is_empty());
    let next = orders(2, 2).remove(1);
    world.sells("bolt", &next).await;
    world.arrives("bolt", &next, "awaiting_shipment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_and_personal_data_stay_out_of_the_log() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "1.00 USD"]).await;
    let mut order = an_order(3);
    order["note"] = json!("canary-note");
    order["shipping_address"]["address1"] = json!("canary-street 1");
    order["email"] = json!("canary@example.com");
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "held").await;
    desk.decides("approve", "acme", &order).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    desk.sees("acme", &order, "done").await;
    let log = world.program.log();
    assert!(log.contains("acme"), "there is a log");
    for canary in ["canary", "a token", "ss-secret", crate::world::SECRET, "lk_"] {
        assert!(!log.contains(canary), "{canary} is in the log");
    }
}
