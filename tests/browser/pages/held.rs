//! What is held: the list, and one order of it open.

use fantoccini::key::Key;

use crate::browser::Browser;
use crate::office::Held;

pub(crate) const ADDRESS: &str = "/";
/// Only who is signed in can leave.
pub(crate) const SIGN_OUT: &str = "form[action=\"/sign-out\"] button";
pub(crate) const DECIDING: &str = "button[name=verdict]";
const NUMBERS: &str = "#rows li strong bdi";
const OPEN: &str = "#rows [aria-current=true] strong bdi";
pub(crate) const TOLD: &str = "[role=status]";
pub(crate) const PROBLEM: &str = "[role=alert]";

/// The page with one order open.
pub(crate) fn address(shop: &str, order: u64) -> String {
    format!("/held/orders/{shop}/{order}")
}

/// The numbers of the held orders, as they are shown.
pub(crate) async fn numbers(browser: &Browser) -> Vec<String> {
    browser.waits_for(SIGN_OUT).await;
    browser.texts(NUMBERS).await
}

/// The number of the order that is open.
pub(crate) async fn open(browser: &Browser) -> String {
    browser.text(OPEN).await
}

/// Opens an order of the list, by keyboard alone and without shortcuts.
pub(crate) async fn opens(browser: &Browser, order: &Held) {
    browser.tabs_to(&format!("#rows a[href=\"{}\"]", address(order.shop, order.id))).await;
    browser.presses(Key::Enter).await;
    browser.waits_for(&format!("input[name=job][value=\"{}\"]", order.id)).await;
}

/// Writes a note beside the order that is open and approves it, by keyboard alone and without shortcuts.
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
