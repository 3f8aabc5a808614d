//! `lanekeeper demo`: the whole program with simulated providers and made-up merchants, on this machine alone.
//!
//! The [`stage`] is set up (simulators, settings, program, shops, operators); [`traffic`] plays Shopify, [`trouble`]
//! makes the providers fail now and then, [`packing`] ships what has come to the warehouse, [`people`] decides where nobody
//! is there to do it, and the [`screen`] says how it goes. At the end [`proof`] compares what was accepted with what the simulated warehouse holds.

mod cast;
mod stage;
mod traffic;
mod trouble;
mod packing;
mod people;
mod screen;
mod proof;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use lane::clock::Clock;
use lane::ports::Desk as _;
use lane::state::StateKind;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::say::Reader;
use crate::signals;
use cast::SHOPS;
use people::Robin;
use stage::Stage;
use traffic::Street;

/// How often the figures are looked at, and how often they are shown.
const LOOK: Duration = Duration::from_millis(250);
const LINE: Duration = Duration::from_secs(5);

/// How long nothing at all may change before the demonstration gives up. The longest rest between two attempts of
/// its faults is half a minute.
const STUCK: Duration = Duration::from_mins(3);

/// How many shops sell.
const SHOPS_COUNT: u32 = 12;
const _: () = assert!(SHOPS.len() == SHOPS_COUNT as usize);

/// How the demonstration is run.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Raise the simulated limits (6,000 calls a minute) and send orders twenty times as fast.
    #[arg(long)]
    fast: bool,
    /// Where the review page listens; 127.0.0.1:8090 if that is free.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Keep the files there instead of in a temporary folder; one without an earlier demonstration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Stop after so many orders are settled, decide the held ones, and tell whether all is as it should be.
    #[arg(long, value_name = "N")]
    orders: Option<u64>,
}

/// How fast everything goes.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between two orders of a shop, on average.
    order: Duration,
    /// Between two troubles.
    trouble: Duration,
    /// How long a revoked token stays revoked.
    revoked: Duration,
    /// Calls a minute that the simulated warehouse grants an account.
    per_minute: u32,
}

impl Pace {
    /// With 40 calls a minute an account carries out some twelve orders; two shops share one, so a shop sells five.
    const STEADY: Self = Self {
        order: Duration::from_secs(12),
        trouble: Duration::from_secs(20),
        revoked: Duration::from_secs(30),
        per_minute: 40,
    };
    const FAST: Self = Self {
        order: Duration::from_millis(600),
        trouble: Duration::from_secs(2),
        revoked: Duration::from_secs(5),
        per_minute: 6000,
    };
}

impl Pace {
    /// If only so many orders are sold, all the trouble has to come while they are.
    fn of(demo: &Demo) -> Self {
        let pace = if demo.fast { Self::FAST } else { Self::STEADY };
        let Some(orders) = demo.orders else { return pace };
        let orders_a_shop = u32::try_from(orders).unwrap_or(u32::MAX) / SHOPS_COUNT;
        let selling = pace.order.saturating_mul(orders_a_shop);
        Self { trouble: pace.trouble.min(selling / trouble::KINDS), ..pace }
    }
}

