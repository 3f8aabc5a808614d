//! Handler, worker and review as Lambda functions: the real programs under the Runtime API, behind an HTTP API each, with a
//! mapping from the queue to the worker and a schedule for the sweep.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use lane::clock::SystemClock;
use serde_json::json;
use simulators::lambda::gateway::Gateway;
use simulators::lambda::mapping::{Mapping, Message, Settings, Source};
use simulators::lambda::{Deployed, Function};
use tokio::task::JoinHandle;

use super::home::stand_in;

/// As in the template: less than a lane's lease, which is less than a message's visibility.
const WORKER_TIMEOUT: Duration = Duration::from_mins(2);

/// As in the template, for functions that answer HTTP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// The schedule of the template calls once a minute; a test has not that long.
const SCHEDULE: Duration = Duration::from_secs(2);

/// The functions and what invokes them.
pub(crate) struct Functions {
    pub(crate) handler: Function,
    pub(crate) worker: Function,
    pub(crate) mapping: Mapping,
    review: Gateway,
    webhooks: Gateway,
    schedule: JoinHandle<()>,
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.schedule.abort();
    }
}

impl Functions {
    /// Deploys them with these variables.
    pub(crate) async fn deploy(folder: &Path, env: &[(String, String)]) -> Self {
        let deploy = |name: &str, timeout: Duration, concurrency: usize| {
            let program = super::program::service(name);
            let mut env = env.to_vec();
            env.push(("LANEKEEPER_CONFIG".to_owned(), folder.join("lanekeeper.toml").display().to_string()));
            Function::deploy(Deployed { program, env, timeout, concurrency }, Arc::new(SystemClock::start()))
        };
        let handler = deploy("handler", HTTP_TIMEOUT, 4);
        let review = deploy("review", HTTP_TIMEOUT, 2);
        let worker = deploy("worker", WORKER_TIMEOUT, 4);
        let sweep = deploy("worker", Duration::from_secs(50), 1);
        let schedule = tokio::spawn(async move {
            loop {
                let _ = sweep.invoke(&json!({ "lanekeeper": "sweep" })).await;
                tokio::time::sleep(SCHEDULE).await;
            }
        });
        let settings = Settings { batch_size: 1, concurrency: 4 };
        let mapping = Mapping::begin(Fifo::of(folder).await, worker.clone(), settings);
        let webhooks = Gateway::open(handler.clone()).await.unwrap();
        let review = Gateway::open(review).await.unwrap();
        Self { handler, worker, mapping, review, webhooks, schedule }
    }

    pub(crate) fn webhooks(&self) -> SocketAddr {
        self.webhooks.address()
    }

    pub(crate) fn review(&self) -> SocketAddr {
        self.review.address()
    }

    /// What all of them logged.
    pub(crate) fn log(&self) -> Vec<String> {
        [self.handler.log(), self.worker.log()].concat()
    }
}

/// The queue that the settings name.
pub(crate) struct Fifo {
    client: Client,
    url: String,
}

impl Fifo {
    pub(crate) async fn of(folder: &Path) -> Self {
        let settings = std::fs::read_to_string(folder.join("lanekeeper.toml")).unwrap();
        let line = settings.lines().find_map(|line| line.strip_prefix("orders_queue = ")).expect("a queue is named");
        Self { client: Client::new(&stand_in().await.config().await), url: line.trim_matches('"').to_owned() }
    }
}

impl Source for Fifo {
    async fn receive(&self, max: usize) -> Vec<Message> {
        let call = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(max).unwrap())
            .wait_time_seconds(1)
            .message_system_attribute_names(MessageSystemAttributeName::All);
        let received = call.send().await.map(|answer| answer.messages.unwrap_or_default()).unwrap_or_default();
        let message = |message: aws_sdk_sqs::types::Message| Message {
            id: message.message_id.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            attributes: message
                .attributes
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| (name.as_str().to_owned(), value))
                .collect::<BTreeMap<_, _>>(),
        };
        received.into_iter().map(message).collect()
    }

    async fn delete(&self, receipt: &str) {
        let deleted = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        if let Err(error) = deleted {
            eprintln!("a message could not be deleted: {error}");
        }
    }
}
