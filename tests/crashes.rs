//! Killed at the worst moments: between the commit and the 2xx, between the call and its record … Each run kills the
//! program at one named point, starts it again, and asks the simulators what happened.

use crate::world::{Delivery, World, domain, eventually, orders};

/// Sells four orders, which go one by one, while the program dies at `points`, one a life, and is started again.
async fn survives(points: &[&str]) {
    let mut lives = points.iter();
    let first = [("LANEKEEPER_KILL_AT", *lives.next().expect("a point"))];
    let mut world = World::start_with(1200, &first).await;
    std::fs::write(world.folder().join("alone.toml"), "[carriage.burst]\norders = 1\n").unwrap();
    world.shop("acme", &["--terms", "alone.toml"]).await;
    let sold = orders(1, 4);
    let mut deaths = 0;
    for order in &sold {
        world.shopify.put_order(&domain("acme"), order.clone());
        let delivery = Delivery::of("acme", "orders/create", order);
        // Shopify repeats a delivery that was not answered 2xx, with the same ids.
        while world.post(&delivery).await.map_or(0, |status| status.as_u16()) != 200 {
            deaths += bury(&mut world, &mut lives).await;
        }
    }
    let deadline = tokio::time::Instant::now() + crate::world::PATIENCE;
    let all_done = |world: &World| sold.iter().all(|order| world.at_shipstation("acme", order).is_some());
    while !(all_done(&world) && deaths == points.len()) {
        assert!(tokio::time::Instant::now() < deadline, "{points:?}: {deaths} deaths, log:\n{}", world.program.log());
        deaths += bury(&mut world, &mut lives).await;
    }
    let desk = world.desk().await;
    eventually("every accepted order is done", async || desk.jobs("done", "acme").await.len() == 4).await;
    world.one_each_in_sequence("acme", &sold);
    assert_eq!(world.shipstation.orders().len(), 4);
}

/// Five orders are ready at once, and the program dies at `point` while they go together, having put them
/// `put` times in one call. Nobody knows then what became of any of them, so each is looked up by itself.
async fn survives_together(point: &str, put: usize) {
    let mut world = World::start_with(1200, &[]).await;
    world.shop("acme", &[]).await;
    let mut desk = world.desk().await;
    let sold = orders(1, 6);
    world.sells("acme", &sold[0]).await;
    desk.sees("acme", &sold[0], "done").await;
    let lane = "/api/v1/lanes/orders/acme";
    let pause = serde_json::json!({"why": "stocktaking"});
    assert_eq!(desk.post(&format!("{lane}/pause"), None, &pause).await.0, 200);
    for order in &sold[1..] {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    world.restart_with(&[("LANEKEEPER_KILL_AT", point)]).await;
    let resume = world.http.post(world.program.review(&format!("{lane}/resume"))).bearer_auth(desk.token());
    // The program may be dead before it has answered.
    let _ = resume.json(&serde_json::json!({})).send().await;
    world.program.dies().await;
    let journal = world.shipstation.journal();
    assert_eq!(journal.calls_to("createorders").len(), put, "{point}: it died while they went together");
    world.restart().await;
    desk.moved(&world);
    eventually("every accepted order is done", async || desk.jobs("done", "acme").await.len() == sold.len()).await;
    world.one_each_in_sequence("acme", &sold);
    assert_eq!(world.shipstation.orders().len(), sold.len());
    assert_eq!(journal.commit_count(), sold.len(), "nothing was written a second time");
}

/// If the program has died, starts its next life. How many deaths that were.
async fn bury(world: &mut World, lives: &mut std::slice::Iter<'_, &str>) -> usize {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    if !world.program.has_ended() {
        return 0;
    }
    match lives.next() {
        Some(point) => world.restart_with(&[("LANEKEEPER_KILL_AT", point)]).await,
        None => world.restart().await,
    }
    1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_signature_was_checked_and_before_the_commit() {
    survives(&["handler.after_verify:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_commit_of_the_ledger() {
    survives(&["ledger.before_commit:4"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_commit_of_the_ledger() {
    survives(&["ledger.after_commit:4"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_commit_and_the_send() {
    survives(&["handler.after_commit:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_send_and_the_2xx() {
    survives(&["handler.before_answer:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_lease() {
    survives(&["worker.after_lease"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_begin_and_the_first_call() {
    survives(&["worker.after_begin:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_before_the_write_at_the_warehouse() {
    survives(&["order.before_put:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_warehouses_commit_and_the_read_back() {
    survives(&["order.after_put:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_read_back_and_the_record() {
    survives(&["order.after_read_back:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_before_the_record() {
    survives(&["worker.before_complete:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_record_and_the_delete() {
    survives(&["worker.after_complete:2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_before_the_delete() {
    survives(&["queue.before_delete"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_recovering_from_a_crash() {
    survives(&["worker.after_begin:2", "sweep.before_send", "order.after_put"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_begin_of_many_and_their_first_call() {
    survives_together("worker.after_begin_burst", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_before_many_are_written_at_the_warehouse() {
    survives_together("order.before_put_together", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_warehouses_commit_of_many_and_the_read_back() {
    survives_together("order.after_put_together", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_read_back_of_many_and_their_record() {
    survives_together("order.after_read_back_together", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_before_the_record_of_many() {
    survives_together("worker.before_complete_burst", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_the_record_of_many() {
    survives_together("worker.after_complete:2", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_a_decision_and_its_wake_up() {
    let mut world = World::start_with(1200, &[("LANEKEEPER_KILL_AT", "review.after_decide")]).await;
    world.shop("acme", &["--hold-total-above", "50.00 USD"]).await;
    let sold = orders(1, 2);
    for order in &sold {
        world.sells("acme", order).await;
    }
    let mut desk = world.desk().await;
    let shown = desk.sees("acme", &sold[0], "held").await;
    let body = serde_json::json!({
        "hold": shown["question"]["number"], "fingerprint": shown["question"]["fingerprint"]
    });
    let path = crate::world::path("acme", &sold[0]);
    let lost = world.http.post(world.program.review(&format!("{path}/approve"))).bearer_auth(desk.token()).json(&body);
    assert!(lost.send().await.is_err(), "the operator sees no answer");
    world.program.dies().await;
    world.restart().await;
    desk.moved(&world);
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    let (status, answer) = desk.decides_on("approve", "acme", &sold[0], &shown).await;
    assert_eq!((status.as_u16(), &answer["decided"]["by"]), (409, &serde_json::json!("ann")), "it had counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_under_traffic() {
    let mut world = World::start_with(2400, &[]).await;
    for shop in ["acme", "bolt"] {
        world.shop(shop, &[]).await;
    }
    let sold = [orders(1, 10), orders(2, 10)];
    for at in 0..10 {
        for (shop, orders) in ["acme", "bolt"].iter().zip(&sold) {
            world.shopify.put_order(&domain(shop), orders[at].clone());
            world.redelivers(&Delivery::of(shop, "orders/create", &orders[at])).await;
        }
        if at % 2 == 1 {
            world.restart().await;
        }
    }
    for (shop, orders) in ["acme", "bolt"].iter().zip(&sold) {
        for order in orders {
            world.arrives(shop, order, "awaiting_shipment").await;
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert_eq!(world.shipstation.orders().len(), 20);
}
