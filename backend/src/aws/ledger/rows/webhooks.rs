//! A webhook: what came, and what became of it.

use lane::id::{CorrelationId, LaneKey, ShopId};
use lane::shop::{Shop, Source};
use lane::view::QuarantineReason;
use lane::webhook::{Content, Webhook};

use super::super::bodies::{drop_body, give_body};
use super::super::item::Item;
use super::super::key::{Key, job_name, of_loose, read_job_name};
use super::super::privacy::loose::forget;
use super::super::unit::TableUnit;
use super::kept::webhooks_of;
use super::number_at;
use crate::ledger::fault::Fault;
use crate::ledger::row::{JobRef, JobRow};
use crate::ledger::tombs::about;
use crate::ledger::unit::{Became, Webhooks};
use crate::moving::MovedWebhook;

/// The list of what waits for people or for its shop.
pub(in super::super) const ASIDE: &str = "aside";
pub(in super::super) const SOURCE: &str = "source";
pub(in super::super) const MERCHANT: &str = "merchant";
pub(in super::super) const SHOP: &str = "shop";
pub(in super::super) const TOPIC: &str = "topic";
pub(in super::super) const WEBHOOK_ID: &str = "webhook_id";
pub(in super::super) const EVENT_ID: &str = "event_id";
const BODY_HASH: &str = "body_hash";
pub(in super::super) const RECEIVED_AT: &str = "received_at";
const CORRELATION: &str = "correlation";
pub(in super::super) const OUTCOME: &str = "outcome";
pub(in super::super) const QUARANTINE: &str = "quarantine";
pub(in super::super) const WORDS: &str = "words";
pub(in super::super) const JOB: &str = "job";
pub(in super::super) const CONTENT: &str = "content";
pub(in super::super) const BYTES: &str = "bytes";
pub(in super::super) const BODY: &str = "body";

/// The number of a webhook that a list led to.
pub(in super::super) fn webhook_number(item: &Item) -> Result<u64, Fault> {
    let key = item.key()?;
    let number = key.pk.rsplit('#').next().and_then(|number| number.parse().ok());
    number.ok_or_else(|| Fault::unreadable("the number of a webhook"))
}

/// The item of a webhook that comes from another store, without its body.
pub(in super::super) fn webhook_item(webhook: &MovedWebhook) -> Item {
    let mut item = Item::default();
    item.set(SOURCE, webhook.source.as_str());
    item.set(MERCHANT, webhook.merchant.as_str());
    item.set(SHOP, webhook.shop.as_ref().map(ShopId::as_str));
    item.set(TOPIC, webhook.topic.as_str());
    item.set(WEBHOOK_ID, webhook.webhook_id.as_deref());
    item.set(EVENT_ID, webhook.event_id.as_deref());
    item.set(BODY_HASH, webhook.body_hash.0.as_slice());
    item.set(RECEIVED_AT, webhook.received_at);
    item.set(CORRELATION, webhook.correlation.as_str());
    item.set(BYTES, webhook.bytes);
    item.set(OUTCOME, webhook.outcome.as_str());
    item.set(QUARANTINE, webhook.quarantine.as_deref());
    item.set(WORDS, webhook.words.as_deref());
    item.set(CONTENT, webhook.content.as_deref());
    item.set(JOB, webhook.job.as_ref().map(|(lane, job)| job_name(lane, job)));
    item
}

impl Webhooks for TableUnit {
    /// One call instead of four.
    async fn expect(&mut self, webhook: &Webhook, shop: Option<&Shop>, keys: &[[u8; 32]]) -> Result<(), Fault> {
        let mut asked: Vec<Key> = keys.iter().map(Key::seen).collect();
        asked.extend(about(webhook, shop).all().map(Key::gone));
        if let (Some(shop), Content::Order(news)) = (shop, &webhook.content) {
            let lane = LaneKey::orders(&shop.id);
            asked.extend([Key::job(&lane, &news.id), Key::lane(&lane), Key::line(&lane)]);
        }
        asked.push(Key::standing());
        self.read_ahead(&asked).await?;
        self.is_all_here().await
    }

