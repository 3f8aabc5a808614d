//! Many orders are decided with one button: planned first, each by itself, and taken back together.

use std::time::Duration;

use lane::hold::HoldReason;
use lane::state::StateKind;

use crate::office::{Answer, Office, browser, filled, hold};

/// Every value of the fields of this name.
fn values<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let before = format!("name=\"{name}\" value=\"");
    page.split(before.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

fn form<'a>(verdict: &'a str, name: &'a str, values: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let values = values.iter().map(|value| (name, *value));
    std::iter::once(("verdict", verdict)).chain(values).collect()
}

/// Three held orders of two shops, one of them grave, and what the list's boxes say of them.
async fn three_held() -> (Office, Answer) {
    let office = Office::open().await;
    office.held("acme", 1, "N1.", &[]).await;
    office.held("bolt", 2, "N2.", &[]).await;
    office.accepted("acme", 3, "N3.").await;
    office.attempted("acme", 3, hold(HoldReason::RiskWarns, Vec::new())).await;
    let page = office.page("rob", "/").await;
    (office, page)
}

async fn states(office: &Office) -> [StateKind; 3] {
    let mut states = [StateKind::Done; 3];
    for (at, shop) in ["acme", "bolt", "acme"].into_iter().enumerate() {
        states[at] = office.job(shop, at as u64 + 1).await.state.kind();
    }
    states
}

#[tokio::test]
async fn a_plan_says_how_many_and_whose_and_does_nothing() {
    let (office, page) = three_held().await;
    let chosen = values(page.main(), "order");
    assert_eq!(chosen.len(), 3, "{}", page.main());
    let plan = office.form("rob", "/plan", &form("approve", "order", &chosen)).await;
    assert_eq!(plan.status, 200);
    let main = plan.main();
    assert!(main.contains("Approve 2 orders? <small>nothing is done yet"), "{main}");
    assert!(main.contains("<th scope=\"row\">acme</th><td>1</td>"), "{main}");
    assert!(main.contains("<th scope=\"row\">bolt</th><td>1</td>"), "{main}");
    let left_out = main.split_once("Left out").unwrap().1;
    assert!(left_out.contains("N3.") && left_out.contains("look at it by itself: the platform&#39;s risk check warns"));
    assert_eq!(values(main, "order"), chosen[..2]);
    assert_eq!(states(&office).await, [StateKind::Held; 3]);
    let reject = office.form("rob", "/plan", &form("reject", "order", &chosen)).await;
    assert!(reject.main().contains("Reject 3 orders?"), "what is grave may be refused with the others");
    let retry = office.form("rob", "/plan", &form("retry", "order", &chosen)).await;
    assert!(retry.main().contains("None of the chosen orders") && retry.main().contains("it cannot be retried"));
}

#[tokio::test]
async fn each_is_decided_by_itself_and_told_and_the_same_click_again_changes_nothing() {
    let (office, page) = three_held().await;
    let chosen = form("reject", "order", &values(page.main(), "order"));
    office.decides("ada", "approve", "bolt", 2).await;
    for _ in 0..2 {
        let done = office.form("rob", "/decide-many", &chosen).await;
        assert_eq!(done.status, 200);
        assert!(done.main().contains("2 of 3 rejected"), "{}", done.main());
        assert!(done.main().contains("It was approved already, by ada"), "{}", done.main());
        assert_eq!(states(&office).await, [StateKind::Rejected, StateKind::Waiting, StateKind::Rejected]);
    }
    let told = office.get("vic", "/jobs/orders/acme/1/timeline").await.text;
    assert_eq!(told.matches("rejected it for good").count(), 1);
    let again = office.form("rob", "/plan", &chosen).await;
    let left_out = again.main().split_once("Left out").unwrap().1;
    assert!(left_out.contains("it is not as it was chosen any more: rejected by rob"), "{left_out}");
}

