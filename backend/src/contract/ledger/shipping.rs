//! What a warehouse ships: hints are kept until they are followed, and orders are looked at again.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::{AccountId, JobId};
use lane::outcome::{Learnt, Shipped};
use lane::policy::Policy;
use lane::ports::{Notice, OpenNotice, ShippedOrder};
use lane::state::StateKind;

use super::Case;
use super::endings::{completes_knowing, done_as, hold};
use super::scene::{Scene, lane, orders};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("hints are kept until they are followed", |scene| Box::pin(hints(scene))),
        ("a hint that comes again while it is followed is followed again", |scene| Box::pin(hint_again(scene))),
        ("a flood of hints is cut off", |scene| Box::pin(flood(scene))),
        ("an order that has shipped is looked at again", |scene| Box::pin(looked_at_again(scene))),
        ("what has shipped is looked at in the order in which it is told", |scene| Box::pin(in_the_order_told(scene))),
        ("a shipment that the shop was told of is no news", |scene| Box::pin(told_already(scene))),
        ("a shop that does not listen is not told", |scene| Box::pin(deaf(scene))),
        ("what has shipped during the attempt reopens the job", |scene| Box::pin(during_attempt(scene))),
        ("who waits for a person goes on waiting", |scene| Box::pin(held_stays(scene))),
        ("how far was looked only ever rises", |scene| Box::pin(watermark(scene))),
    ]
}

fn account() -> AccountId {
    AccountId::at("shipstation", "main")
}

fn other_account() -> AccountId {
    AccountId::at("shipstation", "other")
}

fn shipment(order_id: &str, shipment: &str) -> ShippedOrder {
    ShippedOrder { order_id: order_id.to_owned(), shipment: shipment.to_owned() }
}

/// Adds a shop that wants its tracking back.
async fn listens(scene: &Scene, shop: &str) {
    let mut shop = scene.shop_value(shop, Policy::default());
    shop.carriage.tracking.back = true;
    scene.ports.registry.put_shop(&shop, scene.now()).await.expect("the shop is added");
}

async fn hinted(scene: &Scene, account: AccountId, url: &str) {
    let notice = Notice { account, url: url.to_owned(), received_at: scene.now() };
    scene.ports.intake.notice(&notice).await.expect("the hint is kept");
}

async fn open(scene: &Scene, account: &AccountId) -> Vec<OpenNotice> {
    scene.ports.shipping.notices(account, 2000).await.expect("hints")
}

fn urls(hints: &[OpenNotice]) -> Vec<&str> {
    hints.iter().map(|hint| hint.url.as_str()).collect()
}

/// A look at the main account found these.
async fn looks(scene: &Scene, found: &[ShippedOrder]) -> Vec<String> {
    let sends = scene.ports.shipping.shipped(&account(), found, &[], None, scene.now()).await;
    sends.expect("the look is taken in").into_iter().map(|send| send.dedup.to_string()).collect()
}

async fn settles(scene: &Scene, account: &AccountId, hints: &[u64]) {
    scene.ports.shipping.shipped(account, &[], hints, None, scene.now()).await.expect("settled");
}

/// Carries an order out; the warehouse calls it so.
async fn carried_out(scene: &Scene, shop: &str, order: u64, order_id: &str, told: &[&str]) {
    orders(scene, shop, [order]).await;
    let lease = scene.lease(shop).await;
    let (outcome, reach) = done_as(order_id, told);
    scene.attempts(&lease, order, outcome, reach).await;
    scene.releases(&lease).await;
}

async fn hints(scene: Scene) {
    for url in ["/b", "/a", "/c", "/b"] {
        hinted(&scene, account(), url).await;
        scene.pass(1);
    }
    hinted(&scene, other_account(), "/a").await;
    let kept = open(&scene, &account()).await;
    assert_eq!(urls(&kept), ["/a", "/c", "/b"], "the same twice is one");
    assert!(kept.is_sorted_by_key(|hint| hint.received_at));
    let first = scene.ports.shipping.notices(&account(), 1).await.expect("hints");
    assert_eq!(urls(&first), ["/a"], "oldest first");
    settles(&scene, &other_account(), &[kept[0].id, kept[1].id, kept[2].id]).await;
    assert_eq!(open(&scene, &account()).await, kept, "another account's hints are not settled");
    settles(&scene, &account(), &[kept[0].id, kept[2].id]).await;
    assert_eq!(urls(&open(&scene, &account()).await), ["/c"]);
    assert_eq!(urls(&open(&scene, &other_account()).await), ["/a"]);
    hinted(&scene, account(), "/a").await;
    assert_eq!(urls(&open(&scene, &account()).await), ["/c", "/a"], "one that comes again later is another");
}

