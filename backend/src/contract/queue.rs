//! What a queue promises through [`QueueSender`] and [`QueueReceiver`], as SQS FIFO queues have been seen to behave.
//!
//! A test of a backend brings a [`Harness`], which makes fresh queues and lets time pass, and [`run`]s all cases. Cases
//! that the backend under test is known not to keep (a stand-in is not AWS) are excluded by name and with the reason;
//! they run all the same, and one that passes is reported, so that the list stays true.
//!
#![doc = include_str!("queue/rows.md")]

mod bench;
mod order;
mod repeats;
mod receipts;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use lane::ports::{QueueReceiver, QueueSender};
use tokio::task::JoinSet;

use bench::Outcome;
pub use bench::{Bench, Failure};

/// The two ends of a queue.
pub struct Ends {
    /// Where wake-ups are sent.
    pub sender: Arc<dyn QueueSender>,
    /// Where they come out.
    pub receiver: Arc<dyn QueueReceiver>,
}

/// Makes queues of the backend under test. Their lanes belong to [`lane::id::Queue::Orders`].
#[async_trait]
pub trait Harness: Send + Sync {
    /// A new, empty queue that hides a received message for `visibility`. `name` is its own, of `a-z`, `0-9` and `-`.
    async fn queue(&self, name: &str, visibility: Duration) -> Result<Ends, Failure>;

    /// Lets time pass, for the queue and for whoever waits at it.
    async fn pass(&self, by: Duration);
}

/// One promise.
pub struct Case {
    /// Its row in the list of observed behaviours, and what it says.
    pub name: &'static str,
    run: fn(Bench) -> BoxFuture<'static, Outcome>,
}

/// All cases, in the order in which they are told.
pub fn cases() -> impl Iterator<Item = Case> {
    let files = [order::CASES, repeats::CASES, receipts::CASES, waiting::CASES];
    files.into_iter().flatten().map(|(name, run)| Case { name, run: *run })
}

/// A case that the backend under test is known not to keep.
#[derive(Debug, Clone, Copy)]
pub struct Exclusion {
    /// How its name begins, up to the first space.
    pub case: &'static str,
    /// Why the backend does not keep it.
    pub why: &'static str,
    /// Whether it runs all the same, to see whether it still fails. Not so if it takes too long.
    pub runs: bool,
}

/// What came of running the suite.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Cases that were kept.
    pub kept: Vec<&'static str>,
    /// Cases that were excluded, and indeed not kept or not run.
    pub excluded: Vec<&'static str>,
    /// What is wrong, by name of the case.
    pub wrong: Vec<(String, String)>,
}

impl Verdict {
    /// Whether the backend behaves as promised and as excluded.
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, excluded, wrong } = self;
        let (kept, excluded) = (kept.len(), excluded.len());
        writeln!(f, "{kept} kept, {excluded} excluded, {} wrong", wrong.len())?;
        wrong.iter().try_for_each(|(case, what)| writeln!(f, "  {case}\n    {what}"))
    }
}

/// Runs all cases at once, each on queues of its own. Fewer than `least` kept cases are wrong, too: a suite that runs
/// nothing finds nothing.
pub async fn run(harness: Arc<dyn Harness>, exclusions: &[Exclusion], least: usize) -> Verdict {
    let mut verdict = Verdict::default();
    let mut running = JoinSet::new();
    for exclusion in exclusions {
        if !cases().any(|case| row(case.name) == exclusion.case) {
            let what = format!("it is excluded ({}), but there is no such case", exclusion.why);
            verdict.wrong.push((exclusion.case.to_owned(), what));
        }
    }
    for (number, case) in cases().enumerate() {
        let exclusion = exclusions.iter().find(|exclusion| exclusion.case == row(case.name));
        if exclusion.is_some_and(|exclusion| !exclusion.runs) {
            verdict.excluded.push(case.name);
            continue;
        }
        let excluded = exclusion.map(|exclusion| exclusion.why);
        let bench = Bench::new(Arc::clone(&harness), number);
        // A task of its own, so that a case that panics is one failure among others.
        let task = tokio::spawn((case.run)(bench));
        running.spawn(async move { (case.name, excluded, task.await) });
    }
    while let Some(done) = running.join_next().await {
        let Ok((case, excluded, outcome)) = done else {
            verdict.wrong.push(("the suite".to_owned(), "a case was lost".to_owned()));
            continue;
        };
        let outcome = outcome.unwrap_or_else(|panic| Err(Failure::new(panic.to_string())));
        match (outcome, excluded) {
            (Ok(()), None) => verdict.kept.push(case),
            (Err(_), Some(_)) => verdict.excluded.push(case),
            (Err(failure), None) => verdict.wrong.push((case.to_owned(), failure.to_string())),
            (Ok(()), Some(why)) => {
                let what = format!("it is excluded ({why}), but it is kept; take it off the list");
                verdict.wrong.push((case.to_owned(), what));
            }
        }
    }
    if verdict.kept.len() < least {
        let what = format!("{} cases were kept, at least {least} have to be", verdict.kept.len());
        verdict.wrong.push(("the suite".to_owned(), what));
    }
    verdict.wrong.sort();
    verdict
}

fn row(case: &'static str) -> &'static str {
    case.split(' ').next().unwrap_or(case)
}
