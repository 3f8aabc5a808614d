//! Nothing on a page keeps people out who cannot see, point or tell colours apart.

use crate::barriers::Barriers;
use crate::browser::{Browser, DESKTOP};
use crate::office::Office;
use crate::pages::{SIGNED_IN, sign_in};

/// Rules that have something to look at even on the smallest page.
const RULES_MIN: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_is_found_where_there_is_one() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    browser.goes_to(&office.at("/careless")).await;
    let found = Barriers::of(&browser).await.severe.join("\n");
    for rule in ["(color-contrast, serious)", "(image-alt, critical)", "(html-has-lang, serious)"] {
        assert!(found.contains(rule), "{rule} is not among:\n{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_barrier_in_light() {
    no_page_has_a_barrier("light").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_barrier_in_dark() {
    no_page_has_a_barrier("dark").await;
}

async fn no_page_has_a_barrier(scheme: &str) {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    browser.looks_in(scheme).await;
    browser.goes_to(&office.at(sign_in::ADDRESS)).await;
    looks(&browser, "sign-in", scheme).await;
    sign_in::signs_in(&browser, &office, "rob").await;
    for (name, address) in SIGNED_IN {
        browser.goes_to(&office.at(address)).await;
        looks(&browser, name, scheme).await;
    }
}

pub(crate) async fn looks(browser: &Browser, name: &str, scheme: &str) {
    let found = Barriers::of(browser).await;
    let severe = found.severe.join("\n");
    assert!(found.severe.is_empty(), "{name}, {scheme}:\n{severe}");
    assert!(found.kept >= RULES_MIN, "{name}, {scheme}: only {} rules had something to look at", found.kept);
    for minor in found.minor {
        println!("{name}, {scheme}: {minor}");
    }
}
