//! Several workers on the same shops and the same warehouse account: its limit is theirs together, and one that was
//! stopped for longer than its lease finds that others went on.

use std::time::Duration;

use serde_json::Value;
use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, World, eventually, key, orders, path};

/// Calls that the account grants in a minute, to all workers together.
const LIMIT: u32 = 120;

const SHOPS: u64 = 8;

/// Eight workers have more than a minute's calls to make. None is refused, and what is granted is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_keep_the_limit_of_one_account_together() {
    let mut world = World::start_with(LIMIT, &[]).await;
    for _ in 1..8 {
        world.program.another_worker(&[]);
    }
    let shops: Vec<(String, Vec<Value>)> = (1..=SHOPS).map(|nth| (format!("shop-{nth}"), orders(nth, 8))).collect();
    for (shop, _) in &shops {
        world.on_terms(shop, ALONE).await;
    }
    for nth in 0..8 {
        let all = shops.iter().map(|(shop, sold)| world.sells(shop, &sold[nth]));
        assert!(futures::future::join_all(all).await.iter().all(|status| *status == 200));
    }
    for (shop, sold) in &shops {
        world.arrives(shop, &sold[7], "awaiting_shipment").await;
        world.one_each_in_sequence(shop, sold);
    }
    world.kept_the_limit();
    let journal = world.shipstation.journal();
    let mut left: Vec<_> = journal.calls().iter().map(|call| call.at).collect();
    left.sort_unstable();
    assert!(left.len() >= 125, "{} calls", left.len());
    let busiest =
        left.iter().map(|from| left.iter().filter(|at| *at >= from && at.duration_since(*from).as_secs() < 60).count());
    let busiest = busiest.max().unwrap_or_default();
    eprintln!("{} calls of 8 workers; the busiest minute had {busiest} of {LIMIT}", left.len());
    assert!(busiest <= LIMIT as usize, "{busiest} calls in a minute");
}

/// A worker that stands still in the middle of a write, for longer than its lease: another one goes on with its lane in
/// order, and what the first one writes when it wakes is looked at again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_stopped_beyond_the_lease_changes_nothing_and_what_it_wrote_is_put_right() {
    let mut world = World::start_with(1200, &[]).await;
    world.on_terms("acme", ALONE).await;
    let desk = world.desk().await;
    let sold = orders(1, 3);
    // The write leaves, and its answer comes while its worker stands still.
    world.shipstation.faults().push(Fault::next(Effect::Delay(Duration::from_secs(4))).on("createorder"));
    assert_eq!(world.sells("acme", &sold[0]).await, 200);
    eventually("the write has left", async || !world.shipstation.journal().calls_to("createorder").is_empty()).await;
    world.program.signal_worker("STOP").await;
    world.program.another_worker(&[]);
    for order in &sold[1..] {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    let first = desk.job("acme", &sold[0]).await;
    assert!(first["attempts"].as_u64() >= Some(2), "the other worker began anew: {first}");
    world.program.signal_worker("CONT").await;
    eventually("who came late said so", async || {
        let timeline = desk.get(&format!("{}/timeline", path("acme", &sold[0]))).await.1.to_string();
        timeline.contains("disturbed") && desk.job("acme", &sold[0]).await["state"] == "done"
    })
    .await;
    world.one_each_in_sequence("acme", &sold);
    let commits = world.shipstation.journal().commits_of(&key("acme", &sold[0]));
    assert!(commits.iter().all(|commit| commit.digest == commits[0].digest), "the same key and the same bytes");
}
