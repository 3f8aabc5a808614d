//! A page that says why something was not done.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{Html, IntoResponse, Response};

use crate::refusal::Refusal;
use crate::words;

/// A page that says why something was not done.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(super) struct Problem {
    title: &'static str,
    words: String,
    status: StatusCode,
    retry_after: Option<u32>,
}

impl Problem {
    /// The page for a refusal.
    pub(super) fn of(refusal: &Refusal) -> Self {
        let (status, _) = refusal.kind();
        let title = if matches!(refusal, Refusal::NothingHere) { "Not found" } else { "Not done" };
        Self { title, words: words::shown(&refusal.words()), status, retry_after: refusal.retry_after() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, page(&self)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::of(&refusal)
    }
}

/// Renders a template.
pub(super) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "could not render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
