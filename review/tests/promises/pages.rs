//! The page: what waits for a person, readable and with the right buttons.

use lane::hold::{Fact, HoldReason};

use crate::office::{Office, hold};

async fn busy_office() -> Office {
    let office = Office::open().await;
    let total = [("total", "1,240.00 EUR"), ("limit", "500.00 EUR")];
    office.held("acme", 1, "#1001", &total).await;
    office.pass(7);
    office.accepted("bolt", 2, "B-77").await;
    let facts = vec![Fact::new("bills to", "DE"), Fact::new("ships to", "NG")];
    office.attempted("bolt", 2, hold(HoldReason::CountryDiffers, facts)).await;
    office.failed("acme", 3, "#1003", "the address has no street; correct it in the shop, then retry").await;
    office.accepted("acme", 4, "#1004").await;
    office.pass(5);
    office
}

#[tokio::test]
async fn the_desk_shows_what_is_held_what_failed_and_the_figures() {
    let office = busy_office().await;
    let page = office.page("rob", "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains("<title>2 held, 1 failed – Lanekeeper</title>"));
    insta::assert_snapshot!("desk", page.main());
}

#[tokio::test]
async fn a_viewer_sees_everything_and_no_button() {
    let office = busy_office().await;
    let page = office.page("vic", "/").await;
    let main = page.main();
    for shown in ["#1001", "B-77", "#1003", "1,240.00 EUR", "It ships to another country"] {
        assert!(main.contains(shown), "{shown}");
    }
    assert!(!main.contains("<form") && !main.contains("<button"));
    assert!(main.contains("deciding needs the role reviewer"));
}

#[tokio::test]
async fn each_button_does_what_it_says() {
    let office = busy_office().await;
    let approved = office.press("rob", "approve", "acme", 1, "").await;
    assert_eq!(
        (approved.status.as_u16(), approved.header("location")),
        (303, "/?done=approved&lane=orders/acme&job=1")
    );
    let rejected = office.press("rob", "reject", "bolt", 2, "a scam").await;
    assert_eq!(rejected.header("location"), "/?done=rejected&lane=orders/bolt&job=2");
    let retried = office.press("rob", "retry", "acme", 3, "").await;
    assert_eq!(retried.header("location"), "/?done=retried&lane=orders/acme&job=3");
    assert_eq!(office.sent(), ["1-approved", "3-retry"]);
    let page = office.page("rob", retried.header("location")).await;
    assert!(page.main().contains("#1003 of acme: Back in line. It is tried again."));
    assert!(page.main().contains("No order waits for a decision."));
    assert!(page.main().contains("No order has failed."));
}

#[tokio::test]
async fn what_does_not_fit_on_the_page_is_one_click_away() {
    let office = Office::open().await;
    for id in 1..=30 {
        office.held("acme", id, &format!("N{id}."), &[]).await;
        office.pass(1);
    }
    let first = office.page("rob", "/").await;
    assert_eq!(first.main().matches("<article").count(), 25);
    let link = first.main().split("href=\"").find(|part| part.starts_with("/?held=")).unwrap();
    let link = link.split(['"', '#']).next().unwrap();
    let second = office.page("rob", link).await;
    assert_eq!(second.main().matches("<article").count(), 5);
    assert!(second.main().contains("N30.") && !second.main().contains("N25."));
}

#[tokio::test]
async fn every_field_has_a_label_and_every_id_is_used_once() {
    let office = busy_office().await;
    let page = office.page("rob", "/").await;
    let ids: Vec<&str> = page.text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for field in page.text.split("<textarea id=\"").skip(1) {
        let id = field.split('"').next().unwrap();
        assert!(page.text.contains(&format!("<label for=\"{id}\"")), "{id}");
    }
    for named in page.text.split("aria-labelledby=\"").skip(1) {
        assert!(ids.contains(&named.split('"').next().unwrap()));
    }
}

#[tokio::test]
async fn what_was_done_is_named_from_the_ledger_alone() {
    let office = busy_office().await;
    let resumed = office.page("rob", "/?done=resumed&lane=orders/acme").await;
    assert!(resumed.main().contains("The lane of acme: Resumed."));
    for address in ["/?done=approved&lane=orders/acme&job=pay-me", "/?done=resumed&lane=orders/pay-me"] {
        let page = office.page("rob", address).await;
        assert!(page.status.is_success() && !page.text.contains("pay-me"), "{address}");
    }
    assert!(office.page("rob", "/?done=approved&lane=pay%20me&job=1").await.status.is_client_error());
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_over_says_what_helps_and_a_single_rule_is_not_repeated() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1").await;
    office.attempted("acme", 1, hold(HoldReason::NotCarriable, vec![Fact::new("line 1", "no SKU")])).await;
    let rule = |reason: HoldReason| Fact::new("rule", reason.words());
    office.accepted("bolt", 2, "#2").await;
    office.attempted("bolt", 2, hold(HoldReason::TotalAbove, vec![rule(HoldReason::TotalAbove)])).await;
    let page = office.page("rob", "/").await;
    assert!(page.main().contains("Correct the order in Shopify, which brings it back by itself, or reject it."));
    assert!(page.main().contains("<small>try once more as it is</small>"));
    assert!(!page.main().contains("<bdi>rule</bdi>"));
    office.accepted("acme", 3, "#3").await;
    let both = vec![rule(HoldReason::TotalAbove), rule(HoldReason::CountryDiffers)];
    office.attempted("acme", 3, hold(HoldReason::TotalAbove, both)).await;
    assert_eq!(office.page("rob", "/").await.main().matches("<bdi>rule</bdi>").count(), 2);
}

#[tokio::test]
async fn an_address_that_is_not_there_says_so_and_leads_to_the_desk() {
    let office = Office::open().await;
    let page = office.page("", "/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(page.main().contains("There is nothing at this address.") && page.main().contains("href=\"/\""));
    for path in ["", "/", "/nowhere"] {
        let answer = office.get("", path).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &"nothing_here".into()), "{path}");
    }
}
