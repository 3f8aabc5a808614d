//! Approve, reject, retry, and taking that back.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use lane::state::StateKind;
use serde::{Deserialize, Serialize};

use crate::Review;
use crate::access::Caller;
use crate::api::Route;
use crate::api::answer::{self, Answer};
use crate::decide::{self, Ask};
use crate::refusal::Refusal;
use crate::{repeat, undo};

/// The question that is answered, what was shown, and what the reviewer wrote.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    hold: u32,
    fingerprint: String,
    #[serde(default)]
    note: String,
    /// How long it can be taken back before it takes effect.
    #[serde(default)]
    after_seconds: u8,
}

/// The question whose decision is taken back.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TakenBack {
    hold: u32,
}

/// The longest that a decision may be put off. Whoever needs longer has not decided yet.
const AFTER_SECONDS_MAX: u8 = 60;

#[derive(Debug, Serialize)]
pub(super) struct Done {
    state: StateKind,
}

pub(super) async fn decide(
    State(review): State<Arc<Review>>,
    caller: Caller,
    Route(route): Route,
    Path((queue, group, id, verdict)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Answer> {
    let verdict = decide::verdict(&verdict).ok_or(Refusal::NothingHere)?;
    let reviewer = caller.reviewer(&route)?;
    let (lane, job) = answer::job(&queue, &group, &id)?;
    let key = repeat::key_header(&headers)?;
    let mut asked: Asked = answer::body(bytes)?;
    asked.note = decide::note(&asked.note)?;
    if asked.after_seconds > AFTER_SECONDS_MAX {
        return Err(Refusal::Malformed(format!("after_seconds is 0 to {AFTER_SECONDS_MAX}")).into());
    }
    let path = format!("/api/v1/jobs/{lane}/{job}/{}", verdict.as_str());
    let key = repeat::request_key(&reviewer, key, &path, &asked);
    let fingerprint = decide::fingerprint(&asked.fingerprint)?;
    let delay = Duration::from_secs(asked.after_seconds.into());
    let ask = Ask { lane, job, verdict, hold: asked.hold, fingerprint, note: asked.note, delay };
    let state = decide::decide(&review, &reviewer, ask, key.as_ref()).await?;
    Ok(Json(Done { state }))
}

pub(super) async fn undo(
    State(review): State<Arc<Review>>,
    caller: Caller,
    Route(route): Route,
    Path((queue, group, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Answer> {
    let reviewer = caller.reviewer(&route)?;
    let (lane, job) = answer::job(&queue, &group, &id)?;
    let key = repeat::key_header(&headers)?;
    let asked: TakenBack = answer::body(bytes)?;
    let key = repeat::request_key(&reviewer, key, &format!("/api/v1/jobs/{lane}/{job}/undo"), &asked);
    let state = undo::undo(&review, &reviewer, (lane, job), asked.hold, key.as_ref()).await?;
    Ok(Json(Done { state }))
}
