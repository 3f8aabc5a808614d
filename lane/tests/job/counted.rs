//! What a job counts and when: attempts, questions, versions, wake-ups, and the time of its last change.

use lane::attempt::{AttemptKind, Begun};
use lane::decision::Verdict;
use lane::id::Fence;
use lane::job::{Heard, Job};
use lane::line::Ready;
use lane::marks::{Mark, Marks};
use lane::outcome::{Outcome, PauseReason, Reach, Trouble};
use lane::retry::ATTEMPTS_MAX;
use lane::state::{Placing, State, StateKind};
use lane::wake_up::SendKind;
use lane::webhook::OrderNews;

use crate::{at, begin, complete, decision, done, hold, job, news, retry, there};

fn fail() -> Outcome {
    Outcome::Fail(Trouble::new("shipstation", "no"))
}

fn due(job: &Job) -> i64 {
    let State::Retrying { due, .. } = job.state else { panic!("{:?}", job.state) };
    due.as_second() - at(0).as_second()
}

#[test]
fn the_wait_before_an_attempt_is_the_one_of_its_number() {
    let mut job = job();
    let mut waits = Vec::new();
    for fence in 1..=4 {
        begin(&mut job, fence);
        complete(&mut job, retry(), Reach::Untouched);
        waits.push(due(&job) - 12);
    }
    assert_eq!(waits, [10, 15, 30, 60], "10 s, then half of 30, 60 and 120 s by the chance of these tests");
}

#[test]
fn every_question_has_a_number_of_its_own() {
    let mut job = job();
    let asked = [(hold(), Verdict::Approve), (fail(), Verdict::Retry), (hold(), Verdict::Approve)];
    for (number, (outcome, verdict)) in (1..).zip(asked) {
        begin(&mut job, u64::from(number));
        complete(&mut job, outcome, Reach::Untouched);
        assert_eq!((job.question().unwrap().number, job.questions), (number, number));
        job.decide(&decision(&job.clone(), verdict)).unwrap();
        assert_eq!(job.questions, number, "an answer asks nothing");
    }
}

#[test]
fn a_question_that_nobody_could_be_told_of_by_an_attempt_has_its_number_too() {
    let mut job = job();
    let mut fence = 0;
    while job.state.kind() != StateKind::Held {
        fence += 1;
        begin(&mut job, fence);
        assert!(fence < 100);
    }
    assert_eq!((job.question().unwrap().number, job.questions), (1, 1));
}

#[test]
fn attempts_count_anew_once_a_person_or_a_newer_version_brings_it_back_into_line() {
    let mut job = job();
    for fence in 1..=ATTEMPTS_MAX {
        begin(&mut job, u64::from(fence));
        complete(&mut job, retry(), Reach::Untouched);
    }
    assert_eq!((job.state.kind(), job.attempts), (StateKind::Failed, ATTEMPTS_MAX));
    job.decide(&decision(&job.clone(), Verdict::Retry)).unwrap();
    assert_eq!((job.attempts, job.begun), (0, ATTEMPTS_MAX));
    let first = Begun::Attempt { number: ATTEMPTS_MAX + 1, kind: AttemptKind::Full };
    assert_eq!(begin(&mut job, 50), first);
}

#[test]
fn a_wait_takes_back_its_own_attempt_and_none_before_it() {
    let mut job = job();
    for fence in 1..=3 {
        begin(&mut job, fence);
        complete(&mut job, retry(), Reach::Untouched);
    }
    begin(&mut job, 4);
    assert_eq!(job.attempts, 4);
    complete(&mut job, Outcome::Wait { until: at(60), why: "limit".into(), stops: false }, Reach::Untouched);
    assert_eq!(job.attempts, 3);
    assert!(!job.may_burst(), "it goes by itself");
}

#[test]
fn what_waits_for_a_time_that_has_come_is_ready() {
    for (until, ready) in [(11, Ready::Now), (12, Ready::Now), (13, Ready::At(at(13)))] {
        let mut job = job();
        begin(&mut job, 1);
        complete(&mut job, Outcome::Wait { until: at(until), why: "limit".into(), stops: true }, Reach::Untouched);
        assert_eq!(job.in_line().unwrap().ready, ready, "until {until}, at 12");
    }
}

#[test]
fn a_job_names_the_fence_of_its_attempt_and_none_otherwise() {
    let mut job = job();
    assert_eq!(job.attempting_fence(), None);
    begin(&mut job, 7);
    assert_eq!(job.attempting_fence(), Some(Fence(7)));
    complete(&mut job, done(), there());
    assert_eq!(job.attempting_fence(), None);
}

