//! Starts, copies and crashes between the two writes.

use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Clock as _, ManualClock};
use lane::decision::Verdict;
use lane::hold::HoldReason;
use lane::id::Fingerprint;
use lane::job::Job;
use lane::outcome::{Outcome, Reach, Trouble};
use lane::policy::Policy;
use lane::ports::{Begin, Burst};
use lane::state::StateKind::{self, Failed, Held, Rejected, Retrying, Skipped, Waiting};

use super::super::{LOG_PAGES, Ledger, leaving};
use super::*;
use crate::contract::ledger::{News, Ports, Scene};

/// A folder with a ledger, and who starts it.
struct Machine {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    starts: u128,
}

impl Machine {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::starting("2026-11-20T10:00:00Z".parse().unwrap()));
        Self { folder: tempfile::tempdir().unwrap(), clock, starts: 0 }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn beside(&self) -> PathBuf {
        Beside::of(&self.file()).path().to_owned()
    }

    /// Starts, and ends as one that is killed.
    fn start(&mut self, origin: Origin) -> Result<(), OpenError> {
        let (conn, lock) = self.opened(origin)?;
        drop((conn, lock));
        Ok(())
    }

    fn opened(&mut self, origin: Origin) -> Result<(Connection, Lock), OpenError> {
        self.starts += 1;
        let boot = Boot { id: BootId::of(self.starts), origin };
        open(&self.file(), self.clock.now(), &boot)
    }

    fn is_older(&mut self) -> bool {
        match self.start(Origin::LastRun) {
            Ok(()) => false,
            Err(OpenError::Older { path, beside }) => {
                assert_eq!((path, beside), (self.file(), self.beside()));
                let looked_into = look_into(&self.file(), self.clock.now());
                assert!(matches!(looked_into, Err(OpenError::Older { .. })), "whoever looks into it is told, too");
                true
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A backup of the ledger as it stands.
    fn backup(&self) -> Vec<u8> {
        let copy = self.folder.path().join("backup.db");
        let conn = Connection::open(self.file()).unwrap();
        conn.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let bytes = std::fs::read(&copy).unwrap();
        std::fs::remove_file(copy).unwrap();
        bytes
    }

    /// Puts a backup in place, as the README says.
    fn restore(&self, backup: &[u8]) {
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(with_ending(&self.file(), ending));
        }
        std::fs::write(self.file(), backup).unwrap();
    }

    fn rows(&self, sql: &str) -> i64 {
        Connection::open(self.file()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn starts_in_a_row_are_never_called_older_and_little_is_kept_of_them() {
    let mut machine = Machine::new();
    for _ in 0..5 {
        assert!(!machine.is_older());
    }
    assert_eq!(machine.rows("SELECT count(*) FROM boot"), 5);
    let named = std::fs::read_to_string(machine.beside()).unwrap();
    assert_eq!(named.trim(), BootId::of(5).0);
    assert!(!with_ending(&machine.beside(), ".new").exists());
}

#[test]
fn a_crash_between_the_two_writes_alarms_nobody_however_often() {
    let mut machine = Machine::new();
    // The first start died before the file was there, and so did the second.
    for _ in 0..2 {
        assert!(!machine.is_older());
        std::fs::remove_file(machine.beside()).unwrap();
    }
    assert!(!machine.is_older());
    // From here on each start dies before it renames its file: the old one stays.
    let kept = std::fs::read(machine.beside()).unwrap();
    for _ in 0..3 {
        assert!(!machine.is_older());
        std::fs::write(machine.beside(), &kept).unwrap();
        std::fs::write(with_ending(&machine.beside(), ".new"), "half").unwrap();
    }
    assert!(!machine.is_older());
}

#[test]
fn whom_the_file_beside_names_is_never_forgotten_however_long_it_cannot_be_renewed() {
    let mut machine = Machine::new();
    let (conn, lock) = machine.opened(Origin::LastRun).unwrap();
    let named = BootId::of(machine.starts);
    for nth in 0..i64::from(KEPT) * 2 {
        note(&conn, &BootId::of(1_000_000 + u128::try_from(nth).unwrap()), Some(&named), machine.clock.now()).unwrap();
    }
    let count: i64 = conn.query_row("SELECT count(*) FROM boot", [], |row| row.get(0)).unwrap();
    assert_eq!(count, i64::from(KEPT) + 1, "it does not grow");
    drop((conn, lock));
    assert!(!machine.is_older());
}

#[test]
fn a_copy_from_before_the_last_start_is_refused_and_left_as_it_is() {
    let mut machine = Machine::new();
    machine.start(Origin::LastRun).unwrap();
    let backup = machine.backup();
    machine.start(Origin::LastRun).unwrap();
    machine.restore(&backup);
    for _ in 0..2 {
        assert!(machine.is_older());
    }
    assert_eq!(machine.rows("SELECT count(*) FROM boot"), 1, "no start was written down");
    assert_eq!(std::fs::read_to_string(machine.beside()).unwrap().trim(), BootId::of(2).0);
    let said = machine.start(Origin::LastRun).unwrap_err().to_string();
    assert!(said.contains("is older than what last ran here: a restored backup?"), "{said}");
    assert!(said.contains("lanekeeper up --restored"), "{said}");
    machine.start(Origin::Backup).unwrap();
    assert!(!machine.is_older(), "said once, it is what runs here");
    assert_eq!(machine.rows("SELECT count(*) FROM restored"), 1);
}

#[tokio::test]
async fn a_copy_that_was_made_while_the_program_ran_is_told_from_what_it_did_later() {
    let mut machine = Machine::new();
    machine.starts += 1;
    let boot = Boot { id: BootId::of(machine.starts), origin: Origin::LastRun };
    let ledger = Ledger::boot(&machine.file(), &boot, LOG_PAGES, machine.clock.as_ref()).unwrap();
    let backup = machine.backup();
    ledger.still_runs(&BootId::of(77), machine.clock.now()).await.unwrap();
    ledger.still_runs(&BootId::of(78), machine.clock.now()).await.unwrap();
    let newest = machine.backup();
    drop(ledger);
    // Its threads end on their own, and write what they have into the file.
    while matches!(look_into(&machine.file(), machine.clock.now()), Err(OpenError::InUse(_))) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    machine.restore(&newest);
    machine.start(Origin::LastRun).unwrap();
    assert!(!machine.is_older(), "nothing ran that it does not know");
    drop(look_into(&machine.file(), machine.clock.now()).unwrap());
    machine.restore(&backup);
    assert!(machine.is_older());
}

#[test]
fn a_file_of_an_earlier_version_is_taken_as_it_is_unless_something_newer_ran_here() {
    let mut machine = Machine::new();
    super::super::migrations::tests::earlier_version(&machine.file(), 2);
    let backup = machine.backup();
    assert!(!machine.is_older(), "the first start after the upgrade");
    assert!(!machine.is_older());
    machine.restore(&backup);
    assert!(machine.is_older());
    assert_eq!(machine.rows("PRAGMA user_version"), 2, "nothing was changed");
    std::fs::remove_file(machine.beside()).unwrap();
    assert!(!machine.is_older(), "on another machine nobody can tell");
}

#[test]
fn an_empty_ledger_where_one_ran_is_refused_and_a_file_that_names_nobody_is_as_none() {
    let mut machine = Machine::new();
    machine.start(Origin::LastRun).unwrap();
    for garbage in ["", "not an id", "\u{0}\u{0}"] {
        std::fs::write(machine.beside(), garbage).unwrap();
        assert!(!machine.is_older(), "{garbage:?}");
    }
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_ending(&machine.file(), ending));
    }
    assert!(machine.is_older());
}

#[test]
fn a_backup_from_before_the_ledger_was_exported_starts_for_nobody_until_the_move_is_called_off() {
    let mut machine = Machine::new();
    machine.start(Origin::LastRun).unwrap();
    let backup = machine.backup();
    machine.start(Origin::LastRun).unwrap();
    let given = leaving::export(&machine.file(), "a move", machine.clock.as_ref(), &mut |_| Ok(()));
    given.unwrap();
    machine.restore(&backup);
    for origin in [Origin::LastRun, Origin::Backup] {
        let refused = machine.start(origin).unwrap_err();
        assert!(matches!(refused, OpenError::Leaves { .. }), "{refused}");
    }
    assert!(matches!(look_into(&machine.file(), machine.clock.now()), Err(OpenError::Leaves { .. })));
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_ending(&machine.file(), ending));
    }
    assert!(matches!(machine.start(Origin::Backup), Err(OpenError::Leaves { .. })), "nor does an empty one");

    machine.restore(&backup);
    assert!(leaving::call_off(&machine.file(), machine.clock.as_ref()).unwrap().is_some());
    assert_eq!(leaving::call_off(&machine.file(), machine.clock.as_ref()).unwrap(), None);
    assert!(machine.is_older(), "it is a backup all the same");
    machine.start(Origin::Backup).unwrap();
    assert!(!machine.is_older());
}

