//! Many orders are chosen, planned, decided and taken back, by keyboard alone and without scripts, and what strangers wrote
//! stays text on the way.

use fantoccini::key::Key;
use lane::state::StateKind;

use crate::barriers::Barriers;
use crate::browser::{Browser, DESKTOP, PHONE, View};
use crate::inert::{CANARY, FOREIGN};
use crate::office::{HELD, Office, SCRIPT};
use crate::pages::{held, sign_in};

const BOXES: &str = "#rows input[type=checkbox]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_decided_at_a_desk() {
    many_are_decided(DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_decided_without_scripts() {
    many_are_decided(DESKTOP.without_scripts()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_decided_on_a_phone() {
    many_are_decided(PHONE).await;
}

async fn many_are_decided(view: View) {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(view));
    office.strangers_write().await;
    sign_in::signs_in(&browser, &office, "rob").await;
    let all = held::numbers(&browser).await.len();
    assert_eq!(browser.count(BOXES).await, all);
    let first = held::numbers(&browser).await[0].clone();
    // The first and the last, which a stranger named.
    for at in [1, all] {
        browser.tabs_to(&format!("#rows li:nth-child({at}) input[type=checkbox]")).await;
        browser.types(" ").await;
    }
    browser.tabs_to("#many button[value=reject]").await;
    browser.presses(Key::Enter).await;
    browser.waits_for("form[action=\"/decide-many\"]").await;
    let plan = browser.text("main").await;
    assert!(plan.contains("Reject 2 orders?") && plan.contains(&first) && plan.contains(SCRIPT), "{plan}");
    is_sound(&browser, view, "plan").await;
    browser.tabs_to("form[action=\"/decide-many\"] button").await;
    browser.presses(Key::Enter).await;
    browser.waits_for("form[action=\"/undo-many\"]").await;
    assert!(browser.text("h1").await.contains("2 of 2 rejected"));
    is_sound(&browser, view, "many").await;
    assert_eq!(office.count(StateKind::Rejected).await, 2);
    if view.runs_scripts() {
        browser.types("u").await;
    } else {
        browser.tabs_to("form[action=\"/undo-many\"] button").await;
        browser.presses(Key::Enter).await;
    }
    browser.waits_for_text("h1", "2 of 2 taken back").await;
    assert_eq!((office.count(StateKind::Rejected).await, office.count(StateKind::Held).await), (0, all));
    assert_eq!(browser.complaints().await, [""; 0]);
}

async fn is_sound(browser: &Browser, view: View, name: &str) {
    assert_eq!(browser.asks(CANARY).await, true, "{name}");
    assert_eq!(browser.count(FOREIGN).await, 0, "{name}");
    assert_eq!(browser.page_width().await, u64::from(view.width), "{name}");
    if view.runs_scripts() {
        let severe = Barriers::of(browser).await.severe;
        assert_eq!(severe, [""; 0], "{name}");
        browser.is_pictured(&format!("{name}-{}", view.width)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_stays_checked_while_the_list_renews_itself() {
    let (office, browser) = tokio::join!(Office::open(), Browser::open(DESKTOP));
    sign_in::signs_in(&browser, &office, "rob").await;
    assert_eq!(held::numbers(&browser).await.len(), HELD.len());
    browser.types("x").await;
    assert_eq!(browser.count(&format!("{BOXES}:checked")).await, 1, "x chooses the open one");
    let decision = office.scene.decision(HELD[3].shop, HELD[3].id, lane::decision::Verdict::Reject, "ada").await;
    office.scene.decides(&decision).await;
    browser.waits_for_text("#tab-held", &(HELD.len() - 1).to_string()).await;
    assert_eq!(held::numbers(&browser).await.len(), HELD.len() - 1, "the list has renewed itself");
    assert_eq!(browser.count(&format!("{BOXES}:checked")).await, 1, "and the choice is not lost");
}
