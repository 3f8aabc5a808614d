//! Two people, or a screen that is no longer true: one decision counts, and the other one learns why.

use serde_json::json;

use crate::office::{Office, body, card, decision};

#[tokio::test]
async fn the_second_to_decide_learns_who_won_and_what() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let reject = body(hold, &fingerprint, "they called: fraud");
    office.post("rob", &decision("acme", 1, "reject"), None, &reject).await;
    office.pass(3);
    let late = body(hold, &fingerprint, "");
    let answer = office.post("ada", &decision("acme", 1, "approve"), None, &late).await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json()["decided"],
        json!({
            "by": "rob",
            "verdict": "reject",
            "at": "2026-11-21T22:00:00Z",
            "note": "they called: fraud",
        })
    );
    assert_eq!(answer.json()["error"]["code"], "already_decided");
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn of_many_at_once_exactly_one_wins_and_all_others_name_the_same_winner() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let clicks = (0..20).map(|n| {
        let (who, verdict) = [("ada", "approve"), ("rob", "reject")][n % 2];
        let body = body(hold, &fingerprint, who);
        let office = &office;
        async move { office.post(who, &decision("acme", 1, verdict), None, &body).await }
    });
    let answers = futures::future::join_all(clicks).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 19));
    let winner = lost[0].json()["decided"].clone();
    let state = won[0].json()["state"].clone();
    let expected = if winner["by"] == "ada" { "waiting" } else { "rejected" };
    assert_eq!(state, expected);
    for answer in lost {
        assert_eq!((answer.status.as_u16(), &answer.json()["decided"]), (409, &winner));
    }
}

#[tokio::test]
async fn a_decision_about_an_order_that_changed_since_is_stale() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    office.pass(1);
    office.hears("acme", 1, "#1001", "second").await;
    let ask = body(hold, &fingerprint, "");
    let answer = office.post("rob", &decision("acme", 1, "approve"), None, &ask).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["changed"], "It is in line now and asks for no decision; look at it again.");
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn a_decision_about_another_fingerprint_than_the_one_shown_is_stale() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, _) = office.question("acme", 1).await;
    let ask = body(hold, "0123456789abcdef", "");
    let answer = office.post("rob", &decision("acme", 1, "approve"), None, &ask).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["changed"], "What you were shown is not what it is now; look at it again.");
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "held");
}

#[tokio::test]
async fn a_decision_about_an_earlier_hold_is_told_which_hold_it_is_now() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let answer = office.post("rob", &decision("acme", 1, "approve"), None, &body(hold + 6, &fingerprint, "")).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["changed"], "This is hold 1 now, you decided on hold 7; look at it again.");
}

#[tokio::test]
async fn a_verdict_that_does_not_fit_is_refused() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let answer = office.decides("rob", "retry", "acme", 1).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["changed"], "A held order can be approved or rejected, not retried.");
}

#[tokio::test]
async fn a_page_that_comes_too_late_says_who_decided_and_keeps_what_was_typed() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    office.decides("ada", "reject", "acme", 1).await;
    let late = card("acme", 1, hold, &fingerprint, "approve", "I know <them>");
    let answer = office.form("rob", "/decide", &late).await;
    assert_eq!(answer.status, 409);
    let main = answer.main();
    assert!(
        main.contains(
            "#1001 of acme was not approved. It was rejected already, by ada at 2026-11-21 22:00 UTC, noting “fine”."
        ),
        "{main}"
    );
    assert!(main.contains("I know &#60;them&#62;"), "{main}");
}

#[tokio::test]
async fn a_page_that_is_stale_says_what_changed() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    office.pass(1);
    office.hears("acme", 1, "#1001", "second").await;
    let late = card("acme", 1, hold, &fingerprint, "approve", "");
    let answer = office.form("rob", "/decide", &late).await;
    assert_eq!(answer.status, 409);
    assert!(answer.main().contains("role=\"alert\""));
    assert!(answer.main().contains("#1001 of acme was not approved. It is in line now"));
    let unknown = card("acme", 99, hold, &fingerprint, "approve", "");
    let answer = office.form("rob", "/decide", &unknown).await;
    assert_eq!(answer.status, 404);
    assert!(answer.main().contains("99 of acme was not approved. There is no such job."));
}
