//! A request about somebody's data, how far it came, and where its subject is looked for.

use lane::clock::Timestamp;
use lane::id::{JobId, ShopId};
use lane::privacy::Kept;
use lane::shop::Source;
use serde::{Deserialize, Serialize};

use super::super::item::Item;
use super::super::key::{Key, number_of};
use super::super::rows::people::{DISMISSED, DONE_AT, PROGRESS};
use super::super::rows::shops::domains;
use super::super::rows::webhooks::{MERCHANT, RECEIVED_AT, SHOP, SOURCE, source_of};
use super::super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::tombs;

/// A request's item.
pub(super) struct Request {
    pub(super) source: Source,
    pub(super) kept: Kept,
    pub(super) progress: Progress,
}

/// How far a redaction came. Each step writes it together with what the step did, so that a crash costs nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// Tombstones stand; for a shop, it is closed.
    pub(super) began: bool,
    /// The shop's domains, while they are needed.
    pub(super) domains: Vec<String>,
    /// What came after that belongs to a shop that was added again.
    pub(super) until: Option<Timestamp>,
    /// The same as a number.
    pub(super) before: u64,
    /// Listed orders that are buried.
    pub(super) buried: usize,
    pub(super) stage: Stage,
    /// The last of the stage's list that was looked at.
    pub(super) after: Option<String>,
    /// This way through the list changed something.
    pub(super) found: bool,
    /// A forgotten job whose timeline, decisions and webhooks still speak.
    pub(super) speaks: Option<(JobId, Speaks)>,
}

/// What is gone through.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Jobs that bear the mark of who it is.
    #[default]
    Customers,
    /// Jobs that bear the mark of the mail address.
    Mailed,
    /// Jobs that the request lists.
    Listed,
    /// All jobs of the shop.
    Shop,
    /// Webhooks of no job, of the list with that number.
    Loose(usize),
    /// Webhooks that name no shop.
    Nobodys,
    /// Other requests about the same.
    Requests,
}

/// What of a job is silenced next, behind that item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Speaks {
    Entries(Option<String>),
    Decisions(Option<String>),
    Webhooks(Option<String>),
}

impl Request {
    pub(super) async fn find(unit: &mut TableUnit, id: u64) -> Result<Option<Self>, Fault> {
        let Some(item) = unit.read(&Key::privacy(id)).await? else { return Ok(None) };
        let mut request = Self::read_at(&item, id)?;
        if request.kept.shop.is_none() {
            // Its shop may have been added since it was asked.
            request.kept.shop = unit.domain_leads_to(request.source, &request.kept.merchant).await?;
        }
        Ok(Some(request))
    }

    /// A request from an item that a list led to.
    pub(super) fn read(item: &Item) -> Result<Self, Fault> {
        Self::read_at(item, number_of(&item.key()?)?)
    }

    fn read_at(item: &Item, id: u64) -> Result<Self, Fault> {
        let kept = Kept {
            id,
            merchant: item.known(MERCHANT)?.to_owned(),
            shop: item.text(SHOP).map(ShopId::parse).transpose()?,
            request: item.doc()?,
            received_at: item.time(RECEIVED_AT)?.ok_or_else(|| Fault::unreadable("when a request came"))?,
            done_at: item.time(DONE_AT)?,
            dismissed: item.number(DISMISSED)?.is_some(),
        };
        let progress = serde_json::from_str(item.known(PROGRESS)?)?;
        Ok(Self { source: source_of(item.known(SOURCE)?)?, kept, progress })
    }

    /// Writes what changed: whom it is about, how far it came, and that it is done.
    pub(super) async fn save(&self, unit: &mut TableUnit) -> Result<(), Fault> {
        let key = Key::privacy(self.kept.id);
        let Some(mut item) = unit.read(&key).await? else { return Ok(()) };
        item.set_doc(&self.kept.request)?;
        item.set(MERCHANT, self.kept.merchant.as_str());
        item.set(PROGRESS, serde_json::to_string(&self.progress)?);
        item.set(SHOP, self.kept.shop.as_ref().map(ShopId::as_str));
        item.set(DONE_AT, self.kept.done_at);
        item.set(DISMISSED, self.kept.dismissed.then_some(1_i64));
        unit.put(key, item);
        Ok(())
    }

    /// Every domain under which its shop's webhooks came.
    pub(super) async fn domains(&self, unit: &mut TableUnit) -> Result<Vec<String>, Fault> {
        let mut all = vec![self.kept.merchant.clone()];
        if let Some(shop) = &self.kept.shop
            && let Some(item) = unit.read(&Key::shop(shop)).await?
        {
            all.extend(domains(&item)?);
        }
        all.sort_unstable();
        all.dedup();
        all.retain(|domain| !domain.is_empty());
        Ok(all)
    }

    /// Under which names its shop's orders are buried.
    pub(super) fn owners(&self) -> Vec<String> {
        tombs::owners(self.source.as_str(), &self.progress.domains, self.kept.shop.as_ref())
    }
}
