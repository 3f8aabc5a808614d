//! The life of one job, told through the domain's own verbs.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "job/counted.rs"]
mod counted;
#[path = "job/doubted.rs"]
mod doubted;
#[path = "job/forgotten.rs"]
mod forgotten;
#[path = "job/overtaken.rs"]
mod overtaken;
#[path = "job/undone.rs"]
mod undone;

use std::time::Duration;

use jiff::Timestamp;
use lane::attempt::{AttemptKind, Begun};
use lane::clock::after;
use lane::decision::{Decision, Refused, Verdict};
use lane::hold::HoldReason;
use lane::id::{AccountId, CorrelationId, Fence, Fingerprint, JobId, LaneKey, OperatorId, Place, ShopId};
use lane::job::{Heard, Job};
use lane::line::{LineEntry, Pick, Ready, pick};
use lane::marks::{Mark, Marks};
use lane::outcome::{Learnt, Outcome, Proof, Reach, Report, Trouble, WarehouseCopy};
use lane::policy::{Policy, Standing};
use lane::retry::ATTEMPTS_MAX;
use lane::shop::{Qualification, SkipReason};
use lane::state::{Placing, State, StateKind};
use lane::wake_up::SendKind;
use lane::webhook::OrderNews;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn news(version: i64, fingerprint: &str) -> OrderNews {
    OrderNews {
        id: JobId::from(1001),
        number: "#1001".into(),
        updated_at: Some(at(version)),
        fingerprint: Fingerprint::given(fingerprint),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    }
}

fn job() -> Job {
    let shop = ShopId::parse("acme").unwrap();
    let correlation = CorrelationId::of(&[0; 32], at(0));
    Job::accept(LaneKey::orders(&shop), shop, &news(1, "a"), Ok(()), Place(1), correlation, at(1))
}

fn begin(job: &mut Job, fence: u64) -> Begun {
    job.begin(Fence(fence), Policy::default(), at(10)).unwrap()
}

fn report(outcome: Outcome, reach: Reach) -> Report {
    Report { outcome, reach, calls: vec![], learnt: Learnt::default() }
}

fn done() -> Outcome {
    Outcome::Done(Proof {
        account: AccountId::at("shipstation", "main"),
        reference: "77".into(),
        key: "acme-1001".into(),
        fingerprint: Fingerprint::given("fetched"),
        compared: vec![],
        accepted: None,
        read_back_at: at(11),
    })
}

fn there() -> Reach {
    Reach::There(WarehouseCopy {
        account: AccountId::at("shipstation", "main"),
        order_id: "77".into(),
        written: [].into(),
        told: [].into(),
    })
}

fn retry() -> Outcome {
    Outcome::Retry { after: None, error: Trouble::new("shipstation", "503") }
}

fn hold() -> Outcome {
    let fingerprint = Fingerprint::given("fetched");
    Outcome::Hold { reason: HoldReason::TotalAbove, evidence: vec![], fingerprint, difference: None }
}

fn complete(job: &mut Job, outcome: Outcome, reach: Reach) -> lane::attempt::Completion {
    job.complete(&report(outcome, reach), Policy::default(), 0.5, at(12)).unwrap()
}

fn decision(job: &Job, verdict: Verdict) -> Decision {
    let question = job.question().expect("a question");
    Decision {
        lane: job.lane.clone(),
        job: job.id.clone(),
        verdict,
        hold: question.number,
        fingerprint: question.fingerprint,
        by: OperatorId::parse("ann").unwrap(),
        note: String::new(),
        at: at(20),
        takes_effect: at(20),
    }
}

#[test]
fn a_version_that_comes_during_the_attempt_is_not_lost() {
    let mut job = job();
    begin(&mut job, 1);
    assert_eq!(job.hear(&news(2, "b"), Ok(()), at(11)).unwrap(), Heard::Newer(Placing::Keep));
    let completion = complete(&mut job, done(), there());
    assert!(completion.reopened);
    assert_eq!((completion.placing, job.state.clone()), (Placing::End, State::READY));
}

