//! A decision counts once, wakes its lane, and survives a queue that fails.

use serde_json::json;

use crate::office::{Office, body, decision};

#[tokio::test]
async fn an_approval_puts_the_order_back_in_line_and_wakes_its_lane() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[("total", "900 EUR")]).await;
    let answer = office.decides("rob", "approve", "acme", 1).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "state": "waiting" })));
    assert_eq!(office.sent(), ["1-approved"]);
    let approved = office.job("acme", 1).await.approved.unwrap();
    assert_eq!(approved.hold, 1);
}

#[tokio::test]
async fn a_rejection_ends_the_order_and_wakes_nobody() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let answer = office.decides("rob", "reject", "acme", 1).await;
    assert_eq!(answer.json(), json!({ "state": "rejected" }));
    assert!(office.sent().is_empty());
    let shown = office.get("vic", "/jobs/orders/acme/1").await.json();
    assert_eq!(shown["words"], "rejected by rob: fine");
    assert_eq!(shown["question"], json!(null));
}

#[tokio::test]
async fn a_retry_puts_a_failed_order_back_in_line() {
    let office = Office::open().await;
    office.failed("acme", 1, "#1001", "the address has no street").await;
    let answer = office.decides("rob", "retry", "acme", 1).await;
    assert_eq!(answer.json(), json!({ "state": "waiting" }));
    assert_eq!(office.sent(), ["1-retry"]);
}

#[tokio::test]
async fn a_second_approval_is_never_swallowed() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    office.decides("rob", "approve", "acme", 1).await;
    let again = crate::office::hold(lane::hold::HoldReason::CountryDiffers, Vec::new());
    office.attempted("acme", 1, again).await;
    assert_eq!(office.decides("rob", "approve", "acme", 1).await.status, 200);
    assert_eq!(office.sent(), ["1-approved", "1-approved-2"]);
}

#[tokio::test]
async fn a_queue_that_fails_does_not_fail_the_decision_and_the_sweep_makes_up() {
    use lane::clock::Clock;
    use lane::ports::Work;

    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    office.pass(1);
    let swept = office.ledger.lanes_to_wake(office.clock.now(), 10).await.unwrap();
    assert_eq!(swept.sends, [], "a lane whose only order is held needs no wake-up");
    office.queue_fails();
    let answer = office.decides("rob", "approve", "acme", 1).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "state": "waiting" })));
    assert!(office.sent().is_empty());
    office.pass(1);
    let swept = office.ledger.lanes_to_wake(office.clock.now(), 10).await.unwrap();
    assert_eq!(swept.sends.len(), 1, "approved means processed, without the queue");
}

#[tokio::test]
async fn an_unknown_job_is_not_found() {
    let office = Office::open().await;
    let body = body(1, "ab", "");
    for path in [
        decision("acme", 77, "approve"),
        decision("nobody", 1, "approve"),
        "/jobs/parcels/acme/1/approve".into(),
        "/jobs/orders/acme/a%20b/approve".into(),
        "/jobs/orders/ac%0Ame/1/approve".into(),
    ] {
        let answer = office.post("rob", &path, None, &body).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error"]["code"], "no_such_job", "{path}");
    }
    assert_eq!(office.post("rob", &decision("acme", 1, "ship"), None, &body).await.status, 404);
}

#[tokio::test]
async fn what_is_malformed_is_refused_and_changes_nothing() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let good = json!({ "hold": hold, "fingerprint": fingerprint });
    let with = |name: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[name] = value;
        body.to_string()
    };
    let bad = [
        String::new(),
        "[]".into(),
        "{\"hold\":".into(),
        json!({ "hold": hold }).to_string(),
        json!({ "fingerprint": fingerprint }).to_string(),
        with("hold", json!("1")),
        with("hold", json!(-1)),
        with("hold", json!(1.5)),
        with("fingerprint", json!("")),
        with("fingerprint", json!("a".repeat(129))),
        with("note", json!(7)),
        with("note", json!("x".repeat(1001))),
        with("note", json!("a\u{1b}[31m")),
        with("by", json!("ada")),
        with("state", json!("done")),
    ];
    for body in bad {
        let answer = office.post("rob", &decision("acme", 1, "approve"), None, &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.json()["error"]["code"], "malformed", "{body}");
    }
    let huge = with("note", json!("x".repeat(70_000)));
    let answer = office.post("rob", &decision("acme", 1, "approve"), None, &huge).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (413, &json!("too_large")));
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}

#[tokio::test]
async fn an_address_that_only_takes_changes_does_not_change_by_looking() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let answer = office.get("rob", &decision("acme", 1, "approve")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (405, &json!("wrong_method")));
    for path in ["/decide", "/resume", "/sign-out"] {
        assert_eq!(office.page("rob", path).await.status, 405, "{path}");
    }
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}
