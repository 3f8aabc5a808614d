//! The queue on SQS FIFO: a thin layer that speaks the ports' words and leaves the manners to the service.
//!
//! Connecting reads the queue's attributes and refuses a queue that could not keep our promises (see [`Fault`]). After
//! that every verb is one call. What the service answers is read in one place, the module `answer`.

mod check;
mod answer;
mod batch;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use lane::id::{self, LaneKey};
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
use lane::wake_up::{Envelope, WakeUp};

use super::SdkConfig;
use answer::Answer;
pub use check::Fault;

/// One try of a call that does not wait: SQS answers in some ten milliseconds.
const TRY_MAX: Duration = Duration::from_secs(2);

/// Such a call with its repetitions; a webhook has to be answered within five seconds.
const CALL_MAX: Duration = Duration::from_secs(4);

/// The longest a receive waits, which is what SQS allows.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// One try of a receive: its wait, and time for the answer.
const RECEIVE_TRY_MAX: Duration = Duration::from_secs(25);

/// A receive with its repetitions.
const RECEIVE_MAX: Duration = Duration::from_secs(55);

/// The longest visibility time SQS allows, counted from the receive.
const HIDDEN_MAX: Duration = Duration::from_hours(12);

/// How long a message that names no lane is left alone at a time: a little under the 12 h, which count from the
/// receive and not from the call.
const NAMELESS_REST: Duration = Duration::from_hours(11);

/// Which queue it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By its URL.
    Url(String),
    /// By its name, in the account and region of the configuration.
    Name(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Url(text) | Self::Name(text)) = self;
        f.write_str(text)
    }
}

/// What a connection needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which of our queues it is.
    pub queue: id::Queue,
    /// Where it is.
    pub address: Address,
    /// The shortest visibility time with which we can work: longer than a lane's lease. The queue's own is used, and
    /// a shorter one is a [`Fault`].
    pub visibility: Duration,
}

/// Why a queue is not used.
#[derive(Debug, thiserror::Error)]
pub enum StartUpError {
    /// There is no such queue.
    #[error("there is no queue {0}; check its name, the account and the region")]
    NoSuchQueue(Address),
    /// It could not be asked.
    #[error("the queue {address} cannot be reached: {why}")]
    Unreachable {
        /// The queue.
        address: Address,
        /// What happened.
        why: String,
    },
    /// The service refuses to tell.
    #[error("the service refuses to describe the queue {address}: {why}")]
    Refused {
        /// The queue.
        address: Address,
        /// What it says.
        why: String,
    },
    /// It is there, but with it our promises could not be kept.
    #[error("the queue {address} cannot be used: {}", list(faults))]
    Wrong {
        /// The queue.
        address: Address,
        /// All that is wrong with it.
        faults: Vec<Fault>,
    },
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a message is not received.
#[derive(Debug, thiserror::Error)]
enum Nameless {
    #[error("it has no message group")]
    Group,
    #[error("its message group is no lane")]
    Lane(#[from] id::InvalidId),
    #[error("it came without a receipt")]
    Receipt,
}

/// A FIFO queue of SQS. Clones are the same queue.
#[derive(Debug, Clone)]
pub struct Queue {
    work: id::Queue,
    url: String,
    client: Client,
    /// The same with the patience that a long poll needs.
    waiting: Client,
}

impl Queue {
    /// Finds the queue and checks that it is made the way our promises need it.
    pub async fn connect(config: &SdkConfig, settings: Settings) -> Result<Self, StartUpError> {
        let Settings { queue, address, visibility } = settings;
        let client = client(config, TRY_MAX, CALL_MAX);
        let url = match &address {
            Address::Url(url) => url.clone(),
            Address::Name(name) => {
                let asked = client.get_queue_url().queue_name(name).send().await;
                let found = asked.map_err(|e| start_up_error(address.clone(), Answer::of(&e)))?;
                found.queue_url.ok_or_else(|| StartUpError::NoSuchQueue(address.clone()))?
            }
        };
        let all = QueueAttributeName::All;
        let asked = client.get_queue_attributes().queue_url(&url).attribute_names(all).send().await;
        let found = asked.map_err(|e| start_up_error(address.clone(), Answer::of(&e)))?;
        let attributes = found.attributes.unwrap_or_default();
        let faults =
            check::faults(|name| attributes.get(&QueueAttributeName::from(name)).map(String::as_str), visibility);
        if !faults.is_empty() {
            return Err(StartUpError::Wrong { address, faults });
        }
        let waiting = self::client(config, RECEIVE_TRY_MAX, RECEIVE_MAX);
        Ok(Self { work: queue, url, client, waiting })
    }