    async fn are_known(&mut self, _webhook: &Webhook, keys: &[[u8; 32]]) -> Result<bool, Fault> {
        let keys: Vec<Key> = keys.iter().map(Key::seen).collect();
        self.read_ahead(&keys).await?;
        for key in &keys {
            if self.read(key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn take(&mut self, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<(), Fault> {
        for key in keys.iter().map(Key::seen) {
            if self.read(&key).await?.is_none() {
                self.put_new(key, Item::default().with(RECEIVED_AT, webhook.received_at));
            }
        }
        Ok(())
    }

    async fn keep(
        &mut self,
        webhook: &Webhook,
        body: Option<&[u8]>,
        shop: Option<&ShopId>,
        became: &Became<'_>,
    ) -> Result<(), Fault> {
        let id = number_at(webhook.received_at);
        let mut item = Item::default();
        item.set(SOURCE, webhook.source.as_str());
        item.set(MERCHANT, webhook.merchant.as_str());
        item.set(SHOP, shop.map(ShopId::as_str));
        item.set(TOPIC, webhook.topic.as_str());
        item.set(WEBHOOK_ID, webhook.webhook_id.as_deref());
        item.set(EVENT_ID, webhook.event_id.as_deref());
        item.set(BODY_HASH, webhook.body_hash.as_slice());
        item.set(RECEIVED_AT, webhook.received_at);
        item.set(CORRELATION, webhook.correlation.as_str());
        item.set(BYTES, i64::try_from(webhook.body.len()).unwrap_or(i64::MAX));
        match became {
            Became::Settled { outcome, job } => {
                item.set(OUTCOME, *outcome);
                if let Some(job) = job {
                    item.set(JOB, job_name(&job.lane, &job.job));
                    self.has_webhook(job, id).await?;
                }
            }
            Became::Aside { why, words, content } => {
                item.set(OUTCOME, "quarantined");
                item.set(QUARANTINE, why.as_str());
                item.set(WORDS, *words);
                item.set(CONTENT, content.map(serde_json::to_string::<Content>).transpose()?);
            }
        }
        self.rely_on_owner(webhook, shop);
        if let Some(body) = body
            && let Some(object) = give_body(&mut item, id, body)
        {
            self.put_object(&object, body, webhook.received_at).await?;
        }
        self.put_webhook(id, item)
    }

    async fn kept_for(&mut self, shop: &Shop, most: usize) -> Result<Vec<u64>, Fault> {
        let mut kept = Vec::new();
        for domain in &shop.domains {
            kept.extend(self.waiting(&of_loose(shop.source, domain, None), most).await?);
        }
        kept.sort_unstable();
        kept.truncate(most);
        Ok(kept)
    }

    async fn merchant_of(&mut self, id: u64) -> Result<Option<String>, Fault> {
        let item = self.read(&Key::webhook(id)).await?;
        item.map(|item| item.known(MERCHANT).map(str::to_owned)).transpose()
    }

    async fn kept(&mut self, id: u64) -> Result<Option<Webhook>, Fault> {
        let Some(item) = self.read(&Key::webhook(id)).await? else { return Ok(None) };
        item.text(CONTENT).map(|content| read_kept(&item, content)).transpose()
    }

    async fn settle(&mut self, id: u64, shop: &ShopId, outcome: &str, job: Option<&JobRef>) -> Result<(), Fault> {
        // It may be forgotten in this moment.
        self.rely_on(&Key::shop(shop));
        self.rely_on_tombs();
        let name = job.map(|job| job_name(&job.lane, &job.job));
        if let Some(job) = job {
            self.has_webhook(job, id).await?;
        }
        self.change_webhook(id, |item| {
            item.set(SHOP, shop.as_str());
            item.set(OUTCOME, outcome);
            item.set(JOB, name);
            for gone in [QUARANTINE, WORDS, CONTENT] {
                item.set(gone, None::<i64>);
            }
        })
        .await
    }

    async fn put_before_people(&mut self, id: u64, shop: &ShopId, words: &str) -> Result<(), Fault> {
        self.change_webhook(id, |item| {
            item.set(SHOP, shop.as_str());
            item.set(QUARANTINE, QuarantineReason::Unreadable.as_str());
            item.set(WORDS, words);
            item.set(CONTENT, None::<i64>);
        })
        .await
    }

    async fn doubt_last_of(&mut self, row: &JobRow, why: QuarantineReason, words: &str) -> Result<(), Fault> {
        let job = self.read(&Key::job(&row.job.lane, &row.job.id)).await?;
        let Some(last) = job.as_ref().map(webhooks_of).unwrap_or_default().pop() else { return Ok(()) };
        self.change_webhook(last, |item| {
            item.set(QUARANTINE, why.as_str());
            item.set(WORDS, words);
        })
        .await
    }

    async fn quarantined(&mut self, id: u64) -> Result<Option<(QuarantineReason, Option<JobRef>)>, Fault> {
        let Some(item) = self.read(&Key::webhook(id)).await? else { return Ok(None) };
        let Some(why) = item.text(QUARANTINE).map(QuarantineReason::of_word) else { return Ok(None) };
        let job = item.text(JOB).map(read_job_name).transpose()?;
        Ok(Some((why, job.map(|(lane, job)| JobRef { row: 0, lane, job }))))
    }

    async fn looked_at(&mut self, id: u64) -> Result<(), Fault> {
        self.change_webhook(id, |item| {
            item.set(QUARANTINE, None::<i64>);
            item.set(WORDS, None::<i64>);
        })
        .await
    }

    async fn drop_webhook(&mut self, id: u64) -> Result<(), Fault> {
        forget(self, id, false).await
    }
}

/// Everything that a webhook says goes; that it came stays.
pub(in super::super) fn drop_all(item: &mut Item) {
    drop_body(item);
    for gone in [CONTENT, WORDS, QUARANTINE] {
        item.set(gone, None::<i64>);
    }
}

pub(in super::super) fn source_of(word: &str) -> Result<Source, Fault> {
    match word {
        "shopify" => Ok(Source::Shopify),
        _ => Err(Fault::unreadable("a webhook's source")),
    }
}

fn read_kept(item: &Item, content: &str) -> Result<Webhook, Fault> {
    let body_hash = item.bytes(BODY_HASH).unwrap_or_default().try_into();
    let correlation: CorrelationId = serde_json::from_value(item.known(CORRELATION)?.into())?;
    Ok(Webhook {
        source: source_of(item.known(SOURCE)?)?,
        merchant: item.known(MERCHANT)?.to_owned(),
        topic: item.known(TOPIC)?.to_owned(),
        webhook_id: item.text(WEBHOOK_ID).map(str::to_owned),
        event_id: item.text(EVENT_ID).map(str::to_owned),
        body_hash: body_hash.map_err(|_| Fault::unreadable("a webhook's hash"))?,
        body: bytes::Bytes::new(),
        received_at: item.time(RECEIVED_AT)?.ok_or_else(|| Fault::unreadable("when a webhook came"))?,
        correlation,
        content: serde_json::from_str(content)?,
    })
}
