//! An office to test in: a ledger, a queue that remembers or fails, three operators, and orders in any state.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use backend::embedded::ledger::Ledger;
use http_body_util::BodyExt;
use lane::carriage::Carriage;
use lane::clock::{Clock, ManualClock, Timestamp, after};
use lane::hold::{Fact, HoldReason};
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::Leased;
use lane::marks::Marks;
use lane::operator::{Operator, Role};
use lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use lane::policy::Policy;
use lane::ports::{Begin, Desk, Intake, QueueError, QueueSender, Registry, Release, Work};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use lane::wake_up::Envelope;
use lane::webhook::{Content, OrderNews, Webhook};
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

/// A queue that remembers what was sent, or fails.
#[derive(Default)]
pub(crate) struct Recorder {
    sent: Mutex<Vec<String>>,
    fails: Mutex<bool>,
}

#[async_trait]
impl QueueSender for Recorder {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        if *self.fails.lock().unwrap() {
            return Err(QueueError::Unavailable("it is being repaired".into()));
        }
        self.sent.lock().unwrap().push(send.dedup.to_string());
        Ok(())
    }
}

pub(crate) struct Office {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<ManualClock>,
    queue: Arc<Recorder>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The visible text of a page and its tags, from `<main>` on.
    pub(crate) fn main(&self) -> &str {
        let from = self.text.find("<main").expect("a page has a main part");
        &self.text[from..self.text.find("</main>").unwrap() + "</main>".len()]
    }
}

/// The tokens are the names: `ada` is an admin, `rob` a reviewer, `vic` a viewer.
pub(crate) const OPERATORS: [(&str, Role); 3] = [("ada", Role::Admin), ("rob", Role::Reviewer), ("vic", Role::Viewer)];

impl Office {
    pub(crate) async fn open() -> Self {
        Self::open_with(review::Settings::default()).await
    }

    pub(crate) async fn open_with(settings: review::Settings) -> Self {
        let start: Timestamp = "2026-11-21T22:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::starting(start));
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), clock.as_ref()).unwrap();
        for (name, role) in OPERATORS {
            ledger.put_operator(&operator(name, role, false)).await.unwrap();
        }
        for name in ["acme", "bolt"] {
            ledger.put_shop(&shop(name, start), start).await.unwrap();
        }
        let queue = Arc::new(Recorder::default());
        let settings = review::Settings { links: links(SECRET), ..settings };
        let router = review::router(Arc::new(ledger.clone()), queue.clone(), clock.clone(), settings);
        Self { ledger, clock, queue, router, _folder: folder }
    }

    /// The path of a link for 30 days.
    pub(crate) async fn link(&self, shop: &str) -> String {
        let shop = self.ledger.merchant(&ShopId::parse(shop).unwrap()).await.unwrap().expect("the shop");
        let (path, _) = links(SECRET).make(&shop, 30, self.clock.now()).unwrap();
        path.expose_secret().to_owned()
    }

    /// A page as a browser asks for it in which nobody signed in.
    pub(crate) async fn visit(&self, path: &str) -> Answer {
        self.send(Request::get(path).header(header::HOST, "desk.example").body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn disable(&self, name: &str, role: Role) {
        self.ledger.put_operator(&operator(name, role, true)).await.unwrap();
    }

    pub(crate) fn pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    pub(crate) fn queue_fails(&self) {
        *self.queue.fails.lock().unwrap() = true;
    }

    /// The deduplication ids of what was sent since the last look.
    pub(crate) fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.queue.sent.lock().unwrap())
    }

    /// An order that was accepted and waits in line.
    pub(crate) async fn accepted(&self, shop: &str, id: u64, number: &str) {
        self.hears(shop, id, number, "first").await;
    }

    /// A webhook about an order; another `content` is another version.
    pub(crate) async fn hears(&self, shop: &str, id: u64, number: &str, content: &str) {
        let now = self.clock.now();
        let hash = lane_hash(&format!("{shop}{id}{content}"));
        let news = OrderNews {
            id: JobId::from(id),
            number: number.into(),
            updated_at: Some(now),
            fingerprint: Fingerprint::of(content.as_bytes()),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        let webhook = Webhook {
            source: Source::Shopify,
            merchant: format!("{shop}.myshopify.com"),
            topic: "orders/create".into(),
            webhook_id: Some(format!("{shop}-{id}-{content}")),
            event_id: None,
            body_hash: hash,
            body: bytes::Bytes::from_static(b"{}"),
            received_at: now,
            correlation: CorrelationId::of(&hash, now),
            content: Content::Order(news),
        };
        self.ledger.record(webhook).await.unwrap();
    }

    /// Works the lane's jobs, one attempt each, until `id` had this outcome.
    pub(crate) async fn attempted(&self, shop: &str, id: u64, outcome: Outcome) {
        let (lane, now) = (lane_of(shop), self.clock.now());
        let until = after(now, Duration::from_secs(130));
        let Leased::Yes(lease) = self.ledger.lease(&lane, "worker", now, until).await.unwrap() else {
            panic!("the lane is not free");
        };
        let (job, policy) = (JobId::from(id), Policy::default());
        let begun = self.ledger.begin(&lease, &job, policy, now).await.unwrap();
        assert!(matches!(begun, Begin::Attempt { .. }), "{begun:?}");
        let report = Report { outcome, reach: Reach::Untouched, calls: Vec::new(), learnt: Learnt::default() };
        self.ledger.complete(&lease, &job, report, policy, 0.0, now).await.unwrap();
        if self.ledger.release(&lease, None, now).await.unwrap() == Release::MoreWork {
            self.ledger.hand_back(&lease, now).await.unwrap();
        }
    }

    /// An order that a person must decide on.
    pub(crate) async fn held(&self, shop: &str, id: u64, number: &str, evidence: &[(&str, &str)]) {
        self.accepted(shop, id, number).await;
        let evidence = evidence.iter().map(|(name, value)| Fact::new(name, value)).collect();
        self.attempted(shop, id, hold(HoldReason::TotalAbove, evidence)).await;
    }

    /// An order that was refused for good.
    pub(crate) async fn failed(&self, shop: &str, id: u64, number: &str, words: &str) {
        self.accepted(shop, id, number).await;
        self.attempted(shop, id, Outcome::Fail(Trouble::new("shipstation", words))).await;
    }

    pub(crate) async fn job(&self, shop: &str, id: u64) -> Job {
        self.ledger.job(&lane_of(shop), &JobId::from(id)).await.unwrap().unwrap()
    }

    /// The number and fingerprint that a decision must name.
    pub(crate) async fn question(&self, shop: &str, id: u64) -> (u32, String) {
        let question = self.job(shop, id).await.question().expect("it asks nothing");
        (question.number, question.fingerprint.to_string())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    /// An API request as `who`.
    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(api("GET", who, path).body(Body::empty()).unwrap()).await
    }

    /// An API change as `who`, under an `Idempotency-Key` if there is one.
    pub(crate) async fn post(&self, who: &str, path: &str, key: Option<&str>, body: &str) -> Answer {
        let mut request = api("POST", who, path);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The decision `verdict` as `who`, about what is shown now.
    pub(crate) async fn decides(&self, who: &str, verdict: &str, shop: &str, id: u64) -> Answer {
        let (hold, fingerprint) = self.question(shop, id).await;
        self.post(who, &decision(shop, id, verdict), None, &body(hold, &fingerprint, "fine")).await
    }

    /// A page as a signed-in browser asks for it.
    pub(crate) async fn page(&self, who: &str, path: &str) -> Answer {
        self.send(browser("GET", who, path).body(Body::empty()).unwrap()).await
    }

    /// A form as a signed-in browser sends it from this site's own page.
    pub(crate) async fn form(&self, who: &str, path: &str, fields: &[(&str, impl AsRef<str>)]) -> Answer {
        let request = browser("POST", who, path).header("Sec-Fetch-Site", "same-origin");
        self.send(filled(request, fields)).await
    }

    /// The fields that a card's form holds now, with the button that was pressed.
    pub(crate) async fn press(&self, who: &str, verdict: &str, shop: &str, id: u64, note: &str) -> Answer {
        let (hold, fingerprint) = self.question(shop, id).await;
        self.form(who, "/decide", &card(shop, id, hold, &fingerprint, verdict, note)).await
    }
}

/// What signs merchants' links.
pub(crate) const SECRET: &str = "CANARY-what-signs-links-of-these-tests";

pub(crate) fn links(secret: &str) -> review::Links {
    review::Links::new(vec![secret.into()]).unwrap()
}

/// What a card's form sends.
pub(crate) fn card(
    shop: &str,
    id: u64,
    hold: u32,
    fingerprint: &str,
    verdict: &str,
    note: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("lane", format!("orders/{shop}")),
        ("job", id.to_string()),
        ("hold", hold.to_string()),
        ("fingerprint", fingerprint.to_owned()),
        ("note", note.to_owned()),
        ("verdict", verdict.to_owned()),
    ]
}

