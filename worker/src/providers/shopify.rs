//! Shopify's Admin API (GraphQL): fetching an order as it is now.
//!
//! The first call brings the order with its first 50 lines, further calls the rest. If the order changes between two
//! of them it is fetched anew, so that an [`order::Order`] is always one state and never a mixture.

pub(crate) mod order;
mod shape;
mod answer;

use std::sync::{Mutex, PoisonError};

use ::lane::clock::{Timestamp, after};
use ::lane::id::{AccountId, JobId};
use ::lane::shop::Shop;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::{Answer, Call, Calls, Intent, Reading};
use super::error::CallError;
use crate::accounts::ShopifySettings;
use order::Order;
use shape::{FirstPage, LinesPage};

/// The provider's name, for people.
pub(crate) const SHOPIFY: &str = "Shopify";
/// Both queries; `operationName` chooses.
const DOCUMENT: &str = include_str!("shopify/order.graphql");
/// What `Order` asks of the shop's points; the document counts it out.
pub(crate) const ORDER_COST: u32 = 169;
/// What `OrderLines` asks.
const LINES_COST: u32 = 151;
/// Pages of 50 lines, so 650 lines. Shopify's checkout takes 500; and all pages must fit into a full bucket of the
/// smallest plan, or the order would wait for points for ever: 169 + 12 × 151 = 1981 of 2000.
const PAGES_MAX: usize = 13;
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
}

/// One shop at Shopify, with its token in hand.
struct AtShop<'a> {
    account: AccountId,
    url: String,
    token: &'a SecretString,
    calls: &'a Calls<'a>,
    id: &'a JobId,
    /// When the shop's bucket is full again, as of the last answer.
    full_at: Mutex<Option<Timestamp>>,
}

impl Shopify {
    pub(crate) fn new(settings: ShopifySettings) -> Self {
        Self { settings }
    }

    /// Fetches an order as it is now.
    pub(crate) async fn order(
        &self,
        calls: &Calls<'_>,
        shop: &Shop,
        token: &SecretString,
        id: &JobId,
    ) -> Result<Fetched, CallError> {
        let base = self.settings.base_url.replace("{domain}", shop.domain());
        let url = format!("{base}/admin/api/{}/graphql.json", self.settings.api_version);
        let at_shop = AtShop { account: shop.platform_account(), url, token, calls, id, full_at: Mutex::default() };
        for _ in 0..FETCHES_MAX {
            match at_shop.fetch().await? {
                Whole::Order(order) => return Ok(Fetched::Order(order)),
                Whole::Unknown => return Ok(Fetched::Unknown),
                Whole::Changed => {}
            }
        }
        let words = "the order keeps changing while it is fetched".to_owned();
        Err(CallError::Unanswered { at: SHOPIFY, words })
    }
}

/// One try at fetching all pages.
enum Whole {
    Order(Box<Order>),
    Unknown,
    /// A later page belongs to a newer state of the order.
    Changed,
}

impl AtShop<'_> {
    async fn fetch(&self) -> Result<Whole, CallError> {
        let first: Option<FirstPage> = self.ask("Order", None, ORDER_COST).await?;
        let Some(mut first) = first else { return Ok(Whole::Unknown) };
        let mut next = first.line_items.page_info.next();
        let mut pages = 1;
        while let Some(after) = next {
            if pages == PAGES_MAX {
                let words = "the order has more lines than can be carried over".to_owned();
                return Err(CallError::DataRefused { at: SHOPIFY, words });
            }
            let page: Option<LinesPage> = self.ask("OrderLines", Some(&after), LINES_COST).await?;
            let Some(page) = page.filter(|page| page.updated_at == first.updated_at) else {
                return Ok(Whole::Changed);
            };
            next = page.line_items.page_info.next();
            first.line_items.nodes.extend(page.line_items.nodes);
            pages += 1;
        }
        first.into_order().map(|order| Whole::Order(Box::new(order)))
    }

    async fn ask<T: DeserializeOwned + Page>(
        &self,
        operation: &str,
        cursor: Option<&str>,
        cost: u32,
    ) -> Result<Option<T>, CallError> {
        let gid = format!("gid://shopify/Order/{}", self.id);
        let variables = json!({ "id": gid, "after": cursor });
        let body = json!({ "query": DOCUMENT, "operationName": operation, "variables": variables });
        let request =
            self.calls.http().post(&self.url).header("X-Shopify-Access-Token", self.token.expose_secret()).json(&body);
        let call = Call {
            at: SHOPIFY,
            account: &self.account,
            name: format!("query {operation}"),
            intent: Intent::Read,
            units: cost,
            request,
        };
        let read = |answer: &_| {
            let reading = answer::read(answer, &self.account);
            self.note_level(answer, &reading);
            reading
        };
        let content = match self.calls.make(call, read).await {
            Err(error) if cursor.is_some() => Err(self.until_full(error)),
            made => made,
        }?;
        page(content, &gid)
    }

    fn note_level(&self, answer: &Answer, reading: &Reading) {
        let full = reading.lessons.iter().find_map(answer::time_to_full).map(|wait| after(answer.at, wait));
        if full.is_some() {
            *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) = full;
        }
    }

    /// In the middle of a long order a wait for just one page would start over and run dry at the same place.
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
            | CallError::SecretMissing(_)
            | CallError::NotConfigured { .. } => error,
        }
    }
}

fn page<T: DeserializeOwned + Page>(content: Value, gid: &str) -> Result<Option<T>, CallError> {
    if content.is_null() {
        return Ok(None);
    }
    let unanswered = |words: &str| CallError::Unanswered { at: SHOPIFY, words: words.into() };
    let page: T =
        serde_json::from_value(content).map_err(|_| unanswered("its answer does not have the form of an order"))?;
    if page.id() == gid { Ok(Some(page)) } else { Err(unanswered("it answered with another order")) }
}

/// A page of an order says which order and which state of it it belongs to.
trait Page {
    fn id(&self) -> &str;
}

impl Page for FirstPage {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Page for LinesPage {
    fn id(&self) -> &str {
        &self.id
    }
}
