//! What the platform is told, and what the operators see: one status, one line, one count per webhook.
//!
//! The platform repeats whatever is not answered 2xx, so each status is chosen by whether a repetition helps. The
//! sentences say what to do; they hold nothing of the body, of the signature or of a secret, and they do not tell a
//! forger how close he came. The diagnosis is in the log line.
//!
//! A 200 says in the header [`OUTCOME`] what became of the webhook, for whoever tries things out; the platform reads
//! the status only. It is one of:
//!
//! - `new`: it became a job.
//! - `newer`: a known job follows its newer version.
//! - `unchanged`: the job is known and nothing about it is new.
//! - `duplicate`: this webhook was recorded before.
//! - `quarantined`: kept without becoming work, because the body cannot be read or the shop is unknown.
//! - `closed`: the merchant took the app away; the shop's lanes are paused.
//! - `asked`: a request about somebody's data was taken in.
//! - `forgotten`: about somebody, or some shop, that asked to be forgotten; nothing of it was kept.
//! - `noticed`: a warehouse's notice was kept.
//! - `ignored`: of a topic that is no work, and not kept.
//!
//! It goes only to whoever could sign the body, or knows the account's address, and is the word that stands in the log
//! and in the metrics.
//!
//! A warehouse's notice that cannot be read is refused with a 400, unlike a webhook: it is a hint, nothing of ours hangs
//! on it (the worker also asks the warehouse by itself), and whoever sends it should learn that it is of no use.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use lane::id::{AccountId, CorrelationId, JobId};
use lane::ports::LedgerError;
use tokio::time::Instant;

use crate::bounds::NotTakenIn;
use crate::parse::shipstation::NotUnderstood;
use crate::record::{NotRecorded, WakeUpSent};
use crate::verify::Refused;

/// When to come again after a 503, in seconds: a busy moment passes sooner, a restart takes about this long. The
/// platforms have schedules of their own; this is for everybody else.
const RETRY_AFTER_SECONDS: &str = "10";

/// Carries the correlation id.
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Carries what became of a webhook that was answered 200.
const OUTCOME: HeaderName = HeaderName::from_static("x-lanekeeper-outcome");

/// How a webhook ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Durable.
    Recorded { recorded: &'static str, wake_up: WakeUpSent },
    /// A warehouse's notice is durable.
    Noticed,
    /// Authentic, and no work of ours.
    Ignored,
    /// A notice, from where notices come from, of no use.
    NotUnderstood(NotUnderstood),
    /// Not authentic.
    Refused(Refused),
    /// Stopped at a bound.
    NotTakenIn(NotTakenIn),
    /// Authentic, and not known to be durable.
    NotRecorded(NotRecorded),
    /// A defect of ours.
    Panicked,
}

/// What is known of a webhook so far.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) arrived: Instant,
    pub(crate) topic: &'static str,
    pub(crate) merchant: Option<String>,
    pub(crate) account: Option<AccountId>,
    pub(crate) correlation: Option<CorrelationId>,
    pub(crate) job: Option<JobId>,
}

impl Known {
    /// Until the signature is checked, the headers are anybody's word; the topic's label says so.
    pub(crate) fn at(arrived: Instant) -> Self {
        Self { arrived, topic: "unverified", merchant: None, account: None, correlation: None, job: None }
    }
}

