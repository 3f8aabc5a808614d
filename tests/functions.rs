//! What only happens to functions: batches, events of other shapes, crashes, throttles, a deadline, two versions at once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::lambda::Failed;
use simulators::lambda::mapping::{Message, Source as _, event};

use crate::world::{ALONE, Fifo, World, domain, eventually, orders};

/// One batch of what is in the queue.
async fn batch(world: &World) -> Vec<Message> {
    Fifo::of(world.folder()).await.receive(10).await
}

fn shop(message: &Message) -> &str {
    &message.attributes["MessageGroupId"]
}

fn reported(answer: &Value) -> BTreeSet<String> {
    let failures = answer["batchItemFailures"].as_array().expect("a list").iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// A batch of two shops, one of which is in trouble: its messages come again, all of them, and nobody else's. The next
/// batch in the same warm process knows nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_batch_only_the_troubled_shops_messages_come_again() {
    let world = World::start_with(6000, &[]).await;
    let functions = world.program.functions();
    functions.mapping.rest().await;
    let (troubled, healthy) = (orders(1, 2), orders(2, 2));
    for shop in ["troubled", "healthy"] {
        world.on_terms(shop, ALONE).await;
    }
    let trouble = Effect::Status { status: 503, body: String::new(), headers: vec![], commit: false };
    world.shopify.faults().push(Fault::next(trouble).of(&domain("troubled")).forever());
    for (shop, sold) in [("troubled", &troubled), ("healthy", &healthy)] {
        for order in sold {
            assert_eq!(world.sells(shop, order).await, 200);
        }
    }
    let messages = batch(&world).await;
    assert_eq!(messages.len(), 4);
    let answer = functions.worker.invoke(&event(&messages)).await.unwrap();
    let expected: BTreeSet<String> =
        messages.iter().filter(|message| shop(message) == "troubled").map(|message| message.id.clone()).collect();
    assert_eq!((expected.len(), reported(&answer)), (2, expected), "{answer}");
    for order in &healthy {
        world.arrives("healthy", order, "awaiting_shipment").await;
    }
    let of_healthy: Vec<Message> = messages.into_iter().filter(|message| shop(message) == "healthy").collect();
    let answer = functions.worker.invoke(&event(&of_healthy)).await.unwrap();
    assert_eq!(reported(&answer), BTreeSet::new(), "nothing of the batch before is left in the process");
    assert_eq!(functions.worker.counts().cold_starts, 1, "it was the same process");
    world.shopify.faults().clear();
    functions.mapping.go_on();
    for order in &troubled {
        world.arrives("troubled", order, "awaiting_shipment").await;
    }
    world.one_each_in_sequence("troubled", &troubled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_another_shape_is_an_error_that_says_what_to_do_and_the_next_one_is_worked() {
    let world = World::start().await;
    let worker = &world.program.functions().worker;
    let records = |record: Value| json!({ "Records": [record] });
    for wrong in [
        Value::Null,
        json!([]),
        json!("sweep"),
        json!(7),
        json!({}),
        json!({ "Records": null }),
        json!({ "lanekeeper": "weep" }),
        records(json!({})),
        records(json!({ "eventSource": "aws:sns", "Sns": {} })),
        records(json!("x")),
    ] {
        let Err(Failed::Function(why)) = worker.invoke(&wrong).await else { panic!("{wrong} was worked") };
        assert_eq!(why["errorType"], "EventError", "{why}");
    }
    let why = worker.invoke(&json!({})).await.unwrap_err().to_string();
    assert!(why.contains("map the function to the queue of orders"), "{why}");
    world.shop("acme", &[]).await;
    let order = &orders(1, 1)[0];
    assert_eq!(world.sells("acme", order).await, 200);
    world.arrives("acme", order, "awaiting_shipment").await;
    assert_eq!(worker.counts().cold_starts, 1, "no error ended the process");
}

/// A call that would outlast the function is cut by the function: what may have happened is written down and looked up,
/// instead of being forgotten with the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_with_little_time_ends_its_calls_before_its_time_is_over() {
    let world = World::start_with(1200, &[]).await;
    let functions = world.program.functions();
    functions.worker.update(|deployed| deployed.timeout = Duration::from_secs(9));
    world.on_terms("acme", ALONE).await;
    let sold = orders(1, 3);
    world.shipstation.faults().push(Fault::next(Effect::Delay(Duration::from_secs(20))).on("createorder"));
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    let desk = world.desk().await;
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    world.one_each_in_sequence("acme", &sold);
    let counts = functions.worker.counts();
    assert_eq!((counts.failures, counts.cold_starts), (0, counts.cold_starts.min(4)), "none was killed: {counts:?}");
    assert_eq!(functions.mapping.seen().groups_met, 0);
}

/// One worker dies in the middle of an attempt, and one shop's wake-ups are throttled: both go on when their messages come
/// again, without a second order; others are not held up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_crashed_or_was_throttled_goes_on_and_makes_one_order_of_each() {
    let world = World::start_with(1200, &[]).await;
    let functions = world.program.functions();
    for shop in ["crashing", "throttled", "healthy"] {
        world.on_terms(shop, ALONE).await;
    }
    let (crashing, throttled, healthy) = (orders(1, 3), orders(2, 3), orders(3, 3));
    functions.worker.throttle(true);
    assert_eq!(world.sells("throttled", &throttled[0]).await, 200);
    eventually("a wake-up was received in vain", async || functions.worker.counts().throttles > 0).await;
    functions.worker.update(|deployed| deployed.env.push(("LANEKEEPER_KILL_AT".into(), "worker.after_begin".into())));
    functions.worker.throttle(false);
    assert_eq!(world.sells("crashing", &crashing[0]).await, 200);
    eventually("a worker died", async || functions.worker.counts().failures > 0).await;
    functions.worker.update(|deployed| {
        deployed.env.pop();
    });
    for (shop, sold, from) in [("healthy", &healthy, 0), ("crashing", &crashing, 1), ("throttled", &throttled, 1)] {
        for order in &sold[from..] {
            assert_eq!(world.sells(shop, order).await, 200);
        }
    }
    for (shop, sold) in [("healthy", &healthy), ("crashing", &crashing), ("throttled", &throttled)] {
        for order in sold {
            world.arrives(shop, order, "awaiting_shipment").await;
        }
        world.one_each_in_sequence(shop, sold);
    }
    let job = world.desk().await.job("crashing", &crashing[0]).await;
    assert!(job["attempts"].as_u64() >= Some(2), "the first attempt died with its process: {job}");
    let seen = functions.mapping.seen();
    assert!(seen.came_back >= 2 && seen.groups_met == 0, "{seen:?}");
}

/// While traffic moves from one version to the next, environments of both work on the same shops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_at_once_keep_every_shops_order() {
    let world = World::start_with(6000, &[]).await;
    let functions = world.program.functions();
    let shops = ["a", "b", "c"];
    for shop in shops {
        world.on_terms(shop, ALONE).await;
    }
    let sold: Vec<_> = (1..=3).map(|seed| orders(seed, 8)).collect();
    for nth in 0..8 {
        if nth == 3 {
            for function in [&functions.worker, &functions.handler] {
                function.update(|deployed| deployed.env.push(("LANEKEEPER_STAGE".into(), "next".into())));
            }
        }
        if nth == 5 {
            functions.worker.forget_environments();
        }
        let all = shops.iter().zip(&sold).map(|(shop, sold)| world.sells(shop, &sold[nth]));
        assert_eq!(futures::future::join_all(all).await, [200; 3]);
    }
    for (shop, sold) in shops.iter().zip(&sold) {
        world.arrives(shop, &sold[7], "awaiting_shipment").await;
        world.one_each_in_sequence(shop, sold);
    }
    let counts = functions.worker.counts();
    assert!(counts.cold_starts >= 2 && counts.failures == 0, "{counts:?}");
}
