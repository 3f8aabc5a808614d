//! Two shops with a past: orders in every state, and words about people in every place where words can stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backend::contract::ledger::{News, Ports, Scene};
use backend::embedded::ledger::{Ledger, OpenError};
use bytes::Bytes;
use lane::clock::{ManualClock, Timestamp};
use lane::decision::Verdict;
use lane::hold::{Fact, HoldReason};
use lane::id::{AccountId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::line::{Lease, Pause};
use lane::marks::{Mark, Marks};
use lane::outcome::{CallRecord, Learnt, Outcome, PauseReason, Proof, Reach, Report, Shipped, Trouble, WarehouseCopy};
use lane::policy::{Policy, Standing};
use lane::ports::{Desk, Intake, Privacy, Recorded, Redacted, RequestKey, Work};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::{Content, Webhook};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

/// Everybody passes everybody, so that each job can be left in a state of its own.
pub(crate) const PASSING: Policy =
    Policy { retry: Standing::StepAside, hold: Standing::StepAside, fail: Standing::StepAside };

/// Orders of the shop; every third is Jane's.
pub(crate) const ORDERS: u64 = 90;

pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) id: u64,
}

pub(crate) const JANE: Person = Person { name: "JaneCanary", id: 7_290_119_551_442 };
/// The same customer of another shop, which calls her by another name: what that shop knows is its own.
pub(crate) const JANE_ELSEWHERE: Person = Person { name: "JaneElsewhere", id: JANE.id };
pub(crate) const BOB: Person = Person { name: "BobNeighbour", id: 5_550_000_000_001 };

impl Person {
    pub(crate) fn marks(&self) -> Marks {
        let customer = Some(Mark::customer(&self.id.to_string()));
        Marks { customer, email: Mark::email(&self.mail()), ..Marks::default() }
    }

    pub(crate) fn mail(&self) -> String {
        format!("{}@example.com", self.name.to_lowercase())
    }

    /// What somebody wrote or a provider answered; no two places say the same.
    pub(crate) fn said(&self, place: &str) -> String {
        format!("{} of 12 Elm Street, by {place}", self.name)
    }
}

/// Digits that compress badly, so that a body takes several pages.
pub(crate) fn noise(seed: &str) -> String {
    let blocks = (0..150).map(|n| format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(format!("{seed}{n}")))));
    blocks.collect::<Vec<_>>().concat()
}

pub(crate) struct Story {
    pub(crate) scene: Scene,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) path: PathBuf,
}

impl Story {
    pub(crate) fn on(path: &Path, clock: &Arc<ManualClock>) -> Self {
        let ledger = Arc::new(Ledger::open(path, clock.as_ref()).unwrap());
        let scene = Scene { ports: Ports::of(&ledger), clock: clock.clone() };
        Self { scene, ledger, path: path.to_owned() }
    }

