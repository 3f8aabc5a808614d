//! A job whose customer or shop asked to be forgotten, with an attempt under way or something of it at the warehouse.

use std::time::Duration;

use lane::clock::after;
use lane::decision::Verdict;
use lane::id::Fingerprint;
use lane::job::Job;
use lane::outcome::{Outcome, PauseReason, Reach, Trouble, WarehouseCopy};
use lane::policy::Policy;
use lane::retry::ATTEMPTS_MAX;
use lane::shop::SkipReason;
use lane::state::{State, StateKind};

use crate::overtaken::seen;
use crate::{at, begin, complete, decision, done, hold, job, report, retry, there};

/// There, with hashes of what was written.
fn written() -> Reach {
    let Reach::There(copy) = there() else { panic!() };
    let written = [("ship to".to_owned(), "hash of a short text".to_owned())].into();
    Reach::There(WarehouseCopy { written, ..copy })
}

const FORGOTTEN: State = State::Skipped { why: SkipReason::Redacted };

/// A person refused it while the warehouse has it.
fn refused(reach: Reach) -> Job {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), reach);
    let mut reject = decision(&job, Verdict::Reject);
    reject.note = "known to be a fraud".into();
    job.decide(&reject).unwrap();
    job
}

/// The same, forgotten while an attempt takes it back.
fn being_taken_back() -> Job {
    let mut job = refused(there());
    begin(&mut job, 2);
    job.redact(at(11)).unwrap();
    assert!(job.only_takes_back());
    job
}

fn waiting(job: &Job) -> (Option<i64>, bool) {
    let State::Waiting { not_before, stops } = &job.state else { panic!("{:?}", job.state) };
    (not_before.map(|time| time.as_second() - at(0).as_second()), *stops)
}

#[test]
fn only_what_a_person_refused_and_the_warehouse_has_goes_on_being_taken_back() {
    let mut it_is_there = refused(there());
    it_is_there.redact(at(30)).unwrap();
    assert!(it_is_there.only_takes_back());
    assert_eq!(it_is_there.state, State::READY);
    assert_eq!(it_is_there.rejecting.unwrap().why, "", "the operator's words go");

    let mut it_may_be_there = refused(Reach::Unresolved);
    it_may_be_there.redact(at(30)).unwrap();
    assert_eq!((it_may_be_there.only_takes_back(), it_may_be_there.state), (false, FORGOTTEN));

    let mut nobody_refused_it = job();
    begin(&mut nobody_refused_it, 1);
    complete(&mut nobody_refused_it, hold(), there());
    nobody_refused_it.redact(at(30)).unwrap();
    assert_eq!((nobody_refused_it.only_takes_back(), nobody_refused_it.state), (false, FORGOTTEN));

    let mut taken_back = refused(there());
    begin(&mut taken_back, 2);
    complete(&mut taken_back, Outcome::Withdrawn, there());
    taken_back.redact(at(30)).unwrap();
    assert!(!taken_back.only_takes_back(), "that is over");
    assert!(matches!(taken_back.state, State::Rejected { why, .. } if why.is_empty()));
}

#[test]
fn a_question_about_taking_it_back_ends_and_taking_it_back_does_not() {
    let endings = [hold(), retry(), Outcome::Fail(Trouble::new("shipstation", "no"))];
    for outcome in endings {
        let mut job = refused(there());
        begin(&mut job, 2);
        complete(&mut job, outcome, there());
        assert_ne!(job.state.kind(), StateKind::Waiting);
        job.redact(at(30)).unwrap();
        assert_eq!((job.only_takes_back(), job.state), (true, State::READY));
    }
}

#[test]
fn a_failure_to_take_it_back_is_waited_out_like_any_other_and_stops_nobody() {
    let mut job = being_taken_back();
    complete(&mut job, retry(), there());
    assert_eq!(waiting(&job), (Some(22), false), "ten seconds before the second attempt");
    assert_eq!((job.attempts, job.only_takes_back()), (1, true));
    begin(&mut job, 3);
    let asked = Outcome::Retry { after: Some(Duration::from_secs(77)), error: Trouble::new("shipstation", "503") };
    complete(&mut job, asked, there());
    assert_eq!(waiting(&job), (Some(89), false), "unless the provider names its time");
}

