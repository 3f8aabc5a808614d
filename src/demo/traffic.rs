//! Plays Shopify: each shop's orders come in over HTTP, signed, with the repetitions, changes and cancellations of
//! real life. A webhook that is not answered 2xx is delivered again, as Shopify would.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use lane::id::ShopId;
use lane::ports::Desk as _;
use lane::view::{LaneFilter, Page};
use rand::Rng as _;
use rand::rngs::StdRng;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use simulators::orders::Maker;
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::cast::Part;
use super::stage::Stage;
use crate::send::{Delivery, fresh_id};

/// A shop with more orders in line than this sells nothing until a person has looked: somebody left a lane standing.
const IN_LINE_MAX: u64 = 25;

/// How long Shopify would wait before it delivers again, shortened.
const AGAIN: Duration = Duration::from_secs(1);

/// Out of a hundred orders, so many are special in this way.
const HELD: u32 = 15;
const REPEATED: u32 = 12;
const PAID_TOO: u32 = 20;
const CHANGED: u32 = 12;
const CANCELLED: u32 = 5;

/// An order that was answered 2xx.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    /// Which of the shops.
    pub(super) at: usize,
    pub(super) id: u64,
    /// It was changed or cancelled afterwards, so it may have been carried out later or not at all.
    pub(super) altered: bool,
}

/// What all shops share.
pub(super) struct Street {
    stage: Arc<Stage>,
    client: Client,
    to: Url,
    /// How many more orders are to be sold; nothing for as many as there is time for.
    left: Option<AtomicU64>,
    /// In the order of their answers.
    accepted: Mutex<Vec<Accepted>>,
    answered: AtomicU64,
}

impl Street {
    pub(super) fn new(stage: Arc<Stage>, orders: Option<u64>) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let to = stage.webhooks().parse().context("the handler's address")?;
        Ok(Self {
            stage,
            client,
            to,
            left: orders.map(AtomicU64::new),
            accepted: Mutex::default(),
            answered: AtomicU64::default(),
        })
    }

    /// Where it lies.
    pub(super) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// How many deliveries were answered 2xx.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Everything that was answered 2xx.
    pub(super) fn accepted(&self) -> Vec<Accepted> {
        self.book().clone()
    }

    fn book(&self) -> MutexGuard<'_, Vec<Accepted>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing more will be sold.
    pub(super) fn is_sold_out(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::SeqCst) == 0)
    }

    /// The right to sell one more.
    fn take_turn(&self) -> bool {
        self.left.as_ref().is_none_or(|left| {
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        })
    }

    fn alter(&self, id: u64) {
        if let Some(order) = self.book().iter_mut().find(|order| order.id == id) {
            order.altered = true;
        }
    }
}

/// One shop.
struct Seller {
    street: Arc<Street>,
    at: usize,
    part: &'static Part,
    id: Option<ShopId>,
    domain: String,
    chance: StdRng,
    next: u64,
    recent: Vec<u64>,
}

/// Sells orders of one shop until `stop`, or until enough are sold.
pub(super) async fn sell(
    street: Arc<Street>,
    at: usize,
    part: &'static Part,
    pace: Pace,
    chance: StdRng,
    stop: CancellationToken,
) {
    let (id, domain) = (ShopId::parse(part.id).ok(), part.domain());
    let mut seller = Seller { street, at, part, id, domain, chance, next: 1001, recent: Vec::new() };
    loop {
        let rest = pace.order.mul_f64(seller.chance.random_range(0.5..1.5));
        if stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
            return;
        }
        if seller.stands_still().await {
            continue;
        }
        if !seller.street.take_turn() {
            return;
        }
        // A delivery that was begun is finished: an answer that nobody reads would be missing in the book.
        seller.sell_one().await;
        seller.change_something().await;
    }
}

