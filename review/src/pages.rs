//! The page for people: what waits for a person, with the buttons, working without any script.
//!
//! A browser shows who it is by a cookie that holds the token. It is sent along with forged requests too, so every
//! change must come from this site's own pages ([`same_origin`]). Everything else is the API's: the same functions
//! decide, pause and resume.

mod same_origin;
mod sign_in;
mod problem;
mod card;
mod kept;
mod banner;
mod desk;
mod act;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::Review;
use crate::pages::problem::Problem;
use crate::refusal::Refusal;

/// Compiled in: one file to serve, and no path to get wrong.
const STYLE: &str = include_str!("../templates/style.css");

/// Every other address.
pub(crate) async fn nothing_here() -> Response {
    Problem::of(&Refusal::NothingHere).into_response()
}

/// The routes.
pub(crate) fn routes() -> Router<Arc<Review>> {
    Router::new()
        .route("/", get(desk::show))
        .route("/decide", post(act::decide))
        .route("/resume", post(act::resume))
        .route("/release", post(act::release))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route_layer(from_fn(same_origin::check))
        .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
}
