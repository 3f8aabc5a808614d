//! Shopify: the API, what merchants do, and the webhooks that tell of it: late, doubled, in any order, and again until they
//! are answered 2xx, as often as Shopify tries.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::http::Request;
use lane::clock::{Clock as _, Timestamp, after, until};
use serde_json::json;
use simulators::orders::Maker;
use simulators::shopify::{Act, Change, Webhook};

use super::{SECRET, World};
use crate::late::Chance;
use crate::plan::{Deed, DeedKind};
use crate::wire::{self, exchange};

/// How long Shopify waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long Shopify waits before each of its eight further tries: four hours in all.
const AGAIN_S: [u64; 8] = [10, 30, 60, 300, 900, 1800, 3600, 7500];

/// One webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) shop: usize,
    pub(crate) order: u64,
    pub(crate) topic: String,
    /// Each try: when it was sent, and how it was answered. 0 is no answer.
    pub(crate) tries: Vec<(Timestamp, u16)>,
    /// When it was answered 2xx.
    pub(crate) accepted: Option<Timestamp>,
    /// Whether Shopify has given up.
    pub(crate) given_up: bool,
}

impl Delivery {
    /// Whether the order is in its body: it is accepted with the first of these.
    pub(crate) fn carries_it(&self) -> bool {
        ["orders/create", "orders/paid", "orders/updated", "orders/cancelled"].contains(&self.topic.as_str())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.accepted.is_none() && !self.given_up
    }
}

pub(super) async fn run(world: Arc<World>) -> turmoil::Result {
    let merchants = Arc::clone(&world);
    tokio::spawn(async move { trade(merchants).await });
    let converse = move |stream| {
        let shopify = world.shopify.clone();
        async move { shopify.converse(stream).await }
    };
    Ok(wire::accept(80, converse).await?)
}

async fn trade(world: Arc<World>) {
    let chance = Arc::new(Chance::of(world.plan.seed ^ 0x5e11));
    let start = tokio::time::Instant::now();
    for (at, deed) in world.plan.deeds.clone() {
        tokio::time::sleep_until(start + at).await;
        let (shop, order) = (deed.shop, maker(&world, deed.shop).order_id(deed.number));
        let told = act(&world, &deed);
        for webhook in told {
            let copies = if chance.strikes(0.15) { 2 } else { 1 };
            let event = world.deliveries.lock().unwrap().len();
            for copy in 0..copies {
                let number = {
                    let mut deliveries = world.deliveries.lock().unwrap();
                    let topic = webhook.topic.clone();
                    deliveries.push(Delivery {
                        shop,
                        order,
                        topic,
                        tries: Vec::new(),
                        accepted: None,
                        given_up: false,
                    });
                    deliveries.len() - 1
                };
                let late = if chance.strikes(0.2) { chance.ms(0, 15_000) } else { chance.ms(0, 400) };
                // Another subscription tells of the same event under an id of its own, a repetition under the same.
                let id = if chance.strikes(0.5) { event } else { event + 1_000_000 * copy };
                tokio::spawn(deliver(Arc::clone(&world), webhook.clone(), number, (id, event), late));
            }
        }
        world.deeds_left.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn maker(world: &World, shop: usize) -> Maker {
    Maker::new(world.plan.seed % 1000 * 10 + shop as u64, "USD").ship_country("US").total_about(8_000)
}

fn act(world: &World, deed: &Deed) -> Vec<Webhook> {
    let (maker, domain) = (maker(world, deed.shop), world.plan.shops[deed.shop].domain());
    let (now, order) = (world.clock.now(), maker.order_id(deed.number));
    let act = match deed.kind {
        DeedKind::Sell => Act::Place { order: maker.order(deed.number, now) },
        DeedKind::Readdress => {
            Act::Readdress { order, address: json!({"address1": format!("{} New Street", now.as_second() % 10_000)}) }
        }
        DeedKind::Tag => Act::Tag { order, tags: vec![format!("tag {}", now.as_second())] },
        DeedKind::Reduce => {
            let line = world.shopify.order(&domain, order).unwrap()["line_items"][0]["id"].to_string();
            Act::Edit { order, changes: vec![Change::Quantity { line, to: 1 }] }
        }
        DeedKind::Cancel => Act::Cancel { order, reason: "customer".into() },
    };
    // A cancelled order cannot be changed; then nothing is told.
    world.shopify.act(&domain, act).unwrap_or_default()
}

async fn deliver(world: Arc<World>, webhook: Webhook, number: usize, (id, event): (usize, usize), late: Duration) {
    tokio::time::sleep(late).await;
    let domain = world.plan.shops[world.deliveries.lock().unwrap()[number].shop].domain();
    let (body, headers) = webhook.signed(&domain, SECRET, &format!("delivery-{id}"), &format!("event-{event}"));
    let mut waits = AGAIN_S.iter();
    loop {
        let sent = world.clock.now();
        let mut request = Request::post("http://lanekeeper/webhooks/shopify").header("Content-Length", body.len());
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(Bytes::from(body.clone()))).unwrap();
        let answer = tokio::time::timeout(PATIENCE, exchange(request)).await;
        let status = answer.ok().and_then(Result::ok).map_or(0, |answer| answer.status().as_u16());
        {
            let delivery = &mut world.deliveries.lock().unwrap()[number];
            delivery.tries.push((sent, status));
            if (200..300).contains(&status) {
                delivery.accepted = Some(world.clock.now());
                return;
            }
        }
        let Some(wait) = waits.next() else {
            world.deliveries.lock().unwrap()[number].given_up = true;
            return;
        };
        let again = after(sent, Duration::from_secs(*wait));
        // The clock may be set on at any time.
        while world.clock.now() < again {
            tokio::time::sleep(until(world.clock.now(), again).min(Duration::from_secs(1))).await;
        }
    }
}
