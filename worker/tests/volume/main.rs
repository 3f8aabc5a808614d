//! How many calls a backlog takes: counts, not times.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests are tests themselves")]

mod market;

use market::carry;

/// Points a second on Shopify's plans: the usual one, and the two largest.
const STANDARD: u32 = 100;
const PLUS: u32 = 1000;
const LARGEST: u32 = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_takes_two_calls_for_each_burst() {
    // A bucket of 20,000 points holds 79 first fetches at the price that is asked for each.
    for (orders, calls) in [(1, 2), (10, 2), (100, 4)] {
        let figures = carry(orders, 100, PLUS).await;
        assert_eq!((figures.calls, figures.fetches as u64, figures.throttled), (calls, orders, 0), "{figures:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_has_more_than_a_hundred_orders() {
    let figures = carry(250, 100, LARGEST).await;
    assert_eq!((figures.writes, figures.calls, figures.throttled), (3, 6, 0), "{figures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_points_of_a_small_plan_bound_a_burst_and_are_kept() {
    let figures = carry(30, 100, STANDARD).await;
    assert!(figures.calls < 20, "{figures:?}");
    assert_eq!((figures.fetches, figures.throttled), (30, 0), "nothing is fetched in vain: {figures:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_bursts_an_order_takes_two_calls() {
    let figures = carry(10, 1, PLUS).await;
    assert_eq!((figures.calls, figures.writes, figures.throttled), (20, 10, 0), "{figures:?}");
    assert!(figures.minutes > 0.4, "the limit of forty a minute is kept: {figures:?}");
}
