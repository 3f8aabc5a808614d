//! What happens in each run: a shop sells eight orders, one webhook comes twice, one order changes, one is held and
//! approved. Whoever is not answered comes again, as Shopify would, only sooner.

use lane::clock::{Clock as _, SystemClock};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use serde_json::{Value, json};
use simulators::orders::{Maker, headers, sign};

use crate::order::MARK;
use crate::program::LOOK;
use crate::stage::{DOMAIN, SECRET, Stage};

/// The street an order is redirected to.
pub(crate) const NEW_STREET: &str = "99 Changed Street";

/// Which order changes its address, and which is held.
pub(crate) const CHANGED: usize = 1;
pub(crate) const HELD: usize = 6;

/// A signed webhook.
#[derive(Clone)]
struct Delivery {
    id: String,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Delivery {
    fn of(number: usize, topic: &str, order: &Value) -> Self {
        let id = format!("{MARK}{number:06}");
        let body = serde_json::to_vec(order).unwrap();
        let headers = headers(topic, DOMAIN, &id, &format!("event-{number}"), sign(&body, SECRET));
        Self { id, body, headers }
    }
}

/// What a run has done.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The deliveries that were answered 2xx.
    pub(crate) accepted: Vec<String>,
    /// How many were answered 503.
    pub(crate) refused: usize,
    /// The orders that were sold.
    pub(crate) sold: Vec<Value>,
}

/// Plays it to its end, through all deaths.
pub(crate) async fn play(stage: &mut Stage) -> Told {
    let mut told = Told::default();
    let now = SystemClock::start().now();
    let small = Maker::new(7, "USD").ship_country("US").total_about(8_000).lines(2);
    let large = Maker::new(8, "USD").ship_country("US").total_about(90_000).lines(2);
    let order = |at: usize| {
        let mut order = if at == HELD { &large } else { &small }.order(1001 + at as u64, now);
        order["landing_site"] = json!(format!("/?click={}", noise(at as u64)));
        order
    };
    told.sold = (0..8).map(order).collect();
    for order in &told.sold {
        stage.providers.shopify.put_order(DOMAIN, order.clone()).expect("the simulator takes the order");
    }
    let create = |at: usize| Delivery::of(at + 1, "orders/create", &told.sold[at]);
    let all: Vec<Delivery> = (0..8).map(create).collect();
    for delivery in [&all[0], &all[1], &all[0], &all[2]] {
        deliver(stage, &mut told, delivery).await;
    }
    together(stage, &mut told, &all[3..6]).await;
    let id = told.sold[CHANGED]["id"].as_u64().unwrap();
    let changed = stage.providers.shopify.change_order(DOMAIN, id, |order| {
        order["shipping_address"]["address1"] = json!(NEW_STREET);
    });
    deliver(stage, &mut told, &Delivery::of(9, "orders/updated", &changed.unwrap())).await;
    deliver(stage, &mut told, &all[HELD]).await;
    approve(stage, &told.sold[HELD]).await;
    deliver(stage, &mut told, &all[7]).await;
    finish(stage, &told.sold).await;
    told
}

/// What an advertisement put behind an address, in a length that fills the log: it has to start over in each run.
fn noise(seed: u64) -> String {
    let mut chance = StdRng::seed_from_u64(seed);
    (0..2_000).fold(String::new(), |text, _| text + &format!("{:016x}", chance.next_u64()))
}

/// Sells one order and waits until it is carried out.
pub(crate) async fn sell_one(stage: &mut Stage) -> Told {
    let mut told = Told::default();
    let order = Maker::new(7, "USD").ship_country("US").total_about(8_000).order(1001, SystemClock::start().now());
    stage.providers.shopify.put_order(DOMAIN, order.clone()).expect("the simulator takes the order");
    told.sold = vec![order];
    let delivery = Delivery::of(1, "orders/create", &told.sold[0]);
    deliver(stage, &mut told, &delivery).await;
    finish(stage, &told.sold).await;
    told
}

