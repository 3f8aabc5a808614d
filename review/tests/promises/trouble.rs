//! When the ledger does not answer, and what is left behind in logs and metrics.

use std::io::Write;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use lane::clock::{Clock as _, ManualClock, Timestamp};
use lane::decision::{Decision, Undo};
use lane::history::Entry;
use lane::id::{JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::Pause;
use lane::operator::Operator;
use lane::ports::{Decided, Desk, LedgerError, Once, Registry as _, RequestKey, Undone};
use lane::shop::Shop;
use lane::view::{Ended, Figures, JobFilter, LaneFilter, LaneView, Page, Paged, Quarantined};
use lane::wake_up::Envelope;
use secrecy::ExposeSecret as _;
use tower::ServiceExt;

use crate::office::{Office, Recorder, SECRET, browser, links, shop};

/// A desk whose ledger knows nobody and answers nothing.
struct Broken;

fn broken<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Unavailable("the disk is full".into()))
}

#[async_trait]
impl Desk for Broken {
    async fn jobs(&self, _: &JobFilter, _: &Page) -> Result<Paged<Job>, LedgerError> {
        broken()
    }
    async fn latest(&self, _: &ShopId, _: Ended, _: &Page) -> Result<Paged<Job>, LedgerError> {
        broken()
    }
    async fn merchant(&self, _: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        broken()
    }
    async fn job(&self, _: &LaneKey, _: &JobId) -> Result<Option<Job>, LedgerError> {
        broken()
    }
    async fn timeline(&self, _: &LaneKey, _: &JobId) -> Result<Vec<Entry>, LedgerError> {
        broken()
    }
    async fn lanes(&self, _: &LaneFilter, _: &Page, _: Timestamp) -> Result<Paged<LaneView>, LedgerError> {
        broken()
    }
    async fn decide(&self, _: &Decision, _: Option<&RequestKey>) -> Result<Once<Decided>, LedgerError> {
        broken()
    }
    async fn undo(&self, _: &Undo, _: Option<&RequestKey>) -> Result<Once<Undone>, LedgerError> {
        broken()
    }
    async fn pause(&self, _: &LaneKey, _: &Pause, _: Option<&RequestKey>) -> Result<Once<bool>, LedgerError> {
        broken()
    }
    async fn resume(
        &self,
        _: &LaneKey,
        _: &OperatorId,
        _: Timestamp,
        _: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        broken()
    }
    async fn quarantined(&self, _: &Page) -> Result<Paged<Quarantined>, LedgerError> {
        broken()
    }
    async fn release_quarantined(
        &self,
        _: u64,
        _: &OperatorId,
        _: Timestamp,
        _: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError> {
        broken()
    }
    async fn figures(&self, _: Timestamp) -> Result<Figures, LedgerError> {
        broken()
    }
    async fn operator(&self, _: &str) -> Result<Option<Operator>, LedgerError> {
        broken()
    }
}

fn router_without_ledger() -> Router {
    let clock = ManualClock::starting(Timestamp::UNIX_EPOCH);
    let queue = Arc::new(Recorder::default());
    let settings = review::Settings { links: links(SECRET), ..review::Settings::default() };
    review::router(Arc::new(Broken), queue, Arc::new(clock), settings)
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_lets_nobody_in_and_says_when_to_come_back() {
    let api = Request::get("/api/v1/jobs").header("Authorization", "Bearer rob");
    let page = browser("GET", "rob", "/");
    let (path, _) =
        links(SECRET).make(&shop("acme", Timestamp::UNIX_EPOCH), 30, Timestamp::UNIX_EPOCH).expect("a link");
    let merchants = Request::get(path.expose_secret());
    let answers = [
        (api, "{\"error\":"),
        (page, "The ledger cannot answer now;"),
        (merchants, "Your orders cannot be shown right now."),
    ];
    for (request, words) in answers {
        let request = request.body(Body::empty()).unwrap();
        let response = router_without_ledger().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("disk"), "what is wrong inside stays inside: {text}");
    }
}

#[tokio::test]
async fn a_sign_in_that_the_ledger_did_not_answer_is_no_failed_sign_in() {
    let router = router_without_ledger();
    for _ in 0..12 {
        let request = Request::post("/sign-in").header("Sec-Fetch-Site", "same-origin");
        let request = crate::office::filled(request, &[("token", "rob")]);
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 503);
    }
}

#[test]
fn the_routes_fit_beside_those_of_the_other_services() {
    let others = Router::new().route("/webhooks/shopify", axum::routing::post(async || "recorded"));
    let _: Router = router_without_ledger().merge(others);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn who_is_refused_is_logged_and_no_token_note_or_order_text_is() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || sink.clone()).finish();
    // For all tests of this program: one of a thread's own loses lines while other threads have none.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let office = Office::open().await;
    office.held("acme", 1, "#CANARY-number", &[("total", "CANARY-evidence")]).await;
    office.get("CANARY-token", "/jobs").await;
    office.page("CANARY-token", "/").await;
    office.form("", "/sign-in", &[("token", "CANARY-token")]).await;
    office.press("vic", "approve", "acme", 1, "CANARY-note").await;
    office.press("rob", "reject", "acme", 1, "CANARY-note").await;
    office.get("rob", "/jobs/orders/acme/CANARY-path%0Aforged%20line").await;
    let link = office.link("acme").await;
    assert_eq!(office.visit(&link).await.status, 200);
    assert_eq!(office.visit(&format!("{link}CANARY")).await.status, 403);
    let altered = format!("{}{}", &link[..link.len() - 8], "AAAAAAAA");
    assert_eq!(office.visit(&altered).await.status, 403);
    office.visit("/shop/CANARY%0Aforged").await;
    office.visit(&format!("{link}?list=CANARY&after=CANARY")).await;
    office.ledger.remove_shop(&ShopId::parse("acme").unwrap(), office.clock.now()).await.unwrap();
    assert_eq!(office.visit(&link).await.status, 403);
    office.pass(31 * 24 * 60);
    assert_eq!(office.visit(&link).await.status, 410);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for line in [
        "refused an API request whose token is unknown or disabled",
        "refused a browser whose token is unknown or disabled",
        "refused a sign-in whose token is unknown or disabled",
        "refused a change to an operator whose role does not allow it",
        "an operator decided",
        "no secret matches its signature",
        "it has not the form of a link",
        "its time is over",
        "refused a merchant's link whose shop is not there, or was added anew",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("CANARY"), "{text}");
    let token = link.strip_prefix(review::LINK_PATH).unwrap();
    assert!(!text.contains(token) && !text.contains(&token[..40]), "{text}");
}

#[tokio::test]
async fn decisions_are_counted_by_verdict_and_outcome() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let guard = metrics::set_default_local_recorder(&recorder);
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let body = crate::office::body(hold, &fingerprint, "");
    for verdict in ["approve", "reject"] {
        office.post("rob", &crate::office::decision("acme", 1, verdict), None, &body).await;
    }
    drop(guard);
    let shown = recorder.handle().render();
    for line in [
        "lanekeeper_decisions_total{verdict=\"approve\",outcome=\"done\"} 1",
        "lanekeeper_decisions_total{verdict=\"reject\",outcome=\"already_decided\"} 1",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}
