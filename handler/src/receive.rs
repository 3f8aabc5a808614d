//! The routes: take a webhook in, within bounds, and lead it through verify, parse, record and answer.
//!
//! Nothing here is decided about the webhook itself. What is decided is how long and how much: a slot or "later", a
//! length, two deadlines. A panic anywhere on the way is an answer too: "later", because a redelivery is what we want.

mod notice;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use futures::FutureExt;
use lane::clock::{Clock, Timestamp};
use lane::id::JobId;
use lane::ports::{Intake, QueueSender};
use lane::webhook::{Content, Named, Webhook};
use tokio::time::Instant;
use tracing::{Instrument, field};

use crate::answer::{self, Known, Outcome};
use crate::bounds::Bounds;
use crate::parse::shopify::Parsed;
use crate::parse::{self, Arrival};
use crate::record::Recorder;
use crate::settings::Settings;
use crate::verify;

/// Everything a request needs.
struct Reception {
    settings: Settings,
    bounds: Bounds,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
}

/// The routes of the handler. The server in front owes them bounds on connections and on the request's head.
pub fn router(
    settings: Settings,
    ledger: Arc<dyn Intake>,
    sender: Arc<dyn QueueSender>,
    clock: Arc<dyn Clock>,
) -> Router {
    let bounds = Bounds::new(&settings);
    let recorder = Recorder::new(ledger, sender);
    let reception = Arc::new(Reception { settings, bounds, recorder, clock });
    Router::new()
        .route("/webhooks/shopify", post(shopify))
        .route("/webhooks/shipstation/{account}/{secret}", post(notice::shipstation))
        .with_state(reception)
}

async fn shopify(State(reception): State<Arc<Reception>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut known = Known::at(Instant::now());
    let span = tracing::info_span!("webhook", correlation.id = field::Empty);
    let work = reception.take_in(&head.headers, body, &mut known).instrument(span.clone());
    // What the future borrows is only read afterwards for the log line, and every part of it is set whole.
    let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Outcome::Panicked);
    span.in_scope(|| answer::answer(&outcome, &known))
}

impl Reception {
    async fn take_in(&self, headers: &HeaderMap, body: Body, known: &mut Known) -> Outcome {
        let _slot = match self.bounds.enter() {
            Ok(slot) => slot,
            Err(full) => return Outcome::NotTakenIn(full),
        };
        let received_at = self.clock.now();
        let deadline = known.arrived + self.settings.answer_deadline;
        let read_until = deadline.min(known.arrived + self.settings.read_deadline);
        let body = match self.bounds.read(headers, body, self.settings.body_bytes_max, read_until).await {
            Ok(body) => body,
            Err(why) => return Outcome::NotTakenIn(why),
        };
        match self.understand(headers, &body, received_at, known) {
            // Only the webhook keeps the body from here on.
            Ok(Parsed::Webhook(webhook)) => {
                drop(body);
                self.record(*webhook, deadline).await
            }
            Ok(Parsed::OtherTopic) => Outcome::Ignored,
            Err(refused) => Outcome::Refused(refused),
        }
    }

    /// Until the signature is checked, a body costs its buffer and the check, and nothing else.
    fn understand(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
        received_at: Timestamp,
        known: &mut Known,
    ) -> Result<Parsed, verify::Refused> {
        let secrets = self.settings.shopify_secrets();
        let verified = verify::shopify::verify(headers, body, secrets)?;
        fail::fail_point!("handler.after_verify");
        let arrival = Arrival::of(verified.body(), received_at);
        tracing::Span::current().record("correlation.id", arrival.correlation.as_str());
        known.correlation = Some(arrival.correlation.clone());
        known.topic = parse::shopify::topic_label(verified.told());
        known.merchant.clone_from(&verified.told().shop_domain);
        let parsed = parse::shopify::parse(&verified, &arrival);
        if let Parsed::Webhook(webhook) = &parsed {
            known.job = named_job(&webhook.content);
        }
        Ok(parsed)
    }

    async fn record(&self, webhook: Webhook, deadline: Instant) -> Outcome {
        let recorded = match self.recorder.record(webhook, deadline).await {
            Ok(recorded) => recorded,
            Err(why) => return Outcome::NotRecorded(why),
        };
        let wake_up = self.recorder.wake(&recorded, deadline).await;
        fail::fail_point!("handler.before_answer");
        Outcome::Recorded { recorded: recorded.label(), wake_up }
    }
}

/// The job that a webhook is about, as far as the webhook itself says.
fn named_job(content: &Content) -> Option<JobId> {
    match content {
        Content::Order(news) => Some(news.id.clone()),
        Content::Touched(Named::Order(id)) => Some(id.clone()),
        Content::Touched(Named::Part(_))
        | Content::Uninstalled { .. }
        | Content::Privacy(_)
        | Content::Unreadable { .. } => None,
    }
}
