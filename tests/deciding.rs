//! Doubtful orders wait for a person; what the person decides is done, once.

use serde_json::json;
use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, Desk, World, an_order, bill_elsewhere, eventually, orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_order_steps_aside_and_goes_on_when_it_is_approved() {
    let world = World::start().await;
    world.shop("acme", &["--hold-country-differs"]).await;
    let mut sold = orders(1, 3);
    bill_elsewhere(&mut sold[0]);
    for order in &sold {
        world.sells("acme", order).await;
    }
    world.arrives("acme", &sold[2], "awaiting_shipment").await;
    assert!(world.at_shipstation("acme", &sold[0]).is_none(), "no effect while it is held");
    let desk = world.desk().await;
    let held = desk.sees("acme", &sold[0], "held").await;
    assert_eq!(held["hold"]["reason"], "country_differs");
    let evidence = held["hold"]["evidence"].to_string();
    assert!(evidence.contains("US") && evidence.contains("NL"), "both countries are shown: {evidence}");

    assert_eq!(desk.decides("approve", "acme", &sold[0]).await.0, 200);
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    desk.sees("acme", &sold[0], "done").await;
    assert_eq!(world.shipstation.orders().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approved_held_again_and_approved_again_within_five_minutes() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    let id = order["id"].as_u64().unwrap();
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    for round in 1..=3 {
        let held = desk.sees("acme", &order, "held").await;
        assert_eq!(held["question"]["number"], round);
        assert_eq!(desk.decides("approve", "acme", &order).await.0, 200);
        desk.sees("acme", &order, "done").await;
        let there = world.at_shipstation("acme", &order).unwrap();
        assert_eq!(there["orderStatus"], "awaiting_shipment");
        if round < 3 {
            // What was approved is not what it is now: it is judged again, and held at the warehouse meanwhile.
            let change = |order: &mut serde_json::Value| {
                order["shipping_address"]["address1"] = json!(format!("{round} Changed Street"));
            };
            world.updates("acme", id, "orders/updated", change).await;
            desk.sees("acme", &order, "held").await;
            world.arrives("acme", &order, "on_hold").await;
        }
    }
    assert_eq!(world.shipstation.orders().len(), 1);
    assert_eq!(world.at_shipstation("acme", &order).unwrap()["shipTo"]["street1"], "2 Changed Street");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_order_is_carried_out_when_it_is_retried() {
    let world = World::start().await;
    world.on_terms("acme", ALONE).await;
    let sold = orders(1, 2);
    let refusal = Effect::Status { status: 405, body: "{\"message\":\"no\"}".into(), headers: vec![], commit: false };
    let name = sold[0]["name"].as_str().unwrap();
    world.shipstation.faults().push(Fault::next(refusal).on("createorder").containing(name));
    for order in &sold {
        world.sells("acme", order).await;
    }
    let desk = world.desk().await;
    let failed = desk.sees("acme", &sold[0], "failed").await;
    assert!(failed["error"].to_string().contains("405"), "the cause is shown: {failed}");
    world.arrives("acme", &sold[1], "awaiting_shipment").await;
    assert_eq!(desk.decides("retry", "acme", &sold[0]).await.0, 200);
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    desk.sees("acme", &sold[0], "done").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_one_decides_and_the_other_learns_who() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let (ann, bob) = (world.desk().await, Desk::sign_on_as(&world, "bob", "reviewer").await);
    let shown = ann.sees("acme", &order, "held").await;
    assert_eq!(ann.decides_on("reject", "acme", &order, &shown).await.0, 200);
    let (status, answer) = bob.decides_on("approve", "acme", &order, &shown).await;
    assert_eq!((status.as_u16(), &answer["decided"]["by"]), (409, &json!("ann")));
    assert_eq!(answer["decided"]["verdict"], "reject");
    assert_eq!(ann.job("acme", &order).await["state"], "rejected");
    // Whatever comes later, a rejected order stays where it is.
    let id = order["id"].as_u64().unwrap();
    world.updates("acme", id, "orders/updated", |order| order["note"] = json!("please")).await;
    let other = orders(2, 1).remove(0);
    world.sells("acme", &other).await;
    ann.sees("acme", &other, "held").await;
    assert!(world.shipstation.orders().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_is_one_decision_with_one_answer() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    let shown = desk.sees("acme", &order, "held").await;
    let body = json!({ "hold": shown["question"]["number"], "fingerprint": shown["question"]["fingerprint"] });
    let path = format!("/api/v1/jobs/orders/acme/{}/approve", order["id"]);
    let (one, two) = tokio::join!(desk.post(&path, Some("click"), &body), desk.post(&path, Some("click"), &body));
    assert_eq!((one.0, two.0), (reqwest::StatusCode::OK, reqwest::StatusCode::OK));
    assert_eq!(one.1, two.1);
    let reject = path.replace("approve", "reject");
    assert_eq!(desk.post(&reject, Some("click"), &body).await.0, 422, "the key was for another request");
    desk.sees("acme", &order, "done").await;
    let timeline = desk.get(&format!("/api/v1/jobs/orders/acme/{}/timeline", order["id"])).await.1.to_string();
    assert_eq!(timeline.matches("\"decided\"").count(), 1, "{timeline}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_on_an_order_that_changed_since_does_nothing() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    let id = order["id"].as_u64().unwrap();
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    let shown = desk.sees("acme", &order, "held").await;
    world.updates("acme", id, "orders/updated", |order| order["note"] = json!("other")).await;
    eventually("it is held anew", async || desk.job("acme", &order).await["question"]["number"] == 2).await;
    let (status, answer) = desk.decides_on("approve", "acme", &order, &shown).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["changed"].is_string(), "{answer}");
    assert_eq!(desk.job("acme", &order).await["state"], "held");
    assert!(world.shipstation.orders().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_kept() {
    let world = World::start().await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let viewer = Desk::sign_on_as(&world, "vic", "viewer").await;
    viewer.sees("acme", &order, "held").await;
    assert_eq!(viewer.decides("approve", "acme", &order).await.0, 403);
    let lane = "/api/v1/lanes/orders/acme/pause";
    assert_eq!(viewer.post(lane, None, &json!({"why": "no"})).await.0, 403);
    world.program.command(&["operator", "disable", "vic"]).await;
    assert_eq!(viewer.get("/api/v1/jobs").await.0, 401, "a disabled operator is refused at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_lane_waits_and_says_why() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let sold = orders(1, 2);
    world.sells("acme", &sold[0]).await;
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    let desk = world.desk().await;
    let pause = json!({"why": "stocktaking"});
    assert_eq!(desk.post("/api/v1/lanes/orders/acme/pause", None, &pause).await.0, 200);
    world.sells("acme", &sold[1]).await;
    let lanes = desk.get("/api/v1/lanes?stalled=true").await.1;
    assert_eq!(lanes["rows"][0]["lane"], "orders/acme");
    assert!(lanes.to_string().contains("stocktaking"), "{lanes}");
    assert!(world.at_shipstation("acme", &sold[1]).is_none());
    assert_eq!(desk.post("/api/v1/lanes/orders/acme/resume", None, &json!({})).await.0, 200);
    world.arrives("acme", &sold[1], "awaiting_shipment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_refused_after_it_reached_the_warehouse_is_cancelled_there() {
    let world = World::start().await;
    world.shop("acme", &["--hold-country-differs"]).await;
    let order = an_order(1);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    world.updates("acme", order["id"].as_u64().unwrap(), "orders/updated", bill_elsewhere).await;
    desk.sees("acme", &order, "held").await;
    world.arrives("acme", &order, "on_hold").await;
    assert_eq!(desk.decides("reject", "acme", &order).await.0, 200);
    world.arrives("acme", &order, "cancelled").await;
    desk.sees("acme", &order, "rejected").await;
    assert_eq!(world.shipstation.orders().len(), 1);
}
