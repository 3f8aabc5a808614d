//! What a seed stands for: who sells what and changes it when, and what goes wrong when.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use simulators::faults::{Effect, Fault};

use super::hosts::{SHIPSTATION, SHOPIFY};

/// Orders of a shop are numbered from here.
pub(crate) const FIRST: u64 = 1001;

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The rule that is taken out, to see that it is missed.
    pub(crate) without: Option<Rule>,
    pub(crate) shops: Vec<Merchant>,
    /// Calls a minute that the warehouse's account allows.
    pub(crate) per_minute: u32,
    /// The network's slowest message.
    pub(crate) latency: Duration,
    /// How many of the wake-ups are lost.
    pub(crate) lost: f64,
    /// What merchants do, in order of time.
    pub(crate) deeds: Vec<(Duration, Deed)>,
    /// What goes wrong, in order of time.
    pub(crate) troubles: Vec<(Duration, Trouble)>,
    /// When the last trouble is over.
    pub(crate) ends: Duration,
}

/// A rule that a run can do without; some seed must then fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The sweep wakes lanes that nobody was woken for.
    Sweep,
    /// A webhook is answered 2xx only once it is in the ledger.
    CommitFirst,
    /// The worker keeps to the warehouse's limit.
    Limit,
    /// Nothing passes an order whose attempt failed.
    StandStill,
}

/// A shop.
#[derive(Debug, Clone)]
pub(crate) struct Merchant {
    pub(crate) id: String,
    /// Orders above this total wait for a person.
    pub(crate) holds_above: Option<u32>,
    /// How many of its orders go together.
    pub(crate) together: u32,
    /// Whether an order whose attempt failed lets others pass.
    pub(crate) steps_aside: bool,
}

impl Merchant {
    pub(crate) fn domain(&self) -> String {
        format!("{}.myshopify.com", self.id)
    }
}

/// What a merchant, or a buyer, does about an order.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) shop: usize,
    pub(crate) number: u64,
    pub(crate) kind: DeedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeedKind {
    Sell,
    Readdress,
    Tag,
    /// One line has one unit from now on.
    Reduce,
    Cancel,
}

/// What goes wrong, and when it is over again.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The program is killed.
    Crash,
    /// It is asked to stop.
    Stop,
    /// It starts, unless it runs.
    Start,
    /// No message passes between the program and a host.
    Part(&'static str),
    Rejoin(&'static str),
    /// Messages are kept, and come when they are let go.
    Keep(&'static str),
    LetGo(&'static str),
    /// So many messages cut the link for a moment.
    Lose(&'static str, f64),
    /// The ledger refuses everything, or no longer.
    Sick(bool),
    /// A provider fails.
    Strike(&'static str, Fault),
    /// Everybody sleeps, and wakes up so much later.
    Sleep(Duration),
}

fn s(random: &mut SmallRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(random.random_range(from * 1000..=to * 1000))
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let shops = (0..random.random_range(1..=4)).map(|at| merchant(&mut random, at)).collect::<Vec<_>>();
        let span = random.random_range(30..=150);
        let deeds = deeds(&mut random, shops.len(), span);
        let mut troubles = Vec::new();
        for _ in 0..random.random_range(2..=9) {
            let at = s(&mut random, 0, span + 30);
            trouble(&mut random, at, &mut troubles);
        }
        troubles.sort_by_key(|(at, _)| *at);
        let last = |at: Option<&Duration>| at.copied().unwrap_or_default();
        let ends = last(deeds.last().map(|(at, _)| at)).max(last(troubles.last().map(|(at, _)| at)));
        Self {
            seed,
            without: None,
            shops,
            per_minute: *[40, 40, 60, 200].choose(&mut random).unwrap(),
            latency: Duration::from_millis(*[10, 100, 100, 800].choose(&mut random).unwrap()),
            lost: *[0.0, 0.0, 0.05, 0.3].choose(&mut random).unwrap(),
            deeds,
            troubles,
            ends,
        }
    }
}

fn merchant(random: &mut SmallRng, at: u64) -> Merchant {
    Merchant {
        id: format!("shop-{at}"),
        holds_above: random.random_bool(0.4).then(|| random.random_range(40..160)),
        together: *[1, 1, 5, 100].choose(random).unwrap(),
        steps_aside: random.random_bool(0.2),
    }
}

fn deeds(random: &mut SmallRng, shops: usize, span: u64) -> Vec<(Duration, Deed)> {
    let mut deeds = Vec::new();
    for shop in 0..shops {
        let orders = random.random_range(2..=9);
        // Some shops sell all at once.
        let span = if random.random_bool(0.3) { 3 } else { span };
        for number in FIRST..FIRST + orders {
            let at = s(random, 1, span);
            let mut deed = |at, kind| deeds.push((at, Deed { shop, number, kind }));
            deed(at, DeedKind::Sell);
            for _ in 0..random.random_range(0..=2) {
                let later = at + s(random, 1, 40);
                let kinds = [DeedKind::Readdress, DeedKind::Readdress, DeedKind::Tag, DeedKind::Reduce];
                deed(later, *kinds.choose(random).unwrap());
            }
            if random.random_bool(0.15) {
                let later = at + s(random, 1, 60);
                deed(later, DeedKind::Cancel);
            }
        }
    }
    deeds.sort_by_key(|(at, _)| *at);
    deeds
}

fn trouble(random: &mut SmallRng, at: Duration, troubles: &mut Vec<(Duration, Trouble)>) {
    let other = *[SHOPIFY, SHIPSTATION].choose(random).unwrap();
    let for_a_while = s(random, 0, 45);
    let over = at + for_a_while;
    let pair = match random.random_range(0..13) {
        0..=2 => [(at, Trouble::Crash), (at + s(random, 0, 20), Trouble::Start)],
        3 => [(at, Trouble::Stop), (at + s(random, 0, 40), Trouble::Start)],
        4 => [(at, Trouble::Part(other)), (over, Trouble::Rejoin(other))],
        5 => [(at, Trouble::Keep(other)), (over, Trouble::LetGo(other))],
        6 => [(at, Trouble::Lose(other, 0.05)), (over, Trouble::Lose(other, 0.0))],
        7 => [(at, Trouble::Sick(true)), (over, Trouble::Sick(false))],
        8 => {
            let minutes = *[3, 6, 20, 150, 300].choose(random).unwrap();
            troubles.push((at, Trouble::Sleep(Duration::from_mins(minutes))));
            return;
        }
        _ => {
            let mut fault = Fault::next(effect(random)).times(random.random_range(1..=4));
            fault.skip = random.random_range(0..6);
            troubles.push((at, Trouble::Strike(other, fault)));
            return;
        }
    };
    troubles.extend(pair);
}

fn effect(random: &mut SmallRng) -> Effect {
    let status = |status, commit| Effect::Status { status, body: "{}".to_owned(), headers: Vec::new(), commit };
    match random.random_range(0..10) {
        0 => status(500, false),
        1 => status(502, true),
        2 => status(503, false),
        3 => Effect::Throttle { retry_after_seconds: random.random_range(1..40) },
        4 => Effect::CutBeforeCommit,
        5 => Effect::CutAfterCommit,
        6 => Effect::HalfBody,
        7 => Effect::Html200,
        8 => Effect::Hang(s(random, 5, 60)),
        _ => Effect::Delay(s(random, 1, 30)),
    }
}
