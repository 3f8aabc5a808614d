//! How a webhook is kept, and what leads to it.

use lane::id::ShopId;
use lane::shop::Source;
use lane::view::QuarantineReason;
use lane::webhook::Webhook;

use super::super::bodies::named_object;
use super::super::item::Item;
use super::super::key::{Key, of_loose};
use super::super::table::{Among, LIST, Range};
use super::super::unit::TableUnit;
use super::webhooks::{ASIDE, JOB, MERCHANT, QUARANTINE, SHOP, SOURCE, source_of};
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRef;

/// The webhook that an item leads to.
const WEBHOOK: &str = "webhook";
/// All webhooks of a job, in its item.
const WEBHOOKS: &str = "webhooks";

/// Webhooks of a list that are read at once.
const LOOSE_AT_ONCE: usize = 100;

/// Where all webhooks of no job stand of a shop, or of the names in which they came before it was known.
pub(in super::super) fn lists_of_loose(source: Source, domains: &[String], shop: Option<&ShopId>) -> Vec<String> {
    let of_shop = shop.map(|shop| of_loose(source, "", Some(shop)));
    of_shop.into_iter().chain(domains.iter().map(|domain| of_loose(source, domain, None))).collect()
}

/// An item's place among those that wait for people or for their shop.
fn listed(item: Item, id: u64) -> Item {
    let is_aside = item.text(QUARANTINE).is_some();
    let number = format!("{id:020}");
    item.with(LIST.hash, is_aside.then_some(ASIDE)).with(LIST.range, is_aside.then_some(number))
}

/// Where a webhook that is no job's stands.
fn loose(item: &Item) -> Result<Option<String>, Fault> {
    if item.text(JOB).is_some() {
        return Ok(None);
    }
    let shop = item.text(SHOP).map(ShopId::parse).transpose()?;
    Ok(Some(of_loose(source_of(item.known(SOURCE)?)?, item.known(MERCHANT)?, shop.as_ref())))
}

/// The numbers of a job's webhooks, as its item has them.
pub(in super::super) fn webhooks_of(job: &Item) -> Vec<u64> {
    let numbers = job.text(WEBHOOKS).unwrap_or_default().split(' ');
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// A job's item with the numbers of its webhooks, if it has any.
pub(super) fn with_webhooks(job: Item, numbers: &[u64]) -> Item {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    job.with(WEBHOOKS, (!numbers.is_empty()).then(|| numbers.join(" ")))
}

/// A webhook that is new: its item, and what leads to it.
pub(in super::super) fn webhook_items(id: u64, item: Item) -> Result<Vec<(Key, Item)>, Fault> {
    let leads = loose(&item)?.map(|list| (Key::loose(&list, id), leads_to(id, &item)));
    Ok(leads.into_iter().chain([(Key::webhook(id), listed(item, id))]).collect())
}

/// What leads to a webhook of no job.
fn leads_to(id: u64, webhook: &Item) -> Item {
    Item::default().with(WEBHOOK, id).with(QUARANTINE, webhook.text(QUARANTINE))
}

impl TableUnit {
    /// Writes a webhook that is new.
    pub(super) fn put_webhook(&mut self, id: u64, item: Item) -> Result<(), Fault> {
        for (key, item) in webhook_items(id, item)? {
            self.put_new(key, item);
        }
        Ok(())
    }

    /// Changes a webhook's item, with its place in the lists.
    pub(in super::super) async fn change_webhook(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut Item),
    ) -> Result<(), Fault> {
        let key = Key::webhook(id);
        let Some(mut item) = self.read(&key).await? else { return Ok(()) };
        let (before, object) = (loose(&item)?, named_object(&item).map(str::to_owned));
        change(&mut item);
        if let Some(object) = object.filter(|object| named_object(&item) != Some(object)) {
            self.drop_object(&object);
        }
        self.lead_to_loose(id, before, &item)?;
        self.put(key, listed(item, id));
        Ok(())
    }

    /// Lets the list of those that are no job's lead to a webhook as long as it is none's.
    fn lead_to_loose(&mut self, id: u64, before: Option<String>, item: &Item) -> Result<(), Fault> {
        let is = loose(item)?;
        if let Some(gone) = before.filter(|before| is.as_ref() != Some(before)) {
            self.erase(Key::loose(&gone, id));
        }
        if let Some(list) = is {
            self.put(Key::loose(&list, id), leads_to(id, item));
        }
        Ok(())
    }

    /// Webhooks of a list that wait for their shop, the oldest first, at most so many.
    pub(super) async fn waiting(&mut self, list: &str, most: usize) -> Result<Vec<u64>, Fault> {
        let (mut waiting, mut end) = (Vec::new(), None::<String>);
        loop {
            let among = Among::after("", end.as_deref());
            let found = self.query(&Range::new(list, among, LOOSE_AT_ONCE)).await?;
            for (_, item) in &found {
                if item.text(QUARANTINE) == Some(QuarantineReason::UnknownShop.as_str()) {
                    waiting.push(item.count(WEBHOOK)?);
                }
            }
            match found.last() {
                Some((key, _)) if found.len() >= LOOSE_AT_ONCE && waiting.len() < most => end = Some(key.sk.clone()),
                _ => return Ok(waiting),
            }
        }
    }

    /// What is kept counts only as long as its shop is as it was read: it may be forgotten in this moment, or added.
    pub(super) fn rely_on_owner(&mut self, webhook: &Webhook, shop: Option<&ShopId>) {
        if let Some(shop) = shop {
            self.rely_on(&Key::shop(shop));
        } else {
            self.rely_on(&Key::domain(webhook.source, &webhook.merchant));
            self.rely_on_tombs();
        }
    }

    pub(super) async fn has_webhook(&mut self, job: &JobRef, id: u64) -> Result<(), Fault> {
        let key = Key::job(&job.lane, &job.job);
        if let Some(item) = self.read(&key).await? {
            let all = item.text(WEBHOOKS).map_or_else(|| id.to_string(), |known| format!("{known} {id}"));
            self.put(key, item.with(WEBHOOKS, all));
        }
        Ok(())
    }
}
