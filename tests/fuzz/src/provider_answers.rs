//! What the providers answer while an order is carried out: every answer of one attempt is the bytes' own. Whatever they
//! say, the attempt ends with a report that can be kept, and it says "done" only if the warehouse took the order and
//! showed it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderName, HeaderValue, Response};
use lane::attempt::AttemptKind;
use lane::carriage::{Carriage, Mode};
use lane::clock::{ManualClock, Timestamp, after};
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, Place, ShopId};
use lane::job::Job;
use lane::marks::Marks;
use lane::outcome::{Outcome, Report};
use lane::policy::Policy;
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use lane::webhook::OrderNews;
use reqwest::{Method, Request};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::attempt::{CallsLeft, Carry as _};
use worker::jobs::order::Orders;
use worker::limiter::Limiter;
use worker::transport::{Lost, Transport};

use crate::letter::Letter;
use crate::reception::now;

mod nobody;

/// Stands between two answers.
const BETWEEN: &[u8] = b"\n===\n";
/// As many calls as no attempt makes: pages are followed, but not for ever.
const CALLS_MAX: usize = 1000;
/// How long an attempt may take, as a lane run gives it.
const LEASE: Duration = Duration::from_secs(130);
/// The longest wait that a provider may ask for: a slip of its own must not silence an account for ever.
const WAIT_MAX: Duration = Duration::from_hours(24);
/// The order of the attempt.
const ORDER: u64 = 820_982_911_946_154_508;

/// How many orders a worker carries out before there is another one: to make a worker takes much longer than an order.
const ORDERS_OF_A_WORKER: usize = 256;

/// Carries one order out, with the answers that stand there. Each is headers and a body; `status: 404` is one of the
/// headers, and with `echo: yes` the body's fields are put over those of the order that was written last. After the last
/// answer the connections are cut. A first answer that says `mode: correct` is none, and makes the warehouse import.
pub fn check(bytes: &[u8]) -> &'static str {
    thread_local!(static WORKER: RefCell<Worker> = RefCell::new(Worker::new()));
    let (mode, bytes) = match bytes.strip_prefix(b"mode: correct\n===\n") {
        Some(rest) => (Mode::Correct, rest),
        None => (Mode::Create, bytes),
    };
    WORKER.with_borrow_mut(|worker| {
        if worker.carried == ORDERS_OF_A_WORKER {
            *worker = Worker::new();
        }
        worker.carry(mode, bytes)
    })
}

/// A worker for which each order is of another shop and goes to another account, so that no order's answers matter to the
/// next.
struct Worker {
    runtime: Runtime,
    orders: Orders,
    answers: Arc<Answers>,
    carried: usize,
}

impl Worker {
    fn new() -> Self {
        let account = |nth: usize| ShipStationAccount::named(&format!("main-{nth}"), secret(), secret());
        let accounts = Accounts::of((0..ORDERS_OF_A_WORKER).map(account));
        let clock = Arc::new(ManualClock::starting(now()));
        let limiter = Limiter::new(clock.clone());
        let orders = Orders::new(
            accounts,
            ShopifySettings::default(),
            Arc::new(nobody::Nobody),
            limiter,
            clock,
            Arc::new(nobody::Nobody),
        );
        let answers = Arc::new(Answers::default());
        let orders = orders.unwrap().over(answers.clone());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, orders, answers, carried: 0 }
    }

    fn carry(&mut self, mode: Mode, bytes: &[u8]) -> &'static str {
        let shop = shop(self.carried, mode);
        self.carried += 1;
        let job = job(&shop);
        *self.answers.left.lock().unwrap() = said(bytes);
        *self.answers.seen.lock().unwrap() = Seen::default();
        let left = CallsLeft::default();
        let work = self.orders.attempt(&shop, &job, AttemptKind::Full, after(now(), LEASE), &left);
        let report = self.runtime.block_on(work);
        judge(&report, &self.answers.seen.lock().unwrap(), left.any());
        report.outcome.label()
    }
}

