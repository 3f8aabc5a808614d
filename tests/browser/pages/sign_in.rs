//! The form for the token.

use fantoccini::key::Key;

use crate::browser::Browser;
use crate::office::{Office, token};
use crate::pages::held;

pub(crate) const ADDRESS: &str = "/sign-in";
pub(crate) const TOKEN: &str = "input[name=token]";
const SEND: &str = "form[action=\"/sign-in\"] button";
const PROBLEM: &str = "[role=alert]";

/// Opens the form and signs in, by keyboard alone.
pub(crate) async fn signs_in(browser: &Browser, office: &Office, operator: &str) {
    browser.goes_to(&office.at(ADDRESS)).await;
    fills_in(browser, &token(operator)).await;
    browser.waits_for(held::SIGN_OUT).await;
}

/// Types into the form that is open, which has the focus already, and sends it.
pub(crate) async fn fills_in(browser: &Browser, token: &str) {
    browser.waits_for(TOKEN).await;
    assert!(browser.has_focus(TOKEN).await, "whoever comes can type at once");
    browser.types(token).await;
    browser.tabs_to(SEND).await;
    browser.presses(Key::Enter).await;
}

/// Why the token was refused.
pub(crate) async fn refusal(browser: &Browser) -> String {
    browser.text(PROBLEM).await
}
