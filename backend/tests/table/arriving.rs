//! Nobody works at a table before all of an export is there, or before all of a backup's orders are in doubt; and of two
//! imports at once only the later one counts.

use std::sync::Arc;
use std::time::Duration;

use backend::aws::ledger::{ImportError, Ledger};
use backend::contract::ledger::{News, Ports, Scene};
use backend::contract::stand_in::{self, Ministack};
use backend::contract::wire::{Fault, Wire};
use backend::moving::{Begin, FORMAT, Record};
use lane::clock::{Clock as _, Timestamp};
use lane::decision::{Decision, Verdict};
use lane::id::{AccountId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::line::Pause;
use lane::operator::{Operator, Role};
use lane::outcome::{PauseReason, Reach};
use lane::policy::Policy;
use lane::ports::{LedgerError, Notice, Recorded};
use tokio::task::JoinHandle;

use super::PATIENCE;
use super::moved::{clock, exported, imported, open, table};

fn unavailable<T>(answer: Result<T, LedgerError>) -> bool {
    matches!(answer, Err(LedgerError::Unavailable(words)) if words.contains("is being imported"))
}

/// What an export of a shop with one order says.
fn an_export(orders: u64) -> Vec<Record> {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let path = folder.path().join("ledger.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let file = open(&path, &clock);
        file.shop("acme").await;
        for order in 1..=orders {
            file.hears("acme", &News::of(order)).await;
        }
    });
    exported(&path, &clock)
}

async fn export_of(orders: u64) -> Vec<Record> {
    tokio::task::spawn_blocking(move || an_export(orders)).await.unwrap()
}

fn another(begin: &Record) -> Record {
    let Record::Begin(begin) = begin.clone() else { panic!("it begins") };
    Record::Begin(Begin { id: "another".to_owned(), ..begin })
}

