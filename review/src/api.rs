//! The API under `/api/v1`: every request names its operator by a bearer token, every answer is JSON.

mod answer;
mod jobs;
mod decisions;
mod lanes;
mod quarantine;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::routing::{get, post};
use secrecy::SecretString;

use crate::access::{Caller, recognise};
use crate::api::answer::Answer;
use crate::refusal::{Refusal, unanswered};
use crate::{Review, token};

pub(crate) use answer::{job as job_named, lane as lane_named};
pub(crate) use jobs::timeline_of;

/// Every other address.
pub(crate) async fn nothing_here() -> Answer {
    Answer(Refusal::NothingHere)
}

/// The routes.
pub(crate) fn routes() -> Router<Arc<Review>> {
    Router::new()
        .route("/jobs", get(jobs::list))
        .route("/jobs/{queue}/{group}/{id}", get(jobs::one))
        .route("/jobs/{queue}/{group}/{id}/timeline", get(jobs::timeline))
        .route("/jobs/{queue}/{group}/{id}/undo", post(decisions::undo))
        .route("/jobs/{queue}/{group}/{id}/{verdict}", post(decisions::decide))
        .route("/lanes", get(lanes::list))
        .route("/lanes/{queue}/{group}/pause", post(lanes::pause))
        .route("/lanes/{queue}/{group}/resume", post(lanes::resume))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{id}/release", post(quarantine::release))
        .fallback(nothing_here)
        .method_not_allowed_fallback(async || Answer(Refusal::WrongMethod))
}

/// The route a request took, for logs: its pattern, so that nothing the caller wrote gets there.
pub(crate) struct Route(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Route {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let matched: Option<MatchedPath> =
            <MatchedPath as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self(matched.map(|path| path.as_str().to_owned()).unwrap_or_default()))
    }
}

impl FromRequestParts<Arc<Review>> for Caller {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, review: &Arc<Review>) -> Result<Self, Self::Rejection> {
        let Ok(Route(route)) = Route::from_request_parts(parts, review).await;
        let Some(token) = bearer(&parts.headers) else {
            tracing::warn!(request.route = route, "refused an API request without a bearer token");
            return Err(Answer(Refusal::Unauthorised));
        };
        let known = recognise(review.desk.as_ref(), &token).await.map_err(unanswered)?;
        known.ok_or_else(|| {
            tracing::warn!(request.route = route, "refused an API request whose token is unknown or disabled");
            Answer(Refusal::Unauthorised)
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (scheme, credentials) = given.next()?.to_str().ok()?.split_once(' ')?;
    let fits = given.next().is_none() && scheme.eq_ignore_ascii_case("bearer");
    if fits { token::presented(credentials) } else { None }
}