#[test]
fn of_two_versions_that_look_equally_new_each_is_news() {
    let mut job = job();
    assert_eq!(job.hear(&news(1, "b"), Ok(()), at(2)).unwrap(), Heard::Newer(Placing::Keep));
    assert_eq!((job.version, job.fingerprint.as_str(), job.heard_at), (2, "b", at(2)));
    assert_eq!(job.hear(&news(1, "b"), Ok(()), at(3)).unwrap(), Heard::Unchanged, "but not twice");
    assert_eq!((job.version, job.heard_at), (2, at(2)));
}

#[test]
fn what_shipped_is_a_version_of_its_own() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, done(), there());
    job.has_shipped(at(20)).unwrap();
    assert_eq!((job.version, job.shipped_untold), (2, true));
    job.has_shipped(at(21)).unwrap();
    assert_eq!(job.version, 3);
}

#[test]
fn the_time_of_the_last_change_is_that_of_the_state() {
    let mut job = job();
    assert_eq!(job.changed_at, at(1));
    job.hear(&news(2, "b"), Ok(()), at(5)).unwrap();
    assert_eq!(job.changed_at, at(1), "a newer version of what waits leaves it waiting");
    begin(&mut job, 1);
    assert_eq!(job.changed_at, at(10));
    job.touch(at(11)).unwrap();
    assert_eq!(job.changed_at, at(10));
    complete(&mut job, done(), there());
    assert_eq!(job.changed_at, at(12));
}

#[test]
fn a_wake_up_says_whose_it_is_and_whether_an_approval_caused_it() {
    let mut job = job();
    for (kind, approved) in [(SendKind::First, false), (SendKind::Again, false), (SendKind::Approved, true)] {
        let wake_up = job.send(kind, at(3)).wake_up;
        assert_eq!((wake_up.approved, wake_up.at), (approved, at(3)));
        assert_eq!((&wake_up.lane, &wake_up.job, &wake_up.number), (&job.lane, &job.id, &job.number));
    }
    assert_eq!((job.sends.approved, job.sends.retry), (1, 1), "the first is not counted");
}

#[test]
fn a_retry_names_the_attempt_that_failed() {
    let mut job = job();
    for fence in 1..=3 {
        begin(&mut job, fence);
        complete(&mut job, retry(), Reach::Untouched);
        let State::Retrying { attempt, .. } = job.state else { panic!("{:?}", job.state) };
        assert_eq!(u64::from(attempt), fence);
    }
}

#[test]
fn only_a_refusal_of_what_may_be_there_has_to_be_taken_back() {
    for (verdict, reach) in [(Verdict::Approve, there()), (Verdict::Reject, Reach::Untouched)] {
        let mut job = job();
        begin(&mut job, 1);
        complete(&mut job, hold(), reach);
        job.decide(&decision(&job.clone(), verdict)).unwrap();
        assert_eq!(job.rejecting, None, "{verdict:?}");
    }
}

#[test]
fn an_answer_to_a_question_that_nobody_asked_uses_its_number_up() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, retry(), there());
    let reject = decision(&job, Verdict::Reject);
    job.decide(&reject).unwrap();
    assert_eq!((reject.hold, job.questions), (1, 1));
    begin(&mut job, 2);
    complete(&mut job, hold(), there());
    assert_eq!(job.question().unwrap().number, 2, "a late click on the first is no answer to this one");
}

#[test]
fn what_was_accepted_counts_until_it_is_carried_out() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), Reach::Untouched);
    job.decide(&decision(&job.clone(), Verdict::Approve)).unwrap();
    begin(&mut job, 2);
    complete(&mut job, retry(), there());
    assert!(job.approved.is_some());
    begin(&mut job, 3);
    complete(&mut job, done(), there());
    assert_eq!(job.approved, None, "and opens nothing if the order comes back");
}

#[test]
fn a_pause_that_an_attempt_asks_for_is_handed_on() {
    let mut job = job();
    begin(&mut job, 1);
    let pause = Outcome::Pause { why: PauseReason::ShopRemoved, until: Some(at(60)) };
    assert_eq!(complete(&mut job, pause, Reach::Untouched).pause, Some((PauseReason::ShopRemoved, Some(at(60)))));
    begin(&mut job, 2);
    assert_eq!(complete(&mut job, done(), there()).pause, None);
}

#[test]
fn a_newer_version_brings_its_number_and_its_people_and_the_time_it_was_heard_of() {
    let mut job = job();
    let marks = Marks { customer: Some(Mark::customer("7")), ..Marks::default() };
    let renamed = OrderNews { number: "#1001-B".into(), marks: marks.clone(), ..news(2, "b") };
    job.hear(&renamed, Ok(()), at(5)).unwrap();
    assert_eq!((job.number.as_str(), &job.marks, job.heard_at), ("#1001-B", &marks, at(5)));
    job.touch(at(6)).unwrap();
    assert_eq!(job.heard_at, at(6));
    begin(&mut job, 1);
    complete(&mut job, done(), there());
    job.touch_again(at(20)).unwrap();
    assert_eq!(job.heard_at, at(20), "rules count the time of the risk check from here");
}
