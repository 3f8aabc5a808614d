//! Answers that are none: half of one, a web page, JSON that is cut or says nothing, and silence. Whatever the provider
//! did meanwhile, the order is looked up before anything is written again, and nobody else notices.

use std::time::Duration;

use simulators::faults::{Effect, Fault};
use simulators::journal::Kind;

use crate::world::{ALONE, World, domain, key, orders};

fn says(body: &str) -> Effect {
    Effect::Status { status: 200, body: body.into(), headers: vec![], commit: true }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_answers_a_write_the_order_is_looked_up_and_never_written_twice() {
    let world = World::start_with(2400, &[]).await;
    let kinds = [
        ("acme", says("{\"orderId\": 94113592, \"orderNumb")),
        ("bolt", says("{}")),
        ("cork", says("null")),
        ("dune", says("")),
        ("elms", Effect::HalfBody),
        ("fern", Effect::Html200),
        // Longer than any call is waited for.
        ("glen", Effect::Hang(Duration::from_mins(1))),
    ];
    for (shop, effect) in &kinds {
        world.on_terms(shop, ALONE).await;
        let fault = Fault::next(effect.clone()).on("createorder").containing(&format!("\"{shop}-"));
        world.shipstation.faults().push(fault);
    }
    world.on_terms("hale", ALONE).await;
    let desk = world.desk().await;
    let mut sold = Vec::new();
    for (seed, shop) in (1..).zip(kinds.iter().map(|(shop, _)| *shop).chain(["hale"])) {
        let orders = orders(seed, 2);
        for order in &orders {
            assert_eq!(world.sells(shop, order).await, 200);
        }
        sold.push((shop, orders));
    }
    // A shop whose calls are answered is done before any of the others may try again.
    for order in &sold.last().expect("the shop without trouble").1 {
        desk.sees("hale", order, "done").await;
    }
    assert_ne!(desk.job("glen", &sold[6].1[0]).await["state"], "done", "its call is not answered yet");
    for (shop, orders) in &sold {
        for order in orders {
            desk.sees(shop, order, "done").await;
            let again = world.shipstation.journal().count_of(&key(shop, order), Kind::Replaced);
            assert_eq!(again, 0, "{shop} {}", order["name"]);
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert_eq!(world.shipstation.orders().len(), 16);
    assert!(world.shipstation.faults().pending().is_empty(), "the faults struck");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_answers_with_nonsense_is_asked_again_and_nothing_is_written_meanwhile() {
    let world = World::start_with(2400, &[]).await;
    let kinds = [
        ("acme", says("{\"data\": {\"order\": {\"id\":")),
        ("bolt", says("{\"data\": {\"order\": 7}}")),
        ("cork", says("[]")),
        ("dune", Effect::HalfBody),
        ("elms", Effect::Html200),
        ("fern", Effect::CutBeforeCommit),
    ];
    let desk = world.desk().await;
    let mut sold = Vec::new();
    for (seed, (shop, effect)) in (1..).zip(&kinds) {
        world.on_terms(shop, ALONE).await;
        world.shopify.faults().push(Fault::next(effect.clone()).of(&domain(shop)).on("order"));
        let orders = orders(seed, 2);
        for order in &orders {
            assert_eq!(world.sells(shop, order).await, 200);
        }
        sold.push((*shop, orders));
    }
    for (shop, orders) in &sold {
        for order in orders {
            let job = desk.sees(shop, order, "done").await;
            assert!(job["attempts"].as_u64().is_some_and(|attempts| attempts <= 2), "{job}");
        }
        world.one_each_in_sequence(shop, orders);
    }
    assert_eq!(world.shipstation.journal().commit_count(), 12, "each was written once");
    assert!(world.shopify.faults().pending().is_empty(), "the faults struck");
}
