//! Jobs carried out a second: a backlog that waits when the server starts, until the last one is done.
//!
//! The lane protocol alone, with one call for each job, against providers that answer at once, and against the simulators with
//! all of their checks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tokio::time::Instant;
use worker::attempt::Carry;

use super::Bed;
use super::fill::Filling;
use super::lean::{Lean, Taker};
use super::machine::{memory, own_cpu};
use super::one_call::OneCall;
use super::orders::{FIRST, domain};
use super::protocol::{Nothing, Worker, until_done};
use super::server::{COMMITS, Providers, Server, WAKE_UPS, WRITES, ledger};
use super::table::{Cell, Table, as_f64, count, number, per_second, ratio, us_each};

/// Shops with orders in line.
const SHOPS: u64 = 200;
/// How long a backlog may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// So many calls a minute that the simulated limit never binds.
const UNLIMITED: u32 = 1_000_000;

const COLUMNS: [&str; 12] = [
    "setting",
    "together",
    "jobs",
    "jobs/s",
    "CPU µs each",
    "of it kernel",
    "of it writer",
    "jobs/wake-up",
    "jobs/commit",
    "writes/job",
    "calls/job",
    "peak MiB",
];

pub(super) async fn measure(bed: &Bed, tell: &mut impl FnMut(Table)) -> anyhow::Result<()> {
    let heading = "Jobs carried out, from the start of a server with a backlog to the last one done and read back";
    let mut table = Table::new("jobs", heading, &COLUMNS);
    let all = lane::carriage::Carriage::default().burst.orders;
    for together in [1, all] {
        table.row(protocol(bed, together).await?);
    }
    let mut connections = Vec::new();
    for together in [1, all] {
        let (row, used) = one_call(bed, together).await?;
        table.row(row);
        connections.push(used.to_string());
    }
    for together in [1, all] {
        table.row(at_once(bed, together).await?);
    }
    table.row(simulated(bed, all).await?);
    table.note(format!("{} shops, each with a warehouse account of its own; no limit binds", bed.size(5, SHOPS)));
    table
        .note("protocol only: wake-up, lease, head, begin, complete, release; attempts do nothing (keyed serial jobs)");
    table.note(format!(
        "one call: the same, and each attempt is one POST to a server that answers 200 at once, which is what other job \
         systems' \"completed keyed jobs a second\" count; over {} connections; CPU without that server's",
        connections.join(" and ")
    ));
    table.note("lean: whole attempts over HTTP (fetch, judge, put, read back) at providers that answer at once");
    table.note("simulators: the same at the simulators, which check everything and are slower than the server");
    tell(table);
    Ok(())
}

/// What was counted while a backlog was carried out.
struct Run {
    setting: &'static str,
    together: u32,
    jobs: u64,
    took: Duration,
    cpu: Duration,
    kernel: Option<Duration>,
    writer: Option<Duration>,
    wake_ups: u64,
    commits: u64,
    writes: u64,
    calls: u64,
    peak: f64,
}

impl Run {
    fn row(self) -> Vec<Cell> {
        let part = |time: Option<Duration>| time.map_or("".into(), |time| number(us_each(time, self.jobs), 1));
        let per = |of: u64| number(ratio(as_f64(self.jobs), as_f64(of)), 1);
        vec![
            self.setting.into(),
            count(self.together.into()),
            count(self.jobs),
            number(per_second(self.jobs, self.took), 0),
            number(us_each(self.cpu, self.jobs), 1),
            part(self.kernel),
            part(self.writer),
            per(self.wake_ups),
            per(self.commits),
            number(ratio(as_f64(self.writes), as_f64(self.jobs)), 1),
            number(ratio(as_f64(self.calls), as_f64(self.jobs)), 2),
            number(self.peak, 0),
        ]
    }
}

/// The lane protocol alone.
async fn protocol(bed: &Bed, together: u32) -> anyhow::Result<Vec<Cell>> {
    let carry = Nothing::new(together);
    Ok(in_process(bed, "protocol only", Arc::clone(&carry) as _, &carry).await?.row())
}

/// The lane protocol with one call for each job. The connections over which they were made, too.
async fn one_call(bed: &Bed, together: u32) -> anyhow::Result<(Vec<Cell>, u64)> {
    let taker = Taker::start()?;
    let carry = OneCall::new(together, taker.url())?;
    let run = in_process(bed, "one call", Arc::clone(&carry) as _, &carry.attempts).await?;
    let calls = taker.calls();
    ensure!(calls == run.jobs, "the server counted {calls} calls for {} jobs", run.jobs);
    Ok((Run { calls, cpu: run.cpu.saturating_sub(Taker::cpu()), ..run }.row(), taker.connections()))
}

