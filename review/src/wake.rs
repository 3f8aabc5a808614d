//! Wake-ups after a decision. The decision is durable before one is sent, so a queue that fails delays the work until
//! the sweep and takes nothing back.

use std::time::Duration;

use lane::ports::QueueSender;
use lane::wake_up::Envelope;

/// Nobody waits longer than this for a queue that does not answer.
const SEND_WITHIN: Duration = Duration::from_secs(2);

/// Sends the wake-ups, and gives up at the first that fails: the sweep makes up for it and for the rest.
pub(crate) async fn send(sender: &dyn QueueSender, wake_ups: &[Envelope]) {
    for (sent, envelope) in wake_ups.iter().enumerate() {
        let error = match tokio::time::timeout(SEND_WITHIN, sender.send(envelope)).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", SEND_WITHIN.as_secs()),
        };
        tracing::warn!(
            lane = %envelope.wake_up.lane,
            job.id = %envelope.wake_up.job,
            wake_ups.unsent = wake_ups.len() - sent,
            error,
            "could not send a wake-up after a decision; the sweep makes up for it"
        );
        return;
    }
}
