//! Each kind of call goes wrong: every thread's writes, syncs, cuts and renames, on each file, are killed, find no room or
//! fail. A sweep over all calls together comes to the rare ones only by accident.

use std::collections::BTreeSet;

use crate::crashes::rehearse;
use crate::faults::{FULL_FOR, says_why};
use crate::kinds::{self, Kind, Thread};
use crate::points::{alone, each, takes_all};
use crate::stage::{Prepared, Stage};
use crate::trace::{self, Call, File};
use crate::tracer::{self, Fault, Place};
use crate::{story, verdict};

/// What has to be struck, or it would not be the sweep that is meant.
const WANTED: [(Thread, File, &str); 9] = [
    (Thread::Opening, File::Log, "pwrite64"),
    (Thread::Opening, File::Log, "fdatasync"),
    (Thread::Opening, File::Boot, "write"),
    (Thread::Opening, File::Boot, "fsync"),
    (Thread::Opening, File::Boot, "rename"),
    (Thread::Opening, File::Folder, "fsync"),
    (Thread::Writer, File::Log, "pwrite64"),
    (Thread::Writer, File::Log, "fdatasync"),
    (Thread::Mover, File::Ledger, "pwrite64"),
];

/// The same, whoever does it: the writer or the mover, whose move is the last.
const WANTED_OF_EITHER: [(File, &str); 2] = [(File::Ledger, "fdatasync"), (File::Ledger, "ftruncate")];

/// What can go wrong with a call of this kind.
fn faults(kind: Kind, place: Place) -> Vec<Fault> {
    let mut faults = vec![Fault::Killed(place)];
    if kind.is_write() {
        faults.push(Fault::Full { from: place, writes: FULL_FOR });
    }
    // SQLite goes on if it cannot sync the folder; the ledger's own sync of it is an `fsync`.
    if kind.is_sync() && (kind.on, kind.call) != (File::Folder, "fdatasync") {
        faults.push(Fault::SyncFails(place));
    }
    faults
}

/// The first, and those a third and two thirds on, or all: the last ones may be missing in another run.
fn some(numbers: &[usize]) -> BTreeSet<usize> {
    if takes_all() {
        return numbers.iter().copied().collect();
    }
    [0, numbers.len() / 3, numbers.len() * 2 / 3].map(|at| numbers[at]).into()
}

/// Which kind of call went wrong, if it came to that.
async fn strikes(prepared: &Prepared, place: Place, fault: Fault) -> Option<Kind> {
    let mut stage = Stage::start(prepared, Some(fault)).await;
    let told = story::play(&mut stage).await;
    stage.last_look().await;
    let calls = trace::read(&stage.end().await);
    verdict::everything_once(&stage, &told);
    let result = if matches!(fault, Fault::Killed(_)) { None } else { Some(-1) };
    let struck = calls.iter().find(|call| {
        let earlier =
            calls.iter().filter(|it| it.thread == call.thread && it.name == call.name && it.begun < call.begun);
        call.name == place.call && call.result == result && earlier.count() + 1 == place.at
    });
    let deaths = match fault {
        Fault::Killed(_) | Fault::SyncFails(_) => usize::from(struck.is_some()),
        Fault::Full { .. } | Fault::SlowSyncs => usize::from(!stage.came_up),
    };
    assert_eq!(stage.deaths, deaths, "{}", stage.log());
    let struck = struck?;
    if matches!(fault, Fault::SyncFails(_)) {
        says_why(&stage);
        nothing_follows(&calls, struck);
    }
    Kind::of(struck, stage.folder())
}

/// The record has the calls on one file. Whose sync failed leaves it alone from then on; what the mover and the writer move
/// into the ledger, neither of them does: a second sync would succeed and say nothing of what the first has lost.
fn nothing_follows(calls: &[Call], failed: &Call) {
    let begins_later = |call: &&Call| Some(call.begun) > failed.ended;
    let is_forbidden = |call: &&Call| call.thread == failed.thread || !call.is_of_log();
    let later: Vec<&Call> = calls.iter().filter(begins_later).filter(is_forbidden).collect();
    assert!(later.is_empty(), "after a sync that failed: {} of {}", later[0].name, later[0].by);
}

#[test]
fn each_kind_of_call_of_each_thread_on_each_file_goes_wrong_and_nothing_is_lost() {
    tracer::is_there();
    let prepared = alone(Prepared::make());
    let calls = alone(rehearse(&prepared));
    let mut points = Vec::new();
    for (kind, numbers) in kinds::found(&calls, kinds::folder(&calls)) {
        for at in some(&numbers) {
            let place = Place { on: Some(kind.on), call: kind.call, at };
            points.extend(faults(kind, place).into_iter().map(|fault| (place, fault)));
        }
    }
    let ran = each(&points, async |(place, fault)| (strikes(&prepared, place, fault).await, fault));
    let struck: Vec<(Kind, Fault)> = ran.into_iter().filter_map(|(kind, fault)| Some((kind?, fault))).collect();
    let kinds: BTreeSet<Kind> = struck.iter().map(|(kind, _)| *kind).collect();
    println!("{} faults were aimed, {} struck: {kinds:?}", points.len(), struck.len());
    for (by, on, call) in WANTED {
        assert!(kinds.contains(&Kind { by, on, call }), "nothing struck {call} of {by:?} on {on:?}");
    }
    for (on, call) in WANTED_OF_EITHER {
        assert!(kinds.iter().any(|kind| (kind.on, kind.call) == (on, call)), "nothing struck {call} on {on:?}");
    }
    // What is done at the same time shares commits, so a run may have a few calls less than the first.
    for (place, fault) in &points {
        let is_of = |it: &(Kind, Fault)| {
            let same = std::mem::discriminant(&it.1) == std::mem::discriminant(fault);
            same && (Some(it.0.on), it.0.call) == (place.on, place.call)
        };
        assert!(struck.iter().any(is_of), "{fault:?} struck nothing, and nothing like it did");
    }
}
