//! Killed before each write, sync and cut of a run with traffic, and started again.

use crate::kinds::Thread;
use crate::order::answers_after_sync;
use crate::points::{alone, counted, each, strided};
use crate::stage::{Prepared, Stage};
use crate::tracer::{self, Fault, Place};
use crate::{story, trace, verdict};

/// Of so many writes one is a point; syncs and cuts all are.
const WRITES_PER_POINT: usize = 4;

/// Fewer points than this would be no sweep.
const POINTS_MIN: usize = 150;

/// A run in which nothing fails, and what it shows: the calls to come, and that everything a run should meet is met.
pub(crate) async fn rehearse(prepared: &Prepared) -> Vec<trace::Call> {
    let mut stage = Stage::start(prepared, Some(Fault::SlowSyncs)).await;
    let told = story::play(&mut stage).await;
    let calls = trace::read(&stage.end().await);
    verdict::everything_once(&stage, &told);
    assert_eq!(stage.deaths, 0);
    let answers = answers_after_sync(&calls).unwrap();
    assert_eq!(answers.len(), told.accepted.len(), "each accepted webhook's answer is in the record");
    let furthest =
        calls.iter().filter(|call| call.is_write() && call.is_of_log()).filter_map(|call| call.numbers.last());
    println!("a run without a fault: {:?}, the log reaches {:?} bytes", counted(&calls), furthest.max());
    let moved = |call: &&trace::Call| Thread::of(call) == Some(Thread::Mover) && call.is_write() && call.is_of_ledger();
    assert!(calls.iter().filter(moved).count() > 5, "the log was moved into the file in the middle of the run");
    let starts_again = |call: &&trace::Call| call.is_write() && call.is_of_log() && call.numbers.ends_with(&[0]);
    assert!(calls.iter().filter(starts_again).count() > 0, "and was started again at its beginning");
    calls
}

#[test]
fn killed_before_each_write_and_sync_it_loses_nothing_and_doubles_nothing() {
    tracer::is_there();
    let prepared = alone(Prepared::make());
    let counts = counted(&alone(rehearse(&prepared)));
    let mut faults = Vec::new();
    for (call, count) in &counts {
        let stride = if *call == "pwrite64" { WRITES_PER_POINT } else { 1 };
        faults.extend(strided(*count, stride).into_iter().map(|at| Fault::Killed(Place::among_all(call, at))));
    }
    assert!(faults.len() >= POINTS_MIN, "{counts:?}");
    let points = faults.len();
    let ran = each(&faults, async |fault| {
        let mut stage = Stage::start(&prepared, Some(fault)).await;
        let told = story::play(&mut stage).await;
        let record = stage.end().await;
        verdict::everything_once(&stage, &told);
        let answers = answers_after_sync(&trace::read(&record)).unwrap();
        (stage.deaths, answers.len())
    });
    let (deaths, answers) = ran.iter().fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    println!("{points} points of {counts:?}: {deaths} deaths, {answers} answers in the lives before them");
    // What is done at the same time shares commits, so a run may have a few calls less than the first.
    assert!(deaths * 10 >= points * 9 && deaths <= points, "{deaths} of {points} runs met their point");
    assert!(answers > points, "the lives before the deaths did something");
}
