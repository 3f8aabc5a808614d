//! Webhooks accepted a second: the real server in its own process, signed orders of the platform's size, kept connections.
//!
//! Twice: with a worker that has nothing to do (lanes paused, more jobs in line than wake-ups are sent for), and with one
//! that carries everything out meanwhile, against providers that answer at once.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use lane::ports::WAKE_UPS_PER_LANE_MAX;

use super::Bed;
use super::fill::Filling;
use super::lean::Lean;
use super::load::{Sent, send};
use super::machine::Used;
use super::server::{COMMITS, DONE, Figures, NEW, Providers, SECRET, Server, ledger};
use super::table::{Table, as_f64, count, number, per_second, percentile, ratio, us_each};

/// Shops over which the load is spread.
const SHOPS: u64 = 200;
/// Connections and webhooks of one load.
const LOADS: [(usize, u64); 4] = [(1, 4_000), (16, 20_000), (64, 30_000), (256, 30_000)];
const QUICK: [(usize, u64); 2] = [(1, 20), (8, 100)];
/// With a busy worker there are fewer: their jobs are waited for.
const BUSY: u64 = 4;
/// The load that comes before the first that is measured: a server that has just started still learns what it needs to know
/// (statements, pages, memory), and who measures production does not meet that.
const WARMING: (usize, u64) = (16, 2_000);
/// How long the jobs of a load may take to be done.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long the server is left alone before a load: its start, and the load before, have ended by then.
const CALM: Duration = Duration::from_millis(500);

const COLUMNS: [&str; 14] = [
    "worker",
    "connections",
    "webhooks",
    "accepted/s",
    "p50 ms",
    "p99 ms",
    "max ms",
    "webhooks/commit",
    "CPU µs each",
    "of it kernel",
    "of it writer",
    "load's µs",
    "peak MiB",
    "jobs/s meanwhile",
];

pub(super) async fn measure(bed: &Bed, tell: &mut impl FnMut(Table)) -> anyhow::Result<()> {
    let mut table =
        Table::new("intake", "Webhooks accepted: signed orders, each answered 200 once it is synced", &COLUMNS);
    idle(bed, &mut table).await?;
    busy(bed, &mut table).await?;
    table.note(format!(
        "orders of {} bytes over {} shops; the server is `lanekeeper up` in its own process, log level info into a file",
        bed.orders.body(super::orders::FIRST).len(),
        shops(bed)
    ));
    if !bed.quick {
        table.note(format!(
            "a load of {} webhooks that is not measured comes before the first of each server",
            WARMING.1
        ));
    }
    table.note("CPU is the server's alone; the load and the providers run beside it on the same cores");
    tell(table);
    Ok(())
}

pub(super) fn shops(bed: &Bed) -> u64 {
    bed.size(5, SHOPS)
}

fn loads(bed: &Bed) -> &'static [(usize, u64)] {
    bed.size(&QUICK, &LOADS)
}

/// A ledger whose worker has nothing to do. The number of the first order that it does not have.
pub(super) async fn paused(bed: &Bed, path: &Path) -> anyhow::Result<u64> {
    let shops = shops(bed);
    let mut filling = Filling::open(path, &bed.clock)?;
    filling.shops(shops, 1).await?;
    filling.jobs(shops * (WAKE_UPS_PER_LANE_MAX + 1), shops).await?;
    filling.pause(shops).await?;
    let next = filling.next;
    filling.close(path).await?;
    Ok(next)
}

/// What the server uses for a webhook at 64 connections, in microseconds of CPU time.
pub(super) async fn cpu_of_server(bed: &Bed) -> anyhow::Result<f64> {
    let (place, shops, webhooks) = (bed.place()?, shops(bed), bed.amount(bed.size(200, 20_000)));
    let first = paused(bed, &ledger(place.path())).await?;
    let server = Server::start(place.path(), shops, &Providers::none()).await?;
    let load = Load { server: &server, connections: 64, webhooks, shops, first };
    let used = load.run(bed, None).await?.used.cpu();
    server.stop().await?;
    Ok(us_each(used, webhooks))
}

