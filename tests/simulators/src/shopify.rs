//! Shopify's Admin API (GraphQL), as far as orders and their fulfilment need it, and what people do at a shop.
//!
//! `POST /{domain}/admin/api/{version}/graphql.json`: token → parse → check against the schema and cost → reserve
//! points → run → refund. One truth per order: its REST shape with what REST lacks beside it ([`beyond`], the fixture
//! format); the GraphQL answer is made from both, and the webhooks of every [`Act`] are made from the first. The domain stands in the path, because one simulator serves every shop on one port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use lane::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

mod schema;
mod problem;
mod query;
mod check;
mod access;
mod page;
mod execute;
mod bucket;
mod risk;
mod money;
mod parts;
mod beyond;
mod discounts;
mod reckon;
mod lines;
mod payments;
mod shipments;
mod translate;
mod webhook;
mod fulfil;
mod mutation;
mod totals;
mod changes;
mod act;
mod acting;
mod api;
#[cfg(test)]
mod tests;

use crate::faults::Faults;
use crate::front::Front;
use crate::journal::{self, Journal};
use crate::locked;
use crate::server::{Running, converse};

pub use act::Act;
pub use changes::{Change, Refund, Restock};
pub use webhook::Webhook;

use access::Scopes;
use api::{Api, Shop};
use bucket::Bucket;
use parts::Location;
use risk::Risk;

