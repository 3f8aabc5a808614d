//! The words in which the cases are told. A message is known by a label such as `a1`: the first of group `a`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use lane::clock::Timestamp;
use lane::id::{self, JobId, LaneKey, ShopId};
use lane::ports::{QueueError, Receipt, Settled};
use lane::wake_up::{DedupId, Envelope, WakeUp};

use super::{Ends, Harness};

/// A visibility time that cases wait out. Long enough that a slow machine does not lose a receipt between two calls.
pub(super) const SHORT: Duration = Duration::from_secs(4);

/// A little more than [`SHORT`].
pub(super) const OVER: Duration = Duration::from_secs(5);

/// A visibility time that no case waits out.
pub(super) const LONG: Duration = Duration::from_mins(2);

/// How long a case waits before it believes that nothing comes.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// Why a case failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// In words.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        Self(error.to_string())
    }
}

impl From<id::InvalidId> for Failure {
    fn from(error: id::InvalidId) -> Self {
        Self(error.to_string())
    }
}

pub(super) type Outcome = Result<(), Failure>;
pub(super) type Told = (&'static str, fn(Bench) -> BoxFuture<'static, Outcome>);

/// What a case works with.
pub struct Bench {
    harness: Arc<dyn Harness>,
    case: usize,
    queues: AtomicUsize,
}

impl Bench {
    pub(super) fn new(harness: Arc<dyn Harness>, case: usize) -> Self {
        Self { harness, case, queues: AtomicUsize::new(0) }
    }

    /// A new queue.
    pub(super) async fn queue(&self, visibility: Duration) -> Result<Line, Failure> {
        let number = self.queues.fetch_add(1, Ordering::Relaxed);
        let name = format!("case-{}-{number}", self.case);
        Ok(Line { ends: Arc::new(self.harness.queue(&name, visibility).await?) })
    }

    pub(super) async fn pass(&self, by: Duration) {
        self.harness.pass(by).await;
    }
}

/// A queue under test.
#[derive(Clone)]
pub(super) struct Line {
    ends: Arc<Ends>,
}

/// A message that was received.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) label: String,
    pub(super) receipt: Receipt,
}

/// The wake-up of a label: its first letter names the lane, the whole is the job.
pub(super) fn envelope(label: &str, dedup: &str) -> Result<Envelope, Failure> {
    let shop = ShopId::parse(label.get(..1).unwrap_or_default())?;
    let wake_up = WakeUp {
        lane: LaneKey::orders(&shop),
        shop,
        job: JobId::parse(label)?,
        number: format!("#{label}"),
        at: Timestamp::UNIX_EPOCH,
        approved: false,
    };
    Ok(Envelope { wake_up, dedup: DedupId::given(dedup) })
}

impl Line {
    /// Sends messages, each under its label as deduplication id.
    pub(super) async fn send(&self, labels: &[&str]) -> Outcome {
        for label in labels {
            self.send_as(label, label).await?;
        }
        Ok(())
    }

    pub(super) async fn send_as(&self, label: &str, dedup: &str) -> Outcome {
        self.ends.sender.send(&envelope(label, dedup)?).await?;
        Ok(())
    }

    /// A send that has to be refused, and not as something that passes.
    pub(super) async fn refuses_as(&self, label: &str, dedup: &str) -> Outcome {
        match self.ends.sender.send(&envelope(label, dedup)?).await {
            Err(QueueError::Refused(_)) => Ok(()),
            other => Err(Failure::new(format!("{dedup:?} was not refused but {other:?}"))),
        }
    }

    pub(super) async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Held>, Failure> {
        let received = self.ends.receiver.receive(max, wait).await?;
        let known = |message: lane::ports::Received| {
            let wake_up = message.wake_up.map_err(|e| Failure::new(e.to_string()))?;
            if wake_up.lane != message.lane || wake_up != envelope(wake_up.job.as_str(), "")?.wake_up {
                return Err(Failure::new(format!("{wake_up:?} is not what was sent")));
            }
            Ok(Held { label: wake_up.job.to_string(), receipt: message.receipt })
        };
        received.into_iter().map(known).collect()
    }

    /// One receive, which has to bring exactly these. Between groups no order is promised.
    pub(super) async fn gets(&self, max: usize, labels: &[&str]) -> Result<Vec<Held>, Failure> {
        let held = self.receive(max, QUIET).await?;
        let found: Vec<&str> = held.iter().map(|held| held.label.as_str()).collect();
        if by_group(&found) == by_group(labels) {
            return Ok(held);
        }
        Err(Failure::new(format!("a receive of {max} brought {found:?} instead of {labels:?}")))
    }

    /// One receive of one message, which has to be this.
    pub(super) async fn gets_one(&self, label: &str) -> Result<Held, Failure> {
        let mut held = self.gets(1, &[label]).await?;
        held.pop().ok_or_else(|| Failure::new("nothing was received"))
    }

    /// Nothing may be received now.
    pub(super) async fn gets_nothing(&self) -> Outcome {
        self.gets(10, &[]).await.map(drop)
    }

    pub(super) async fn delete(&self, held: &Held) -> Outcome {
        expect("deleting", &held.label, self.deleting(&held.receipt).await?, Settled::Done)
    }

    pub(super) async fn delete_all(&self, held: &[Held]) -> Outcome {
        for held in held {
            self.delete(held).await?;
        }
        Ok(())
    }

    pub(super) async fn delete_is_powerless(&self, held: &Held) -> Outcome {
        expect("deleting", &held.label, self.deleting(&held.receipt).await?, Settled::Expired)
    }

    pub(super) async fn deleting(&self, receipt: &Receipt) -> Result<Settled, Failure> {
        Ok(self.ends.receiver.delete(receipt).await?)
    }

    pub(super) async fn defer(&self, held: &Held, after: Duration) -> Outcome {
        expect("deferring", &held.label, self.deferring(&held.receipt, after).await?, Settled::Done)
    }

    pub(super) async fn defer_is_powerless(&self, held: &Held, after: Duration) -> Outcome {
        let settled = self.deferring(&held.receipt, after).await?;
        expect("deferring", &held.label, settled, Settled::Expired)
    }

    pub(super) async fn deferring(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        self.ends.receiver.defer(receipt, after).await
    }
}

fn expect(verb: &str, label: &str, found: Settled, wanted: Settled) -> Outcome {
    if found == wanted {
        return Ok(());
    }
    Err(Failure::new(format!("{verb} {label} was {found:?} instead of {wanted:?}")))
}

/// Labels by group, each group in its order.
fn by_group<'a>(labels: &[&'a str]) -> Vec<Vec<&'a str>> {
    let group = |label: &str| label.chars().next();
    let mut groups: Vec<_> = labels.iter().map(|label| group(label)).collect();
    groups.sort_unstable();
    groups.dedup();
    let of = |wanted| labels.iter().copied().filter(|label| group(label) == wanted).collect();
    groups.into_iter().map(of).collect()
}
