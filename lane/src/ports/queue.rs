//! The queue, from both ends.

use async_trait::async_trait;

use crate::id::LaneKey;
use crate::wake_up::{Envelope, Unreadable, WakeUp};

/// Why the queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It could not be reached or is over its limits; the sweep makes up for a lost send.
    #[error("the queue cannot be reached: {0}")]
    Unavailable(String),
    /// It refuses the message or the request.
    #[error("the queue refuses: {0}")]
    Refused(String),
}

/// Where wake-ups are sent: handler, review, sweep.
#[async_trait]
pub trait QueueSender: Send + Sync {
    /// Sends a wake-up to the group of its lane. The same deduplication id within five minutes is one message.
    async fn send(&self, send: &Envelope) -> Result<(), QueueError>;

    /// Sends several wake-ups, each as [`QueueSender::send`] would, in their order. What came of each.
    async fn send_all(&self, sends: &[Envelope]) -> Vec<Result<(), QueueError>> {
        let mut sent = Vec::with_capacity(sends.len());
        for send in sends {
            sent.push(self.send(send).await);
        }
        sent
    }
}

/// A received wake-up. While it is neither deleted nor visible again, no other of its lane is received.
#[derive(Debug)]
pub struct Received {
    /// The lane, from the queue and the message group: it is known even when the body cannot be read.
    pub lane: LaneKey,
    /// The body.
    pub wake_up: Result<WakeUp, Unreadable>,
    /// The handle of this receive; powerless once the message was received again.
    pub receipt: Receipt,
}

/// The handle of one receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub String);

/// What came of using a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was done.
    Done,
    /// The visibility time had passed, or the message was received again; nothing was done.
    Expired,
}

/// Where the daemon gets wake-ups from. On Lambda the platform receives, and only [`QueueReceiver::defer`] is used.
#[async_trait]
pub trait QueueReceiver: Send + Sync {
    /// Waits up to `wait` for at most `max` (1 to 10) messages.
    async fn receive(&self, max: usize, wait: std::time::Duration) -> Result<Vec<Received>, QueueError>;

    /// Deletes a message. Its group goes on.
    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError>;

    /// Makes a message visible again after `after` from now (zero: at once); at most 12 h from its receive.
    async fn defer(&self, receipt: &Receipt, after: std::time::Duration) -> Result<Settled, QueueError>;
}
