//! An order is decided on by keyboard alone, whether or not the browser runs scripts.

use lane::decision::Verdict;
use lane::history::Happened;
use lane::state::StateKind;

use crate::browser::{Browser, DESKTOP, PHONE, View};
use crate::office::{HELD, Office};
use crate::pages::{held, sign_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_approved_by_keyboard_alone() {
    an_order_is_approved(DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_approved_without_scripts() {
    an_order_is_approved(DESKTOP.without_scripts()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_approved_on_a_phone() {
    an_order_is_approved(PHONE).await;
}

async fn an_order_is_approved(view: View) {
    const NOTE: &str = "Rang the customer: she moved.";
    let (office, browser) = tokio::join!(Office::open(), Browser::open(view));
    browser.goes_to("data:text/html,<title>off</title><script>document.title='on'</script>").await;
    let runs = browser.asks("return document.title").await;
    assert_eq!(runs, if view.runs_scripts() { "on" } else { "off" }, "the browser is what the test takes it for");

    sign_in::signs_in(&browser, &office, "rob").await;
    let order = HELD[1];
    assert_eq!(held::numbers(&browser).await.len(), HELD.len());
    assert_eq!(office.wake_ups(), 0);
    held::opens(&browser, &order).await;
    held::approves(&browser, order.id, NOTE).await;

    let told = held::told(&browser).await;
    assert!(told.contains(order.number) && told.contains("Approved"), "{told}");
    assert_eq!(held::open(&browser).await, HELD[2].number, "the next one is open");
    let left: Vec<&str> = HELD.iter().map(|held| held.number).filter(|number| *number != order.number).collect();
    assert_eq!(held::numbers(&browser).await, left, "it is gone, and nothing else is");

    let job = office.scene.job(order.shop, order.id).await;
    assert_eq!(job.state.kind(), StateKind::Waiting, "it is back in line");
    let timeline = office.scene.ports.desk.timeline(&job.lane, &job.id).await.unwrap();
    let decided = timeline.iter().filter_map(|entry| {
        let Happened::Decided { verdict, by, note, .. } = &entry.what else { return None };
        Some((*verdict, by.as_str(), note.as_str()))
    });
    assert_eq!(decided.collect::<Vec<_>>(), [(Verdict::Approve, "rob", NOTE)]);
    assert_eq!(office.wake_ups(), 1, "its lane is woken");
    assert_eq!(browser.complaints().await, [""; 0]);
}
