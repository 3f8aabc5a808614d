//! What an order costs in calls and capacity units: the source of the cost page.

use backend::contract::ledger::News;
use backend::contract::stand_in::Ministack;
use lane::id::AccountId;
use lane::outcome::{Outcome, Reach};
use lane::ports::Agreed;
use lane::shop::SkipReason;

use super::scene;
use backend::contract::wire::{Meter, Wire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_costs_what_the_page_says() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let scene = scene(&config, "cost").await;
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let (mut meter, mut verbs) = (Meter::default(), Vec::new());
    meter.count(&wire.calls());
    let mut told = |verb: &'static str| verbs.push((verb, meter.count(&wire.calls())));
    // As the platform sends it, with both of its ids.
    scene.hears("acme", &News::of(2).ids(Some("delivery-2"), Some("event-2"))).await;
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
    told("another");
    scene.releases(&lease).await;
    told("release");
    verbs.retain(|(verb, _)| *verb != "another");
    for (verb, counted) in &verbs {
        println!("{verb:10} {counted:?}");
    }
    let sum = |what: &str| verbs.iter().filter_map(|(_, counted)| counted.get(what)).sum::<u64>();
    let sums = ["write units", "index units", "strong reads", "transactions", "places given"].map(sum);
    assert_eq!(sums, ORDER, "the page says otherwise");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_of_the_limiters_costs_what_the_page_says() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let scene = scene(&config, "limits").await;
    let (mut meter, account) = (Meter::default(), AccountId::at("shipstation", "main"));
    meter.count(&wire.calls());
    // Eight lanes in line, then forty.
    for (read, (bytes, units)) in [(900, 1), (2200, 3)].into_iter().enumerate() {
        let limits = &scene.ports.limits;
        limits.limit(&account).await.unwrap();
        let agreed = limits.agree(&account, &"x".repeat(bytes), u64::try_from(read).unwrap()).await.unwrap();
        assert_eq!(agreed, Agreed::Yes);
        let counted = meter.count(&wire.calls());
        let expected = [("limits written", 1), ("strong reads", 1), ("write units", units)];
        assert_eq!(counted, expected.into_iter().collect(), "{bytes} bytes");
    }
}

/// Write units, index units, strong reads, transactions and places of an order that is alone in its lane's run, which names
/// no customer, has no parts and comes by one webhook. `docs/table.md` says the same.
const ORDER: [u64; 5] = [45, 13, 21, 5, 1];
