//! The pages for people: what waits for a person, with the buttons, working without any script; with it there are keys, and
//! lists that renew themselves.
//!
//! A browser shows who it is by a cookie that holds the token. It is sent along with forged requests too, so every
//! change must come from this site's own pages ([`same_origin`]). Everything else is the API's: the same functions
//! decide, pause and resume.

mod same_origin;
mod sign_in;
mod problem;
mod address;
mod assets;
mod shell;
mod card;
mod banner;
mod held;
mod failed;
mod lanes;
mod aside;
mod order;
mod act;
mod many;
mod merchant;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::Review;
use crate::pages::problem::Problem;
use crate::refusal::Refusal;

/// Every other address.
pub(crate) async fn nothing_here() -> Response {
    Problem::of(&Refusal::NothingHere).into_response()
}

/// The routes.
pub(crate) fn routes() -> Router<Arc<Review>> {
    Router::new()
        .route("/", get(held::first))
        .route("/held/{queue}/{group}/{id}", get(held::one))
        .route("/failed", get(failed::show))
        .route("/lanes", get(lanes::show))
        .route("/lanes/{queue}/{group}", get(lanes::one))
        .route("/aside", get(aside::show))
        .route("/orders/{queue}/{group}/{id}", get(order::show))
        .route("/orders/{queue}/{group}/{id}/timeline.json", get(order::download))
        .route("/decide", post(act::decide))
        .route("/undo", post(act::undo))
        .route("/plan", post(many::plan))
        .route("/decide-many", post(many::decide))
        .route("/undo-many", post(many::undo))
        .route("/pause", post(act::pause))
        .route("/resume", post(act::resume))
        .route("/release", post(act::release))
        .route("/shop/{token}", get(merchant::show))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route_layer(from_fn(same_origin::check))
        .route("/assets/{version}/{name}", get(assets::serve))
}
