//! Orders at the edges of what an order may be.

use serde_json::json;
use simulators::orders::Maker;

use ::lane::clock::Clock as _;
use ::lane::outcome::Outcome;

use super::bench::{Bench, DOMAIN};

/// Attempts it until it is carried out, and waits between the attempts as it is told. Returns how often it waited.
async fn arrives(bench: &mut Bench) -> usize {
    for waits in 0..20 {
        let outcome = bench.attempt().await;
        if let Outcome::Done(_) = outcome {
            return waits;
        }
        let Outcome::Wait { until, .. } = outcome else { panic!("{outcome:?}") };
        let wait = until.duration_since(bench.clock.now()).as_secs();
        bench.pass(u64::try_from(wait).unwrap() + 1);
    }
    panic!("it waits for ever")
}

#[tokio::test]
async fn an_order_of_500_lines_arrives_whole_although_no_bucket_holds_its_points() {
    let order = Maker::new(7, "USD").lines(500).order(1001, "2026-11-20T10:00:00Z".parse().unwrap());
    let wanted: Vec<String> =
        order["line_items"].as_array().unwrap().iter().map(|line| line["id"].to_string()).collect();
    let mut bench = Bench::with_order(order).await;
    let waits = arrives(&mut bench).await;
    assert!((1..=6).contains(&waits), "{waits} waits");
    // 20 pages of lines and 5 of the part's lines, once each, and the first page with every attempt; no attempt costs
    // more than one call that the shop refuses.
    let calls = bench.shopify.journal().call_count();
    assert!(calls <= 25 + 2 * (waits + 1), "{calls} calls");
    let order = bench.at_warehouse();
    let keys: Vec<&str> =
        order["items"].as_array().unwrap().iter().map(|line| line["lineItemKey"].as_str().unwrap()).collect();
    assert_eq!(keys, wanted);
    let report = bench.report.unwrap();
    let remembered = serde_json::to_string(&report.reach).unwrap().len();
    assert!(remembered < 40_000, "{remembered} bytes are remembered");
}

#[tokio::test]
async fn a_long_order_that_runs_the_shop_dry_waits_for_a_full_bucket_and_then_goes_on() {
    let order = Maker::new(7, "USD").lines(120).order(1001, "2026-11-20T10:00:00Z".parse().unwrap());
    let limits = simulators::shopify::Settings { maximum_available: 1000, restore_rate: 20, ..Default::default() };
    let mut bench = Bench::under(order, limits).await;
    bench.spends_points(300).await;
    let Outcome::Wait { until, .. } = bench.attempt().await else { panic!("no wait") };
    let wait = until.duration_since(bench.clock.now()).as_secs();
    assert!(wait > 20, "{wait} s do not fill the bucket");
    bench.pass(u64::try_from(wait).unwrap() + 1);
    arrives(&mut bench).await;
    assert_eq!(bench.at_warehouse()["items"].as_array().unwrap().len(), 120);
}

#[tokio::test]
async fn a_long_order_that_changes_while_it_waits_for_points_is_fetched_anew() {
    let order = Maker::new(7, "USD").lines(300).order(1001, "2026-11-20T10:00:00Z".parse().unwrap());
    let id = order["id"].as_u64().unwrap();
    let mut bench = Bench::with_order(order).await;
    let Outcome::Wait { until, .. } = bench.attempt().await else { panic!("no wait") };
    let wait = until.duration_since(bench.clock.now()).as_secs();
    bench.pass(u64::try_from(wait).unwrap() + 1);
    bench.shopify.change_order(DOMAIN, id, |order| order["line_items"][20]["title"] = json!("Newer")).unwrap();
    bench.shopify.change_order(DOMAIN, id, |order| order["line_items"][20]["name"] = json!("Newer")).unwrap();
    arrives(&mut bench).await;
    assert_eq!(bench.at_warehouse()["items"][20]["name"], "Newer");
}

#[tokio::test]
async fn an_order_that_changes_between_two_pages_is_fetched_anew() {
    let order = Maker::new(7, "USD").lines(60).order(1001, "2026-11-20T10:00:00Z".parse().unwrap());
    let id = order["id"].as_u64().unwrap();
    let mut bench = Bench::with_order(order).await;
    // The second page is late, and the order changes meanwhile.
    let slow = simulators::faults::Effect::Delay(std::time::Duration::from_millis(600));
    bench.shopify.faults().push(simulators::faults::Fault::next(slow).after(1));
    let (shopify, clock) = (bench.shopify.clone(), bench.clock.clone());
    let merchant = tokio::spawn(async move {
        while shopify.journal().call_count() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        clock.advance(std::time::Duration::from_secs(1));
        shopify.change_order(DOMAIN, id, |order| order["note"] = json!("newer")).unwrap();
    });
    bench.done().await;
    merchant.await.unwrap();
    // Two pages of the older state, four of the newer: three of lines and one of the part's lines.
    assert_eq!(bench.shopify.journal().call_count(), 6);
    assert_eq!(bench.at_warehouse()["customerNotes"], "newer");
}

#[tokio::test]
async fn yen_have_no_decimals_and_dinars_have_three() {
    for currency in ["JPY", "KWD"] {
        let order = Maker::new(7, currency).order(1001, "2026-11-20T10:00:00Z".parse().unwrap());
        let total = order["total_price"].as_str().unwrap().to_owned();
        let mut bench = Bench::with_order(order).await;
        bench.done().await;
        let paid = bench.at_warehouse()["amountPaid"].to_string();
        let same = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap().normalize();
        assert_eq!(same(&paid), same(&total), "{currency}");
    }
}

#[tokio::test]
async fn ids_beyond_2_53_keep_every_digit() {
    let mut bench = Bench::start().await;
    assert!(bench.id > 1 << 53);
    let proof = bench.done().await;
    assert_eq!(proof.key, format!("acme-{}", bench.id));
    let line = bench.shopify.order(DOMAIN, bench.id).unwrap()["line_items"][0]["id"].to_string();
    assert_eq!(bench.at_warehouse()["items"][0]["lineItemKey"], line);
}

#[tokio::test]
async fn fields_that_are_null_or_empty_stop_nothing() {
    let mut bench = Bench::with(|order| {
        for field in ["email", "note", "customer", "billing_address", "total_weight"] {
            order[field] = json!(null);
        }
        order["shipping_lines"] = json!([]);
        order["line_items"][0]["sku"] = json!(null);
        for field in ["company", "address2", "province_code", "phone"] {
            order["shipping_address"][field] = json!(null);
        }
    })
    .await;
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(order["billTo"]["city"], order["shipTo"]["city"]);
}

#[tokio::test]
async fn a_number_that_others_begin_with_finds_its_own_order() {
    let mut bench = Bench::with(|order| order["name"] = json!("#1")).await;
    bench.neighbours(30).await;
    bench.attempt_and_die().await;
    let made = bench.shipstation.order_by_key(&format!("acme-{}", bench.id)).unwrap();
    assert_eq!(bench.done().await.reference, made["orderId"].to_string());
    assert_eq!(bench.shipstation.orders().len(), 31);
}
