//! A merchant's page: without a password, on a phone, in the dark, without scripts, and with what strangers wrote.

use fantoccini::key::Key;

use crate::browser::{Browser, DESKTOP, PHONE};
use crate::inert::{CANARY, NOTHING};
use crate::looking::{PAPER, brightness};
use crate::office::{IMAGE, Office, SCRIPT};
use crate::pages::merchant;
use crate::reading::looks;

/// More than fit on one page of a list, all on hold.
const MANY: std::ops::Range<u64> = 8000..8023;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merchant_reads_it_on_a_phone_without_scripts_and_in_the_dark() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(PHONE.without_scripts()));
    office.strangers_write().await;
    let width = u64::from(PHONE.width);
    for (name, address) in [
        ("merchant", office.link("acme").await),
        ("merchant-paused", office.link("cork-and-cotton").await),
        ("merchant-refused", office.at("/shop/nobody-made-this")),
    ] {
        browser.goes_to(&address).await;
        assert_eq!(browser.page_width().await, width, "{name}");
        browser.is_pictured(&format!("{name}-phone")).await;
    }
    assert!(browser.text(merchant::PROBLEM).await.starts_with("This link is not valid."));
    browser.goes_to(&office.link("cork-and-cotton").await).await;
    assert!(browser.text(merchant::STANDS_STILL).await.starts_with("Your orders are paused: your fulfilment team"));
    let mut papers = Vec::new();
    for scheme in ["dark", "light"] {
        browser.looks_in(scheme).await;
        browser.is_pictured(&format!("merchant-{scheme}")).await;
        papers.push(brightness(browser.asks(PAPER).await.as_str().unwrap()));
    }
    assert!(papers[0] < 80 && papers[1] > 180, "dark and light: {papers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_gone_through_by_keyboard_alone() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP.without_scripts()));
    office.holds_many("acme", MANY).await;
    let link = office.link("acme").await;
    browser.goes_to(&link).await;
    let first = merchant::numbers(&browser).await;
    browser.tabs_to(merchant::MORE_ON_HOLD).await;
    browser.presses(Key::Enter).await;
    browser.waits_for("a[href=\"?\"]:only-of-type").await;
    let rest = merchant::numbers(&browser).await;
    let last = format!("#{}", MANY.end - 1);
    assert!(rest.contains(&last) && !first.contains(&last), "{first:?}, then {rest:?}");
    browser.tabs_to(merchant::ALL).await;
    browser.presses(Key::Enter).await;
    browser.waits_for(merchant::MORE_ON_HOLD).await;
    assert_eq!(merchant::numbers(&browser).await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_nobody_out_and_what_strangers_wrote_never_runs() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    office.strangers_write().await;
    let link = office.link("acme").await;
    for scheme in ["light", "dark"] {
        browser.looks_in(scheme).await;
        browser.goes_to(&link).await;
        looks(&browser, "merchant", scheme).await;
        browser.goes_to(&office.link("cork-and-cotton").await).await;
        looks(&browser, "merchant-paused", scheme).await;
    }
    browser.goes_to(&link).await;
    assert_eq!(browser.complaints().await, NOTHING);
    assert_eq!(browser.asks(CANARY).await, true);
    assert_eq!(browser.count("script, img, svg, form").await, 0);
    let numbers = merchant::numbers(&browser).await;
    for stranger in [SCRIPT, IMAGE] {
        assert!(numbers.iter().any(|number| number == stranger), "{stranger} is not among {numbers:?}");
    }
    assert_eq!(numbers.len(), browser.count(merchant::ORDER).await);
    assert!(!browser.text("main").await.contains("C-5001"), "nothing of another shop");
    browser.goes_to(&office.at("/shop/nobody-made-this")).await;
    looks(&browser, "merchant-refused", "dark").await;
}