fn encoded(fields: &[(&str, impl AsRef<str>)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.as_ref().bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                write!(text, "%{byte:02X}").unwrap();
            }
        }
    }
    text
}

pub(crate) fn filled(request: axum::http::request::Builder, fields: &[(&str, impl AsRef<str>)]) -> Request<Body> {
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(encoded(fields))).unwrap()
}

pub(crate) fn browser(method: &str, who: &str, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "desk.example")
        .header(header::COOKIE, format!("theme=dark; __Host-lanekeeper={who}"))
}

fn api(method: &str, who: &str, path: &str) -> axum::http::request::Builder {
    let path = format!("/api/v1{path}");
    Request::builder().method(method).uri(path).header("Authorization", format!("Bearer {who}"))
}

pub(crate) fn decision(shop: &str, id: u64, verdict: &str) -> String {
    format!("/jobs/orders/{shop}/{id}/{verdict}")
}

pub(crate) fn body(hold: u32, fingerprint: &str, note: &str) -> String {
    serde_json::json!({ "hold": hold, "fingerprint": fingerprint, "note": note }).to_string()
}

pub(crate) fn hold(reason: HoldReason, evidence: Vec<Fact>) -> Outcome {
    Outcome::Hold { reason, evidence, fingerprint: Fingerprint::of(b"as fetched"), difference: None }
}

pub(crate) fn lane_of(shop: &str) -> LaneKey {
    LaneKey::orders(&ShopId::parse(shop).unwrap())
}

fn lane_hash(text: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).into()
}

fn operator(name: &str, role: Role, disabled: bool) -> Operator {
    let (id, token_hash) = (OperatorId::parse(name).unwrap(), review::token_hash(name));
    Operator { id, role, token_hash, disabled }
}

pub(crate) fn shop(name: &str, added_at: Timestamp) -> Shop {
    Shop {
        id: ShopId::parse(name).unwrap(),
        source: Source::Shopify,
        domains: vec![format!("{name}.myshopify.com")],
        token: SecretRef::Env("TOKEN".into()),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at,
    }
}