/// Why an order or an act was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadOrder {
    /// There is no such shop.
    #[error("there is no such shop")]
    NoShop,
    /// An order must bear its id.
    #[error("the order has no id")]
    NoId,
    /// The shop has no such order.
    #[error("there is no order {0}")]
    NoOrder(u64),
    /// No line has this id or SKU.
    #[error("the order has no line {0:?}")]
    NoLine(String),
    /// The order has fewer fulfilment orders.
    #[error("the order has no fulfilment order at place {0}")]
    NoPart(usize),
    /// The `simulator` member, or the parts, are not written as they should be.
    #[error("what is beyond REST cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// Shopify would refuse it.
    #[error("{0}")]
    Refused(String),
}

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
        let front = Self::front(settings, clock)?;
        let running = Arc::new(Running::start(listen, Arc::clone(&front)).await?);
        Ok(Self { front, running })
    }

    /// Listens nowhere: whoever made it brings it connections, as a simulated network does, and it says that it is at
    /// `address`.
    pub fn unconnected(address: SocketAddr, settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let running = Arc::new(Running::unconnected(address));
        Ok(Self { front: Self::front(settings, clock)?, running })
    }

    fn front(settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Arc<Front<Api>>> {
        let journal = Journal::keeping(settings.journal_kept);
        let provider = Api::new(settings, Arc::clone(&clock), journal.clone()).map_err(std::io::Error::other)?;
        Ok(Arc::new(Front { provider, journal, faults: Faults::default(), clock }))
    }

    /// Answers on a connection until it ends.
    pub async fn converse(&self, connection: impl AsyncRead + AsyncWrite + Unpin) {
        converse(connection, Arc::clone(&self.front)).await;
    }

    /// Where the API is: the text `{domain}` stands for the shop's domain, and the client appends the path.
    pub fn base_url(&self) -> String {
        format!("{}/{{domain}}", self.origin())
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Opens a shop, or changes the token of one. Its orders and scopes stay, its bucket of points is full.
    pub fn add_shop(&self, domain: &str, token: &str) {
        let bucket = self.front.provider.full_bucket();
        let mut shops = self.shops();
        let shop = shops.entry(domain.to_lowercase()).or_insert_with(|| Shop::new(bucket.clone()));
        shop.token = Some(token.to_owned());
        shop.bucket = bucket;
    }

    /// Sets what the app may do at the shop: scopes such as `read_orders`. A shop starts with everything that the
    /// order work can use. What needs a scope that is missing is answered `ACCESS_DENIED`; fulfilment orders of a kind
    /// that the app may not see are not shown.
    pub fn set_scopes(&self, domain: &str, scopes: &[&str]) {
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            shop.scopes = Scopes::of(scopes.iter().copied());
        }
    }

    /// Sets the shop's plan by the points that come back each second (100 standard, 200 advanced, 1000 Plus); the
    /// bucket holds twenty times as many and is full.
    pub fn set_plan(&self, domain: &str, restore_rate: u32) {
        let now = self.front.clock.now();
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            shop.bucket = Bucket::full(restore_rate.saturating_mul(20), restore_rate, now);
        }
    }

    /// Adds a location of the merchant's own, or renames or closes one. The merchant's warehouse is there unless this says
    /// otherwise.
    pub fn put_location(&self, domain: &str, id: u64, name: &str, active: bool) {
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            let location = Location { id, name: name.to_owned(), ..Location::default() };
            shop.locations.insert(id, (location, active));
        }
    }

    /// Takes the shop's token back: from now on its calls are answered 401.
    pub fn revoke(&self, domain: &str) {
        if let Some(shop) = self.shops().get_mut(&domain.to_lowercase()) {
            shop.token = None;
        }
    }

    /// Stores an order in its REST shape, with its `simulator` member if it has one, over an older one with the same
    /// id. Returns the id; nothing if the order cannot be read or the shop is not known.
    pub fn put_order(&self, domain: &str, order: Value) -> Option<u64> {
        self.load_order(domain, order).ok()
    }

    /// The same, and says why not.
    pub fn load_order(&self, domain: &str, order: Value) -> Result<u64, BadOrder> {
        api::store_order(self.shops().get_mut(&domain.to_lowercase()).ok_or(BadOrder::NoShop)?, order)
    }

    /// Somebody at the shop does something. Returns what Shopify tells of it, in order, ready to be signed; the
    /// simulator sends nothing by itself.
    pub fn act(&self, domain: &str, act: Act) -> Result<Vec<Webhook>, BadOrder> {
        self.front.provider.carry_act(domain, act)
    }

    /// Takes what Shopify would tell because of the app's own calls (`fulfillmentCreate`).
    pub fn take_webhooks(&self, domain: &str) -> Vec<Webhook> {
        self.shops().get_mut(&domain.to_lowercase()).map(|shop| std::mem::take(&mut shop.told)).unwrap_or_default()
    }

    /// Changes an order and sets its `updated_at`, to the second as Shopify does. Returns the new REST body, ready to
    /// be sent as a webhook; nothing if there is no such order. Its fulfilment orders follow the lines.
    pub fn change_order(&self, domain: &str, id: u64, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let now = self.front.clock.now();
        let mut shops = self.shops();
        let shop = shops.get_mut(&domain.to_lowercase())?;
        let stored = shop.orders.get_mut(&id)?;
        change(&mut stored.rest);
        stored.rest["updated_at"] = json!(fulfil::second(now));
        parts::follow(&stored.rest, &mut stored.parts, &mut shop.ids);
        Some(stored.rest.clone())
    }

    /// The order as it is now, in its REST shape.
    pub fn order(&self, domain: &str, id: u64) -> Option<Value> {
        self.shops().get(&domain.to_lowercase())?.orders.get(&id).map(|stored| stored.rest.clone())
    }

    /// Removes an order: from now on it is null.
    pub fn remove_order(&self, domain: &str, id: u64) -> Option<Value> {
        self.shops().get_mut(&domain.to_lowercase())?.orders.remove(&id).map(|stored| stored.rest)
    }

    /// The global ids of the order's fulfilment orders, first part first.
    pub fn fulfilment_orders(&self, domain: &str, id: u64) -> Vec<String> {
        let shops = self.shops();
        let stored = shops.get(&domain.to_lowercase()).and_then(|shop| shop.orders.get(&id));
        stored.map(|stored| stored.parts.iter().map(parts::Part::gid).collect()).unwrap_or_default()
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
