//! Yesterday's copy of the ledger is put back. What was carried out since is attempted anew, under the same keys: nothing
//! is doubled at the warehouse, and nothing that has left it is touched.

use std::path::Path;

use serde_json::{Value, json};
use simulators::journal::Kind;

use crate::world::{Delivery, World, domain, eventually, key, orders};

/// Copies the ledger's file with its write-ahead log; what is there of another state goes.
fn copy(from: &Path, to: &Path) {
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        // The index of the log is made anew.
        if name != "ledger.db-shm" && from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_carried_out_since_the_copy_was_made_are_neither_doubled_nor_disturbed_once_shipped() {
    let mut world = World::start().await;
    world
        .on_terms("acme", "[[hold.rules]]\nwhen = \"tagged\"\ntags = [\"look\"]\n[carriage.burst]\norders = 1\n")
        .await;
    let mut sold = orders(1, 5);
    sold[1]["tags"] = json!("look");
    let [before, held, shipped, open, refused] = <[Value; 5]>::try_from(sold).unwrap();
    let mut desk = world.desk().await;
    world.sells("acme", &before).await;
    world.sells("acme", &held).await;
    desk.sees("acme", &before, "done").await;
    desk.sees("acme", &held, "held").await;
    assert!(world.program.terminate().await);
    let yesterday = tempfile::tempdir().unwrap();
    copy(world.folder(), yesterday.path());

    world.restart().await;
    desk.moved(&world);
    assert_eq!(desk.decides("approve", "acme", &held).await.0, 200);
    let mut deliveries = Vec::new();
    for order in [&shipped, &open, &refused] {
        world.shopify.put_order(&domain("acme"), order.clone());
        let delivery = Delivery::of("acme", "orders/create", order);
        assert_eq!(world.post(&delivery).await.unwrap(), 200);
        deliveries.push(delivery);
    }
    for order in [&held, &shipped, &open, &refused] {
        desk.sees("acme", order, "done").await;
    }
    let there = |world: &World, order: &Value| world.at_shipstation("acme", order).expect("it is there");
    let id = |order: &Value| there(&world, order)["orderId"].as_u64().unwrap();
    for order in [&held, &shipped] {
        world.shipstation.ship(id(order)).unwrap();
    }
    world.shipstation.change_order(id(&refused), |order| order["orderStatus"] = json!("cancelled"));
    let left: Vec<Value> = [&before, &held, &shipped, &refused].map(|order| there(&world, order)).to_vec();

    // The disk is lost, and yesterday's copy is all there is.
    world.program.kill().await;
    copy(yesterday.path(), world.folder());
    world.restart().await;
    desk.moved(&world);
    assert_eq!(desk.job("acme", &before).await["state"], "done");
    let shown = desk.sees("acme", &held, "held").await;
    for order in [&shipped, &open, &refused] {
        assert_eq!(desk.get(&crate::world::path("acme", order)).await.0, 404, "it is forgotten");
    }
    // The merchant's webhooks are sent again, and the person decides again.
    for delivery in &deliveries {
        world.redelivers(delivery).await;
    }
    assert_eq!(desk.decides_on("approve", "acme", &held, &shown).await.0, 200);
    desk.sees("acme", &open, "done").await;
    for order in [&held, &shipped, &refused] {
        let what = format!("{} is with a person, or settled", order["name"]);
        eventually(&what, async || {
            let state = desk.job("acme", order).await["state"].clone();
            ["held", "done", "skipped"].iter().any(|settled| state == *settled)
        })
        .await;
    }
    let now: Vec<Value> = [&before, &held, &shipped, &refused].map(|order| there(&world, order)).to_vec();
    assert_eq!(now, left, "what has left, was cancelled or was known stands as it stood");
    for order in [&before, &held, &shipped, &open, &refused] {
        assert_eq!(world.shipstation.journal().count_of(&key("acme", order), Kind::Created), 1, "{}", order["name"]);
    }
    assert_eq!(world.shipstation.orders().len(), 5, "nothing is doubled");
    // And work goes on.
    let next = orders(2, 1).remove(0);
    world.sells("acme", &next).await;
    desk.sees("acme", &next, "done").await;
}
