//! What pages load besides themselves. Compiled in: nothing to install, and no path to get wrong. The address names the
//! content, so that a browser keeps it until it changes.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::pages::problem::Problem;
use crate::refusal::Refusal;

/// Name, type and content. `htmx.js` fetches parts of pages anew (htmx.org 2.0.11, Zero-Clause BSD).
const FILES: [(&str, &str, &str); 3] = [
    ("desk.css", "text/css; charset=utf-8", include_str!("../../templates/style.css")),
    ("desk.js", "text/javascript; charset=utf-8", include_str!("../../assets/desk.js")),
    ("htmx.js", "text/javascript; charset=utf-8", include_str!("../../assets/htmx-2.0.11.min.js")),
];

/// A hash of all files.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (_, _, content) in FILES {
        hash.update(content);
    }
    hex::encode(&hash.finalize()[..8])
});

/// Where the file of this name is.
pub(super) fn asset(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// The file. A page of another version of the program, still in a browser or served beside this one, gets this one's file,
/// and keeps it for that page alone.
pub(super) async fn serve(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let (_, kind, content) = FILES.iter().find(|(known, _, _)| *known == name).ok_or(Refusal::NothingHere)?;
    let kept: &[(HeaderName, &str)] =
        if version == *VERSION { &[(CACHE_CONTROL, "public, max-age=31536000, immutable")] } else { &[] };
    let mut response = ([(CONTENT_TYPE, *kind)], *content).into_response();
    for (name, value) in kept {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    Ok(response)
}
