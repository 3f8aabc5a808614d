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
    assert_eq!((approved.status.as_u16(), approved.header("location")), (303, "/?done=approved"));
    let rejected = office.press("rob", "reject", "bolt", 2, "a scam").await;
    assert_eq!(rejected.header("location"), "/?done=rejected");
    let retried = office.press("rob", "retry", "acme", 3, "").await;
    assert_eq!(retried.header("location"), "/?done=retried");
    assert_eq!(office.sent(), ["1-approved", "3-retry"]);
    let page = office.page("rob", "/?done=retried").await;
    assert!(page.main().contains("Back in line. It is tried again."));
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