    /// A message whose group names no lane did not come from us. It is left in the queue for a person to look at, but
    /// out of the way for as long as may be, or every receive would bring it again.
    async fn leave_alone(&self, message: &Message, why: &Nameless) {
        let rest = NAMELESS_REST;
        let hidden = match &message.receipt_handle {
            Some(receipt) => self.defer(&Receipt(receipt.clone()), rest).await.is_ok(),
            None => false,
        };
        tracing::error!(
            queue = %self.work,
            message.id = message.message_id.as_deref().unwrap_or("unknown"),
            message.hidden = hidden,
            error = why as &dyn Error,
            "a message in the queue names no lane; it was left there, look at it and delete it"
        );
    }
}

fn client(config: &SdkConfig, one_try: Duration, all_tries: Duration) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(one_try).operation_timeout(all_tries).build();
    Client::from_conf(aws_sdk_sqs::config::Builder::from(config).timeout_config(timeouts).build())
}

fn start_up_error(address: Address, answer: Answer) -> StartUpError {
    match answer {
        Answer::NoSuchQueue => StartUpError::NoSuchQueue(address),
        Answer::NotNow(why) => StartUpError::Unreachable { address, why },
        Answer::Refused(why) => StartUpError::Refused { address, why },
        Answer::Powerless => StartUpError::Refused { address, why: "it speaks of a receipt".to_owned() },
    }
}

/// SQS counts in whole seconds; rounded up, because earlier than asked would be wrong.
fn whole_seconds(time: Duration) -> i32 {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[async_trait]
impl QueueSender for Queue {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        self.is_ours(send)?;
        let lane = &send.wake_up.lane;
        let call = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(send.wake_up.encode())
            .message_group_id(lane.group())
            .message_deduplication_id(send.dedup.as_str());
        call.send().await.map_err(|e| Answer::of(&e).into_error())?;
        Ok(())
    }

    async fn send_all(&self, sends: &[Envelope]) -> Vec<Result<(), QueueError>> {
        let mut sent = Vec::with_capacity(sends.len());
        for some in sends.chunks(batch::SENT_AT_ONCE) {
            sent.extend(self.send_batch(some).await);
        }
        sent
    }
}

#[async_trait]
impl QueueReceiver for Queue {
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        let call = self
            .waiting
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(max).unwrap_or(i32::MAX))
            .wait_time_seconds(whole_seconds(wait.min(WAIT_MAX)))
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let answer = call.send().await.map_err(|e| Answer::of(&e).into_error())?;
        let mut received = Vec::new();
        for message in answer.messages.unwrap_or_default() {
            match read(self.work, &message) {
                Ok(one) => received.push(one),
                Err(why) => self.leave_alone(&message, &why).await,
            }
        }
        Ok(received)
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        let call = self.client.delete_message().queue_url(&self.url).receipt_handle(&receipt.0);
        match call.send().await {
            Ok(_) => Ok(Settled::Done),
            Err(error) => Answer::of(&error).settled(),
        }
    }

    async fn defer(&self, receipt: &Receipt, after: Duration) -> Result<Settled, QueueError> {
        if after > HIDDEN_MAX {
            let why = "a message may stay hidden for 12 h from its receive at most";
            return Err(QueueError::Refused(why.to_owned()));
        }
        let call = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(&receipt.0)
            .visibility_timeout(whole_seconds(after));
        match call.send().await {
            Ok(_) => Ok(Settled::Done),
            Err(error) => Answer::of(&error).settled(),
        }
    }
}

/// The lane comes from the group, so a body that cannot be read still wakes it.
fn read(queue: id::Queue, message: &Message) -> Result<Received, Nameless> {
    let attributes = message.attributes.as_ref();
    let group = attributes.and_then(|a| a.get(&MessageSystemAttributeName::MessageGroupId));
    let lane = LaneKey::in_queue(queue, group.ok_or(Nameless::Group)?)?;
    let receipt = message.receipt_handle.clone().ok_or(Nameless::Receipt)?;
    let wake_up = WakeUp::decode(message.body.as_deref().unwrap_or_default(), &lane);
    Ok(Received { lane, wake_up, receipt: Receipt(receipt) })
}

#[cfg(test)]
mod tests;
