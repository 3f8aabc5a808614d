//! The real protocol, within bounds.

use crate::explore::{Explored, holds};
use crate::rules::{Bounds, Rules, Scenario};

#[test]
fn dying_workers_and_lost_wake_ups_lose_nothing() {
    let bounds = Bounds { crashes: 2, losses: 1, changes: 1, ..Bounds::NONE };
    explored(Scenario::new("two crashes, loss, newer version", 3, bounds));
}

#[test]
fn zombies_write_nothing_that_stays() {
    let bounds = Bounds { zombies: 1, changes: 1, ..Bounds::NONE };
    let explored = explored(Scenario::new("zombie, newer version", 3, bounds));
    assert!(explored.late_writes_refused > 0, "no zombie came too late");
}

#[test]
fn doubled_wake_ups_meet_a_busy_lane() {
    let bounds = Bounds { doubles: 1, losses: 1, breaks: 1, changes: 1, ..Bounds::NONE };
    explored(Scenario::new("doubled and lost wake-up, short run, newer version", 3, bounds));
}

#[test]
fn people_decide_about_what_they_saw() {
    let bounds = Bounds { looks: 2, changes: 1, cancels: 1, losses: 1, ..Bounds::NONE };
    let scenario = Scenario::new("two looks, newer version, cancel, loss", 3, bounds).doubting([3, 0, 0]);
    let explored = explored(scenario);
    assert!(explored.approved_and_done > 0, "nothing was approved and done");
}

#[test]
fn a_decision_that_is_taken_back_leaves_nothing_behind() {
    let bounds = Bounds { looks: 2, undos: 1, changes: 1, cancels: 1, ..Bounds::NONE };
    let explored = explored(Scenario::new("two looks, undo, newer version, cancel", 2, bounds).doubting([3, 0, 0]));
    assert!(explored.approved_and_done > 0, "nothing was approved and done");
}

#[test]
fn cancelled_and_doubtful_orders_are_taken_back() {
    let bounds = Bounds { changes: 1, cancels: 1, looks: 1, crashes: 1, ..Bounds::NONE };
    explored(Scenario::new("cancel, newer version, look, crash", 2, bounds).doubting([2, 0, 0]));
}

#[test]
fn a_warehouse_that_does_not_answer_or_refuses_is_tried_again() {
    let bounds = Bounds { lost_answers: 1, refusals: 1, changes: 1, looks: 1, ..Bounds::NONE };
    let scenario = Scenario::new("lost answer, refusal, newer version, look", 3, bounds).doubting([2, 0, 0]);
    explored(scenario);
}

/// A refusal is taken back while a zombie writes: the disturbance must outlive the attempt that it fell into.
#[test]
fn a_refused_order_that_a_zombie_writes_anew_is_taken_back_again() {
    let bounds = Bounds { looks: 1, zombies: 1, changes: 2, ..Bounds::NONE };
    explored(Scenario::new("look, zombie, two versions", 1, bounds).doubting([3, 0, 0]));
}

#[test]
#[ignore = "minutes and gigabytes: cargo test -p lane --test protocol -- --ignored --nocapture --test-threads 1 more"]
fn more_zombies_that_also_die() {
    let bounds = Bounds { zombies: 1, crashes: 1, changes: 1, losses: 1, ..Bounds::NONE };
    let explored = explored(Scenario::new("zombie, crash, loss, newer version", 3, bounds));
    assert!(explored.late_writes_refused > 0, "no zombie came too late");
}

#[test]
#[ignore = "minutes and gigabytes: cargo test -p lane --test protocol -- --ignored --nocapture --test-threads 1 more"]
fn more_people_among_more_faults() {
    let bounds = Bounds { looks: 2, zombies: 1, changes: 2, cancels: 1, ..Bounds::NONE };
    let explored = explored(Scenario::new("two looks, zombie, two versions, cancel", 2, bounds).doubting([3, 0, 0]));
    assert!(explored.approved_and_done > 0, "nothing was approved and done");
}

fn explored(scenario: Scenario) -> Explored {
    holds(Rules::ALL, scenario)
}
