//! Approve, reject, retry.

use std::sync::Arc;

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
use crate::repeat;

/// The question that is answered, what was shown, and what the reviewer wrote.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    hold: u32,
    fingerprint: String,
    #[serde(default)]
    note: String,
}

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
    let path = format!("/api/v1/jobs/{lane}/{job}/{}", verdict.as_str());
    let key = repeat::request_key(&reviewer, key, &path, &asked);
    let fingerprint = decide::fingerprint(&asked.fingerprint)?;
    let ask = Ask { lane, job, verdict, hold: asked.hold, fingerprint, note: asked.note };
    let state = decide::decide(&review, &reviewer, ask, key.as_ref()).await?;
    Ok(Json(Done { state }))
}
