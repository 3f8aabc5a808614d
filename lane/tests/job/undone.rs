//! A decision takes effect after a while, and can be taken back until then.

use lane::decision::{NotUndone, Undo};

use super::*;

/// A decision that takes effect at 30.
fn slow(job: &Job, verdict: Verdict) -> Decision {
    Decision { takes_effect: at(30), ..decision(job, verdict) }
}

fn undo(job: &Job, hold: u32, seconds: i64) -> Undo {
    let by = OperatorId::parse("bob").unwrap();
    Undo { lane: job.lane.clone(), job: job.id.clone(), hold, by, at: at(seconds) }
}

fn held(policy: Policy, reach: Reach) -> Job {
    let mut job = job();
    job.begin(Fence(1), policy, at(10)).unwrap();
    job.complete(&report(hold(), reach), policy, 0.5, at(12)).unwrap();
    job
}

fn failed() -> Job {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, Outcome::Fail(Trouble::new("shipstation", "refused")), Reach::Untouched);
    job
}

fn retrying() -> Job {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, retry(), there());
    job
}

fn number(job: &Job) -> u32 {
    job.question().unwrap().number
}

#[test]
fn nothing_begins_before_a_decision_takes_effect() {
    let mut job = held(Policy::default(), Reach::Untouched);
    assert_eq!(job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap(), Some(SendKind::Approved));
    let line = || job.in_line();
    assert_eq!(pick(line(), at(29)), Pick::Nothing { next: Some(at(30)) });
    assert_eq!(pick(line(), at(30)), Pick::Ready(job.id.clone()));
}

#[test]
fn a_lane_that_stood_still_behind_it_stands_still_until_the_decision_takes_effect() {
    let mut job = held(Policy { hold: Standing::StopLane, ..Policy::default() }, Reach::Untouched);
    job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap();
    assert_eq!(pick(job.in_line(), at(29)), Pick::NotUntil { job: job.id.clone(), at: at(30) });
}

#[test]
fn what_is_taken_back_is_asked_again_under_a_new_number() {
    let cases = [
        (held(Policy::default(), Reach::Untouched), Verdict::Approve),
        (held(Policy::default(), Reach::Untouched), Verdict::Reject),
        (held(Policy::default(), there()), Verdict::Reject),
        (failed(), Verdict::Retry),
        (failed(), Verdict::Reject),
        (retrying(), Verdict::Reject),
    ];
    for (before, verdict) in cases {
        let mut job = before.clone();
        job.decide(&slow(&job.clone(), verdict)).unwrap();
        assert_ne!(job.state, before.state, "{verdict:?}");
        job.undo(&undo(&job.clone(), number(&before), 29)).unwrap();
        assert_eq!(job.state.kind(), before.state.kind(), "{verdict:?}");
        assert!(number(&job) > number(&before), "{verdict:?}");
        let same = Job { state: before.state.clone(), questions: before.questions, ..job.clone() };
        assert_eq!(same, before, "nothing else of the job changes, by {verdict:?}");
        assert_eq!(job.question().unwrap().fingerprint, before.question().unwrap().fingerprint);
        job.decide(&decision(&job.clone(), verdict)).expect("it can be decided again");
    }
}

#[test]
fn a_decision_stands_from_when_it_takes_effect() {
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let mut job = held(Policy::default(), Reach::Untouched);
        let asked = number(&job);
        job.decide(&slow(&job.clone(), verdict)).unwrap();
        let decided = job.clone();
        let late = job.undo(&undo(&job.clone(), asked, 30));
        assert!(matches!(late, Err(NotUndone::Stands { .. })), "{late:?}");
        let other = job.undo(&undo(&job.clone(), asked + 1, 21));
        assert!(matches!(other, Err(NotUndone::Stands { .. })), "another question: {other:?}");
        assert_eq!(job, decided, "nothing was done");
    }
}

#[test]
fn a_decision_without_delay_cannot_be_taken_back() {
    let mut job = held(Policy::default(), Reach::Untouched);
    let asked = number(&job);
    assert_eq!(job.decide(&decision(&job.clone(), Verdict::Approve)).unwrap(), Some(SendKind::Approved));
    assert_eq!((job.state.clone(), job.undoable(at(20))), (State::READY, None));
    assert!(job.undo(&undo(&job.clone(), asked, 20)).is_err());
}

#[test]
fn it_is_taken_back_once() {
    let mut job = held(Policy::default(), Reach::Untouched);
    let asked = number(&job);
    job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap();
    job.undo(&undo(&job.clone(), asked, 21)).unwrap();
    assert!(job.undo(&undo(&job.clone(), asked, 22)).is_err());
}

#[test]
fn an_order_that_changed_since_is_looked_at_again_without_the_decision() {
    for (verdict, reach) in
        [(Verdict::Approve, Reach::Untouched), (Verdict::Reject, Reach::Untouched), (Verdict::Reject, there())]
    {
        let mut job = held(Policy::default(), reach);
        let asked = number(&job);
        job.decide(&slow(&job.clone(), verdict)).unwrap();
        job.hear(&news(2, "b"), Ok(()), at(22)).unwrap();
        job.undo(&undo(&job.clone(), asked, 25)).unwrap();
        assert_eq!((job.state.clone(), job.approved.clone(), job.rejecting.clone()), (State::READY, None, None));
    }
}

#[test]
fn a_cancelled_order_is_not_brought_back() {
    let mut job = held(Policy::default(), Reach::Untouched);
    let asked = number(&job);
    job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap();
    job.hear(&news(2, "b"), Err(SkipReason::Cancelled), at(22)).unwrap();
    assert_eq!(job.state.kind(), StateKind::Skipped);
    assert!(job.undo(&undo(&job.clone(), asked, 25)).is_err());
}

#[test]
fn an_order_that_was_taken_up_is_not_taken_back() {
    let mut job = held(Policy::default(), Reach::Untouched);
    let asked = number(&job);
    job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap();
    job.hear(&news(2, "b"), Ok(()), at(22)).unwrap();
    begin(&mut job, 2);
    assert!(job.undo(&undo(&job.clone(), asked, 25)).is_err());
    // Nor when it waits for something afterwards.
    complete(&mut job, Outcome::Wait { until: at(90), stops: false, why: "a risk check".into() }, Reach::Untouched);
    assert_eq!(job.state.kind(), StateKind::Waiting);
    assert!(job.undo(&undo(&job.clone(), asked, 25)).is_err());
}

#[test]
fn a_zombies_write_is_not_forgotten_with_the_decision() {
    let mut job = held(Policy::default(), Reach::Untouched);
    let asked = number(&job);
    job.decide(&slow(&job.clone(), Verdict::Reject)).unwrap();
    job.disturb(at(22)).unwrap();
    job.undo(&undo(&job.clone(), asked, 25)).unwrap();
    assert_eq!((job.state.clone(), job.rejecting.clone()), (State::READY, None));
    assert_ne!(job.reach, Reach::Untouched);
}

#[test]
fn nothing_of_a_person_stays_with_a_decision_that_could_be_taken_back() {
    let mut job = held(Policy::default(), Reach::Untouched);
    job.decide(&slow(&job.clone(), Verdict::Approve)).unwrap();
    job.redact(at(22)).unwrap();
    assert!(job.undo.is_none());
}
