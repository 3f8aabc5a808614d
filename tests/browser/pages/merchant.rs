//! One shop's page, as its merchant sees it.

use crate::browser::Browser;

/// One order.
pub(crate) const ORDER: &str = ".orders li";
const NUMBER: &str = ".orders strong";
/// Where the list of what is on hold goes on, if it does.
pub(crate) const MORE_ON_HOLD: &str = "a[href^=\"?list=on-hold\"]";
/// Back from one list to all.
pub(crate) const ALL: &str = "a[href=\"?\"]";
/// Why nothing is shown.
pub(crate) const PROBLEM: &str = "[role=alert]";
/// What is said of a shop that stands still.
pub(crate) const STANDS_STILL: &str = "[role=status]";

/// The numbers, from the top.
pub(crate) async fn numbers(browser: &Browser) -> Vec<String> {
    browser.texts(NUMBER).await
}
