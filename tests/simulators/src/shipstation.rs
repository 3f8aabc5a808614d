//! `ShipStation`'s v1 API, as far as orders need it.
//!
//! Basic credentials → the account's window of a minute → the order book. Behaviour that is documented is kept:
//! `orderKey` decides between create and replace, a replace is whole, shipped and cancelled orders do not change,
//! `orderNumber` is searched by its beginning, all times are Pacific. Where the documentation is silent the choice
//! is named in the file that makes it.
//!
//! A call goes `api` (who, where) → `writes` or a list → `state` (orders in `book`, what has left in `parcels`). The
//! `warehouse` acts behind the API's back, `imports` brings what stores fetch by themselves, `notices` carries the
//! webhooks.

use std::net::SocketAddr;
use std::sync::Arc;

use lane::clock::Clock;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

mod pacific;
mod number;
mod query;
mod stores;
mod account;
mod validate;
mod customs;
mod resource;
mod book;
mod search;
mod label;
mod parcels;
mod imports;
mod webhooks;
mod notices;
mod state;
mod replies;
mod writes;
mod api;
mod own_pages;
mod warehouse;
#[cfg(test)]
mod tests;

use crate::faults::Faults;
use crate::front::Front;
use crate::journal::{self, Journal};
use crate::server::{Running, converse};

use account::Account;
use api::Api;
use notices::Notices;
use state::State;
use stores::Store;

pub use account::Declarations;
pub use label::{Label, ShippingError, Units};
pub use notices::{Fate, Notice, Trouble};
pub use stores::Importing;

/// Calls a minute of an ordinary account.
pub const CALLS_PER_MINUTE: u32 = 40;

/// What all accounts of the simulator have in common.
#[derive(Debug, Clone, Copy)]
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
        let front = Self::front(settings, clock)?;
        let running = Arc::new(Running::start(listen, Arc::clone(&front)).await?);
        Ok(Self { front, running }.named())
    }

    /// Listens nowhere: whoever made it brings it connections, as a simulated network does, and it says that it is at
    /// `address`. Must be called within a runtime, which then carries its webhooks.
    pub fn unconnected(address: SocketAddr, settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let running = Arc::new(Running::unconnected(address));
        Ok(Self { front: Self::front(settings, clock)?, running }.named())
    }

    fn front(settings: Settings, clock: Arc<dyn Clock>) -> std::io::Result<Arc<Front<Api>>> {
        let journal = Journal::keeping(settings.journal_kept);
        let notices = Notices::new(Arc::clone(&clock)).map_err(std::io::Error::other)?;
        let provider = Api::new(Arc::clone(&clock), journal.clone(), notices);
        Ok(Arc::new(Front { provider, journal, faults: Faults::default(), clock }))
    }

    fn named(self) -> Self {
        // It is set once, here, so there is nothing that could refuse it.
        let _ = self.front.provider.origin.set(self.base_url());
        self
    }

    /// Answers on a connection until it ends.
    pub async fn converse(&self, connection: impl AsyncRead + AsyncWrite + Unpin) {
        converse(connection, Arc::clone(&self.front)).await;
    }

    /// Where the API is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Opens an account that may make so many calls a minute, or changes the secret and limit of one; its stores and
    /// orders stay, its window starts anew. A new account has one manual store, ships from the United States, and
    /// leaves customs declarations to its callers.
    pub fn add_account(&self, key: &str, secret: &str, per_minute: u32) {
        let mut state = self.state();
        match state.accounts.get_mut(key) {
            Some(account) => account.reopen(secret, per_minute),
            None => {
                state.accounts.insert(key.to_owned(), Account::new(secret, per_minute));
            }
        }
    }

    /// Changes how many calls a minute the account may make; what was used of the running minute stays used.
    pub fn set_limit(&self, key: &str, per_minute: u32) {
        self.with_account(key, |account| account.limit(per_minute));
    }

    /// Adds a store to an account; the first one takes the place of the store the account began with. Orders without
    /// a store go to its first manual one (a marketplace called `ShipStation` or with `manual` in its name), else to
    /// its first.
    pub fn add_store(&self, key: &str, store_id: u64, name: &str, marketplace: &str) {
        self.with_account(key, |account| account.add(Store::new(store_id, name, marketplace)));
    }

    /// Connects an account to a Shopify shop, whose orders it imports by itself from now on: those that are handed
    /// over with [`ShipStation::import_order`]. Its manual store stays.
    pub fn add_importing_store(&self, key: &str, store_id: u64, name: &str, importing: Importing) {
        self.with_account(key, |account| account.add(Store::importing(store_id, name, importing)));
    }

    /// Makes a store active or inactive; inactive ones are only listed to those who ask for them.
    pub fn set_store_active(&self, key: &str, store_id: u64, active: bool) {
        self.with_account(key, |account| {
            account.stores.iter_mut().filter(|store| store.id == store_id).for_each(|store| store.active = active);
        });
    }

    /// Adds a tag to those an account may give to its orders.
    pub fn add_tag(&self, key: &str, tag_id: u64, name: &str, color: &str) {
        self.with_account(key, |account| account.add_tag(tag_id, name, color));
    }

    /// Sets the country an account ships from. Orders that stay in it have no customs declaration.
    pub fn set_home_country(&self, key: &str, code: &str) {
        self.with_account(key, |account| account.home = code.to_uppercase());
    }

    /// Sets who makes an account's customs declarations.
    pub fn set_declarations(&self, key: &str, declarations: Declarations) {
        self.with_account(key, |account| account.declarations = declarations);
    }

    /// Takes the account's credentials back: from now on its calls are answered 401.
    pub fn revoke(&self, key: &str) {
        self.with_account(key, Account::revoke);
    }

    /// Every order of every account as it is stored, in order of creation; deleted ones are left out.
    pub fn orders(&self) -> Vec<Value> {
        self.state().book.all().cloned().collect()
    }

    /// The order that has this key, in whichever account.
    pub fn order_by_key(&self, order_key: &str) -> Option<Value> {
        self.state().book.all().find(|order| order["orderKey"] == order_key).cloned()
    }

    /// The order with this id, in whichever account.
    pub fn order(&self, order_id: u64) -> Option<Value> {
        self.state().book.owned(order_id).map(|(_, order)| order.clone())
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
        self.front.provider.state()
    }

    fn with_account(&self, key: &str, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.state().accounts.get_mut(key) {
            change(account);
        }
    }
}
