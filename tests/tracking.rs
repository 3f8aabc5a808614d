//! Tracking comes back: what the warehouse ships becomes fulfilments at the shop, each once, however often and however
//! badly it is told; and only where the shop wants it.

use std::sync::Arc;

use lane::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use simulators::shipstation::{self, Fate, Label, Trouble};
use simulators::{ShipStation, journal};

use crate::world::{Desk, World, a_sale, domain, eventually, path};

const BACK: &str = "[carriage.tracking]\nback = true\n";

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

/// A world with a shop that wants tracking, and so many of its orders at the warehouse.
async fn with_orders(count: u64) -> (World, Desk, Vec<Value>) {
    let world = World::start().await;
    world.on_terms("acme", BACK).await;
    world.hears_of_labels().await;
    let desk = world.desk().await;
    let orders: Vec<Value> = (1001..1001 + count).map(a_sale).collect();
    for order in &orders {
        world.sells("acme", order).await;
    }
    for order in &orders {
        desk.sees("acme", order, "done").await;
    }
    (world, desk, orders)
}

fn there(world: &World, order: &Value) -> u64 {
    world.at_shipstation("acme", order).unwrap()["orderId"].as_u64().unwrap()
}

fn fulfilments(world: &World, order: &Value) -> Vec<Value> {
    let order = world.shopify.order(&domain("acme"), id(order)).unwrap();
    order["fulfillments"].as_array().cloned().unwrap_or_default()
}

/// Carrier, number and units by SKU of a fulfilment.
type Told = (String, String, Vec<(String, u64)>);

/// What the shop was told of an order.
fn told(world: &World, order: &Value) -> Vec<Told> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = fulfilments(world, order).into_iter().map(|fulfilment| {
        let lines = fulfilment["line_items"].as_array().unwrap();
        let units = lines.iter().map(|line| (text(&line["sku"]), line["quantity"].as_u64().unwrap())).collect();
        (text(&fulfilment["tracking_company"]), text(&fulfilment["tracking_number"]), units)
    });
    all.collect()
}

async fn tells(world: &World, order: &Value, count: usize) {
    let what = format!("{count} fulfilments of {}", order["name"]);
    eventually(&what, async || fulfilments(world, order).len() >= count).await;
}

fn units(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect()
}

/// How often the shop was told anything, of whichever order.
fn fulfilled(world: &World) -> usize {
    world.shopify.journal().commits().iter().filter(|commit| commit.kind == journal::Kind::Fulfilled).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_become_fulfilments_with_carrier_and_number_once_each() {
    let (world, desk, orders) = with_orders(5).await;
    let [whole, split, doubled, lost, by_hand] = &orders[..] else { panic!("five orders") };
    let line = |sku: &str| {
        let order = whole["line_items"].as_array().unwrap();
        order.iter().position(|line| line["sku"] == sku).unwrap()
    };
    let key = |order: &Value, sku: &str| order["line_items"][line(sku)]["id"].to_string();
    // The first notice tells of one parcel with everything in it.
    let everything = Label::of("stamps_com", "usps_priority_mail").tracking("9400-WHOLE");
    world.shipstation.label(there(&world, whole), &everything).unwrap();
    // Two parcels of one order, told together: two of three mugs, then the rest.
    let two = Label::of("ups_walleted", "ups_ground").tracking("1Z-FIRST").line(&key(split, "MUG"), 2);
    let rest = Label::of("fedex", "fedex_ground")
        .tracking("7744-SECOND")
        .line(&key(split, "MUG"), 1)
        .line(&key(split, "SOCKS"), 2);
    world.shipstation.label_together(&[(there(&world, split), two), (there(&world, split), rest)]).unwrap();
    // One notice comes twice, another never.
    world.shipstation.trouble_webhook(Trouble::Double);
    world.shipstation.label(there(&world, doubled), &Label::of("stamps_com", "x").tracking("9400-TWICE")).unwrap();
    world.shipstation.trouble_webhook(Trouble::Drop);
    world.shipstation.label(there(&world, lost), &Label::of("stamps_com", "x").tracking("9400-LOST")).unwrap();
    // What is marked as shipped is never told of.
    world.shipstation.mark_as_shipped(there(&world, by_hand), "dhl_express", Some("JD-BY-HAND")).unwrap();

    tells(&world, whole, 1).await;
    tells(&world, split, 2).await;
    tells(&world, doubled, 1).await;
    let all = units(&[("MUG", 3), ("SOCKS", 2)]);
    assert_eq!(told(&world, whole), [("USPS".to_owned(), "9400-WHOLE".to_owned(), all.clone())]);
    let mut parcels = told(&world, split);
    parcels.sort();
    let (first, second) = (units(&[("MUG", 2)]), units(&[("MUG", 1), ("SOCKS", 2)]));
    let expected =
        [("FedEx".to_owned(), "7744-SECOND".to_owned(), second), ("UPS".to_owned(), "1Z-FIRST".to_owned(), first)];
    assert_eq!(parcels, expected);
    assert_eq!(told(&world, doubled), [("USPS".to_owned(), "9400-TWICE".to_owned(), all.clone())]);

    // The shop tells us of our own fulfilments, and nothing comes of it.
    for webhook in world.shopify.take_webhooks(&domain("acme")) {
        world.tells("acme", &webhook).await;
    }
    for order in [whole, split, doubled] {
        desk.sees("acme", order, "done").await;
    }
    // The person who looks at an order sees its tracking.
    let timeline = desk.get(&format!("{}/timeline", path("acme", whole))).await.1;
    let entries = timeline["entries"].as_array().unwrap();
    let shipped: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "shipped").collect();
    assert_eq!(shipped.len(), 1, "{timeline}");
    assert!(shipped[0]["words"].as_str().unwrap().contains("9400-WHOLE"), "{timeline}");
    poll_finds_what_no_notice_told(world, desk, [lost, by_hand], all).await;
}

