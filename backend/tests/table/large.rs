//! Bodies that no single item may hold.

use backend::contract::ledger::{News, Scene};
use backend::contract::stand_in::Ministack;
use bytes::Bytes;
use lane::marks::Mark;
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::Content;
use sha2::{Digest as _, Sha256};

use super::scene;

/// Text that does not get shorter than half by compressing it.
fn noise(length: usize) -> String {
    let mut text = String::with_capacity(length + 64);
    for nth in 0_u64.. {
        if text.len() >= length {
            break;
        }
        for byte in Sha256::digest(nth.to_be_bytes()) {
            text.push(char::from(b'a' + byte % 16));
            text.push(char::from(b'a' + byte / 16));
        }
    }
    text
}

async fn arrives(scene: &Scene, body: String, content: Content) -> Recorded {
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.body_hash = Sha256::digest(body.as_bytes()).into();
    webhook.body = Bytes::from(body);
    webhook.content = content;
    (webhook.webhook_id, webhook.event_id) = (None, None);
    scene.ports.intake.record(webhook).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_megabytes_is_kept_whole_and_forgotten_whole() {
    let stand_in = Ministack::start().unwrap();
    let scene = scene(&stand_in.config().await, "large").await;
    scene.shop("acme").await;
    let body = format!(r#"{{"customer":{{"id":207119551}},"note":"{}"}}"#, noise(2_500_000));
    let unreadable = Content::Unreadable { why: "odd".to_owned() };
    assert!(matches!(arrives(&scene, body.clone(), unreadable).await, Recorded::Quarantined(_)));
    let subject = Subject { customer: Some(Mark::customer("207119551")), ..Subject::default() };
    for ask in [Ask::Export, Ask::RedactCustomer] {
        scene.pass(1);
        let request = PrivacyRequest { ask, subject: subject.clone(), reference: None };
        assert_eq!(arrives(&scene, format!("{ask:?}"), Content::Privacy(request)).await, Recorded::Asked);
    }
    let privacy = &scene.ports.privacy;
    let asked = privacy.requests(true, &Page::default()).await.unwrap().rows;
    let export = privacy.export(asked[0].id, scene.now()).await.unwrap().unwrap();
    assert_eq!(export["kept_aside"][0]["body"].as_str(), Some(body.as_str()));
    while privacy.redact(asked[1].id, None, scene.now()).await.unwrap() != Redacted::Done {}
    let export = privacy.export(asked[0].id, scene.now()).await.unwrap().unwrap();
    assert_eq!(export["kept_aside"].as_array().map(Vec::len), Some(0));
}