async fn deliver(stage: &mut Stage, told: &mut Told, delivery: &Delivery) {
    stage
        .until(&format!("{} is answered 2xx", delivery.id), async |stage| match post(stage, delivery).await {
            Some(200) => true,
            Some(503) => {
                told.refused += 1;
                false
            }
            Some(status) => panic!("{} was answered {status}", delivery.id),
            None => false,
        })
        .await;
    told.accepted.push(delivery.id.clone());
}

/// Delivers several at once, and again whatever was not answered 2xx.
async fn together(stage: &mut Stage, told: &mut Told, deliveries: &[Delivery]) {
    let here: &Stage = stage;
    let answers = futures::future::join_all(deliveries.iter().map(|delivery| post(here, delivery))).await;
    for (delivery, answer) in deliveries.iter().zip(answers) {
        if answer == Some(200) {
            told.accepted.push(delivery.id.clone());
        } else {
            deliver(stage, told, delivery).await;
        }
    }
}

async fn post(stage: &Stage, delivery: &Delivery) -> Option<u16> {
    let (webhooks, _) = stage.addresses()?;
    let mut request = stage.http.post(format!("http://{webhooks}/webhooks/shopify")).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(*name, value);
    }
    Some(request.send().await.ok()?.status().as_u16())
}

async fn get(stage: &Stage, path: &str) -> Option<Value> {
    let (_, review) = stage.addresses()?;
    let answer = stage.http.get(format!("http://{review}{path}")).bearer_auth(&stage.token).send().await.ok()?;
    answer.json().await.ok()
}

/// A person approves what is held, and asks again until there is an answer. A second approval learns of the first.
async fn approve(stage: &mut Stage, order: &Value) {
    let path = format!("/api/v1/jobs/orders/acme/{}", order["id"]);
    let mut question = Value::Null;
    stage
        .until("the large order is held", async |stage| {
            let job = get(stage, &path).await.unwrap_or_default();
            question = job["question"].clone();
            job["state"] == "held"
        })
        .await;
    let body = json!({"hold": question["number"], "fingerprint": question["fingerprint"], "note": "checked"});
    stage
        .until("the approval is answered", async |stage| {
            let Some((_, review)) = stage.addresses() else { return false };
            let request = stage.http.post(format!("http://{review}{path}/approve")).bearer_auth(&stage.token);
            let Ok(answer) = request.json(&body).send().await else { return false };
            match answer.status().as_u16() {
                200 => true,
                409 => {
                    let said: Value = answer.json().await.unwrap_or_default();
                    assert_eq!(said["decided"]["by"], "ann", "only ann decides here: {said}");
                    true
                }
                500..=599 => false,
                status => panic!("the approval was answered {status}: {}", answer.text().await.unwrap_or_default()),
            }
        })
        .await;
}

/// Waits until every order is done.
async fn finish(stage: &mut Stage, sold: &[Value]) {
    stage
        .until("every order is done", async |stage| {
            let page = get(stage, "/api/v1/jobs?state=done&shop=acme&limit=50").await.unwrap_or_default();
            let done = page["rows"].as_array().map_or(0, Vec::len);
            let arrived = |order: &Value| stage.providers.shipstation.order_by_key(&key(order)).is_some();
            let is_done = done == sold.len() && sold.iter().all(arrived) && changes_arrived(stage, sold);
            if !is_done {
                tokio::time::sleep(LOOK).await;
            }
            is_done
        })
        .await;
}

/// Whether the order that changed its address, if it was sold, is at the warehouse with the new one.
pub(crate) fn changes_arrived(stage: &Stage, sold: &[Value]) -> bool {
    let Some(order) = sold.get(CHANGED) else { return true };
    let there = stage.providers.shipstation.order_by_key(&key(order)).unwrap_or_default();
    there["shipTo"]["street1"] == NEW_STREET
}

/// The key of an order at the warehouse.
pub(crate) fn key(order: &Value) -> String {
    format!("acme-{}", order["id"])
}
