//! The suite on SQS, which here is a stand-in, and the check of a queue before it is used. The stand-in is started once
//! for both, because starting it is most of the time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use backend::aws::SdkConfig;
use backend::aws::queue::{Address, Fault, Queue, Settings, StartUpError};
use backend::contract::queue::{self, Ends, Exclusion, Failure, Harness};
use backend::contract::stand_in::Ministack;
use backend::contract::wire::Wire;
use lane::clock::Timestamp;
use lane::id::{self, JobId, LaneKey, ShopId};
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt};
use lane::wake_up::{DedupId, Envelope, WakeUp};

/// What the stand-in does otherwise than AWS. The embedded queue keeps all of it.
pub(crate) const NOT_KEPT: &[Exclusion] = &[
    differs("C3", "it takes messages in the order of their sending, without packing groups"),
    differs("C6", "it blocks a group while anything of it is held, also what stands before"),
    differs("C7", "it blocks a group while anything of it is held, also what stands before"),
    differs("C8b", "it blocks a group while anything of it is held, also what stands before"),
    differs("C8c", "it blocks a group while anything of it is held, also what stands before"),
    differs("C28", "it does not look at the characters of ids"),
    differs("C37", "it accepts a receipt whose time is over"),
    differs("C37b", "it accepts a receipt whose time is over"),
    differs("C40", "it calls the receipt of a deleted message invalid"),
    differs("C46b", "it does not count the twelve hours"),
    takes_minutes("C24"),
    takes_minutes("C35"),
];

const fn differs(case: &'static str, why: &'static str) -> Exclusion {
    Exclusion { case, why, runs: true }
}

const fn takes_minutes(case: &'static str) -> Exclusion {
    Exclusion { case, why: "it takes more than five minutes that nobody can shorten", runs: false }
}

pub(crate) struct Sqs {
    pub(crate) stand_in: Ministack,
    config: SdkConfig,
}

impl Sqs {
    pub(crate) async fn start() -> Self {
        let stand_in = tokio::task::spawn_blocking(Ministack::start).await.unwrap().unwrap();
        let config = stand_in.config().await;
        Self { stand_in, config }
    }

    pub(crate) async fn connect(&self, address: Address, visibility: u64) -> Result<Queue, StartUpError> {
        let visibility = Duration::from_secs(visibility);
        let settings = Settings { queue: id::Queue::Orders, address, visibility };
        Queue::connect(&self.config, settings).await
    }

    /// A queue that is right except for what is given here.
    async fn queue_with(&self, name: &str, given: &[(Attribute, &str)]) -> Address {
        let visibility = Duration::from_secs(140);
        let url = self.stand_in.queue(name, visibility).await.unwrap();
        let mut call = Client::new(&self.config).set_queue_attributes().queue_url(&url);
        for (attribute, value) in given {
            call = call.attributes(attribute.clone(), *value);
        }
        call.send().await.unwrap();
        Address::Url(url)
    }
}

#[async_trait]
impl Harness for Sqs {
    async fn queue(&self, name: &str, visibility: Duration) -> Result<Ends, Failure> {
        let made = self.stand_in.queue(name, visibility).await;
        let url = made.map_err(|error| Failure::new(error.to_string()))?;
        let made = self.connect(Address::Url(url), visibility.as_secs()).await;
        let queue = made.map_err(|error| Failure::new(error.to_string()))?;
        Ok(Ends { sender: Arc::new(queue.clone()), receiver: Arc::new(queue) })
    }

