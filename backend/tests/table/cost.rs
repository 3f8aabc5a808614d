//! What an order costs in calls and capacity units: the source of the cost page.

use backend::contract::ledger::News;
use backend::contract::stand_in::Ministack;
use lane::outcome::{Outcome, Reach};
use lane::shop::SkipReason;

use super::scene;
use backend::contract::wire::{Wire, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_costs_what_the_page_says() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let scene = scene(&config, "cost").await;
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let mut verbs = Vec::new();
    wire.calls();
    let mut told = |verb: &'static str| verbs.push((verb, count(&wire.calls())));
    scene.hears("acme", &News::of(2)).await;
    told("record");
    let lease = scene.lease("acme").await;
    told("lease");
    scene.head(&lease).await;
    told("head");
    scene.begins(&lease, 1).await;
    told("begin");
    scene.completes(&lease, 1, Outcome::Skip(SkipReason::TestOrder), Reach::Untouched).await;
    told("complete");
    scene.attempts(&lease, 2, Outcome::Skip(SkipReason::TestOrder), Reach::Untouched).await;
    wire.calls();
    scene.releases(&lease).await;
    verbs.push(("release", count(&wire.calls())));
    for (verb, counted) in &verbs {
        println!("{verb:10} {counted:?}");
    }
    let sum = |what: &str| verbs.iter().filter_map(|(_, counted)| counted.get(what)).sum::<u64>();
    println!("an order   {} write units, {} strong reads", sum("write units"), sum("strong reads"));
    assert!(sum("transactions") == 5, "record, lease, begin, complete, release");
}
