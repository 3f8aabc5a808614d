//! What comes while an attempt is under way, or is learnt by it: it is neither lost nor done twice.

use lane::decision::Verdict;
use lane::job::Job;
use lane::marks::{Mark, Marks};
use lane::outcome::{Learnt, Outcome, Reach, WarehouseCopy};
use lane::policy::Policy;
use lane::rules::{Completeness, CustomsSeen, RiskSeen, Seen};
use lane::state::{Placing, State, StateKind};

use crate::{at, begin, complete, decision, done, hold, job, report, retry, there};

/// Carried out once, and then the warehouse shipped something of it.
fn shipped() -> Job {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, done(), there());
    job.has_shipped(at(20)).unwrap();
    assert!(job.shipped_untold);
    begin(&mut job, 2);
    job
}

pub(crate) fn seen() -> Seen {
    Seen {
        total: "12.00 USD".parse().unwrap(),
        ships_to: Some("US".into()),
        billed_to: None,
        address: Completeness::Complete,
        risk: RiskSeen::Accept,
        most_units: 1,
        lines: 1,
        tags: vec![],
        customer_orders: None,
        customs: CustomsSeen::default(),
        parts: vec![],
    }
}

#[test]
fn a_shipment_counts_as_told_only_once_an_attempt_has_looked_at_all_of_it() {
    let mut told = shipped();
    complete(&mut told, done(), there());
    assert!(!told.shipped_untold);

    let mut failed = shipped();
    complete(&mut failed, retry(), there());
    assert!(failed.shipped_untold, "the attempt did not come so far");

    let mut shipped_more = shipped();
    shipped_more.has_shipped(at(11)).unwrap();
    assert!(complete(&mut shipped_more, done(), there()).reopened);
    assert!(shipped_more.shipped_untold, "more shipped behind the attempt's back");

    let mut disturbed = shipped();
    disturbed.disturb(at(11)).unwrap();
    complete(&mut disturbed, done(), there());
    assert!(disturbed.shipped_untold);
}

#[test]
fn what_is_taken_back_while_somebody_may_write_it_anew_is_taken_back_once_more() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), there());
    job.decide(&decision(&job.clone(), Verdict::Reject)).unwrap();
    begin(&mut job, 2);
    job.disturb(at(11)).unwrap();
    let completion = complete(&mut job, Outcome::Withdrawn, there());
    assert!(completion.reopened);
    assert_eq!((job.state.clone(), job.disturbed), (State::READY, false));
    begin(&mut job, 3);
    assert!(!complete(&mut job, Outcome::Withdrawn, there()).reopened);
    assert_eq!(job.state.kind(), StateKind::Rejected);
}

#[test]
fn a_disturbed_attempt_that_is_tried_again_anyway_is_not_reopened() {
    let mut job = job();
    begin(&mut job, 1);
    job.disturb(at(11)).unwrap();
    let completion = complete(&mut job, retry(), Reach::Untouched);
    assert_eq!((completion.reopened, completion.placing), (false, Placing::Keep));
    assert_eq!((job.state.kind(), job.reach, job.disturbed), (StateKind::Retrying, Reach::Unresolved, false));
}

#[test]
fn a_disturbance_that_came_before_the_attempt_is_seen_by_it() {
    let mut job = job();
    job.disturb(at(5)).unwrap();
    begin(&mut job, 1);
    assert!(!complete(&mut job, done(), there()).reopened);
    assert_eq!(job.state.kind(), StateKind::Done);
}

#[test]
fn what_may_have_been_overwritten_counts_no_longer_as_written_by_us() {
    let Reach::There(mut copy) = there() else { panic!() };
    copy.written = [("ship to", "a"), ("fulfilled before/1", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, done(), Reach::There(WarehouseCopy { written: copy.written.clone(), ..copy.clone() }));
    job.disturb(at(30)).unwrap();
    copy.written.remove("ship to");
    assert_eq!(job.reach, Reach::There(copy), "what the shop had shipped elsewhere before stays known");
}

#[test]
fn what_an_attempt_saw_is_kept_whatever_its_outcome() {
    let seen = seen();
    for outcome in [done(), retry(), hold()] {
        let mut job = job();
        begin(&mut job, 1);
        let marks = Marks { card: Some(Mark::card("visa 4242")), ..Marks::default() };
        let mut told = report(outcome, Reach::Untouched);
        told.learnt = Learnt { seen: Some(seen.clone()), marks: marks.clone(), ..Learnt::default() };
        job.complete(&told, Policy::default(), 0.5, at(12)).unwrap();
        assert_eq!((job.seen.as_deref(), &job.marks), (Some(&seen), &marks));
        job.touch(at(20)).unwrap();
        begin(&mut job, 2);
        complete(&mut job, retry(), there());
        assert_eq!((job.seen.as_deref(), &job.marks), (Some(&seen), &marks), "who saw nothing takes nothing away");
    }
}