    async fn pass(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_every_promise_that_its_stand_in_keeps() {
    let verdict = queue::run(Arc::new(Sqs::start().await), NOT_KEPT, 34).await;
    assert!(verdict.is_good(), "{verdict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_queue_is_refused_and_a_right_one_works() {
    let sqs = Sqs::start().await;
    a_right_queue_is_found_by_its_name(&sqs).await;
    wrong_queues_are_refused(&sqs).await;
    many_are_sent_by_a_few_calls(&sqs).await;
    a_queue_that_is_not_there_is_refused(&sqs).await;
    a_service_that_is_not_there_is_unreachable(&sqs).await;
    what_is_not_ours_does_not_stop_us(&sqs).await;
}

fn wake_up(shop: &str) -> Envelope {
    let shop = ShopId::parse(shop).unwrap();
    let (lane, job) = (LaneKey::orders(&shop), JobId::from(1));
    let (at, dedup) = (Timestamp::UNIX_EPOCH, DedupId::first(&job));
    Envelope { wake_up: WakeUp { lane, shop, job, number: "#1".into(), at, approved: true }, dedup }
}

async fn a_right_queue_is_found_by_its_name(sqs: &Sqs) {
    sqs.queue_with("right", &[(Attribute::VisibilityTimeout, "141")]).await;
    let queue = sqs.connect(Address::Name("right.fifo".into()), 140).await.unwrap();
    let sent = wake_up("acme");
    queue.send(&sent).await.unwrap();
    let received = queue.receive(10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].wake_up.as_ref().unwrap(), &sent.wake_up);
    assert_eq!(received[0].lane, sent.wake_up.lane);
}

async fn wrong_queues_are_refused(sqs: &Sqs) {
    let few = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:few-dlq.fifo","maxReceiveCount":"3"}"#;
    for (name, given, fault) in [
        ("scope", (Attribute::DeduplicationScope, "queue"), Fault::Scope { found: "queue".into() }),
        ("throughput", (Attribute::FifoThroughputLimit, "perQueue"), Fault::Throughput { found: "perQueue".into() }),
        ("visibility", (Attribute::VisibilityTimeout, "30"), Fault::Visibility { found: "30".into(), least: 140 }),
        ("few", (Attribute::RedrivePolicy, few), Fault::Receives { found: 3 }),
    ] {
        let address = sqs.queue_with(name, &[given]).await;
        let error = sqs.connect(address, 140).await.unwrap_err();
        assert!(error.to_string().contains(&fault.to_string()), "{error}");
        assert!(matches!(error, StartUpError::Wrong { faults, .. } if faults == [fault]));
    }
    let client = Client::new(&sqs.config);
    let standard = client.create_queue().queue_name("standard").send().await.unwrap();
    let error = sqs.connect(Address::Url(standard.queue_url.unwrap()), 140).await.unwrap_err();
    assert!(matches!(error, StartUpError::Wrong { faults, .. } if faults == [Fault::NotFifo]));
    let plain = client.create_queue().queue_name("plain.fifo");
    let plain = plain.attributes(Attribute::FifoQueue, "true").send().await.unwrap();
    let error = sqs.connect(Address::Url(plain.queue_url.unwrap()), 140).await.unwrap_err();
    assert!(matches!(error, StartUpError::Wrong { faults, .. } if faults.len() == 4));
}

async fn a_queue_that_is_not_there_is_refused(sqs: &Sqs) {
    let url = format!("{}/000000000000/nowhere.fifo", sqs.stand_in.endpoint());
    for address in [Address::Name("nowhere.fifo".into()), Address::Url(url)] {
        let error = sqs.connect(address.clone(), 140).await.unwrap_err();
        assert!(matches!(&error, StartUpError::NoSuchQueue(said) if *said == address), "{error}");
    }
}

async fn a_service_that_is_not_there_is_unreachable(sqs: &Sqs) {
    let right = sqs.connect(Address::Name("right.fifo".into()), 140).await.unwrap();
    let gone = Sqs::start().await;
    let settings = Address::Name("right.fifo".into());
    let url = gone.queue_with("right", &[(Attribute::VisibilityTimeout, "140")]).await;
    let queue = gone.connect(url, 140).await.unwrap();
    let Sqs { stand_in, config } = gone;
    drop(stand_in);
    let lost = queue.send(&wake_up("acme")).await;
    assert!(matches!(&lost, Err(QueueError::Unavailable(why)) if why.contains("dispatch")), "{lost:?}");
    let unsure = queue.delete(&Receipt("r".into())).await;
    assert!(matches!(unsure, Err(QueueError::Unavailable(_))), "{unsure:?}");
    let visibility = Duration::from_secs(140);
    let settings = Settings { queue: id::Queue::Orders, address: settings, visibility };
    let error = Queue::connect(&config, settings).await.unwrap_err();
    assert!(matches!(error, StartUpError::Unreachable { .. }), "{error}");
    right.send(&wake_up("still-here")).await.unwrap();
}

/// Wake-ups of many lanes, one of them a repetition.
async fn many_are_sent_by_a_few_calls(sqs: &Sqs) {
    let (wire, config) = Wire::tap(&sqs.config);
    let url = sqs.stand_in.queue("many", Duration::from_secs(140)).await.unwrap();
    let visibility = Duration::from_secs(140);
    let settings = Settings { queue: id::Queue::Orders, address: Address::Url(url), visibility };
    let queue = Queue::connect(&config, settings).await.unwrap();
    let mut sends: Vec<Envelope> = (0..24).map(|nth| wake_up(&format!("shop-{nth:02}"))).collect();
    sends.push(sends[0].clone());
    wire.calls();
    let sent = queue.send_all(&sends).await;
    assert!(sent.len() == 25 && sent.iter().all(Result::is_ok), "{sent:?}");
    let calls: Vec<String> = wire.calls().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(calls, ["SendMessageBatch"; 3]);
    let mut received = Vec::new();
    while received.len() < 24 {
        let some = queue.receive(10, Duration::from_secs(1)).await.unwrap();
        assert!(!some.is_empty(), "{} came", received.len());
        for message in some {
            queue.delete(&message.receipt).await.unwrap();
            received.push(message.lane);
        }
    }
    let lanes: Vec<LaneKey> = sends[..24].iter().map(|send| send.wake_up.lane.clone()).collect();
    assert_eq!(received, lanes, "in their order, each once");
    assert!(queue.receive(10, Duration::from_secs(1)).await.unwrap().is_empty());
}

/// A body that nobody can read wakes its lane; a group that is no lane is put away and does not come again.
async fn what_is_not_ours_does_not_stop_us(sqs: &Sqs) {
    let address = sqs.queue_with("foreign", &[(Attribute::VisibilityTimeout, "140")]).await;
    let Address::Url(url) = address.clone() else { unreachable!() };
    let client = Client::new(&sqs.config);
    for (group, body) in [("no lane", "1"), ("acme", "what is this"), ("acme", "and this")] {
        let call = client.send_message().queue_url(&url).message_group_id(group);
        call.message_deduplication_id(body.len().to_string()).message_body(body).send().await.unwrap();
    }
    let queue = sqs.connect(address, 140).await.unwrap();
    let received = queue.receive(10, Duration::from_secs(1)).await.unwrap();
    let lanes: Vec<_> = received.iter().map(|message| message.lane.to_string()).collect();
    assert_eq!(lanes, ["orders/acme", "orders/acme"]);
    assert!(received.iter().all(|message| message.wake_up.is_err()));
    let all = [Attribute::ApproximateNumberOfMessages, Attribute::ApproximateNumberOfMessagesNotVisible];
    let call = client.get_queue_attributes().queue_url(&url).set_attribute_names(Some(all.to_vec()));
    let counted = call.send().await.unwrap().attributes.unwrap();
    assert_eq!(all.map(|attribute| counted[&attribute].as_str()), ["0", "3"]);
}
