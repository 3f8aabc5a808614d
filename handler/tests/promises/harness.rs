//! The world around the handler: signed requests, a ledger and a queue that remember what they were asked, and real
//! connections where bytes on a wire matter.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handler::{Settings, Warehouse, router};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use lane::clock::{Clock, ManualClock, Timestamp};
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::ports::{Intake, LedgerError, Notice, QueueError, QueueSender, Recorded};
use lane::state::StateKind;
use lane::view::QuarantineReason;
use lane::wake_up::{DedupId, Envelope, WakeUp};
use lane::webhook::{Content, Named, OrderNews, Webhook};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::ServiceExt;

pub(crate) const SECRET: &str = "shpss_current";
pub(crate) const PREVIOUS: &str = "shpss_previous";
pub(crate) const NOTICE_SECRET: &str = "notice-secret-of-the-main-account";
pub(crate) const ORDER: &str = include_str!("../../testdata/order.json");

/// What a port does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Unavailable,
    Stopped,
    Hangs,
    Panics,
}

/// A ledger that remembers what it was asked to record.
pub(crate) struct Ledger {
    mood: Mutex<Mood>,
    recorded: Mutex<Vec<Webhook>>,
    noticed: Mutex<Vec<Notice>>,
    /// Answers of a hanging ledger are let go with this.
    pub(crate) go_on: Notify,
}

#[async_trait]
impl Intake for Ledger {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        let recorded = answer_to(&webhook);
        self.recorded.lock().unwrap().push(webhook);
        self.does().await?;
        Ok(recorded)
    }

    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError> {
        self.noticed.lock().unwrap().push(notice.clone());
        self.does().await
    }
}

impl Ledger {
    async fn does(&self) -> Result<(), LedgerError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => {}
            Mood::Unavailable => return Err(LedgerError::Unavailable("disk full".into())),
            Mood::Stopped => return Err(LedgerError::Stopped("sync failed".into())),
            Mood::Hangs => self.go_on.notified().await,
            Mood::Panics => panic!("a defect"),
        }
        Ok(())
    }
}

fn answer_to(webhook: &Webhook) -> Recorded {
    let lane = LaneKey::orders(&ShopId::parse("acme").unwrap());
    match &webhook.content {
        Content::Order(news) => {
            let send = Some(wake_up(webhook, &news.id, &news.number));
            Recorded::New { lane, state: StateKind::Waiting, send }
        }
        Content::Touched(named) => {
            let id = match named {
                Named::Order(id) => id.clone(),
                Named::Part(_) => job(1),
            };
            Recorded::Newer { lane, state: StateKind::Waiting, send: Some(wake_up(webhook, &id, "#1")) }
        }
        Content::Uninstalled { .. } => Recorded::Closed,
        Content::Privacy(_) => Recorded::Asked,
        Content::Unreadable { .. } => Recorded::Quarantined(QuarantineReason::Unreadable),
    }
}

fn wake_up(webhook: &Webhook, job: &JobId, number: &str) -> Envelope {
    let shop = ShopId::parse("acme").unwrap();
    let wake_up = WakeUp {
        lane: LaneKey::orders(&shop),
        shop,
        job: job.clone(),
        number: number.to_owned(),
        at: webhook.received_at,
        approved: false,
    };
    Envelope { wake_up, dedup: DedupId::first(job) }
}

/// A queue that remembers what it was sent.
pub(crate) struct Queue {
    mood: Mutex<Mood>,
    sent: Mutex<Vec<Envelope>>,
}

#[async_trait]
impl QueueSender for Queue {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        self.sent.lock().unwrap().push(send.clone());
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(()),
            Mood::Unavailable => Err(QueueError::Unavailable("no route".into())),
            Mood::Stopped => Err(QueueError::Refused("no such queue".into())),
            Mood::Hangs => std::future::pending().await,
            Mood::Panics => panic!("a defect"),
        }
    }
}

