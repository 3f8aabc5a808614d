//! The embedded ledger under histories. Its process is killed by copying its files at the chosen moment, between two
//! system calls of the writer, and opening the copy: a kill loses nothing that was written.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};

use backend::contract::histories::play::{BEGINS, Tally, play};
use backend::contract::histories::step::Step;
use backend::contract::histories::{Call, Left, Moment, Subject, make};
use backend::contract::ledger::Ports;
use backend::embedded::ledger::{Ledger, OpenError};
use futures::future::join_all;
use lane::clock::{ManualClock, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, FailurePersistence, FileFailurePersistence, RngSeed, TestRunner};
use tempfile::TempDir;

use super::writing;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Each caller himself.
    InLine,
    /// A thread, for several callers at once.
    Thread,
}

/// At which fail point the files are copied, and where to.
struct Copy {
    point: &'static str,
    from: PathBuf,
    to: PathBuf,
    done: bool,
}

thread_local! {
    /// Of a ledger that writes in this thread.
    static IN_LINE: RefCell<Option<Copy>> = const { RefCell::new(None) };
    static IS_IN_LINE: RefCell<bool> = const { RefCell::new(false) };
}

/// Of the one ledger that writes in a thread of its own.
static IN_THREAD: Mutex<Option<Copy>> = Mutex::new(None);

/// Fail points are global to a process: each asks whose commit it is.
fn watch_commits() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        for point in ["ledger.before_commit", "ledger.after_commit"] {
            fail::cfg_callback(point, move || {
                if IS_IN_LINE.with_borrow(|is| *is) {
                    IN_LINE.with_borrow_mut(|copy| copy_at(point, copy.as_mut()));
                } else {
                    copy_at(point, IN_THREAD.lock().unwrap_or_else(PoisonError::into_inner).as_mut());
                }
            })
            .unwrap();
        }
    });
}

/// Whoever commits in this thread is no ledger with a thread of its own, whose copy he would take too early.
pub(super) fn commits_are_in_line(are: bool) {
    IS_IN_LINE.with_borrow_mut(|is| *is = are);
}

/// The first commit is the one that is interrupted.
fn copy_at(point: &str, copy: Option<&mut Copy>) {
    if let Some(copy) = copy.filter(|copy| copy.point == point && !copy.done) {
        copy_files(&copy.from, &copy.to);
        copy.done = true;
    }
}

fn copy_files(from: &Path, to: &Path) {
    for name in ["ledger.db", "ledger.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

fn log_length(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("ledger.db-wal")).map_or(0, |log| log.len())
}

struct Embedded {
    mode: Mode,
    folder: TempDir,
    ledger: Option<Arc<Ledger>>,
}

impl Embedded {
    fn open(mode: Mode, folder: TempDir, now: Timestamp) -> Self {
        let path = folder.path().join("ledger.db");
        let clock = ManualClock::starting(now);
        let ledger = match mode {
            Mode::InLine => Ledger::open_in_line(&path, &clock),
            Mode::Thread => Ledger::open(&path, &clock),
        };
        Self { mode, folder, ledger: Some(Arc::new(ledger.unwrap())) }
    }

    fn arm(&self, copy: Option<Copy>) -> Option<Copy> {
        match self.mode {
            Mode::InLine => IN_LINE.with_borrow_mut(|armed| std::mem::replace(armed, copy)),
            Mode::Thread => std::mem::replace(&mut *IN_THREAD.lock().unwrap_or_else(PoisonError::into_inner), copy),
        }
    }
}

impl Subject for Embedded {
    const VOIDS_LEASES: bool = true;

    fn ports(&self) -> Ports {
        Ports::of(self.ledger.as_ref().unwrap())
    }

    async fn crash(&mut self, moment: Moment, calls: Vec<Call>, now: Timestamp) -> Left {
        let left = folder();
        let (from, to) = (self.folder.path().to_owned(), left.path().to_owned());
        let before = log_length(&from);
        let point = match moment {
            Moment::Before => None,
            Moment::Uncommitted => Some("ledger.before_commit"),
            Moment::Torn(_) | Moment::Committed => Some("ledger.after_commit"),
        };
        if let Some(point) = point {
            self.arm(Some(Copy { point, from: from.clone(), to: to.clone(), done: false }));
            let ports = self.ports();
            for answer in join_all(calls.iter().map(|call| make(&ports, call))).await {
                answer.unwrap();
            }
        }
        let wrote = self.arm(None).is_some_and(|copy| copy.done);
        if !wrote {
            // Nothing was to be written.
            copy_files(&from, &to);
        }
        if let (true, Moment::Torn(part)) = (wrote, moment) {
            let (log, written) = (to.join("ledger.db-wal"), log_length(&to));
            let kept = before + written.saturating_sub(before) * u64::from(part) / 255;
            std::fs::File::options().write(true).open(log).unwrap().set_len(kept).unwrap();
        }
        let several = calls.len() > 1;
        *self = Self::open(self.mode, left, now);
        match moment {
            Moment::Before | Moment::Uncommitted if !several => Left::Nothing,
            Moment::Committed if !several => Left::All,
            Moment::Before => Left::Nothing,
            // Others may have been in an earlier commit, or wait for a later one.
            Moment::Uncommitted | Moment::Torn(_) | Moment::Committed => Left::Unknown,
        }
    }

    async fn reopen(&mut self, now: Timestamp) {
        self.ledger = None;
        let path = self.folder.path().join("ledger.db");
        // The writer's thread ends on its own.
        for _ in 0..1000 {
            match Ledger::open_in_line(&path, &ManualClock::starting(now)) {
                Err(OpenError::InUse(_)) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                free => {
                    drop(free.unwrap());
                    let folder = std::mem::replace(&mut self.folder, folder());
                    *self = Self::open(self.mode, folder, now);
                    return;
                }
            }
        }
        panic!("the file was never free");
    }
}

/// In memory, if the machine has a place there: a killed process loses nothing, wherever it wrote to.
fn folder() -> TempDir {
    let in_memory = Path::new("/dev/shm");
    if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() }.unwrap()
}