    /// A start after the program has ended.
    pub(crate) async fn again(self) -> Self {
        let (path, clock) = (self.path.clone(), self.scene.clock.clone());
        drop(self);
        for _ in 0..500 {
            match Ledger::open(&path, clock.as_ref()) {
                Ok(ledger) => {
                    let ledger = Arc::new(ledger);
                    return Self { scene: Scene { ports: Ports::of(&ledger), clock }, ledger, path };
                }
                Err(OpenError::InUse(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the file was never free");
    }

    pub(crate) fn webhook(&self, shop: &str, order: u64, version: i64, buyer: &Person) -> Webhook {
        let (name, mail, id) = (buyer.name, buyer.mail(), buyer.id);
        let body = format!(
            r#"{{"id":{order},"version":{version},"customer":{{"id":{id},"email":"{mail}"}},"name":"{name}",
                "street":"{}","phone":"+1 503 555 {id}","note":"{}"}}"#,
            buyer.said("the shop"),
            noise(&format!("{shop} {order} {version}"))
        );
        let mut webhook = self.scene.webhook(shop, &News::of(order).updated(version, &format!("version {version}")));
        webhook.body_hash = Sha256::digest(&body).into();
        webhook.body = Bytes::from(body);
        webhook.webhook_id = Some(format!("{shop} {order} {version}"));
        if let Content::Order(news) = &mut webhook.content {
            news.marks = buyer.marks();
        }
        webhook
    }

    pub(crate) async fn hears(&self, webhook: Webhook) -> Recorded {
        self.ledger.record(webhook).await.unwrap()
    }

    pub(crate) async fn ends(
        &self,
        lease: &Lease,
        order: u64,
        buyer: &Person,
        outcome: Outcome,
        reach: Reach,
        learnt: Learnt,
    ) {
        self.scene.begins(lease, order).await;
        let call = CallRecord {
            at: self.scene.now(),
            account: AccountId::at("shipstation", "main"),
            call: format!("GET /orders?name={}", buyer.said("a search")),
            ended: buyer.said("an answer"),
            took_ms: 12,
        };
        let report = Report { outcome, reach, calls: vec![call], learnt };
        let job = JobId::from(order);
        self.ledger.complete(lease, &job, report, PASSING, 0.5, self.scene.now()).await.unwrap();
    }

    pub(crate) async fn decides(&self, shop: &str, order: u64, verdict: Verdict, buyer: &Person) {
        let mut decision = self.scene.decision(shop, order, verdict, "kim").await;
        decision.note = buyer.said("an operator");
        let key = RequestKey {
            by: decision.by.clone(),
            key: format!("{shop}-{order}"),
            request: Sha256::digest(format!("{shop}-{order}")).into(),
        };
        self.ledger.decide(&decision, Some(&key)).await.unwrap();
    }

    /// Every order goes as far as its number says: each state, each place where words stand.
    pub(crate) async fn lives(&self, shop: &str, lease: &Lease, order: u64, buyer: &Person) {
        let error = Trouble::new("shipstation", buyer.said("a provider"));
        let retry = Outcome::Retry { after: Some(Duration::ZERO), error: error.clone() };
        self.ends(lease, order, buyer, retry, Reach::Untouched, Learnt::default()).await;
        // Rows of many sizes: they move between pages as they grow and shrink.
        let lines = 1 + order * 7 % 24;
        let evidence = (0..lines).map(|n| Fact::new("ships to", buyer.said(&format!("evidence {n}")))).collect();
        let fingerprint = Fingerprint::given("fetched");
        let hold = Outcome::Hold { reason: HoldReason::TotalAbove, evidence, fingerprint, difference: None };
        let learnt = Learnt { marks: buyer.marks(), ..Learnt::default() };
        self.ends(lease, order, buyer, hold, Reach::Untouched, learnt).await;
        match order / 3 % 6 {
            0 | 1 | 3 => {}
            2 => self.decides(shop, order, Verdict::Reject, buyer).await,
            4 => {
                self.decides(shop, order, Verdict::Approve, buyer).await;
                let tracking = Shipped {
                    shipment: "s".into(),
                    fulfilment: "f".into(),
                    carrier: Some("UPS".into()),
                    tracking: Some(buyer.said("a carrier")),
                    units: 1,
                };
                let learnt = Learnt { shipped: vec![tracking], ..Learnt::default() };
                let (outcome, reach) = done();
                self.ends(lease, order, buyer, outcome, reach, learnt).await;
            }
            _ => {
                self.decides(shop, order, Verdict::Approve, buyer).await;
                self.ends(lease, order, buyer, Outcome::Fail(error), Reach::Untouched, Learnt::default()).await;
            }
        }
    }

    pub(crate) async fn asks(&self, shop: &str, ask: Ask, subject: Subject) -> u64 {
        let mut webhook = self.webhook(shop, 0, self.scene.now().as_second(), &JANE);
        if ask == Ask::RedactShop {
            let mut gone = self.webhook(shop, 0, self.scene.now().as_second() - 1, &JANE);
            gone.content = Content::Uninstalled { at: self.scene.now() };
            assert_eq!(self.hears(gone).await, Recorded::Closed);
        }
        let reference = Some("1".to_owned());
        webhook.content = Content::Privacy(PrivacyRequest { ask, subject, reference });
        assert_eq!(self.hears(webhook).await, Recorded::Asked);
        self.ledger.requests(true, &Page::default()).await.unwrap().rows.last().unwrap().id
    }

    pub(crate) async fn carries_out(&self, request: u64) -> u32 {
        for page in 1..1000 {
            if self.ledger.redact(request, Some("kim"), self.scene.now()).await.unwrap() == Redacted::Done {
                return page;
            }
        }
        panic!("a redaction never ends");
    }

    /// Everything that stands in rows about orders and webhooks of others than Jane at acme, in order.
    pub(crate) fn of_others(&self) -> Vec<String> {
        let conn = Connection::open(&self.path).unwrap();
        let mut found = Vec::new();
        let others = "(job.shop <> 'acme' OR CAST(job.id AS INTEGER) % 3 <> 0)";
        for sql in [
            format!("SELECT job.doc FROM job WHERE {others} ORDER BY seq"),
            format!(
                "SELECT history.doc FROM history JOIN job ON job.seq = history.job WHERE {others} ORDER BY history.seq"
            ),
            format!(
                "SELECT decision.doc FROM decision JOIN job ON job.seq = decision.job WHERE {others} ORDER BY job, number"
            ),
            format!(
                "SELECT hex(body) FROM webhook JOIN job ON job.seq = webhook.job WHERE {others} ORDER BY webhook.seq"
            ),
        ] {
            let mut statement = conn.prepare(&sql).unwrap();
            let rows: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            assert!(rows.len() > 30, "{} rows: {sql}", rows.len());
            found.extend(rows);
        }
        found
    }
}

pub(crate) fn done() -> (Outcome, Reach) {
    let account = AccountId::at("shipstation", "main");
    let proof = Proof {
        account: account.clone(),
        reference: "77".to_owned(),
        key: "key".to_owned(),
        fingerprint: Fingerprint::given("fetched"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    };
    let (written, told) = (BTreeMap::new(), BTreeMap::new());
    let copy = WarehouseCopy { account, order_id: "77".to_owned(), written, told };
    (Outcome::Done(proof), Reach::There(copy))
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()))
}

pub(crate) fn buyer(shop: &str, order: u64) -> &'static Person {
    match (shop, order.is_multiple_of(3)) {
        (_, false) => &BOB,
        ("acme", true) => &JANE,
        (_, true) => &JANE_ELSEWHERE,
    }
}

