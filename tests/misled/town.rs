//! Handler and worker as they are on Lambda, in this process: over the ledger in a table, with a clock that can be moved by
//! hours, and whatever queue a test gives them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backend::aws::ledger::{Ledger, Patience, create};
use backend::embedded::queue::{Queue, Settings};
use lane::carriage::Carriage;
use lane::clock::{Clock, SystemClock, Timestamp, after};
use lane::id::{AccountId, ShopId};
use lane::policy::Policy;
use lane::ports::{QueueReceiver as _, Registry as _, SecretError, Secrets};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use secrecy::SecretString;
use serde_json::{Value, json};
use service::config::Config;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tokio::task::JoinHandle;
use worker::configured::{Ports, function, owner};
use worker::lambda::Function;
use worker::limiter::Limiter;

use super::queue::{Manner, Misleading};
use crate::world::{SECRET, domain, stand_in};

/// As on Lambda.
const TIMEOUT: Duration = Duration::from_mins(2);

/// The stand-in shares the machine with other tests.
const PATIENCE: Patience =
    Patience { one_try: Duration::from_secs(20), webhook: Duration::from_mins(1), others: Duration::from_mins(1) };

/// When what was deleted comes again.
const COMES_AGAIN: [Duration; 2] = [Duration::from_mins(5), Duration::from_hours(1)];

/// A clock that goes on, and is moved on.
pub(super) struct Moved {
    clock: SystemClock,
    by_ms: AtomicU64,
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        after(self.clock.now(), Duration::from_millis(self.by_ms.load(Ordering::SeqCst)))
    }
}

/// Whatever is asked for is there.
struct Known;

#[async_trait]
impl Secrets for Known {
    async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let secret = match reference.to_string().as_str() {
            "env:SECRET" => SECRET,
            "env:SS_KEY" => "ss-key",
            "env:SS_SECRET" => "ss-secret",
            _ => "a token",
        };
        Ok(secret.into())
    }
}

/// Providers, a ledger, a handler and a worker, and the queue between them.
pub(super) struct Town {
    pub(super) shopify: Shopify,
    pub(super) shipstation: ShipStation,
    pub(super) ledger: Arc<Ledger>,
    pub(super) queue: Arc<Misleading>,
    pub(super) webhooks: String,
    clock: Arc<Moved>,
    worker: Function,
    /// What comes again, and when.
    again: Vec<(Timestamp, Value)>,
    handler: JoinHandle<()>,
}

impl Drop for Town {
    fn drop(&mut self) {
        self.handler.abort();
    }
}

impl Town {
    pub(super) async fn with(manner: Manner) -> Self {
        let moved = Arc::new(Moved { clock: SystemClock::start(), by_ms: AtomicU64::new(0) });
        let clock: Arc<dyn Clock> = moved.clone();
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, shopify::Settings::default(), Arc::clone(&clock)).await.unwrap();
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), Arc::clone(&clock)).await.unwrap();
        shipstation.add_account("ss-key", "ss-secret", 6000);
        let (account, table) = (stand_in().await.config().await, format!("misled-{manner:?}"));
        create(&account, &table, PATIENCE).await.unwrap();
        let ledger = Arc::new(backend::contract::stand_in::ledger(&account, &table, PATIENCE).await.unwrap());
        let queue = Queue::new(lane::id::Queue::Orders, Arc::clone(&clock), Settings::default());
        let queue = Arc::new(Misleading::new(queue, manner));
        let config = Config::read(&settings(&shopify, &shipstation), "the test's settings", &|_| None).unwrap();
        let known: Arc<dyn Secrets> = Arc::new(Known);
        let own = handler::Settings::configured(&config, known.as_ref()).await.unwrap();
        let router = handler::router(own, ledger.clone(), queue.clone(), Arc::clone(&clock));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhooks = format!("http://{}/webhooks/shopify", listener.local_addr().unwrap());
        let handler = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let limiter = Limiter::shared(Arc::clone(&clock), ledger.clone(), owner(7), 7);
        let worker = function(&config, Ports::of(&ledger, &queue, known), limiter, &clock, 7).await.unwrap();
        Self { shopify, shipstation, ledger, queue, webhooks, clock: moved, worker, again: Vec::new(), handler }
    }

    /// Adds a shop whose orders go one at a time.
    pub(super) async fn shop(&self, name: &str) {
        self.shopify.add_shop(&domain(name), "a token");
        let mut carriage = Carriage::default();
        carriage.burst.orders = 1;
        let shop = Shop {
            id: ShopId::parse(name).unwrap(),
            source: Source::Shopify,
            domains: vec![domain(name)],
            token: SecretRef::Env("TOKEN".to_owned()),
            warehouse: AccountId::at("shipstation", "main"),
            policy: Policy::default(),
            rules: HoldRules::default(),
            qualifies: Qualification::default(),
            carriage,
            added_at: self.clock.now(),
        };
        self.ledger.put_shop(&shop, self.clock.now()).await.unwrap();
    }

    /// So much time passes; then everything that the queue shows is worked, and the schedule calls.
    pub(super) async fn passes(&mut self, time: Duration) {
        self.clock.by_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        self.hears().await;
        self.invoke(json!({ "lanekeeper": "sweep" })).await;
        self.hears().await;
    }

    /// What the mapping does: each message is an event, and goes when nobody wants it again.
    pub(super) async fn hears(&mut self) {
        let now = self.clock.now();
        for (_, event) in self.again.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.invoke(event).await;
            self.queue.repeated();
        }
        while let Some(message) = self.queue.receive(1, Duration::ZERO).await.unwrap().pop() {
            let event = json!({ "Records": [{
                "messageId": message.receipt.0,
                "receiptHandle": message.receipt.0,
                "body": message.wake_up.unwrap().encode(),
                "attributes": { "MessageGroupId": message.lane.group() },
                "eventSource": "aws:sqs",
            }] });
            let answer = self.invoke(event.clone()).await;
            if answer["batchItemFailures"] == json!([]) {
                self.queue.delete(&message.receipt).await.unwrap();
                let comes = COMES_AGAIN.iter().filter(|_| self.queue.repeats());
                self.again.extend(comes.map(|wait| (after(now, *wait), event.clone())));
            }
        }
    }

    async fn invoke(&self, event: Value) -> Value {
        let deadline = after(self.clock.now(), TIMEOUT);
        self.worker.answer(event, deadline).await.unwrap()
    }
}

fn settings(shopify: &Shopify, shipstation: &ShipStation) -> String {
    format!(
        r#"
[ledger]
path = "nowhere"
[webhooks]
listen = "127.0.0.1:0"
shopify_secrets = ["env:SECRET"]
[review]
listen = "127.0.0.1:0"
[shopify]
base_url = "{}"
[accounts.main]
provider = "shipstation"
base_url = "{}"
key = "env:SS_KEY"
secret = "env:SS_SECRET"
per_minute = 6000
"#,
        shopify.base_url(),
        shipstation.base_url(),
    )
}