#[test]
fn nobody_is_asked_about_a_version_that_is_no_longer_the_newest() {
    let mut job = job();
    begin(&mut job, 1);
    job.hear(&news(2, "b"), Ok(()), at(11)).unwrap();
    assert!(complete(&mut job, hold(), Reach::Untouched).reopened);
    assert_eq!((job.state.clone(), job.questions), (State::READY, 0));
}

#[test]
fn an_older_version_never_overwrites_a_newer_one() {
    let mut job = job();
    job.hear(&news(5, "b"), Ok(()), at(2)).unwrap();
    assert_eq!(job.hear(&news(3, "c"), Ok(()), at(3)).unwrap(), Heard::Unchanged);
    assert_eq!((job.version, job.fingerprint.as_str()), (2, "b"));
}

#[test]
fn a_cancellation_ends_a_job_only_while_nothing_can_have_been_written() {
    let mut untouched = job();
    untouched.hear(&news(2, "b"), Err(SkipReason::Cancelled), at(2)).unwrap();
    assert_eq!(untouched.state.kind(), StateKind::Skipped);

    let mut written = job();
    begin(&mut written, 1);
    complete(&mut written, done(), there());
    written.hear(&news(2, "b"), Err(SkipReason::Cancelled), at(20)).unwrap();
    assert_eq!(written.state, State::READY, "an attempt has to carry the cancellation there");
}

#[test]
fn an_attempt_found_under_way_leaves_its_write_unresolved() {
    let mut job = job();
    begin(&mut job, 1);
    assert_eq!(begin(&mut job, 2), Begun::Attempt { number: 2, kind: AttemptKind::Full });
    assert_eq!(job.reach, Reach::Unresolved);
}

#[test]
fn the_last_attempt_only_looks_and_then_a_person_is_asked() {
    let mut job = job();
    for n in 1..=ATTEMPTS_MAX {
        assert_eq!(begin(&mut job, u64::from(n)), Begun::Attempt { number: n, kind: AttemptKind::Full });
        complete(&mut job, retry(), Reach::Unresolved);
        assert_eq!(job.state.kind(), StateKind::Retrying);
    }
    let last = Begun::Attempt { number: ATTEMPTS_MAX + 1, kind: AttemptKind::LookUp };
    assert_eq!(begin(&mut job, 99), last);
    complete(&mut job, retry(), Reach::Unresolved);
    let State::Held(hold) = &job.state else { panic!("{:?}", job.state) };
    assert_eq!(hold.reason, HoldReason::InDoubt);
}

#[test]
fn attempts_that_wrote_nothing_end_in_failed() {
    let mut job = job();
    for n in 1..=ATTEMPTS_MAX {
        begin(&mut job, u64::from(n));
        complete(&mut job, retry(), Reach::Untouched);
    }
    assert_eq!(job.state.kind(), StateKind::Failed);
}

#[test]
fn workers_that_die_count_and_in_the_end_a_person_is_asked() {
    let mut job = job();
    let mut fence = 0;
    let held = loop {
        fence += 1;
        if begin(&mut job, fence) == Begun::Held {
            break fence;
        }
        assert!(fence < 100, "a job that kills its workers must not go on for ever");
    };
    assert_eq!(held, u64::from(ATTEMPTS_MAX) + 2);
    assert_eq!(job.state.kind(), StateKind::Held);
}

#[test]
fn waits_and_pauses_use_up_no_attempts() {
    let mut job = job();
    for fence in 1..100 {
        begin(&mut job, fence);
        let wait = Outcome::Wait { until: at(60), why: "limit".into(), stops: true };
        complete(&mut job, wait, Reach::Untouched);
    }
    assert_eq!((job.attempts, job.state.kind()), (0, StateKind::Waiting));
}