/// Every verb by which somebody comes from outside is refused.
async fn all_are_refused(scene: &Scene) {
    let (ports, now, acme) = (&scene.ports, scene.now(), ShopId::parse("acme").unwrap());
    let (lane, ann, account) =
        (LaneKey::orders(&acme), OperatorId::parse("ann").unwrap(), AccountId::at("shipstation", "main"));
    assert!(unavailable(ports.intake.record(scene.webhook("acme", &News::of(9))).await), "the platform comes again");
    let notice = Notice { account: account.clone(), url: "/a".to_owned(), received_at: now };
    assert!(unavailable(ports.intake.notice(&notice).await));
    assert!(unavailable(ports.work.lease(&lane, "worker", now, now).await));
    assert!(unavailable(ports.work.lanes_to_wake(now, 10).await), "no lane is woken");
    assert!(unavailable(ports.shipping.shipped(&account, &[], &[], Some(now), now).await));
    let why = PauseReason::Operator { why: "stocktaking".to_owned() };
    let pause = Pause { why, until: None, by: Some(ann.clone()), since: now };
    assert!(unavailable(ports.desk.pause(&lane, &pause, None).await));
    assert!(unavailable(ports.desk.resume(&lane, &ann, now, None).await));
    assert!(unavailable(ports.desk.release_quarantined(1, &ann, now, None).await));
    let decision = Decision {
        lane,
        job: JobId::from(1),
        verdict: Verdict::Approve,
        hold: 1,
        fingerprint: Fingerprint::of(b"shown"),
        by: ann.clone(),
        note: String::new(),
        at: now,
        takes_effect: now,
    };
    assert!(unavailable(ports.desk.decide(&decision, None).await));
    assert!(ports.registry.put_shop(&scene.shop_value("acme", Policy::default()), now).await.is_err());
    assert!(unavailable(ports.registry.remove_shop(&acme, now).await));
    let operator = Operator { id: ann, role: Role::Viewer, token_hash: String::new(), disabled: true };
    assert!(unavailable(ports.registry.put_operator(&operator).await));
    assert!(unavailable(ports.registry.expire(now).await));
    assert!(unavailable(ports.privacy.redact(1, None, now).await));
    assert!(unavailable(ports.privacy.dismiss(1, "ann", now).await));
    assert!(unavailable(ports.privacy.answered(1, now).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_works_at_a_table_until_all_of_an_export_is_there() {
    let (records, clock) = (export_of(1).await, clock());
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let ledger = table(&config, "half").await;
    let now = clock.now();
    let begins = async |first: &Record| ledger.import(first, Duration::ZERO, now).await.err();
    assert!(matches!(begins(&records[1]).await, Some(ImportError::NoBeginning)));
    let Record::Begin(begin) = records[0].clone() else { panic!("it begins") };
    assert!(matches!(
        begins(&Record::Begin(Begin { format: FORMAT + 1, ..begin })).await,
        Some(ImportError::Format(_))
    ));

    let without_end = &records[..records.len() - 1];
    assert!(matches!(imported(&ledger, without_end, now).await, Err(ImportError::CutOff(_))));
    let without_job: Vec<Record> = records.iter().filter(|record| !matches!(record, Record::Job(_))).cloned().collect();
    assert!(matches!(imported(&ledger, &without_job, now).await, Err(ImportError::CutOff(_))));
    let scene = Scene { ports: Ports::of(&ledger), clock: Arc::clone(&clock) };
    all_are_refused(&scene).await;
    assert!(matches!(begins(&another(&records[0])).await, Some(ImportError::Another(_))));

    imported(&ledger, &records, now).await.unwrap();
    assert!(matches!(scene.hears("acme", &News::of(2)).await, Recorded::New { .. }));
    scene.pass(60);
    assert_eq!(scene.sweeps().await.len(), 1);
    assert!(matches!(imported(&ledger, &records, now).await, Err(ImportError::Arrived(_))));
    assert!(matches!(begins(&another(&records[0])).await, Some(ImportError::NotEmpty(_))));
    let used = table(&config, "used").await;
    Scene { ports: Ports::of(&used), clock }.shop("bolt").await;
    for _ in 0..2 {
        assert!(matches!(imported(&used, &records, now).await, Err(ImportError::NotEmpty(_))));
    }
}

async fn takes(ledger: &Ledger, records: &[Record], now: Timestamp, least: usize) -> backend::aws::ledger::Import {
    let mut import = ledger.import(&records[0], Duration::ZERO, now).await.unwrap();
    for record in &records[1..least] {
        assert!(import.take(record.clone()).await.unwrap().is_none());
    }
    import
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_thought_dead_changes_nothing_once_another_has_begun() {
    let (records, clock) = (export_of(3).await, clock());
    let stand_in = Ministack::start().unwrap();
    let ledger = table(&stand_in.config().await, "twice").await;
    let now = clock.now();
    let mut first = takes(&ledger, &records, now, records.len() - 1).await;
    let mut second = takes(&ledger, &records, now, records.len() - 1).await;
    let last = records.last().unwrap();
    assert!(matches!(first.take(last.clone()).await, Err(ImportError::Overtaken)));
    assert!(second.take(last.clone()).await.unwrap().is_some());
    assert!(matches!(first.take(last.clone()).await, Err(ImportError::Overtaken | ImportError::CutOff(_))));
    let scene = Scene { ports: Ports::of(&ledger), clock };
    scene.pass(60);
    assert_eq!(scene.sweeps().await.len(), 1);
    scene.conserves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_waits_for_a_table_that_does_not_take_it_now() {
    let (records, clock) = (export_of(20).await, clock());
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let ledger = table(&config, "slow").await;
    let now = clock.now();
    let mut import = takes(&ledger, &records, now, records.len() - 1).await;
    wire.fails(Fault::Cut);
    let last = records.last().unwrap().clone();
    let ending = tokio::spawn(async move { import.take(last).await.map(|sums| sums.is_some()) });
    // Longer than the calls are repeated by themselves.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!ending.is_finished(), "it goes on trying");
    wire.fails(Fault::LosesEvery(2));
    assert!(ending.await.unwrap().unwrap());
    let scene =
        Scene { ports: Ports::of(&Arc::new(stand_in::ledger(&config, "slow", PATIENCE).await.unwrap())), clock };
    scene.conserves().await;
    assert!(scene.job("acme", 20).await.place > scene.job("acme", 19).await.place);
}

/// More than are looked at in a go.
const ORDERS: u64 = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_restored_table_every_order_is_looked_up_and_so_is_what_is_new_for_a_month() {
    let (records, clock) = (export_of(ORDERS).await, clock());
    let stand_in = Ministack::start().unwrap();
    let ledger = table(&stand_in.config().await, "restored").await;
    imported(&ledger, &records, clock.now()).await.unwrap();
    let scene = Scene { ports: Ports::of(&ledger), clock };
    assert_eq!(ledger.restored(scene.now()).await.unwrap(), ORDERS);
    assert_eq!(ledger.restored(scene.now()).await.unwrap(), 0, "said twice is said once");
    scene.pass(3600);
    scene.hears("acme", &News::of(ORDERS + 1)).await;
    for order in 1..=ORDERS + 1 {
        let job = scene.job("acme", order).await;
        assert!(job.restored && job.reach == Reach::Unresolved, "order {order}");
    }
    scene.pass(31 * 24 * 3600);
    scene.hears("acme", &News::of(ORDERS + 2)).await;
    assert!(!scene.job("acme", ORDERS + 2).await.restored, "a month later nearly all of them have shipped");
    // An order that nobody knows about keeps the shop with its warehouse.
    let mut elsewhere = scene.shop_value("acme", Policy::default());
    elsewhere.warehouse = AccountId::at("shipstation", "other");
    assert!(scene.ports.registry.put_shop(&elsewhere, scene.now()).await.is_err());
}

/// A run that waits, to see whether somebody writes to the table; it is there when this returns.
async fn waits(ledger: &Arc<Ledger>, begin: &Record, quiet: Duration) -> JoinHandle<Option<ImportError>> {
    let (of_it, begin, now) = (Arc::clone(ledger), begin.clone(), clock().now());
    let run = tokio::spawn(async move { of_it.import(&begin, quiet, now).await.err() });
    let refused = async || {
        let answer = Ports::of(ledger).work.lanes_to_wake(now, 1).await;
        matches!(answer, Err(LedgerError::Unavailable(_)))
    };
    while !refused().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_opens_no_table_that_another_run_fills() {
    let (records, now) = (export_of(40).await, clock().now());
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let ledger = table(&config, "overlapping").await;

    // The other has written some of it when the first looks again.
    let first = waits(&ledger, &records[0], Duration::from_secs(3)).await;
    let mut second = ledger.import(&records[0], Duration::ZERO, now).await.unwrap();
    for record in records[1..records.len() - 1].iter().chain(&vec![records[1].clone(); 200]) {
        second.take(record.clone()).await.unwrap();
    }
    assert!(matches!(first.await.unwrap(), Some(ImportError::Overtaken)));
    let outside = Ports::of(&ledger);
    assert!(unavailable(outside.work.lanes_to_wake(now, 10).await), "it is not all here");

    // The other has ended well when the first looks again.
    let ledger = table(&config, "ended").await;
    let first = waits(&ledger, &records[0], Duration::from_secs(3)).await;
    imported(&ledger, &records, now).await.unwrap();
    assert!(matches!(first.await.unwrap(), Some(ImportError::Overtaken)));
    let again = ledger.import(&records[0], Duration::ZERO, now).await.err();
    assert!(matches!(again, Some(ImportError::Arrived(at)) if at == now), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_died_while_it_waited_has_seen_nothing() {
    let (records, now) = (export_of(1).await, clock().now());
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let ledger = table(&config, "waited").await;
    // Who began before the table was marked is held up.
    let (wire, held) = Wire::tap(&config);
    let held = Arc::new(stand_in::ledger(&held, "waited", PATIENCE).await.unwrap());
    let ann = Operator {
        id: OperatorId::parse("ann").unwrap(),
        role: Role::Viewer,
        token_hash: "ab".repeat(32),
        disabled: false,
    };
    wire.fails(Fault::HoldsNext);
    let put = tokio::spawn(async move { Ports::of(&held).registry.put_operator(&ann).await });
    wire.holds().await;
    waits(&ledger, &records[0], Duration::from_mins(5)).await.abort();
    wire.lets_go();
    put.await.unwrap().unwrap();
    let next = ledger.import(&records[0], Duration::ZERO, now).await.err();
    assert!(matches!(next, Some(ImportError::NotEmpty(_))), "{next:?}");
}
