//! Random histories of a queue, made so that they meet what is interesting: a receipt is chosen by what it can do, and
//! the choice is made on a dream, the model answering itself. On a real queue the same step means the receipt of that
//! kind there, so a history stays sensible when it is shortened and when the queue serves groups in another order.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::Ordering;

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, ShopId};
use lane::ports::{QueueError, Receipt, Received, Settled};
use lane::wake_up::{DedupId, Envelope, WakeUp};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::{RngSeed, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use super::model::{Answer, Call, Departure, Got, Model, Power};
use super::witness::Tally;

/// The groups of a history.
pub(crate) const GROUPS: u8 = 3;

/// One thing that is done to a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Send { group: u8, id: &'static str },
    Receive { max: usize },
    Poll { max: usize, wait: u64 },
    Delete(Aim),
    Defer(Aim, u64),
    Pass { time: u64 },
}

/// A receipt of the kind, counted from the youngest and round and round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    power: Power,
    which: usize,
}

/// What differs between walks.
pub(crate) trait Pace: Debug + Clone + 'static {
    /// Seconds, as all here but the passing of time, which is in milliseconds.
    const VISIBILITIES: &'static [u64];
    const DEFERS: &'static [u64];
    const PASSES: &'static [u64];
    const POLLS: &'static [u64];
    const DEPARTURES: &'static [Departure];
    /// How often a history defers, beside two deletes.
    const DEFERS_OFTEN: u32;
}

const IDS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", r##"aZ09!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##, LONG_ID];
const WRONG_IDS: &[&str] = &["", "a b", "a\tb", "\u{e4}", "\u{7f}", TOO_LONG_ID];
const LONG_ID: &str = TOO_LONG_ID.split_at(128).0;
const TOO_LONG_ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                           0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";

/// The reference of `proptest-state-machine`.
pub(crate) struct Walk<P>(PhantomData<P>);

/// The model that answers itself, and how much was sent to it.
#[derive(Debug, Clone)]
pub(crate) struct Dream {
    pub(crate) model: Model,
    sends: u64,
    receipts: usize,
}

impl<P: Pace> ReferenceStateMachine for Walk<P> {
    type State = Dream;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Dream> {
        let begin = |seconds| Dream { model: Model::new(seconds * 1_000, P::DEPARTURES), sends: 0, receipts: 0 };
        select(P::VISIBILITIES).prop_map(begin).boxed()
    }

    fn transitions(dream: &Dream) -> BoxedStrategy<Step> {
        let seconds = |of: &'static [u64]| select(of).prop_map(|seconds| seconds * 1_000);
        let send = |ids| (0..GROUPS, select(ids)).prop_map(|(group, id)| Step::Send { group, id });
        let mut steps = vec![
            (14, send(IDS).boxed()),
            (1, send(WRONG_IDS).boxed()),
            (10, (1..=10_usize).prop_map(|max| Step::Receive { max }).boxed()),
            (2, (1..=10_usize, seconds(P::POLLS)).prop_map(|(max, wait)| Step::Poll { max, wait }).boxed()),
            (5, select(P::PASSES).prop_map(|time| Step::Pass { time }).boxed()),
        ];
        for (often, power) in
            [(6, Power::Held), (2, Power::Over), (2, Power::Stale), (1, Power::Gone), (1, Power::Unknown)]
        {
            let aim = (0..6_usize).prop_map(move |which| Aim { power, which });
            if dream.aim(Aim { power, which: 0 }).is_some() {
                let defer = (aim.clone(), seconds(P::DEFERS)).prop_map(|(aim, after)| Step::Defer(aim, after));
                steps.extend([
                    (2 * often, aim.prop_map(Step::Delete).boxed()),
                    (P::DEFERS_OFTEN * often, defer.boxed()),
                ]);
            }
        }
        Union::new_weighted(steps).boxed()
    }

    fn preconditions(dream: &Dream, step: &Step) -> bool {
        match step {
            Step::Delete(aim) | Step::Defer(aim, _) => dream.aim(*aim).is_some(),
            Step::Send { .. } | Step::Receive { .. } | Step::Poll { .. } | Step::Pass { .. } => true,
        }
    }

    fn apply(mut dream: Dream, step: &Step) -> Dream {
        match step {
            Step::Send { group, id } => {
                dream.sends += 1;
                let job = dream.sends;
                dream.hears(&Call::Send { group: *group, id: (*id).to_owned(), job });
            }
            Step::Receive { max } | Step::Poll { max, .. } => dream.hears(&Call::Receive { max: *max }),
            Step::Delete(aim) => {
                if let Some(receipt) = dream.aim(*aim) {
                    dream.hears(&Call::Delete { receipt });
                }
            }
            Step::Defer(aim, after) => {
                if let Some(receipt) = dream.aim(*aim) {
                    dream.hears(&Call::Defer { receipt, after: *after });
                }
            }
            Step::Pass { time } => dream.model.now += time,
        }
        dream
    }
}

impl Dream {
    fn aim(&self, aim: Aim) -> Option<Receipt> {
        aim.at(&self.model)
    }

