//! What else a shop has besides an order: its customer's other orders, and held ones that share an address or a card.

use lane::id::JobId;
use lane::marks::{Mark, Marks};
use lane::outcome::Learnt;
use lane::rules::Company;

use super::Case;
use super::endings::{completes_knowing, done, hold};
use super::news::sold_to;
use super::scene::{Scene, lane};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a customer's other orders in line are counted", |scene| Box::pin(in_line(scene))),
        ("held orders with the same address or card are named", |scene| Box::pin(held_neighbours(scene))),
        ("marks that an attempt learnt count as well", |scene| Box::pin(learnt(scene))),
        ("five numbers are enough", |scene| Box::pin(five(scene))),
    ]
}

fn buyer(customer: &str) -> Marks {
    Marks { customer: Some(Mark::customer(customer)), ..Marks::default() }
}

fn living_at(street: &str) -> Marks {
    Marks { address: Mark::address(&[street], "97205", "US"), ..Marks::default() }
}

fn paying_with(card: &str) -> Marks {
    Marks { card: Some(Mark::card(card)), ..Marks::default() }
}

async fn company(scene: &Scene, shop: &str, order: u64, marks: &Marks) -> Company {
    scene.ports.work.company(&lane(shop), &JobId::from(order), marks).await.expect("an answer about the company")
}

async fn is_held(scene: &Scene, shop: &str, order: u64, marks: Marks) {
    let lease = scene.lease(shop).await;
    scene.begins(&lease, order).await;
    completes_knowing(scene, &lease, order, hold(), Learnt { marks, ..Learnt::default() }).await;
    scene.releases(&lease).await;
    scene.ports.work.hand_back(&lease, scene.now()).await.expect("handed back");
}

async fn in_line(scene: Scene) {
    let nobody = company(&scene, "acme", 1, &buyer("jane")).await;
    assert_eq!(nobody, Company::default(), "a lane that has no job yet");
    scene.shop("acme").await;
    scene.shop("bolt").await;
    for order in [1, 2, 3] {
        sold_to(&scene, "acme", order, buyer("jane")).await;
    }
    sold_to(&scene, "acme", 4, buyer("joe")).await;
    sold_to(&scene, "acme", 5, Marks::default()).await;
    sold_to(&scene, "bolt", 6, buyer("jane")).await;
    assert_eq!(company(&scene, "acme", 1, &buyer("jane")).await.waiting, 2);
    assert_eq!(company(&scene, "acme", 4, &buyer("joe")).await.waiting, 0, "not this one");
    assert_eq!(company(&scene, "acme", 5, &Marks::default()).await, Company::default(), "nobody is everybody's twin");
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    assert_eq!(company(&scene, "acme", 2, &buyer("jane")).await.waiting, 2, "one that is under way is in line");
    let (outcome, reach) = done();
    scene.completes(&lease, 1, outcome, reach).await;
    assert_eq!(company(&scene, "acme", 2, &buyer("jane")).await.waiting, 1, "one that is done is not");
    let (outcome, reach) = super::endings::retry_in(40);
    scene.attempts(&lease, 2, outcome, reach).await;
    assert_eq!(company(&scene, "acme", 3, &buyer("jane")).await.waiting, 1, "one that is tried again is");
}

async fn held_neighbours(scene: Scene) {
    scene.shop("acme").await;
    scene.shop("bolt").await;
    sold_to(&scene, "acme", 1, living_at("12 Elm St")).await;
    sold_to(&scene, "acme", 2, paying_with("visa 1")).await;
    sold_to(&scene, "acme", 3, living_at("13 Elm St")).await;
    sold_to(&scene, "bolt", 4, living_at("12 Elm St")).await;
    sold_to(&scene, "acme", 5, living_at("12 Elm St")).await;
    let asking = Marks { card: paying_with("visa 1").card, ..living_at("12 Elm St") };
    assert_eq!(company(&scene, "acme", 9, &asking).await, Company::default(), "none is held yet");
    for order in [1, 2, 3] {
        is_held(&scene, "acme", order, Marks::default()).await;
    }
    is_held(&scene, "bolt", 4, Marks::default()).await;
    let found = company(&scene, "acme", 9, &asking).await;
    assert_eq!((found.same_address, found.same_card), (vec!["#1".to_owned()], vec!["#2".to_owned()]));
    assert!(company(&scene, "acme", 1, &asking).await.same_address.is_empty(), "not this one");
}

async fn learnt(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, Marks::default()).await;
    is_held(&scene, "acme", 1, paying_with("visa 1")).await;
    assert_eq!(company(&scene, "acme", 9, &paying_with("visa 1")).await.same_card, ["#1"]);
    assert!(company(&scene, "acme", 9, &paying_with("visa 2")).await.same_card.is_empty());
}

async fn five(scene: Scene) {
    scene.shop("acme").await;
    for order in 1..=7 {
        sold_to(&scene, "acme", order, living_at("12 Elm St")).await;
        is_held(&scene, "acme", order, Marks::default()).await;
    }
    let found = company(&scene, "acme", 3, &living_at("12 Elm St")).await;
    assert_eq!(found.same_address, ["#1", "#2", "#4", "#5", "#6"], "oldest first");
}
