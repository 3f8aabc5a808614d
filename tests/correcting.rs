//! Mode `correct`: the warehouse imports the shop's orders by itself; we wait until one is there, correct what customs is
//! told about it, and nothing else. We never make a copy: a second copy is a second parcel.

use lane::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use simulators::journal::Kind;
use simulators::orders::{Item, Reduction, Sale};
use simulators::shipstation::Importing;
use simulators::shopify::{Act, Change};

use crate::world::{Desk, World, domain, eventually, path};

const STORE: u64 = 42;
const CORRECT: &str = "[carriage]\nmode = \"correct\"\nstore = 42\n";

async fn with_import(importing: Importing) -> (World, Desk) {
    let world = World::start().await;
    world.shipstation.add_importing_store("ss-key", STORE, "Acme at Shopify", importing);
    world.on_terms("acme", CORRECT).await;
    let desk = world.desk().await;
    (world, desk)
}

/// Three mugs at 4.00 for 10.00 in all, and socks: 10 % off the order, to Canada. What the import makes of it knows
/// nothing of the 10 %.
fn a_sale(number: u64, country: &str) -> Value {
    let mug = Item::new("MUG", "4.00".parse().unwrap(), 3).customs("732394", "PL");
    let socks = Item::new("SOCKS", "14.50".parse().unwrap(), 2).customs("611594", "IT");
    let sale = Sale::new("USD").country(country).item(mug).item(socks).shipping("Standard", "standard", 5.into());
    sale.discount(Reduction::percent(10.into()).code("TEN")).order(number, SystemClock::start().now())
}

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

/// The one order with this number.
fn imported(world: &World, order: &Value) -> Value {
    let number = order["name"].as_str().unwrap().trim_start_matches('#');
    let mut all = world.shipstation.orders();
    all.retain(|there| there["orderNumber"].as_str().unwrap().trim_start_matches('#') == number);
    assert_eq!(all.len(), 1, "{number}: {all:?}");
    all.remove(0)
}

/// Everything but customs and the time of the last change.
fn rest(there: &Value) -> Value {
    let mut there = there.clone();
    there["internationalOptions"]["customsItems"] = Value::Null;
    there["modifyDate"] = Value::Null;
    for item in there["items"].as_array_mut().unwrap() {
        item["modifyDate"] = Value::Null;
    }
    there
}

