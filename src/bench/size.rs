//! How much the program and its ledger take: memory, file, and the time of a start.

use axum::body::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lane::ports::Intake as _;
use std::time::Duration;

use super::Bed;
use super::fill::{Filling, webhook};
use super::machine::file_bytes;
use super::server::{Providers, Server, ledger};
use super::table::{Table, as_f64, count, number, ratio};

/// Shops of an idle program.
const SHOPS: u64 = 200;
/// Lanes over which waiting jobs are spread.
const LANES: u64 = 1_000;
/// How long a start is left alone before its memory is looked at.
const CALM: Duration = Duration::from_secs(2);
const MIB: f64 = 1024.0 * 1024.0;

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = [
        "ledger",
        "jobs",
        "starts in ms",
        "memory MiB",
        "peak MiB",
        "bytes of memory a job",
        "file MiB",
        "bytes of file a job",
    ];
    let mut table = Table::new("size", "Size: the server after its start, nothing going on", &columns);
    let idle = start(bed, bed.size(5, SHOPS), 0).await?;
    let jobs = bed.amount(bed.size(500, 1_000_000));
    let full = start(bed, bed.size(5, LANES), jobs).await?;
    for (name, jobs, found) in [("empty", 0, &idle), ("waiting, small bodies", jobs, &full)] {
        let more = |one: f64, other: f64| number(ratio((one - other) * MIB, as_f64(jobs)), 0);
        table.row(vec![
            name.into(),
            count(jobs),
            number(found.started_in.as_secs_f64() * 1e3, 0),
            number(found.memory, 1),
            number(found.peak, 1),
            more(found.memory, idle.memory),
            number(found.file, 1),
            more(found.file, idle.file),
        ]);
    }
    let (jobs, file) = bodies(bed).await?;
    let bytes = ratio((file - idle.file) * MIB, as_f64(jobs));
    let blank = || "".into();
    table.row(vec![
        "waiting, full bodies".into(),
        count(jobs),
        blank(),
        blank(),
        blank(),
        blank(),
        number(file, 1),
        number(bytes, 0),
    ]);
    table.note("waiting: in paused lanes, so that nothing is worked; started means that /health/live answers");
    Ok(table)
}

struct Found {
    started_in: Duration,
    memory: f64,
    peak: f64,
    file: f64,
}

/// A server over so many jobs in paused lanes.
async fn start(bed: &Bed, lanes: u64, jobs: u64) -> anyhow::Result<Found> {
    let place = bed.place()?;
    let path = ledger(place.path());
    let mut filling = Filling::open(&path, &bed.clock)?;
    filling.shops(lanes, 1).await?;
    filling.jobs(jobs, lanes).await?;
    filling.pause(lanes).await?;
    filling.close(&path).await?;
    let file = as_f64(file_bytes(&path)) / MIB;
    let server = Server::start(place.path(), lanes, &Providers::none()).await?;
    tokio::time::sleep(CALM).await;
    let (memory, peak) = (server.memory("VmRSS")?, server.memory("VmHWM")?);
    let started_in = server.started_in;
    server.stop().await?;
    Ok(Found { started_in, memory, peak, file })
}

/// A ledger of orders with bodies of full size: how many, and the file in MiB.
async fn bodies(bed: &Bed) -> anyhow::Result<(u64, f64)> {
    let (place, shops, jobs) = (bed.place()?, bed.size(5, SHOPS), bed.amount(bed.size(100, 20_000)));
    let path = ledger(place.path());
    let filling = Filling::open(&path, &bed.clock)?;
    filling.shops(shops, 1).await?;
    let first = filling.next;
    stream::iter(first..first + jobs)
        .map(|number| {
            let ledger = &filling.ledger;
            async move {
                let body = Bytes::from(bed.orders.body(number));
                ledger.record(webhook(number % shops, number, Some(body), bed.clock.now())).await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(256)
        .try_collect::<()>()
        .await?;
    filling.close(&path).await?;
    Ok((jobs, as_f64(file_bytes(&path)) / MIB))
}