/// The handler and what lies behind it.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) queue: Arc<Queue>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let secrets = [SECRET, PREVIOUS].map(SecretString::from).to_vec();
        let mut settings = Settings::new(secrets).unwrap().with_warehouses(warehouses()).unwrap();
        change(&mut settings);
        let ledger = Arc::new(Ledger {
            mood: Mutex::new(Mood::Well),
            recorded: Mutex::default(),
            noticed: Mutex::default(),
            go_on: Notify::new(),
        });
        let queue = Arc::new(Queue { mood: Mutex::new(Mood::Well), sent: Mutex::default() });
        let router = router(settings, ledger.clone(), queue.clone(), clock());
        Self { router, ledger, queue }
    }

    pub(crate) fn ledger_is(&self, mood: Mood) {
        *self.ledger.mood.lock().unwrap() = mood;
    }

    pub(crate) fn queue_is(&self, mood: Mood) {
        *self.queue.mood.lock().unwrap() = mood;
    }

    pub(crate) async fn post(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// What the ledger was asked to record.
    pub(crate) fn recorded(&self) -> Vec<Webhook> {
        self.ledger.recorded.lock().unwrap().clone()
    }

    /// What the ledger was told since it was asked last; it keeps nothing of it.
    pub(crate) fn take_recorded(&self) -> Vec<Webhook> {
        std::mem::take(&mut self.ledger.recorded.lock().unwrap())
    }

    /// The notices that the ledger was asked to record.
    pub(crate) fn noticed(&self) -> Vec<Notice> {
        self.ledger.noticed.lock().unwrap().clone()
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.queue.sent.lock().unwrap().iter().map(|sent| sent.dedup.to_string()).collect()
    }

    pub(crate) fn nothing_was_asked(&self) -> bool {
        self.recorded().is_empty() && self.noticed().is_empty() && self.sent().is_empty()
    }

    /// Listens on a real socket.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

/// Two accounts that take notices; of one the host is known.
fn warehouses() -> BTreeMap<String, Warehouse> {
    let warehouse = |name: &str, secret: &str, host: Option<&str>| {
        let account = AccountId::at("shipstation", name);
        (name.to_owned(), Warehouse { account, secret: SecretString::from(secret), host: host.map(str::to_owned) })
    };
    BTreeMap::from([
        warehouse("main", NOTICE_SECRET, Some("ssapi.shipstation.com")),
        warehouse("spare", "notice-secret-of-the-spare-account", None),
    ])
}

/// When the clock of these tests stands.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::starting(now()))
}

/// What the platform got.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn of(response: axum::response::Response) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The platform is asked to come again.
    pub(crate) fn says_later(&self) -> bool {
        self.status == 503 && self.header("retry-after").is_some_and(|s| s.parse::<u32>().is_ok())
    }
}

pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// An authentic webhook as the platform sends it, about the topic `orders/create`.
pub(crate) fn signed(body: impl AsRef<[u8]>) -> Request<Body> {
    about("orders/create", body)
}

pub(crate) fn about(topic: &str, body: impl AsRef<[u8]>) -> Request<Body> {
    let body = body.as_ref().to_vec();
    request(&[
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
        ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
        ("X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
        ("X-Shopify-Hmac-Sha256", &sign(SECRET, &body)),
    ])
    .body(Body::from(body))
    .unwrap()
}

pub(crate) fn request(headers: &[(&str, &str)]) -> axum::http::request::Builder {
    let start = Request::post("/webhooks/shopify").header("Content-Type", "application/json");
    headers.iter().fold(start, |request, (name, value)| request.header(*name, *value))
}

/// An order that says little.
pub(crate) fn order(id: u64) -> String {
    format!(
        r##"{{"id":{id},"name":"#{id}","updated_at":"2026-11-21T10:00:00+01:00","financial_status":"paid",
            "line_items":[{{"id":1,"requires_shipping":true,"current_quantity":1}}]}}"##
    )
}

pub(crate) fn news(webhook: &Webhook) -> &OrderNews {
    match &webhook.content {
        Content::Order(news) => news,
        other @ (Content::Touched(_)
        | Content::Uninstalled { .. }
        | Content::Privacy(_)
        | Content::Unreadable { .. }) => panic!("no order: {other:?}"),
    }
}

pub(crate) fn job(id: u64) -> JobId {
    JobId::from(id)
}

/// Writes bytes to a connection and reads until the other side is done or a second of silence has passed.
pub(crate) async fn talk(address: SocketAddr, bytes: &[u8]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The answer may come, and the connection go, before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut chunk)).await {
        said.extend_from_slice(&chunk[..read]);
        if read == 0 {
            break;
        }
    }
    (stream, String::from_utf8(said).unwrap())
}
