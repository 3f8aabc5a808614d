//! What a merchant signs off: each order of `data/orders`, one per rule and oddity, sold at a shop with the terms of
//! `data/shops`, and the whole of what became of it as a reviewed snapshot.
//!
//! An order's file says what it shows, what is sold and what was changed before we were told; and, reckoned by hand, how
//! many units go and what customs must be told they are worth. The program is not asked for either.

mod fixture;
mod shown;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use simulators::Shopify;

use crate::world::{Desk, World, domain, eventually, path};
use fixture::{Ends, Fixture};

/// Times of the orders stand in the snapshots, so they are fixed; noon of a summer's day, in daylight saving time.
const SOLD_AT: &str = "2026-07-14T19:30:05Z";

/// The store that one shop's terms name.
const STORE: u64 = 77;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_order_becomes_what_a_merchant_signs_off() {
    let world = World::start_with(60_000, &[]).await;
    world.shipstation.add_store("ss-key", 1, "Manual Orders", "ShipStation");
    world.shipstation.add_store("ss-key", STORE, "By hand", "ShipStation");
    let fixtures = fixture::all();
    let desk = world.desk().await;
    let shops = by_shop(fixtures);
    for shop in shops.keys() {
        world.on_terms(shop, &fixture::terms(shop)).await;
    }
    let trading = shops.into_values().map(async |fixtures| {
        let mut became = Vec::new();
        for fixture in fixtures {
            let order = sell(&world, &desk, &fixture).await;
            became.push((become_of(&world, &desk, &fixture, &order).await, fixture));
        }
        became
    });
    let all = futures::future::join_all(trading).await.concat();
    let count = |ends: Ends| all.iter().filter(|(_, fixture)| fixture.ends == ends).count();
    assert!(all.len() >= 100 && count(Ends::Done) >= 60 && count(Ends::Held) >= 25 && count(Ends::Skipped) >= 8);
    let wrong: Vec<String> = all.iter().filter_map(|(became, fixture)| as_reckoned(fixture, became).err()).collect();
    assert!(wrong.is_empty(), "{} of {} are not as reckoned:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    for (became, fixture) in &all {
        shown::assert(fixture, &became.shown());
    }
    assert_eq!(world.shipstation.journal().answered(429), 0);
}

/// What the evidence says an approval does is what it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_sends_what_its_evidence_said() {
    let world = World::start_with(60_000, &[]).await;
    let desk = world.desk().await;
    let mut fixtures = fixture::all();
    // Units at the warehouse, and what is declared there.
    let approved = [
        ("customs_three_cents_differ", 3, Some("30.00")),
        ("customs_discount_nobody_allocated", 3, Some("70.00")),
        ("customs_code_missing", 2, Some("33.45")),
        ("asks_about_elsewhere", 2, None),
        ("asks_about_hold", 2, None),
        ("no_address", 1, None),
        ("several_rules_at_once", 11, None),
    ];
    fixtures.retain(|fixture| approved.iter().any(|(name, _, _)| fixture.name == *name));
    for shop in by_shop(fixtures.clone()).keys() {
        world.on_terms(shop, &fixture::terms(shop)).await;
    }
    for (name, units, declares) in approved {
        let fixture = fixtures.iter().find(|fixture| fixture.name == name).unwrap();
        let order = sell(&world, &desk, fixture).await;
        desk.sees(&fixture.shop, &order, "held").await;
        assert_eq!(desk.decides("approve", &fixture.shop, &order).await.0, 200, "{name}");
        desk.sees(&fixture.shop, &order, "done").await;
        let there = world.at_shipstation(&fixture.shop, &order).unwrap();
        assert_eq!(units_of(&there["items"]), units, "{name}");
        let customs = declared(&there["internationalOptions"]["customsItems"]);
        assert_eq!(customs, declares.map(|value| value.parse().unwrap()), "{name}");
    }
}

fn by_shop(fixtures: Vec<Fixture>) -> BTreeMap<String, Vec<Fixture>> {
    let mut shops: BTreeMap<String, Vec<Fixture>> = BTreeMap::new();
    for fixture in fixtures {
        shops.entry(fixture.shop.clone()).or_default().push(fixture);
    }
    shops
}