#[test]
fn a_disturbance_reopens_what_had_ended_and_what_is_under_way() {
    let mut ended = job();
    begin(&mut ended, 1);
    complete(&mut ended, done(), there());
    assert_eq!(ended.disturb(at(30)).unwrap(), Placing::End);
    assert_eq!(ended.state, State::READY);

    let mut under_way = job();
    begin(&mut under_way, 2);
    under_way.disturb(at(11)).unwrap();
    assert!(complete(&mut under_way, done(), Reach::Untouched).reopened);
    assert_eq!((under_way.state.clone(), under_way.reach), (State::READY, Reach::Unresolved));
}

#[test]
fn approved_held_again_and_approved_again_are_two_decisions_with_two_wake_ups() {
    let mut job = job();
    let mut ids = Vec::new();
    for fence in 1..=2 {
        begin(&mut job, fence);
        complete(&mut job, hold(), Reach::Untouched);
        let approve = decision(&job, Verdict::Approve);
        let kind = job.decide(&approve).unwrap().unwrap();
        ids.push(job.send(kind, at(20)).dedup.to_string());
    }
    assert_eq!(ids, ["1001-approved", "1001-approved-2"]);
    assert_eq!(job.place, Place(1), "an approved job keeps its place");
}

#[test]
fn a_decision_counts_only_for_what_was_shown() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), Reach::Untouched);
    let approve = decision(&job, Verdict::Approve);

    let other_order = Decision { fingerprint: Fingerprint::given("else"), ..approve.clone() };
    assert_eq!(job.decide(&other_order), Err(Refused::Changed));
    let other_hold = Decision { hold: 2, ..approve.clone() };
    assert!(matches!(job.decide(&other_hold), Err(Refused::NoSuchQuestion { .. })));

    job.hear(&news(2, "b"), Ok(()), at(15)).unwrap();
    assert!(matches!(job.decide(&approve), Err(Refused::NoSuchQuestion { now: StateKind::Waiting })));
}

#[test]
fn a_read_back_difference_is_part_of_what_is_approved() {
    let held_for = |difference: &str| {
        let mut job = job();
        begin(&mut job, 1);
        let (fingerprint, difference) = (Fingerprint::given("fetched"), Some(Fingerprint::given(difference)));
        let reason = HoldReason::ReadBackDiffers;
        complete(&mut job, Outcome::Hold { reason, evidence: vec![], fingerprint, difference }, there());
        job
    };
    let (mut one, other) = (held_for("d1"), held_for("d2"));
    assert_eq!(one.decide(&decision(&other, Verdict::Approve)), Err(Refused::Changed));
    one.decide(&decision(&one.clone(), Verdict::Approve)).unwrap();
    assert_eq!(one.approved.unwrap().difference, Some(Fingerprint::given("d1")));
}

#[test]
fn a_rejected_job_is_moved_by_nothing() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), Reach::Untouched);
    job.decide(&decision(&job.clone(), Verdict::Reject)).unwrap();
    job.hear(&news(9, "z"), Ok(()), at(30)).unwrap();
    job.hear(&news(10, "y"), Err(SkipReason::Cancelled), at(31)).unwrap();
    assert_eq!(job.state.kind(), StateKind::Rejected);
    assert!(job.question().is_none());
}

#[test]
fn a_rejected_job_that_may_be_at_the_warehouse_is_taken_back_first() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), there());
    let send = job.decide(&decision(&job.clone(), Verdict::Reject)).unwrap();
    assert_eq!((send, job.state.clone()), (Some(SendKind::Again), State::READY));
    assert_eq!(job.rejecting.as_ref().map(|rejection| rejection.by.as_str()), Some("ann"));
    begin(&mut job, 2);
    job.hear(&news(2, "b"), Ok(()), at(11)).unwrap();
    complete(&mut job, Outcome::Withdrawn, there());
    assert_eq!(job.state.kind(), StateKind::Rejected, "a newer version does not bring it back");
    job.disturb(at(31)).unwrap();
    assert_eq!(job.state, State::READY, "but a zombie's write has to be taken back");
    assert!(job.rejecting.is_some());
}

