//! A merchant's page: their orders in sequence, in their words, and nothing else.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lane::clock::{Clock as _, Timestamp, after};
use lane::hold::{Fact, HoldReason};
use lane::id::{AccountId, Fingerprint, JobId, OperatorId, ShopId};
use lane::line::{Lease, Leased, Pause, Rest};
use lane::outcome::{Learnt, Outcome, PauseReason, Proof, Reach, Report, Trouble};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Desk as _, Registry as _, Work as _};
use lane::rules::{Completeness, CustomsSeen, RiskSeen, Seen};
use lane::shop::SkipReason;

use crate::office::{Answer, Office, browser, hold, lane_of, links, shop};

/// Every list, by its word in addresses.
const LISTS: [&str; 6] = ["line", "on-hold", "failed", "sent", "not-sent", "turned-down"];

fn done() -> Outcome {
    Outcome::Done(Proof {
        account: AccountId::at("shipstation", "main"),
        reference: "77".into(),
        key: "key".into(),
        fingerprint: Fingerprint::of(b"as fetched"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    })
}

/// Something of everything, `from` on; every number begins with `mark`.
async fn fill(office: &Office, shop: &str, from: u64, mark: &str) {
    let number = |n: u64| format!("{mark}{n}");
    for (n, outcome) in [
        (1, done()),
        (2, hold(HoldReason::AddressIncomplete, vec![Fact::new("address", "it has no street")])),
        (3, Outcome::Fail(Trouble::new("ShipStation", "400 invalid postcode"))),
        (4, Outcome::Skip(SkipReason::Cancelled)),
        (5, hold(HoldReason::TotalAbove, Vec::new())),
        (6, done()),
    ] {
        office.pass(1);
        office.accepted(shop, from + n, &number(n)).await;
        office.attempted(shop, from + n, outcome).await;
    }
    office.decides("rob", "reject", shop, from + 5).await;
    for n in [7, 8, 9] {
        office.pass(1);
        office.accepted(shop, from + n, &number(n)).await;
    }
}

/// The right to work on acme's orders.
async fn leased(office: &Office) -> Lease {
    let (now, lane) = (office.clock.now(), lane_of("acme"));
    match office.ledger.lease(&lane, "w", now, after(now, Duration::from_mins(2))).await.unwrap() {
        Leased::Yes(lease) => lease,
        other @ (Leased::Busy { .. } | Leased::Paused { .. }) => panic!("the lane is not free: {other:?}"),
    }
}

/// The numbers of a page in the order in which they are shown.
fn numbers(page: &Answer) -> Vec<String> {
    let rows = page.main().split("<strong><bdi>").skip(1);
    rows.map(|row| row.split("</bdi>").next().unwrap().to_owned()).collect()
}

fn positions(page: &Answer) -> Vec<String> {
    let rows = page.main().split("<span class=\"position\">").skip(1);
    rows.map(|row| row.split("</span>").next().unwrap().to_owned()).collect()
}

/// Where a list goes on.
fn more(page: &Answer) -> Option<String> {
    let address = page.main().split("<p class=\"more\"><a href=\"").nth(1)?.split('"').next()?;
    Some(address.replace("&amp;", "&"))
}

#[tokio::test]
async fn a_merchant_sees_their_orders_in_sequence_and_in_their_words() {
    let office = Office::open().await;
    fill(&office, "acme", 100, "#100").await;
    let page = office.visit(&office.link("acme").await).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<title>Orders of acme.myshopify.com</title>"));
    assert_eq!(positions(&page), ["next", "2nd", "3rd"]);
    insta::assert_snapshot!("merchant", page.main());
}

#[tokio::test]
async fn no_cookie_is_needed_none_is_set_and_nobody_keeps_the_page_or_its_address() {
    let office = Office::open().await;
    fill(&office, "acme", 100, "#100").await;
    let link = office.link("acme").await;
    let stranger = office.visit(&link).await;
    for request in [browser("GET", "rob", &link), browser("GET", "nobody", &link)] {
        let page = office.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((page.status.as_u16(), &page.text), (200, &stranger.text), "who else one is changes nothing");
    }
    let invalid = office.visit("/shop/x").await;
    for (page, status) in [(&stranger, 200), (&invalid, 403)] {
        assert_eq!(page.status, status);
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-robots-tag"), "noindex, nofollow, noarchive");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
        assert!(page.header("set-cookie").is_empty());
        assert!(page.text.contains("<meta name=\"robots\" content=\"noindex"));
        assert!(!page.text.contains("<script") && !page.text.contains("<form"), "it works without, and only shows");
    }
    let token = link.strip_prefix("/shop/").unwrap();
    assert!(!stranger.text.contains(token), "the address is not in the page");
}

#[tokio::test]
async fn nothing_is_changed_by_whatever_is_sent_there() {
    let office = Office::open().await;
    fill(&office, "acme", 100, "#100").await;
    let link = office.link("acme").await;
    let before = office.visit(&link).await.text;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let request = browser(method, "ada", &link).header("Sec-Fetch-Site", "same-origin");
        let answer = office.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    assert_eq!(office.visit(&link).await.text, before);
    assert_eq!(office.sent(), ["105-retry"; 0]);
}

#[tokio::test]
async fn nothing_of_another_shop_is_ever_shown() {
    let office = Office::open().await;
    fill(&office, "acme", 100, "ACME-").await;
    fill(&office, "bolt", 200, "BOLT-").await;
    for (own, mark, other) in [("acme", "ACME-", "bolt"), ("bolt", "BOLT-", "acme")] {
        let link = office.link(own).await;
        let mut shown = office.visit(&link).await;
        assert_eq!(numbers(&shown).len(), 9, "{:?}", numbers(&shown));
        for list in LISTS {
            let page = office.visit(&format!("{link}?list={list}")).await;
            assert!(!numbers(&page).is_empty(), "{list}");
            shown.text.push_str(&page.text);
        }
        assert!(shown.text.contains(mark));
        for never in [other, &other.to_uppercase()] {
            assert!(!shown.text.contains(never), "{never} is on the page of {own}");
        }
        for parameter in ["shop", "id", "lane", "list=line&shop"] {
            let page = office.visit(&format!("{link}?{parameter}={other}")).await;
            assert_eq!(page.status, 404, "{parameter}");
            assert!(!page.text.contains(other));
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_shop_shows_nothing_of_it_be_it_passed_on_or_made_up() {
    let office = Office::open().await;
    for n in 1..=25 {
        for (shop, from, mark) in [("acme", 100, "ACME-"), ("bolt", 200, "BOLT-")] {
            office.held(shop, from + n, &format!("{mark}{n}"), &[]).await;
            office.pass(1);
        }
    }
    for n in 26..=50 {
        for (shop, from, mark) in [("acme", 100, "ACME-"), ("bolt", 200, "BOLT-")] {
            office.accepted(shop, from + n, &format!("{mark}{n}")).await;
        }
    }
    let (acme, bolt) = (office.link("acme").await, office.link("bolt").await);
    for list in ["on-hold", "line"] {
        let first = office.visit(&format!("{bolt}?list={list}")).await;
        let cursor = more(&first).expect("it goes on").split("after=").nth(1).unwrap().to_owned();
        assert_eq!(office.visit(&format!("{bolt}?list={list}&after={cursor}")).await.status, 200);
        let passed_on = office.visit(&format!("{acme}?list={list}&after={cursor}")).await;
        assert_eq!(passed_on.status, 404);
        assert!(!passed_on.text.contains("BOLT"), "{}", passed_on.text);

        // Cursors are not signed: whoever has read how they are made can make one.
        let made_up = String::from_utf8(URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap().replace("bolt", "acme");
        let made_up = URL_SAFE_NO_PAD.encode(made_up);
        let page = office.visit(&format!("{acme}?list={list}&after={made_up}")).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("BOLT"), "{}", page.text);
    }
    for nonsense in ["x", "merchant acme on-hold\nx", "merchant acme on-hold\n", "merchant acme line\nx 1.1"] {
        let cursor = URL_SAFE_NO_PAD.encode(nonsense);
        for list in ["on-hold", "line"] {
            let page = office.visit(&format!("{acme}?list={list}&after={cursor}")).await;
            assert_eq!(page.status, 404, "{nonsense:?}");
            assert!(page.main().contains("There is no such part of your orders."));
        }
    }
    for query in ["after=x", "list=everything", "list=line&limit=9999", "list=line&list=failed"] {
        assert_eq!(office.visit(&format!("{acme}?{query}")).await.status, 404, "{query}");
    }
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_and_every_order_comes_once_in_its_place() {
    let office = Office::open().await;
    for n in 1..=45 {
        office.accepted("acme", n, &format!("#{n}")).await;
        office.attempted("acme", n, done()).await;
        office.pass(1);
    }
    for n in 101..=145 {
        office.accepted("acme", n, &format!("#{n}")).await;
    }
    let link = office.link("acme").await;
    for (list, expected) in
        [("sent", (1..=45).rev().collect::<Vec<u64>>()), ("line", (101..=145).collect::<Vec<u64>>())]
    {
        let (mut seen, mut counted, mut query) = (Vec::new(), Vec::new(), format!("?list={list}"));
        for _ in 0..9 {
            let page = office.visit(&format!("{link}{query}")).await;
            assert!(numbers(&page).len() <= 20);
            seen.extend(numbers(&page));
            counted.extend(positions(&page));
            match more(&page) {
                Some(next) => query = next,
                None => break,
            }
        }
        let expected: Vec<String> = expected.iter().map(|n| format!("#{n}")).collect();
        assert_eq!(seen, expected, "{list}");
        if list == "line" {
            assert_eq!(counted.len(), 45);
            assert_eq!((counted[0].as_str(), counted[20].as_str(), counted[44].as_str()), ("next", "21st", "45th"));
        }
    }
    let first = office.visit(&link).await;
    assert_eq!(numbers(&first).len(), 40, "a page of each");
    assert_eq!(numbers(&first)[20], "#45", "what was sent last comes first");
}

#[tokio::test]
async fn what_is_being_tried_and_what_is_tried_again_stand_in_the_line_at_their_places() {
    let office = Office::open().await;
    let step_aside = Policy { retry: Standing::StepAside, ..Policy::default() };
    for n in 1..=4 {
        office.accepted("acme", n, &format!("#{n}")).await;
    }
    let now = office.clock.now();
    let lease = leased(&office).await;
    for n in [1, 2] {
        let begun = office.ledger.begin(&lease, &JobId::from(n), step_aside, now).await.unwrap();
        assert!(matches!(begun, Begin::Attempt { .. }));
        if n == 1 {
            let error = Trouble::new("ShipStation", "CANARY answered 503");
            let outcome = Outcome::Retry { after: Some(Duration::from_mins(10)), error };
            let report = Report { outcome, reach: Reach::Untouched, calls: Vec::new(), learnt: Learnt::default() };
            office.ledger.complete(&lease, &JobId::from(n), report, step_aside, 0.0, now).await.unwrap();
        }
    }
    let page = office.visit(&office.link("acme").await).await;
    assert_eq!(numbers(&page), ["#1", "#2", "#3", "#4"]);
    assert_eq!(positions(&page), ["now", "next", "2nd"], "#1 may be passed until it is tried again");
    assert!(page.main().contains("It did not get through. It is tried again 2026-11-21 22:10 UTC."));
    assert!(!page.text.contains("CANARY"));
}

#[tokio::test]
async fn many_that_are_tried_again_are_shown_and_if_they_are_too_many_that_is_said() {
    let office = Office::open().await;
    let step_aside = Policy { retry: Standing::StepAside, ..Policy::default() };
    for n in 1..=201 {
        office.accepted("acme", n, &format!("#{n}")).await;
    }
    let (now, link) = (office.clock.now(), office.link("acme").await);
    let lease = leased(&office).await;
    for n in 1..=201 {
        office.ledger.begin(&lease, &JobId::from(n), step_aside, now).await.unwrap();
        let error = Trouble::new("ShipStation", "it answered 503");
        let outcome = Outcome::Retry { after: Some(Duration::from_mins(10)), error };
        let report = Report { outcome, reach: Reach::Untouched, calls: Vec::new(), learnt: Learnt::default() };
        office.ledger.complete(&lease, &JobId::from(n), report, step_aside, 0.0, now).await.unwrap();
        if n == 200 {
            let page = office.visit(&link).await;
            assert_eq!((numbers(&page).len(), positions(&page)), (201, vec!["next".to_owned()]));
            assert!(!page.main().contains("are not shown"));
        }
    }
    let page = office.visit(&link).await;
    assert_eq!(numbers(&page).len(), 200);
    assert!(page.main().contains("Some orders that are tried again later are not shown."));
}

#[tokio::test]
async fn an_order_that_was_approved_a_moment_ago_is_not_said_to_be_doubtful() {
    let office = Office::open().await;
    office.held("acme", 1, "#1", &[]).await;
    office.press("rob", "approve", "acme", 1, "").await;
    let page = office.visit(&office.link("acme").await).await;
    assert_eq!(numbers(&page), ["#1"]);
    assert!(page.main().contains("Your fulfilment team has just decided about it."), "{}", page.main());
    assert!(!page.main().contains("still being found out"));
}

#[tokio::test]
async fn what_an_order_costs_is_shown_once_it_was_looked_at_and_its_tags_are_not() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1").await;
    let link = office.link("acme").await;
    assert!(!office.visit(&link).await.main().contains("class=\"total\""));
    let now = office.clock.now();
    let lease = leased(&office).await;
    office.ledger.begin(&lease, &JobId::from(1), Policy::default(), now).await.unwrap();
    let seen = Seen {
        total: "1240.00 EUR".parse().unwrap(),
        ships_to: Some("NG".into()),
        billed_to: Some("DE".into()),
        address: Completeness::Lacks(vec!["CANARY".into()]),
        risk: RiskSeen::None,
        most_units: 1,
        lines: 1,
        tags: vec!["CANARY".into()],
        customer_orders: None,
        customs: CustomsSeen { missing: vec!["CANARY".into()], difference: None },
        parts: vec!["CANARY".into()],
    };
    let learnt = Learnt { seen: Some(seen), ..Learnt::default() };
    let outcome = hold(HoldReason::TotalAbove, Vec::new());
    let report = Report { outcome, reach: Reach::Untouched, calls: Vec::new(), learnt };
    office.ledger.complete(&lease, &JobId::from(1), report, Policy::default(), 0.0, now).await.unwrap();
    let page = office.visit(&link).await;
    assert!(page.main().contains("<span class=\"total\">1240.00 EUR</span>"), "{}", page.main());
    assert!(!page.text.contains("CANARY"));
}

#[tokio::test]
async fn a_link_that_is_altered_ended_or_of_a_shop_that_is_gone_says_so_and_no_more() {
    let office = Office::open().await;
    fill(&office, "acme", 100, "ACME-").await;
    let link = office.link("acme").await;
    let flipped = if link.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{flipped}", &link[..link.len() - 1]);
    let unknown = shop("never-added", office.clock.now());
    let (of_nobody, _) = links(crate::office::SECRET).make(&unknown, 30, office.clock.now()).unwrap();
    let (of_others, _) =
        links("another secret that is as long as it has to be").make(&unknown, 30, office.clock.now()).unwrap();
    let mut refused = Vec::new();
    for path in [altered.as_str(), "/shop/x", "/shop/%ff", "/shop/%3Cscript%3E", &format!("{link}x")] {
        refused.push(office.visit(path).await);
    }
    for path in [&of_nobody, &of_others] {
        refused.push(office.visit(secrecy::ExposeSecret::expose_secret(path)).await);
    }
    office.ledger.remove_shop(&ShopId::parse("acme").unwrap(), office.clock.now()).await.unwrap();
    refused.push(office.visit(&link).await);
    office.pass(1);
    office.ledger.put_shop(&shop("acme", office.clock.now()), office.clock.now()).await.unwrap();
    refused.push(office.visit(&link).await);
    for page in &refused {
        assert_eq!(page.status, 403);
        assert_eq!(page.text, refused[0].text, "nothing tells one reason from another");
        assert!(page.main().contains("This link is not valid."));
        assert!(!page.text.contains("acme") && !page.text.contains("ACME"));
    }
    let newer = office.link("acme").await;
    assert_eq!(office.visit(&newer).await.status, 200, "a shop that is added again has new links");
    office.pass(30 * 24 * 60 - 1);
    assert_eq!(office.visit(&newer).await.status, 200);
    office.pass(1);
    let ended = office.visit(&newer).await;
    assert_eq!(ended.status, 410);
    assert!(ended.main().contains("This link has ended.") && !ended.text.contains("acme"));
}

#[tokio::test]
async fn without_a_secret_there_are_no_links_and_the_page_says_what_to_do() {
    let office = Office::open().await;
    let link = office.link("acme").await;
    let sender = std::sync::Arc::new(crate::office::Recorder::default());
    let settings = review::Settings::default();
    let router = review::router(std::sync::Arc::new(office.ledger.clone()), sender, office.clock.clone(), settings);
    let request = Request::get(&link).body(Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(answer.status(), 404);
    let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("link_secrets in [review]") && !text.contains("acme"), "{text}");
}

#[tokio::test]
async fn a_shop_that_stands_still_is_told_in_one_sentence_and_not_in_an_operators_words() {
    let office = Office::open().await;
    let link = office.link("acme").await;
    assert!(office.visit(&link).await.main().contains("No order waits."), "a shop without any order has a page");
    office.accepted("acme", 1, "#1").await;
    assert!(!office.visit(&link).await.main().contains("banner"));
    let (lane, now) = (lane_of("acme"), office.clock.now());
    let why = PauseReason::Operator { why: "CANARY owes us money".into() };
    let by = Some(OperatorId::parse("CANARY").unwrap());
    office.ledger.pause(&lane, &Pause { why, until: None, by, since: now }, None).await.unwrap();
    let page = office.visit(&link).await;
    assert!(page.main().contains("Your orders are paused: your fulfilment team stopped them for now."));
    assert!(!page.text.contains("CANARY"));
    office.ledger.resume(&lane, &OperatorId::parse("CANARY").unwrap(), now, None).await.unwrap();
    let lease = leased(&office).await;
    let rest = Rest { until: after(now, Duration::from_mins(9)), why: "shipstation/CANARY asked for silence".into() };
    office.ledger.release(&lease, Some(rest), now).await.unwrap();
    let page = office.visit(&link).await;
    assert!(page.main().contains("busy or cannot be reached right now."), "{}", page.main());
    assert!(page.main().contains("the next try is 2026-11-21 22:09 UTC."));
    assert!(!page.text.contains("CANARY"));
}

#[tokio::test]
async fn what_is_personal_or_internal_stays_inside() {
    let office = Office::open().await;
    let evidence = || vec![Fact::new("CANARY name", "CANARY street 1")];
    for (n, outcome) in [
        (1, hold(HoldReason::SameAddress, evidence())),
        (2, Outcome::Fail(Trouble::new("ShipStation", "CANARY of Canary Street is unknown"))),
        (3, hold(HoldReason::TotalAbove, evidence())),
        (4, done()),
    ] {
        office.accepted("acme", n, &format!("#{n}")).await;
        office.attempted("acme", n, outcome).await;
    }
    office.press("ada", "reject", "acme", 3, "CANARY note").await;
    let link = office.link("acme").await;
    let page = office.visit(&link).await;
    assert_eq!(numbers(&page), ["#1", "#2", "#4", "#3"]);
    for never in ["CANARY", "Canary", "ada", "shipstation", "env:", "TOKEN", "as fetched", "77"] {
        assert!(!page.text.contains(never), "{never}: {}", page.main());
    }
}

#[tokio::test]
async fn script_in_whatever_outsiders_write_is_inert() {
    let office = Office::open().await;
    let mut canaries = String::new();
    for (n, live) in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</bdi></main><svg onload=alert(1)>",
        "{{ 7 * 7 }} <!-- \u{202e}",
    ]
    .into_iter()
    .enumerate()
    {
        let n = n as u64 * 10;
        write!(canaries, "{live}").unwrap();
        office.held("acme", n + 1, live, &[(live, live)]).await;
        office.failed("acme", n + 2, live, live).await;
        office.accepted("acme", n + 3, live).await;
        office.attempted("acme", n + 3, Outcome::Skip(SkipReason::FinancialStatus(live.into()))).await;
        office.accepted("acme", n + 4, live).await;
        office.attempted("acme", n + 4, done()).await;
    }
    office.accepted("acme", 99, &canaries).await;
    let mut hostile = shop("acme", office.job("acme", 99).await.accepted_at);
    hostile.domains.insert(0, canaries.clone());
    office.ledger.put_shop(&hostile, office.clock.now()).await.unwrap();
    let link = office.link("acme").await;
    let mut shown = office.visit(&link).await.text;
    for list in LISTS {
        shown.push_str(&office.visit(&format!("{link}?list={list}")).await.text);
    }
    for live in ["<script", "<img", "<svg", "onerror=alert(1)>\"", "<!--", "\u{202e}"] {
        assert!(!shown.contains(live), "{live} in {shown}");
    }
    assert!(shown.matches("&#60;script&#62;alert(1)").count() >= 14, "{shown}");
    assert!(shown.contains("{{ 7 * 7 }}"));
    assert!(shown.contains("<title>Orders of &#60;script"), "the shop's name, too");
}