/// Plays so many hundredths of the histories that were asked for, and says what they did.
fn plays(hundredths: u32, mode: Mode, histories: impl Strategy<Value = Vec<Step>>) -> (u32, Tally) {
    watch_commits();
    commits_are_in_line(mode == Mode::InLine);
    let asked: Option<u32> = std::env::var("HISTORIES").ok().map(|n| n.parse().unwrap());
    let cases = (asked.unwrap_or(HISTORIES) * hundredths / 100).max(1);
    let given = Config::default();
    // The build plays the same histories each time, so that what it finds is the change's doing.
    let fixed = asked.is_none() && given.rng_seed == RngSeed::Random;
    let rng_seed = if fixed { RngSeed::Fixed(SEED) } else { given.rng_seed };
    let total = RefCell::new(Tally::default());
    let found = Some(Box::new(FileFailurePersistence::Direct(FOUND)) as Box<dyn FailurePersistence>);
    let config = Config {
        cases,
        max_shrink_time: SHRINKS_MS,
        max_shrink_iters: u32::MAX,
        failure_persistence: found,
        rng_seed,
        ..given
    };
    let played = TestRunner::new(config).run(&histories, |steps| {
        let clock = Arc::new(ManualClock::starting(Timestamp::from_second(BEGINS).unwrap()));
        let subject = Embedded::open(mode, folder(), Timestamp::from_second(BEGINS).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tally = runtime.block_on(play(subject, clock, &steps)).map_err(TestCaseError::fail)?;
        total.borrow_mut().add(&tally);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    let total = total.into_inner();
    println!("{cases} histories: {total:#?}");
    (cases, total)
}

/// Where the seeds of histories that found something lie; they are played again first.
const FOUND: &str = "tests/histories/found.txt";

/// How long a history that found something is cut down, in milliseconds.
const SHRINKS_MS: u32 = 20_000;

/// The histories of a usual run begin with it.
const SEED: u64 = 4;

/// Histories of a usual run; `HISTORIES` asks for more.
const HISTORIES: u32 = 500;

/// So much, for every hundred histories.
fn at_least(cases: u32, minimums: &[(&str, u64, u64)]) {
    for (what, done, minimum) in minimums {
        let wanted = minimum * u64::from(cases) / 100;
        assert!(*done >= wanted, "{what}: {done} in {cases} histories, less than {wanted}");
    }
}

#[test]
fn every_history_is_what_the_reference_says_whatever_dies_on_the_way() {
    let (cases, done) = plays(100, Mode::InLine, writing::history());
    let minimums = [
        ("calls", done.calls, 4000),
        ("looks at everything", done.looks, 500),
        ("orders", done.new, 400),
        ("newer versions", done.newer, 100),
        ("repetitions", done.duplicates, 40),
        ("webhooks kept aside", done.quarantined, 100),
        ("attempts", done.begun, 250),
        ("attempts begun together", done.bursts, 3),
        ("attempts completed", done.completed, 200),
        ("orders carried out", done.done, 40),
        ("orders reopened at once", done.reopened, 10),
        ("workers without a lease", done.lost, 50),
        ("decisions", done.decided, 20),
        ("decisions that came late", done.late, 3),
        ("decisions about something else", done.stale, 30),
        ("decisions taken back", done.taken_back, 2),
        ("decisions that stood", done.stood, 3),
        ("keys of another request", done.keys_reused, 2),
        ("lanes woken by the sweep", done.swept, 20),
        ("shops left", done.closed, 3),
        ("crashes", done.crashes, 60),
        ("crashes that undid a call", done.undone, 20),
        ("crashes that lost an answer", done.kept, 15),
        ("crashes in between", done.in_doubt, 10),
    ];
    at_least(cases, &minimums);
}

#[test]
fn calls_at_once_come_to_what_some_order_of_them_comes_to() {
    let (cases, done) = plays(40, Mode::Thread, writing::crowded());
    let minimums = [
        ("calls", done.calls, 3000),
        ("calls at once", done.together, 500),
        ("attempts", done.begun, 80),
        ("decisions", done.decided, 10),
        ("crashes", done.crashes, 60),
        ("crashes in doubt", done.in_doubt, 30),
    ];
    at_least(cases, &minimums);
}

#[test]
fn a_flooded_lane_is_worked_like_any_other() {
    let (cases, done) = plays(10, Mode::InLine, writing::flooded());
    at_least(cases, &[("orders", done.new, 9000), ("orders without a wake-up", done.new - done.sent.min(done.new), 5)]);
}
