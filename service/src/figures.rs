//! Figures for `/metrics` in Prometheus' text form: what the services count as they go, and what the ledger counts
//! when somebody looks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lane::clock::{Clock, Timestamp, until};
use lane::ports::{Desk, LedgerError, Privacy};
use lane::privacy::{Ask, Kept, UNREAD_TOLD, Unread};
use lane::state::StateKind;
use lane::view::{Figures, Page};
use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

const JOBS: &str = "lanekeeper_jobs";
const OLDEST_READY: &str = "lanekeeper_oldest_ready_seconds";
const STALLED: &str = "lanekeeper_lanes_stalled";
const WEBHOOKS: &str = "lanekeeper_webhooks_recorded";
const REQUESTS: &str = "lanekeeper_privacy_open";
const OLDEST_REQUEST: &str = "lanekeeper_privacy_oldest_open_seconds";
const UNREAD: &str = "lanekeeper_privacy_unread";
const LOG: &str = "lanekeeper_ledger_log_bytes";

/// Bounds of histograms. Every histogram here counts seconds: a commit takes a few milliseconds, a webhook has five
/// seconds, a provider call at most some tens.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

/// How often what histograms hold is folded; without it they grow until somebody reads `/metrics`.
const FOLDING: Duration = Duration::from_secs(5);

/// Starts counting. From now on everything in this process that counts, counts here.
pub fn start() -> anyhow::Result<PrometheusHandle> {
    let counts = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .context("the buckets of the histograms are empty")?
        .install_recorder()
        .context("the metrics recorder cannot be installed")?;
    describe_gauge!(JOBS, "Jobs by state.");
    describe_gauge!(OLDEST_READY, Unit::Seconds, "How long the oldest job that is ready has been waiting.");
    describe_gauge!(STALLED, "Lanes that stand still, by reason.");
    describe_gauge!(WEBHOOKS, "Webhooks in the ledger, by what became of them.");
    describe_gauge!(REQUESTS, "Privacy requests that wait, by what is asked.");
    describe_gauge!(OLDEST_REQUEST, Unit::Seconds, "How long the oldest privacy request that waits has been waiting.");
    describe_gauge!(UNREAD, "Privacy requests of the last 30 days that could not be read.");
    describe_gauge!(LOG, Unit::Bytes, "What the write-ahead log beside the ledger's file takes on the disk.");
    Ok(counts)
}

/// Folds what histograms hold until `stop`.
pub async fn fold(counts: &PrometheusHandle, stop: &CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(FOLDING)).await.is_some() {
        counts.run_upkeep();
    }
}

/// How long the write-ahead log is, where the ledger is a file and has one.
pub type LogBytes = Box<dyn Fn() -> u64 + Send + Sync>;

struct Source {
    counts: PrometheusHandle,
    desk: Arc<dyn Desk>,
    privacy: Arc<dyn Privacy>,
    log_bytes: Option<LogBytes>,
    clock: Arc<dyn Clock>,
    /// Reasons told before; one that no longer holds is told as zero, not left at its last value.
    reasons: Mutex<BTreeSet<String>>,
}

/// `/metrics`
pub fn router<L: Desk + Privacy + 'static>(
    counts: PrometheusHandle,
    ledger: &Arc<L>,
    log_bytes: Option<LogBytes>,
    clock: Arc<dyn Clock>,
) -> Router {
    let (desk, privacy) = (ledger.clone(), ledger.clone());
    let source = Source { counts, desk, privacy, log_bytes, clock, reasons: Mutex::default() };
    Router::new().route("/metrics", get(show)).with_state(Arc::new(source))
}

async fn show(State(source): State<Arc<Source>>) -> Response {
    let now = source.clock.now();
    match source.look(now).await {
        Ok((figures, requests, unread)) => {
            source.set(&figures, now);
            set_requests(&requests, now);
            gauge!(UNREAD).set(as_gauge(unread.count));
            if let Some(log_bytes) = &source.log_bytes {
                gauge!(LOG).set(as_gauge(log_bytes()));
            }
            let text = source.counts.render();
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the ledger did not give its figures");
            (StatusCode::SERVICE_UNAVAILABLE, "the ledger does not answer\n").into_response()
        }
    }
}

/// Open requests are few: they are carried out within minutes, or a person fetches them.
fn set_requests(open: &[Kept], now: Timestamp) {
    for ask in [Ask::Export, Ask::RedactCustomer, Ask::RedactShop] {
        let count = open.iter().filter(|kept| kept.request.ask == ask).count() as u64;
        gauge!(REQUESTS, "ask" => ask.as_str()).set(as_gauge(count));
    }
    let oldest = open.iter().map(|kept| kept.received_at).min();
    let waiting = oldest.map(|since| until(since, now)).unwrap_or_default();
    gauge!(OLDEST_REQUEST).set(waiting.as_secs_f64());
}

