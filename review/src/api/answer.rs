//! Answers of the API: what went wrong, and how queries and bodies are read.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use lane::id::{JobId, LaneKey, ShopId};
use lane::view::{Page, Paged};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::cursor;
use crate::refusal::Refusal;

/// A refusal as the API says it.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Refusal);

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (status, code) = self.0.kind();
        let words = self.0.words();
        let mut body = json!({ "error": { "code": code, "words": &words } });
        if let Refusal::AlreadyDecided(winner) = &self.0 {
            body["decided"] = json!({
                "by": winner.by,
                "verdict": winner.verdict,
                "at": winner.at,
                "note": winner.note,
            });
        }
        if let Refusal::Changed(_) = &self.0 {
            body["changed"] = words.into();
        }
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"lanekeeper\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = self.0.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A JSON body whose fields are all known.
pub(super) fn body<T: DeserializeOwned>(bytes: Result<Bytes, BytesRejection>) -> Result<T, Refusal> {
    let bytes = whole(bytes)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::Malformed(format!("the body is not as it should be: {error}")))
}

/// A body that should say nothing: empty, or an empty object.
pub(super) fn no_body(bytes: Result<Bytes, BytesRejection>) -> Result<(), Refusal> {
    let bytes = whole(bytes)?;
    let text = bytes.trim_ascii();
    if text.is_empty() || text == b"{}" { Ok(()) } else { Err(Refusal::Malformed("this request takes no body".into())) }
}

fn whole(bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let words = "the body could not be read";
    bytes.map_err(|rejection| Refusal::unread(rejection.status(), words))
}

/// A query whose parameters are all known: a misspelt filter must not list everything.
pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(query)| query).map_err(|rejection| Refusal::Malformed(rejection.body_text()))
}

/// A page of a list.
pub(super) fn page(list: &str, after: Option<String>, limit: Option<u32>) -> Result<Page, Refusal> {
    Ok(Page { after: cursor::unwrap(list, after)?, limit: limit.unwrap_or_default() })
}

/// What is answered to it.
pub(super) fn rows<T, R: From<T>>(list: &str, found: Paged<T>) -> Paged<R> {
    let rows = found.rows.into_iter().map(R::from).collect();
    Paged { rows, next: cursor::wrap(list, found.next) }
}

/// A shop to filter by.
pub(super) fn shop(text: Option<&str>) -> Result<Option<ShopId>, Refusal> {
    text.map(ShopId::parse).transpose().map_err(|error| Refusal::Malformed(error.to_string()))
}

/// The lane an address names; a text that cannot name one is as good as one that is not there.
pub(crate) fn lane(queue: &str, group: &str) -> Option<LaneKey> {
    LaneKey::in_queue(queue.parse().ok()?, group).ok()
}

/// The job an address names.
pub(crate) fn job(queue: &str, group: &str, id: &str) -> Result<(LaneKey, JobId), Refusal> {
    let found = lane(queue, group).zip(JobId::parse(id).ok());
    found.ok_or(Refusal::NoSuchJob)
}
