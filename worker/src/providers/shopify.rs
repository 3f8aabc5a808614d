//! Shopify's Admin API (GraphQL): fetching an order as it is now, and telling the shop what was shipped.
//!
//! The first call brings the order with its first lines and parts, further calls the rest. If the order changes between
//! two of them it is fetched anew, so that an [`order::Order`] is always one state and never a mixture.

pub(crate) mod order;
mod operation;
mod fetch;
mod kept;
pub(crate) mod fulfil;
pub mod scopes;
pub mod locations;
mod shape;
mod answer;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use ::lane::clock::{Timestamp, after};
use ::lane::id::{AccountId, JobId};
use ::lane::shop::Shop;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::answer::{Answer, Reading};
use super::call::{Call, Calls, Intent};
use super::error::CallError;
use crate::accounts::ShopifySettings;
use fetch::Whole;
use kept::Kept;
use operation::Operation;
use order::Order;

/// The provider's name, for people.
pub(crate) const SHOPIFY: &str = "Shopify";
/// What the first call asks of the shop's points.
pub(crate) const ORDER_COST: u32 = operation::ORDER.cost;
/// What telling the shop of a shipment asks of them.
pub(crate) const FULFIL_COST: u32 = operation::FULFIL.cost;
/// How often an order that changes while it is fetched is fetched anew in one attempt.
const FETCHES_MAX: usize = 3;

/// What the shop shows of an order.
#[derive(Debug)]
pub(crate) enum Fetched {
    Order(Box<Order>),
    /// The token cannot see it, or it does not exist.
    Unknown,
}

/// Shopify, for every shop.
pub(crate) struct Shopify {
    settings: ShopifySettings,
    kept: Kept,
}

/// One shop at Shopify, with its token in hand.
struct AtShop<'a> {
    account: AccountId,
    url: String,
    token: &'a SecretString,
    calls: &'a Calls<'a>,
    kept: &'a Kept,
    /// When the shop's bucket is full again, as of the last answer.
    full_at: Mutex<Option<Timestamp>>,
}

impl Shopify {
    pub(crate) fn new(settings: ShopifySettings) -> Self {
        Self { settings, kept: Kept::default() }
    }

    /// Fetches an order as it is now.
    pub(crate) async fn order(
        &self,
        calls: &Calls<'_>,
        shop: &Shop,
        token: &SecretString,
        id: &JobId,
    ) -> Result<Fetched, CallError> {
        let at_shop = self.at(calls, shop, token);
        let id = id.to_string();
        for _ in 0..FETCHES_MAX {
            match at_shop.fetch(&id).await? {
                Whole::Order(order) => return Ok(Fetched::Order(order)),
                Whole::Unknown => return Ok(Fetched::Unknown),
                Whole::Changed => {}
            }
        }
        Err(fetch::unanswered("the order keeps changing while it is fetched"))
    }

    fn at<'a>(&'a self, calls: &'a Calls<'a>, shop: &Shop, token: &'a SecretString) -> AtShop<'a> {
        let base = self.settings.base_url.replace("{domain}", shop.domain());
        let url = format!("{base}/admin/api/{}/graphql.json", self.settings.api_version);
        AtShop { account: shop.platform_account(), url, token, calls, kept: &self.kept, full_at: Mutex::default() }
    }
}

impl AtShop<'_> {
    /// Runs an operation. What it asks for is null if it does not exist.
    async fn ask(&self, operation: Operation, variables: &Value) -> Result<Value, CallError> {
        let Operation { name, document, cost, intent, .. } = operation;
        let body = json!({ "query": document, "operationName": name, "variables": variables });
        let request =
            self.calls.http().post(&self.url).header("X-Shopify-Access-Token", self.token.expose_secret()).json(&body);
        let kind = match intent {
            Intent::Read => "query",
            Intent::Write => "mutation",
        };
        let call =
            Call { at: SHOPIFY, account: &self.account, name: format!("{kind} {name}"), intent, units: cost, request };
        let read = |answer: &_| {
            let reading = answer::read(answer, &self.account, operation);
            self.note_level(answer, &reading);
            reading
        };
        self.calls.make(call, read).await
    }

    fn note_level(&self, answer: &Answer, reading: &Reading) {
        let full = reading.lessons.iter().find_map(answer::time_to_full).map(|wait| after(answer.at, wait));
        if full.is_some() {
            *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) = full;
        }
    }

    /// In the middle of a long order a wait for just one page would run dry at the next; every attempt costs the first
    /// page anew.
    fn until_full(&self, error: CallError) -> CallError {
        let full = *self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let later = |until: Timestamp| full.map_or(until, |full| until.max(full));
        match error {
            CallError::Stopped { until, why } => CallError::Stopped { until: later(until), why },
            CallError::ThrottledUntil { at, until } => CallError::ThrottledUntil { at, until: later(until) },
            CallError::OutOfTime { .. }
            | CallError::NeverLeft { .. }
            | CallError::MayHaveHappened { .. }
            | CallError::Unanswered { .. }
            | CallError::TokenRefused { .. }
            | CallError::ProviderRefuses { .. }
            | CallError::Refused { .. }
            | CallError::DataRefused { .. }
            | CallError::Secret(_)
            | CallError::NotConfigured { .. } => error,
        }
    }
}