#[tokio::test]
async fn all_are_taken_back_together_until_they_take_effect() {
    let (office, page) = three_held().await;
    let chosen = values(page.main(), "order");
    let done = office.form("rob", "/decide-many", &form("reject", "order", &chosen)).await;
    let decided = values(done.main(), "decided");
    assert_eq!(decided.len(), 3);
    let undone = office.form("rob", "/undo-many", &form("reject", "decided", &decided)).await;
    assert!(undone.main().contains("3 of 3 taken back"), "{}", undone.main());
    assert_eq!(states(&office).await, [StateKind::Held; 3]);

    let page = office.page("rob", "/").await;
    let chosen = values(page.main(), "order");
    let done = office.form("rob", "/decide-many", &form("reject", "order", &chosen)).await;
    office.clock.advance(Duration::from_secs(10));
    let late = office.form("rob", "/undo-many", &form("reject", "decided", &values(done.main(), "decided"))).await;
    assert!(late.main().contains("0 of 3 taken back") && late.main().contains("can no longer be taken back"));
    assert_eq!(states(&office).await, [StateKind::Rejected; 3]);
}

#[tokio::test]
async fn orders_that_failed_of_one_cause_are_retried_together() {
    let office = Office::open().await;
    for id in 1..=3 {
        office.failed("acme", id, &format!("N{id}."), &format!("line {id} is locked")).await;
    }
    office.failed("bolt", 4, "N4.", "no such country").await;
    let page = office.page("rob", "/failed").await;
    assert!(page.main().contains("Retry all 3…") && !page.main().contains("Retry all 1…"), "{}", page.main());
    let plan = office.form("rob", "/plan", &form("retry", "order", &values(page.main(), "order"))).await;
    assert!(plan.main().contains("Retry 3 orders?"), "{}", plan.main());
    let done = office.form("rob", "/decide-many", &form("retry", "order", &values(plan.main(), "order"))).await;
    assert!(done.main().contains("3 of 3 retried"), "{}", done.main());
    for id in 1..=3 {
        assert_eq!(office.job("acme", id).await.state.kind(), StateKind::Waiting);
    }
    assert_eq!(office.job("bolt", 4).await.state.kind(), StateKind::Failed);
}

#[tokio::test]
async fn what_is_no_choice_is_refused_and_changes_nothing() {
    let (office, page) = three_held().await;
    let chosen = values(page.main(), "order");
    let many: Vec<String> = (0..201).map(|id| format!("orders/acme {id} 1 ab")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (fields, words) in [
        (form("approve", "order", &[]), "no order was chosen"),
        (form("approve", "order", &["orders/acme 1"]), "not the form as it was shown"),
        (form("delete", "order", &chosen), "not the form as it was shown"),
        (form("approve", "job", &chosen), "not the form as it was shown"),
        (form("approve", "order", &many), "at most 200 orders"),
    ] {
        for path in ["/plan", "/decide-many"] {
            let refused = office.form("rob", path, &fields).await;
            assert_eq!(refused.status, 422, "{path} {fields:?}");
            assert!(refused.text.to_lowercase().contains(words), "{words}: {}", refused.text);
        }
    }
    let elsewhere = form("approve", "order", &["orders/nobody 1 1 ab", "orders/acme 77 1 ab"]);
    let plan = office.form("rob", "/plan", &elsewhere).await;
    assert_eq!(plan.main().matches("it is not there any more").count(), 2, "{}", plan.main());
    let done = office.form("rob", "/decide-many", &elsewhere).await;
    assert!(done.main().contains("0 of 2 approved") && done.main().contains("There is no such job."));

    for path in ["/plan", "/decide-many", "/undo-many"] {
        assert_eq!(office.form("vic", path, &form("approve", "order", &chosen)).await.status, 403, "{path}");
        let request = browser("POST", "rob", path).header("sec-fetch-site", "cross-site");
        let forged = office.send(filled(request, &form("approve", "order", &chosen))).await;
        assert_eq!(forged.status, 403, "{path}");
    }
    assert_eq!(states(&office).await, [StateKind::Held; 3]);
    assert!(!office.page("vic", "/").await.main().contains("type=\"checkbox\""), "who looks has nothing to choose");
}
