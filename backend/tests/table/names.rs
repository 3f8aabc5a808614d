//! What the table holds of a shop that was forgotten.

use aws_sdk_dynamodb::Client;
use backend::contract::ledger::{News, Scene};
use backend::contract::stand_in::Ministack;
use bytes::Bytes;
use lane::marks::{Mark, Marks};
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::Content;
use sha2::{Digest as _, Sha256};

use super::scene;

const TABLE: &str = "names";

/// Every item of the table, as text.
async fn all(client: &Client) -> Vec<String> {
    let mut pages = client.scan().table_name(TABLE).into_paginator().send();
    let mut items = Vec::new();
    while let Some(page) = pages.next().await {
        items.extend(page.unwrap().items.unwrap_or_default().iter().map(|item| format!("{item:?}")));
    }
    items
}

async fn told(scene: &Scene, topic: &str, body: &str, content: Content) -> Recorded {
    scene.pass(1);
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.topic = topic.to_owned();
    webhook.body_hash = Sha256::digest(body.as_bytes()).into();
    webhook.body = Bytes::copy_from_slice(body.as_bytes());
    webhook.content = content;
    (webhook.webhook_id, webhook.event_id) = (None, None);
    scene.ports.intake.record(webhook).await.unwrap()
}

async fn carried_out(scene: &Scene, ask: Ask, subject: Subject) {
    let request = PrivacyRequest { ask, subject, reference: None };
    assert_eq!(told(scene, ask.as_str(), &format!("{ask:?}"), Content::Privacy(request)).await, Recorded::Asked);
    let asked = scene.ports.privacy.requests(true, &Page::default()).await.unwrap().rows;
    let id = asked.last().unwrap().id;
    while scene.ports.privacy.redact(id, None, scene.now()).await.unwrap() != Redacted::Done {}
}

/// A customer's order is forgotten first, and the whole shop later: then no item names the shop, not even the webhooks of
/// the order that was forgotten before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_item_names_a_forgotten_shop_whatever_was_forgotten_before() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let scene = scene(&config, TABLE).await;
    let client = Client::new(&config);
    scene.shop("acme").await;
    let jane = Marks { customer: Some(Mark::customer("207119551")), ..Marks::default() };
    for order in [1, 2] {
        let mut webhook = scene.webhook("acme", &News::of(order));
        if order == 1
            && let Content::Order(news) = &mut webhook.content
        {
            news.marks = jane.clone();
        }
        assert!(matches!(scene.ports.intake.record(webhook).await.unwrap(), Recorded::New { .. }));
    }
    let names = |items: &[String]| items.iter().filter(|item| item.contains("acme.myshopify.com")).count();
    assert!(names(&all(&client).await) >= 3, "the shop, its domain and two webhooks name it");
    carried_out(&scene, Ask::RedactCustomer, Subject { customer: jane.customer.clone(), ..Subject::default() }).await;
    assert_eq!(
        told(&scene, "app/uninstalled", "gone", Content::Uninstalled { at: scene.now() }).await,
        Recorded::Closed
    );
    scene.pass(48 * 3600);
    carried_out(&scene, Ask::RedactShop, Subject::default()).await;
    let left = all(&client).await;
    assert!(left.len() >= 8, "what happened stays: {}", left.len());
    let naming: Vec<&String> = left.iter().filter(|item| item.contains("myshopify")).collect();
    assert!(naming.is_empty(), "{naming:#?}");
}
