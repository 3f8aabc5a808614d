//! The platform saw no answer: killed before the commit there was nothing, killed after it there was everything, and the
//! redelivery tells which.

use serde_json::json;

use crate::world::{Delivery, World, an_order, domain, eventually, orders, path};

/// The program dies at `point` with a webhook in its hands, and is started again. What a redelivery becomes then.
async fn redelivered_after(point: &str, durable: bool) -> String {
    let mut world = World::start_with(1200, &[]).await;
    world.shop("acme", &[]).await;
    world.restart_with(&[("LANEKEEPER_KILL_AT", point)]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    let delivery = Delivery::of("acme", "orders/create", &order);
    assert!(world.post(&delivery).await.is_err(), "{point}: no byte of an answer left");
    world.program.dies().await;
    let kept: u64 = world.file().query_row("SELECT count(*) FROM webhook", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, u64::from(durable), "{point}");
    world.restart().await;
    if durable {
        // Nobody delivers it again, and the ring was lost or never sent: the sweep of the start makes up for it.
        world.arrives("acme", &order, "awaiting_shipment").await;
    }
    let outcome = world.outcome(&delivery).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    assert_eq!(world.outcome(&delivery).await, "duplicate", "{point}");
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    world.one_each_in_sequence("acme", &[order]);
    assert_eq!(world.shipstation.journal().commit_count(), 1, "{point}");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_commit_nothing_was_accepted_and_the_redelivery_is_the_first() {
    assert_eq!(redelivered_after("handler.after_verify", false).await, "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_commit_and_the_answer_the_order_goes_by_itself_and_the_redelivery_is_a_duplicate() {
    for point in ["handler.after_commit", "handler.before_answer"] {
        assert_eq!(redelivered_after(point, true).await, "duplicate", "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_whose_answer_was_lost_asks_again_and_sees_no_conflict() {
    let mut world = World::start_with(1200, &[("LANEKEEPER_KILL_AT", "review.after_decide")]).await;
    world.shop("acme", &["--hold-total-above", "1.00 USD"]).await;
    let order = orders(1, 1).remove(0);
    world.sells("acme", &order).await;
    let mut desk = world.desk().await;
    let shown = desk.sees("acme", &order, "held").await;
    let body = json!({"hold": shown["question"]["number"], "fingerprint": shown["question"]["fingerprint"]});
    let approve = format!("{}/approve", path("acme", &order));
    let lost = world.http.post(world.program.review(&approve)).bearer_auth(desk.token()).json(&body);
    assert!(lost.header("Idempotency-Key", "one-click").send().await.is_err(), "no answer came");
    world.program.dies().await;
    world.restart().await;
    desk.moved(&world);
    let (status, told) = desk.post(&approve, Some("one-click"), &body).await;
    assert_eq!(status, 200, "the click had counted, and is told so: {told}");
    desk.sees("acme", &order, "done").await;
    let timeline = desk.get(&format!("{}/timeline", path("acme", &order))).await.1.to_string();
    assert_eq!(timeline.matches("\"decided\"").count(), 1, "{timeline}");
    eventually("it is there once", async || world.shipstation.orders().len() == 1).await;
    assert_eq!(world.shipstation.journal().commit_count(), 1);
}
