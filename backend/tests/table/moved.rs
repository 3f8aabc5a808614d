//! A ledger arrives from a file: whoever was forgotten stays forgotten, and the file is used for nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backend::aws::SdkConfig;
use backend::aws::ledger::{ImportError, Ledger, create};
use backend::contract::ledger::{News, Ports, Scene};
use backend::contract::stand_in::{self, Ministack};
use backend::embedded::ledger::{ExportError, Ledger as File, OpenError, call_off, export};
use backend::moving::Record;
use bytes::Bytes;
use lane::clock::{Clock as _, ManualClock, Timestamp};
use lane::id::{JobId, OperatorId};
use lane::operator::{Operator, Role};
use lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use lane::policy::Policy;
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::{Content, Named};
use sha2::{Digest as _, Sha256};

use super::PATIENCE;

pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()))
}

pub(super) fn open(path: &Path, clock: &Arc<ManualClock>) -> Scene {
    let file = Arc::new(File::open_in_line(path, clock.as_ref()).unwrap());
    Scene { ports: Ports::of(&file), clock: Arc::clone(clock) }
}

/// All records, as they would stand in a file.
pub(super) fn exported(path: &Path, clock: &ManualClock) -> Vec<Record> {
    let mut lines = Vec::new();
    let mut keep = |record: &Record| {
        lines.push(serde_json::to_string(record)?);
        Ok(())
    };
    // The stand-in that another test starts in this moment has all that is open here, until it is itself.
    let in_use = |done: &Result<_, ExportError>| matches!(done, Err(ExportError::Open(OpenError::InUse(_))));
    let mut tries = (0..50).map(|_| {
        let done = export(path, "a move", clock, &mut keep);
        std::thread::sleep(Duration::from_millis(if in_use(&done) { 100 } else { 0 }));
        done
    });
    tries.find(|done| !in_use(done)).unwrap().unwrap();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) async fn table(config: &SdkConfig, name: &str) -> Arc<Ledger> {
    create(config, name, PATIENCE).await.unwrap();
    Arc::new(stand_in::ledger(config, name, PATIENCE).await.unwrap())
}

pub(super) async fn imported(table: &Ledger, records: &[Record], now: Timestamp) -> Result<(), ImportError> {
    let mut import = table.import(&records[0], Duration::ZERO, now).await?;
    for record in &records[1..] {
        if import.take(record.clone()).await?.is_some() {
            return Ok(());
        }
    }
    Err(import.cut_off())
}

async fn asks(scene: &Scene, ask: Ask, order: u64) -> u64 {
    let subject = Subject { orders: vec![JobId::from(order)], ..Subject::default() };
    says(scene, &format!("{ask:?} {order}"), Content::Privacy(PrivacyRequest { ask, subject, reference: None })).await;
    scene.ports.privacy.requests(true, &Page::default()).await.unwrap().rows.last().unwrap().id
}

/// The first orders are refused; what a part of each is called was learnt on the way.
async fn fail_knowing_a_part(scene: &Scene, orders: u64) {
    let lease = scene.lease("acme").await;
    for order in 1..=orders {
        scene.begins(&lease, order).await;
        let learnt = Learnt { parts: vec![format!("gid://part/{order}")], ..Learnt::default() };
        let (outcome, reach) = (Outcome::Fail(Trouble::new("shipstation", "refused")), Reach::Untouched);
        let report = Report { outcome, reach, calls: Vec::new(), learnt };
        let (id, policy) = (JobId::from(order), Policy::default());
        scene.ports.work.complete(&lease, &id, report, policy, 0.5, scene.now()).await.unwrap();
    }
    scene.releases(&lease).await;
}

async fn says(scene: &Scene, body: &str, content: Content) -> Recorded {
    scene.pass(1);
    let mut webhook = scene.webhook("acme", &News::of(1));
    webhook.body_hash = Sha256::digest(body.as_bytes()).into();
    webhook.body = Bytes::copy_from_slice(body.as_bytes());
    webhook.content = content;
    (webhook.webhook_id, webhook.event_id) = (None, None);
    scene.ports.intake.record(webhook).await.unwrap()
}

