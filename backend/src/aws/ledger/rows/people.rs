//! What is to stay forgotten, and what is asked about somebody's data.

use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::shop::Source;

use super::super::bodies::has_body;
use super::super::item::Item;
use super::super::key::{Key, number_of, of_loose};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::webhooks::{CONTENT, MERCHANT, QUARANTINE, RECEIVED_AT, SHOP, SOURCE};
use crate::ledger::fault::Fault;
use crate::ledger::tombs::Tomb;
use crate::ledger::unit::{Asked, People};
use crate::moving::MovedPrivacy;

pub(in super::super) const PROGRESS: &str = "progress";
pub(in super::super) const DONE_AT: &str = "done_at";
pub(in super::super) const DISMISSED: &str = "dismissed";
const AT: &str = "at";
const LAST: &str = "last";

/// Webhooks of a name that are looked through at once.
const LOOSE_AT_ONCE: usize = 100;

/// A request that nobody has begun to carry out.
pub(in super::super) fn request_item(request: &MovedPrivacy) -> Result<Item, Fault> {
    let mut item = Item::of(&request.request)?;
    item.set(SOURCE, request.source.as_str());
    item.set(MERCHANT, request.merchant.as_str());
    item.set(SHOP, request.shop.as_ref().map(ShopId::as_str));
    item.set(PROGRESS, "{}");
    item.set(RECEIVED_AT, request.received_at);
    item.set(DONE_AT, request.done_at);
    item.set(DISMISSED, request.dismissed.then_some(1_i64));
    Ok(item)
}

/// Stands for what is to stay forgotten.
pub(in super::super) fn forgotten_item(at: Timestamp) -> Item {
    Item::default().with(AT, at)
}

/// The last number that was given to a request.
pub(in super::super) fn numbers_item(last: u64) -> Item {
    Item::default().with(LAST, last)
}

impl People for TableUnit {
    /// Looking whether there are any would cost as much as looking for one.
    async fn has_tombs(&mut self) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn gone_since(&mut self, tomb: &Tomb) -> Result<Option<Timestamp>, Fault> {
        self.read(&Key::gone(tomb)).await?.map_or(Ok(None), |item| item.time(AT))
    }

    async fn bury(&mut self, tomb: &Tomb, at: Timestamp) -> Result<(), Fault> {
        if self.gone_since(tomb).await?.is_none_or(|since| since < at) {
            self.put(Key::gone(tomb), forgotten_item(at));
        }
        Ok(())
    }

    async fn raise(&mut self, tomb: &Tomb) -> Result<(), Fault> {
        if self.gone_since(tomb).await?.is_some() {
            self.erase(Key::gone(tomb));
        }
        Ok(())
    }

    async fn led_to(&mut self, source: Source, domain: &str) -> Result<Option<ShopId>, Fault> {
        self.domain_leads_to(source, domain).await
    }

    async fn is_kept_for(&mut self, source: Source, domain: &str) -> Result<bool, Fault> {
        let (list, mut end) = (of_loose(source, domain, None), None::<String>);
        loop {
            let among = Among::after("", end.as_deref());
            let found = self.query(&Range::new(&list, among, LOOSE_AT_ONCE)).await?;
            for (key, _) in &found {
                let webhook = self.read(&Key::webhook(number_of(key)?)).await?;
                let is_kept = |item: &Item| has_body(item) || item.text(CONTENT).is_some();
                if webhook.is_some_and(|item| item.text(QUARANTINE).is_some() && is_kept(&item)) {
                    return Ok(true);
                }
            }
            match found.last() {
                Some((key, _)) if found.len() >= LOOSE_AT_ONCE => end = Some(key.sk.clone()),
                _ => return Ok(false),
            }
        }
    }

    async fn look_ahead(&mut self, tombs: &[Tomb]) -> Result<(), Fault> {
        let keys: Vec<Key> = tombs.iter().map(Key::gone).collect();
        self.read_ahead(&keys).await
    }

    async fn put_request(&mut self, asked: &Asked<'_>) -> Result<(), Fault> {
        // They are few, and people name them by it.
        let id = self.table.add(&Key::privacy_numbers(), LAST, 1).await?.ok_or(Fault::Again)?;
        let id = u64::try_from(id).map_err(Fault::unreadable)?;
        let request = MovedPrivacy {
            id,
            source: asked.source,
            merchant: asked.merchant.to_owned(),
            shop: asked.shop.cloned(),
            request: asked.request.clone(),
            received_at: asked.received_at,
            done_at: asked.done.then_some(asked.received_at),
            dismissed: false,
        };
        self.put_new(Key::privacy(id), request_item(&request)?);
        Ok(())
    }
}
