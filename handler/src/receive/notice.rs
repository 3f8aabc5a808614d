//! A warehouse's notices: small, unsigned, and only ever a hint. The same bounds hold, in a smaller measure.
//!
//! The address is checked before a byte of the body is read: whoever does not know it costs nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::FutureExt;
use lane::ports::Notice;
use secrecy::SecretString;
use tokio::time::Instant;
use tracing::{Instrument, field};

use super::Reception;
use crate::answer::{self, Known, Outcome};
use crate::parse::shipstation::{self, Parsed};
use crate::parse::{Arrival, shipstation::Hint};
use crate::verify;
use crate::verify::shipstation::Told;

/// The longest body of a notice. A real one has two short fields, some 200 bytes.
const NOTICE_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn shipstation(
    State(reception): State<Arc<Reception>>,
    told: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let told = told.ok().map(|Path((account, secret))| Told { account, secret: SecretString::from(secret) });
    let mut known = Known::at(Instant::now());
    let span = tracing::info_span!("notice", correlation.id = field::Empty);
    let work = reception.take_notice(told.as_ref(), &head.headers, body, &mut known).instrument(span.clone());
    // What the future borrows is only read afterwards for the log line, and every part of it is set whole.
    let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Outcome::Panicked);
    span.in_scope(|| answer::answer(&outcome, &known))
}

impl Reception {
    async fn take_notice(&self, told: Option<&Told>, headers: &HeaderMap, body: Body, known: &mut Known) -> Outcome {
        let warehouse = match verify::shipstation::verify(told, &self.settings) {
            Ok(warehouse) => warehouse,
            Err(refused) => return Outcome::Refused(refused),
        };
        let _slot = match self.bounds.enter() {
            Ok(slot) => slot,
            Err(full) => return Outcome::NotTakenIn(full),
        };
        known.account = Some(warehouse.account.clone());
        known.topic = shipstation::UNREAD;
        let received_at = self.clock.now();
        let deadline = known.arrived + self.settings.answer_deadline;
        let read_until = deadline.min(known.arrived + self.settings.read_deadline);
        let body = match self.bounds.read(headers, body, NOTICE_BYTES_MAX, read_until).await {
            Ok(body) => body,
            Err(why) => return Outcome::NotTakenIn(why),
        };
        let correlation = Arrival::of(&body, received_at).correlation;
        tracing::Span::current().record("correlation.id", correlation.as_str());
        known.correlation = Some(correlation);
        let Hint { label, url } = match shipstation::parse(&body, warehouse.host.as_deref()) {
            Ok(Parsed::Shipped(hint)) => hint,
            Ok(Parsed::OtherType) => {
                known.topic = shipstation::OTHER;
                return Outcome::Ignored;
            }
            Err(why) => return Outcome::NotUnderstood(why),
        };
        known.topic = label;
        let notice = Notice { account: warehouse.account.clone(), url, received_at };
        match self.recorder.record_notice(&notice, deadline).await {
            Ok(()) => {
                fail::fail_point!("handler.before_answer");
                Outcome::Noticed
            }
            Err(why) => Outcome::NotRecorded(why),
        }
    }
}
