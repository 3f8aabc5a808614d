//! `ShipStation`'s v1 API, as far as orders need it.
//!
//! Basic credentials → the account's window of a minute → the order book. Behaviour that is documented is kept:
//! `orderKey` decides between create and replace, a replace is whole, shipped and cancelled orders do not change,
//! `orderNumber` is searched by its beginning, all times are Pacific. Where the documentation is silent the choice
//! is named in the file that makes it.

use std::net::SocketAddr;
use std::sync::Arc;

use lane::clock::Clock;
use serde_json::Value;

mod pacific;
mod number;
mod account;
mod validate;
mod resource;
mod book;
mod search;
mod replies;
mod api;
#[cfg(test)]
mod tests;

use crate::faults::Faults;
use crate::front::Front;
use crate::journal::{self, Journal};
use crate::locked;
use crate::server::Running;

use account::{Account, Store};
use api::{Api, State};

/// Calls a minute of an ordinary account.
pub const CALLS_PER_MINUTE: u32 = 40;

/// What all accounts of the simulator have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many calls the journal keeps.
    pub journal_kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { journal_kept: journal::KEPT }
    }
}

/// A running stand-in for `ShipStation`. Clones are handles on the same server; it stops with the last of them.
#[derive(Clone)]
pub struct ShipStation {
    front: Arc<Front<Api>>,
    running: Arc<Running>,
}

impl ShipStation {
    /// Listens (port 0 takes a free one) and serves from now on.
    pub async fn start(listen: SocketAddr, settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let journal = Journal::keeping(settings.journal_kept);
        let provider = Api::new(Arc::clone(&clock), journal.clone());
        let front = Arc::new(Front { provider, journal, faults: Faults::default(), clock });
        let running = Arc::new(Running::start(listen, Arc::clone(&front)).await?);
        Ok(Self { front, running })
    }

    /// Where the API is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Opens an account that may make so many calls a minute, or changes the secret and limit of one; its stores and
    /// orders stay, its window starts anew.
    pub fn add_account(&self, key: &str, secret: &str, per_minute: u32) {
        let mut state = self.state();
        let stores = state.accounts.remove(key).map(|account| account.stores).unwrap_or_default();
        state.accounts.insert(key.to_owned(), Account::new(secret, per_minute, stores));
    }

    /// Adds a store to an account. Orders without a store go to its first manual one (a marketplace with `manual` in
    /// its name), else to its first.
    pub fn add_store(&self, key: &str, store_id: u64, name: &str, marketplace: &str) {
        if let Some(account) = self.state().accounts.get_mut(key) {
            account.stores.push(Store::new(store_id, name, marketplace));
        }
    }

    /// Takes the account's credentials back: from now on its calls are answered 401.
    pub fn revoke(&self, key: &str) {
        if let Some(account) = self.state().accounts.get_mut(key) {
            account.revoke();
        }
    }

    /// Every order of every account as it is stored, in order of creation; deleted ones are left out.
    pub fn orders(&self) -> Vec<Value> {
        self.state().book.all().cloned().collect()
    }

    /// The order that has this key, in whichever account.
    pub fn order_by_key(&self, order_key: &str) -> Option<Value> {
        self.state().book.all().find(|order| order["orderKey"] == order_key).cloned()
    }

    /// Changes an order behind the API's back, as the warehouse does in the application. Returns the new resource;
    /// nothing if there is no such order. The journal has no entry of it.
    pub fn change_order(&self, order_id: u64, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let now = self.front.clock.now();
        self.state().book.change(order_id, now, change)
    }

    /// The warehouse ships the order, whatever its status was.
    pub fn ship(&self, order_id: u64) -> Option<Value> {
        let today = pacific::date(self.front.clock.now());
        self.change_order(order_id, |order| {
            order["orderStatus"] = Value::from("shipped");
            order["shipDate"] = Value::from(today);
        })
    }

    /// Every call and every effect there was.
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

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        let mut state = locked(&self.front.provider.state);
        state.book.release_due(self.front.clock.now());
        state
    }
}
