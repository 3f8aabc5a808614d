//! Histories in the middle of which the ledger moves from its file into a table: what happens afterwards is what the
//! reference says, as if it had been there all the time.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backend::aws::SdkConfig;
use backend::aws::ledger::{Ledger as Table, create};
use backend::contract::histories::play::{BEGINS, Tally, play};
use backend::contract::histories::step::{Act, Step};
use backend::contract::histories::{Call, Left, Moment, Subject};
use backend::contract::ledger::Ports;
use backend::contract::stand_in::{self, Ministack};
use backend::embedded::ledger::{Ledger as File, export};
use backend::moving::{Kind, Record, Sums};
use lane::clock::{ManualClock, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tempfile::TempDir;

use super::table::PATIENCE;
use super::writing;
use crate::embedded::commits_are_in_line;

/// Where the ledger is.
enum Place {
    File(Arc<File>),
    Table(Arc<Table>),
    OnTheWay,
}

struct Moving {
    config: SdkConfig,
    folder: TempDir,
    place: Place,
    moved: Rc<RefCell<Sums>>,
}

impl Moving {
    fn new(config: SdkConfig, moved: Rc<RefCell<Sums>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::starting(Timestamp::from_second(BEGINS).unwrap());
        let file = File::open_in_line(&folder.path().join("ledger.db"), &clock).unwrap();
        Self { config, folder, place: Place::File(Arc::new(file)), moved }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    async fn moves(&mut self, now: Timestamp) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        self.place = Place::OnTheWay;
        let mut lines = Vec::new();
        let clock = ManualClock::starting(now);
        let sums = export(&self.path(), "a move", &clock, &mut |record| {
            lines.push(serde_json::to_string(record)?);
            Ok(())
        });
        for (kind, n) in sums.unwrap() {
            *self.moved.borrow_mut().entry(kind).or_default() += n;
        }
        let name = format!("moved-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        create(&self.config, &name, PATIENCE).await.unwrap();
        let table = stand_in::ledger(&self.config, &name, PATIENCE).await.unwrap();
        let mut records = lines.iter().map(|line| serde_json::from_str::<Record>(line).unwrap());
        // The first time it stops in the middle.
        let mut import = table.import(&records.next().unwrap(), Duration::ZERO, now).await.unwrap();
        for record in records.by_ref().take(lines.len() / 2) {
            import.take(record).await.unwrap();
        }
        let mut records = lines.iter().map(|line| serde_json::from_str::<Record>(line).unwrap());
        let mut import = table.import(&records.next().unwrap(), Duration::ZERO, now).await.unwrap();
        let mut end = None;
        for record in records {
            end = import.take(record).await.unwrap();
        }
        assert!(end.is_some(), "the last record says so");
        self.place = Place::Table(Arc::new(table));
    }
}

impl Subject for Moving {
    const VOIDS_LEASES: bool = true;
    const RENUMBERS: bool = true;

    fn ports(&self) -> Ports {
        match &self.place {
            Place::File(ledger) => Ports::of(ledger),
            Place::Table(ledger) => Ports::of(ledger),
            Place::OnTheWay => panic!("nobody calls while it is on its way"),
        }
    }

    async fn crash(&mut self, _: Moment, _: Vec<Call>, _: Timestamp) -> Left {
        panic!("nobody dies in these histories");
    }

    async fn reopen(&mut self, now: Timestamp) {
        self.moves(now).await;
    }
}

/// Histories of a usual run; `TABLE_HISTORIES` asks for more.
const HISTORIES: u32 = 20;

/// Nobody dies, and there is one start in the middle.
fn history() -> impl Strategy<Value = Vec<Step>> {
    let lives = |steps: Vec<Step>| {
        let acts = steps.into_iter().map(|step| step.act).filter(|act| !matches!(act, Act::Restart));
        acts.map(|act| Step { act, dies: None }).collect::<Vec<_>>()
    };
    (writing::history(), writing::history()).prop_map(move |(before, after)| {
        let restart = Step { act: Act::Restart, dies: None };
        lives(before).into_iter().chain([restart]).chain(lives(after)).collect()
    })
}

#[test]
fn a_ledger_that_moved_goes_on_as_if_it_had_always_been_there() {
    commits_are_in_line(true);
    let asked: Option<u32> = std::env::var("TABLE_HISTORIES").ok().map(|n| n.parse().unwrap());
    let cases = asked.unwrap_or(HISTORIES);
    let rng_seed = if asked.is_none() { RngSeed::Fixed(8) } else { RngSeed::Random };
    let config = Config { cases, max_shrink_time: 60_000, failure_persistence: None, rng_seed, ..Config::default() };
    let (stand_in, total) = (Ministack::start().unwrap(), RefCell::new(Tally::default()));
    let moved = Rc::new(RefCell::new(Sums::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let account = runtime.block_on(stand_in.config());
    let played = TestRunner::new(config).run(&history(), |steps| {
        let clock = Arc::new(ManualClock::starting(Timestamp::from_second(BEGINS).unwrap()));
        let subject = Moving::new(account.clone(), Rc::clone(&moved));
        let tally = runtime.block_on(play(subject, clock, &steps)).map_err(TestCaseError::fail)?;
        total.borrow_mut().add(&tally);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    let (total, moved) = (total.into_inner(), moved.take());
    println!("{cases} histories moved {moved:?}: {total:#?}");
    let wanted = |kind: Kind, least: u64| {
        let moved = moved.get(&kind).copied().unwrap_or_default();
        assert!(moved >= least * u64::from(cases) / 20, "{moved} of {kind:?} moved, less than {least}");
    };
    for (kind, least) in [
        (Kind::Shop, 60),
        (Kind::Lane, 50),
        (Kind::Job, 60),
        (Kind::Webhook, 150),
        (Kind::Seen, 15),
        (Kind::Part, 3),
        (Kind::Notice, 2),
        (Kind::Asked, 3),
        (Kind::Audit, 5),
        (Kind::Account, 5),
    ] {
        wanted(kind, least);
    }
    assert!(total.done > 5 && total.duplicates > 20, "and something was carried out: {total:?}");
}
