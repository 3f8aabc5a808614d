//! Whether a webhook or a job costs more in a large ledger than in a small one: in this process, so that only the ledger and
//! the lane protocol are counted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use axum::body::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lane::ports::{Intake as _, Recorded};
use tokio::time::Instant;

use super::Bed;
use super::fill::{Filling, webhook};
use super::machine::own_cpu;
use super::protocol::{Nothing, Worker};
use super::server::{COMMITS, Figures, WAKE_UPS, ledger};
use super::table::{Table, as_f64, count, number, per_second, ratio, us_each};

/// Lanes, and jobs that wait in them.
const LANES: [u64; 3] = [10, 1_000, 100_000];
const QUICK_LANES: [u64; 2] = [3, 30];
const BACKLOGS: [u64; 2] = [1_000, 1_000_000];
const QUICK_BACKLOGS: [u64; 2] = [50, 500];
/// Lanes that the measured webhooks go to, so that a wake-up finds as many jobs whatever the number of lanes is.
const ACTIVE: u64 = 1_000;
/// Callers at the same time.
const AT_ONCE: usize = 64;

/// What one of them costs.
#[derive(Debug, Clone, Copy)]
struct Each {
    us: f64,
    per_second: f64,
    per_commit: f64,
    per_wake_up: f64,
}

/// What one webhook and one job cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    intake: Each,
    jobs: Each,
}

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = [
        "lanes",
        "backlog",
        "webhooks/s",
        "CPU µs each",
        "×",
        "a commit",
        "jobs/s",
        "CPU µs a job",
        "× ",
        "jobs/commit",
        "jobs/wake-up",
    ];
    let heading = "Scale: cost in ledgers of different sizes, × against the smallest";
    let mut table = Table::new("scale", heading, &columns);
    let mut smallest = None;
    let (lanes, backlogs): (&[u64], &[u64]) = bed.size((&QUICK_LANES, &QUICK_BACKLOGS), (&LANES, &BACKLOGS));
    for &lanes in lanes {
        let place = bed.place()?;
        let path = ledger(place.path());
        let filling = Filling::open(&path, &bed.clock)?;
        filling.shops(lanes, 1).await?;
        let mut next = filling.next;
        filling.close(&path).await?;
        for &backlog in backlogs {
            let mut filling = Filling::open(&path, &bed.clock)?;
            filling.next = next;
            filling.jobs(bed.amount(backlog), lanes).await?;
            let intake = intake(bed, &mut filling, lanes).await?;
            next = filling.next;
            filling.close(&path).await?;
            // Opening it again makes every lane due that has work.
            let filling = Filling::open(&path, &bed.clock)?;
            let cost = Cost { jobs: jobs(bed, &filling).await?, intake };
            filling.close(&path).await?;
            let base = *smallest.get_or_insert(cost);
            table.row(vec![
                count(lanes),
                count(bed.amount(backlog)),
                number(cost.intake.per_second, 0),
                number(cost.intake.us, 1),
                number(ratio(cost.intake.us, base.intake.us), 2),
                number(cost.intake.per_commit, 1),
                number(cost.jobs.per_second, 0),
                number(cost.jobs.us, 1),
                number(ratio(cost.jobs.us, base.jobs.us), 2),
                number(cost.jobs.per_commit, 1),
                number(cost.jobs.per_wake_up, 1),
            ]);
        }
    }
    table.note(format!("the measured webhooks have bodies of full size and go to {ACTIVE} lanes at most; those of the backlog are small"));
    table.note("jobs: the lane protocol with attempts that do nothing, together 1; a lane is worked one job at a time, so 10 lanes share commits among 10");
    Ok(table)
}

/// What has been used and counted since a moment.
struct Since {
    cpu: Duration,
    counted: Figures,
    at: Instant,
}

impl Since {
    fn now(bed: &Bed) -> Self {
        Self { counted: bed.counted(), cpu: own_cpu(), at: Instant::now() }
    }

    fn each(&self, bed: &Bed, times: u64) -> Each {
        let (took, cpu, counted) = (self.at.elapsed(), own_cpu().saturating_sub(self.cpu), bed.counted());
        let per = |name| ratio(as_f64(times), as_f64(counted.since(&self.counted, name)));
        Each {
            us: us_each(cpu, times),
            per_second: per_second(times, took),
            per_commit: per(COMMITS),
            per_wake_up: per(WAKE_UPS),
        }
    }
}

fn times(bed: &Bed) -> u64 {
    bed.amount(bed.size(100, 20_000))
}

/// Records webhooks.
async fn intake(bed: &Bed, filling: &mut Filling, lanes: u64) -> anyhow::Result<Each> {
    let (active, stride) = (lanes.min(ACTIVE), lanes / lanes.min(ACTIVE));
    let first = filling.next;
    filling.next += times(bed);
    let webhooks = (first..filling.next)
        .map(|n| webhook(n % active * stride, n, Some(Bytes::from(bed.orders.body(n))), bed.clock.now()))
        .collect::<Vec<_>>();
    let since = Since::now(bed);
    stream::iter(webhooks)
        .map(|webhook| filling.ledger.record(webhook))
        .buffer_unordered(AT_ONCE)
        .map(|recorded| anyhow::Ok(recorded?))
        .try_for_each(|recorded| async move {
            ensure!(matches!(recorded, Recorded::New { .. }), "a webhook became no job");
            Ok(())
        })
        .await?;
    Ok(since.each(bed, times(bed)))
}

/// Carries out as many jobs as webhooks were recorded.
async fn jobs(bed: &Bed, filling: &Filling) -> anyhow::Result<Each> {
    let carry = Nothing::new(1);
    let since = Since::now(bed);
    let worker = Worker::start(&filling.ledger, Arc::clone(&carry) as _, &bed.clock);
    carry.reached(times(bed)).await;
    let each = since.each(bed, carry.attempts());
    worker.stop().await?;
    Ok(each)
}
