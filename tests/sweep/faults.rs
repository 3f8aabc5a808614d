//! The disk is full for a while, or one sync fails, at points all over a run with traffic.

use crate::crashes::rehearse;
use crate::order::answers_after_sync;
use crate::points::{alone, counted, each, strided};
use crate::stage::{Prepared, Stage};
use crate::trace::{self, Call};
use crate::tracer::{self, Fault, Place};
use crate::{story, verdict};

/// How many writes in a row find no room.
pub(crate) const FULL_FOR: usize = 6;

/// Of so many writes one is where the disk becomes full.
const WRITES_PER_POINT: usize = 12;

/// Of so many syncs one fails.
const SYNCS_PER_POINT: usize = 1;

#[test]
fn while_the_disk_is_full_nothing_is_accepted_and_afterwards_it_goes_on() {
    tracer::is_there();
    let prepared = alone(Prepared::make());
    let counts = counted(&alone(rehearse(&prepared)));
    let faults: Vec<Fault> = strided(counts["pwrite64"].saturating_sub(FULL_FOR), WRITES_PER_POINT)
        .into_iter()
        .map(|at| Fault::Full { from: Place::among_all("pwrite64", at), writes: FULL_FOR })
        .collect();
    let points = faults.len();
    assert!(points >= 30, "{counts:?}");
    let ran = each(&faults, async |fault| {
        let mut stage = Stage::start(&prepared, Some(fault)).await;
        let told = story::play(&mut stage).await;
        // Without room for its shared memory it does not start, and says so; once it is up it stays up.
        assert_eq!(stage.deaths, usize::from(!stage.came_up), "a full disk is no reason to end:\n{}", stage.log());
        let calls = trace::read(&stage.end().await);
        verdict::everything_once(&stage, &told);
        answers_after_sync(&calls).unwrap();
        (calls.iter().any(|call| call.is_write() && call.result == Some(-1)), told.refused)
    });
    let (struck, refused) = (ran.iter().filter(|run| run.0).count(), ran.iter().map(|run| run.1).sum::<usize>());
    println!("{points} points of {counts:?}: {struck} met a full disk, {refused} answers 503");
    assert!(struck * 10 >= points * 9, "{struck} of {points} runs met their point");
    assert!(refused > 0, "webhooks met the full disk, too");
}

#[test]
fn a_sync_that_fails_ends_the_program_before_anything_is_answered_and_the_next_start_goes_on() {
    tracer::is_there();
    let prepared = alone(Prepared::make());
    let counts = counted(&alone(rehearse(&prepared)));
    let mut faults = Vec::new();
    for call in ["fsync", "fdatasync"] {
        let count = counts.get(call).copied().unwrap_or_default();
        faults
            .extend(strided(count, SYNCS_PER_POINT).into_iter().map(|at| Fault::SyncFails(Place::among_all(call, at))));
    }
    let points = faults.len();
    assert!(points >= 20, "{counts:?}");
    let ran = each(&faults, async |fault| {
        let mut stage = Stage::start(&prepared, Some(fault)).await;
        let told = story::play(&mut stage).await;
        stage.last_look().await;
        let calls = trace::read(&stage.end().await);
        verdict::everything_once(&stage, &told);
        answers_after_sync(&calls).unwrap();
        let failed = |call: &&Call| call.is_sync() && call.result == Some(-1);
        let Some(failed) = calls.iter().find(failed) else { return (0, 0) };
        assert_eq!(stage.deaths, 1, "it goes on although a sync failed:\n{}", stage.log());
        says_why(&stage);
        if is_of_a_commit(&calls, failed) {
            // The thread beside it may be moving what earlier syncs were for; the writer itself writes nothing more.
            let is_later = |call: &&Call| call.thread == failed.thread && Some(call.begun) > failed.ended;
            let later = calls.iter().filter(|call| call.is_of_ledger() && call.is_write()).filter(is_later);
            assert_eq!(later.count(), 0, "nothing is written after a sync that failed");
        }
        (1, stage.deaths)
    });
    let (struck, ends) = ran.iter().fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    println!("{points} points of {counts:?}: {struck} syncs failed, {ends} ends");
    assert!(struck * 10 >= points * 9 && ends == struck, "{struck} of {points} met their point, {ends} ended");
}

/// The file beside the ledger is synced before anything is served; that start is refused in its own words.
pub(crate) fn says_why(stage: &Stage) {
    let told = ["the ledger stops", "ledger.db.boot cannot be used"].iter().any(|why| stage.log().contains(why));
    assert!(told, "it says why:\n{}", stage.log());
}

/// Whether the thread wrote to the log since it last synced it. SQLite syncs the log once more before it moves it into the
/// file; what that sync was for is durable already, and a commit beside it ends with a sync of its own.
fn is_of_a_commit(calls: &[Call], failed: &Call) -> bool {
    let of_thread = |call: &&Call| call.is_of_log() && call.thread == failed.thread && call.begun < failed.begun;
    let mut before = calls.iter().filter(of_thread);
    failed.is_of_log() && before.next_back().is_some_and(Call::is_write)
}
