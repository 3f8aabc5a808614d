//! Makes a webhook durable, then wakes its lane. A notice is only made durable: the worker looks for it by itself.
//!
//! The ledger decides the answer. The wake-up does not: when the queue does not take it in time, the sweep wakes the
//! lane. It is sent before the answer and waited for at most [`SEND_MAX`], instead of behind the answer's back: on
//! Lambda the process may be frozen once it has answered, a send per webhook in the background would need a bound of
//! its own, and half a second still fits between a commit and the platform's deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lane::ports::{Intake, LedgerError, Notice, QueueError, QueueSender, Recorded};
use lane::webhook::Webhook;
use tokio::time::{Instant, timeout_at};

/// How long a wake-up may keep an answer waiting. A send takes some 10 ms; what takes 50 times that is as good as
/// lost, and the sweep costs its lane at most a minute.
const SEND_MAX: Duration = Duration::from_millis(500);

/// Why a webhook is not known to be durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRecorded {
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The ledger did not answer in time. It may still commit; then the repetition is a duplicate.
    #[error("the ledger did not answer in time")]
    TimedOut,
}

/// What became of the wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WakeUpSent {
    /// The ledger asked for none.
    NotNeeded,
    /// The queue has it.
    Sent,
    /// The queue does not have it, or did not say so in time; the sweep makes up for it.
    LeftToTheSweep,
}

impl WakeUpSent {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::NotNeeded => "not_needed",
            Self::Sent => "sent",
            Self::LeftToTheSweep => "left_to_the_sweep",
        }
    }
}

/// The ledger and the queue behind the handler.
pub(crate) struct Recorder {
    ledger: Arc<dyn Intake>,
    sender: Arc<dyn QueueSender>,
    /// An outage of the queue is one warning and one notice of its end, not a line per webhook.
    queue_is_down: AtomicBool,
}

impl Recorder {
    pub(crate) fn new(ledger: Arc<dyn Intake>, sender: Arc<dyn QueueSender>) -> Self {
        Self { ledger, sender, queue_is_down: AtomicBool::new(false) }
    }

    /// Records a webhook. Once this returns `Ok`, it is durable and may be answered 2xx.
    pub(crate) async fn record(&self, webhook: Webhook, until: Instant) -> Result<Recorded, NotRecorded> {
        // A timeout lets the ledger try once even when no time is left; that 2xx could only come too late.
        if Instant::now() >= until {
            return Err(NotRecorded::TimedOut);
        }
        let answer = timeout_at(until, self.ledger.record(webhook)).await;
        let answer = answer.map_err(|_| NotRecorded::TimedOut)?;
        fail::fail_point!("handler.after_commit");
        Ok(answer?)
    }

    /// Records a notice. Once this returns `Ok`, it is durable and may be answered 2xx.
    pub(crate) async fn record_notice(&self, notice: &Notice, until: Instant) -> Result<(), NotRecorded> {
        if Instant::now() >= until {
            return Err(NotRecorded::TimedOut);
        }
        let answer = timeout_at(until, self.ledger.notice(notice)).await;
        let answer = answer.map_err(|_| NotRecorded::TimedOut)?;
        fail::fail_point!("handler.after_commit");
        Ok(answer?)
    }

    /// Sends the wake-up that the ledger asked for.
    pub(crate) async fn wake(&self, recorded: &Recorded, until: Instant) -> WakeUpSent {
        let Some(envelope) = recorded.wake_up() else { return WakeUpSent::NotNeeded };
        let until = until.min(Instant::now() + SEND_MAX);
        let failure = match timeout_at(until, self.sender.send(envelope)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(QueueError::Unavailable("no answer in time".to_owned())),
        };
        self.say_whether_the_queue_is_down(failure.as_ref());
        let sent = failure.map_or(WakeUpSent::Sent, |_| WakeUpSent::LeftToTheSweep);
        metrics::counter!("lanekeeper_webhook_wake_ups_total", "outcome" => sent.label()).increment(1);
        sent
    }

    fn say_whether_the_queue_is_down(&self, failure: Option<&QueueError>) {
        let was_down = self.queue_is_down.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_down => tracing::warn!(
                %error,
                "the queue does not take wake-ups; the sweep wakes the lanes until it does"
            ),
            None if was_down => tracing::info!("the queue takes wake-ups again"),
            Some(_) | None => {}
        }
    }
}
