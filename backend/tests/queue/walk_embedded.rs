//! Walks over the embedded queue. Time is the runtime's and moved by hand, so that every history meets its ends of
//! visibility times, windows and long polls to the millisecond.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backend::embedded::queue::{Queue, Settings};
use lane::clock::Clock;
use lane::id;
use lane::ports::{QueueReceiver, QueueSender};
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use super::embedded::RuntimeClock;
use super::model::{Answer, Call, Departure, SECOND};
use super::walk::{self, Dream, Kept, Log, Pace, Step};
use super::witness::{Seen, Tally};

const HOURS_12: u64 = 12 * 60 * 60;

#[derive(Debug, Clone)]
struct Virtual;

impl Pace for Virtual {
    const VISIBILITIES: &'static [u64] = &[10, 30, 60, 0];
    const DEFERS: &'static [u64] = &[0, 0, 0, 1, 30, 61, 90, HOURS_12 - 30, HOURS_12, HOURS_12 + 1];
    const PASSES: &'static [u64] =
        &[130, 1_000, 10_000, 15_000, 29_000, 30_000, 31_000, 60_000, 150_000, 240_000, 299_000, 300_000];
    const POLLS: &'static [u64] = &[1, 15, 20];
    const DEPARTURES: &'static [Departure] = &[];
    const DEFERS_OFTEN: u32 = 2;
}

/// What every run has to have seen at least, well below what 600 histories see.
pub(crate) const LEAST: &[(Seen, u64)] = &[
    (Seen::Delivered, 10_000),
    (Seen::Deleted, 2_000),
    (Seen::Swallowed, 1_000),
    (Seen::SwallowedAfterDelete, 200),
    (Seen::SameIdInAnotherGroup, 500),
    (Seen::NewAfterTheWindow, 200),
    (Seen::WindowNotRenewed, 20),
    (Seen::WrongIdRefused, 100),
    (Seen::Redelivered, 2_000),
    (Seen::BatchCameBack, 200),
    (Seen::Packed, 200),
    (Seen::HidGroup, 200),
    (Seen::OthersWentOn, 50),
    (Seen::ShownAtOnce, 100),
    (Seen::GivenBackAlone, 50),
    (Seen::ExtensionHidesTheRest, 50),
    (Seen::FreedByDelete, 100),
    (Seen::StillBlocked, 100),
    (Seen::EmptyGroupWorked, 100),
    (Seen::ExtendedOnlyOnce, 50),
    (Seen::DeletedAfterExtension, 50),
    (Seen::ExpiredDelete, 200),
    (Seen::ExpiredDefer, 200),
    (Seen::StaleDelete, 100),
    (Seen::StaleDefer, 100),
    (Seen::DeletedTwice, 100),
    (Seen::DeferredDeleted, 100),
    (Seen::Garbage, 200),
    (Seen::Deferred, 200),
    (Seen::GivenBack, 200),
    (Seen::ExtendedAgain, 100),
    (Seen::OverTwelveHours, 50),
    (Seen::TwelveHoursFromReceive, 20),
    (Seen::PollAtOnce, 100),
    (Seen::WokenBySend, 50),
    (Seen::WokenByDelete, 5),
    (Seen::WokenByDefer, 10),
    (Seen::WokenByTime, 10),
    (Seen::WaitedInVain, 50),
];

type Done = Arc<Mutex<Vec<(usize, Answer)>>>;

/// A long poll that has not come back.
struct Waiter {
    number: usize,
    max: usize,
    until: u64,
}

struct World {
    runtime: Runtime,
    queue: Queue,
    log: Log,
    polls: usize,
    waiting: Vec<Waiter>,
    /// Polls that came back, in that order.
    done: Done,
}

