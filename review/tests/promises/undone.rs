//! A decision made on a page takes effect after ten seconds, and can be taken back until then.

use std::time::Duration;

use lane::state::StateKind;
use serde_json::json;

use crate::office::{Office, decision};

/// The fields of the form that takes a decision back, if the page has it.
fn undo_form(page: &str) -> Option<Vec<(&str, &str)>> {
    let form = page.split_once("action=\"/undo\"")?.1.split_once("</form>")?.0;
    let field = |name: &'static str| {
        let value = form.split_once(&format!("name=\"{name}\" value=\"")).expect("the field").1;
        (name, value.split('"').next().unwrap_or_default())
    };
    Some(["lane", "job", "hold"].map(field).to_vec())
}

#[tokio::test]
async fn a_decision_is_taken_back_with_one_click_and_the_order_is_open_again() {
    let office = Office::open().await;
    for (id, verdict) in [(1, "approve"), (2, "reject")] {
        office.held("acme", id, &format!("N{id}."), &[]).await;
        let decided = office.press("rob", verdict, "acme", id, "").await;
        let page = office.page("rob", decided.header("location")).await;
        assert!(page.main().contains("It takes effect in 10 seconds."), "{}", page.main());
        let fields = undo_form(page.main()).expect("a button");
        office.clock.advance(Duration::from_secs(9));
        let undone = office.form("rob", "/undo", &fields).await;
        let there = format!("/held/orders/acme/{id}?done=undone&lane=orders/acme&job={id}");
        assert_eq!((undone.status.as_u16(), undone.header("location")), (303, there.as_str()));
        let page = office.page("rob", undone.header("location")).await;
        assert!(page.main().contains(&format!("N{id}. of acme: Taken back, as if it had not been decided.")));
        assert!(page.main().contains("value=\"approve\"") && undo_form(page.main()).is_none());
        let again = office.form("rob", "/undo", &fields).await;
        assert_eq!(again.header("location"), there, "a double click is one undo");
        assert_eq!(office.job("acme", id).await.state.kind(), StateKind::Held);
        office.press("rob", "reject", "acme", id, "").await;
    }
}

#[tokio::test]
async fn a_failed_order_that_is_retried_by_mistake_fails_again_without_a_call() {
    let office = Office::open().await;
    office.failed("acme", 3, "#1003", "no such street").await;
    let decided = office.press("rob", "retry", "acme", 3, "").await;
    let page = office.page("rob", decided.header("location")).await;
    let undone = office.form("rob", "/undo", &undo_form(page.main()).expect("a button")).await;
    assert_eq!(undone.header("location"), "/failed?done=undone&lane=orders/acme&job=3");
    assert!(office.page("rob", "/failed").await.main().contains("#1003"));
}

#[tokio::test]
async fn after_ten_seconds_a_decision_stands_and_the_page_says_so() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let decided = office.press("rob", "approve", "acme", 1, "").await;
    let page = office.page("rob", decided.header("location")).await;
    let fields = undo_form(page.main()).expect("a button");
    office.clock.advance(Duration::from_secs(10));
    assert!(undo_form(office.page("rob", decided.header("location")).await.main()).is_none(), "no button any more");
    let late = office.form("rob", "/undo", &fields).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("can no longer be taken back"), "{}", late.text);
    assert_eq!(office.job("acme", 1).await.state.kind(), StateKind::Waiting);
}

#[tokio::test]
async fn programs_decide_at_once_unless_they_say_otherwise() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    office.decides("rob", "approve", "acme", 1).await;
    let shown = office.get("vic", "/jobs/orders/acme/1").await.json();
    assert_eq!(shown["undo"], json!(null));
    let undo = "/jobs/orders/acme/1/undo";
    let late = office.post("rob", undo, None, "{\"hold\":1}").await;
    assert_eq!((late.status.as_u16(), &late.json()["error"]["code"]), (409, &json!("too_late")));

    office.held("bolt", 2, "#1002", &[]).await;
    let (hold, fingerprint) = office.question("bolt", 2).await;
    let body = |seconds: u8| json!({"hold": hold, "fingerprint": fingerprint, "after_seconds": seconds}).to_string();
    let refused = office.post("rob", &decision("bolt", 2, "approve"), None, &body(61)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("after_seconds is 0 to 60"), "{}", refused.text);
    assert_eq!(office.post("rob", &decision("bolt", 2, "approve"), None, &body(60)).await.status, 200);
    let shown = office.get("vic", "/jobs/orders/bolt/2").await.json();
    assert_eq!(shown["undo"], json!({"hold": hold, "by": "rob", "until": "2026-11-21T22:01:00Z"}));
    let undo = "/jobs/orders/bolt/2/undo";
    assert_eq!(office.post("vic", undo, None, "{\"hold\":1}").await.status, 403, "a viewer takes nothing back");
    let undone = office.post("ada", undo, None, "{\"hold\":1}").await;
    assert_eq!((undone.status.as_u16(), undone.json()), (200, json!({"state": "held"})), "another reviewer may");
    let told = office.get("vic", "/jobs/orders/bolt/2/timeline").await.text;
    assert!(told.contains("ada took that decision back before it took effect (question 1)"), "{told}");
    let unknown = office.post("ada", "/jobs/orders/acme/77/undo", None, "{\"hold\":1}").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn nothing_is_taken_back_from_another_site_or_by_a_viewer() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let decided = office.press("rob", "approve", "acme", 1, "").await;
    let page = office.page("rob", decided.header("location")).await;
    let fields = undo_form(page.main()).expect("a button");
    assert_eq!(office.form("vic", "/undo", &fields).await.status, 403);
    let request = crate::office::browser("POST", "rob", "/undo").header("sec-fetch-site", "cross-site");
    assert_eq!(office.send(crate::office::filled(request, &fields)).await.status, 403);
    assert_eq!(office.job("acme", 1).await.state.kind(), StateKind::Waiting);
}

#[tokio::test]
async fn who_decides_what_was_taken_back_meanwhile_learns_that_it_is_asked_again() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    let shown_to_ada = crate::office::card("acme", 1, hold, &fingerprint, "approve", "");
    let decided = office.press("rob", "reject", "acme", 1, "").await;
    let page = office.page("rob", decided.header("location")).await;
    office.form("rob", "/undo", &undo_form(page.main()).expect("a button")).await;
    let late = office.form("ada", "/decide", &shown_to_ada).await;
    assert_eq!(late.status, 409);
    assert!(late.main().contains("Since then it is asked again; it is shown below as it is now."), "{}", late.main());
    assert_eq!(office.job("acme", 1).await.state.kind(), StateKind::Held);
    let page = office.page("ada", "/").await;
    assert!(page.main().contains("name=\"hold\" value=\"2\""));
}
