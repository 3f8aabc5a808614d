//! The points at which crash tests kill the process lie where they say. Fail points are global to a process, so this
//! has a test binary of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handler::{Settings, Warehouse, router};
use hmac::{Hmac, KeyInit, Mac};
use lane::clock::{ManualClock, Timestamp};
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::ports::{Intake, LedgerError, Notice, QueueError, QueueSender, Recorded};
use lane::state::StateKind;
use lane::wake_up::{DedupId, Envelope, WakeUp};
use lane::webhook::Webhook;
use secrecy::SecretString;
use sha2::Sha256;
use tower::ServiceExt;

/// What happened, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<&'static str>>>);

impl Journal {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Intake for Journal {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        self.note("recorded");
        let shop = ShopId::parse("acme").unwrap();
        let (lane, job) = (LaneKey::orders(&shop), JobId::from(1));
        let wake_up = WakeUp {
            lane: lane.clone(),
            shop,
            job: job.clone(),
            number: String::new(),
            at: webhook.received_at,
            approved: false,
        };
        let send = Some(Envelope { wake_up, dedup: DedupId::first(&job) });
        Ok(Recorded::New { lane, state: StateKind::Waiting, send })
    }

    async fn notice(&self, _: &Notice) -> Result<(), LedgerError> {
        self.note("noticed");
        Ok(())
    }
}

#[async_trait]
impl QueueSender for Journal {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        self.note("sent");
        Ok(())
    }
}

#[tokio::test]
async fn each_kill_point_lies_where_its_name_says() {
    let journal = Journal::default();
    for point in ["handler.after_verify", "handler.after_commit", "handler.before_answer"] {
        let journal = journal.clone();
        fail::cfg_callback(point, move || journal.note(point)).unwrap();
    }
    let warehouse = Warehouse {
        account: AccountId::at("shipstation", "main"),
        secret: SecretString::from("a-notice-secret-of-ours"),
        host: None,
    };
    let settings = Settings::new(vec![SecretString::from("secret")]).unwrap();
    let settings = settings.with_warehouses([("main".to_owned(), warehouse)].into()).unwrap();
    let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
    let router = router(settings, Arc::new(journal.clone()), Arc::new(journal.clone()), clock);

    let body = br#"{"id":1}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(body);
    let request = Request::post("/webhooks/shopify")
        .header("x-shopify-hmac-sha256", STANDARD.encode(mac.finalize().into_bytes()))
        .header("x-shopify-topic", "orders/create")
        .header("x-shopify-shop-domain", "acme.myshopify.com")
        .body(Body::from(&body[..]))
        .unwrap();
    assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 200);
    assert_eq!(
        std::mem::take(&mut *journal.0.lock().unwrap()),
        ["handler.after_verify", "recorded", "handler.after_commit", "sent", "handler.before_answer"]
    );

    let notice = Request::post("/webhooks/shipstation/main/a-notice-secret-of-ours")
        .body(Body::from(r#"{"resource_type":"SHIP_NOTIFY","resource_url":"https://a.example/shipments"}"#))
        .unwrap();
    assert_eq!(router.oneshot(notice).await.unwrap().status(), 200);
    assert_eq!(*journal.0.lock().unwrap(), ["noticed", "handler.after_commit", "handler.before_answer"]);
}
