//! The desk: what waits for a person, oldest first; lanes that stand still, and why; a few figures.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::state::StateKind;
use lane::view::{Figures, JobFilter, LaneFilter, LaneStatus, LaneView, Page, Paged};
use serde::Deserialize;

use crate::Review;
use crate::access::Caller;
use crate::pages::banner::{Banner, Done};
use crate::pages::card::{Card, card};
use crate::pages::kept::{KEPT_COUNTED, Kept};
use crate::pages::problem::{self, Problem};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, words};

/// As many as a person decides before looking up again; the rest is one click away.
const CARDS_PER_PAGE: u32 = 25;

/// Lanes that stand still are usually few, or all of them for one reason.
const LANES_PER_PAGE: u32 = 50;

/// What the address may say: where the lists go on, and what was just done to what, as one of a few words
/// and ids.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    held: Option<String>,
    failed: Option<String>,
    lanes: Option<String>,
    done: Option<Done>,
    lane: Option<LaneKey>,
    job: Option<JobId>,
}

#[derive(Debug, Default, Template)]
#[template(path = "desk.html")]
struct DeskPage {
    who: String,
    role: &'static str,
    decides: bool,
    now: String,
    banner: Option<Banner>,
    counts: Counts,
    sections: Vec<Section>,
    lanes: Vec<Stalled>,
    kept: Kept,
    more_lanes: Option<String>,
}

#[derive(Debug, Default)]
struct Counts {
    held: u64,
    failed: u64,
    /// As many as are listed, so that the figure and the list never disagree.
    stalled: usize,
    stalled_more: bool,
    open: u64,
    oldest_ready: Option<String>,
}

#[derive(Debug)]
struct Section {
    name: &'static str,
    title: &'static str,
    nothing: &'static str,
    cards: Vec<Card>,
    more: Option<String>,
}

/// A lane that stands still.
#[derive(Debug)]
struct Stalled {
    shop: String,
    lane: String,
    status: &'static str,
    why: String,
    depth: u64,
    age: Option<String>,
    /// Names the pause that a click would end.
    paused_since: Option<String>,
}

/// Shows the desk.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let banner = match asked.done {
        Some(done) => Some(Banner::done(&review, done, asked.lane.as_ref(), asked.job.as_ref()).await),
        None => None,
    };
    render(&review, &caller, asked, banner).await
}

/// Renders the desk with a line at its top.
pub(super) async fn render(
    review: &Review,
    caller: &Caller,
    asked: Asked,
    banner: Option<Banner>,
) -> Result<Response, Problem> {
    let now = review.clock.now();
    let (desk, decides) = (&review.desk, caller.may_decide());
    let jobs = async |state: StateKind, after| {
        let filter = JobFilter { state: Some(state), shop: None };
        let after = cursor::unwrap(state.as_str(), after)?;
        let page = Page { after, limit: CARDS_PER_PAGE };
        desk.jobs(&filter, &page).await.map_err(unanswered)
    };
    let held = jobs(StateKind::Held, asked.held).await?;
    let failed = jobs(StateKind::Failed, asked.failed).await?;
    let filter = LaneFilter { shop: None, stalled: true };
    let page = Page { after: cursor::unwrap("lanes", asked.lanes)?, limit: LANES_PER_PAGE };
    let is_part = page.after.is_some();
    let lanes = desk.lanes(&filter, &page, now).await.map_err(unanswered)?;
    let page = Page { after: None, limit: KEPT_COUNTED };
    let kept = desk.quarantined(&page).await.map_err(unanswered)?;
    let figures = desk.figures(now).await.map_err(unanswered)?;
    let cards = |found: &Paged<lane::job::Job>| found.rows.iter().filter_map(|job| card(job, decides, now)).collect();
    let sections = vec![
        Section {
            name: "held",
            title: "Held",
            nothing: "No order waits for a decision.",
            cards: cards(&held),
            more: cursor::wrap("held", held.next),
        },
        Section {
            name: "failed",
            title: "Failed",
            nothing: "No order has failed.",
            cards: cards(&failed),
            more: cursor::wrap("failed", failed.next),
        },
    ];
    Ok(problem::page(&DeskPage {
        who: words::shown(caller.id().as_str()),
        role: caller.role().as_str(),
        decides,
        now: words::moment(now),
        banner,
        counts: Counts {
            stalled: lanes.rows.len(),
            stalled_more: is_part || lanes.next.is_some(),
            ..Counts::of(&figures, now)
        },
        sections,
        lanes: lanes.rows.iter().map(|view| Stalled::of(view, now)).collect(),
        kept: Kept::of(&kept, decides, now),
        more_lanes: cursor::wrap("lanes", lanes.next),
    }))
}

impl Counts {
    fn of(figures: &Figures, now: Timestamp) -> Self {
        let sum = |wanted: &[StateKind]| -> u64 {
            figures.jobs.iter().filter(|(kind, _)| wanted.contains(kind)).map(|(_, n)| n).sum()
        };
        Self {
            held: sum(&[StateKind::Held]),
            failed: sum(&[StateKind::Failed]),
            open: sum(&[StateKind::Waiting, StateKind::Attempting, StateKind::Retrying]),
            oldest_ready: figures.oldest_ready.map(|at| words::lasted(at, now)),
            ..Self::default()
        }
    }
}

impl Stalled {
    fn of(view: &LaneView, now: Timestamp) -> Self {
        let paused_since = match &view.status {
            LaneStatus::Paused(pause) => Some(pause.since.to_string()),
            LaneStatus::Idle
            | LaneStatus::Running { .. }
            | LaneStatus::Waiting
            | LaneStatus::Throttled(_)
            | LaneStatus::Retrying { .. }
            | LaneStatus::Blocked { .. } => None,
        };
        Self {
            shop: view.shop.to_string(),
            lane: view.lane.to_string(),
            status: view.status.label(),
            why: words::sentence(&words::shown(&words::lane(view))),
            depth: view.depth,
            age: view.oldest.map(|at| words::lasted(at, now)),
            paused_since,
        }
    }
}
