//! Changes that come from elsewhere, and guessing at the door.

use axum::body::Body;
use axum::http::Request;

use crate::office::{Office, browser, card, filled};

#[tokio::test]
async fn a_form_that_comes_from_another_site_changes_nothing() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let fields = card("acme", 1, hold, &fingerprint, "approve", "");
    let elsewhere: [&[(&str, &str)]; 6] = [
        &[],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "https://other.desk.example")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
    ];
    for headers in elsewhere {
        for path in ["/decide", "/resume", "/sign-in", "/sign-out"] {
            let mut request = browser("POST", "ada", path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = office.send(filled(request, &fields)).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(answer.header("set-cookie").is_empty());
        }
    }
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
    let request = browser("POST", "ada", "/decide").header("Origin", "https://desk.example");
    let answer = office.send(filled(request, &fields)).await;
    assert_eq!(answer.header("location"), "/?done=approved&lane=orders/acme&job=1");
}

#[tokio::test]
async fn a_form_that_is_not_ours_is_refused() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let good = card("acme", 1, hold, &fingerprint, "approve", "");
    for left_out in 0..good.len() - 2 {
        let mut fields = good.clone();
        fields.remove(left_out);
        assert_eq!(office.form("rob", "/decide", &fields).await.status, 422, "{left_out}");
    }
    let mut more = good.clone();
    more.push(("by", "ada".into()));
    assert_eq!(office.form("rob", "/decide", &more).await.status, 422);
    let huge = card("acme", 1, hold, &fingerprint, "approve", &"x".repeat(70_000));
    assert_eq!(office.form("rob", "/decide", &huge).await.status, 413);
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}

async fn sign_in(office: &Office, token: &str) -> crate::office::Answer {
    let request = Request::post("/sign-in").header("Sec-Fetch-Site", "same-origin");
    office.send(filled(request, &[("token", token)])).await
}

#[tokio::test]
async fn a_token_that_is_pasted_becomes_a_cookie_no_script_and_no_other_site_gets() {
    let office = Office::open().await;
    let answer = sign_in(&office, " rob \n").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    assert_eq!(
        answer.header("set-cookie"),
        "__Host-lanekeeper=rob; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=28800"
    );
    let wrong = sign_in(&office, "wrong").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.header("set-cookie").is_empty());
    assert!(wrong.main().contains("This token is not known, or its operator is disabled."));
    assert!(!wrong.text.contains("wrong"), "what was typed does not come back");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_form_and_signing_out_forgets() {
    let office = Office::open().await;
    let answer = office.send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sign-in"));
    let form = office.send(Request::get("/sign-in").body(Body::empty()).unwrap()).await;
    assert_eq!(form.status, 200);
    assert!(form.main().contains("type=\"password\""));
    assert!(!form.main().contains("You came by a link"));
    let linked = Request::get("/").header("Sec-Fetch-Site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(office.send(linked).await.header("location"), "/sign-in?link");
    assert!(office.page("", "/sign-in?link").await.main().contains("You came by a link"));
    let out = office.form("rob", "/sign-out", &[("", ""); 0]).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "/sign-in"));
    assert!(out.header("set-cookie").starts_with("__Host-lanekeeper=; "));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn ten_failed_sign_ins_a_minute_are_enough() {
    let office = Office::open().await;
    for n in 0..10 {
        assert_eq!(sign_in(&office, &format!("guess{n}")).await.status, 401);
    }
    let answer = sign_in(&office, "rob").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
    assert!(answer.main().contains("Too many sign-ins failed in the last minute"));
    assert_eq!(office.page("rob", "/").await.status, 200, "who is signed in stays so");
    office.pass(1);
    assert_eq!(sign_in(&office, "rob").await.status, 303);
}
