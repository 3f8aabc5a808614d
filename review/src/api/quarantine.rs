//! Looking at webhooks that were kept aside, and releasing them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::view::{Paged, QuarantineReason, Quarantined};
use serde::{Deserialize, Serialize};

use crate::Review;
use crate::access::Caller;
use crate::api::Route;
use crate::api::answer::{self, Answer};
use crate::refusal::{Refusal, unanswered};
use crate::{quarantine, repeat};

/// Cursors belong to this list.
const LIST: &str = "quarantine";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

/// A quarantined webhook as the API shows it; its body is never shown.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    merchant: String,
    shop: Option<ShopId>,
    topic: String,
    received_at: Timestamp,
    why: QuarantineReason,
    words: String,
}

impl From<Quarantined> for Row {
    fn from(kept: Quarantined) -> Self {
        Self {
            id: kept.id.to_string(),
            merchant: kept.merchant,
            shop: kept.shop,
            topic: kept.topic,
            received_at: kept.received_at,
            why: kept.why,
            words: kept.words,
        }
    }
}

pub(super) async fn list(
    State(review): State<Arc<Review>>,
    _: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Paged<Row>>, Answer> {
    let asked = answer::query(asked)?;
    let page = answer::page(LIST, asked.after, asked.limit)?;
    let found = review.desk.quarantined(&page).await.map_err(unanswered)?;
    Ok(Json(answer::rows(LIST, found)))
}

#[derive(Debug, Serialize)]
pub(super) struct Done {
    released: bool,
}

pub(super) async fn release(
    State(review): State<Arc<Review>>,
    caller: Caller,
    Route(route): Route,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Done>, Answer> {
    let reviewer = caller.reviewer(&route)?;
    let id: u64 = id.parse().map_err(|_| Refusal::NotInQuarantine)?;
    answer::no_body(bytes)?;
    let key = repeat::key_header(&headers)?;
    let path = format!("/api/v1/quarantine/{id}/release");
    let key = repeat::request_key(&reviewer, key, &path, &());
    quarantine::release(&review, &reviewer, id, key.as_ref()).await?;
    Ok(Json(Done { released: true }))
}