/// What customs is told: units and value of one, sorted.
fn declared(there: &Value) -> Vec<(u64, String, Value, Value)> {
    let items = there["internationalOptions"]["customsItems"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<_> = items
        .iter()
        .map(|item| {
            let codes = (item["harmonizedTariffCode"].clone(), item["countryOfOrigin"].clone());
            (item["quantity"].as_u64().unwrap(), item["value"].to_string(), codes.0, codes.1)
        })
        .collect();
    all.sort_by_key(|(units, value, _, _)| (*units, value.clone()));
    all
}

fn nothing_was_made(world: &World) {
    let made = world.shipstation.journal().commits();
    assert!(made.iter().all(|commit| commit.kind != Kind::Created), "{made:?}");
}

async fn waits_for_the_import(desk: &Desk, order: &Value) {
    let timeline = format!("{}/timeline", path("acme", order));
    eventually("it waits for the import", async || {
        desk.get(&timeline).await.1.to_string().contains("has not imported it yet")
    })
    .await;
    assert_eq!(desk.job("acme", order).await["state"], "waiting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_order_is_waited_for_and_only_its_customs_are_corrected() {
    for importing in
        [Importing::from_shop(&domain("acme")), Importing::from_shop(&domain("acme")).without_hash().with_opaque_keys()]
    {
        let (world, desk) = with_import(importing).await;
        let order = a_sale(1001, "CA");
        world.sells("acme", &order).await;
        waits_for_the_import(&desk, &order).await;
        assert!(world.shipstation.orders().is_empty(), "nothing is made instead");

        let there = world.shopify.order(&domain("acme"), id(&order)).unwrap();
        world.shipstation.import_order(&domain("acme"), &there).unwrap();
        let before = imported(&world, &order);
        // Any webhook of the order brings it back before its time.
        let assess = Act::Assess { order: id(&order), recommendation: "ACCEPT".into(), level: "LOW".into() };
        world.does("acme", assess).await;
        desk.sees("acme", &order, "done").await;
        let after = imported(&world, &order);
        // 12.00 and 29.00 make 41.00; 4.10 off is 1.20 and 2.90: 10.80 = 3 x 3.60, 26.10 = 2 x 13.05.
        let expected = [
            (2, "13.05".to_owned(), json!("611594"), json!("IT")),
            (3, "3.6".to_owned(), json!("732394"), json!("PL")),
        ];
        assert_eq!(declared(&after), expected);
        assert_ne!(declared(&before), expected, "the import knows nothing of the order's discount");
        assert_eq!(rest(&after), rest(&before), "nothing else changed");
        nothing_was_made(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_within_the_country_and_one_that_is_right_already_are_left_alone() {
    let (world, desk) = with_import(Importing::from_shop(&domain("acme"))).await;
    let order = a_sale(1001, "US");
    world.shopify.put_order(&domain("acme"), order.clone());
    world
        .shipstation
        .import_order(&domain("acme"), &world.shopify.order(&domain("acme"), id(&order)).unwrap())
        .unwrap();
    let before = imported(&world, &order);
    world.sells("acme", &order).await;
    desk.sees("acme", &order, "done").await;
    assert_eq!(imported(&world, &order), before);
    assert!(world.shipstation.journal().calls_to("createorder").is_empty());
    assert!(world.shipstation.journal().calls_to("createorders").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_shop_changes_later_changes_its_customs_and_what_has_shipped_is_held() {
    let (world, desk) = with_import(Importing::from_shop(&domain("acme"))).await;
    let order = a_sale(1001, "CA");
    world.shopify.put_order(&domain("acme"), order.clone());
    world
        .shipstation
        .import_order(&domain("acme"), &world.shopify.order(&domain("acme"), id(&order)).unwrap())
        .unwrap();
    world.sells("acme", &order).await;
    desk.sees("acme", &order, "done").await;
    let edit = |to| Act::Edit { order: id(&order), changes: vec![Change::Quantity { line: "SOCKS".into(), to }] };
    world.does("acme", edit(1)).await;
    eventually("one pair is declared", async || {
        declared(&imported(&world, &order)).iter().any(|(units, value, _, _)| (*units, value.as_str()) == (1, "13.05"))
    })
    .await;
    desk.sees("acme", &order, "done").await;
    let shipped = world.shipstation.ship(imported(&world, &order)["orderId"].as_u64().unwrap()).unwrap();
    world.does("acme", edit(0)).await;
    let held = desk.sees("acme", &order, "held").await;
    assert_eq!(held["hold"]["reason"], "already_shipped");
    assert_eq!(imported(&world, &order), shipped);
    nothing_was_made(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_puts_the_imported_order_on_hold_there() {
    let world = World::start().await;
    world.shipstation.add_importing_store("ss-key", STORE, "Acme at Shopify", Importing::from_shop(&domain("acme")));
    world.on_terms("acme", &format!("{CORRECT}[[hold.rules]]\nwhen = \"everything\"\n")).await;
    let order = a_sale(1001, "CA");
    world.shopify.put_order(&domain("acme"), order.clone());
    world
        .shipstation
        .import_order(&domain("acme"), &world.shopify.order(&domain("acme"), id(&order)).unwrap())
        .unwrap();
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "held").await;
    assert_eq!(imported(&world, &order)["orderStatus"], "on_hold");
    assert_eq!(desk.decides("approve", "acme", &order).await.0, 200);
    desk.sees("acme", &order, "done").await;
    let there = imported(&world, &order);
    assert_eq!(there["orderStatus"], "awaiting_shipment");
    assert_eq!(declared(&there).len(), 2);
    nothing_was_made(&world);
}