async fn hint_again(scene: Scene) {
    hinted(&scene, account(), "/a").await;
    let followed = open(&scene, &account()).await;
    hinted(&scene, account(), "/a").await;
    settles(&scene, &account(), &[followed[0].id]).await;
    assert_eq!(urls(&open(&scene, &account()).await), ["/a"]);
    let again = open(&scene, &account()).await;
    settles(&scene, &account(), &[again[0].id]).await;
    hinted(&scene, account(), "/b").await;
    settles(&scene, &account(), &[again[0].id]).await;
    assert_eq!(urls(&open(&scene, &account()).await), ["/b"], "a number is never given twice");
}

async fn flood(scene: Scene) {
    let hints = (0..1010).map(|n| {
        let scene = scene.clone();
        async move { hinted(&scene, account(), &format!("/{n}")).await }
    });
    futures::future::join_all(hints).await;
    let kept = open(&scene, &account()).await;
    assert_eq!(kept.len(), 1000);
    hinted(&scene, account(), &kept[0].url).await;
    assert_eq!(open(&scene, &account()).await.len(), 1000, "one that is open already stays open");
    hinted(&scene, other_account(), "/a").await;
    assert_eq!(open(&scene, &other_account()).await.len(), 1);
    settles(&scene, &account(), &[kept[1].id]).await;
    hinted(&scene, account(), "/later").await;
    assert!(urls(&open(&scene, &account()).await).contains(&"/later"), "there is room again");
}

async fn looked_at_again(scene: Scene) {
    listens(&scene, "acme").await;
    listens(&scene, "bolt").await;
    carried_out(&scene, "acme", 1, "71", &[]).await;
    carried_out(&scene, "acme", 2, "72", &[]).await;
    carried_out(&scene, "bolt", 3, "73", &[]).await;
    let found = [shipment("71", "s1"), shipment("99", "s2"), shipment("73", "s3"), shipment("71", "s4")];
    let elsewhere = scene.ports.shipping.shipped(&other_account(), &found, &[], None, scene.now()).await;
    assert_eq!(elsewhere.expect("taken in"), [], "another account's orders are other orders");
    carried_out(&scene, "acme", 5, "x/75", &[]).await;
    let alike = AccountId::at("shipstation", "main/x");
    let looked = scene.ports.shipping.shipped(&alike, &[shipment("75", "s5")], &[], None, scene.now()).await;
    assert_eq!(looked.expect("taken in"), [], "nor are those of an account whose name runs on into the order's");
    scene.pass(60);
    assert_eq!(looks(&scene, &found).await, ["1-retry", "3-retry"]);
    let job = scene.job("acme", 1).await;
    assert_eq!((job.state.kind(), job.version), (StateKind::Waiting, 2), "two shipments are one reason to look");
    assert!(job.place > scene.job("acme", 5).await.place, "reopened goes to the end");
    let timeline = scene.ports.desk.timeline(&lane("acme"), &JobId::from(1)).await.expect("a timeline");
    let last = timeline.last().expect("an entry");
    assert!(matches!(&last.what, Happened::Newer { topic, .. } if topic == "shipped"), "{last:?}");
    assert_eq!(last.at, scene.now());
    assert_eq!(scene.state("acme", 2).await, StateKind::Done);
    assert_eq!(scene.state("bolt", 3).await, StateKind::Waiting);
    scene.pass(60);
    assert_eq!(scene.sweeps().await.len(), 2, "both lanes are due even if the wake-ups are lost");
    scene.conserves().await;
}

async fn in_the_order_told(scene: Scene) {
    listens(&scene, "acme").await;
    carried_out(&scene, "acme", 1, "9", &[]).await;
    carried_out(&scene, "acme", 2, "10", &[]).await;
    carried_out(&scene, "acme", 3, "8", &[]).await;
    let found = [shipment("9", "s1"), shipment("8", "s2"), shipment("10", "s3"), shipment("9", "s4")];
    assert_eq!(looks(&scene, &found).await.len(), 3);
    let mut places = Vec::new();
    for order in [1, 3, 2] {
        places.push(scene.job("acme", order).await.place);
    }
    assert!(places.is_sorted(), "{places:?}");
}