/// Two shops with many orders in every state, and webhooks that nobody understood.
pub(crate) async fn a_past(path: &Path) -> Story {
    let story = Story::on(path, &clock());
    for shop in ["acme", "bolt"] {
        story.scene.shop_with(shop, PASSING).await;
        for order in 1..=ORDERS {
            for version in 1..=2 {
                story.hears(story.webhook(shop, order, version, buyer(shop, order))).await;
            }
        }
        let lease = story.scene.lease(shop).await;
        for order in 1..ORDERS {
            story.lives(shop, &lease, order, buyer(shop, order)).await;
        }
        // The last is under way.
        story.scene.begins(&lease, ORDERS).await;
        for order in (1..ORDERS).filter(|order| order / 3 % 6 == 3) {
            story.decides(shop, order, Verdict::Approve, buyer(shop, order)).await;
        }
        for (order, buyer) in [(900, buyer(shop, 900)), (901, &BOB)] {
            let mut odd = story.webhook(shop, order, 3, buyer);
            odd.content = Content::Unreadable { why: "odd".to_owned() };
            assert!(matches!(story.hears(odd).await, Recorded::Quarantined(_)));
        }
        let pause = Pause {
            why: PauseReason::Operator { why: buyer(shop, 900).said(&format!("who pauses {shop}")) },
            until: None,
            by: Some(OperatorId::parse("kim").unwrap()),
            since: story.scene.now(),
        };
        let lane = LaneKey::orders(&ShopId::parse(shop).unwrap());
        story.ledger.pause(&lane, &pause, None).await.unwrap();
    }
    story
}
