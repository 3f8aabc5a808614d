//! An event source mapping: reads a FIFO queue and invokes a function with what it finds (*AWS Lambda Developer Guide:
//! Using Lambda with Amazon SQS*). One batch of a group at a time; what the function does not report is deleted; after an
//! error, a timeout or a malformed answer the whole batch comes back when its visibility is over; a throttled batch comes
//! back, too, with a receive counted although no code has run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::Function;
use crate::locked;

/// Between two looks at an empty queue.
const PAUSE: Duration = Duration::from_millis(20);

/// A message as the queue gives it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Who has it may delete it.
    pub receipt: String,
    /// What it says.
    pub body: String,
    /// Its system attributes, `MessageGroupId` among them.
    pub attributes: BTreeMap<String, String>,
}

/// The queue as a mapping uses it.
pub trait Source: Send + Sync + 'static {
    /// At most so many messages; waits a little for the first.
    fn receive(&self, max: usize) -> impl Future<Output = Vec<Message>> + Send;
    /// Deletes one.
    fn delete(&self, receipt: &str) -> impl Future<Output = ()> + Send;
}

/// How a mapping is set up.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Messages of one batch.
    pub batch_size: usize,
    /// Batches at the same time.
    pub concurrency: usize,
}

/// What a mapping saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Batches that the function answered.
    pub answered: u64,
    /// Batches that came back as a whole.
    pub came_back: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// Messages that were reported.
    pub reported: u64,
    /// How often a group was in two batches at once; never.
    pub groups_met: u64,
}

/// A mapping that works as long as it lives.
#[derive(Debug)]
pub struct Mapping {
    seen: Arc<Mutex<Seen>>,
    rests: watch::Sender<bool>,
    resting: watch::Receiver<bool>,
    polling: JoinHandle<()>,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

impl Mapping {
    /// Begins to read.
    pub fn begin<S: Source>(source: S, function: Function, settings: Settings) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (rests, asked) = watch::channel(false);
        let (rested, resting) = watch::channel(false);
        let source = Arc::new(source);
        let poller = Poller { source, function, settings, seen: seen.clone(), asked, rested };
        let polling = tokio::spawn(poller.poll());
        Self { seen, rests, resting, polling }
    }

    /// Disabled: once this returns, it reads nothing more.
    pub async fn rest(&self) {
        self.rests.send_replace(true);
        let _ = self.resting.clone().wait_for(|rests| *rests).await;
    }

    /// Enabled again.
    pub fn go_on(&self) {
        self.rests.send_replace(false);
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        locked(&self.seen).clone()
    }
}

struct Poller<S> {
    source: Arc<S>,
    function: Function,
    settings: Settings,
    seen: Arc<Mutex<Seen>>,
    asked: watch::Receiver<bool>,
    rested: watch::Sender<bool>,
}

impl<S: Source> Poller<S> {
    async fn poll(mut self) {
        let busy: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let mut batches = JoinSet::new();
        loop {
            while batches.len() >= self.settings.concurrency {
                batches.join_next().await;
            }
            if *self.asked.borrow() {
                self.rested.send_replace(true);
                let _ = self.asked.wait_for(|rests| !rests).await;
                self.rested.send_replace(false);
            }
            let messages = self.source.receive(self.settings.batch_size).await;
            if messages.is_empty() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let (source, function, seen) = (self.source.clone(), self.function.clone(), self.seen.clone());
            batches.spawn(work(messages, source, function, seen, Arc::clone(&busy)));
        }
    }
}

async fn work<S: Source>(
    messages: Vec<Message>,
    source: Arc<S>,
    function: Function,
    seen: Arc<Mutex<Seen>>,
    busy: Arc<Mutex<BTreeSet<String>>>,
) {
    let groups: BTreeSet<String> = messages.iter().map(group).collect();
    let met = groups.iter().filter(|group| !locked(&busy).insert((*group).clone())).count() as u64;
    let answer = function.invoke(&event(&messages)).await;
    locked(&busy).retain(|group| !groups.contains(group));
    let failed = answer.ok().as_ref().and_then(|answer| failed(answer, &messages));
    {
        let mut seen = locked(&seen);
        seen.groups_met += met;
        match &failed {
            Some(failed) => {
                seen.answered += 1;
                seen.reported += failed.len() as u64;
            }
            None => seen.came_back += 1,
        }
    }
    let Some(failed) = failed else { return };
    for message in messages.iter().filter(|message| !failed.contains(&message.id)) {
        source.delete(&message.receipt).await;
        locked(&seen).deleted += 1;
    }
}

fn group(message: &Message) -> String {
    message.attributes.get("MessageGroupId").cloned().unwrap_or_default()
}

/// The ids that were reported; nothing if the answer is malformed, which is a failure of all.
fn failed(answer: &Value, messages: &[Message]) -> Option<BTreeSet<String>> {
    if answer["batchItemFailures"].is_null() {
        return Some(BTreeSet::new());
    }
    let failures = answer["batchItemFailures"].as_array()?;
    let ids = failures.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned));
    let ids: BTreeSet<String> = ids.collect::<Option<_>>()?;
    ids.iter().all(|id| messages.iter().any(|message| message.id == *id)).then_some(ids)
}

/// The event that a batch is.
pub fn event(messages: &[Message]) -> Value {
    let records: Vec<Value> = messages
        .iter()
        .map(|message| {
            json!({
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": message.attributes,
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders.fifo",
                "awsRegion": "us-east-1",
            })
        })
        .collect();
    json!({ "Records": records })
}
