//! The same request again is the same answer; a double click is one decision.

use serde_json::json;

use crate::office::{Office, body, card, decision};

#[tokio::test]
async fn a_repeated_request_repeats_the_answer_and_not_the_change() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let path = decision("acme", 1, "approve");
    let ask = body(hold, &fingerprint, "ok");
    let first = office.post("rob", &path, Some("key-1"), &ask).await;
    let spaced = format!(" {{\"note\": \"ok\",\n\"fingerprint\": \"{fingerprint}\", \"hold\": {hold}}} ");
    let second = office.post("rob", &path, Some("key-1"), &spaced).await;
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(first.json(), json!({ "state": "waiting" }));
    assert_eq!(office.sent(), ["1-approved"]);
    let without = office.post("rob", &path, None, &ask).await;
    assert_eq!(without.status, 409, "without the key it is another request");
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    office.held("acme", 2, "#2", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let ask = body(hold, &fingerprint, "");
    office.post("rob", &decision("acme", 1, "approve"), Some("k"), &ask).await;
    for (path, body) in [
        (decision("acme", 2, "approve"), ask.clone()),
        (decision("acme", 1, "reject"), ask.clone()),
        (decision("acme", 1, "approve"), body(hold, &fingerprint, "other")),
        ("/lanes/orders/acme/pause".into(), json!({ "why": "stock-taking" }).to_string()),
        ("/lanes/orders/acme/resume".into(), String::new()),
    ] {
        let answer = office.post("rob", &path, Some("k"), &body).await;
        assert_eq!(answer.status, 422, "{path}");
        assert_eq!(answer.json()["error"]["code"], "idempotency_key_reused", "{path}");
    }
    assert_eq!(office.job("acme", 2).await.state.kind().as_str(), "held");
    let (hold, fingerprint) = office.question("acme", 2).await;
    let other = office.post("ada", &decision("acme", 2, "approve"), Some("k"), &body(hold, &fingerprint, "")).await;
    assert_eq!(other.status, 200, "keys of different operators never meet");
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let ask = body(hold, &fingerprint, "");
    for key in ["", "a b", &"k".repeat(201)] {
        let answer = office.post("rob", &decision("acme", 1, "approve"), Some(key), &ask).await;
        assert_eq!(answer.status, 422, "{key:?}");
    }
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}

#[tokio::test]
async fn a_double_click_is_one_decision_with_one_answer() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let click = card("acme", 1, hold, &fingerprint, "approve", "called them");
    let clicks = (0..5).map(|_| office.form("rob", "/decide", &click));
    for answer in futures::future::join_all(clicks).await {
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/?done=approved&lane=orders/acme&job=1")
        );
    }
    assert_eq!(office.sent(), ["1-approved"]);
    let entries = office.get("vic", "/jobs/orders/acme/1/timeline").await.json();
    let decided = entries["entries"].as_array().unwrap().iter();
    assert_eq!(decided.filter(|entry| entry["kind"] == "decided").count(), 1);
}

#[tokio::test]
async fn the_same_click_with_another_note_learns_what_was_decided_before() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    office.form("rob", "/decide", &card("acme", 1, hold, &fingerprint, "approve", "one")).await;
    let again = card("acme", 1, hold, &fingerprint, "approve", "two");
    let answer = office.form("rob", "/decide", &again).await;
    assert_eq!(answer.status, 409);
    assert!(answer.main().contains("It was approved already, by rob at 2026-11-21 22:00 UTC, noting “one”."));
}