impl Seller {
    async fn stands_still(&self) -> bool {
        let filter = LaneFilter { shop: self.id.clone(), stalled: false };
        let stage = &self.street.stage;
        let lanes = stage.ledger.lanes(&filter, &Page::default(), stage.clock.now()).await;
        lanes.is_ok_and(|lanes| lanes.rows.iter().any(|lane| lane.depth > IN_LINE_MAX))
    }

    async fn sell_one(&mut self) {
        let order = self.order();
        let Some(id) = order["id"].as_u64() else { return };
        self.street.stage.shopify.put_order(&self.domain, order.clone());
        let event = fresh_id(&mut self.chance);
        let delivery = fresh_id(&mut self.chance);
        if !self.deliver("orders/create", &delivery, &event, &order).await {
            return;
        }
        self.street.book().push(Accepted { at: self.at, id, altered: false });
        self.recent.push(id);
        if self.chance.random_ratio(REPEATED, 100) {
            self.deliver("orders/create", &delivery, &event, &order).await;
        }
        if self.chance.random_ratio(PAID_TOO, 100) {
            // Another topic of the same event, as Shopify sends it: nothing new, but no repetition either.
            let delivery = fresh_id(&mut self.chance);
            self.deliver("orders/paid", &delivery, &event, &order).await;
        }
    }

    fn order(&mut self) -> Value {
        let number = self.next;
        self.next += 1;
        let special = self.chance.random_ratio(HELD, 100);
        let mut maker = Maker::new(self.street.stage.seed(self.at), self.part.currency);
        if let Some(limit) = self.part.limit_minor() {
            maker = maker.total_about(if special { limit * 2 } else { limit / 3 });
        }
        if let Some(country) = self.part.ships_to {
            maker = maker.ship_country(country);
        }
        let mut order = maker.order(number, self.street.stage.clock.now());
        if special && self.part.holds_abroad() {
            bill_abroad(&mut order);
        }
        order
    }

    /// Now and then a customer changes or cancels an order of a while ago. What has been packed is past that.
    async fn change_something(&mut self) {
        if self.part.tracking {
            return;
        }
        let roll = self.chance.random_range(0..100);
        if self.recent.len() < 3 || roll >= CHANGED + CANCELLED {
            return;
        }
        let id = self.recent.remove(0);
        self.street.alter(id);
        let cancels = roll >= CHANGED;
        let now = self.street.stage.clock.now();
        let changed = self.street.stage.shopify.change_order(&self.domain, id, |order| {
            if cancels {
                order["cancelled_at"] = json!(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                order["cancel_reason"] = json!("customer");
            } else {
                order["shipping_address"]["address2"] = json!("Back door");
            }
        });
        let Some(order) = changed else { return };
        let (delivery, event) = (fresh_id(&mut self.chance), fresh_id(&mut self.chance));
        let topic = if cancels { "orders/cancelled" } else { "orders/updated" };
        self.deliver(topic, &delivery, &event, &order).await;
    }

    /// Delivers until it is answered 2xx, eight times as Shopify does.
    async fn deliver(&self, topic: &str, webhook_id: &str, event_id: &str, order: &Value) -> bool {
        let body = order.to_string().into_bytes();
        for _ in 0..9 {
            let delivery = Delivery {
                topic,
                shop: &self.domain,
                webhook_id: webhook_id.to_owned(),
                event_id: event_id.to_owned(),
            };
            let secret = &self.street.stage.webhook_secret;
            let answer = delivery.post(&self.street.client, self.street.to.clone(), secret, body.clone()).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                self.street.answered.fetch_add(1, Ordering::SeqCst);
                return true;
            }
            tokio::time::sleep(AGAIN).await;
        }
        tracing::warn!(topic, "the made-up Shopify gave up on a delivery");
        false
    }
}

/// Bills an order to another country than it ships to.
fn bill_abroad(order: &mut Value) {
    let abroad =
        if order["shipping_address"]["country_code"] == "CA" { ("United States", "US") } else { ("Canada", "CA") };
    order["billing_address"]["country"] = json!(abroad.0);
    order["billing_address"]["country_code"] = json!(abroad.1);
}
