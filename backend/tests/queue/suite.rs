//! The suite itself: it has to go red when a queue is wrong, when it runs too little, and when its exclusions are out
//! of date.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backend::contract::queue::{self, Ends, Exclusion, Failure, Harness, Verdict, cases};
use backend::embedded::queue::{Queue, Settings};
use lane::clock::Clock;
use lane::id;
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
use lane::wake_up::{DedupId, Envelope};

use crate::embedded::RuntimeClock;

/// A way for a queue to be wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Right,
    DeliversNothing,
    ForgetsIds,
    NeverDeletes,
    DefersAtOnce,
    BringsOneAtATime,
    OutOfOrder,
    TrustsOldReceipts,
    NeverWakes,
}

struct Flawed {
    flaw: Flaw,
    inner: Queue,
    sent: std::sync::atomic::AtomicU64,
}

#[async_trait]
impl QueueSender for Flawed {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        if self.flaw == Flaw::ForgetsIds {
            let number = self.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let dedup = DedupId::given(&number.to_string());
            return self.inner.send(&Envelope { dedup, ..send.clone() }).await;
        }
        self.inner.send(send).await
    }
}

#[async_trait]
impl QueueReceiver for Flawed {
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        if self.flaw == Flaw::NeverWakes {
            let found = self.inner.receive(max, Duration::ZERO).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(wait).await;
            return self.inner.receive(max, Duration::ZERO).await;
        }
        let max = if self.flaw == Flaw::BringsOneAtATime { max.min(1) } else { max };
        let mut received = self.inner.receive(max, wait).await?;
        match self.flaw {
            Flaw::DeliversNothing => received.clear(),
            Flaw::OutOfOrder => received.reverse(),
            Flaw::Right
            | Flaw::ForgetsIds
            | Flaw::NeverDeletes
            | Flaw::DefersAtOnce
            | Flaw::BringsOneAtATime
            | Flaw::TrustsOldReceipts
            | Flaw::NeverWakes => {}
        }
        Ok(received)
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        if self.flaw == Flaw::NeverDeletes {
            return Ok(Settled::Done);
        }
        let settled = self.inner.delete(receipt).await?;
        Ok(if self.flaw == Flaw::TrustsOldReceipts { Settled::Done } else { settled })
    }

    async fn defer(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        let after = if self.flaw == Flaw::DefersAtOnce { Duration::ZERO } else { after };
        self.inner.defer(receipt, after).await
    }
}

struct Factory {
    flaw: Flaw,
    clock: Arc<RuntimeClock>,
}

#[async_trait]
impl Harness for Factory {
    async fn queue(&self, _name: &str, visibility: Duration) -> Result<Ends, Failure> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let inner = Queue::new(id::Queue::Orders, clock, Settings { visibility });
        let queue = Arc::new(Flawed { flaw: self.flaw, inner, sent: 0.into() });
        Ok(Ends { sender: queue.clone(), receiver: queue })
    }

    async fn pass(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}

async fn verdict(flaw: Flaw, exclusions: &[Exclusion], least: usize) -> Verdict {
    let clock = Arc::new(RuntimeClock::starting_now());
    queue::run(Arc::new(Factory { flaw, clock }), exclusions, least).await
}

/// The rows of the cases that are wrong.
fn rows(verdict: &Verdict) -> Vec<&str> {
    verdict.wrong.iter().map(|(case, _)| case.split(' ').next().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_found_by_the_case_that_is_about_it() {
    assert!(verdict(Flaw::Right, &[], 1).await.is_good());
    for (flaw, finder) in [
        (Flaw::ForgetsIds, "C16"),
        (Flaw::ForgetsIds, "C17"),
        (Flaw::NeverDeletes, "C11"),
        (Flaw::DefersAtOnce, "C8b"),
        (Flaw::BringsOneAtATime, "C3"),
        (Flaw::OutOfOrder, "C2"),
        (Flaw::TrustsOldReceipts, "C37"),
        (Flaw::TrustsOldReceipts, "C49"),
        (Flaw::NeverWakes, "C48b"),
        (Flaw::NeverWakes, "C48d"),
    ] {
        let found = verdict(flaw, &[], 1).await;
        assert!(rows(&found).contains(&finder), "{finder} did not find its flaw: {found}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_delivers_nothing_passes_only_cases_in_which_nothing_comes() {
    let found = verdict(Flaw::DeliversNothing, &[], 1).await;
    assert_eq!(found.kept.len() + rows(&found).len(), cases().count());
    let mut kept: Vec<_> = found.kept.iter().map(|case| case.split(' ').next().unwrap()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["C28", "C48e", "C48f", "C48g"]);
}

#[tokio::test(start_paused = true)]
async fn a_suite_that_keeps_too_little_is_wrong() {
    let found = verdict(Flaw::Right, &[], cases().count() + 1).await;
    assert_eq!(rows(&found), ["the"]);
}

#[tokio::test(start_paused = true)]
async fn an_exclusion_that_is_out_of_date_is_reported() {
    let kept = Exclusion { case: "C1", why: "for a test", runs: true };
    let not_run = Exclusion { case: "C2", why: "for a test", runs: false };
    let unknown = Exclusion { case: "C999", why: "for a test", runs: true };
    let found = verdict(Flaw::Right, &[kept, not_run, unknown], 1).await;
    assert_eq!(rows(&found), ["C1", "C999"]);
    assert_eq!(found.excluded.len(), 1);
}

#[test]
fn no_two_cases_share_a_row() {
    let mut rows: Vec<_> = cases().map(|case| case.name.split(' ').next().unwrap()).collect();
    let all = rows.len();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), all);
}
