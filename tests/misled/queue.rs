//! A queue that does not do with its messages what it says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backend::embedded::queue::Queue;
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
use lane::wake_up::{DedupId, Envelope};

/// Longer than a handler waits for the queue.
const LATE: Duration = Duration::from_millis(700);

/// What becomes of sends, and of messages that were deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// What the queue says.
    Well,
    /// It has them, and says so when nobody waits for it any more.
    Late,
    /// It has each of them twice.
    Twice,
    /// It says that it has them, and has not.
    Swallows,
    /// It refuses them.
    Loses,
    /// They come again after five minutes, and after an hour.
    Repeats,
    /// It refuses all of them until it is mended.
    Out,
}

/// Every other send is misled, unless it takes none.
pub(super) struct Misleading {
    pub(super) queue: Queue,
    manner: Manner,
    sends: AtomicUsize,
    misled: AtomicUsize,
    mended: AtomicBool,
}

impl Misleading {
    pub(super) fn new(queue: Queue, manner: Manner) -> Self {
        let (sends, misled, mended) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        Self { queue, manner, sends, misled, mended }
    }

    /// From now on it keeps its word.
    pub(super) fn is_mended(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }

    /// How often it did not do what it was told, or did it again.
    pub(super) fn misled(&self) -> usize {
        self.misled.load(Ordering::SeqCst)
    }

    /// Whether what was deleted comes again.
    pub(super) fn repeats(&self) -> bool {
        self.manner == Manner::Repeats
    }

    /// A message that was deleted came again.
    pub(super) fn repeated(&self) {
        self.misled.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl QueueSender for Misleading {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        let spared = self.sends.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) && self.manner != Manner::Out;
        let well = matches!(self.manner, Manner::Well | Manner::Repeats) || self.mended.load(Ordering::SeqCst);
        if spared || well {
            return self.queue.send(send).await;
        }
        // Before it is done: who asks may not wait for the end.
        self.misled.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::Well | Manner::Repeats | Manner::Swallows => Ok(()),
            Manner::Late => {
                self.queue.send(send).await?;
                tokio::time::sleep(LATE).await;
                Ok(())
            }
            Manner::Twice => {
                // As after the five minutes in which the queue would know it again.
                let copy = Envelope { dedup: DedupId::given(&format!("{}-copy", send.dedup)), ..send.clone() };
                self.queue.send(send).await?;
                self.queue.send(&copy).await
            }
            Manner::Loses | Manner::Out => Err(QueueError::Unavailable("as the test says".to_owned())),
        }
    }
}

#[async_trait]
impl QueueReceiver for Misleading {
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        self.queue.receive(max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        self.queue.delete(receipt).await
    }

    async fn defer(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        self.queue.defer(receipt, after).await
    }
}
