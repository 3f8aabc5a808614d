//! How long the review desk's pages take in a ledger that has grown: each is asked for over HTTP, one after the other, by one
//! person. What must hold whatever the time is checked: every page is there and whole, and none grows with the ledger.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use backend::embedded::ledger::Ledger;
use backend::embedded::queue::{Queue, Settings};
use lane::attempt::AttemptKind;
use lane::clock::Timestamp;
use lane::hold::{Fact, HoldReason};
use lane::id::{Fingerprint, OperatorId};
use lane::job::Job;
use lane::operator::{Operator, Role};
use lane::outcome::{Outcome, Report, Trouble};
use lane::ports::{Desk as _, Registry as _};
use lane::shop::Shop;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use worker::attempt::{CallsLeft, Carry};
use worker::limiter::Need;

use super::Bed;
use super::fill::{Filling, lane_of};
use super::protocol::{Nothing, Worker, done};
use super::server::ledger;
use super::table::{Table, count, number, percentile};

/// Shops with a lane each.
const SHOPS: u64 = 200;
/// How many of the jobs are held, how many have failed, and how many there are.
const SIZES: [[u64; 3]; 2] = [[500, 50, 10_500], [50_000, 1_000, 1_051_000]];
const QUICK_SIZES: [[u64; 3]; 1] = [[25, 5, 500]];
/// How many jobs of a lane are attempted in one go, at most.
const TOGETHER: u32 = 50;
/// How often each page is asked for.
const TIMES: usize = 300;
const QUICK_TIMES: usize = 20;
/// No page has more than this, whatever the ledger holds.
const PAGE_BYTES_MAX: usize = 512 * 1024;
const TOKEN: &str = "lk_bench-0123456789";

/// Attempts of which some end before a person.
struct Mixed {
    together: Arc<Nothing>,
    /// Of so many jobs, that many are held, and that many fail.
    held: u64,
    failed: u64,
    of: u64,
}

impl Mixed {
    fn report(&self, job: &Job) -> Report {
        // The numbers follow each other, and the prime spreads what they become over the shops.
        let number: u64 = job.number.trim_start_matches('#').parse().unwrap_or_default();
        let nth = number.wrapping_mul(7919) % self.of;
        let outcome = if nth < self.held {
            Outcome::Hold {
                reason: HoldReason::TotalAbove,
                evidence: vec![Fact::new("total", "640.00 EUR"), Fact::new("limit", "500.00 EUR")],
                fingerprint: Fingerprint::of(job.id.as_str().as_bytes()),
                difference: None,
            }
        } else if nth < self.held + self.failed {
            Outcome::Fail(Trouble::new("ShipStation", "the address has no street"))
        } else {
            return done(job);
        };
        Report { outcome, ..done(job) }
    }
}

#[async_trait]
impl Carry for Mixed {
    fn needs(&self, _: &Shop, _: &Job, _: AttemptKind) -> Vec<Need> {
        Vec::new()
    }

    async fn attempt(&self, _: &Shop, job: &Job, _: AttemptKind, _: Timestamp, _: &CallsLeft) -> Report {
        self.together.attempted(1);
        self.report(job)
    }

    fn together(&self, _: &Shop) -> u32 {
        self.together.together
    }

    async fn attempt_together(&self, _: &Shop, jobs: &[Job], _: Timestamp, _: &CallsLeft) -> Vec<Report> {
        self.together.attempted(jobs.len() as u64);
        jobs.iter().map(|job| self.report(job)).collect()
    }
}

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = ["page", "held", "jobs", "median ms", "p99 ms", "longest ms", "KiB"];
    let heading = "Pages: how long the review desk takes, over HTTP, one page after the other";
    let mut table = Table::new("pages", heading, &columns);
    let sizes: &[[u64; 3]] = bed.size(&QUICK_SIZES, &SIZES);
    for size in sizes {
        let [held, failed, jobs] = size.map(|jobs| bed.amount(jobs));
        let place = bed.place()?;
        let path = ledger(place.path());
        fill(bed, &path, held, failed, jobs).await?;
        let open = Filling::open(&path, &bed.clock)?;
        let desk = Desk::open(bed, &open.ledger).await?;
        for (name, address) in addresses(&open.ledger).await? {
            let mut took = Vec::new();
            let mut bytes = 0;
            for _ in 0..bed.size(QUICK_TIMES, TIMES) {
                let (us, length) = desk.page(&address).await?;
                took.push(us);
                bytes = bytes.max(length);
            }
            ensure!(bytes <= PAGE_BYTES_MAX, "{name} has {bytes} bytes: it grows with the ledger");
            let ms = |us: u32| number(f64::from(us) / 1e3, 1);
            let figures = [50, 99, 100].map(|percent| ms(percentile(&mut took, percent)));
            let [median, p99, longest] = figures;
            let kib = count(u64::try_from(bytes.div_ceil(1024))?);
            table.row(vec![name.into(), count(held), count(jobs), median, p99, longest, kib]);
        }
        desk.close().await;
        open.close(&path).await?;
    }
    table.note(format!("{SHOPS} shops; what is not held or failed is done"));
    Ok(table)
}

