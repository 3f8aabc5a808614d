//! Fetching all pages of an order: first its own, then the rest of its lines, of its parts, and of the parts' lines.
//!
//! Every further page says which state of the order it belongs to. One of another state makes the whole order be
//! fetched anew.

use ::lane::clock::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::operation::{ORDER, ORDER_LINES, ORDER_PARTS, Operation, PART_LINES};
use super::order::Order;
use super::shape::{FirstPage, LinesPage, PartLinesPage, PartsPage, Stamp};
use super::{AtShop, SHOPIFY};
use crate::providers::error::CallError;

/// Shopify's checkout takes 500 lines, which are 20 pages and, at several places, a few more for the parts. Beyond this
/// something is not as it should be, and a person looks.
const PAGES_MAX: usize = 120;

/// One try at fetching all pages.
pub(super) enum Whole {
    Order(Box<Order>),
    Unknown,
    /// A later page belongs to a newer state of the order.
    Changed,
}

/// Why no further page came.
enum Halt {
    Changed,
    Failed(CallError),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// One order's pages under way.
struct Fetch<'a> {
    shop: &'a AtShop<'a>,
    gid: String,
    updated_at: Timestamp,
    pages: usize,
}

impl AtShop<'_> {
    /// Fetches the order once. `id` is the order's, as text.
    pub(super) async fn fetch(&self, id: &str) -> Result<Whole, CallError> {
        let gid = format!("gid://shopify/Order/{id}");
        let content = self.ask(ORDER, &json!({ "id": gid })).await?;
        if content.is_null() {
            return Ok(Whole::Unknown);
        }
        let mut first: FirstPage = formed(content)?;
        if first.id != gid {
            return Err(unanswered("it answered with another order"));
        }
        let kept_as = format!("{}/{gid}", self.account);
        let mut fetch = Fetch { shop: self, gid, updated_at: first.updated_at, pages: 1 };
        match fetch.complete(&mut first).await {
            Ok(()) => {}
            Err(Halt::Changed) => {
                self.kept.drop_pages(&kept_as);
                return Ok(Whole::Changed);
            }
            // The pages are kept for the next attempt.
            Err(Halt::Failed(error)) => return Err(self.until_full(error)),
        }
        self.kept.drop_pages(&kept_as);
        first.into_order().map(|order| Whole::Order(Box::new(order)))
    }
}

impl Fetch<'_> {
    async fn complete(&mut self, first: &mut FirstPage) -> Result<(), Halt> {
        while let Some(after) = first.line_items.next() {
            let page: LinesPage = self.page(ORDER_LINES, &self.gid.clone(), &after).await?;
            first.line_items.extend(page.line_items);
        }
        while let Some(after) = first.fulfillment_orders.next() {
            let page: PartsPage = self.page(ORDER_PARTS, &self.gid.clone(), &after).await?;
            first.fulfillment_orders.extend(page.fulfillment_orders);
        }
        for part in &mut first.fulfillment_orders.nodes {
            while let Some(after) = part.line_items.next() {
                let page: PartLinesPage = self.page(PART_LINES, &part.id, &after).await?;
                part.line_items.extend(page.line_items);
            }
        }
        Ok(())
    }

    /// The page of `id` behind the cursor, kept or asked for.
    async fn page<T: DeserializeOwned + Page>(
        &mut self,
        operation: Operation,
        id: &str,
        after: &str,
    ) -> Result<T, Halt> {
        if self.pages == PAGES_MAX {
            let words = "the order has more lines and parts than can be carried over".to_owned();
            return Err(Halt::Failed(CallError::DataRefused { at: SHOPIFY, words }));
        }
        self.pages += 1;
        let shop = self.shop;
        let order = format!("{}/{}", shop.account, self.gid);
        let name = format!("{} {id} {after}", operation.name);
        if let Some(content) = shop.kept.page(&order, self.updated_at, &name, shop.calls.now()) {
            return Ok(formed(content)?);
        }
        let content = shop.ask(operation, &json!({ "id": id, "after": after })).await?;
        if content.is_null() {
            return Err(Halt::Changed);
        }
        let page: T = formed(content.clone())?;
        let (of, updated_at) = page.stamp();
        if of != self.gid {
            return Err(Halt::Failed(unanswered("it answered with another order")));
        }
        if updated_at != self.updated_at {
            return Err(Halt::Changed);
        }
        shop.kept.keep(&order, self.updated_at, name, content, shop.calls.now());
        Ok(page)
    }
}

pub(super) fn unanswered(words: &str) -> CallError {
    CallError::Unanswered { at: SHOPIFY, words: words.to_owned() }
}

fn formed<T: DeserializeOwned>(content: Value) -> Result<T, CallError> {
    serde_json::from_value(content).map_err(|_| unanswered("its answer does not have the form of an order"))
}

/// A page says which order and which state of it it belongs to.
trait Page {
    fn stamp(&self) -> (&str, Timestamp);
}

impl Page for LinesPage {
    fn stamp(&self) -> (&str, Timestamp) {
        (&self.id, self.updated_at)
    }
}

impl Page for PartsPage {
    fn stamp(&self) -> (&str, Timestamp) {
        (&self.id, self.updated_at)
    }
}

impl Page for PartLinesPage {
    fn stamp(&self) -> (&str, Timestamp) {
        let Stamp { id, updated_at } = &self.order;
        (id, *updated_at)
    }
}
