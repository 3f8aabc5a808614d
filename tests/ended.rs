//! Ends that nobody would choose: a stop under load that the service manager cuts short, and an order that takes the
//! program down each time it is begun.

use std::time::Duration;

use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, Delivery, World, domain, eventually, orders};

/// How long a service manager waits before it kills.
const PATIENCE_OF_THE_MANAGER: Duration = Duration::from_secs(10);

/// `timeout` and some shells signal a process and its group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_signals_at_once_ask_for_one_stop_in_good_order() {
    let mut world = World::start().await;
    let id = world.program.id();
    let both = format!("kill -TERM {id}; kill -INT {id}");
    assert!(tokio::process::Command::new("sh").args(["-c", &both]).status().await.unwrap().success());
    assert!(world.program.ends_well().await, "{}", world.program.log());
    assert!(!world.program.log().contains("asked to stop again"), "{}", world.program.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_that_ends_with_a_kill_after_ten_seconds_loses_nothing() {
    let mut world = World::start_with(2400, &[]).await;
    let shops = ["acme", "bolt", "cork"];
    let mut sold = Vec::new();
    for (seed, shop) in (1..).zip(shops) {
        world.on_terms(shop, ALONE).await;
        sold.push((shop, orders(seed, 8)));
    }
    // One call hangs for longer than the manager waits, so that it has to kill.
    let hangs = Fault::next(Effect::Hang(Duration::from_secs(30))).on("createorder").containing("\"acme-");
    world.shipstation.faults().push(hangs);
    let (mut taken, mut refused) = (0, Vec::new());
    for at in 0..8 {
        if at == 4 {
            eventually("a call hangs", async || world.shipstation.faults().pending().is_empty()).await;
            world.program.signal("TERM").await;
        }
        for (shop, orders) in &sold {
            world.shopify.put_order(&domain(shop), orders[at].clone());
            let delivery = Delivery::of(shop, "orders/create", &orders[at]);
            match world.post(&delivery).await {
                Ok(status) if status == 200 => taken += 1,
                Ok(_) | Err(_) => refused.push(delivery),
            }
        }
    }
    assert!(taken >= 12, "all that came before the signal was taken, at the least: {taken}");
    assert!(!refused.is_empty(), "who is stopping takes nothing new in the end");
    tokio::time::sleep(PATIENCE_OF_THE_MANAGER).await;
    assert!(!world.program.has_ended(), "it waits for the call that hangs");
    world.restart().await;
    for delivery in &refused {
        world.redelivers(delivery).await;
    }
    let desk = world.desk().await;
    for (shop, orders) in &sold {
        for order in orders {
            desk.sees(shop, order, "done").await;
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert_eq!(world.shipstation.orders().len(), 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_kills_the_program_each_time_ends_before_a_person_and_the_next_ones_go() {
    let deadly = [("LANEKEEPER_KILL_AT", "worker.after_begin")];
    let mut world = World::start_with(1200, &deadly).await;
    world.on_terms("acme", ALONE).await;
    let mut desk = world.desk().await;
    let sold = orders(1, 3);
    assert_eq!(world.sells("acme", &sold[0]).await, 200);
    // Twelve attempts, and one that only looks.
    for life in 1..=13 {
        world.program.dies().await;
        if life < 13 {
            world.restart_with(&deadly).await;
        }
    }
    // From here on nothing kills it any more, and it is not begun again all the same.
    world.restart().await;
    desk.moved(&world);
    let held = desk.sees("acme", &sold[0], "held").await;
    assert_eq!(held["hold"]["reason"], "in_doubt");
    assert_eq!(held["attempts"], 13, "{held}");
    for order in &sold[1..] {
        assert_eq!(world.sells("acme", order).await, 200);
        desk.sees("acme", order, "done").await;
    }
    assert!(world.at_shipstation("acme", &sold[0]).is_none());
    assert_eq!(desk.decides("approve", "acme", &sold[0]).await.0, 200);
    desk.sees("acme", &sold[0], "done").await;
    assert_eq!(world.shipstation.orders().len(), 3);
}
