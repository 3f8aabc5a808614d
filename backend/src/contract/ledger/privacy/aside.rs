//! What was kept aside: dropped if it is or may be the customer's.

use bytes::Bytes;
use lane::id::JobId;
use lane::policy::Policy;
use lane::ports::Recorded;
use lane::privacy::Subject;
use lane::state::StateKind;
use lane::view::Page;
use lane::webhook::Content;

use super::super::Case;
use super::super::news::{News, sold_to};
use super::super::scene::{Scene, hash, lane};
use super::{bob, forgets, jane, subject, unclear};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("kept webhooks that are or may be the customer's are dropped", |scene| Box::pin(kept_webhooks(scene))),
        ("webhooks that name no shop are forgotten too, and expire", |scene| Box::pin(of_no_shop(scene))),
        ("a kept webhook of a forgotten order never becomes work", |scene| Box::pin(never_becomes_work(scene))),
    ]
}

async fn kept_webhooks(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 40, jane()).await;
    for shop in ["acme", "bolt"] {
        unclear(&scene, shop, &format!(r#"{{"shop":"{shop}","customer":{{"id":207119551}}}}"#)).await;
        unclear(&scene, shop, &format!(r#"{{"shop":"{shop}","email":"JANE@example.com"}}"#)).await;
        unclear(&scene, shop, &format!(r#"{{"shop":"{shop}","order_id":40}}"#)).await;
        unclear(&scene, shop, &format!("no json at {shop}")).await;
        unclear(&scene, shop, &format!(r#"{{"shop":"{shop}","name":"Jane"}}"#)).await;
        unclear(&scene, shop, &format!(r#"{{"shop":"{shop}","customer":{{"id":1}}}}"#)).await;
    }
    assert_eq!(scene.webhooks("quarantined").await, 12);
    forgets(&scene, "acme", subject(jane())).await;
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("kept webhooks");
    let of = |shop: &str| kept.rows.iter().filter(|row| row.merchant.starts_with(shop)).count();
    assert_eq!((of("acme"), of("bolt")), (3, 6), "bob's stays, what may be anybody's, and all of another shop's");
    let gone = kept.rows.iter().filter(|row| row.words.contains("its body went with a redaction")).count();
    assert_eq!(gone, 2, "it is still known that they came");
    assert_eq!(scene.webhooks("quarantined").await, 9);
    assert_eq!(scene.webhooks("forgotten").await, 3);
}

async fn of_no_shop(scene: Scene) {
    scene.shop("acme").await;
    for body in [r#"{"customer":{"id":207119551}}"#, r#"{"customer":{"id":1}}"#, "no json"] {
        let mut webhook = scene.webhook("acme", &News::of(0));
        webhook.merchant.clear();
        webhook.body = Bytes::from(body);
        webhook.body_hash = hash(body.as_bytes());
        webhook.content = Content::Unreadable { why: "no shop".to_owned() };
        scene.ports.intake.record(webhook).await.expect("recorded");
    }
    forgets(&scene, "acme", subject(jane())).await;
    let words = async || -> Vec<String> {
        let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("kept webhooks");
        kept.rows.into_iter().map(|row| row.words).collect()
    };
    let after = words().await;
    assert_eq!(after.len(), 2, "hers is gone");
    assert!(after[0] == "no shop" && after[1].contains("redaction"), "{after:?}");
    assert_eq!(scene.ports.registry.expire(scene.now()).await.expect("expired"), 1);
    assert_eq!(scene.ports.registry.expire(scene.now()).await.expect("expired"), 0, "once");
    let after = words().await;
    assert!(after.len() == 2 && after[0].contains("dropped after its time"), "{after:?}");
}

async fn never_becomes_work(scene: Scene) {
    // The shop is not known: its webhooks are kept, and so is the request.
    for (order, buyer) in [(1, jane()), (2, bob())] {
        let mut webhook = scene.webhook("acme", &News::of(order));
        webhook.body = Bytes::from(format!(r#"{{"id":{order},"customer":{{"id":{order}}}}}"#));
        if let Content::Order(news) = &mut webhook.content {
            news.marks = buyer;
        }
        scene.ports.intake.record(webhook).await.expect("recorded");
    }
    forgets(&scene, "acme", Subject { orders: vec![JobId::from(1)], ..Subject::default() }).await;
    let late = News::of(1).updated(2, "late");
    assert_eq!(scene.hears("acme", &late).await, Recorded::Forgotten);
    // It comes once more under another domain of the same shop, which is not known either.
    scene.hears("old-acme", &News::of(1).updated(3, "under another name")).await;
    let mut shop = scene.shop_value("acme", Policy::default());
    shop.domains.push("old-acme.myshopify.com".to_owned());
    scene.ports.registry.put_shop(&shop, scene.now()).await.expect("the shop is added");
    let first = scene.ports.desk.job(&lane("acme"), &JobId::from(1)).await.expect("an answer");
    assert!(first.is_none(), "{first:?}");
    assert_eq!(scene.state("acme", 2).await, StateKind::Waiting);
    assert_eq!(scene.webhooks("quarantined").await, 0);
}
