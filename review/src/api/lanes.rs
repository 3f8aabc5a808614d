//! Looking at lanes, pausing and resuming them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use lane::clock::{Timestamp, until};
use lane::id::{JobId, LaneKey, ShopId};
use lane::view::{LaneFilter, LaneView, Paged};
use serde::{Deserialize, Serialize};

use crate::Review;
use crate::access::Caller;
use crate::api::Route;
use crate::api::answer::{self, Answer};
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, decide, lanes, repeat, words};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    shop: Option<String>,
    #[serde(default)]
    stalled: bool,
    after: Option<String>,
    limit: Option<u32>,
}

/// A lane as the API shows it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    lane: LaneKey,
    shop: ShopId,
    status: &'static str,
    stalled: bool,
    why: String,
    head: Option<Head>,
    depth: u64,
    /// How long ago the oldest job in line was accepted.
    age_seconds: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Head {
    id: JobId,
    number: String,
}

impl Row {
    fn of(view: LaneView, now: Timestamp) -> Self {
        Self {
            status: view.status.label(),
            stalled: view.status.is_stalled(),
            why: words::lane(&view),
            lane: view.lane,
            shop: view.shop,
            head: view.head.map(|(id, number)| Head { id, number }),
            depth: view.depth,
            age_seconds: view.oldest.map(|oldest| until(oldest, now).as_secs()),
        }
    }
}

pub(super) async fn list(
    State(review): State<Arc<Review>>,
    _: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Paged<Row>>, Answer> {
    let asked = answer::query(asked)?;
    let filter = LaneFilter { shop: answer::shop(asked.shop.as_deref())?, stalled: asked.stalled };
    let list = format!("lanes {:?} {}", asked.shop, asked.stalled);
    let page = answer::page(&list, asked.after, asked.limit)?;
    let now = review.clock.now();
    let found = review.desk.lanes(&filter, &page, now).await.map_err(unanswered)?;
    let rows = found.rows.into_iter().map(|view| Row::of(view, now)).collect();
    Ok(Json(Paged { rows, next: cursor::wrap(&list, found.next) }))
}

/// Why the lane must stop, and when it goes on by itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PauseAsked {
    why: String,
    until: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
pub(super) struct Done {
    status: &'static str,
}

pub(super) async fn pause(
    State(review): State<Arc<Review>>,
    caller: Caller,
    Route(route): Route,
    Path((queue, group)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Answer> {
    let reviewer = caller.reviewer(&route)?;
    let lane = answer::lane(&queue, &group).ok_or(Refusal::NoSuchLane)?;
    let key = repeat::key_header(&headers)?;
    let mut asked: PauseAsked = answer::body(bytes)?;
    asked.why = decide::note(&asked.why)?;
    if asked.why.is_empty() {
        return Err(Refusal::Malformed("why says for the others why the lane is paused".into()).into());
    }
    // Said even to a repetition that comes late: "paused" would not be true any more.
    if asked.until.is_some_and(|end| end <= review.clock.now()) {
        return Err(Refusal::Malformed("until has passed already".into()).into());
    }
    let path = format!("/api/v1/lanes/{lane}/pause");
    let key = repeat::request_key(&reviewer, key, &path, &asked);
    lanes::pause(&review, &reviewer, &lane, asked.why, asked.until, key.as_ref()).await?;
    Ok(Json(Done { status: "paused" }))
}

pub(super) async fn resume(
    State(review): State<Arc<Review>>,
    caller: Caller,
    Route(route): Route,
    Path((queue, group)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Answer> {
    let reviewer = caller.reviewer(&route)?;
    let lane = answer::lane(&queue, &group).ok_or(Refusal::NoSuchLane)?;
    answer::no_body(bytes)?;
    let key = repeat::key_header(&headers)?;
    let path = format!("/api/v1/lanes/{lane}/resume");
    let key = repeat::request_key(&reviewer, key, &path, &());
    lanes::resume(&review, &reviewer, &lane, key.as_ref()).await?;
    Ok(Json(Done { status: "resumed" }))
}