/// Runs the demonstration until it is stopped, or until the orders that were asked for are settled.
pub(crate) async fn run(demo: Demo, clock: Arc<dyn Clock>, mut chance: StdRng) -> anyhow::Result<()> {
    let pace = Pace::of(&demo);
    let stop = signals::asked_to_stop()?;
    let began = clock.now();
    let (stage, program) = Stage::set(&demo, pace, Arc::clone(&clock), StdRng::from_rng(&mut chance)).await?;
    let stage = Arc::new(stage);
    screen::greet(&stage, demo.orders);

    // The audience leaves first: while the program drains, nobody sends it orders.
    let playing = stop.child_token();
    let ending = CancellationToken::new();
    let program = tokio::spawn(program.run(ending.clone()));
    let street = Arc::new(Street::new(Arc::clone(&stage), demo.orders)?);
    let plot = Plot { stage: &stage, street: &street, pace, orders: demo.orders };
    let played = plot.play(&playing, &mut chance, &program).await;
    playing.cancel();
    ending.cancel();
    program.await.context("the program panicked")??;
    let settled = played?;
    let findings = proof::judge(&stage, &street, began, settled).await?;
    screen::summary(&findings);
    stage.close().await;
    if !findings.wrong.is_empty() {
        bail!("the simulated warehouse does not hold what was accepted");
    }
    match settled {
        Settled::Yes | Settled::Stopped => Ok(()),
        Settled::Stuck => bail!("nothing has moved for {} s although orders wait", STUCK.as_secs()),
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// All orders that were asked for are settled.
    Yes,
    /// Somebody ended it.
    Stopped,
    /// Nothing moved any more.
    Stuck,
}

struct Plot<'a> {
    stage: &'a Arc<Stage>,
    street: &'a Arc<Street>,
    pace: Pace,
    orders: Option<u64>,
}

impl Plot<'_> {
    async fn play(
        &self,
        playing: &CancellationToken,
        chance: &mut StdRng,
        program: &tokio::task::JoinHandle<anyhow::Result<()>>,
    ) -> anyhow::Result<Settled> {
        let mut acts = JoinSet::new();
        for (at, shop) in SHOPS.iter().enumerate() {
            let chance = StdRng::from_rng(chance);
            acts.spawn(traffic::sell(Arc::clone(self.street), at, shop, self.pace, chance, playing.clone()));
        }
        let robin = Robin::new(self.stage)?;
        let rounds = self.orders.map(|_| 1);
        acts.spawn(trouble::make(Arc::clone(self.stage), robin.clone(), self.pace, rounds, playing.clone()));
        for (at, _) in SHOPS.iter().enumerate().filter(|(_, part)| part.tracking) {
            acts.spawn(packing::pack(Arc::clone(self.street), at, self.pace, playing.clone()));
        }
        let mut watch = Watch::default();
        let mut since_line = Duration::ZERO;
        loop {
            if program.is_finished() {
                return Ok(Settled::Stopped);
            }
            if playing.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return Ok(Settled::Stopped);
            }
            while acts.try_join_next().transpose().context("a part of the demonstration panicked")?.is_some() {}
            if self.orders.is_some() {
                robin.decide_all(&self.stage.ledger).await;
            }
            let figures = self.stage.ledger.figures(self.stage.clock.now()).await?;
            since_line += LOOK;
            if since_line >= LINE {
                since_line = Duration::ZERO;
                if screen::line(self.stage, &figures) == Reader::Left {
                    return Ok(Settled::Stopped);
                }
            }
            if self.orders.is_some() && acts.is_empty() && open(&figures.jobs) == 0 {
                return Ok(Settled::Yes);
            }
            if watch.is_stuck(&figures.jobs, self.orders.is_some()) {
                return Ok(Settled::Stuck);
            }
        }
    }
}

/// Jobs that are not at an end.
fn open(jobs: &[(StateKind, u64)]) -> u64 {
    let is_open = |state: StateKind| match state {
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Held => true,
        StateKind::Done | StateKind::Failed | StateKind::Skipped | StateKind::Rejected => false,
    };
    jobs.iter().filter(|(state, _)| is_open(*state)).map(|(_, count)| count).sum()
}

/// Notices when nothing changes any more.
#[derive(Debug, Default)]
struct Watch {
    last: Vec<(StateKind, u64)>,
    unchanged: Duration,
}

impl Watch {
    fn is_stuck(&mut self, jobs: &[(StateKind, u64)], matters: bool) -> bool {
        if self.last == jobs {
            self.unchanged += LOOK;
        } else {
            self.last = jobs.to_vec();
            self.unchanged = Duration::ZERO;
        }
        matters && self.unchanged >= STUCK
    }
}
