//! Who gets in, and who may do what.

use axum::body::Body;
use axum::http::Request;
use lane::operator::Role;

use crate::office::{Office, body, decision};

const READS: [&str; 5] = ["/jobs", "/jobs/orders/acme/1", "/jobs/orders/acme/1/timeline", "/lanes", "/quarantine"];

#[tokio::test]
async fn without_a_known_token_nothing_is_answered() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    for path in READS {
        for who in ["nobody", "", "a b", "vic\u{0}"] {
            let mut request = Request::get(format!("/api/v1{path}"));
            if let Ok(value) = axum::http::HeaderValue::from_bytes(format!("Bearer {who}").as_bytes()) {
                request = request.header("Authorization", value);
            }
            let answer = office.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 401, "{path} {who:?}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            assert_eq!(answer.json()["error"]["code"], "unauthorised");
        }
        for scheme in ["Basic vic", "vic", "Bearer"] {
            let request = Request::get(format!("/api/v1{path}")).header("Authorization", scheme);
            let answer = office.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 401, "{path} {scheme:?}");
        }
        assert_eq!(office.get("vic", path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_disabled_operator_is_refused_with_the_next_request() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    assert_eq!(office.get("rob", "/jobs").await.status, 200);
    assert_eq!(office.page("rob", "/").await.status, 200);
    office.disable("rob", Role::Reviewer).await;
    assert_eq!(office.get("rob", "/jobs").await.status, 401);
    assert_eq!(office.decides("rob", "approve", "acme", 1).await.status, 401);
    let page = office.page("rob", "/").await;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, "/sign-in?ended"));
    assert!(page.header("set-cookie").contains("Max-Age=0"));
    let pressed = office.press("rob", "approve", "acme", 1, "").await;
    assert_eq!(pressed.header("location"), "/sign-in?undecided");
    let form = office.page("rob", pressed.header("location")).await;
    assert!(form.main().contains("Your sign-in had ended; nothing was decided. Sign in and decide again."));
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_is_told_which_role_it_takes() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let changes = [
        decision("acme", 1, "approve"),
        decision("acme", 1, "reject"),
        decision("acme", 1, "retry"),
        "/lanes/orders/acme/pause".into(),
        "/lanes/orders/acme/resume".into(),
        "/quarantine/1/release".into(),
    ];
    for path in changes {
        let answer = office.post("vic", &path, None, &body(hold, &fingerprint, "")).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.json()["error"]["words"], "This needs the role reviewer, yours is viewer.", "{path}");
    }
    assert_eq!(office.press("vic", "approve", "acme", 1, "").await.status, 403);
    let pause = [("lane", "orders/acme"), ("paused_since", "")];
    assert_eq!(office.form("vic", "/resume", &pause).await.status, 403);
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn an_admin_may_do_what_a_reviewer_may() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    assert_eq!(office.decides("ada", "approve", "acme", 1).await.status, 200);
}

#[tokio::test]
async fn the_token_in_a_cookie_opens_no_api() {
    let office = Office::open().await;
    let request = crate::office::browser("GET", "ada", "/api/v1/jobs");
    assert_eq!(office.send(request.body(Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn every_answer_forbids_scripts_frames_caches_and_sniffing() {
    let office = Office::open().await;
    let answers = [
        office.page("vic", "/").await,
        office.page("vic", "/sign-in").await,
        office.page("vic", "/style.css").await,
        office.page("vic", "/nowhere").await,
        office.get("vic", "/jobs").await,
        office.get("nobody", "/jobs").await,
        office.get("vic", "/nowhere").await,
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
