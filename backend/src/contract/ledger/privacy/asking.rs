//! Requests and exports.

use bytes::Bytes;
use lane::decision::Verdict;
use lane::id::JobId;
use lane::outcome::{Learnt, Reach};
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject, TOPICS, Unread};
use lane::view::Page;
use lane::webhook::Content;

use super::super::Case;
use super::super::endings::completes_knowing;
use super::super::news::{News, sold_to, told};
use super::super::scene::{Scene, hash};
use super::{asks, bob, carries_out, evidence, forgets, jane, subject, unclear};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("an export says all of its customer and nothing of others", |scene| Box::pin(export(scene))),
        ("a request that nobody could read stays until somebody looks it up", |scene| Box::pin(unread(scene))),
        ("requests are kept, listed and done once", |scene| Box::pin(requests(scene))),
    ]
}

async fn unread(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, jane()).await;
    unclear(&scene, "acme", r#"{"an":"order"}"#).await;
    let ask = || scene.ports.privacy.unread(scene.now());
    assert_eq!(ask().await.expect("an answer"), Unread::default(), "another topic is no request");
    let begun = scene.now();
    for topic in TOPICS {
        // The handler keeps nothing of such a body.
        let mut webhook = scene.webhook("acme", &News::of(0));
        topic.clone_into(&mut webhook.topic);
        webhook.body = Bytes::new();
        webhook.body_hash = hash(topic.as_bytes());
        webhook.content = Content::Unreadable { why: "odd".to_owned() };
        let recorded = scene.ports.intake.record(webhook).await.expect("recorded");
        assert!(matches!(recorded, Recorded::Quarantined(_)), "{topic}: {recorded:?}");
        scene.pass(60);
    }
    let all = scene.ports.privacy.unread(begun).await.expect("an answer");
    assert_eq!(all, Unread { count: 3, oldest: Some(begun) });
    // What is carried out about somebody else says nothing about them.
    forgets(&scene, "acme", subject(jane())).await;
    assert_eq!(scene.ports.privacy.unread(begun).await.expect("an answer"), all);
    assert_eq!(ask().await.expect("an answer"), Unread::default(), "older than was asked");
}

