//! Which worlds may be the truth, after what a ledger has told of some calls.

use lane::id::Place;
use lane::ports::{Begin, Burst, Head};

use super::call::{Answer, Call};
use super::reference::World;

/// What is known of a call.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// Its answer.
    Answered(Box<Answer>),
    /// It has happened.
    Happened,
    /// It has happened, or has not.
    Perhaps,
}

/// The worlds that may be the truth after these calls, in whatever order they happened.
pub(super) fn after(worlds: &[World], calls: &[(Call, Told)]) -> Vec<World> {
    let mut found: Vec<World> = Vec::new();
    let all: Vec<&(Call, Told)> = calls.iter().collect();
    for world in worlds {
        explore(world, &all, &mut found);
    }
    found
}

fn explore(world: &World, left: &[&(Call, Told)], found: &mut Vec<World>) {
    if left.iter().all(|(_, told)| matches!(told, Told::Perhaps)) && !found.contains(world) {
        found.push(world.clone());
    }
    for at in 0..left.len() {
        let (call, told) = left[at];
        let rest = [&left[..at], &left[at + 1..]].concat();
        for (next, answer) in world.apply(call) {
            let fits = match told {
                Told::Answered(said) => placeless(&answer) == placeless(said),
                Told::Happened | Told::Perhaps => true,
            };
            if fits {
                explore(&next, &rest, found);
            }
        }
    }
}

/// Without the places of jobs: a ledger may leave some out.
fn placeless(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    match &mut answer {
        Answer::Head(Head::Ready(job)) | Answer::Begin(Begin::Attempt { job, .. }) | Answer::Job(Some(job)) => {
            job.place = Place(0);
        }
        Answer::Burst(Burst::Begun(jobs)) => jobs.iter_mut().for_each(|(job, _)| job.place = Place(0)),
        Answer::Head(_)
        | Answer::Begin(_)
        | Answer::Job(None)
        | Answer::Burst(_)
        | Answer::Recorded(_)
        | Answer::Leased(_)
        | Answer::Complete(_)
        | Answer::Release(_)
        | Answer::Swept { .. }
        | Answer::Decided(_)
        | Answer::Undone(_)
        | Answer::Paused(_)
        | Answer::Sends(_)
        | Answer::Removed(_)
        | Answer::Done => {}
    }
    answer
}