impl World {
    fn of(dream: &Dream) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let visibility = Duration::from_millis(dream.model.visibility);
        let clock = runtime.block_on(async { Arc::new(RuntimeClock::starting_now()) as Arc<dyn Clock> });
        let queue = Queue::new(id::Queue::Orders, clock, Settings { visibility });
        Self { runtime, queue, log: Log::of(dream), polls: 0, waiting: Vec::new(), done: Done::default() }
    }

    fn take(&mut self, step: Step) -> Kept {
        match step {
            Step::Send { group, id } => {
                let job = self.log.next_job();
                let answer = walk::sent(self.runtime.block_on(self.queue.send(&walk::envelope(group, id, job))));
                self.log.hears(&Call::Send { group, id: id.to_owned(), job }, &answer)?;
                self.settle(Seen::WokenBySend)?;
            }
            Step::Receive { max } => {
                let answer = walk::received(self.runtime.block_on(self.queue.receive(max, Duration::ZERO)));
                self.log.hears(&Call::Receive { max }, &answer)?;
            }
            Step::Poll { max, wait } => self.poll(max, wait)?,
            Step::Delete(aim) => {
                let Some(receipt) = aim.at(&self.log.model) else { return Ok(()) };
                let answer = walk::settled(self.runtime.block_on(self.queue.delete(&receipt)));
                self.log.hears(&Call::Delete { receipt }, &answer)?;
                self.settle(Seen::WokenByDelete)?;
            }
            Step::Defer(aim, after) => {
                let Some(receipt) = aim.at(&self.log.model) else { return Ok(()) };
                let by = Duration::from_millis(after);
                let answer = walk::settled(self.runtime.block_on(self.queue.defer(&receipt, by)));
                self.log.hears(&Call::Defer { receipt, after }, &answer)?;
                self.settle(Seen::WokenByDefer)?;
            }
            Step::Pass { time } => self.pass(time)?,
        }
        // Inside, where the time is the runtime's.
        let stats = self.runtime.block_on(async { self.queue.stats() });
        prop_assert_eq!(stats, self.log.model.stats());
        Ok(())
    }

    fn poll(&mut self, max: usize, wait: u64) -> Kept {
        let (queue, done, number) = (self.queue.clone(), Arc::clone(&self.done), self.polls);
        self.runtime.spawn(async move {
            let answer = walk::received(queue.receive(max, Duration::from_millis(wait)).await);
            done.lock().unwrap().push((number, answer));
        });
        self.polls += 1;
        self.waiting.push(Waiter { number, max, until: self.log.model.now + wait });
        self.settle(Seen::PollAtOnce)
    }

    /// Lets time pass, from one moment to the next in which something is due.
    fn pass(&mut self, time: u64) -> Kept {
        let end = self.log.model.now + time;
        while self.log.model.now < end {
            let now = self.log.model.now;
            let ends = self.waiting.iter().map(|waiter| waiter.until).min();
            let next = [Some(end), ends, self.log.model.next_reveal()].into_iter().flatten().min().unwrap_or(end);
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(next - now)).await });
            self.log.model.now = next;
            self.settle(Seen::WokenByTime)?;
        }
        Ok(())
    }

    /// Compares what long polls have brought by now. `woken` is why one may have.
    fn settle(&mut self, woken: Seen) -> Kept {
        self.runtime.block_on(async {
            for _ in 0..4 {
                yield_now().await;
            }
        });
        for (number, answer) in mem::take(&mut *self.done.lock().unwrap()) {
            let place = self.waiting.iter().position(|waiter| waiter.number == number).unwrap();
            let waiter = self.waiting.remove(place);
            self.log.hears(&Call::Receive { max: waiter.max }, &answer)?;
            if answer == Answer::Received(Vec::new()) {
                prop_assert_eq!(waiter.until, self.log.model.now, "a poll waits its time");
                self.log.tally.saw(Seen::WaitedInVain);
            } else {
                self.log.tally.saw(woken);
            }
        }
        let nothing = self.waiting.is_empty() || self.log.model.offered() == 0;
        prop_assert!(nothing, "somebody waits for what is there");
        let late = self.waiting.iter().any(|waiter| waiter.until <= self.log.model.now);
        prop_assert!(!late, "a poll waits longer than its time");
        Ok(())
    }
}

#[test]
fn the_embedded_queue_answers_as_the_model_does() {
    let tally = Mutex::new(Tally::new());
    walk::run::<Virtual>(1, 600, 1..160, 2_000, |dream, steps| {
        let mut world = World::of(&dream);
        for step in steps {
            world.take(step)?;
        }
        world.pass(20 * SECOND)?;
        prop_assert!(world.waiting.is_empty());
        world.log.tally.finished += 1;
        tally.lock().unwrap().add(world.log.tally);
        Ok(())
    });
    let tally = tally.into_inner().unwrap();
    let missing = tally.missing(LEAST);
    assert!(missing.is_empty(), "too little was seen: {missing:?} of {tally:#?}");
}