/// The worker has nothing to do.
async fn idle(bed: &Bed, table: &mut Table) -> anyhow::Result<()> {
    let (place, shops) = (bed.place()?, shops(bed));
    let mut next = paused(bed, &ledger(place.path())).await?;
    let server = Server::start(place.path(), shops, &Providers::none()).await?;
    next += warm(bed, &server, shops, next, None).await?;
    for &(connections, webhooks) in loads(bed) {
        let webhooks = bed.amount(webhooks);
        let load = Load { server: &server, connections, webhooks, shops, first: next };
        load.tell("idle", load.run(bed, None).await?, table)?;
        next += webhooks;
    }
    server.stop().await
}

/// The worker carries everything out meanwhile.
async fn busy(bed: &Bed, table: &mut Table) -> anyhow::Result<()> {
    let (place, shops) = (bed.place()?, shops(bed));
    let path = ledger(place.path());
    let filling = Filling::open(&path, &bed.clock)?;
    filling.shops(shops, lane::carriage::Carriage::default().burst.orders).await?;
    let mut next = filling.next;
    filling.close(&path).await?;
    let lean = Lean::start(&bed.orders, &bed.clock).await?;
    let server = Server::start(place.path(), shops, &lean.providers()).await?;
    next += warm(bed, &server, shops, next, Some(&lean)).await?;
    for &(connections, webhooks) in loads(bed) {
        let webhooks = bed.amount(webhooks) / BUSY;
        let load = Load { server: &server, connections, webhooks, shops, first: next };
        load.tell("busy", load.run(bed, Some(&lean)).await?, table)?;
        next += webhooks;
    }
    server.stop().await
}

/// A first load that nobody measures. How many webhooks it had.
async fn warm(bed: &Bed, server: &Server, shops: u64, first: u64, lean: Option<&Lean>) -> anyhow::Result<u64> {
    if bed.quick {
        return Ok(0);
    }
    let (connections, webhooks) = WARMING;
    Load { server, connections, webhooks, shops, first }.run(bed, lean).await?;
    Ok(webhooks)
}

/// One load.
struct Load<'a> {
    server: &'a Server,
    connections: usize,
    webhooks: u64,
    shops: u64,
    first: u64,
}

/// What came of it.
struct Ran {
    sent: Sent,
    used: Used,
    before: Figures,
    after: Figures,
}

impl Load<'_> {
    async fn run(&self, bed: &Bed, lean: Option<&Lean>) -> anyhow::Result<Ran> {
        let numbers = self.first..self.first + self.webhooks;
        let requests = numbers.map(|number| bed.orders.request(number % self.shops, number, SECRET)).collect();
        tokio::time::sleep(CALM).await;
        let (before, used) = (self.server.figures().await?, self.server.used()?);
        let sent = send(self.server.webhooks, requests, self.connections).await?;
        let (used, after) = (self.server.used()?.since(used), self.server.figures().await?);
        ensure!(sent.not_200 == 0, "{} webhooks were not answered 200", sent.not_200);
        let recorded = after.since(&before, NEW);
        ensure!(recorded == self.webhooks, "{} were answered 200, {recorded} are in the ledger", sent.accepted());
        if let Some(lean) = lean {
            let all = before.of(DONE) + self.webhooks;
            self.server.done(all, PATIENCE).await?;
            ensure!(lean.created()? == all, "{} orders are at the warehouse instead of {all}", lean.created()?);
        }
        Ok(Ran { sent, used, before, after })
    }

    fn tell(&self, worker: &str, ran: Ran, table: &mut Table) -> anyhow::Result<()> {
        let Ran { mut sent, used, before, after } = ran;
        let ms = |us: u32| number(f64::from(us) / 1e3, 2);
        let since = |name| after.since(&before, name);
        table.row(vec![
            worker.into(),
            count(self.connections as u64),
            count(self.webhooks),
            number(per_second(self.webhooks, sent.took), 0),
            ms(percentile(&mut sent.times, 50)),
            ms(percentile(&mut sent.times, 99)),
            ms(percentile(&mut sent.times, 100)),
            number(ratio(as_f64(self.webhooks), as_f64(since(COMMITS))), 1),
            number(us_each(used.cpu(), self.webhooks), 1),
            number(us_each(used.system, self.webhooks), 1),
            number(us_each(used.writer, self.webhooks), 1),
            number(us_each(sent.cpu, self.webhooks), 1),
            number(self.server.memory("VmHWM")?, 0),
            number(per_second(since(DONE), sent.took), 0),
        ]);
        Ok(())
    }
}