#[test]
fn where_the_file_beside_it_cannot_say_so_the_ledger_does_not_leave() {
    let mut machine = Machine::new();
    machine.start(Origin::LastRun).unwrap();
    let in_its_way = with_ending(&machine.beside(), ".new");
    std::fs::create_dir(&in_its_way).unwrap();
    let refused = leaving::export(&machine.file(), "a move", machine.clock.as_ref(), &mut |_| panic!("it left"));
    assert!(matches!(refused, Err(leaving::ExportError::Open(OpenError::Unusable { .. }))), "{refused:?}");
    std::fs::remove_dir(in_its_way).unwrap();
    assert!(!machine.is_older());
}

#[test]
fn without_room_for_the_file_beside_it_nothing_starts() {
    let mut machine = Machine::new();
    // A folder of its name is in its way.
    std::fs::create_dir(with_ending(&machine.beside(), ".new")).unwrap();
    assert!(matches!(machine.start(Origin::LastRun), Err(OpenError::Unusable { .. })));
    std::fs::remove_dir(with_ending(&machine.beside(), ".new")).unwrap();
    assert!(!machine.is_older());
}

/// Orders in every state that is not at the warehouse, as their attempts left them.
async fn in_all_states(scene: &Scene) -> Vec<u64> {
    scene.shop("acme").await;
    let orders: Vec<u64> = (1..=7).collect();
    for order in &orders[..6] {
        scene.hears("acme", &News::of(*order)).await;
    }
    scene.hears("acme", &News::of(7).cancelled(2)).await;
    let lease = scene.lease("acme").await;
    let hold = || Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: Vec::new(),
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    scene.attempts(&lease, 1, hold(), Reach::Untouched).await;
    scene.attempts(&lease, 2, Outcome::Fail(Trouble::new("shipstation", "refused")), Reach::Untouched).await;
    scene.attempts(&lease, 3, hold(), Reach::Untouched).await;
    scene.decides(&scene.decision("acme", 3, Verdict::Reject, "ann").await).await;
    let error = Trouble::new("shipstation", "answered 503");
    scene.attempts(&lease, 4, Outcome::Retry { after: Some(Duration::from_mins(1)), error }, Reach::Untouched).await;
    orders
}

