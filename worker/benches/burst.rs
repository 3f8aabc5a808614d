//! Orders put for each call that `ShipStation` permits, at backlogs of 1, 10 and 1,000 orders of one shop, with bursts and
//! without: `cargo bench -p worker --bench burst`.
//!
//! The lane run, the order job and the limiter are the real ones, the providers the simulators with their real limits,
//! and the clock jumps over the waits, so minutes are what a merchant would see, not what the benchmark takes. Calls are
//! counted by the simulator. Everything must arrive exactly once and in order, without a single 429.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "../tests/volume/market.rs"]
mod market;

use market::{Figures, carry};

/// Points a second of a Shopify Plus shop.
const PLUS: u32 = 1000;

#[tokio::main]
async fn main() {
    println!(
        "{:>7} {:>6} {:>7} {:>12} {:>13} {:>6}",
        "orders", "burst", "calls", "orders/call", "orders/minute", "429"
    );
    for orders in [1, 10, 1000] {
        let alone = told(orders, 1, &carry(orders, 1, PLUS).await);
        let together = told(orders, 100, &carry(orders, 100, PLUS).await);
        println!("{:>7} bursts put {:.1} times as many orders per call", "", together / alone);
    }
}

/// Prints a line. Orders for each call.
#[expect(clippy::cast_precision_loss, reason = "the figures are small")]
fn told(orders: u64, burst: u32, figures: &Figures) -> f64 {
    let &Figures { calls, writes, fetches, throttled, minutes } = figures;
    assert_eq!((throttled, fetches as u64, calls), (0, orders, 2 * writes));
    let (per_call, per_minute) = (orders as f64 / calls as f64, orders as f64 / minutes);
    println!("{orders:>7} {burst:>6} {calls:>7} {per_call:>12.1} {per_minute:>13.0} {throttled:>6}");
    per_call
}
