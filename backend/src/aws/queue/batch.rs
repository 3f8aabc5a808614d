//! Several wake-ups in one call: a sweep that wakes a thousand lanes makes a hundred calls.

use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use lane::ports::QueueError;
use lane::wake_up::Envelope;

use super::Queue;
use super::answer::{Answer, judge};

/// Messages that one call may send (*`SendMessageBatch`*).
pub(super) const SENT_AT_ONCE: usize = 10;

impl Queue {
    /// Refuses a wake-up of another queue: it would wake a lane there that nobody works on.
    pub(super) fn is_ours(&self, send: &Envelope) -> Result<(), QueueError> {
        let (given, mine) = (send.wake_up.lane.queue, self.work);
        if given == mine {
            return Ok(());
        }
        Err(QueueError::Refused(format!("a wake-up of {given} was sent to {mine}")))
    }

    /// Sends at most ten; what came of each. One that is refused keeps no other from being sent.
    pub(super) async fn send_batch(&self, sends: &[Envelope]) -> Vec<Result<(), QueueError>> {
        let mut sent: Vec<Result<(), QueueError>> = sends.iter().map(|send| self.is_ours(send)).collect();
        let mut call = self.client.send_message_batch().queue_url(&self.url);
        for (nth, send) in sends.iter().enumerate().filter(|(nth, _)| sent[*nth].is_ok()) {
            match entry(nth, send) {
                Ok(entry) => call = call.entries(entry),
                Err(error) => return everything(sends, &error),
            }
        }
        if call.get_entries().is_none() {
            return sent;
        }
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return everything(sends, &Answer::of(&error).into_error()),
        };
        for failed in answer.failed() {
            if let Some(which) = failed.id().parse().ok().and_then(|nth: usize| sent.get_mut(nth)) {
                *which = Err(refusal(failed));
            }
        }
        sent
    }
}

fn entry(nth: usize, send: &Envelope) -> Result<SendMessageBatchRequestEntry, QueueError> {
    let entry = SendMessageBatchRequestEntry::builder()
        .id(nth.to_string())
        .message_body(send.wake_up.encode())
        .message_group_id(send.wake_up.lane.group())
        .message_deduplication_id(send.dedup.as_str());
    entry.build().map_err(|error| QueueError::Refused(error.to_string()))
}

/// None of them was sent, as far as anybody knows.
fn everything(sends: &[Envelope], why: &QueueError) -> Vec<Result<(), QueueError>> {
    let again = || match why {
        QueueError::Unavailable(why) => QueueError::Unavailable(why.clone()),
        QueueError::Refused(why) => QueueError::Refused(why.clone()),
    };
    sends.iter().map(|_| Err(again())).collect()
}

/// The service says whose fault it is: its own passes.
fn refusal(failed: &BatchResultErrorEntry) -> QueueError {
    let message = failed.message().unwrap_or_default();
    match judge(failed.code(), message, None).into_error() {
        QueueError::Refused(why) if failed.sender_fault() => QueueError::Refused(why),
        QueueError::Refused(why) | QueueError::Unavailable(why) => QueueError::Unavailable(why),
    }
}
