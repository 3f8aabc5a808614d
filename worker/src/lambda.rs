//! The worker as a Lambda function: wake-ups come as an event instead of being received, and the answer says which of
//! them come again. What is to become of a message is decided by the same run of a lane as everywhere ([`Ran`]).
//!
//! A wake-up that comes again gets its visibility set before it is reported: the mapping does not know when there is
//! work. With it go all later ones of its own group, because order is kept within a group; other groups are not touched.
//! Nothing of an invocation outlives it: the next one may find the process as this one left it, after hours.

use std::time::Duration;

use ::lane::clock::{Clock, Timestamp, after, until};
use ::lane::id::{LaneKey, Queue};
use ::lane::ports::{LedgerError, Receipt, Settled};
use ::lane::wake_up::WakeUp;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::chores::Chores;
use crate::configured::Ports;
use crate::lane::{LEASE, Lanes, RECORD, Ran};

/// The end of an invocation in which nothing is waited for any more: what a call brought is recorded in it.
const LAST: Duration = Duration::from_secs(3);

/// How long a message that names no lane is left alone: a little under the 12 h that SQS allows from the receive.
const NAMELESS_REST: Duration = Duration::from_hours(11);

/// What an event says, if it says nothing of messages.
const CHORES: &str = "sweep";

/// Why an event is not worked. The mapping brings all of its messages again.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is of no shape that this function knows.
    #[error(
        "this event is no batch of SQS messages and no {{\"lanekeeper\": \"{CHORES}\"}}; map the function to the queue of \
         orders, or schedule it with that input"
    )]
    Shape,
    /// The sweep could not be made; the next one makes up for it.
    #[error("the ledger could not be swept")]
    Sweep(#[from] LedgerError),
    /// It is a batch that cannot be read.
    #[error("the batch of SQS messages cannot be read")]
    Batch(#[source] serde_json::Error),
}

/// The function. One invocation at a time uses it.
pub struct Function {
    lanes: Lanes,
    ports: Ports,
    chores: Chores,
    clock: Arc<dyn Clock>,
}

/// What becomes of one message.
enum Fate {
    /// The mapping deletes it.
    Done,
    /// It comes again after so long.
    Again(Duration),
}

impl Function {
    /// Does nothing yet.
    pub fn new(lanes: Lanes, ports: Ports, chores: Chores, clock: Arc<dyn Clock>) -> Self {
        Self { lanes, ports, chores, clock }
    }

    /// Works an event that has to be answered before `deadline`.
    pub async fn answer(&self, event: Value, deadline: Timestamp) -> Result<Value, EventError> {
        if event.get("lanekeeper").and_then(Value::as_str) == Some(CHORES) {
            let stop = self.stop_at(before(deadline, LAST));
            self.chores.all(&stop.token).await?;
            return Ok(Value::Null);
        }
        if !event.get("Records").is_some_and(Value::is_array) {
            return Err(EventError::Shape);
        }
        let batch: SqsEvent = serde_json::from_value(event).map_err(EventError::Batch)?;
        if batch.records.iter().any(|message| message.event_source.as_deref() != Some("aws:sqs")) {
            return Err(EventError::Shape);
        }
        serde_json::to_value(self.batch(batch.records, deadline).await).map_err(EventError::Batch)
    }

    async fn batch(&self, messages: Vec<SqsMessage>, deadline: Timestamp) -> SqsBatchResponse {
        // An attempt takes longer than half a minute only where a provider is slow; none begins in the second half.
        let now = self.clock.now();
        let stop = self.stop_at(after(now, until(now, deadline) / 2));
        let mut groups: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
        for message in messages {
            groups.entry(group(&message).to_owned()).or_default().push(message);
        }
        let each = groups.iter().map(|(group, messages)| self.group(group, messages, deadline, &stop.token));
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = futures::future::join_all(each).await.into_iter().flatten().collect();
        answer
    }

    /// Those of a group that come again.
    async fn group(
        &self,
        group: &str,
        messages: &[SqsMessage],
        deadline: Timestamp,
        stop: &CancellationToken,
    ) -> Vec<BatchItemFailure> {
        for (nth, message) in messages.iter().enumerate() {
            let wait = match self.message(group, message, deadline, stop).await {
                Fate::Done => continue,
                Fate::Again(wait) => wait,
            };
            let rest = &messages[nth..];
            for message in rest {
                self.hide(message, wait).await;
            }
            return rest.iter().map(failure).collect();
        }
        Vec::new()
    }

    async fn message(&self, group: &str, message: &SqsMessage, deadline: Timestamp, stop: &CancellationToken) -> Fate {
        let lane = match LaneKey::in_queue(Queue::Orders, group) {
            Ok(lane) => lane,
            Err(error) => {
                let id = message.message_id.as_deref().unwrap_or("unknown");
                tracing::error!(message.id = id, %error, "a message in the queue names no lane; look at it and delete it");
                return Fate::Again(NAMELESS_REST);
            }
        };
        metrics::counter!("lanekeeper_wake_ups_received_total").increment(1);
        if let Err(error) = WakeUp::decode(message.body.as_deref().unwrap_or_default(), &lane) {
            tracing::warn!(lane = %lane, %error, "a wake-up cannot be read; its lane is woken all the same");
        }
        if stop.is_cancelled() {
            return Fate::Again(Duration::ZERO);
        }
        // A call has to end before the function does, not only before the usual lease.
        let now = self.clock.now();
        let lease = LEASE.min(until(now, before(deadline, LAST)) + RECORD);
        match self.lanes.run_within(&lane, lease, stop).await {
            Ran::Delete { .. } => Fate::Done,
            Ran::DeferUntil(at) => Fate::Again(until(self.clock.now(), at)),
            Ran::Visible => Fate::Again(Duration::ZERO),
        }
    }

    /// A message that cannot be hidden comes back when the queue's own time is over.
    async fn hide(&self, message: &SqsMessage, wait: Duration) {
        let Some(receipt) = message.receipt_handle.clone() else { return };
        match self.ports.receiver.defer(&Receipt(receipt), wait).await {
            Ok(Settled::Done) => {}
            Ok(Settled::Expired) => tracing::debug!("a wake-up had become visible again before its lane run ended"),
            Err(error) => tracing::warn!(%error, "a wake-up could not be hidden; it comes again when its time is over"),
        }
    }

    fn stop_at(&self, at: Timestamp) -> Stop {
        let token = CancellationToken::new();
        let (ends, wait) = (token.clone(), until(self.clock.now(), at));
        let timer = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            ends.cancel();
        });
        Stop { token, _timer: AbortOnDropHandle::new(timer) }
    }
}

/// Stops what an invocation does; its timer ends with it.
struct Stop {
    token: CancellationToken,
    _timer: AbortOnDropHandle<()>,
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

fn group(message: &SqsMessage) -> &str {
    message.attributes.get("MessageGroupId").map(String::as_str).unwrap_or_default()
}

fn failure(message: &SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone().unwrap_or_default();
    failure
}
