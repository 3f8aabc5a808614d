//! The embedded queue against a reference model that is slow and obvious: one list of messages, looked through from
//! the beginning for every question. Random histories of sends, receives, deletes, defers and passing time must look
//! the same from outside. Which group comes first is the queue's business; everything else is compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backend::embedded::queue::{Queue, Settings, Stats};
use futures::FutureExt;
use lane::clock::{Clock, ManualClock, Timestamp};
use lane::id::{self, JobId, LaneKey, ShopId};
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Settled};
use lane::wake_up::{DedupId, Envelope, WakeUp};
use proptest::collection::vec;
use proptest::prelude::*;

const FIVE_MINUTES: u64 = 300;
const TWELVE_HOURS: u64 = 12 * 60 * 60;

#[derive(Debug, Clone)]
enum Step {
    Send {
        group: u8,
        id: u8,
    },
    Receive {
        max: usize,
    },
    /// Of all receipts ever given, counted from the youngest.
    Delete {
        which: usize,
    },
    Defer {
        which: usize,
        after: u64,
    },
    Pass {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop::sample::select(vec![0, 0, 1, 30, 60, 61, TWELVE_HOURS - 30, TWELVE_HOURS]);
    let seconds = prop::sample::select(vec![1, 1, 29, 30, 31, 60, 240, 300]);
    prop_oneof![
        5 => (0..3_u8, 0..8_u8).prop_map(|(group, id)| Step::Send { group, id }),
        5 => (1..=10_usize).prop_map(|max| Step::Receive { max }),
        5 => (0..12_usize).prop_map(|which| Step::Delete { which }),
        3 => (0..12_usize, after).prop_map(|(which, after)| Step::Defer { which, after }),
        2 => seconds.prop_map(|seconds| Step::Pass { seconds }),
    ]
}

struct Message {
    group: u8,
    job: u64,
    receives: u32,
    received: u64,
    /// Hidden before this time.
    shows: u64,
}

/// A receive of a message, as the model knows it.
struct Given {
    receipt: Receipt,
    job: u64,
    receive: u32,
}

#[derive(Default)]
struct Model {
    now: u64,
    visibility: u64,
    sends: u64,
    messages: Vec<Message>,
    first_sent: BTreeMap<(u8, u8), u64>,
    given: Vec<Given>,
}

impl Model {
    fn send(&mut self, group: u8, id: u8) -> u64 {
        self.sends += 1;
        let remembered = self.first_sent.get(&(group, id));
        if remembered.is_none_or(|first| self.now - first >= FIVE_MINUTES) {
            self.first_sent.insert((group, id), self.now);
            let job = self.sends;
            self.messages.push(Message { group, job, receives: 0, received: 0, shows: 0 });
        }
        self.sends
    }

    /// The jobs of a group that may be received: those before its first hidden one.
    fn offers(&self, group: u8) -> Vec<u64> {
        let of_group = self.messages.iter().filter(|message| message.group == group);
        of_group.take_while(|message| message.shows <= self.now).map(|message| message.job).collect()
    }

    /// Takes over what the queue has given, if the rules allow it.
    fn receive(&mut self, max: usize, given: Vec<(u8, u64, Receipt)>) -> Result<(), TestCaseError> {
        let mut order: Vec<u8> = given.iter().map(|(group, ..)| *group).collect();
        order.dedup();
        let offered: usize = (0..3).map(|group| self.offers(group).len()).sum();
        prop_assert_eq!(given.len(), offered.min(max), "as many as there are, up to the maximum");
        for (place, group) in order.iter().enumerate() {
            prop_assert!(!order[..place].contains(group), "a group stands together");
            let offers = self.offers(*group);
            let of_group = given.iter().filter(|(of, ..)| of == group);
            let jobs: Vec<u64> = of_group.map(|(_, job, _)| *job).collect();
            prop_assert!(offers.starts_with(&jobs), "{jobs:?} is not how {offers:?} begins");
            let is_last = place + 1 == order.len();
            prop_assert!(is_last || jobs == offers, "a group is taken whole before the next");
        }
        let (now, visibility) = (self.now, self.visibility);
        for (_, job, receipt) in given {
            let message = self.find(job).expect("it was offered");
            message.receives += 1;
            message.received = now;
            message.shows = now + visibility;
            let receive = message.receives;
            self.given.push(Given { receipt, job, receive });
        }
        Ok(())
    }