async fn redacts(scene: &Scene, request: u64) {
    while scene.ports.privacy.redact(request, None, scene.now()).await.unwrap() != Redacted::Done {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_forgotten_stays_forgotten_and_what_was_asked_goes_on() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let path = folder.path().join("ledger.db");
    let file = open(&path, &clock);
    file.shop("acme").await;
    let ann = Operator {
        id: OperatorId::parse("ann").unwrap(),
        role: Role::Reviewer,
        token_hash: "ab".repeat(32),
        disabled: false,
    };
    file.ports.registry.put_operator(&ann).await.unwrap();
    for order in 1..=3 {
        file.hears("acme", &News::of(order)).await;
    }
    fail_knowing_a_part(&file, 3).await;
    let long = format!("not an order {}", "1234567890".repeat(200_000));
    let odd = Content::Unreadable { why: "odd".to_owned() };
    assert!(matches!(says(&file, &long, odd).await, Recorded::Quarantined(_)));
    let done = asks(&file, Ask::RedactCustomer, 1).await;
    redacts(&file, done).await;
    let open = asks(&file, Ask::RedactCustomer, 2).await;
    let waits = file.ports.desk.quarantined(&Page::default()).await.unwrap().rows;
    drop(file);

    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let ledger = table(&config, "forgotten").await;
    imported(&ledger, &exported(&path, &clock), clock.now()).await.unwrap();
    let there = Scene { ports: Ports::of(&ledger), clock };
    assert_eq!(there.ports.desk.operator(&ann.token_hash).await.unwrap(), Some(ann));
    assert_eq!(there.hears("acme", &News::of(2)).await, Recorded::Duplicate);
    let news = News::of(1).updated(9, "another");
    assert_eq!(there.hears("acme", &news).await, Recorded::Forgotten, "its tombstone came along");
    assert!(there.job("acme", 1).await.redacted && !there.job("acme", 2).await.redacted);
    let requests = there.ports.privacy.requests(false, &Page::default()).await.unwrap().rows;
    assert_eq!(
        requests.iter().map(|request| (request.id, request.done_at.is_some())).collect::<Vec<_>>(),
        [(done, true), (open, false)]
    );
    let named = Content::Touched(Named::Part("gid://part/3".to_owned()));
    assert!(matches!(says(&there, "a part", named).await, Recorded::Newer { .. }), "whose part it is came along");
    redacts(&there, open).await;
    assert!(there.job("acme", 2).await.redacted, "what was asked before is carried out here");
    assert_eq!(asks(&there, Ask::Export, 3).await, open + 1, "numbers go on");
    let still = there.ports.desk.quarantined(&Page::default()).await.unwrap().rows;
    assert_eq!((still.len(), &still[0].words, still[0].received_at), (1, &waits[0].words, waits[0].received_at));
    there.conserves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exported_file_is_used_for_nothing_else_until_the_move_is_called_off() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let path = folder.path().join("ledger.db");
    let file = open(&path, &clock);
    file.shop("acme").await;
    file.hears("acme", &News::of(1)).await;
    let request = asks(&file, Ask::RedactCustomer, 1).await;
    assert_eq!(file.ports.privacy.redact(request, None, file.now()).await.unwrap(), Redacted::More);
    drop(file);
    let nobody = &mut |_: &Record| panic!("nothing leaves");
    let half_done = export(&path, "a move", clock.as_ref(), nobody).unwrap_err();
    assert!(matches!(half_done, ExportError::UnderWay(_)), "{half_done}");
    let file = open(&path, &clock);
    redacts(&file, request).await;
    drop(file);

    let first = exported(&path, &clock);
    clock.advance(Duration::from_mins(5));
    let refused = File::open(&path, clock.as_ref()).err().unwrap();
    assert!(matches!(refused, OpenError::Leaves { .. }), "{refused}");
    assert_eq!(exported(&path, &clock)[0], first[0], "once more is the same move");
    assert!(call_off(&path, clock.as_ref()).unwrap().is_some());
    assert_eq!(open(&path, &clock).webhooks("new").await, 1);
    assert_eq!(call_off(&path, clock.as_ref()).unwrap(), None);
}