async fn export(scene: Scene) {
    scene.shop("acme").await;
    scene.shop("bolt").await;
    let raw = r#"{"id":820982911946154508,"total_price":"10.10","customer":{"id":207119551}}"#;
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.body = Bytes::from(raw);
    webhook.body_hash = hash(raw.as_bytes());
    if let Content::Order(news) = &mut webhook.content {
        (news.id, news.marks) = (JobId::from(820_982_911_946_154_508), jane());
    }
    scene.ports.intake.record(webhook).await.expect("recorded");
    sold_to(&scene, "acme", 2, bob()).await;
    sold_to(&scene, "bolt", 3, jane()).await;
    unclear(&scene, "acme", r#"{"kept":"aside","customer":{"id":207119551}}"#).await;
    unclear(&scene, "acme", r#"{"kept":"bobs","customer":{"id":1}}"#).await;
    unclear(&scene, "acme", "no json").await;
    let lease = scene.lease("acme").await;
    let order = JobId::from(820_982_911_946_154_508);
    scene.begins(&lease, 820_982_911_946_154_508).await;
    let held = completes_knowing(
        &scene,
        &lease,
        820_982_911_946_154_508,
        (evidence("12 Elm St"), Reach::Untouched),
        Learnt::default(),
    );
    held.await;
    let mut decision = scene.decision("acme", 820_982_911_946_154_508, Verdict::Approve, "kim").await;
    "rang her".clone_into(&mut decision.note);
    scene.decides(&decision).await;
    let asked = Subject { orders: vec![order, JobId::from(99)], ..subject(jane()) };
    let request = asks(&scene, "acme", Ask::Export, asked).await;
    let export = scene.ports.privacy.export(request, scene.now()).await.expect("an answer").expect("an export");
    assert_eq!(export["orders"].as_array().map(Vec::len), Some(1));
    let told = &export["orders"][0];
    assert_eq!(told["id"], "820982911946154508");
    assert_eq!(told["webhooks"][0]["body"], raw, "as it came");
    assert_eq!(told["decisions"][0]["decision"]["note"], "rang her");
    assert_eq!(told["timeline"].as_array().map(Vec::len), Some(5), "{told}");
    assert_eq!(export["kept_aside"].as_array().map(Vec::len), Some(1));
    assert!(export["kept_aside"][0]["body"].as_str().is_some_and(|body| body.contains("aside")));
    assert_eq!(export["not_known"]["orders"], serde_json::json!(["99"]));
    assert_eq!(export["not_known"]["webhooks_that_name_nobody"], "1");
    let open = async || scene.ports.privacy.requests(true, &Page::default()).await.expect("requests").rows.len();
    assert_eq!(open().await, 1, "nobody has it yet");
    assert!(scene.ports.privacy.answered(request, scene.now()).await.expect("an answer"));
    assert_eq!(open().await, 0, "it is done");
    assert!(
        scene.ports.privacy.export(request, scene.now()).await.expect("an answer").is_some(),
        "and can be repeated"
    );

    // Forgetting the customer takes the marks of what was asked before as well.
    forgets(&scene, "acme", subject(jane())).await;
    let kept = scene.ports.privacy.requests(false, &Page::default()).await.expect("requests").rows;
    assert!(kept.iter().all(|kept| kept.request.subject.customer.is_none() && kept.request.subject.email.is_none()));
    let export = scene.ports.privacy.export(request, scene.now()).await.expect("an answer").expect("an export");
    assert_eq!(export["orders"][0]["redacted"], true);
    assert!(!export.to_string().contains("Elm") && !export.to_string().contains("rang"), "{export}");
}

async fn requests(scene: Scene) {
    scene.shop("acme").await;
    let privacy = &scene.ports.privacy;
    assert_eq!(privacy.redact(1, None, scene.now()).await.expect("an answer"), Redacted::NoSuchRequest);
    assert!(privacy.export(1, scene.now()).await.expect("an answer").is_none());
    assert!(!privacy.answered(1, scene.now()).await.expect("an answer"));
    assert!(!privacy.dismiss(1, "kim", scene.now()).await.expect("an answer"));
    let mut ids = Vec::new();
    for ask in [Ask::Export, Ask::RedactCustomer, Ask::RedactCustomer] {
        ids.push(asks(&scene, "acme", ask, subject(jane())).await);
    }
    let request = PrivacyRequest { ask: Ask::Export, subject: subject(jane()), reference: Some("9999".to_owned()) };
    let again = told(&scene, "acme", "privacy redact_customer", Content::Privacy(request)).await;
    assert_eq!(again, Recorded::Asked, "another body is another request");
    ids.push(ids[2] + 1);
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("kept webhooks");
    assert!(kept.rows.is_empty());
    let first = privacy.requests(true, &Page { after: None, limit: 3 }).await.expect("requests");
    assert_eq!(first.rows.iter().map(|kept| kept.id).collect::<Vec<_>>(), ids[..3]);
    assert_eq!(first.rows[0].merchant, "acme.myshopify.com");
    assert_eq!(first.rows[0].request.subject, subject(jane()));
    let rest = privacy.requests(true, &Page { after: first.next, limit: 3 }).await.expect("requests");
    assert_eq!(rest.rows.iter().map(|kept| kept.id).collect::<Vec<_>>(), ids[3..]);

    assert_eq!(privacy.redact(ids[0], None, scene.now()).await.expect("an answer"), Redacted::NoSuchRequest);
    assert!(privacy.export(ids[1], scene.now()).await.expect("an answer").is_none());
    assert!(!privacy.answered(ids[1], scene.now()).await.expect("an answer"), "it is about forgetting");
    scene.pass(60);
    carries_out(&scene, ids[1]).await;
    let done_at = scene.now();
    scene.pass(60);
    carries_out(&scene, ids[1]).await;
    let all = privacy.requests(false, &Page::default()).await.expect("requests").rows;
    assert_eq!(all[1].done_at, Some(done_at), "done once");
    assert_eq!(privacy.requests(true, &Page::default()).await.expect("requests").rows.len(), 3);
    assert_eq!(scene.webhooks("asked").await, 4);
}