    fn find(&mut self, job: u64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.job == job)
    }

    /// The message that a receipt has power over.
    fn held(&mut self, which: usize) -> Option<&mut Message> {
        let (job, receive, now) = (self.given[which].job, self.given[which].receive, self.now);
        self.find(job).filter(|message| message.receives == receive && message.shows > now)
    }

    fn delete(&mut self, which: usize) -> Settled {
        let job = self.given[which].job;
        if self.held(which).is_some() {
            self.messages.retain(|message| message.job != job);
            return Settled::Done;
        }
        if self.find(job).is_none() { Settled::Done } else { Settled::Expired }
    }

    /// `None` if it is refused.
    fn defer(&mut self, which: usize, after: u64) -> Option<Settled> {
        let now = self.now;
        let Some(message) = self.held(which) else { return Some(Settled::Expired) };
        if now + after > message.received + TWELVE_HOURS {
            return None;
        }
        message.shows = now + after;
        Some(Settled::Done)
    }

    fn stats(&self) -> Stats {
        let in_flight = self.messages.iter().filter(|message| message.shows > self.now).count();
        let groups = (0..3).filter(|group| self.messages.iter().any(|m| m.group == *group)).count();
        Stats { visible: self.messages.len() - in_flight, in_flight, groups }
    }
}

fn envelope(group: u8, id: u8, job: u64) -> Envelope {
    let shop = ShopId::parse(&format!("shop-{group}")).unwrap();
    let (lane, at, number) = (LaneKey::orders(&shop), Timestamp::UNIX_EPOCH, String::new());
    let wake_up = WakeUp { lane, shop, job: JobId::from(job), number, at, approved: false };
    Envelope { wake_up, dedup: DedupId::given(&id.to_string()) }
}

fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("the embedded queue answers at once when there is no wait")
}

fn receive(queue: &Queue, max: usize) -> Vec<(u8, u64, Receipt)> {
    let received = now(queue.receive(max, Duration::ZERO)).unwrap();
    let told = |message: lane::ports::Received| {
        let group = message.lane.group().trim_start_matches("shop-").parse().unwrap();
        let job = message.wake_up.unwrap().job.as_str().parse().unwrap();
        (group, job, message.receipt)
    };
    received.into_iter().map(told).collect()
}

fn follow(visibility: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
    let settings = Settings { visibility: Duration::from_secs(visibility) };
    let queue = Queue::new(id::Queue::Orders, clock.clone() as Arc<dyn Clock>, settings);
    let mut model = Model { visibility, ..Model::default() };
    for step in steps {
        let youngest = |which: usize| model.given.len().checked_sub(which + 1);
        match step {
            Step::Send { group, id } => {
                let job = model.send(group, id);
                now(queue.send(&envelope(group, id, job))).unwrap();
            }
            Step::Receive { max } => model.receive(max, receive(&queue, max))?,
            Step::Delete { which } => {
                let Some(which) = youngest(which) else { continue };
                let deleted = now(queue.delete(&model.given[which].receipt)).unwrap();
                prop_assert_eq!(deleted, model.delete(which));
            }
            Step::Defer { which, after } => {
                let Some(which) = youngest(which) else { continue };
                let after_ = Duration::from_secs(after);
                let deferred = now(queue.defer(&model.given[which].receipt, after_));
                match (deferred, model.defer(which, after)) {
                    (Ok(found), Some(wanted)) => prop_assert_eq!(found, wanted),
                    (Err(QueueError::Refused(_)), None) => {}
                    (found, wanted) => prop_assert!(false, "{found:?} instead of {wanted:?}"),
                }
            }
            Step::Pass { seconds } => {
                clock.advance(Duration::from_secs(seconds));
                model.now += seconds;
            }
        }
        prop_assert_eq!(queue.stats(), model.stats());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_queue_looks_like_the_model(
        visibility in prop::sample::select(vec![0_u64, 30, 60, 60]),
        steps in vec(step(), 1..120),
    ) {
        follow(visibility, steps)?;
    }
}
