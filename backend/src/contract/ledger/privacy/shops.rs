//! Forgotten shops, and removed ones.

use lane::id::{OperatorId, ShopId};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, Subject};
use lane::view::{Page, QuarantineReason};
use lane::webhook::Content;

use super::super::Case;
use super::super::news::{News, sold_to, told};
use super::super::scene::{Scene, lane};
use super::{asks, bob, carries_out, has_left, jane, leaves, subject, unclear};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a forgotten shop is not heard until it is added again", |scene| Box::pin(shop_forgotten(scene))),
        ("a shop that is added again while it is forgotten begins anew", |scene| Box::pin(added_meanwhile(scene))),
        ("a shop that came back is only forgotten by a person", |scene| Box::pin(came_back(scene))),
        ("a request that was dismissed is never carried out", |scene| Box::pin(dismissed(scene))),
        ("a removed shop's requests are answered", |scene| Box::pin(removed_shop(scene))),
    ]
}

async fn shop_forgotten(scene: Scene) {
    scene.shop("acme").await;
    scene.shop("bolt").await;
    for order in 1..=30 {
        sold_to(&scene, "acme", order, bob()).await;
    }
    sold_to(&scene, "bolt", 1, bob()).await;
    let pause = Pause {
        why: PauseReason::Operator { why: "Jane rang".to_owned() },
        until: None,
        by: Some(OperatorId::parse("kim").expect("an operator")),
        since: scene.now(),
    };
    scene.ports.desk.pause(&lane("acme"), &pause, None).await.expect("paused");
    unclear(&scene, "acme", "anything").await;
    let open = asks(&scene, "acme", Ask::Export, subject(jane())).await;
    let request = asks(&scene, "acme", Ask::RedactShop, Subject::default()).await;
    let answer = scene.ports.privacy.redact(request, None, scene.now()).await.expect("an answer");
    assert_eq!(answer, Redacted::ShopIsOpen, "a shop that has the app is not erased");
    assert!(!scene.job("acme", 1).await.redacted);
    has_left(&scene, "acme").await;
    let answer = scene.ports.privacy.redact(request, None, scene.now()).await.expect("an answer");
    assert_eq!(answer, Redacted::ShopIsOpen, "what was asked before does not wait for that");
    let request = asks(&scene, "acme", Ask::RedactShop, Subject::default()).await;
    carries_out(&scene, request).await;
    for order in 1..=30 {
        assert!(scene.job("acme", order).await.redacted, "order {order}");
    }
    let id = ShopId::parse("acme").expect("a shop id");
    assert!(scene.ports.work.shop(&id).await.expect("an answer").is_none());
    assert_eq!(scene.ports.registry.shops().await.expect("shops").len(), 1);
    assert!(!scene.job("bolt", 1).await.redacted);
    let kept = scene.ports.privacy.requests(false, &Page::default()).await.expect("requests").rows;
    assert!(kept.iter().all(|kept| kept.merchant.is_empty() && kept.request.subject == Subject::default()));
    let exported = scene.ports.privacy.export(open, scene.now()).await.expect("an answer").expect("an export");
    assert_eq!(exported["orders"], serde_json::json!([]), "nothing is left to export");

    asks(&scene, "acme", Ask::RedactCustomer, subject(jane())).await;
    let late = scene.ports.privacy.requests(false, &Page::default()).await.expect("requests").rows;
    let late = late.last().expect("the request");
    assert!(late.done_at.is_some() && late.merchant.is_empty(), "{late:?}");
    let mut unread = scene.webhook("acme", &News::of(34));
    unread.body = r#"{"updated_at":"2020-01-01T00:00:00Z"}"#.into();
    unread.content = Content::Unreadable { why: "odd".to_owned() };
    let mut newer = unread.clone();
    newer.body = r#"{"updated_at":"2100-01-01T00:00:00+02:00"}"#.into();
    newer.body_hash = [9; 32];
    assert_eq!(scene.ports.intake.record(unread).await.expect("recorded"), Recorded::Forgotten);
    let kept = scene.ports.intake.record(newer).await.expect("recorded");
    assert_eq!(kept, Recorded::Quarantined(QuarantineReason::Unreadable), "it is the returned merchant's");

    assert_eq!(scene.hears("acme", &News::of(31)).await, Recorded::Forgotten);
    let gone = Content::Uninstalled { at: scene.now() };
    assert_eq!(told(&scene, "acme", "app/uninstalled", gone).await, Recorded::Forgotten);
    let back = scene.hears("acme", &News::of(33).updated(1_000_000_000, "new")).await;
    assert_eq!(back, Recorded::Quarantined(QuarantineReason::UnknownShop), "an order after the return is kept");
    asks(&scene, "acme", Ask::RedactCustomer, subject(jane())).await;
    let late = scene.ports.privacy.requests(false, &Page::default()).await.expect("requests").rows;
    let late = late.last().expect("the request");
    assert!(late.done_at.is_none() && !late.merchant.is_empty(), "an order of the returned shop is kept: {late:?}");
    let exports = scene.ports.privacy.requests(true, &Page::default()).await.expect("requests").rows;
    assert!(exports.iter().all(|kept| kept.id != open), "there is nothing left to export");

    scene.shop("acme").await;
    assert_eq!(scene.hears("acme", &News::of(1).updated(2, "old")).await, Recorded::Forgotten, "an old order");
    assert!(matches!(scene.hears("acme", &News::of(32)).await, Recorded::New { .. }), "a new order");
    assert_eq!(scene.ports.privacy.redact(request, None, scene.now()).await.expect("an answer"), Redacted::Done);
    assert!(!scene.job("acme", 32).await.redacted, "what is done is done");
    scene.lease("acme").await;
    scene.conserves().await;
}

