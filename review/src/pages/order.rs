//! One order: how it stands, what is known of it, and everything that ever happened to it.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Response};
use lane::history::Entry;

use crate::Review;
use crate::api::{job_named, timeline_of};
use crate::pages::card::{Card, card};
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::words;

#[derive(Debug, Template)]
#[template(path = "order.html")]
struct OrderPage {
    shell: Shell,
    card: Card,
    accepted: String,
    correlation: String,
    version: u64,
    entries: Vec<Line>,
}

/// One thing that happened.
#[derive(Debug)]
struct Line {
    at: String,
    kind: &'static str,
    words: String,
    note: Option<String>,
    calls: Vec<Call>,
}

/// A call that an attempt made.
#[derive(Debug)]
struct Call {
    at: String,
    account: String,
    what: String,
    ended: String,
    took: String,
}

/// Shows an order.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    Path((queue, group, id)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (lane, id) = job_named(&queue, &group, &id)?;
    let job = review.desk.job(&lane, &id).await.map_err(unanswered)?.ok_or(Refusal::NoSuchJob)?;
    let entries = review.desk.timeline(&lane, &id).await.map_err(unanswered)?;
    let card = card(&job, caller.may_decide(), review.clock.now());
    let shell = Shell::of(&review, &caller, Tab::Order, card.href.clone(), None).await?;
    Ok(problem::page(&OrderPage {
        shell,
        card,
        accepted: words::moment(job.accepted_at),
        correlation: job.correlation.to_string(),
        version: job.version,
        entries: entries.iter().map(Line::of).collect(),
    }))
}

/// The same for programs, as a file.
pub(super) async fn download(
    State(review): State<Arc<Review>>,
    SignedIn(_): SignedIn,
    Path((queue, group, id)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (lane, id) = job_named(&queue, &group, &id)?;
    let timeline = timeline_of(&review, &lane, &id).await?;
    let name = format!("attachment; filename=\"order-{id}.json\"");
    Ok(([(CONTENT_DISPOSITION, name)], Json(timeline)).into_response())
}

impl Line {
    fn of(entry: &Entry) -> Self {
        let told = words::tell(entry);
        let calls = told.calls.iter().map(|call| Call {
            at: words::second(call.at),
            account: call.account.to_string(),
            what: words::shown(&call.call),
            ended: words::shown(&call.ended),
            took: format!("{} ms", call.took_ms),
        });
        Self {
            at: words::second(entry.at),
            kind: told.kind,
            words: words::sentence(&words::shown(&told.words)),
            note: told.note.filter(|note| !note.is_empty()).map(words::shown),
            calls: calls.collect(),
        }
    }
}