#[test]
fn a_refusal_stands_through_every_question_about_taking_the_order_back() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), there());
    job.decide(&decision(&job.clone(), Verdict::Reject)).unwrap();
    begin(&mut job, 2);
    complete(&mut job, hold(), there());
    job.decide(&decision(&job.clone(), Verdict::Approve)).unwrap();
    assert!(job.rejecting.is_some(), "approving it is not accepting the order");
    begin(&mut job, 3);
    complete(&mut job, Outcome::Fail(Trouble::new("shipstation", "no")), there());
    job.decide(&decision(&job.clone(), Verdict::Retry)).unwrap();
    assert!(job.rejecting.is_some());
    begin(&mut job, 4);
    complete(&mut job, Outcome::Withdrawn, there());
    assert_eq!(job.state.kind(), StateKind::Rejected);
}

#[test]
fn what_was_accepted_ends_with_the_order_it_was_about() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), Reach::Untouched);
    job.decide(&decision(&job.clone(), Verdict::Approve)).unwrap();
    assert!(job.accepts(&Fingerprint::given("fetched")).is_some());
    begin(&mut job, 2);
    complete(&mut job, Outcome::Skip(SkipReason::ShipsElsewhere), Reach::Untouched);
    assert_eq!(job.approved, None);
}

#[test]
fn of_two_versions_that_look_equally_new_the_fetch_decides() {
    let mut job = job();
    job.hear(&news(1, "pending"), Err(SkipReason::FinancialStatus("pending".into())), at(2)).unwrap();
    assert_eq!(job.state, State::READY, "a create that comes after its paid must not end the order");
    let undated = OrderNews { updated_at: None, ..news(1, "undated") };
    job.hear(&undated, Err(SkipReason::NothingToShip), at(3)).unwrap();
    assert_eq!(job.state, State::READY);
}

#[test]
fn a_click_on_a_retrying_job_does_not_count_once_it_has_failed() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, retry(), Reach::Untouched);
    let reject = decision(&job, Verdict::Reject);
    begin(&mut job, 2);
    complete(&mut job, Outcome::Fail(Trouble::new("shipstation", "405")), Reach::Untouched);
    assert_eq!(job.question().unwrap().number, reject.hold);
    assert_eq!(job.decide(&reject), Err(Refused::Changed));
}

#[test]
fn an_operator_may_stop_a_retry_once() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, retry(), Reach::Untouched);
    let reject = decision(&job, Verdict::Reject);
    assert_eq!(job.decide(&reject), Ok(None));
    assert!(matches!(job.decide(&reject), Err(Refused::NoSuchQuestion { now: StateKind::Rejected })));
}

#[test]
fn policies_decide_whether_the_lane_waits() {
    let stop_on_hold = Policy { hold: Standing::StopLane, ..Policy::default() };
    for (policy, waits) in [(Policy::default(), false), (stop_on_hold, true)] {
        let mut job = job();
        begin(&mut job, 1);
        job.complete(&report(hold(), Reach::Untouched), policy, 0.5, at(12)).unwrap();
        assert_eq!(job.in_line().is_some(), waits);
    }
}

#[test]
fn qualification_says_why_not() {
    let rules = Qualification::default();
    let cancelled = OrderNews { cancelled: true, ..news(1, "a") };
    let unpaid = OrderNews { financial_status: "pending".into(), ..news(1, "a") };
    let nothing = OrderNews { ships_something: false, ..news(1, "a") };
    let test = OrderNews { test: true, ..news(1, "a") };
    assert_eq!(rules.judge(&cancelled), Err(SkipReason::Cancelled));
    assert_eq!(rules.judge(&unpaid), Err(SkipReason::FinancialStatus("pending".into())));
    assert_eq!(rules.judge(&nothing), Err(SkipReason::NothingToShip));
    assert_eq!(rules.judge(&test), Err(SkipReason::TestOrder));
    assert_eq!(rules.judge(&news(1, "a")), Ok(()));
}