async fn added_meanwhile(scene: Scene) {
    scene.shop("acme").await;
    for order in 1..=30 {
        sold_to(&scene, "acme", order, bob()).await;
    }
    has_left(&scene, "acme").await;
    let request = asks(&scene, "acme", Ask::RedactShop, Subject::default()).await;
    let first = scene.ports.privacy.redact(request, None, scene.now()).await.expect("a page");
    assert_eq!(first, Redacted::More);
    assert!(!scene.job("acme", 30).await.redacted, "there is more to do");
    scene.shop("acme").await;
    sold_to(&scene, "acme", 31, jane()).await;
    let later = asks(&scene, "acme", Ask::RedactCustomer, subject(jane())).await;
    carries_out(&scene, request).await;
    assert!(scene.job("acme", 30).await.redacted);
    assert!(!scene.job("acme", 31).await.redacted, "it is the new shop's");
    let open = scene.ports.privacy.requests(true, &Page::default()).await.expect("requests").rows;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].id, &open[0].request.subject), (later, &subject(jane())));
    assert_eq!(open[0].merchant, "acme.myshopify.com");
    carries_out(&scene, later).await;
    assert!(scene.job("acme", 31).await.redacted);
}

async fn came_back(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, bob()).await;
    has_left(&scene, "acme").await;
    sold_to(&scene, "acme", 2, jane()).await;
    let request = asks(&scene, "acme", Ask::RedactShop, Subject::default()).await;
    let privacy = &scene.ports.privacy;
    let answer = privacy.redact(request, None, scene.now()).await.expect("an answer");
    assert_eq!(answer, Redacted::ShopIsOpen, "an order came after it had left");
    assert!(!scene.job("acme", 2).await.redacted);
    let answer = privacy.redact(request, Some("kim"), scene.now()).await.expect("an answer");
    assert_eq!(answer, Redacted::More);
    carries_out(&scene, request).await;
    assert!(scene.job("acme", 1).await.redacted && scene.job("acme", 2).await.redacted);
}

async fn dismissed(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, bob()).await;
    let request = asks(&scene, "acme", Ask::RedactShop, Subject::default()).await;
    let privacy = &scene.ports.privacy;
    let answer = privacy.redact(request, Some("kim"), scene.now()).await.expect("an answer");
    assert_eq!(answer, Redacted::ShopIsOpen, "nobody erases a shop that is there");
    assert!(privacy.dismiss(request, "kim", scene.now()).await.expect("an answer"));
    assert!(!privacy.dismiss(request, "kim", scene.now()).await.expect("an answer"), "once");
    leaves(&scene, "acme").await;
    assert_eq!(privacy.redact(request, Some("kim"), scene.now()).await.expect("an answer"), Redacted::Done);
    assert!(!scene.job("acme", 1).await.redacted);
    let all = privacy.requests(false, &Page::default()).await.expect("requests").rows;
    assert!(all[0].dismissed && all[0].done_at.is_some());
}

async fn removed_shop(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, jane()).await;
    let id = ShopId::parse("acme").expect("a shop id");
    scene.ports.registry.remove_shop(&id, scene.now()).await.expect("removed");
    let request = asks(&scene, "acme", Ask::RedactCustomer, subject(jane())).await;
    let kept = scene.ports.privacy.requests(true, &Page::default()).await.expect("requests");
    assert_eq!(kept.rows[0].shop, Some(id));
    carries_out(&scene, request).await;
    assert!(scene.job("acme", 1).await.redacted);
}
