//! What one merchant is shown: what ended, from the end, and whether there is such a shop.

use lane::id::ShopId;
use lane::ports::Desk;
use lane::view::{Ended, Page};

use super::Case;
use super::endings::{done, fail};
use super::news::News;
use super::scene::Scene;

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("what ended last is listed first, page by page, each shop's own", |scene| Box::pin(newest_first(scene))),
        ("a shop is known by its id until it is removed", |scene| Box::pin(known(scene))),
    ]
}

fn id(shop: &str) -> ShopId {
    ShopId::parse(shop).expect("a shop id")
}

/// Reads a list to its end, so many rows at a time.
async fn latest(desk: &dyn Desk, shop: &str, ended: Ended, limit: u32) -> Vec<String> {
    let (mut numbers, mut page) = (Vec::new(), Page { after: None, limit });
    loop {
        let found = desk.latest(&id(shop), ended, &page).await.expect("a page");
        assert!(found.rows.len() <= limit as usize, "a page is no longer than asked for");
        numbers.extend(found.rows.into_iter().map(|job| job.number));
        match found.next {
            Some(next) => page.after = Some(next),
            None => return numbers,
        }
    }
}

async fn newest_first(scene: Scene) {
    for shop in ["acme", "bolt"] {
        scene.shop(shop).await;
    }
    for (shop, order) in [("acme", 1), ("acme", 2), ("bolt", 3), ("acme", 4), ("acme", 5), ("acme", 6)] {
        scene.pass(1);
        scene.hears(shop, &News::of(order)).await;
        let lease = scene.lease(shop).await;
        let (outcome, reach) = if order == 5 { fail() } else { done() };
        scene.attempts(&lease, order, outcome, reach).await;
        scene.releases(&lease).await;
    }
    let desk = scene.ports.desk.as_ref();
    for limit in [1, 2, 3, 4, 9] {
        assert_eq!(latest(desk, "acme", Ended::Done, limit).await, ["#6", "#4", "#2", "#1"], "{limit} at a time");
    }
    assert_eq!(latest(desk, "bolt", Ended::Done, 9).await, ["#3"]);
    assert!(latest(desk, "acme", Ended::Skipped, 9).await.is_empty());
    assert!(latest(desk, "acme", Ended::Rejected, 9).await.is_empty());

    // What is heard of once more is no longer done, and comes first when it is done again.
    scene.pass(1);
    scene.hears("acme", &News::of(2).updated(2, "another address")).await;
    assert_eq!(latest(desk, "acme", Ended::Done, 2).await, ["#6", "#4", "#1"]);
    let lease = scene.lease("acme").await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 2, outcome, reach).await;
    assert_eq!(latest(desk, "acme", Ended::Done, 2).await, ["#2", "#6", "#4", "#1"]);
    let strange = Page { after: Some("not of this list".to_owned()), limit: 2 };
    assert!(desk.latest(&id("acme"), Ended::Done, &strange).await.is_err(), "a cursor that nobody gave");
}

async fn known(scene: Scene) {
    let desk = scene.ports.desk.as_ref();
    assert_eq!(desk.merchant(&id("acme")).await.expect("an answer"), None);
    scene.shop("acme").await;
    let shop = desk.merchant(&id("acme")).await.expect("an answer").expect("the shop");
    assert_eq!(shop.domain(), "acme.myshopify.com");
    assert_eq!(desk.merchant(&id("bolt")).await.expect("an answer"), None);
    scene.ports.registry.remove_shop(&id("acme"), scene.now()).await.expect("it is removed");
    assert_eq!(desk.merchant(&id("acme")).await.expect("an answer"), None);
}
