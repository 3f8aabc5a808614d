//! The lanes: one row for each, how it stands and why, what is in it and for how long; and one lane with its line.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::job::Job;
use lane::state::StateKind;
use lane::view::{JobFilter, LaneFilter, LaneStatus, LaneView, Page};
use serde::Deserialize;

use crate::Review;
use crate::api::lane_named;
use crate::pages::address;
use crate::pages::banner::{Banner, Done};
use crate::pages::card::{Card, card};
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, words};

const LANES_PER_PAGE: u32 = 100;

/// Of a lane's line so many are shown; who wants to see more waits for something else.
const LINE_SHOWN: u32 = 50;

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    after: Option<String>,
    stalled: bool,
    done: Option<Done>,
    lane: Option<LaneKey>,
    job: Option<JobId>,
}

#[derive(Debug, Template)]
#[template(path = "lanes.html")]
struct LanesPage {
    shell: Shell,
    stalled: bool,
    rows: Vec<Row>,
    more: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "lane.html")]
struct LanePage {
    shell: Shell,
    row: Row,
    waiting: Vec<Card>,
    more: bool,
}

#[derive(Debug)]
struct Row {
    href: String,
    anchor: String,
    shop: String,
    lane: String,
    status: &'static str,
    stands_still: bool,
    why: String,
    head: Option<(String, String)>,
    depth: u64,
    age: Option<String>,
    /// Names the pause that a click would end.
    paused_since: Option<String>,
}

/// Shows the lanes, or those that stand still.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let banner = banner(&review, &asked).await;
    let now = review.clock.now();
    let list = if asked.stalled { "lanes that stand still" } else { "lanes" };
    let page = Page { after: cursor::unwrap(list, asked.after)?, limit: LANES_PER_PAGE };
    let filter = LaneFilter { shop: None, stalled: asked.stalled };
    let lanes = review.desk.lanes(&filter, &page, now).await.map_err(unanswered)?;
    let again = if asked.stalled { "/lanes?stalled=true" } else { "/lanes" };
    let shell = Shell::of(&review, &caller, Tab::Lanes, again.to_owned(), banner).await?;
    Ok(problem::page(&LanesPage {
        shell,
        stalled: asked.stalled,
        rows: lanes.rows.iter().map(|view| Row::of(view, now)).collect(),
        more: cursor::wrap(list, lanes.next),
    }))
}

/// Shows one lane.
pub(super) async fn one(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    Path((queue, group)): Path<(String, String)>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let lane = lane_named(&queue, &group).ok_or(Refusal::NoSuchLane)?;
    let banner = banner(&review, &asked).await;
    let now = review.clock.now();
    let view = find(&review, &lane).await?.ok_or(Refusal::NoSuchLane)?;
    let filter = JobFilter { state: Some(StateKind::Waiting), shop: Some(view.shop.clone()) };
    let page = Page { after: None, limit: LINE_SHOWN };
    let waiting = review.desk.jobs(&filter, &page).await.map_err(unanswered)?;
    let row = Row::of(&view, now);
    let shell = Shell::of(&review, &caller, Tab::Lanes, row.href.clone(), banner).await?;
    let of_this_lane = waiting.rows.iter().filter(|job| job.lane == lane);
    Ok(problem::page(&LanePage {
        shell,
        row,
        waiting: of_this_lane.map(|job| in_line(job, now)).collect(),
        more: waiting.next.is_some(),
    }))
}

/// How a lane stands.
pub(super) async fn find(review: &Review, lane: &LaneKey) -> Result<Option<LaneView>, Refusal> {
    let Ok(shop) = lane::id::ShopId::parse(lane.group()) else { return Ok(None) };
    let filter = LaneFilter { shop: Some(shop), stalled: false };
    let lanes = review.desk.lanes(&filter, &Page::default(), review.clock.now()).await.map_err(unanswered)?;
    Ok(lanes.rows.into_iter().find(|view| view.lane == *lane))
}

async fn banner(review: &Review, asked: &Asked) -> Option<Banner> {
    Some(Banner::done(review, asked.done?, asked.lane.as_ref(), asked.job.as_ref()).await)
}

/// What has waited, has waited since it was accepted.
fn in_line(job: &Job, now: Timestamp) -> Card {
    Card { age: words::lasted(job.accepted_at, now), ..card(job, false, now) }
}

impl Row {
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
        let head = view.head.as_ref();
        Self {
            href: format!("/lanes/{}", address::encoded(&view.lane.to_string())),
            anchor: view.lane.to_string().replace('/', "-"),
            shop: view.shop.to_string(),
            lane: view.lane.to_string(),
            status: view.status.label(),
            stands_still: view.status.is_stalled(),
            why: words::sentence(&words::shown(&words::lane(view))),
            head: head.map(|(id, number)| (address::open("orders", &view.lane, id), words::shown(number))),
            depth: view.depth,
            age: view.oldest.map(|at| words::lasted(at, now)),
            paused_since,
        }
    }
}
