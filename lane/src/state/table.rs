//! The whole table of moves, as a snapshot that a person reviews.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::hold::HoldReason;
use crate::id::{AccountId, Fingerprint};

fn proof() -> Proof {
    Proof {
        account: AccountId::at("shipstation", "main"),
        reference: "1".into(),
        key: "acme-1".into(),
        fingerprint: Fingerprint::given("f"),
        compared: vec![],
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    }
}

fn hold() -> Hold {
    Hold {
        number: 1,
        reason: HoldReason::TotalAbove,
        evidence: vec![],
        fingerprint: Fingerprint::given("f"),
        difference: None,
        since: Timestamp::UNIX_EPOCH,
        stops: false,
    }
}

fn states() -> Vec<State> {
    let error = Trouble::new("shipstation", "refused");
    let by = OperatorId::parse("ann").unwrap();
    vec![
        State::READY,
        State::Attempting { attempt: 1, fence: Fence(1) },
        State::Retrying { attempt: 1, due: Timestamp::UNIX_EPOCH, stops: true, error: error.clone() },
        State::Held(hold()),
        State::Done { proof: proof() },
        State::Failed { number: 1, error, stops: false, since: Timestamp::UNIX_EPOCH },
        State::Skipped { why: SkipReason::Cancelled },
        State::Rejected { by, why: String::new() },
    ]
}

fn moves() -> Vec<Move> {
    let error = Trouble::new("shipstation", "refused");
    let by = OperatorId::parse("ann").unwrap();
    vec![
        Move::Begin { attempt: 2, fence: Fence(2) },
        Move::Finish(proof()),
        Move::RetryAt { due: Timestamp::UNIX_EPOCH, stops: true, error: error.clone() },
        Move::HoldFor(hold()),
        Move::GiveUp { number: 1, error, stops: false, at: Timestamp::UNIX_EPOCH },
        Move::Skip(SkipReason::Cancelled),
        Move::PutBack { not_before: None, stops: true },
        Move::Newer,
        Move::NewerUnqualified(SkipReason::Cancelled),
        Move::Disturb,
        Move::Approve { not_before: None },
        Move::Reject { by, why: String::new() },
        Move::Withdraw { not_before: None },
        Move::Refuse { by: OperatorId::parse("ann").unwrap(), why: String::new() },
        Move::Retry { not_before: None },
        Move::TakeBack(Box::new(State::Held(hold()))),
        Move::Release,
        Move::Redact,
    ]
}

#[test]
fn every_move_of_every_state() {
    let mut table = String::new();
    for by in moves() {
        let _ = writeln!(table, "{}", by.label());
        for state in states() {
            let cell = match step(&state, by.clone()) {
                Ok((next, Placing::Keep)) => next.kind().as_str().to_owned(),
                Ok((next, Placing::End)) => format!("{}, at the end", next.kind().as_str()),
                Err(_) => "-".to_owned(),
            };
            let _ = writeln!(table, "  {:<10} -> {cell}", state.kind().as_str());
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_impossible_move_names_both_sides() {
    let error = step(&State::READY, Move::Approve { not_before: None }).unwrap_err();
    assert_eq!(error.to_string(), "a job that is waiting does not allow the move 'approve'");
}

#[test]
fn every_open_state_has_a_way_on() {
    let mut ways: BTreeMap<&str, usize> = BTreeMap::new();
    for state in states().into_iter().filter(|state| state.kind().is_open()) {
        let on = moves()
            .into_iter()
            .filter(|by| step(&state, by.clone()).is_ok_and(|(next, _)| next.kind() != state.kind()));
        ways.insert(state.kind().as_str(), on.count());
    }
    assert_eq!(ways.len(), 5);
    assert!(ways.values().all(|&ways| ways > 0), "{ways:?}");
}