async fn told_already(scene: Scene) {
    listens(&scene, "acme").await;
    carried_out(&scene, "acme", 1, "71", &["s1"]).await;
    assert!(looks(&scene, &[shipment("71", "s1")]).await.is_empty());
    assert_eq!(scene.state("acme", 1).await, StateKind::Done);
    assert_eq!(looks(&scene, &[shipment("71", "s1"), shipment("71", "s2")]).await, ["1-retry"], "another parcel");

    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let parcel = Shipped {
        shipment: "s2".to_owned(),
        fulfilment: "gid/2".to_owned(),
        carrier: Some("UPS".to_owned()),
        tracking: Some("1Z".to_owned()),
        units: 3,
    };
    let learnt = Learnt { shipped: vec![parcel.clone()], ..Learnt::default() };
    completes_knowing(&scene, &lease, 1, done_as("71", &["s1", "s2"]), learnt).await;
    let timeline = scene.ports.desk.timeline(&lane("acme"), &JobId::from(1)).await.expect("a timeline");
    let told = timeline.iter().filter(|entry| entry.what == Happened::Shipped(parcel.clone()));
    assert_eq!(told.count(), 1, "the timeline says so");
    assert!(looks(&scene, &[shipment("71", "s1"), shipment("71", "s2")]).await.is_empty());
}

async fn deaf(scene: Scene) {
    scene.shop("acme").await;
    carried_out(&scene, "acme", 1, "71", &[]).await;
    assert!(looks(&scene, &[shipment("71", "s1")]).await.is_empty());
    assert_eq!(scene.state("acme", 1).await, StateKind::Done);
}

async fn during_attempt(scene: Scene) {
    listens(&scene, "acme").await;
    carried_out(&scene, "acme", 1, "71", &[]).await;
    assert_eq!(looks(&scene, &[shipment("71", "s1")]).await, ["1-retry"]);
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    assert!(looks(&scene, &[shipment("71", "s2")]).await.is_empty(), "it is under way, nobody need be woken");
    let (outcome, reach) = done_as("71", &["s1"]);
    scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting, "the attempt had not seen the second parcel");
}

async fn held_stays(scene: Scene) {
    listens(&scene, "acme").await;
    orders(&scene, "acme", [1]).await;
    let lease = scene.lease("acme").await;
    let ((outcome, _), (_, there)) = (hold(), done_as("71", &[]));
    scene.attempts(&lease, 1, outcome, there).await;
    assert!(looks(&scene, &[shipment("71", "s1")]).await.is_empty());
    let job = scene.job("acme", 1).await;
    assert_eq!((job.state.kind(), job.version), (StateKind::Held, 1));
    assert!(job.shipped_untold, "the attempt after the decision knows of it");
}

async fn watermark(scene: Scene) {
    let shipping = &scene.ports.shipping;
    let until = |account: AccountId| async move { shipping.looked_until(&account).await.expect("an answer") };
    let minutes = |n: u64| after(Timestamp::UNIX_EPOCH, Duration::from_mins(n));
    assert_eq!(until(account()).await, None, "nobody has looked yet");
    scene.ports.work.stop_account(&account(), after(scene.now(), Duration::from_mins(9))).await.expect("stopped");
    assert_eq!(until(account()).await, None, "a stop is no look");
    for (looked, known) in [(Some(5), 5), (Some(3), 5), (None, 5), (Some(8), 8)] {
        let looked_until = looked.map(minutes);
        shipping.shipped(&account(), &[], &[], looked_until, scene.now()).await.expect("taken in");
        assert_eq!(until(account()).await, Some(minutes(known)));
    }
    assert_eq!(until(other_account()).await, None);
    shipping.shipped(&other_account(), &[], &[], Some(minutes(1)), scene.now()).await.expect("taken in");
    let stopped = scene.ports.work.stopped_accounts(scene.now()).await.expect("an answer");
    assert_eq!(stopped.len(), 1, "a look stops nobody: {stopped:?}");
}
