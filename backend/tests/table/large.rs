//! Bodies that no item may hold: they lie in the bucket, and nowhere once they are dropped.

use std::time::Duration;

use backend::aws::SdkConfig;
use backend::aws::ledger::Patience;
use backend::contract::ledger::{News, Ports, Scene};
use backend::contract::stand_in::{BUCKET, Ministack};
use backend::contract::wire::{Fault, Wire};
use bytes::Bytes;
use lane::clock::Clock as _;
use lane::marks::Mark;
use lane::ports::{LedgerError, Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::Content;
use sha2::{Digest as _, Sha256};

use super::{PATIENCE, another, moved, scene};

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

/// A bucket as its owner sees it.
struct Owner(aws_sdk_s3::Client);

impl Owner {
    fn of(config: &SdkConfig) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Self(aws_sdk_s3::Client::from_conf(config))
    }

    async fn objects(&self) -> Vec<String> {
        let found = self.0.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        found.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    }
}

fn unreadable() -> Content {
    Content::Unreadable { why: "odd".to_owned() }
}

/// A body that names a customer, and is too long for an item.
fn long_body(customer: u64, length: usize) -> String {
    format!(r#"{{"customer":{{"id":{customer}}},"note":"{}"}}"#, noise(length))
}

/// Asks for the export of a customer's data; the bodies in it.
async fn exported(scene: &Scene, customer: &str) -> Vec<String> {
    let asked = asks(scene, Ask::Export, customer).await;
    let export = scene.ports.privacy.export(asked, scene.now()).await.unwrap().unwrap();
    let kept = export["kept_aside"].as_array().unwrap();
    kept.iter().map(|kept| kept["body"].as_str().unwrap_or("none").to_owned()).collect()
}

async fn redacted(scene: &Scene, customer: &str) {
    let asked = asks(scene, Ask::RedactCustomer, customer).await;
    while scene.ports.privacy.redact(asked, None, scene.now()).await.unwrap() != Redacted::Done {}
}

/// The number of a new request.
async fn asks(scene: &Scene, ask: Ask, customer: &str) -> u64 {
    scene.pass(1);
    let subject = Subject { customer: Some(Mark::customer(customer)), ..Subject::default() };
    let request = PrivacyRequest { ask, subject, reference: None };
    let said = format!("{ask:?} {customer} {}", scene.now());
    assert_eq!(arrives(scene, said, Content::Privacy(request)).await.unwrap(), Recorded::Asked);
    let all = scene.ports.privacy.requests(true, &Page::default()).await.unwrap().rows;
    all.iter().map(|request| request.id).max().unwrap()
}

async fn arrives(scene: &Scene, body: String, content: Content) -> Result<Recorded, LedgerError> {
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.body_hash = Sha256::digest(body.as_bytes()).into();
    webhook.body = Bytes::from(body);
    webhook.content = content;
    (webhook.webhook_id, webhook.event_id) = (None, None);
    scene.ports.intake.record(webhook).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_megabytes_is_kept_whole_and_forgotten_whole() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let (scene, owner) = (scene(&config, "large").await, Owner::of(&config));
    scene.shop("acme").await;
    // Longer than a write to the table may be, also when it is compressed.
    let bodies = [long_body(207, 9_000_000), long_body(208, 900_000)];
    for body in &bodies {
        assert!(matches!(arrives(&scene, body.clone(), unreadable()).await, Ok(Recorded::Quarantined(_))));
        assert_eq!(arrives(&scene, body.clone(), unreadable()).await.unwrap(), Recorded::Duplicate);
    }
    assert!(matches!(
        arrives(&scene, r#"{"customer":{"id":1}}"#.to_owned(), unreadable()).await,
        Ok(Recorded::Quarantined(_))
    ));
    assert_eq!(owner.objects().await.len(), 2, "what fits into an item is no object, and a repetition neither");
    assert_eq!(exported(&scene, "207").await, bodies[..1]);

    redacted(&scene, "207").await;
    assert_eq!(owner.objects().await.len(), 1, "it is gone with the request");
    assert_eq!((exported(&scene, "207").await.len(), exported(&scene, "208").await), (0, bodies[1..].to_vec()));

    // After thirty days nobody keeps it.
    scene.pass(1);
    assert_eq!(scene.ports.registry.expire(scene.now()).await.unwrap(), 2);
    assert_eq!(owner.objects().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_webhooks_of_one_body_are_forgotten_one_by_one() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let (scene, owner) = (scene(&config, "twice").await, Owner::of(&config));
    for shop in ["acme", "other"] {
        scene.shop(shop).await;
        let mut webhook = scene.webhook(shop, &News::of(1));
        webhook.body = Bytes::from(long_body(207, 900_000));
        webhook.content = unreadable();
        assert!(matches!(scene.ports.intake.record(webhook).await, Ok(Recorded::Quarantined(_))));
    }
    assert_eq!(owner.objects().await.len(), 2);
    redacted(&scene, "207").await;
    assert_eq!(owner.objects().await.len(), 1, "the other shop's is not the request's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dying_handler_left_in_the_bucket_is_taken_away() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let (scene, owner) = (scene(&config, "dying").await, Owner::of(&config));
    scene.shop("acme").await;
    let patience = Patience { webhook: Duration::from_millis(400), ..PATIENCE };
    let (wire, dying) = tapped(&scene, &config, "dying", patience).await;
    // The object is there, the write that would keep its webhook is not.
    wire.fails(Fault::CutAfter(1));
    assert!(matches!(arrives(&dying, long_body(207, 900_000), unreadable()).await, Err(LedgerError::Unavailable(_))));
    assert_eq!(owner.objects().await.len(), 1);

    // As long as the write may still come, it stays.
    scene.pass(14 * 60);
    scene.ports.work.lanes_to_wake(scene.now(), 10).await.unwrap();
    assert_eq!(owner.objects().await.len(), 1);
    assert!(matches!(arrives(&scene, long_body(207, 900_000), unreadable()).await, Ok(Recorded::Quarantined(_))));
    scene.pass(2 * 60);
    scene.ports.work.lanes_to_wake(scene.now(), 10).await.unwrap();
    assert_eq!(owner.objects().await.len(), 1, "the platform sent it again, and that one is kept");
    scene.pass(30 * 60);
    scene.ports.work.lanes_to_wake(scene.now(), 10).await.unwrap();
    assert_eq!(exported(&scene, "207").await, [long_body(207, 900_000)]);
}

/// The same ledger over a wire of its own.
async fn tapped(scene: &Scene, config: &SdkConfig, table: &str, patience: Patience) -> (Wire, Scene) {
    let (wire, config) = Wire::tap(config);
    (wire, another(&config, scene, table, patience).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_was_held_up_keeps_no_body_that_is_taken_away_meanwhile() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let scene = scene(&config, "held-up").await;
    scene.shop("acme").await;
    let (wire, held) = tapped(&scene, &config, "held-up", PATIENCE).await;
    let (broom, sweep) = tapped(&scene, &config, "held-up", PATIENCE).await;
    wire.fails(Fault::HoldsAfter(1));
    let kept = tokio::spawn(async move { arrives(&held, long_body(207, 900_000), unreadable()).await });
    wire.holds().await;
    scene.pass(16 * 60);
    // The sweep has taken the object away, and its name still stands in the list.
    broom.fails(Fault::HoldsAfter(1));
    let (now, swept) =
        (scene.now(), tokio::spawn(async move { sweep.ports.work.lanes_to_wake(sweep.now(), 10).await }));
    tokio::time::timeout(Duration::from_secs(30), broom.holds()).await.unwrap();
    wire.lets_go();
    assert!(matches!(kept.await.unwrap(), Ok(Recorded::Quarantined(_))));
    broom.lets_go();
    swept.await.unwrap().unwrap();
    scene.ports.work.lanes_to_wake(now, 10).await.unwrap();
    assert_eq!(exported(&scene, "207").await, [long_body(207, 900_000)], "it was put there again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bucket_long_webhooks_come_again_and_all_others_are_kept() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let (scene, owner) = (scene(&config, "alone").await, Owner::of(&config));
    scene.shop("acme").await;
    owner.0.delete_bucket().bucket(BUCKET).send().await.unwrap();
    let Err(LedgerError::Unavailable(words)) = arrives(&scene, long_body(207, 900_000), unreadable()).await else {
        panic!("it is not kept without its body");
    };
    assert!(words.contains("the bucket bodies answered 404 NoSuchBucket"), "{words}");
    assert!(matches!(scene.hears("acme", &News::of(7)).await, Recorded::New { .. }));
    owner.0.create_bucket().bucket(BUCKET).send().await.unwrap();
    assert!(matches!(arrives(&scene, long_body(207, 900_000), unreadable()).await, Ok(Recorded::Quarantined(_))));
    assert_eq!(exported(&scene, "207").await, [long_body(207, 900_000)]);

    // An object that is gone counts as dropped; one that is another's content does not count.
    let objects = owner.objects().await;
    let other = aws_sdk_s3::primitives::ByteStream::from_static(b"other");
    owner.0.put_object().bucket(BUCKET).key(&objects[0]).body(other).send().await.unwrap();
    let asked = asks(&scene, Ask::Export, "207").await;
    let refused = scene.ports.privacy.export(asked, scene.now()).await.unwrap_err();
    assert!(refused.to_string().contains("not what was put there"), "{refused}");
    owner.0.delete_object().bucket(BUCKET).key(&objects[0]).send().await.unwrap();
    assert_eq!(exported(&scene, "207").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_comes_along_once_however_often_its_import_is_made() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), moved::clock());
    let path = folder.path().join("ledger.db");
    let file = moved::open(&path, &clock);
    file.shop("acme").await;
    assert!(matches!(arrives(&file, long_body(207, 900_000), unreadable()).await, Ok(Recorded::Quarantined(_))));
    drop(file);
    let records = moved::exported(&path, &clock);

    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let (ledger, owner) = (moved::table(&config, "moved").await, Owner::of(&config));
    // The first time the machine dies before the end, with all items written.
    let mut import = ledger.import(&records[0], Duration::ZERO, clock.now()).await.unwrap();
    for record in records[1..records.len() - 1].iter().chain(&vec![records[1].clone(); 200]) {
        import.take(record.clone()).await.unwrap();
    }
    assert_eq!(owner.objects().await.len(), 1, "it was on its way");
    moved::imported(&ledger, &records, clock.now()).await.unwrap();
    assert_eq!(owner.objects().await.len(), 1);
    let there = Scene { ports: Ports::of(&ledger), clock };
    assert_eq!(exported(&there, "207").await, [long_body(207, 900_000)]);
    redacted(&there, "207").await;
    assert_eq!(owner.objects().await, Vec::<String>::new());
}