    /// A receive is answered group by group, which is one of the allowed ways. What else is asked has only one answer,
    /// and the model does what it means whether or not it is asked for the right one.
    fn hears(&mut self, call: &Call) {
        let mut got = Vec::new();
        if let Call::Receive { max } = call {
            for group in 0..GROUPS {
                for job in self.model.offers(group).into_iter().take(*max - got.len()) {
                    self.receipts += 1;
                    got.push(Got { group, job, receipt: Receipt(format!("dreamt-{}", self.receipts)) });
                }
            }
            self.model.absorb(call, &Answer::Received(got)).unwrap();
        } else {
            let _ = self.model.absorb(call, &Answer::Sent);
        }
    }
}

impl Aim {
    /// The receipt that is meant on a queue that the model has followed.
    pub(crate) fn at(self, model: &Model) -> Option<Receipt> {
        if self.power == Power::Unknown {
            return Some(Receipt(["not-a-receipt", "1.1", "999.999.1"][self.which % 3].to_owned()));
        }
        let of_kind = |receipt: &&Receipt| model.power(receipt) == self.power;
        let fitting: Vec<&Receipt> = model.given.iter().rev().map(|given| &given.receipt).filter(of_kind).collect();
        let which = self.which.checked_rem(fitting.len())?;
        Some(fitting[which].clone())
    }
}

/// Whether a queue did as the model does. Not a panic, of which every step of the shortening would tell.
pub(crate) type Kept = Result<(), TestCaseError>;

/// A queue's answers, compared with the model as they come.
pub(crate) struct Log {
    pub(crate) model: Model,
    pub(crate) tally: Tally,
    sends: u64,
}

impl Log {
    pub(crate) fn of(dream: &Dream) -> Self {
        Self { model: dream.model.clone(), tally: Tally::default(), sends: 0 }
    }

    /// The number of the next send.
    pub(crate) fn next_job(&mut self) -> u64 {
        self.sends += 1;
        self.sends
    }

    /// Follows the answer, if it is allowed.
    pub(crate) fn hears(&mut self, call: &Call, answer: &Answer) -> Kept {
        let before = self.model.clone();
        for departure in &before.departures {
            if before.without(*departure).absorb(call, answer).is_err() {
                *self.tally.departed.entry(*departure).or_default() += 1;
            }
        }
        if let Err(why) = self.model.absorb(call, answer) {
            return Err(TestCaseError::fail(format!("{call:?} at {} ms: {why}\n{before:#?}", before.now)));
        }
        self.tally.note(&before, call, answer, &self.model);
        Ok(())
    }
}

/// Runs histories of some steps until enough have passed, or panics with the shortest that does not. `seed` may be
/// overruled by `PROPTEST_RNG_SEED`, `cases` by `PROPTEST_CASES`.
pub(crate) fn run<P: Pace>(
    seed: u64,
    cases: u32,
    steps: Range<usize>,
    shrinks: u32,
    follow: impl Fn(Dream, &mut dyn Iterator<Item = Step>) -> Kept,
) {
    let mut config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: shrinks, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(seed);
    }
    let seed = config.rng_seed;
    let histories = Walk::<P>::sequential_strategy(steps);
    let told = TestRunner::new(config).run(&histories, |(dream, steps, seen)| {
        // What was not reached is taken away at once when a history that failed is shortened.
        let reached = |_: &Step| {
            if let Some(seen) = &seen {
                seen.fetch_add(1, Ordering::SeqCst);
            }
        };
        follow(dream, &mut steps.into_iter().inspect(reached))
    });
    if let Err(failure) = told {
        panic!("{seed:?}: {failure}");
    }
}

pub(crate) fn envelope(group: u8, id: &str, job: u64) -> Envelope {
    let shop = ShopId::parse(&format!("shop-{group}")).unwrap();
    let (lane, at, number) = (LaneKey::orders(&shop), Timestamp::UNIX_EPOCH, String::new());
    let wake_up = WakeUp { lane, shop, job: JobId::from(job), number, at, approved: false };
    Envelope { wake_up, dedup: DedupId::given(id) }
}

/// A send's answer in the model's words. Only a refusal of the request is an answer.
pub(crate) fn sent(answer: Result<(), QueueError>) -> Answer {
    match answer {
        Ok(()) => Answer::Sent,
        Err(QueueError::Refused(_)) => Answer::Refused,
        Err(QueueError::Unavailable(why)) => panic!("{why}"),
    }
}

pub(crate) fn settled(answer: Result<Settled, QueueError>) -> Answer {
    match answer {
        Ok(settled) => Answer::Settled(settled),
        Err(QueueError::Refused(_)) => Answer::Refused,
        Err(QueueError::Unavailable(why)) => panic!("{why}"),
    }
}

pub(crate) fn received(answer: Result<Vec<Received>, QueueError>) -> Answer {
    let told = |message: Received| {
        let group = message.lane.group().trim_start_matches("shop-").parse().unwrap();
        let wake_up = message.wake_up.unwrap();
        assert_eq!(wake_up.lane, message.lane);
        Got { group, job: wake_up.job.as_str().parse().unwrap(), receipt: message.receipt }
    };
    Answer::Received(answer.unwrap().into_iter().map(told).collect())
}