/// A ledger in which so many jobs are held, have failed, and are there at all; the others are done.
async fn fill(bed: &Bed, path: &std::path::Path, held: u64, failed: u64, jobs: u64) -> anyhow::Result<()> {
    let mut filling = Filling::open(path, &bed.clock)?;
    let shops = bed.size(5, SHOPS);
    filling.shops(shops, TOGETHER).await?;
    filling.jobs(jobs, shops).await?;
    let together = Nothing::new(TOGETHER);
    let carry = Mixed { together: Arc::clone(&together), held, failed, of: jobs };
    let worker = Worker::start(&filling.ledger, Arc::new(carry), &bed.clock);
    together.reached(jobs).await;
    worker.stop().await?;
    filling.close(path).await
}

/// The pages that people open, and what stands in their way: the first, a later one, and one order of each.
async fn addresses(ledger: &Ledger) -> anyhow::Result<Vec<(&'static str, String)>> {
    let one = async |state| {
        let filter = JobFilter { state: Some(state), shop: None };
        let found = ledger.jobs(&filter, &Page { after: None, limit: 1 }).await?;
        let job = found.rows.into_iter().next().with_context(|| format!("no job is {state:?}"))?;
        anyhow::Ok(format!("{}/{}", job.lane, job.id))
    };
    let (held, done) = (one(StateKind::Held).await?, one(StateKind::Done).await?);
    Ok(vec![
        ("held", "/".to_owned()),
        ("held, one open", format!("/held/{held}")),
        ("failed", "/failed".to_owned()),
        ("lanes", "/lanes".to_owned()),
        ("standing still", "/lanes?stalled=true".to_owned()),
        ("a lane", format!("/lanes/{}", lane_of(0)?)),
        ("kept aside", "/aside".to_owned()),
        ("an order", format!("/orders/{done}")),
        ("its timeline", format!("/orders/{done}/timeline.json")),
    ])
}

/// The review application on a free port, and somebody who is signed in.
struct Desk {
    http: reqwest::Client,
    at: String,
    serving: JoinHandle<()>,
}

impl Desk {
    async fn open(bed: &Bed, ledger: &Ledger) -> anyhow::Result<Self> {
        let id = OperatorId::parse("bench")?;
        let token_hash = review::token_hash(TOKEN);
        ledger.put_operator(&Operator { id, role: Role::Reviewer, token_hash, disabled: false }).await?;
        let queue = Queue::new(lane::id::Queue::Orders, Arc::clone(&bed.clock), Settings::default());
        let router = review::router(
            Arc::new(ledger.clone()),
            Arc::new(queue),
            Arc::clone(&bed.clock),
            review::Settings::default(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let at = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, at, serving })
    }

    /// Ends it; what it had of the ledger is let go.
    async fn close(self) {
        drop(self.http);
        self.serving.abort();
        // It ends because it was told to.
        let _ = self.serving.await;
    }

    /// How many microseconds a page took, and how many bytes it has.
    async fn page(&self, address: &str) -> anyhow::Result<(u32, usize)> {
        let began = Instant::now();
        let cookie = format!("__Host-lanekeeper={TOKEN}");
        let answer = self.http.get(format!("{}{address}", self.at)).header("Cookie", cookie).send().await?;
        ensure!(answer.status() == 200, "{address} answers {}", answer.status());
        let body = answer.bytes().await?;
        ensure!(!body.is_empty(), "{address} is empty");
        Ok((u32::try_from(began.elapsed().as_micros())?, body.len()))
    }
}
