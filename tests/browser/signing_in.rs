//! Who has a token gets in, by keyboard; who has none is told so.

use crate::browser::{Browser, DESKTOP};
use crate::office::{HELD, Office, token};
use crate::pages::{held, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_token_signs_in_by_keyboard_and_sees_what_waits() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    browser.goes_to(&office.at(held::ADDRESS)).await;
    assert_eq!(browser.is_at().await, sign_in::ADDRESS, "a stranger sees the form and nothing else");
    sign_in::signs_in(&browser, &office, "rob").await;
    assert_eq!(browser.is_at().await, held::ADDRESS);
    assert_eq!(held::numbers(&browser).await, HELD.map(|held| held.number), "oldest first");
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_refused_in_words_and_the_right_one_is_taken_there() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    browser.goes_to(&office.at(sign_in::ADDRESS)).await;
    sign_in::fills_in(&browser, "lk_of-nobody").await;
    assert_eq!(sign_in::refusal(&browser).await, "This token is not known, or its operator is disabled.");
    assert_eq!(browser.count(held::SIGN_OUT).await, 0);
    sign_in::fills_in(&browser, &token("vic")).await;
    assert_eq!(held::numbers(&browser).await.len(), HELD.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_look_has_nothing_to_decide_with() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    for (operator, may_decide) in [("vic", false), ("rob", true), ("ada", true)] {
        sign_in::signs_in(&browser, &office, operator).await;
        assert_eq!(held::numbers(&browser).await.len(), HELD.len(), "{operator} sees everything");
        assert_eq!(browser.count(held::DECIDING).await > 0, may_decide, "{operator}");
    }
}