fn entries() -> impl Strategy<Value = Vec<LineEntry>> {
    let ready =
        prop_oneof![Just(Ready::Now), Just(Ready::Never), (-100_i64..100).prop_map(|offset| Ready::At(at(offset)))];
    prop::collection::vec((ready, any::<bool>()), 0..12).prop_map(|entries| {
        let numbered = (1_u64..).zip(entries);
        numbered.map(|(n, (ready, stops))| LineEntry { place: Place(n), job: JobId::from(n), ready, stops }).collect()
    })
}

proptest! {
    #[test]
    fn nothing_passes_a_job_that_stops_the_lane(line in entries()) {
        let now = at(0);
        let is_ready = |entry: &LineEntry| match entry.ready {
            Ready::Now => true,
            Ready::At(due) => due <= now,
            Ready::Never => false,
        };
        let first_ready = line.iter().find(|entry| is_ready(entry));
        let stopper = line.iter().find(|entry| entry.stops && !is_ready(entry));
        match pick(line.clone(), now) {
            Pick::Ready(id) => {
                let picked = first_ready.expect("something is ready");
                prop_assert_eq!(&picked.job, &id);
                prop_assert!(stopper.is_none_or(|stopper| stopper.place > picked.place));
            }
            Pick::NotUntil { at, .. } => prop_assert!(at > now),
            Pick::Blocked { next, .. } => prop_assert!(next.is_none_or(|next| next > now)),
            Pick::Nothing { next } => {
                prop_assert!(first_ready.is_none());
                prop_assert!(next.is_none_or(|next| next > now));
            }
        }
    }

    #[test]
    fn whatever_happens_a_job_stays_whole(steps in prop::collection::vec((0_u8..9, any::<bool>(), 0_i64..50), 1..60)) {
        let mut job = job();
        let mut fence = 0;
        for (step, flag, n) in steps {
            let before = (job.version, job.begun, job.questions, job.newest);
            let was_rejected = job.state.kind() == StateKind::Rejected;
            let reach = if flag { there() } else { Reach::Untouched };
            let policy = Policy::default();
            match step {
                0 => { fence += 1; let _ = job.begin(Fence(fence), policy, at(n)); }
                1 => { let _ = job.complete(&report(done(), there()), policy, 0.5, at(n)); }
                2 => { let _ = job.complete(&report(retry(), reach), policy, 0.5, at(n)); }
                3 => { let _ = job.complete(&report(hold(), reach), policy, 0.5, at(n)); }
                4 => { let _ = job.complete(&report(Outcome::Skip(SkipReason::Cancelled), reach), policy, 0.5, at(n)); }
                5 => { let _ = job.hear(&news(n, &n.to_string()), Ok(()), at(n)); }
                6 => { let _ = job.hear(&news(n, &n.to_string()), Err(SkipReason::Cancelled), at(n)); }
                7 => { let _ = job.disturb(at(n)); }
                _ => if let Some(question) = job.question() {
                    let verdict = question.verdicts[usize::from(flag) % question.verdicts.len()];
                    job.decide(&decision(&job.clone(), verdict)).unwrap();
                }
            }
            prop_assert!(job.version >= before.0 && job.begun >= before.1 && job.questions >= before.2 && job.newest >= before.3);
            let stays = job.state.kind() == StateKind::Rejected || job.rejecting.is_some();
            prop_assert!(!was_rejected || stays, "rejected jobs stay rejected, or are taken back once more");
            prop_assert!(job.attempts <= ATTEMPTS_MAX + 1);
            let json = serde_json::to_string(&job).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Job>(&json).unwrap(), &job);
        }
    }
}

#[test]
fn the_first_send_bears_the_order_id_alone() {
    let mut job = job();
    assert_eq!(job.send(SendKind::First, at(1)).dedup.as_str(), "1001");
    assert_eq!(job.send(SendKind::Again, at(1)).dedup.as_str(), "1001-retry");
    assert_eq!(job.send(SendKind::Again, at(1)).dedup.as_str(), "1001-retry-2");
}

