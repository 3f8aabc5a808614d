//! How the pages look: on a phone and at a desk, in light and in dark. The pictures stay in `target/screenshots`.

use crate::browser::{Browser, DESKTOP, PHONE};
use crate::office::Office;
use crate::pages::{SIGNED_IN, held, sign_in};

pub(crate) const PAPER: &str = "return getComputedStyle(document.body).backgroundColor";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_nothing_is_wider_than_the_phone() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(PHONE));
    let width = u64::from(PHONE.width);
    browser.goes_to(&office.at("/careless")).await;
    assert!(browser.page_width().await > width, "a page that is too wide is found to be");
    office.strangers_write().await;
    browser.goes_to(&office.at(sign_in::ADDRESS)).await;
    assert_eq!(browser.page_width().await, width, "the form");
    browser.is_pictured("sign-in-phone").await;
    sign_in::signs_in(&browser, &office, "rob").await;
    for (name, address) in SIGNED_IN {
        browser.goes_to(&office.at(address)).await;
        assert_eq!(browser.page_width().await, width, "{name}");
        browser.is_pictured(&format!("{name}-phone")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_likes_the_dark_gets_it() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP.dark()));
    sign_in::signs_in(&browser, &office, "rob").await;
    browser.waits_for(held::DECIDING).await;
    let mut papers = Vec::new();
    for scheme in ["dark", "light"] {
        browser.looks_in(scheme).await;
        browser.is_pictured(&format!("held-{scheme}")).await;
        papers.push(brightness(browser.asks(PAPER).await.as_str().unwrap()));
    }
    assert!(papers[0] < 80 && papers[1] > 180, "dark and light: {papers:?}");
}

/// From 0 to 255, of `rgb(1, 2, 3)`.
pub(crate) fn brightness(colour: &str) -> u32 {
    let digits = |c: char| c.is_ascii_digit();
    let parts: Vec<u32> = colour.split(|c| !digits(c)).filter_map(|part| part.parse().ok()).take(3).collect();
    assert_eq!(parts.len(), 3, "{colour}");
    parts.iter().sum::<u32>() / 3
}
