//! What strangers wrote is text, wherever it is shown.

use lane::decision::Verdict;

use crate::browser::{Browser, DESKTOP};
use crate::office::{HELD, IMAGE, Office, SCRIPT, STRANGERS};
use crate::pages::{SIGNED_IN, held, sign_in};

pub(crate) const CANARY: &str = "return window.__canary === undefined";
pub(crate) const NOTHING: [&str; 0] = [];

/// What nobody here put on a page.
pub(crate) const FOREIGN: &str = "script:not([src^=\"/assets/\"]), img";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_strangers_wrote_is_shown_as_text_and_never_runs() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    office.strangers_write().await;
    sign_in::signs_in(&browser, &office, "rob").await;
    let mut shown = String::new();
    let strangers = [held::address("acme", STRANGERS), format!("/orders/orders/acme/{STRANGERS}"), "/lanes".to_owned()];
    for address in SIGNED_IN.iter().map(|(_, address)| (*address).to_owned()).chain(strangers) {
        browser.goes_to(&office.at(&address)).await;
        assert_eq!(browser.asks(CANARY).await, true, "{address}");
        assert_eq!(browser.count(FOREIGN).await, 0, "{address}");
        shown.push_str(&browser.text("main").await);
    }
    let (scripts, images) = (shown.matches(SCRIPT).count(), shown.matches(IMAGE).count());
    assert!(
        scripts >= 6 && images >= 4,
        "number, evidence, answers, merchant and pause: {scripts}, {images}:\n{shown}"
    );
    browser.goes_to(&office.at(held::ADDRESS)).await;
    assert_eq!(held::numbers(&browser).await.last().map(String::as_str), Some(SCRIPT));
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|words| words.contains("/nothing-is-here - Failed to load")), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_was_not_kept_is_shown_as_text_too() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    sign_in::signs_in(&browser, &office, "rob").await;
    let order = HELD[0];
    assert_eq!(held::numbers(&browser).await.len(), HELD.len());
    let decision = office.scene.decision(order.shop, order.id, Verdict::Reject, "ada").await;
    office.scene.decides(&decision).await;
    let note = format!("{SCRIPT} {IMAGE}");
    held::approves(&browser, order.id, &note).await;
    let problem = held::problem(&browser).await;
    assert!(problem.contains(order.number) && problem.contains(&note), "{problem}");
    assert_eq!(browser.asks(CANARY).await, true);
    assert_eq!(browser.count(FOREIGN).await, 0);
    let complaints = browser.complaints().await;
    assert!(matches!(&complaints[..], [one] if one.contains("status of 409")), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_not_taken_for_text_it_runs_and_where_the_policy_forbids_it_the_browser_says_so() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    browser.goes_to(&office.at(sign_in::ADDRESS)).await;
    assert_eq!(browser.complaints().await, NOTHING);
    browser.goes_to(&office.at("/forbidden")).await;
    assert_eq!(browser.asks(CANARY).await, true);
    let complaints = browser.complaints().await;
    assert!(complaints.iter().any(|words| words.contains("Executing inline script violates")), "{complaints:#?}");
    browser.goes_to(&office.at("/careless")).await;
    assert_eq!(browser.asks(CANARY).await, false);
}