/// Every start looks through everything, as every quarter of an hour does.
async fn poll_finds_what_no_notice_told(
    mut world: World,
    mut desk: Desk,
    untold: [&Value; 2],
    all: Vec<(String, u64)>,
) {
    let before = fulfilled(&world);
    for order in untold {
        assert_eq!(fulfilments(&world, order).len(), 0, "nobody has told of it");
    }
    world.restart().await;
    desk.moved(&world);
    for (order, carrier, number) in [(untold[0], "USPS", "9400-LOST"), (untold[1], "DHL Express", "JD-BY-HAND")] {
        tells(&world, order, 1).await;
        assert_eq!(told(&world, order), [(carrier.to_owned(), number.to_owned(), all.clone())]);
        desk.sees("acme", order, "done").await;
    }
    assert_eq!(fulfilled(&world), before + 2, "what was told before is not told again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_warehouses_own_address_is_followed() {
    let (world, _, orders) = with_orders(2).await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let stranger =
        ShipStation::start(([127, 0, 0, 1], 0).into(), shipstation::Settings::default(), clock).await.unwrap();
    // Another port of the same host, which also would take the credentials, and another host.
    let addresses = [
        format!("{}/shipments?batchId=1", stranger.base_url()),
        format!("{}/shipments?batchId=1", stranger.base_url().replace("127.0.0.1", "localhost")),
        "https://ssapi.shipstation.com.example/shipments?batchId=1".to_owned(),
    ];
    for address in addresses {
        world.shipstation.trouble_webhook(Trouble::Foreign(address));
        world.shipstation.label(there(&world, &orders[0]), &label_of_one(&orders[0])).ok();
    }
    world.shipstation.webhooks_settled().await;
    assert_eq!(world.shipstation.webhooks_sent().len(), 3);
    // A notice after them is followed, so theirs were looked at.
    world.shipstation.label(there(&world, &orders[1]), &Label::default().tracking("9400-GOOD")).unwrap();
    tells(&world, &orders[1], 1).await;
    assert!(stranger.journal().calls().is_empty(), "credentials went to a stranger");
}

/// One mug, so that there can be several labels.
fn label_of_one(order: &Value) -> Label {
    let lines = order["line_items"].as_array().unwrap();
    let mug = lines.iter().find(|line| line["sku"] == "MUG").unwrap();
    Label::default().line(&mug["id"].to_string(), 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_needs_the_secret_and_a_shop_that_does_not_want_tracking_is_told_nothing() {
    let (world, desk, orders) = with_orders(1).await;
    world.shop("bolt", &[]).await;
    let quiet = a_sale(1001);
    world.sells("bolt", &quiet).await;
    desk.sees("bolt", &quiet, "done").await;
    let notices = world.program.webhooks().replace("shopify", "shipstation/main");
    for secret in ["", "/guessed-guessed-guessed", "/notices-of-this-test-alon"] {
        let body = json!({"resource_url": format!("{}/shipments", world.shipstation.base_url()), "resource_type": "SHIP_NOTIFY"});
        let answer = world.http.post(format!("{notices}{secret}")).json(&body).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{secret}: {}", answer.status());
    }
    let order = world.at_shipstation("bolt", &quiet).unwrap();
    world.shipstation.label(order["orderId"].as_u64().unwrap(), &Label::default()).unwrap();
    world.shipstation.label(there(&world, &orders[0]), &Label::default()).unwrap();
    tells(&world, &orders[0], 1).await;
    let untold = world.shopify.order(&domain("bolt"), id(&quiet)).unwrap();
    assert_eq!(untold["fulfillments"], json!([]));
    world.shipstation.webhooks_settled().await;
    let answered = world.shipstation.webhooks_sent();
    assert!(answered.iter().all(|notice| notice.fate == Fate::Answered(200)), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tracking_that_the_shop_does_not_take_waits_for_a_person() {
    let (world, desk, orders) = with_orders(1).await;
    // The shop took the app's right to fulfil away.
    let reads = ["orders", "products", "customers", "locations"].map(|what| format!("read_{what}"));
    let parts = ["merchant_managed", "assigned", "third_party"].map(|whose| format!("read_{whose}_fulfillment_orders"));
    let scopes: Vec<&str> = reads.iter().chain(&parts).map(String::as_str).collect();
    world.shopify.set_scopes(&domain("acme"), &scopes);
    world.shipstation.label(there(&world, &orders[0]), &Label::default().tracking("9400-REFUSED")).unwrap();
    let held = desk.sees("acme", &orders[0], "held").await;
    assert_eq!(held["hold"]["reason"], "tracking_refused");
    let evidence = held["hold"]["evidence"].to_string();
    assert!(evidence.contains("write_merchant_managed_fulfillment_orders"), "it says what to do: {evidence}");
    assert!(fulfilments(&world, &orders[0]).is_empty());
    // It was mended, and a person says go on.
    world.shopify.set_scopes(&domain("acme"), &[scopes, vec!["write_merchant_managed_fulfillment_orders"]].concat());
    assert_eq!(desk.decides("approve", "acme", &orders[0]).await.0, 200);
    desk.sees("acme", &orders[0], "done").await;
    assert_eq!(told(&world, &orders[0])[0].1, "9400-REFUSED");
    assert_eq!(fulfilled(&world), 1);
}