#[test]
fn a_provider_that_names_its_time_is_waited_for_exactly() {
    let mut job = job();
    begin(&mut job, 1);
    let asked = Outcome::Retry { after: Some(Duration::from_secs(77)), error: Trouble::new("shipstation", "503") };
    complete(&mut job, asked, Reach::Untouched);
    let State::Retrying { due, .. } = job.state else { panic!() };
    assert_eq!(due, after(at(12), Duration::from_secs(77)));
}

#[test]
fn what_a_webhook_does_not_carry_is_always_a_new_version_and_ends_a_wait() {
    let mut job = job();
    begin(&mut job, 1);
    let wait = Outcome::Wait { until: at(9000), why: "on hold".into(), stops: false };
    job.complete(&report(wait, Reach::Untouched), Policy::default(), 0.0, at(12)).unwrap();
    assert!(matches!(job.in_line().unwrap().ready, Ready::At(_)));
    assert_eq!(job.touch(at(20)).unwrap(), Heard::Newer(Placing::Keep));
    assert_eq!((job.version, job.in_line().unwrap().ready), (2, Ready::Now));
    begin(&mut job, 2);
    job.touch(at(21)).unwrap();
    let wait = Outcome::Wait { until: at(9000), why: "on hold".into(), stops: false };
    assert!(job.complete(&report(wait, Reach::Untouched), Policy::default(), 0.0, at(21)).unwrap().reopened);
    assert_eq!(job.in_line().unwrap().ready, Ready::Now, "what it waits for may be what has changed");
    begin(&mut job, 3);
    job.touch(at(21)).unwrap();
    let completion = job.complete(&report(done(), there()), Policy::default(), 0.0, at(22)).unwrap();
    assert!(completion.reopened, "the version came during the attempt");
}

#[test]
fn a_body_that_came_before_has_a_job_looked_at_seldom_and_takes_no_question_from_a_person() {
    let wait = || Outcome::Wait { until: at(9000), why: "on hold".into(), stops: false };
    let mut job = job();
    assert_eq!(job.touch_again(at(5)).unwrap(), Heard::Unchanged, "it is looked at anyway");
    begin(&mut job, 1);
    job.complete(&report(wait(), Reach::Untouched), Policy::default(), 0.0, at(12)).unwrap();
    assert_eq!(job.touch_again(at(20)).unwrap(), Heard::Newer(Placing::Keep));
    assert_eq!((job.version, job.in_line().unwrap().ready), (2, Ready::Now));
    begin(&mut job, 2);
    assert_eq!(job.touch_again(at(21)).unwrap(), Heard::Unchanged, "an attempt has no end that is put off for ever");
    let completion = job.complete(&report(wait(), Reach::Untouched), Policy::default(), 0.0, at(22)).unwrap();
    assert!(!completion.reopened);
    assert_eq!(job.touch_again(at(23)).unwrap(), Heard::Unchanged);
    assert_eq!((job.version, job.in_line().unwrap().ready), (2, Ready::At(at(620))), "it is not lost, either");
    assert_eq!(job.touch_again(at(620)).unwrap(), Heard::Newer(Placing::Keep));
    begin(&mut job, 3);
    job.complete(&report(done(), there()), Policy::default(), 0.0, at(622)).unwrap();
    assert_eq!(job.touch_again(at(1219)).unwrap(), Heard::Unchanged);
    assert_eq!(job.touch_again(at(1220)).unwrap(), Heard::Newer(Placing::End));
    assert_eq!(job.version, 4);
    begin(&mut job, 4);
    let held = Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: vec![],
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    job.complete(&report(held, there()), Policy::default(), 0.0, at(1222)).unwrap();
    let before = job.clone();
    assert_eq!(job.touch_again(at(90_000)).unwrap(), Heard::Unchanged);
    assert_eq!(job, before);
    job.redact(at(90_001)).unwrap();
    assert_eq!(job.touch_again(at(90_002)).unwrap(), Heard::Unchanged);
}