fn judge(report: &Report, seen: &Seen, left: bool) {
    assert!(seen.calls < CALLS_MAX, "it calls without end");
    assert!(!seen.wrote || left, "a write left unmarked");
    let words = report.outcome.words();
    assert!(!words.is_empty());
    let all = format!("{report:?}");
    assert!(!all.contains(CREDENTIAL), "it tells a credential: {all}");
    match &report.outcome {
        Outcome::Done(proof) => {
            assert!(seen.taken, "done, and the warehouse took nothing");
            let row = serde_json::to_string(proof).unwrap();
            assert_eq!(&serde_json::from_str::<lane::outcome::Proof>(&row).unwrap(), proof);
            assert!(!proof.compared.is_empty() && !proof.reference.is_empty());
        }
        Outcome::Wait { until, why, .. } => {
            assert!(*until > now());
            let asked = why.ends_with("asked to wait");
            assert!(!asked || *until <= after(now(), WAIT_MAX), "{why} until {until}");
        }
        Outcome::Hold { .. }
        | Outcome::Retry { .. }
        | Outcome::Fail(_)
        | Outcome::Skip(_)
        | Outcome::Withdrawn
        | Outcome::Pause { .. } => {}
    }
    let row = serde_json::to_string(&report.reach).unwrap();
    assert_eq!(serde_json::from_str::<lane::outcome::Reach>(&row).unwrap(), report.reach, "{row}");
}

/// What every call proves itself with, and no answer may bring out again.
const CREDENTIAL: &str = "fuzzed-secret-of-a-provider";

/// Read by [`nobody`], whatever its name.
fn secret() -> SecretRef {
    SecretRef::Env("NOBODY".to_owned())
}

fn shop(nth: usize, mode: Mode) -> Shop {
    let carriage = Carriage { mode, store: Some(1), ..Carriage::default() };
    Shop {
        id: ShopId::parse(&format!("acme-{nth}")).unwrap(),
        source: Source::Shopify,
        domains: vec!["acme.myshopify.com".to_owned()],
        token: secret(),
        warehouse: AccountId::at("shipstation", &format!("main-{nth}")),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage,
        added_at: Timestamp::UNIX_EPOCH,
    }
}

fn job(shop: &Shop) -> Job {
    let news = OrderNews {
        id: JobId::from(ORDER),
        number: "#1001".to_owned(),
        updated_at: None,
        fingerprint: Fingerprint::given("webhook"),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    };
    let correlation = CorrelationId::of(&[1; 32], now());
    Job::accept(LaneKey::orders(&shop.id), shop.id.clone(), &news, Ok(()), Place(1), correlation, now())
}

/// The providers: what they will still say, the next of it last.
#[derive(Default)]
struct Answers {
    left: Mutex<Vec<Said>>,
    seen: Mutex<Seen>,
}

/// What the providers were asked.
#[derive(Default)]
struct Seen {
    calls: usize,
    wrote: bool,
    /// Whether a write was answered with a success.
    taken: bool,
    /// The order that was written last.
    last: Option<Value>,
}

struct Said {
    status: u16,
    echo: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

fn said(mut bytes: &[u8]) -> Vec<Said> {
    let mut said = Vec::new();
    while let Some(end) = bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN) {
        said.push(Said::read(&bytes[..end]));
        bytes = &bytes[end + BETWEEN.len()..];
    }
    said.push(Said::read(bytes));
    said.reverse();
    said
}

impl Said {
    fn read(bytes: &[u8]) -> Self {
        let letter = Letter::read(bytes);
        let headers = letter.headers(<[u8]>::to_vec);
        let said: BTreeMap<&str, &str> =
            headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let status = said.get("status").and_then(|status| status.parse().ok());
        let status = status.filter(|status| (200..=599).contains(status)).unwrap_or(200);
        let echo = said.contains_key("echo");
        Self { status, echo, body: letter.body.to_vec(), headers }
    }
}

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: Request) -> Result<reqwest::Response, Lost> {
        let mut seen = self.seen.lock().unwrap();
        seen.calls += 1;
        let Some(said) = self.left.lock().unwrap().pop() else { return Err(Lost::Cut) };
        let is_write = request.method() == Method::POST && request.url().path().contains("/orders/createorder");
        if is_write {
            seen.wrote = true;
            seen.taken |= (200..300).contains(&said.status);
            seen.last = request.body().and_then(|body| serde_json::from_slice(body.as_bytes()?).ok());
        }
        let body = match (&seen.last, said.echo) {
            (Some(last), true) => echoed(last, &said.body),
            (_, false) | (None, true) => said.body,
        };
        let mut response = Response::builder().status(said.status);
        for (name, value) in said.headers {
            response = response.header(name, value);
        }
        Ok(response.body(body).unwrap().into())
    }
}

/// The order as it was written, with these fields over its own.
fn echoed(written: &Value, over: &[u8]) -> Vec<u8> {
    let mut echoed = written.clone();
    if let (Some(fields), Ok(Value::Object(over))) = (echoed.as_object_mut(), serde_json::from_slice(over)) {
        fields.extend(over);
    }
    echoed.to_string().into_bytes()
}
