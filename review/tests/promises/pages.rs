//! The page: what waits for a person, readable and with the right buttons.

use std::time::Duration;

use lane::hold::{Fact, HoldReason};

use crate::office::{Office, card, hold};

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
async fn the_desk_shows_what_is_held_with_the_first_open_and_the_figures() {
    let office = busy_office().await;
    let page = office.page("rob", "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains("<title>2 held – Lanekeeper</title>"));
    assert!(page.text.contains("Failed <strong class=\"asks\">1</strong>"));
    insta::assert_snapshot!("desk", page.main());
}

#[tokio::test]
async fn what_failed_is_told_by_its_cause() {
    let office = Office::open().await;
    office.failed("acme", 3, "#1003", "the address has no street; correct it in the shop, then retry").await;
    office.failed("bolt", 5, "B-78", "the address has no street; correct it in the shop, then retry").await;
    office.failed("acme", 6, "#1006", "order 6 is locked").await;
    office.failed("acme", 7, "#1007", "order 7 is locked").await;
    office.failed("acme", 8, "#1008", "order 8 is locked").await;
    let page = office.page("rob", "/failed").await;
    let main = page.main();
    assert_eq!((main.matches("class=\"cause\"").count(), main.matches("<article").count()), (2, 5));
    let (first, second) = main.split_once("cause-2").unwrap();
    assert!(first.contains("is locked") && first.contains("<strong>3</strong> orders all of acme"), "{first}");
    assert!(second.contains("<strong>2</strong> orders of acme and bolt, at <bdi>shipstation</bdi>"), "{second}");
}

#[tokio::test]
async fn an_order_has_a_page_with_everything_that_happened_to_it() {
    let office = busy_office().await;
    let page = office.page("vic", "/orders/orders/acme/1").await;
    for told in ["Accepted from orders/create, in line.", "Attempt 1 began.", "Held for a person (question 1)"] {
        assert!(page.main().contains(told), "{told}: {}", page.main());
    }
    let file = office.page("vic", "/orders/orders/acme/1/timeline.json").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"order-1.json\"");
    assert!(file.json()["entries"].as_array().unwrap().len() >= 4);
    for nowhere in ["/orders/orders/acme/99", "/orders/orders/acme/99/timeline.json", "/held/orders/bolt/1"] {
        assert_eq!(office.page("vic", nowhere).await.status, 404, "{nowhere}");
    }
    let nobody =
        axum::http::Request::get("/orders/orders/acme/1/timeline.json").body(axum::body::Body::empty()).unwrap();
    assert_eq!(office.send(nobody).await.header("location"), "/sign-in");
}

#[tokio::test]
async fn a_viewer_sees_everything_and_no_button() {
    let office = busy_office().await;
    let mut seen = String::new();
    for path in ["/", "/held/orders/bolt/2", "/failed", "/lanes/orders/acme", "/orders/orders/acme/1"] {
        let page = office.page("vic", path).await;
        assert!(!page.main().contains("<form") && !page.main().contains("<button"), "{path}");
        assert!(page.main().contains("deciding needs the role reviewer"), "{path}");
        seen.push_str(page.main());
    }
    for shown in ["#1001", "B-77", "#1003", "1,240.00 EUR", "It ships to another country"] {
        assert!(seen.contains(shown), "{shown}");
    }
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
    assert_eq!(retried.header("location"), "/failed?done=retried&lane=orders/acme&job=3");
    assert_eq!(office.sent(), ["1-approved", "3-retry"]);
    let page = office.page("rob", retried.header("location")).await;
    assert!(page.main().contains("#1003 of acme: Back in line. It is tried again."));
    assert!(page.main().contains("No order has failed."));
    assert!(office.page("rob", "/").await.main().contains("No order waits for a decision."));
}

/// The value of the field or link that a page has.
fn said<'a>(page: &'a str, before: &str) -> Option<&'a str> {
    page.split_once(before)?.1.split('"').next()
}

