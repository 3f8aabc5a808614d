//! The desk: what waits for a person.

use fantoccini::key::Key;

use crate::browser::Browser;

pub(crate) const ADDRESS: &str = "/";
/// Only who is signed in can leave.
pub(crate) const SIGN_OUT: &str = "form[action=\"/sign-out\"] button";
pub(crate) const DECIDING: &str = "button[name=verdict]";
const NUMBERS: &str = "section[aria-labelledby=held] article h3 bdi";
const TOLD: &str = "[role=status]";
const PROBLEM: &str = "[role=alert]";

/// The numbers of the held orders, as they are shown.
pub(crate) async fn held(browser: &Browser) -> Vec<String> {
    browser.waits_for(SIGN_OUT).await;
    browser.texts(NUMBERS).await
}

/// Writes a note beside an order and approves it, by keyboard alone.
pub(crate) async fn approves(browser: &Browser, order: u64, note: &str) {
    let form = format!("form:has(input[name=job][value=\"{order}\"])");
    browser.tabs_to(&format!("{form} textarea[name=note]")).await;
    browser.types(note).await;
    browser.tabs_to(&format!("{form} button[value=approve]")).await;
    browser.presses(Key::Enter).await;
}

/// What came of the last click, if it worked.
pub(crate) async fn told(browser: &Browser) -> String {
    browser.text(TOLD).await
}

/// Why the last click did not work.
pub(crate) async fn problem(browser: &Browser) -> String {
    browser.text(PROBLEM).await
}