#[test]
fn taking_it_back_ends_with_the_last_attempt() {
    let mut job = being_taken_back();
    for fence in 1..ATTEMPTS_MAX {
        complete(&mut job, retry(), there());
        assert!(job.only_takes_back(), "after {fence} attempts");
        begin(&mut job, u64::from(2 + fence));
    }
    complete(&mut job, retry(), there());
    assert_eq!((job.only_takes_back(), job.state), (false, FORGOTTEN));
}

#[test]
fn a_wait_or_a_pause_while_it_is_taken_back_uses_no_attempt_up() {
    let wait = |until| Outcome::Wait { until: at(until), why: "limit".into(), stops: true };
    let mut job = being_taken_back();
    complete(&mut job, wait(60), there());
    assert_eq!((waiting(&job), job.attempts), ((Some(60), true), 0));
    for passed in [12, 11] {
        begin(&mut job, 3);
        complete(&mut job, wait(passed), there());
        assert_eq!((waiting(&job), job.attempts), ((None, true), 0), "what waits for a time that has come is ready");
    }
    begin(&mut job, 4);
    let until = Some(after(at(12), Duration::from_mins(5)));
    let paused = complete(&mut job, Outcome::Pause { why: PauseReason::ShopRemoved, until }, there());
    assert_eq!(paused.pause, Some((PauseReason::ShopRemoved, until)), "the lane learns of it");
    assert_eq!((waiting(&job), job.attempts, job.only_takes_back()), ((None, true), 0, true));
}

#[test]
fn what_was_taken_back_stays_refused_and_says_nothing_of_anybody() {
    let mut job = being_taken_back();
    let completion = complete(&mut job, Outcome::Withdrawn, there());
    assert!(completion.pause.is_none() && !completion.reopened);
    assert!(matches!(&job.state, State::Rejected { by, why } if by.as_str() == "ann" && why.is_empty()));
    assert!(!job.only_takes_back(), "nothing is left to do");

    let mut nobody_refused_it = self::job();
    begin(&mut nobody_refused_it, 1);
    nobody_refused_it.redact(at(11)).unwrap();
    complete(&mut nobody_refused_it, Outcome::Withdrawn, Reach::Untouched);
    assert_eq!(nobody_refused_it.state, FORGOTTEN);
}

#[test]
fn what_ends_otherwise_while_it_is_taken_back_ends_for_good() {
    let endings = [hold(), Outcome::Fail(Trouble::new("shipstation", "no")), Outcome::Skip(SkipReason::Cancelled)];
    for outcome in endings {
        let mut job = being_taken_back();
        complete(&mut job, outcome, there());
        assert_eq!((job.only_takes_back(), job.state), (false, FORGOTTEN));
    }
    let mut job = being_taken_back();
    complete(&mut job, done(), there());
    assert_eq!(job.state.kind(), StateKind::Done, "the proof names no person");
}

#[test]
fn nothing_that_was_accepted_or_written_of_a_person_is_kept() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), there());
    job.decide(&decision(&job.clone(), Verdict::Approve)).unwrap();
    job.reach = written();
    job.seen = Some(Box::new(seen()));
    job.redact(at(30)).unwrap();
    assert!(job.accepts(&Fingerprint::given("fetched")).is_none());
    assert_eq!(job.seen, None);
    assert_eq!(job.reach, there(), "its id at the warehouse names nobody");
}

#[test]
fn nothing_is_kept_of_what_was_written_while_it_was_being_forgotten() {
    let mut job = refused(there());
    begin(&mut job, 2);
    job.disturb(at(11)).unwrap();
    job.redact(at(11)).unwrap();
    complete(&mut job, retry(), written());
    assert!(job.only_takes_back());
    assert_eq!((job.reach, job.disturbed), (there(), false));
}

#[test]
fn a_disturbance_is_forgotten_with_the_order() {
    let mut job = job();
    begin(&mut job, 1);
    job.disturb(at(11)).unwrap();
    job.redact(at(11)).unwrap();
    let report = report(retry(), Reach::Untouched);
    assert!(!job.complete(&report, Policy::default(), 0.5, at(12)).unwrap().reopened);
    assert_eq!((job.disturbed, job.state), (false, FORGOTTEN));
}
