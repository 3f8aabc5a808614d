//! A lane: who may work on it, and who goes next.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use lane::id::{Fence, JobId, LaneKey, Place, ShopId};
use lane::line::{LaneState, Lease, Leased, LineEntry, Pause, Pick, Ready, Rest, STRIKES_MAX, pick};
use lane::outcome::PauseReason;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn key() -> LaneKey {
    LaneKey::orders(&ShopId::parse("acme").unwrap())
}

/// From `now` for ten seconds.
fn ask(lane: &mut LaneState, now: i64) -> Leased {
    lane.lease(&key(), "worker", at(now), at(now + 10))
}

fn leased(lane: &mut LaneState, now: i64) -> Lease {
    let Leased::Yes(lease) = ask(lane, now) else { panic!("{lane:?}") };
    lease
}

fn paused_until(until: Option<i64>) -> LaneState {
    let pause = Pause { why: PauseReason::ShopRemoved, until: until.map(at), by: None, since: at(0) };
    LaneState { paused: Some(pause), ..LaneState::default() }
}

#[test]
fn one_works_on_a_lane_until_the_lease_has_run_out_and_not_a_moment_longer() {
    let mut lane = LaneState::default();
    assert!(!lane.is_leased(at(0)));
    let first = leased(&mut lane, 0);
    assert_eq!((first.owner.as_str(), first.until, &first.lane), ("worker", at(10), &key()));
    assert_eq!(ask(&mut lane, 9), Leased::Busy { until: at(10) });
    assert!(lane.is_leased(at(9)) && !lane.is_leased(at(10)) && !lane.is_leased(at(11)));
    let second = leased(&mut lane, 10);
    assert_eq!((first.fence, second.fence), (Fence(1), Fence(2)));
    assert!(lane.honours(&second) && !lane.honours(&first), "what the first still writes changes nothing");
}

#[test]
fn a_lease_that_was_given_back_or_voided_counts_no_more() {
    let mut lane = LaneState::default();
    let given_back = leased(&mut lane, 0);
    let rest = Rest { until: at(30), why: "limit".into() };
    lane.release(Some(rest.clone()));
    assert_eq!((lane.is_leased(at(1)), lane.honours(&given_back), lane.rest.clone()), (false, false, Some(rest)));
    let voided = leased(&mut lane, 1);
    assert_eq!((voided.fence, &lane.rest), (Fence(2), &None), "a fence is never given twice");
    lane.void();
    assert!(!lane.is_leased(at(2)) && !lane.honours(&voided));
    assert_eq!(leased(&mut lane, 2).fence, Fence(3));
    assert_eq!(lane.strikes, 0, "nobody let a lease run out");
}

#[test]
fn a_pause_is_kept_until_it_ends_and_for_good_if_it_names_no_end() {
    for now in [0, 19] {
        let mut lane = paused_until(Some(20));
        assert!(lane.is_paused(at(now)));
        assert_eq!(ask(&mut lane, now), Leased::Paused { until: Some(at(20)) });
        assert!(lane.paused.is_some() && !lane.is_leased(at(now)));
    }
    for now in [20, 21] {
        let mut lane = paused_until(Some(20));
        assert!(!lane.is_paused(at(now)));
        leased(&mut lane, now);
        assert_eq!(lane.paused, None, "what has ended is lifted");
    }
    let mut closed = paused_until(None);
    assert!(closed.is_paused(at(1_000_000)));
    assert_eq!(ask(&mut closed, 1_000_000), Leased::Paused { until: None });
    assert!(!LaneState::default().is_paused(at(0)));
}

#[test]
fn a_lane_whose_workers_end_without_any_progress_is_paused_after_the_fifth() {
    let mut lane = LaneState::default();
    let mut now = 0;
    for strikes in 0..STRIKES_MAX {
        leased(&mut lane, now);
        assert_eq!(lane.strikes, strikes);
        now += 10;
    }
    assert_eq!(ask(&mut lane, now), Leased::Paused { until: None });
    let pause = lane.paused.clone().unwrap();
    assert_eq!((pause.why, pause.since, pause.by), (PauseReason::NoProgress, at(now), None));
    assert!(!lane.is_leased(at(now)));
    lane.paused = None;
    leased(&mut lane, now);
    assert_eq!(lane.strikes, 0, "whoever resumes it gives it five more");
}

#[test]
fn any_progress_and_any_lease_given_back_makes_the_count_begin_again() {
    for progresses in [true, false] {
        let mut lane = LaneState::default();
        for now in (0..100).step_by(10) {
            leased(&mut lane, now);
            assert!(lane.strikes <= 1, "{lane:?}");
            if progresses {
                lane.progressed();
                assert!(lane.is_leased(at(now)), "and the lease goes on");
            } else if now % 20 == 0 {
                lane.release(None);
            }
        }
    }
}

fn line(entries: &[(Ready, bool)]) -> Vec<LineEntry> {
    let entry = |(place, &(ready, stops))| LineEntry { place: Place(place), job: JobId::from(place), ready, stops };
    (1..).zip(entries).map(entry).collect()
}

#[test]
fn who_goes_next_and_what_the_lane_waits_for() {
    let (soon, later, never) = (Ready::At(at(5)), Ready::At(at(9)), Ready::Never);
    let job = JobId::from;
    let cases = [
        (line(&[]), Pick::Nothing { next: None }),
        (line(&[(Ready::At(at(0)), true)]), Pick::Ready(job(1))),
        (line(&[(later, false), (never, false), (Ready::Now, true)]), Pick::Ready(job(3))),
        (line(&[(later, false), (soon, false)]), Pick::Nothing { next: Some(at(5)) }),
        (line(&[(soon, false), (later, true), (Ready::Now, true)]), Pick::NotUntil { job: job(2), at: at(5) }),
        (line(&[(later, false), (soon, true), (Ready::Now, true)]), Pick::NotUntil { job: job(2), at: at(5) }),
        (line(&[(soon, false), (never, true), (Ready::Now, true)]), Pick::Blocked { job: job(2), next: Some(at(5)) }),
        (line(&[(never, true), (soon, true)]), Pick::Blocked { job: job(1), next: None }),
        (line(&[(never, false)]), Pick::Nothing { next: None }),
    ];
    for (line, expected) in cases {
        assert_eq!(pick(line.clone(), at(0)), expected, "{line:?}");
    }
}