/// Counts and logs the webhook and makes the response.
pub(crate) fn answer(outcome: &Outcome, known: &Known) -> Response {
    let took = known.arrived.elapsed();
    let labels = [("topic", known.topic), ("outcome", outcome.label())];
    metrics::counter!("lanekeeper_webhooks_total", &labels).increment(1);
    metrics::histogram!("lanekeeper_webhook_seconds").record(took.as_secs_f64());
    log(outcome, known, u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    respond(outcome, known)
}

fn respond(outcome: &Outcome, known: &Known) -> Response {
    let (status, sentence) = outcome.told();
    let mut headers = HeaderMap::new();
    if let Some(correlation) = &known.correlation
        && let Ok(value) = HeaderValue::from_str(correlation.as_str())
    {
        headers.insert(CORRELATION_ID, value);
    }
    if status == StatusCode::OK {
        headers.insert(OUTCOME, HeaderValue::from_static(outcome.label()));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    if sentence.is_empty() {
        return (status, headers, Body::empty()).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    (status, headers, sentence).into_response()
}

impl Outcome {
    /// The word for metrics and logs.
    fn label(&self) -> &'static str {
        match self {
            Self::Recorded { recorded, .. } => recorded,
            Self::Noticed => "noticed",
            Self::Ignored => "ignored",
            Self::NotUnderstood(_) => "not_understood",
            Self::Refused(_) => "refused",
            Self::NotTakenIn(NotTakenIn::TooLong) => "too_long",
            Self::NotTakenIn(NotTakenIn::TooSlow) => "too_slow",
            Self::NotTakenIn(NotTakenIn::Broken(_)) => "broken",
            Self::NotTakenIn(NotTakenIn::TooMany | NotTakenIn::TooManyBytes) => "busy",
            Self::NotRecorded(_) => "not_recorded",
            Self::Panicked => "panicked",
        }
    }

    /// The status and the sentence.
    fn told(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Recorded { .. } | Self::Noticed | Self::Ignored => (StatusCode::OK, ""),
            Self::NotUnderstood(_) => (
                StatusCode::BAD_REQUEST,
                "The notice is of no use: send a resource_type and a resource_url at the account's own host, as JSON.\n",
            ),
            Self::Refused(why) => (StatusCode::UNAUTHORIZED, why.told()),
            Self::NotTakenIn(why) => why.told(),
            Self::NotRecorded(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The webhook could not be recorded: send it again later.\n")
            }
            Self::Panicked => {
                (StatusCode::SERVICE_UNAVAILABLE, "The webhook could not be handled: send it again later.\n")
            }
        }
    }
}

impl Refused {
    /// One sentence for each way to prove oneself, whatever was wrong.
    fn told(self) -> &'static str {
        match self {
            Self::Missing | Self::Doubled | Self::Malformed | Self::NoSecretMatches => {
                "The signature does not fit the body: sign the raw body with the app's client secret and send it once, \
                 in standard base64.\n"
            }
            Self::NoSuchAccount | Self::WrongAddress => {
                "The address is not one that takes notices: use the one that was made for the account.\n"
            }
        }
    }
}

impl NotTakenIn {
    fn told(&self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLong => {
                (StatusCode::PAYLOAD_TOO_LARGE, "The body is too long: send fewer fields, or ask for a higher limit.\n")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time: send it again, faster.\n"),
            Self::Broken(_) => (StatusCode::BAD_REQUEST, "The body did not arrive whole: send it again.\n"),
            Self::TooMany | Self::TooManyBytes => {
                (StatusCode::SERVICE_UNAVAILABLE, "Too many webhooks are being recorded: send it again later.\n")
            }
        }
    }
}

/// How loud the one line of a webhook is.
enum Loudness {
    /// As it should be.
    Info,
    /// Somebody should look if it stays.
    Warn,
    /// Somebody must look.
    Error,
}

fn log(outcome: &Outcome, known: &Known, took_ms: u64) {
    let (loudness, message) = line(outcome);
    let cause = cause(outcome);
    let wake_up = match outcome {
        Outcome::Recorded { wake_up, .. } => Some(wake_up.label()),
        Outcome::Noticed
        | Outcome::Ignored
        | Outcome::NotUnderstood(_)
        | Outcome::Refused(_)
        | Outcome::NotTakenIn(_)
        | Outcome::NotRecorded(_)
        | Outcome::Panicked => None,
    };
    let (topic, merchant, outcome) = (known.topic, known.merchant.as_deref(), outcome.label());
    let correlation = known.correlation.as_ref().map(CorrelationId::as_str);
    let job = known.job.as_ref().map(JobId::as_str);
    let account = known.account.as_ref().map(AccountId::as_str);
    match loudness {
        Loudness::Info => tracing::info!(
            correlation.id = correlation,
            topic,
            merchant,
            account.id = account,
            outcome,
            job.id = job,
            wake_up,
            took_ms,
            "{message}"
        ),
        Loudness::Warn => tracing::warn!(
            correlation.id = correlation,
            topic,
            merchant,
            account.id = account,
            outcome,
            job.id = job,
            cause,
            took_ms,
            "{message}"
        ),
        Loudness::Error => tracing::error!(
            correlation.id = correlation,
            topic,
            merchant,
            account.id = account,
            outcome,
            job.id = job,
            cause,
            took_ms,
            "{message}"
        ),
    }
}