/// The order is there, and changed, before its webhook comes: what counts is what is fetched.
async fn sell(world: &World, desk: &Desk, fixture: &Fixture) -> Value {
    let shop = &fixture.shop;
    let pause = format!("/api/v1/lanes/orders/{shop}/pause");
    if fixture.also_in_line > 0 {
        assert_eq!(desk.post(&pause, None, &json!({"why": "all of them first"})).await.0, 200);
    }
    let order = put(&world.shopify, fixture);
    assert_eq!(world.delivers(shop, "orders/create", &order).await, 200, "{}", fixture.name);
    for nth in 1..=fixture.also_in_line {
        let another = fixture.another(nth);
        assert_eq!(world.sells(shop, &another).await, 200, "{}", fixture.name);
    }
    if fixture.also_in_line > 0 {
        assert_eq!(desk.post(&pause.replace("pause", "resume"), None, &json!({})).await.0, 200);
    }
    order
}

fn put(shopify: &Shopify, fixture: &Fixture) -> Value {
    let domain = domain(&fixture.shop);
    let id = shopify.load_order(&domain, fixture.order()).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
    for act in fixture.acts(id) {
        shopify.act(&domain, act).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
    }
    shopify.order(&domain, id).unwrap()
}

/// What became of an order: its job, what its timeline says of attempts, and what the warehouse has of it.
#[derive(Clone)]
struct Became {
    job: Value,
    ended: Vec<String>,
    there: Option<Value>,
}

async fn become_of(world: &World, desk: &Desk, fixture: &Fixture, order: &Value) -> Became {
    let shop = &fixture.shop;
    let settled = async || {
        let job = desk.job(shop, order).await;
        match job["state"].as_str() {
            Some("done" | "held" | "skipped" | "failed") => true,
            // It is waiting from the start, too.
            Some("waiting") => !ended(desk, shop, order).await.is_empty(),
            Some(_) | None => false,
        }
    };
    eventually(&format!("{} is settled", fixture.name), settled).await;
    let (job, ended) = (desk.job(shop, order).await, ended(desk, shop, order).await);
    Became { job, ended, there: world.at_shipstation(shop, order) }
}

/// What the timeline says of attempts that ended.
async fn ended(desk: &Desk, shop: &str, order: &Value) -> Vec<String> {
    let timeline = desk.get(&format!("{}/timeline", path(shop, order))).await.1;
    let entries = timeline["entries"].as_array().cloned().unwrap_or_default();
    let of_attempts = entries.iter().filter(|entry| entry["kind"] == "ended");
    of_attempts.map(|entry| entry["words"].as_str().unwrap_or_default().to_owned()).collect()
}

impl Became {
    fn shown(&self) -> String {
        match &self.there {
            Some(order) => shown::order(order),
            None => shown::job(&self.job, &self.ended),
        }
    }
}

/// The figures of the file, which were reckoned by hand.
fn as_reckoned(fixture: &Fixture, became: &Became) -> Result<(), String> {
    let Became { job, there, .. } = became;
    let name = &fixture.name;
    let state = job["state"].as_str().unwrap_or_default();
    if state != fixture.ends.word() || there.is_some() != (fixture.ends == Ends::Done) {
        return Err(format!("{name} is {state}, not {}: {} {}", fixture.ends.word(), job["words"], job["hold"]));
    }
    let reason = job["hold"]["reason"].as_str();
    if reason != fixture.reason.as_deref() {
        return Err(format!("{name} is held because of {reason:?}, not {:?}: {}", fixture.reason, job["hold"]));
    }
    let Some(order) = there else { return Ok(()) };
    let units = units_of(&order["items"]);
    if Some(units) != fixture.units {
        return Err(format!("{name} sends {units} units, not {:?}", fixture.units));
    }
    let customs = &order["internationalOptions"]["customsItems"];
    if declared(customs) != fixture.declares || (customs.is_array() && units_of(customs) != units) {
        return Err(format!("{name} should declare {:?} ({}): {customs}", fixture.declares, fixture.reckoned()));
    }
    Ok(())
}

fn units_of(items: &Value) -> u64 {
    items.as_array().unwrap().iter().map(|item| item["quantity"].as_u64().unwrap()).sum()
}

/// The sum of quantity times value; nothing if nothing is declared.
fn declared(customs: &Value) -> Option<Decimal> {
    let number = |value: &Value| value.to_string().parse::<Decimal>().unwrap();
    Some(customs.as_array()?.iter().map(|item| number(&item["quantity"]) * number(&item["value"])).sum())
}
