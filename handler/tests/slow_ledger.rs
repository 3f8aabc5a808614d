//! A ledger that commits late: what is answered 2xx is durable and comes in time, and what is not answered 2xx may have
//! become durable all the same. Fail points are global to a process, so this has a test binary of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use backend::embedded::ledger::Ledger;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handler::{Settings, router};
use hmac::{Hmac, KeyInit, Mac};
use lane::clock::{ManualClock, Timestamp};
use lane::ports::{Desk, QueueError, QueueSender};
use lane::wake_up::Envelope;
use secrecy::SecretString;
use sha2::Sha256;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;
use tower::ServiceExt;

/// Counts what it is sent.
#[derive(Default)]
struct Queue(AtomicUsize);

#[async_trait]
impl QueueSender for Queue {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn webhook(id: u64) -> Request<Body> {
    let body = format!(r#"{{"id":{id}}}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(body.as_bytes());
    Request::post("/webhooks/shopify")
        .header("x-shopify-hmac-sha256", STANDARD.encode(mac.finalize().into_bytes()))
        .header("x-shopify-topic", "orders/create")
        .header("x-shopify-shop-domain", "acme.myshopify.com")
        .body(Body::from(body))
        .unwrap()
}

async fn post(router: &Router, id: u64) -> (u16, Option<String>) {
    let answer = router.clone().oneshot(webhook(id)).await.unwrap();
    let outcome = answer.headers().get("x-lanekeeper-outcome").map(|word| word.to_str().unwrap().to_owned());
    (answer.status().as_u16(), outcome)
}

/// How many webhooks another process finds in the file.
async fn durable(ledger: &Ledger) -> u64 {
    let figures = ledger.figures(Timestamp::MAX).await.unwrap();
    figures.webhooks.iter().map(|(_, count)| count).sum()
}

fn ledger_at(path: &Path) -> (Router, Arc<Ledger>, Arc<Queue>) {
    let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
    let ledger = Arc::new(Ledger::open(path, clock.as_ref()).unwrap());
    let queue = Arc::new(Queue::default());
    let settings = Settings::new(vec![SecretString::from("secret")]).unwrap();
    (router(settings, ledger.clone(), queue.clone(), clock), ledger, queue)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_two_seconds_is_waited_for_and_one_of_six_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (router, ledger, queue) = ledger_at(&folder.path().join("ledger.db"));
    assert_eq!(post(&router, 1).await.0, 200);

    fail::cfg("ledger.before_commit", "sleep(2000)").unwrap();
    let begun = Instant::now();
    assert_eq!(post(&router, 2).await, (200, Some("quarantined".to_owned())));
    assert!(begun.elapsed() >= Duration::from_secs(2), "the 2xx came after the commit");
    assert_eq!(durable(&ledger).await, 2, "and what it says is there");

    fail::cfg("ledger.before_commit", "sleep(6000)").unwrap();
    let begun = Instant::now();
    assert_eq!(post(&router, 3).await, (503, None));
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waited for the commit");
    assert_eq!(durable(&ledger).await, 2, "no 2xx, and nothing there");
    fail::cfg("ledger.before_commit", "off").unwrap();

    // It is committed after all, behind the answer's back; the repetition finds it.
    assert_eq!(post(&router, 3).await, (200, Some("duplicate".to_owned())));
    assert_eq!((durable(&ledger).await, queue.0.load(Ordering::SeqCst)), (4, 0), "three facts and one repetition");
}
