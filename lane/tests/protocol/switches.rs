//! Each rule is taken out alone, and the model finds what it was there for. The same bounds with the rule hold.

use crate::explore::{breaks, holds};
use crate::promises::{APPROVED, NEWEST, NOT_STUCK, OLD_FENCE, STOPPED};
use crate::rules::{Bounds, Rules, Scenario};

#[test]
fn without_the_sweep_a_lost_wake_up_leaves_work_lying() {
    let scenario = Scenario::new("no sweep", 2, Bounds { losses: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { sweep: false, ..Rules::ALL }, scenario, NOT_STUCK);
}

#[test]
fn without_disturbing_a_zombies_bytes_stay() {
    let scenario = Scenario::new("no disturb", 2, Bounds { zombies: 1, changes: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { disturb: false, ..Rules::ALL }, scenario, NEWEST);
}

#[test]
fn an_approval_of_a_mere_version_lets_pass_what_nobody_saw() {
    let scenario = Scenario::new("approval by version", 2, Bounds { looks: 1, changes: 1, ..Bounds::NONE });
    let scenario = scenario.doubting([3, 0, 0]);
    holds(Rules::ALL, scenario);
    breaks(Rules { approval_binds_what_was_fetched: false, ..Rules::ALL }, scenario, APPROVED);
}

#[test]
fn without_compensation_a_late_hold_ships_meanwhile() {
    let scenario = Scenario::new("no compensation, hold", 2, Bounds { changes: 1, ..Bounds::NONE }).doubting([2, 0, 0]);
    holds(Rules::ALL, scenario);
    breaks(Rules { compensation: false, ..Rules::ALL }, scenario, STOPPED);
}

#[test]
fn without_compensation_a_late_cancel_ships() {
    let scenario = Scenario::new("no compensation, cancel", 2, Bounds { cancels: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { compensation: false, ..Rules::ALL }, scenario, STOPPED);
}

#[test]
fn what_is_told_between_the_fetch_and_a_late_begin_is_lost() {
    let scenario = Scenario::new("begin after fetch", 2, Bounds { changes: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { begin_before_fetch: false, ..Rules::ALL }, scenario, NEWEST);
}

/// The sweep does not help: giving the lease back says that it need not look.
#[test]
fn without_a_last_look_a_release_forgets_what_came_meanwhile() {
    let scenario = Scenario::new("no re-scan", 2, Bounds { losses: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { rescan_at_release: false, ..Rules::ALL }, scenario, NOT_STUCK);
}

#[test]
fn an_unfenced_completion_writes_under_an_old_fence() {
    let scenario = Scenario::new("completion not fenced", 2, Bounds { zombies: 1, ..Bounds::NONE });
    holds(Rules::ALL, scenario);
    breaks(Rules { fenced_completion: false, ..Rules::ALL }, scenario, OLD_FENCE);
}

/// The sweep would hide this, so it is out as well, and the rule alone carries the weight.
#[test]
fn a_wake_up_that_is_deleted_while_the_lane_is_busy_is_missed_when_its_worker_dies() {
    let without_sweep = Rules { sweep: false, ..Rules::ALL };
    let scenario = Scenario::new("busy, deleted", 2, Bounds { doubles: 1, crashes: 1, ..Bounds::NONE });
    holds(without_sweep, scenario);
    breaks(Rules { hide_while_busy: false, ..without_sweep }, scenario, NOT_STUCK);
}

/// The sweep would hide this, too, once the five minutes are over.
#[test]
fn without_ordinals_the_second_wake_up_of_a_kind_is_swallowed() {
    let without_sweep = Rules { sweep: false, ..Rules::ALL };
    let scenario = Scenario::new("no ordinals", 2, Bounds { changes: 2, ..Bounds::NONE });
    holds(without_sweep, scenario);
    breaks(Rules { ordinals: false, ..without_sweep }, scenario, NOT_STUCK);
}

/// Not a rule, but the limit of them: no ledger can know of a call that leaves after its worker lost the lease, if the
/// worker dies before it can tell.
#[test]
fn a_zombie_that_dies_right_after_a_late_write_leaves_its_bytes() {
    let bounds = Bounds { zombies: 1, crashes: 1, changes: 1, ..Bounds::NONE };
    let scenario = Scenario { zombies_may_die: true, ..Scenario::new("dying zombie", 2, bounds) };
    breaks(Rules::ALL, scenario, NEWEST);
}