impl Source {
    async fn look(&self, now: Timestamp) -> Result<(Figures, Vec<Kept>, Unread), LedgerError> {
        let figures = self.desk.figures(now).await?;
        let unread = self.privacy.unread(now.checked_sub(UNREAD_TOLD).unwrap_or(Timestamp::MIN)).await?;
        let (mut open, mut page) = (Vec::new(), Page::default());
        loop {
            let rows = self.privacy.requests(true, &page).await?;
            open.extend(rows.rows);
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok((figures, open, unread)),
            }
        }
    }

    fn set(&self, figures: &Figures, now: Timestamp) {
        for state in StateKind::ALL {
            let count = figures.jobs.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
            gauge!(JOBS, "state" => state.as_str()).set(as_gauge(count));
        }
        let waiting = figures.oldest_ready.map(|since| until(since, now)).unwrap_or_default();
        gauge!(OLDEST_READY).set(waiting.as_secs_f64());
        for (outcome, count) in &figures.webhooks {
            gauge!(WEBHOOKS, "outcome" => outcome.clone()).set(as_gauge(*count));
        }
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.extend(figures.stalled.iter().map(|(reason, _)| reason.clone()));
        for reason in reasons.iter() {
            let count = figures.stalled.iter().find(|(known, _)| known == reason).map_or(0, |(_, count)| *count);
            gauge!(STALLED, "reason" => reason.clone()).set(as_gauge(count));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and a gauge has no more")]
fn as_gauge(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::embedded::ledger::Ledger;
    use lane::clock::SystemClock;
    use lane::privacy::{PrivacyRequest, Subject};

    /// The text after these figures were set, one after the other.
    fn told(all: &[Figures], now: Timestamp) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger");
        let ledger = Arc::new(Ledger::open(&file, &SystemClock::start()).unwrap());
        let recorder = PrometheusBuilder::new().build_recorder();
        let counts = recorder.handle();
        let (desk, privacy) = (ledger.clone(), ledger);
        let source = Source {
            counts,
            desk,
            privacy,
            log_bytes: None,
            clock: Arc::new(SystemClock::start()),
            reasons: Mutex::default(),
        };
        metrics::with_local_recorder(&recorder, || all.iter().for_each(|figures| source.set(figures, now)));
        source.counts.render()
    }

    #[test]
    fn what_no_longer_holds_is_told_as_zero() {
        let (stalled, jobs) = (vec![("paused".to_owned(), 2)], vec![(StateKind::Held, 3)]);
        let before = Figures { stalled, jobs, ..Figures::default() };
        let text = told(std::slice::from_ref(&before), Timestamp::UNIX_EPOCH);
        assert!(text.contains("lanekeeper_lanes_stalled{reason=\"paused\"} 2"), "{text}");
        let text = told(&[before, Figures::default()], Timestamp::UNIX_EPOCH);
        assert!(text.contains("lanekeeper_lanes_stalled{reason=\"paused\"} 0"), "{text}");
        assert!(text.contains("lanekeeper_jobs{state=\"held\"} 0"), "{text}");
    }

    #[test]
    fn the_oldest_ready_job_is_told_in_seconds() {
        let figures = Figures { oldest_ready: Some(Timestamp::UNIX_EPOCH), ..Figures::default() };
        let text = told(&[figures], Timestamp::from_second(90).unwrap());
        assert!(text.contains("lanekeeper_oldest_ready_seconds 90"), "{text}");
    }

    #[test]
    fn open_privacy_requests_are_told_by_what_is_asked_with_the_age_of_the_oldest() {
        let request = |seconds| Kept {
            id: 1,
            merchant: "acme.myshopify.com".into(),
            shop: None,
            request: PrivacyRequest { ask: Ask::Export, subject: Subject::default(), reference: None },
            received_at: Timestamp::from_second(seconds).unwrap(),
            done_at: None,
            dismissed: false,
        };
        let recorder = PrometheusBuilder::new().build_recorder();
        let now = Timestamp::from_second(90).unwrap();
        metrics::with_local_recorder(&recorder, || set_requests(&[request(50), request(30)], now));
        let text = recorder.handle().render();
        assert!(text.contains("lanekeeper_privacy_open{ask=\"export\"} 2"), "{text}");
        assert!(text.contains("lanekeeper_privacy_open{ask=\"redact_shop\"} 0"), "{text}");
        assert!(text.contains("lanekeeper_privacy_oldest_open_seconds 60"), "{text}");
    }
}
