//! Whether a change comes from this site's own pages. Browsers say so themselves, in headers that no page can forge.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::pages::problem::Problem;
use crate::refusal::Refusal;

/// Lets looking pass, and changes that come from this site.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if looks || is_ours(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    tracing::warn!("refused a change that did not come from this site's own pages");
    Problem::of(&Refusal::CrossSite).into_response()
}

/// `Sec-Fetch-Site` decides. Browsers too old to send it must send an `Origin` that is this host. An origin of `null`
/// says nothing: our own referrer policy makes browsers send it, and so does a page in a sandbox.
fn is_ours(headers: &HeaderMap, uri: &Uri) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let origin = said(ORIGIN.as_str()).filter(|origin| *origin != "null");
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or(said(HOST.as_str()));
    let from_here = origin.map(|origin| is_at(origin, host));
    match (said("sec-fetch-site"), from_here) {
        (Some("same-origin" | "none"), here) => here.unwrap_or(true),
        (Some(_), _) => false,
        (None, here) => here.unwrap_or(false),
    }
}

fn is_at(origin: &str, host: Option<&str>) -> bool {
    let scheme = |scheme| origin.strip_prefix(scheme);
    let named = scheme("https://").or_else(|| scheme("http://"));
    matches!((named, host), (Some(named), Some(host)) if named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        map.insert(HOST, HeaderValue::from_static("desk.example:8443"));
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_ours(&map, &Uri::from_static("/decide"))
    }

    #[test]
    fn a_change_from_this_site_passes() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://desk.example:8443")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(ours(&[("origin", "http://DESK.example:8443")]));
    }

    #[test]
    fn a_change_from_anywhere_else_is_refused() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://desk.example:8443")],
            &[("origin", "null")],
            &[("origin", "https://desk.example")],
            &[("origin", "https://desk.example:8443.evil.example")],
            &[("origin", "desk.example:8443")],
        ] {
            assert!(!ours(headers), "{headers:?}");
        }
    }
}
