//! Whether a shop with very many orders in line keeps the others waiting: orders of other shops come at a steady pace, and
//! the time from acceptance to the end of the attempt is taken with and without the long line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use lane::attempt::AttemptKind;
use lane::clock::Timestamp;
use lane::job::Job;
use lane::outcome::Report;
use lane::ports::{Intake as _, QueueSender as _};
use lane::shop::Shop;
use tokio::time::{Instant, MissedTickBehavior, interval};
use worker::attempt::{CallsLeft, Carry};
use worker::limiter::Need;

use super::Bed;
use super::fill::{Filling, webhook};
use super::orders::id_of;
use super::protocol::{Nothing, Worker};
use super::server::ledger;
use super::table::{Cell, Table, count, number, percentile};

/// Shops besides the one with the long line.
const OTHERS: u64 = 50;
/// Between two orders of others.
const PACE: Duration = Duration::from_millis(2);
/// What an attempt takes: a fast provider.
const TAKES: Duration = Duration::from_millis(5);
/// What a hundred of them take in one go: as often as `ShipStation` grants an account a call, 40 times a minute.
const TAKES_TOGETHER: Duration = Duration::from_millis(1_500);
/// How long the last orders may take.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = [
        "together",
        "in the long line",
        "orders of others",
        "p50 ms",
        "p99 ms",
        "max ms",
        "raise of p99 %",
        "of the line done",
    ];
    let mut table = Table::new("fairness", "Fairness: others' time from accepted to the end of the attempt", &columns);
    let all = lane::carriage::Carriage::default().burst.orders;
    for together in [1, all] {
        let alone = run(bed, together, 0).await?;
        let beside = run(bed, together, bed.amount(bed.size(500, 100_000))).await?;
        let raise = 100.0 * (f64::from(beside.p99) / f64::from(alone.p99.max(1)) - 1.0);
        table.row(alone.row(together, "".into()));
        table.row(beside.row(together, number(raise, 0)));
    }
    table.note(format!(
        "{OTHERS} other shops, an order every {} ms; attempts take {} ms, {all} in one go {} ms, and do nothing; small \
         bodies, no HTTP",
        PACE.as_millis(),
        TAKES.as_millis(),
        TAKES_TOGETHER.as_millis()
    ));
    Ok(table)
}

/// What others met.
struct Met {
    line: u64,
    orders: u64,
    p50: u32,
    p99: u32,
    max: u32,
    line_done: u64,
}

impl Met {
    fn row(&self, together: u32, raise: Cell) -> Vec<Cell> {
        let ms = |us: u32| number(f64::from(us) / 1e3, 2);
        let Self { line, orders, p50, p99, max, line_done } = *self;
        vec![count(together.into()), count(line), count(orders), ms(p50), ms(p99), ms(max), raise, count(line_done)]
    }
}

/// Takes the time when an attempt ends.
struct Timed {
    inner: Arc<Nothing>,
    ended: Mutex<HashMap<String, Instant>>,
}

impl Timed {
    fn end(&self, jobs: &[Job]) {
        let now = Instant::now();
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.extend(jobs.iter().map(|job| (job.id.to_string(), now)));
    }

    fn ended(&self, number: u64) -> Option<Instant> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get(&id_of(number).to_string()).copied()
    }
}

#[async_trait]
impl Carry for Timed {
    fn needs(&self, shop: &Shop, job: &Job, kind: AttemptKind) -> Vec<Need> {
        self.inner.needs(shop, job, kind)
    }

    async fn attempt(
        &self,
        shop: &Shop,
        job: &Job,
        kind: AttemptKind,
        deadline: Timestamp,
        left: &CallsLeft,
    ) -> Report {
        tokio::time::sleep(TAKES).await;
        let report = self.inner.attempt(shop, job, kind, deadline, left).await;
        self.end(std::slice::from_ref(job));
        report
    }

    fn together(&self, shop: &Shop) -> u32 {
        self.inner.together(shop)
    }

    async fn attempt_together(&self, shop: &Shop, jobs: &[Job], deadline: Timestamp, left: &CallsLeft) -> Vec<Report> {
        tokio::time::sleep(TAKES_TOGETHER).await;
        let reports = self.inner.attempt_together(shop, jobs, deadline, left).await;
        self.end(jobs);
        reports
    }
}

async fn run(bed: &Bed, together: u32, line: u64) -> anyhow::Result<Met> {
    let (place, orders) = (bed.place()?, bed.amount(bed.size(100, 10_000)));
    let path = ledger(place.path());
    let mut filling = Filling::open(&path, &bed.clock)?;
    filling.shops(1 + OTHERS, together).await?;
    filling.jobs(line, 1).await?;
    let first = filling.next;
    filling.close(&path).await?;
    let filling = Filling::open(&path, &bed.clock)?;
    let carry = Arc::new(Timed { inner: Nothing::new(together), ended: Mutex::default() });
    let worker = Worker::start(&filling.ledger, Arc::clone(&carry) as _, &bed.clock);
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut accepting = tokio::task::JoinSet::new();
    for number in first..first + orders {
        ticks.tick().await;
        let (ledger, queue, now) = (filling.ledger.clone(), worker.queue.clone(), bed.clock.now());
        let webhook = webhook(1 + number % OTHERS, number, None, now);
        accepting.spawn(async move {
            let recorded = ledger.record(webhook).await?;
            let at = Instant::now();
            if let Some(send) = recorded.wake_up() {
                queue.send(send).await?;
            }
            anyhow::Ok((number, at))
        });
    }
    let accepted = accepting.join_all().await.into_iter().collect::<anyhow::Result<HashMap<_, _>>>()?;
    let began = Instant::now();
    while (first..first + orders).any(|number| carry.ended(number).is_none()) {
        ensure!(began.elapsed() < PATIENCE, "orders of others are not carried out");
        tokio::time::sleep(PACE).await;
    }
    worker.stop().await?;
    let time = |(number, at): (&u64, &Instant)| {
        let took = carry.ended(*number).map(|end| end.saturating_duration_since(*at)).unwrap_or_default();
        u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
    };
    let mut times: Vec<u32> = accepted.iter().map(time).collect();
    let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&mut times, percent));
    Ok(Met { line, orders, p50, p99, max, line_done: carry.inner.attempts().saturating_sub(orders) })
}