#[test]
fn what_shipped_reopens_what_was_done_and_leaves_people_their_questions() {
    let mut job = job();
    begin(&mut job, 1);
    job.complete(&report(done(), there()), Policy::default(), 0.0, at(12)).unwrap();
    assert_eq!(job.has_shipped(at(20)).unwrap(), Heard::Newer(Placing::End));
    assert_eq!(job.state, State::READY);
    assert_eq!(job.passed, Some(Fingerprint::given("fetched")), "it is not judged a second time");
    begin(&mut job, 2);
    let held = Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: vec![],
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    job.complete(&report(held, there()), Policy::default(), 0.0, at(22)).unwrap();
    assert_eq!(job.has_shipped(at(23)).unwrap(), Heard::Unchanged);
    assert_eq!(job.state.kind(), StateKind::Held);
}

#[test]
fn what_ships_of_an_order_that_was_left_as_it_stands_is_told_and_of_no_other_that_was_skipped() {
    for (why, heard) in
        [(SkipReason::LeftAsItStands, Heard::Newer(Placing::End)), (SkipReason::ShipsElsewhere, Heard::Unchanged)]
    {
        let mut job = job();
        begin(&mut job, 1);
        job.complete(&report(Outcome::Skip(why), there()), Policy::default(), 0.0, at(12)).unwrap();
        assert_eq!(job.has_shipped(at(20)).unwrap(), heard);
    }
}

#[test]
fn only_what_does_not_come_back_is_final() {
    let word = |word: &str| SkipReason::FinancialStatus(word.to_owned());
    for why in [SkipReason::Cancelled, SkipReason::NothingToShip, word("voided"), word("refunded")] {
        assert!(why.is_final(), "{why:?}");
    }
    for why in
        [word("pending"), word("authorized"), word("partially_paid"), SkipReason::ShipsElsewhere, SkipReason::TestOrder]
    {
        assert!(!why.is_final(), "{why:?}");
    }
}

#[test]
fn a_redacted_job_forgets_its_people_and_hears_of_nothing_any_more() {
    let mut job = job();
    job.marks = Marks { customer: Some(Mark::customer("7")), ..Marks::default() };
    begin(&mut job, 1);
    job.redact(at(11)).unwrap();
    assert_eq!((job.state.kind(), &job.marks), (StateKind::Attempting, &Marks::default()));
    let learnt =
        Learnt { marks: Marks { customer: Some(Mark::customer("7")), ..Marks::default() }, ..Learnt::default() };
    let mut late = report(retry(), there());
    late.learnt = learnt;
    job.complete(&late, Policy::default(), 0.0, at(12)).unwrap();
    assert_eq!(job.state, State::Skipped { why: SkipReason::Redacted });
    assert_eq!(job.marks, Marks::default(), "what the attempt saw is not kept");
    assert_eq!(job.hear(&news(9, "z"), Ok(()), at(30)).unwrap(), Heard::Unchanged);
    assert_eq!(job.touch(at(30)).unwrap(), Heard::Unchanged);
    assert_eq!(job.has_shipped(at(30)).unwrap(), Heard::Unchanged);
    assert_eq!(job.disturb(at(30)).unwrap(), Placing::Keep);
    assert_eq!(job.state, State::Skipped { why: SkipReason::Redacted });
}

#[test]
fn only_a_fresh_job_goes_with_others() {
    let mut job = job();
    assert!(job.may_burst());
    begin(&mut job, 1);
    assert!(!job.may_burst());
    job.complete(&report(retry(), Reach::Untouched), Policy::default(), 0.0, at(12)).unwrap();
    assert!(!job.may_burst(), "an attempt failed");
    let mut written = self::job();
    written.reach = there();
    assert!(!written.may_burst());
}
