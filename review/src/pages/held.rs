//! What is held: the line of orders that wait for a person, and one of them open beside it. Whoever decides it has the
//! next one open at once.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::job::Job;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use serde::Deserialize;

use crate::Review;
use crate::access::Caller;
use crate::pages::banner::{Banner, Done};
use crate::pages::card::{Card, card};
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::pages::{address, lanes};
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, words};

/// As many as stay in view beside the open one; the rest is one click away.
const ROWS_PER_PAGE: u32 = 50;

/// The list of this page.
const LIST: &str = "held";

/// What the address may say: where the list goes on, what was just done to what, and what a browser shows of the open
/// order already.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    after: Option<String>,
    done: Option<Done>,
    lane: Option<LaneKey>,
    job: Option<JobId>,
    shown: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "held.html")]
struct HeldPage {
    shell: Shell,
    rows: Vec<Row>,
    more: Option<String>,
    open: Option<Card>,
    previous: Option<String>,
    next: Option<String>,
    /// Names the job that opens when this one is decided.
    then: Option<String>,
    /// What became of the open order since a browser was shown it.
    changed: Option<String>,
}

/// An order in the list.
#[derive(Debug)]
struct Row {
    href: String,
    number: String,
    shop: String,
    reason: String,
    total: Option<String>,
    age: String,
    is_open: bool,
    stops: bool,
    /// How a form for many names it, and the box before it.
    choice: Option<(String, String)>,
}

/// Shows the list with its first order open.
pub(super) async fn first(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let banner = banner(&review, &asked).await;
    render(&review, &caller, asked, None, banner).await
}

/// Shows the list with one order open.
pub(super) async fn one(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    Path((queue, group, id)): Path<(String, String, String)>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let open = crate::api::job_named(&queue, &group, &id)?;
    let banner = banner(&review, &asked).await;
    render(&review, &caller, asked, Some(open), banner).await
}

async fn banner(review: &Review, asked: &Asked) -> Option<Banner> {
    Some(Banner::done(review, asked.done?, asked.lane.as_ref(), asked.job.as_ref()).await)
}

/// Renders the page with a line at its top.
pub(super) async fn render(
    review: &Review,
    caller: &Caller,
    asked: Asked,
    open: Option<(LaneKey, JobId)>,
    banner: Option<Banner>,
) -> Result<Response, Problem> {
    let now = review.clock.now();
    let filter = JobFilter { state: Some(StateKind::Held), shop: None };
    let page = Page { after: cursor::unwrap(LIST, asked.after)?, limit: ROWS_PER_PAGE };
    let held = review.desk.jobs(&filter, &page).await.map_err(unanswered)?;
    let open = match open {
        Some((lane, id)) => Some(review.desk.job(&lane, &id).await.map_err(unanswered)?.ok_or(Refusal::NoSuchJob)?),
        None => held.rows.first().cloned(),
    };
    let at = open.as_ref().and_then(|open| held.rows.iter().position(|job| is(job, open)));
    // Who opened an order that is not in this list goes on with the list's first.
    let beside = |step: fn(usize) -> Option<usize>| match at {
        Some(at) => step(at).and_then(|at| held.rows.get(at)),
        None => None,
    };
    let next = beside(|at| at.checked_add(1)).or_else(|| held.rows.first().filter(|_| at.is_none()));
    let previous = beside(|at| at.checked_sub(1));
    let changed = open.as_ref().zip(asked.shown.as_deref()).and_then(|(job, shown)| changed(job, shown));
    let shell = Shell::of(review, caller, Tab::Held, again(open.as_ref()), banner).await?;
    let goes = match &open {
        Some(job) => goes(review, job).await?,
        None => None,
    };
    let opened = open.as_ref().map(|job| Card { goes, ..card(job, caller.may_decide(), now) });
    Ok(problem::page(&HeldPage {
        shell,
        previous: previous.map(|job| address::of(LIST, job)),
        next: next.map(|job| address::of(LIST, job)),
        then: next.map(|job| format!("{}/{}", job.lane, job.id)),
        rows: held
            .rows
            .iter()
            .map(|job| Row::of(job, open.as_ref().is_some_and(|open| is(open, job)), caller.may_decide(), now))
            .collect(),
        more: cursor::wrap(LIST, held.next),
        open: opened,
        changed,
    }))
}

fn is(one: &Job, other: &Job) -> bool {
    one.lane == other.lane && one.id == other.id
}

/// The address at which a browser learns what became of what it shows.
fn again(open: Option<&Job>) -> String {
    let Some(job) = open else { return "/".to_owned() };
    format!("{}?shown={}", address::of(LIST, job), standing(job))
}

/// What a browser shows of an order, in one word.
fn standing(job: &Job) -> String {
    job.question().map_or_else(
        || job.state.kind().as_str().to_owned(),
        |question| format!("{}.{}", question.number, question.fingerprint),
    )
}

fn changed(job: &Job, shown: &str) -> Option<String> {
    (standing(job) != shown)
        .then(|| format!("This order is not as it is shown here any more: {}.", words::shown(&words::job(job))))
}

/// Where an approval leads: who goes before it in its lane, and whom it passes.
async fn goes(review: &Review, job: &Job) -> Result<Option<String>, Refusal> {
    if job.state.kind() != StateKind::Held {
        return Ok(None);
    }
    let Some(view) = lanes::find(review, &job.lane).await? else { return Ok(None) };
    let head = match &view.head {
        Some((id, _)) => review.desk.job(&view.lane, id).await.map_err(unanswered)?,
        None => None,
    };
    Ok(Some(words::goes(job, &view, head.as_ref())))
}

impl Row {
    fn of(job: &Job, is_open: bool, decides: bool, now: Timestamp) -> Self {
        let card = card(job, decides, now);
        let anchor = card.anchor;
        Self {
            href: address::of(LIST, job),
            number: card.number,
            shop: card.shop,
            reason: card.reason,
            total: job.seen.as_deref().map(|seen| seen.total.to_string()),
            age: card.age,
            is_open,
            stops: card.stops,
            // What is asked anew is chosen anew.
            choice: card.form.map(|form| (form.choice, format!("choose-{anchor}-{}", form.hold))),
        }
    }
}
