//! Providers fail in every way they do; the order arrives once all the same, or a person is asked.

use serde_json::json;
use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, World, an_order, domain, eventually, orders};

fn status(status: u16, commit: bool) -> Effect {
    Effect::Status { status, body: "{\"message\":\"trouble\"}".into(), headers: vec![], commit }
}

async fn one_order_in_spite_of(operation: &str, effect: Effect) {
    let world = World::start().await;
    world.on_terms("acme", ALONE).await;
    let sold = orders(1, 2);
    world.shipstation.faults().push(Fault::next(effect).on(operation));
    for order in &sold {
        world.sells("acme", order).await;
    }
    let desk = world.desk().await;
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    world.one_each_in_sequence("acme", &sold);
    assert_eq!(world.shipstation.orders().len(), 2);
    assert!(world.shipstation.faults().pending().is_empty(), "the fault struck");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_before_the_warehouse_committed() {
    one_order_in_spite_of("createorder", Effect::CutBeforeCommit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_after_the_warehouse_committed() {
    one_order_in_spite_of("createorder", Effect::CutAfterCommit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_answer() {
    one_order_in_spite_of("createorder", Effect::HalfBody).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_instead_of_an_answer() {
    one_order_in_spite_of("createorder", Effect::Html200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_although_it_was_committed() {
    one_order_in_spite_of("createorder", status(500, true)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_and_nothing_committed() {
    one_order_in_spite_of("createorder", status(502, false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_back_cannot_be_had() {
    one_order_in_spite_of("orders/get", Effect::CutBeforeCommit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_are_waited_for_and_use_up_no_attempt() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shipstation.faults().push(Fault::next(Effect::Throttle { retry_after_seconds: 4 }).on("createorder"));
    world.sells("acme", &order).await;
    let job = world.desk().await.sees("acme", &order, "done").await;
    assert_eq!(job["attempts"], 1, "{job}");
    let calls = world.shipstation.journal().calls();
    let refused = calls.iter().position(|call| call.status == 429).expect("it was refused once");
    let waited = calls[refused + 1].at.duration_since(calls[refused].at);
    assert!(waited.as_secs_f64() >= 3.9, "no call before the time that was named: {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_are_waited_for_by_a_program_that_was_killed_and_starts_again() {
    // Killed when the refusal is known, and before the attempt that met it is recorded.
    let mut world = World::start_with(600, &[("LANEKEEPER_KILL_AT", "worker.before_complete")]).await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shipstation.faults().push(Fault::next(Effect::Throttle { retry_after_seconds: 6 }).on("createorder"));
    world.sells("acme", &order).await;
    world.program.dies().await;
    assert_eq!(world.shipstation.journal().answered(429), 1);
    world.restart().await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    world.desk().await.sees("acme", &order, "done").await;
    let calls = world.shipstation.journal().calls();
    let refused = calls.iter().position(|call| call.status == 429).expect("it was refused once");
    let waited = calls[refused + 1].at.duration_since(calls[refused].at);
    assert!(waited.as_secs_f64() >= 5.9, "no call before the time that was named: {waited:?}");
    world.one_each_in_sequence("acme", &[order]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_pause_the_lane_until_it_is_resumed() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    world.shop("bolt", &[]).await;
    world.shopify.faults().push(Fault::next(Effect::Unauthorized).of(&domain("acme")));
    let (acme, bolt) = (an_order(1), an_order(2));
    world.sells("acme", &acme).await;
    world.sells("bolt", &bolt).await;
    world.arrives("bolt", &bolt, "awaiting_shipment").await;
    let desk = world.desk().await;
    eventually("the lane is paused", async || {
        desk.get("/api/v1/lanes?stalled=true").await.1["rows"][0]["status"] == "paused"
    })
    .await;
    let lanes = desk.get("/api/v1/lanes?stalled=true").await.1;
    assert!(lanes.to_string().contains("shopify/acme"), "it says whose credentials: {lanes}");
    assert_eq!(desk.job("acme", &acme).await["attempts"], 0, "no attempt was used up");
    assert_eq!(desk.post("/api/v1/lanes/orders/acme/resume", None, &json!({})).await.0, 200);
    world.arrives("acme", &acme, "awaiting_shipment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_warehouse_shows_otherwise_is_held_and_can_be_accepted() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    // The warehouse answers the read-back with a different quantity than was written.
    world.shipstation.faults().push(Fault::next(Effect::Delay(std::time::Duration::from_secs(2))).on("orders/get"));
    world.sells("acme", &order).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
    let there = world.at_shipstation("acme", &order).unwrap();
    let id = there["orderId"].as_u64().unwrap();
    world.shipstation.change_order(id, |order| order["items"][0]["quantity"] = json!(99));
    let desk = world.desk().await;
    let job = desk.sees("acme", &order, "held").await;
    assert_eq!(job["hold"]["reason"], "read_back_differs");
    assert!(job["hold"]["evidence"].to_string().contains("99"), "{job}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_ends_in_good_order_and_goes_on_where_it_was() {
    let mut world = World::start().await;
    world.shop("acme", &[]).await;
    let sold = orders(1, 8);
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    assert!(world.program.terminate().await, "it drains and ends well; log:\n{}", world.program.log());
    let before = world.shipstation.orders().len();
    world.restart().await;
    world.arrives("acme", &sold[7], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
    assert!(before < 8, "it was stopped in the middle");
}
