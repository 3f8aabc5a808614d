//! The same walks over the SQS adapter and the stand-in, in real time: visibility times of two seconds, and nothing that
//! takes five minutes or twelve hours.
//!
//! What a call finds depends on when the service gets to it. So no call is made close to the end of a visibility time,
//! and a history in which one takes so long that it may have crossed such an end is given up and counted.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use backend::aws::queue::{Address, Queue};
use lane::ports::{QueueReceiver, QueueSender};
use proptest::prelude::*;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::model::{Answer, Call, Departure};
use super::sqs::Sqs;
use super::walk::{self, Dream, Kept, Log, Pace, Step};
use super::witness::{Seen, Tally};

/// The longest a call may take, in milliseconds, and the distance that calls keep from the ends of visibility times.
const CALL_MAX: u64 = 400;

/// Histories that walk at the same time, and how many each walks after another.
const WALKERS: u64 = 16;
const CASES: u32 = 1;

#[derive(Debug, Clone)]
struct Real;

impl Pace for Real {
    const VISIBILITIES: &'static [u64] = &[2, 2, 2, 0];
    const DEFERS: &'static [u64] = &[0, 0, 1, 3, 4];
    const PASSES: &'static [u64] = &[1_000, 2_000, 3_000];
    const POLLS: &'static [u64] = &[1, 3];
    const DEPARTURES: &'static [Departure] = &[
        Departure::DoesNotPack,
        Departure::BlocksWholeGroup,
        Departure::TrustsExpiredReceipts,
        Departure::ForgetsDeletedReceipts,
        Departure::TakesAnyId,
    ];
    const DEFERS_OFTEN: u32 = 1;
}

/// What every run has to have seen at least.
pub(crate) const LEAST: &[(Seen, u64)] = &[
    (Seen::Delivered, 100),
    (Seen::Deleted, 30),
    (Seen::Swallowed, 30),
    (Seen::SwallowedAfterDelete, 1),
    (Seen::SameIdInAnotherGroup, 10),
    (Seen::Redelivered, 20),
    (Seen::BatchCameBack, 1),
    (Seen::HidGroup, 3),
    (Seen::ShownAtOnce, 1),
    (Seen::FreedByDelete, 1),
    (Seen::StaleDelete, 1),
    (Seen::Garbage, 1),
    (Seen::Deferred, 3),
    (Seen::GivenBack, 3),
    (Seen::DeferredDeleted, 1),
    (Seen::PollAtOnce, 3),
];

struct World {
    runtime: Handle,
    queue: Queue,
    began: Instant,
    log: Log,
    too_slow: bool,
}