#[tokio::test]
async fn whoever_decides_has_the_next_order_open() {
    let office = Office::open().await;
    for id in 1..=3 {
        office.held("acme", id, &format!("N{id}."), &[]).await;
        office.pass(1);
    }
    let page = office.page("rob", "/held/orders/acme/2").await;
    assert_eq!(said(page.main(), "name=\"job\" value=\""), Some("2"));
    assert!(page.main().contains("href=\"/held/orders/acme/1\" data-key=\"k\""));
    assert!(page.main().contains("href=\"/held/orders/acme/3\" data-key=\"j\""));
    let then = said(page.main(), "name=\"then\" value=\"").unwrap();
    let (hold, fingerprint) = office.question("acme", 2).await;
    let mut fields = card("acme", 2, hold, &fingerprint, "approve", "");
    fields.push(("then", then.to_owned()));
    let decided = office.form("rob", "/decide", &fields).await;
    assert_eq!(decided.header("location"), "/held/orders/acme/3?done=approved&lane=orders/acme&job=2");
    let last = office.page("rob", decided.header("location")).await;
    assert!(last.main().contains("N2. of acme: Approved.") && !last.main().contains("data-key=\"j\""));
    let open = last.main().split_once("<article").unwrap().1;
    assert_eq!(said(open, "name=\"job\" value=\""), Some("3"));
    // The list moved on between the two clicks of one person: it is the same decision.
    fields.retain(|(name, _)| *name != "then");
    assert_eq!(
        office.form("rob", "/decide", &fields).await.header("location"),
        "/?done=approved&lane=orders/acme&job=2"
    );
    for elsewhere in ["//evil.example/1", "https://evil.example", "orders", "orders/acme/\r\nSet-Cookie: a"] {
        let (hold, fingerprint) = office.question("acme", 1).await;
        let mut fields = card("acme", 1, hold, &fingerprint, "approve", "");
        fields.push(("then", elsewhere.to_owned()));
        let answer = office.form("rob", "/decide", &fields).await;
        assert_eq!(answer.header("location"), "/?done=approved&lane=orders/acme&job=1", "{elsewhere}");
        office.pass(1);
        office.attempted("acme", 1, hold_again()).await;
    }
}

fn hold_again() -> lane::outcome::Outcome {
    hold(HoldReason::CountryDiffers, Vec::new())
}

#[tokio::test]
async fn a_browser_learns_that_the_open_order_is_not_as_it_shows_it() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let page = office.page("rob", "/held/orders/acme/1").await;
    let again = said(page.main(), "hx-get=\"").unwrap().to_owned();
    let still = office.page("rob", &again).await;
    assert!(again.starts_with("/held/orders/acme/1?shown=1.") && !still.main().contains("not as it is shown"));
    office.decides("ada", "reject", "acme", 1).await;
    let changed = office.page("rob", &again).await;
    assert!(changed.main().contains("This order is not as it is shown here any more: rejected by ada: fine."));
    assert!(changed.main().contains("No order waits for a decision."));
}

#[tokio::test]
async fn before_the_click_it_says_where_the_order_goes() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    let goes = async || {
        let page = office.page("rob", "/held/orders/acme/1").await;
        page.main().split_once("If approved: <bdi>").unwrap().1.split_once("</bdi>").unwrap().0.to_owned()
    };
    assert_eq!(goes().await, "it is next in the lane of acme, which is empty");
    office.accepted("acme", 2, "#1002").await;
    assert_eq!(goes().await, "it is next in the lane of acme, before 1 other in line");
    office.accepted("acme", 3, "#1003").await;
    assert_eq!(goes().await, "it is next in the lane of acme, before 2 others in line");
    office.post("rob", "/lanes/orders/acme/pause", None, "{\"why\":\"stock-taking\"}").await;
    assert!(goes().await.ends_with("; the lane is paused, and goes on when it is resumed"));
}