fn line(outcome: &Outcome) -> (Loudness, &'static str) {
    match outcome {
        Outcome::Recorded { .. } => (Loudness::Info, "webhook recorded"),
        Outcome::Noticed => (Loudness::Info, "warehouse's notice recorded"),
        Outcome::NotUnderstood(_) => (Loudness::Warn, "warehouse's notice refused: it is of no use"),
        Outcome::Ignored => (Loudness::Info, "webhook of a topic that is no work passed over"),
        Outcome::Refused(_) => (Loudness::Warn, "webhook refused: it is not authentic"),
        Outcome::NotTakenIn(_) => (Loudness::Warn, "webhook not taken in"),
        Outcome::NotRecorded(why) => (why.loudness(), "webhook not recorded, to be sent again"),
        Outcome::Panicked => (Loudness::Error, "handling a webhook panicked, to be sent again"),
    }
}

/// Why, in words without anything of the body.
fn cause(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Refused(why) => Some(why.to_string()),
        Outcome::NotTakenIn(why) => Some(why.to_string()),
        Outcome::NotRecorded(why) => Some(why.to_string()),
        Outcome::NotUnderstood(why) => Some(why.to_string()),
        Outcome::Recorded { .. } | Outcome::Noticed | Outcome::Ignored | Outcome::Panicked => None,
    }
}

impl NotRecorded {
    /// What passes by itself is a warning. Nothing here is answered 2xx: none of it is durable.
    fn loudness(&self) -> Loudness {
        match self {
            Self::TimedOut | Self::Ledger(LedgerError::Unavailable(_)) => Loudness::Warn,
            Self::Ledger(LedgerError::Stopped(_) | LedgerError::Unreadable(_) | LedgerError::Impossible(_)) => {
                Loudness::Error
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::ports::Recorded;
    use lane::view::QuarantineReason;

    fn outcome_header(outcome: &Outcome) -> Option<String> {
        let response = respond(outcome, &Known::at(Instant::now()));
        response.headers().get(OUTCOME).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_200_says_what_became_of_the_webhook_and_no_other_answer_does() {
        let kept = Recorded::Quarantined(QuarantineReason::UnknownShop);
        for (recorded, word) in [
            (Recorded::Unchanged, "unchanged"),
            (Recorded::Duplicate, "duplicate"),
            (kept, "quarantined"),
            (Recorded::Closed, "closed"),
            (Recorded::Asked, "asked"),
            (Recorded::Forgotten, "forgotten"),
        ] {
            let outcome = Outcome::Recorded { recorded: recorded.label(), wake_up: WakeUpSent::NotNeeded };
            assert_eq!(outcome_header(&outcome).as_deref(), Some(word));
        }
        assert_eq!(outcome_header(&Outcome::Ignored).as_deref(), Some("ignored"));
        assert_eq!(outcome_header(&Outcome::Noticed).as_deref(), Some("noticed"));
        for outcome in [
            Outcome::NotTakenIn(NotTakenIn::TooLong),
            Outcome::NotRecorded(NotRecorded::TimedOut),
            Outcome::Panicked,
            Outcome::NotUnderstood(NotUnderstood::NoAddress),
            Outcome::Refused(Refused::WrongAddress),
        ] {
            assert_eq!(outcome_header(&outcome), None, "{outcome:?}");
        }
    }
}