impl World {
    fn of(dream: &Dream, sqs: &Sqs, name: &str, runtime: &Handle) -> Self {
        let visibility = Duration::from_millis(dream.model.visibility);
        let queue = runtime.block_on(async {
            let url = sqs.stand_in.queue(name, visibility).await.unwrap();
            sqs.connect(Address::Url(url), visibility.as_secs()).await.unwrap()
        });
        // A connection is made before anything is measured.
        runtime.block_on(queue.receive(1, Duration::ZERO)).unwrap();
        Self { runtime: runtime.clone(), queue, began: Instant::now(), log: Log::of(dream), too_slow: false }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// Moves the model to the present, and the present away from the ends of visibility times.
    fn step_aside(&mut self) {
        loop {
            let now = self.elapsed();
            let near = |shows: &u64| now < shows + CALL_MAX && *shows < now + CALL_MAX;
            let shows = self.log.model.groups.values().flatten().map(|message| message.shows);
            let Some(latest) = shows.filter(near).max() else {
                self.log.model.now = now;
                return;
            };
            thread::sleep(Duration::from_millis(latest + CALL_MAX - now));
        }
    }

    /// Notes an answer, unless it was too long in coming to tell what it is an answer to.
    fn hears(&mut self, call: &Call, answer: &Answer) -> Kept {
        if self.elapsed() >= self.log.model.now + CALL_MAX {
            self.too_slow = true;
            return Ok(());
        }
        self.log.hears(call, answer)
    }

    fn take(&mut self, step: Step) -> Kept {
        if self.too_slow {
            return Ok(());
        }
        self.step_aside();
        match step {
            Step::Send { group, id } => {
                let job = self.log.next_job();
                let answer = walk::sent(self.runtime.block_on(self.queue.send(&walk::envelope(group, id, job))));
                self.hears(&Call::Send { group, id: id.to_owned(), job }, &answer)?;
            }
            Step::Receive { max } => {
                let answer = walk::received(self.runtime.block_on(self.queue.receive(max, Duration::ZERO)));
                self.hears(&Call::Receive { max }, &answer)?;
            }
            Step::Poll { max, wait } => self.poll(max, wait)?,
            Step::Delete(aim) => {
                let Some(receipt) = aim.at(&self.log.model) else { return Ok(()) };
                let answer = walk::settled(self.runtime.block_on(self.queue.delete(&receipt)));
                self.hears(&Call::Delete { receipt }, &answer)?;
            }
            Step::Defer(aim, after) => {
                let Some(receipt) = aim.at(&self.log.model) else { return Ok(()) };
                let by = Duration::from_millis(after);
                let answer = walk::settled(self.runtime.block_on(self.queue.defer(&receipt, by)));
                self.hears(&Call::Defer { receipt, after }, &answer)?;
            }
            Step::Pass { time } => thread::sleep(Duration::from_millis(time)),
        }
        Ok(())
    }

    /// A long poll, with nobody else at the queue: it comes back at once, or at the first end of a visibility time that
    /// lets it, or when its time is over.
    fn poll(&mut self, max: usize, wait: u64) -> Kept {
        let (call, now) = (Call::Receive { max }, self.log.model.now);
        let at_once = self.log.model.offered() > 0;
        let shows = self.first_offer().filter(|shows| *shows < now + wait + 2 * CALL_MAX);
        let close = |other: u64| shows.is_some_and(|shows| other != shows && other.abs_diff(shows) < 2 * CALL_MAX);
        let end = shows.is_some_and(|shows| shows + 2 * CALL_MAX > now + wait);
        if !at_once && (end || self.log.model.reveals().any(close)) {
            // Nobody could say what it should have brought.
            return Ok(());
        }
        let answer = walk::received(self.runtime.block_on(self.queue.receive(max, Duration::from_millis(wait))));
        if at_once {
            self.hears(&call, &answer)?;
            self.log.tally.saw(Seen::PollAtOnce);
            return Ok(());
        }
        let back = self.elapsed();
        let due = shows.unwrap_or(now + wait);
        if back >= due + 2 * CALL_MAX {
            self.too_slow = true;
            return Ok(());
        }
        // The service counts the seconds, so it may be early by a little when nothing comes, and never when it does.
        prop_assert!(back + CALL_MAX > due && (shows.is_none() || back >= due), "back at {back} ms, due at {due} ms");
        self.log.model.now = back.saturating_sub(CALL_MAX).max(due.min(back));
        self.log.hears(&call, &answer)?;
        self.log.tally.saw(if shows.is_some() { Seen::WokenByTime } else { Seen::WaitedInVain });
        Ok(())
    }

    /// When the first hidden message shows that lets a receive bring something.
    fn first_offer(&self) -> Option<u64> {
        let mut then = self.log.model.clone();
        while let Some(shows) = then.next_reveal() {
            then.now = shows;
            if then.offered() > 0 {
                return Some(shows);
            }
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_answers_as_the_model_does_where_its_stand_in_does() {
    let sqs = Sqs::start().await;
    let runtime = Handle::current();
    let tally = tokio::task::spawn_blocking(move || walk_all(&sqs, &runtime)).await.unwrap();
    let missing = tally.missing(LEAST);
    assert!(missing.is_empty(), "too little was seen: {missing:?} of {tally:#?}");
    assert!(tally.finished > tally.too_slow, "the machine is too slow for this: {tally:#?}");
    for departure in Real::DEPARTURES {
        let shown = tally.departed.contains_key(departure);
        assert!(shown, "{departure:?} made no difference; take it off the list, or walk further: {tally:#?}");
    }
}

fn walk_all(sqs: &Sqs, runtime: &Handle) -> Tally {
    let tally = Mutex::new(Tally::new());
    thread::scope(|scope| {
        for walker in 0..WALKERS {
            let (tally, queues) = (&tally, Mutex::new(0));
            scope.spawn(move || {
                walk::run::<Real>(walker, CASES, 40..70, 40, |dream, steps| {
                    let queue = {
                        let mut queues = queues.lock().unwrap();
                        *queues += 1;
                        *queues
                    };
                    let mut world = World::of(&dream, sqs, &format!("walk-{walker}-{queue}"), runtime);
                    for step in steps {
                        world.take(step)?;
                    }
                    if world.too_slow {
                        world.log.tally.too_slow += 1;
                    } else {
                        world.log.tally.finished += 1;
                    }
                    tally.lock().unwrap().add(world.log.tally);
                    Ok(())
                });
            });
        }
    });
    tally.into_inner().unwrap()
}