fn scene_of(ledger: Ledger, clock: &Arc<ManualClock>) -> Scene {
    Scene { ports: Ports::of(&Arc::new(ledger)), clock: Arc::clone(clock) }
}

#[tokio::test]
async fn of_a_backup_all_that_it_takes_for_untouched_is_looked_up_and_nothing_else_changes() {
    let machine = Machine::new();
    let boot = |nth, origin| Boot { id: BootId::of(nth), origin };
    let ledger = Ledger::boot(&machine.file(), &boot(1, Origin::LastRun), LOG_PAGES, machine.clock.as_ref()).unwrap();
    let scene = scene_of(ledger, &machine.clock);
    let orders = in_all_states(&scene).await;
    let mut before: Vec<Job> = Vec::new();
    for order in &orders {
        before.push(scene.job("acme", *order).await);
    }
    let states: Vec<StateKind> = before.iter().map(|job| job.state.kind()).collect();
    assert_eq!(states, [Held, Failed, Rejected, Retrying, Waiting, Waiting, Skipped]);
    let backup = machine.backup();
    drop(scene);

    let other = Machine::new();
    other.restore(&backup);
    let ledger = Ledger::boot(&other.file(), &boot(2, Origin::Backup), LOG_PAGES, machine.clock.as_ref()).unwrap();
    let scene = scene_of(ledger, &machine.clock);
    for (order, was) in orders.iter().zip(before) {
        let mut doubted = was.clone();
        doubted.doubt();
        assert_eq!(doubted.restored, was.state.kind() != Rejected);
        assert_eq!(scene.job("acme", *order).await, doubted, "order {order}");
        assert!(!doubted.may_burst());
    }
    scene.conserves().await;
    assert_eq!(other.rows("SELECT jobs FROM restored"), 6);
    assert_eq!(other.rows("SELECT count(*) FROM audit WHERE what = 'restored' AND on_ = '6 jobs are looked up'"), 1);

    // What is ready goes one by one, and by a look.
    let lease = scene.lease("acme").await;
    let burst = scene.ports.work.begin_burst(&lease, 100, Policy::default(), scene.now()).await.unwrap();
    assert!(matches!(burst, Burst::Alone), "{burst:?}");
}

#[tokio::test]
async fn what_is_new_after_a_backup_was_put_in_place_is_looked_up_for_thirty_days() {
    let machine = Machine::new();
    let boot = Boot { id: BootId::of(1), origin: Origin::Backup };
    let scene =
        scene_of(Ledger::boot(&machine.file(), &boot, LOG_PAGES, machine.clock.as_ref()).unwrap(), &machine.clock);
    scene.shop("acme").await;
    scene.pass(60);
    scene.hears("acme", &News::of(1)).await;
    scene.hears("acme", &News::of(2).cancelled(2)).await;
    let day = 86_400;
    scene.pass(30 * day - 120);
    scene.hears("acme", &News::of(3)).await;
    for order in 1..=3 {
        let job = scene.job("acme", order).await;
        assert_eq!((job.state.kind(), &job.reach), (Waiting, &Reach::Unresolved), "order {order}");
        assert!(job.restored);
    }
    scene.pass(day);
    scene.hears("acme", &News::of(4)).await;
    scene.hears("acme", &News::of(5).cancelled(2)).await;
    let (new, cancelled) = (scene.job("acme", 4).await, scene.job("acme", 5).await);
    assert_eq!((new.reach, new.restored), (Reach::Untouched, false));
    assert_eq!(cancelled.state.kind(), Skipped);
    scene.conserves().await;

    // Not even one that was refused ends without a look.
    let lease = scene.lease("acme").await;
    assert!(matches!(scene.begins(&lease, 1).await, Begin::Attempt { .. }));
    let error = Trouble::new("shipstation", "refused");
    scene.completes(&lease, 1, Outcome::Fail(error), Reach::Unresolved).await;
    scene.decides(&scene.decision("acme", 1, Verdict::Reject, "ann").await).await;
    let refused = scene.job("acme", 1).await;
    assert!(refused.rejecting.is_some() && refused.state.kind() == Waiting);
}