/// A worker in this process; `counted` counts what `carry` attempts.
async fn in_process(bed: &Bed, setting: &'static str, carry: Arc<dyn Carry>, counted: &Nothing) -> anyhow::Result<Run> {
    let (place, shops, jobs) = (bed.place()?, bed.size(5, SHOPS), bed.amount(bed.size(200, 40_000)));
    let together = counted.together;
    let mut filling = Filling::open(&ledger(place.path()), &bed.clock)?;
    filling.shops(shops, together).await?;
    filling.jobs(jobs, shops).await?;
    let path = ledger(place.path());
    filling.close(&path).await?;
    // Opening it again makes every lane due.
    let filling = Filling::open(&path, &bed.clock)?;
    let (before, cpu, began) = (bed.counted(), own_cpu(), Instant::now());
    let worker = Worker::start(&filling.ledger, carry, &bed.clock);
    counted.reached(jobs).await;
    until_done(&filling.ledger, jobs, bed.clock.as_ref(), PATIENCE).await?;
    let (took, cpu, after) = (began.elapsed(), own_cpu().saturating_sub(cpu), bed.counted());
    ensure!(counted.attempts() == jobs, "{} attempts for {jobs} jobs", counted.attempts());
    worker.stop().await?;
    Ok(Run {
        setting,
        together,
        jobs,
        took,
        cpu,
        kernel: None,
        writer: None,
        wake_ups: after.since(&before, WAKE_UPS),
        commits: after.since(&before, COMMITS),
        writes: after.since(&before, WRITES),
        calls: 0,
        peak: memory(std::process::id(), "VmHWM")?,
    })
}

/// The whole server against providers that answer at once.
async fn at_once(bed: &Bed, together: u32) -> anyhow::Result<Vec<Cell>> {
    let (shops, jobs) = (bed.size(5, SHOPS), bed.amount(bed.size(100, 20_000)));
    let lean = Lean::start(&bed.orders, &bed.clock).await?;
    let (run, _) = served(bed, "lean", together, shops, jobs, &lean.providers()).await?;
    ensure!(lean.created()? == jobs, "{} orders are at the warehouse instead of {jobs}", lean.created()?);
    Ok(Run { calls: lean.calls(), ..run }.row())
}

/// The whole server against the simulators.
async fn simulated(bed: &Bed, together: u32) -> anyhow::Result<Vec<Cell>> {
    let (shops, jobs, here) = (bed.size(5, 50), bed.amount(bed.size(50, 2_000)), ([127, 0, 0, 1], 0).into());
    let limits =
        shopify::Settings { maximum_available: UNLIMITED, restore_rate: UNLIMITED, ..shopify::Settings::default() };
    let shopify = Shopify::start(here, limits, Arc::clone(&bed.clock)).await?;
    let shipstation = ShipStation::start(here, shipstation::Settings::default(), Arc::clone(&bed.clock)).await?;
    shipstation.add_account("a token", "a token", UNLIMITED);
    (0..shops).for_each(|shop| shopify.add_shop(&domain(shop), "a token"));
    for number in FIRST..FIRST + jobs {
        shopify.load_order(&domain(number % shops), bed.orders.order(number)?)?;
    }
    let providers = Providers { shopify: shopify.base_url(), shipstation: shipstation.base_url() };
    let (run, _) = served(bed, "simulators", together, shops, jobs, &providers).await?;
    let (made, calls) =
        (shipstation.orders().len() as u64, shopify.journal().call_count() + shipstation.journal().call_count());
    ensure!(made == jobs, "{made} orders are at the warehouse instead of {jobs}");
    ensure!(shipstation.journal().answered(429) == 0, "the warehouse refused calls");
    shopify.stop().await;
    shipstation.stop().await;
    Ok(Run { calls: calls as u64, ..run }.row())
}

/// Starts a server over a backlog and waits until all of it is done.
async fn served(
    bed: &Bed,
    setting: &'static str,
    together: u32,
    shops: u64,
    jobs: u64,
    providers: &Providers,
) -> anyhow::Result<(Run, Duration)> {
    let place = bed.place()?;
    let path = ledger(place.path());
    let mut filling = Filling::open(&path, &bed.clock)?;
    filling.shops(shops, together).await?;
    filling.jobs(jobs, shops).await?;
    filling.close(&path).await?;
    let server = Server::start(place.path(), shops, providers).await?;
    let started_in = server.started_in;
    let took = server.done(jobs, PATIENCE).await?;
    let (used, figures) = (server.used()?, server.figures().await?);
    let run = Run {
        setting,
        together,
        jobs,
        took,
        cpu: used.cpu(),
        kernel: Some(used.system),
        writer: Some(used.writer),
        wake_ups: figures.of(WAKE_UPS),
        commits: figures.of(COMMITS),
        writes: figures.of(WRITES),
        calls: 0,
        peak: server.memory("VmHWM")?,
    };
    server.stop().await?;
    Ok((run, started_in))
}
