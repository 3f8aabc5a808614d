//! How a webhook is kept: its body in as many items as it takes, and what leads to it.

use lane::id::ShopId;
use lane::shop::Source;
use lane::view::QuarantineReason;
use lane::webhook::Webhook;

use super::super::item::Item;
use super::super::key::{Key, of_loose};
use super::super::table::{Among, LIST, Range};
use super::super::unit::TableUnit;
use super::webhooks::{ASIDE, BODY, JOB, MERCHANT, QUARANTINE, SHOP, SOURCE, source_of};
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRef;

/// How many further items the body goes on in.
const PARTS: &str = "parts";
/// The webhook that an item leads to.
const WEBHOOK: &str = "webhook";
/// All webhooks of a job, in its item.
const WEBHOOKS: &str = "webhooks";

/// Webhooks of a list that are read at once.
const LOOSE_AT_ONCE: usize = 100;

/// Bytes of a body that one item holds (*Constraints*: an item may have 400 KB).
const PART: usize = 350 * 1024;

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

/// A webhook that is new: its item, its body in as many items as it takes, and what leads to it.
pub(in super::super) fn webhook_items(id: u64, mut item: Item, body: Option<&[u8]>) -> Result<Vec<(Key, Item)>, Fault> {
    let mut items = Vec::new();
    if let Some(body) = body {
        // Also an empty one was kept.
        let mut parts = body.chunks(PART);
        item.set(BODY, parts.next().unwrap_or_default());
        for (nth, part) in (1..).zip(parts) {
            item.set(PARTS, nth);
            items.push((Key::body_part(id, nth), Item::default().with(BODY, part)));
        }
    }
    items.extend(loose(&item)?.map(|list| (Key::loose(&list, id), leads_to(id, &item))));
    items.push((Key::webhook(id), listed(item, id)));
    Ok(items)
}

/// What leads to a webhook of no job.
fn leads_to(id: u64, webhook: &Item) -> Item {
    Item::default().with(WEBHOOK, id).with(QUARANTINE, webhook.text(QUARANTINE))
}

impl TableUnit {
    /// Writes a webhook that is new.
    pub(super) fn put_webhook(&mut self, id: u64, item: Item, body: Option<&[u8]>) -> Result<(), Fault> {
        for (key, item) in webhook_items(id, item, body)? {
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
        let (before, parts) = (loose(&item)?, item.count(PARTS)?);
        change(&mut item);
        if item.bytes(BODY).is_none() && parts > 0 {
            item.set(PARTS, None::<i64>);
            (1..=parts).for_each(|part| self.erase(Key::body_part(id, part)));
        }
        self.lead_to_loose(id, before, &item)?;
        self.put(key, listed(item, id));
        Ok(())
    }

    /// The whole body of a webhook, as it was kept.
    pub(in super::super) async fn body_of(&mut self, id: u64, item: &Item) -> Result<Option<Vec<u8>>, Fault> {
        let Some(first) = item.bytes(BODY) else { return Ok(None) };
        let mut body = first.to_vec();
        for part in 1..=item.count(PARTS)? {
            let part = self.read(&Key::body_part(id, part)).await?;
            let part = part.ok_or_else(|| Fault::unreadable("a body of which a part is missing"))?;
            body.extend_from_slice(part.bytes(BODY).unwrap_or_default());
        }
        Ok(Some(body))
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
