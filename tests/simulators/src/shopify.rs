//! Shopify's Admin API (GraphQL), as far as fetching an order needs it.
//!
//! `POST /{domain}/admin/api/{version}/graphql.json`: token → parse → check against the schema and cost → reserve
//! points → run → refund. The domain stands in the path, because one simulator serves every shop on one port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use lane::clock::Clock;
use serde_json::{Value, json};

mod schema;
mod problem;
mod query;
mod check;
mod execute;
mod bucket;
mod risk;
mod money;
mod lines;
mod translate;
mod api;
#[cfg(test)]
mod tests;

use crate::faults::Faults;
use crate::front::Front;
use crate::journal::{self, Journal};
use crate::locked;
use crate::server::Running;

use api::{Api, Shop};
use risk::Risk;

/// Which limits the simulated shops have.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bucket's size in points; 2000 on a standard plan.
    pub maximum_available: u32,
    /// Points that come back each second; 100 on a standard plan.
    pub restore_rate: u32,
    /// The most one query may ask for.
    pub query_cost_max: u64,
    /// How many calls the journal keeps.
    pub journal_kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { maximum_available: 2000, restore_rate: 100, query_cost_max: 1000, journal_kept: journal::KEPT }
    }
}

/// A running stand-in for Shopify. Clones are handles on the same server; it stops with the last of them.
#[derive(Clone)]
pub struct Shopify {
    front: Arc<Front<Api>>,
    running: Arc<Running>,
}

impl Shopify {
    /// Listens (port 0 takes a free one) and serves from now on.
    pub async fn start(listen: SocketAddr, settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let journal = Journal::keeping(settings.journal_kept);
        let provider = Api::new(settings, Arc::clone(&clock)).map_err(std::io::Error::other)?;
        let front = Arc::new(Front { provider, journal, faults: Faults::default(), clock });
        let running = Arc::new(Running::start(listen, Arc::clone(&front)).await?);
        Ok(Self { front, running })
    }

    /// Where the API is: the text `{domain}` stands for the shop's domain, and the client appends the path.
    pub fn base_url(&self) -> String {
        format!("{}/{{domain}}", self.origin())
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Opens a shop, or changes the token of one. Its orders stay, its bucket of points is full.
    pub fn add_shop(&self, domain: &str, token: &str) {
        let mut shops = self.shops();
        let orders = shops.remove(&domain.to_lowercase()).map(|shop| (shop.orders, shop.risks)).unwrap_or_default();
        let bucket = self.front.provider.full_bucket();
        let shop = Shop { token: Some(token.to_owned()), orders: orders.0, risks: orders.1, bucket };
        shops.insert(domain.to_lowercase(), shop);
    }

    /// Takes the shop's token back: from now on its calls are answered 401.
    pub fn revoke(&self, domain: &str) {
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            shop.token = None;
        }
    }

    /// Stores an order in its REST shape, over an older one with the same id. Returns the id; nothing if the order
    /// has none or the shop is not known.
    pub fn put_order(&self, domain: &str, order: Value) -> Option<u64> {
        api::store_order(self.shops().get_mut(&domain.to_lowercase())?, order)
    }

    /// Changes an order and sets its `updated_at`, to the second as Shopify does. Returns the new REST body, ready to
    /// be sent as a webhook; nothing if there is no such order.
    pub fn change_order(&self, domain: &str, id: u64, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let now = self.front.clock.now();
        let mut shops = self.shops();
        let order = shops.get_mut(&domain.to_lowercase())?.orders.get_mut(&id)?;
        change(order);
        order["updated_at"] = json!(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        Some(order.clone())
    }

    /// The order as it is now, in its REST shape.
    pub fn order(&self, domain: &str, id: u64) -> Option<Value> {
        self.shops().get(&domain.to_lowercase())?.orders.get(&id).cloned()
    }

    /// Removes an order: from now on it is null.
    pub fn remove_order(&self, domain: &str, id: u64) -> Option<Value> {
        self.shops().get_mut(&domain.to_lowercase())?.orders.remove(&id)
    }

    /// Sets the verdict on an order, known or not yet: a recommendation (`ACCEPT`, `INVESTIGATE`, `CANCEL`, `NONE`)
    /// and a level (`LOW`, `MEDIUM`, `HIGH`, `NONE`). `PENDING` in either place means no verdict yet. Without this
    /// call an order is `ACCEPT` and `LOW`.
    pub fn set_risk(&self, domain: &str, id: u64, recommendation: &str, level: &str) {
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            shop.risks.insert(id, Risk::new(recommendation, level));
        }
    }

    /// Every call there was.
    pub fn journal(&self) -> Journal {
        self.front.journal.clone()
    }

    /// The faults to come.
    pub fn faults(&self) -> Faults {
        self.front.faults.clone()
    }

    /// Closes the port and all connections.
    pub async fn stop(&self) {
        self.running.stop().await;
    }

    fn shops(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Shop>> {
        locked(&self.front.provider.shops)
    }
}

type Shops = Mutex<BTreeMap<String, Shop>>;
