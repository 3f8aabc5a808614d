//! Signing in: the operator pastes the token once; a cookie that no script can read brings it along from then on.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, State};
use axum::http::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::access::{Caller, recognise};
use crate::pages::problem::{Problem, page};
use crate::refusal::{Refusal, unanswered};
use crate::{Review, token};

/// The prefix makes browsers insist on TLS, this very host and the whole site.
const COOKIE_NAME: &str = "__Host-lanekeeper";

/// Someone whose browser is signed in. Whoever is not is led to the form.
pub(super) struct SignedIn(pub(super) Caller);

impl FromRequestParts<Arc<Review>> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, review: &Arc<Review>) -> Result<Self, Self::Rejection> {
        let Some(token) = cookie(&parts.headers) else {
            let came = Came::with(parts);
            return Err(Redirect::to(came.address()).into_response());
        };
        match recognise(review.desk.as_ref(), &token).await {
            Ok(Some(caller)) => Ok(Self(caller)),
            Ok(None) => {
                let came = if Came::with(parts) == Came::Deciding { Came::Deciding } else { Came::Ended };
                tracing::warn!("refused a browser whose token is unknown or disabled");
                Err((forget(), Redirect::to(came.address())).into_response())
            }
            Err(error) => Err(Problem::of(&unanswered(error)).into_response()),
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<SecretString> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then(|| token::presented(value)).flatten())
}

fn remember(token: &SecretString, seconds: u64) -> [(axum::http::HeaderName, String); 1] {
    let token = token.expose_secret();
    let attributes = "HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=";
    [(SET_COOKIE, format!("{COOKIE_NAME}={token}; {attributes}{seconds}"))]
}

fn forget() -> [(axum::http::HeaderName, String); 1] {
    remember(&SecretString::from(""), 0)
}

/// How someone came to the form; the address says it in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Plainly,
    /// The token is no longer good.
    Ended,
    /// With a change that was not made.
    Deciding,
    /// From another site, to which the cookie is not sent along.
    ByLink,
}

impl Came {
    fn with(request: &Parts) -> Self {
        let from = request.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        match (&request.method, from) {
            (&Method::POST, _) => Self::Deciding,
            (_, Some("cross-site" | "same-site")) => Self::ByLink,
            (_, _) => Self::Plainly,
        }
    }

    fn address(self) -> &'static str {
        match self {
            Self::Plainly => "/sign-in",
            Self::Ended => "/sign-in?ended",
            Self::Deciding => "/sign-in?undecided",
            Self::ByLink => "/sign-in?link",
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    problem: Option<String>,
    came: Came,
}

impl SignInPage {
    fn refusing(refusal: &Refusal) -> Response {
        let (status, _) = refusal.kind();
        let shown = Self { problem: Some(refusal.words()), came: Came::Plainly };
        let mut response = (status, page(&shown)).into_response();
        if let Some(seconds) = refusal.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The form.
pub(super) async fn form(uri: axum::http::Uri) -> Result<Response, Infallible> {
    let ways = [Came::Ended, Came::Deciding, Came::ByLink];
    let came = ways.into_iter().find(|came| came.address().split_once('?').map(|(_, query)| query) == uri.query());
    Ok(page(&SignInPage { problem: None, came: came.unwrap_or(Came::Plainly) }))
}

/// Not printable: it holds the token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pasted {
    token: String,
}

/// Verifies the token and sets the cookie.
pub(super) async fn sign_in(State(review): State<Arc<Review>>, form: Result<Form<Pasted>, FormRejection>) -> Response {
    let now = review.clock.now();
    if !review.failures.allow(now) {
        tracing::warn!("refused to look at a sign-in: too many failed in the last minute");
        return SignInPage::refusing(&Refusal::TooManyFailures);
    }
    let pasted = form.ok().and_then(|Form(form)| token::presented(&form.token));
    let Some(token) = pasted else { return failed(&review) };
    match recognise(review.desk.as_ref(), &token).await {
        Ok(Some(caller)) => {
            tracing::info!(operator.id = %caller.id(), "an operator signed in");
            let cookie = remember(&token, review.settings.session.as_secs());
            (cookie, Redirect::to("/")).into_response()
        }
        Ok(None) => failed(&review),
        Err(error) => SignInPage::refusing(&unanswered(error)),
    }
}

fn failed(review: &Review) -> Response {
    review.failures.add(review.clock.now());
    tracing::warn!("refused a sign-in whose token is unknown or disabled");
    let words = "This token is not known, or its operator is disabled.".to_owned();
    let shown = SignInPage { problem: Some(words), came: Came::Plainly };
    (StatusCode::UNAUTHORIZED, page(&shown)).into_response()
}

/// Clears the cookie.
pub(super) async fn sign_out() -> Response {
    (forget(), Redirect::to("/sign-in")).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; x__Host-lanekeeper=no"));
        headers.append(COOKIE, HeaderValue::from_static("b=2;__Host-lanekeeper=lk_abc; c=3"));
        assert_eq!(cookie(&headers).unwrap().expose_secret(), "lk_abc");
        headers.clear();
        assert!(cookie(&headers).is_none());
    }
}