#[tokio::test]
async fn what_does_not_fit_on_the_page_is_one_click_away() {
    let office = Office::open().await;
    for id in 1..=60 {
        office.held("acme", id, &format!("N{id}."), &[]).await;
        office.pass(1);
    }
    let first = office.page("rob", "/").await;
    assert_eq!(first.main().matches("<li><input").count(), 50);
    let link = said(first.main(), "class=\"more\"><a href=\"").unwrap();
    let second = office.page("rob", link).await;
    assert_eq!(second.main().matches("<li><input").count(), 10);
    assert!(second.main().contains("N60.") && !second.main().contains("N50."));
}

#[tokio::test]
async fn files_of_ours_are_kept_by_browsers_and_pages_never_are() {
    let office = busy_office().await;
    let page = office.page("rob", "/").await;
    assert_eq!(page.header("cache-control"), "no-store");
    let (style, script) =
        (said(&page.text, "rel=\"stylesheet\" href=\"").unwrap(), said(&page.text, "src=\"").unwrap());
    for (address, kind) in [(style, "text/css; charset=utf-8"), (script, "text/javascript; charset=utf-8")] {
        let file = office.page("", address).await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, kind));
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
    let other = office.page("", "/assets/0000000000000000/desk.css").await;
    assert_eq!((other.status.as_u16(), other.header("cache-control")), (200, "no-store"));
    assert_eq!(office.page("", "/assets/0000000000000000/desk.map").await.status, 404);
}

#[tokio::test]
async fn every_field_has_a_label_and_every_id_is_used_once() {
    let office = busy_office().await;
    for path in ["/", "/failed", "/lanes", "/lanes/orders/acme", "/aside", "/orders/orders/acme/1"] {
        labelled(&office.page("rob", path).await, path);
    }
}

fn labelled(page: &crate::office::Answer, path: &str) {
    let ids: Vec<&str> = page.text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{path}: {ids:?}");
    assert!(ids.len() >= 5, "{path}");
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
    let resumed = office.page("rob", "/lanes?done=resumed&lane=orders/acme").await;
    assert!(resumed.main().contains("The lane of acme: Resumed."));
    for address in ["/?done=approved&lane=orders/acme&job=pay-me", "/lanes?done=resumed&lane=orders/pay-me"] {
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
    let page = office.page("rob", "/held/orders/acme/1").await;
    assert!(page.main().contains("Correct the order in Shopify, which brings it back by itself, or reject it."));
    assert!(page.main().contains("<small>try once more as it is</small>"));
    assert!(!office.page("rob", "/held/orders/bolt/2").await.main().contains("<bdi>rule</bdi>"));
    office.accepted("acme", 3, "#3").await;
    let both = vec![rule(HoldReason::TotalAbove), rule(HoldReason::CountryDiffers)];
    office.attempted("acme", 3, hold(HoldReason::TotalAbove, both)).await;
    assert_eq!(office.page("rob", "/held/orders/acme/3").await.main().matches("<bdi>rule</bdi>").count(), 2);
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

#[tokio::test]
async fn figures_that_are_dear_are_shared_by_pages_and_say_how_old_they_are() {
    let settings = review::Settings { figures_age: Duration::from_mins(2), ..review::Settings::default() };
    let office = Office::open_with(settings).await;
    let held = async || {
        let page = office.page("rob", "/").await;
        let tab = page.text.split_once("id=\"tab-held\"").unwrap().1;
        let shown = tab.split_once("</strong>").unwrap().0.rsplit('>').next().unwrap().to_owned();
        let as_of = said(&page.text, "as of ").unwrap().split_once(" UTC").unwrap().0.to_owned();
        (shown, as_of)
    };
    assert_eq!(held().await, ("0".to_owned(), "2026-11-21 22:00".to_owned()));
    office.held("acme", 1, "#1001", &[]).await;
    office.pass(1);
    assert_eq!(held().await, ("0".to_owned(), "2026-11-21 22:00".to_owned()), "the ledger is not asked again yet");
    assert!(office.page("rob", "/").await.main().contains("#1001"), "the list is as it is now");
    office.pass(1);
    assert_eq!(held().await, ("1".to_owned(), "2026-11-21 22:02".to_owned()));
}
