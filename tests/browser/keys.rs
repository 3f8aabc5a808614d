//! The desk at keyboard speed: one key decides and opens the next order, one takes it back, and what others do shows by
//! itself.

use std::collections::BTreeMap;

use lane::decision::Verdict;
use lane::state::StateKind;

use crate::barriers::Barriers;
use crate::browser::{Browser, DESKTOP};
use crate::office::{HELD, Office};
use crate::pages::{held, sign_in};

/// As many as a bad night leaves behind.
const MANY: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_orders_are_decided_with_a_key_each() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    office.many_are_held(MANY - u64::try_from(HELD.len()).unwrap()).await;
    sign_in::signs_in(&browser, &office, "rob").await;
    let mut numbers = held::numbers(&browser).await;
    assert_eq!(numbers.len() as u64, MANY);
    let mut keys = 0;
    let mut decided = BTreeMap::new();
    while let Some(number) = numbers.first().cloned() {
        assert_eq!(held::open(&browser).await, number, "the first is open");
        let (key, verdict) = if keys % 3 == 2 { ("r", "Rejected") } else { ("a", "Approved") };
        browser.types(key).await;
        keys += 1;
        browser.waits_for_text(held::TOLD, &format!("{number} of ")).await;
        assert!(held::told(&browser).await.contains(verdict), "{number}");
        decided.insert(number, verdict);
        numbers = held::numbers(&browser).await;
    }
    assert!(keys <= 2 * MANY, "{keys} keys");
    assert_eq!(decided.len() as u64, MANY);
    let count = async |state| office.count(state).await as u64;
    assert_eq!(count(StateKind::Held).await, 0);
    assert_eq!(count(StateKind::Rejected).await, MANY / 3);
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrong_key_is_taken_back_with_the_next_one() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    sign_in::signs_in(&browser, &office, "rob").await;
    let order = HELD[0];
    assert_eq!(held::open(&browser).await, order.number);
    browser.types("r").await;
    browser.waits_for_text(held::TOLD, "Rejected").await;
    assert_eq!(held::open(&browser).await, HELD[1].number);
    assert!(held::told(&browser).await.contains("It takes effect in 10 seconds."));
    browser.is_pictured("held-undo").await;
    let barriers = Barriers::of(&browser).await.severe;
    assert_eq!(barriers, [""; 0], "also for who cannot see the button");
    browser.types("u").await;
    browser.waits_for_text(held::TOLD, "Taken back").await;
    assert_eq!(held::open(&browser).await, order.number, "it is open again, and at its old place");
    assert_eq!(held::numbers(&browser).await.len(), HELD.len());
    assert_eq!(office.scene.job(order.shop, order.id).await.state.kind(), StateKind::Held);
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_decides_shows_without_a_reload() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    sign_in::signs_in(&browser, &office, "rob").await;
    let order = HELD[0];
    assert_eq!(held::open(&browser).await, order.number);
    browser.asks("window.__same = true").await;
    let decision = office.scene.decision(order.shop, order.id, Verdict::Reject, "ada").await;
    office.scene.decides(&decision).await;
    browser.waits_for_text("#stand", "rejected by ada").await;
    assert_eq!(held::numbers(&browser).await.len(), HELD.len() - 1, "the list is as it is now");
    assert!(browser.text("#tab-held").await.contains(&(HELD.len() - 1).to_string()), "and so is the count");
    assert_eq!(browser.asks("return window.__same").await, true, "it is the same page");
    browser.types("a").await;
    browser.waits_for_text(held::PROBLEM, "rejected already, by ada").await;
    assert_eq!(office.scene.job(order.shop, order.id).await.state.kind(), StateKind::Rejected, "nothing was done");
}
