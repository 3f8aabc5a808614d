//! What must always be so, and what must happen at least once lest a run proves nothing.

use lane::state::StateKind;
use stateright::Property;

use crate::model::Protocol;
use crate::rules::Scenario;
use crate::world::{Breach, JOBS, Status, World, told_at};

pub(crate) const ONE_AT_A_TIME: &str = "at most one worker works on a lane under a fence that counts";
pub(crate) const NEWEST: &str = "an order that is done has its newest bytes at the warehouse";
pub(crate) const STOPPED: &str = "nothing ships of an order that is held, skipped or rejected";
pub(crate) const KNOWN: &str = "every answered webhook's order is in the ledger, with the newest time it told";
pub(crate) const NOT_STUCK: &str = "where work is left, something goes on by itself";
pub(crate) const FENCE_RISES: &str = "a new lease has a higher fence";
pub(crate) const OLD_FENCE: &str = "an old fence writes nothing";
pub(crate) const ORDER: &str = "jobs begin in the order they were accepted, except those set aside";
pub(crate) const INTENT: &str = "every write at the warehouse was written down before under that fence";
pub(crate) const ABSORB: &str = "what has ended is only reopened by a newer version or a disturbance";
pub(crate) const ONE_DECISION: &str = "a question is decided once";
pub(crate) const BINDS: &str = "a decision is about what was shown";
pub(crate) const APPROVED: &str = "a doubtful order goes to the warehouse only as a person approved it";
pub(crate) const FORWARD: &str = "without a zombie the warehouse's bytes only go forward, each commit to new ones once";
pub(crate) const VERSIONS_RISE: &str = "a job's version never falls";

pub(crate) const ALL_DONE: &str = "all jobs are done";
pub(crate) const APPROVED_DONE: &str = "one was held, approved and done";
pub(crate) const LOSS_RECOVERED: &str = "all jobs are done although wake-ups were lost";
pub(crate) const SURVIVED: &str = "all jobs are done although a worker died";
pub(crate) const TAKEN_BACK: &str = "an order that was at the warehouse is cancelled there";

type Condition = fn(&Protocol, &World) -> bool;

const ALWAYS: [(&str, Condition); 15] = [
    (ONE_AT_A_TIME, |_, world| [0, 1].into_iter().filter(|at| world.honoured(*at)).count() <= 1),
    (NEWEST, |protocol, world| (0..JOBS).all(|job| is_newest(protocol, world, job))),
    (STOPPED, |_, world| (0..JOBS).all(|job| is_stopped(world, job))),
    (KNOWN, |protocol, world| (0..protocol.scenario.jobs).all(|job| is_known(world, job))),
    (NOT_STUCK, |protocol: &Protocol, world: &World| {
        world.breach.is_some()
            || world.is_settled()
            || protocol.all(world).into_iter().any(|action| Protocol::helps(world, action))
    }),
    (FENCE_RISES, |_, world| world.breach != Some(Breach::FenceFell)),
    (OLD_FENCE, |_, world| world.breach != Some(Breach::OldFenceWrote)),
    (ORDER, |_, world| world.breach != Some(Breach::OutOfOrder)),
    (INTENT, |_, world| world.breach != Some(Breach::NoIntent)),
    (ABSORB, |_, world| world.breach != Some(Breach::TerminalLeft)),
    (ONE_DECISION, |_, world| world.breach != Some(Breach::DecidedTwice)),
    (BINDS, |_, world| world.breach != Some(Breach::NotWhatWasShown)),
    (APPROVED, |_, world| world.breach != Some(Breach::NotApproved)),
    (FORWARD, |_, world| world.breach != Some(Breach::WentBack)),
    (VERSIONS_RISE, |_, world| world.breach != Some(Breach::VersionFell)),
];

/// The properties of a run; those that say that something happens only where its bounds allow it.
pub(crate) fn promises(scenario: &Scenario) -> Vec<Property<Protocol>> {
    let mut promises: Vec<_> = ALWAYS.into_iter().map(|(name, holds)| Property::always(name, holds)).collect();
    let bounds = &scenario.bounds;
    promises.push(Property::sometimes(ALL_DONE, all_done));
    if bounds.looks > 0 && scenario.doubtful != [0; JOBS] {
        promises.push(Property::sometimes(APPROVED_DONE, |_, world: &World| {
            (0..JOBS).any(|job| world.kind(job) == Some(StateKind::Done) && world.row(job).approved != 0)
        }));
    }
    if bounds.losses > 0 {
        promises.push(Property::sometimes(LOSS_RECOVERED, |protocol: &Protocol, world: &World| {
            world.left.losses == 0 && all_done(protocol, world)
        }));
    }
    if bounds.crashes > 0 {
        promises.push(Property::sometimes(SURVIVED, |protocol: &Protocol, world: &World| {
            world.left.crashes == 0 && all_done(protocol, world)
        }));
    }
    if bounds.cancels > 0 {
        promises.push(Property::sometimes(TAKEN_BACK, |_, world: &World| {
            let cancelled = |there: &crate::world::Stock| there.status == Status::Cancelled;
            (0..JOBS).any(|job| {
                world.kind(job) == Some(StateKind::Skipped) && world.warehouse[job].as_ref().is_some_and(cancelled)
            })
        }));
    }
    promises
}

fn all_done(protocol: &Protocol, world: &World) -> bool {
    (0..protocol.scenario.jobs).all(|job| world.kind(job) == Some(StateKind::Done)) && world.is_settled()
}

/// Somebody is about to tell the ledger that this job's bytes may have been overwritten.
fn is_disturbed(world: &World, job: usize) -> bool {
    world.workers.iter().filter_map(|worker| worker.attempt.as_ref()).any(|attempt| attempt.late && attempt.job == job)
}

fn is_newest(protocol: &Protocol, world: &World, job: usize) -> bool {
    if world.kind(job) != Some(StateKind::Done) || world.shop[job].untold != 0 || is_disturbed(world, job) {
        return true;
    }
    // Whose hold it is that stands at the warehouse is not known any more once a worker died or came too late: then it
    // stays, because an order that ships by mistake is worse than one that waits.
    let bounds = &protocol.scenario.bounds;
    let may_be_on_hold = world.left.crashes < bounds.crashes || world.left.zombies < bounds.zombies;
    world.warehouse[job].is_some_and(|there| {
        let ships = there.status == Status::Ships || (may_be_on_hold && there.status == Status::OnHold);
        ships && there.bytes == world.shop[job].version
    })
}

fn is_stopped(world: &World, job: usize) -> bool {
    let must_not = matches!(world.kind(job), Some(StateKind::Held | StateKind::Skipped | StateKind::Rejected));
    let ships = world.warehouse[job].is_some_and(|there| there.status == Status::Ships);
    !must_not || !ships || is_disturbed(world, job)
}

fn is_known(world: &World, job: usize) -> bool {
    let order = world.shop[job];
    let told = (0..=order.version).rev().find(|version| order.untold & (1 << version) == 0);
    match (told, &world.rows[job]) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(told), Some(row)) => row.job.newest.is_some_and(|newest| newest == told_at(told)),
    }
}
