//! Shops with their domains, operators, and what is remembered of provider accounts.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey, ShopId};
use lane::job::Job;
use lane::operator::Operator;
use lane::outcome::Reach;
use lane::ports::Notice;
use lane::shop::{Shop, Source};
use lane::state::StateKind;

use super::super::item::Item;
use super::super::key::{ENTRY, Key, of_lane, of_unresolved, read_job_name};
use super::super::table::{Among, LIST, Range};
use super::super::unit::TableUnit;
use super::lanes::read_entry;
use crate::ledger::fault::Fault;
use crate::ledger::unit::Shops;
use crate::moving::MovedShop;

pub(in super::super) const SHOPS: &str = "shops";
pub(in super::super) const OPERATORS: &str = "operators";
pub(in super::super) const ACCOUNTS: &str = "accounts";
pub(in super::super) const REMOVED: &str = "removed";
pub(in super::super) const REMOVED_AT: &str = "removed_at";
pub(in super::super) const LEFT_AT: &str = "left_at";
const PUT_AT: &str = "put_at";
/// The domains that lead to a shop, as JSON.
const DOMAINS: &str = "domains";
const SHOP: &str = "shop";
const TOKEN: &str = "token";
pub(in super::super) const OPERATOR: &str = "operator";
pub(in super::super) const STOP_UNTIL: &str = "stop_until";
pub(in super::super) const LOOKED_UNTIL: &str = "looked_until";
pub(in super::super) const URL: &str = "url";
pub(in super::super) const RECEIVED_AT: &str = "received_at";
const NOTICE_ID: &str = "notice";
/// How many notices are open.
pub(in super::super) const NOTICES: &str = "notices";

/// Jobs whose fate nobody knows that are looked at.
const UNRESOLVED_MAX: usize = 1000;

/// Jobs at the front of a line that are looked at for one that is being attempted.
const FRONT: usize = 500;

impl Shops for TableUnit {
    async fn shop_with(&mut self, source: Source, domain: &str) -> Result<Option<Arc<Shop>>, Fault> {
        let Some(shop) = self.domain_leads_to(source, domain).await? else { return Ok(None) };
        Ok(self.shop(&shop).await?.map(Arc::new))
    }

    async fn shop(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault> {
        let item = self.read(&Key::shop(id)).await?;
        item.filter(|item| !is_removed(item)).map(|item| item.doc()).transpose()
    }

    async fn shop_as_written(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault> {
        self.read(&Key::shop(id)).await?.map(|item| item.doc()).transpose()
    }

    async fn other_with(&mut self, shop: &Shop, domain: &str) -> Result<Option<ShopId>, Fault> {
        let Some(other) = self.domain_leads_to(shop.source, domain).await? else { return Ok(None) };
        if other == shop.id {
            return Ok(None);
        }
        let is_there = self.read(&Key::shop(&other)).await?.is_some_and(|item| !is_removed(&item));
        Ok(is_there.then_some(other))
    }

    async fn put_shop(&mut self, shop: &Shop, now: Timestamp) -> Result<(), Fault> {
        let key = Key::shop(&shop.id);
        let mut item = self.read(&key).await?.unwrap_or_default();
        item.set_doc(shop)?;
        item.set(PUT_AT, now);
        self.put(key, item);
        Ok(())
    }

    async fn put_domains(&mut self, shop: &Shop) -> Result<(), Fault> {
        let key = Key::shop(&shop.id);
        let mut item = self.read(&key).await?.unwrap_or_default();
        for domain in domains(&item)?.iter().filter(|domain| !shop.domains.contains(domain)) {
            // Another shop may have it by now.
            if self.domain_leads_to(shop.source, domain).await?.as_ref() == Some(&shop.id) {
                self.erase(Key::domain(shop.source, domain));
            }
        }
        for domain in &shop.domains {
            // Read, so that it is written as what was read; and written again if it leads there already, because whoever has
            // read it without its shop's being there must learn of it.
            self.domain_leads_to(shop.source, domain).await?;
            self.put(Key::domain(shop.source, domain), Item::default().with(SHOP, shop.id.as_str()));
        }
        for gone in [LEFT_AT, REMOVED_AT, REMOVED] {
            item.set(gone, None::<i64>);
        }
        item.set(DOMAINS, serde_json::to_string(&shop.domains)?);
        self.put(key, item.with(LIST.hash, SHOPS).with(LIST.range, shop.id.as_str()));
        Ok(())
    }

    async fn put_at(&mut self, id: &ShopId) -> Result<Option<Timestamp>, Fault> {
        self.read(&Key::shop(id)).await?.map_or(Ok(None), |item| item.time(PUT_AT))
    }

    async fn left(&mut self, id: &ShopId, at: Timestamp) -> Result<(), Fault> {
        let key = Key::shop(id);
        if let Some(item) = self.read(&key).await? {
            self.put(key, item.with(LEFT_AT, at));
        }
        Ok(())
    }

    async fn remove_shop(&mut self, id: &ShopId, now: Timestamp) -> Result<bool, Fault> {
        let key = Key::shop(id);
        let Some(mut item) = self.read(&key).await?.filter(|item| !is_removed(item)) else { return Ok(false) };
        item.set(LIST.hash, None::<i64>);
        item.set(LIST.range, None::<i64>);
        self.put(key, item.with(REMOVED, 1_i64).with(REMOVED_AT, now));
        Ok(true)
    }

    async fn unresolved(&mut self, shop: &ShopId) -> Result<Option<String>, Fault> {
        let pk = of_unresolved(shop);
        let mut keys = Vec::new();
        for item in self.table.query(&Range::new(&pk, Among::All, UNRESOLVED_MAX)).await? {
            let (lane, id) = read_job_name(&item.key()?.sk)?;
            keys.push(Key::job(&lane, &id));
        }
        // What is being attempted was the head when it was begun.
        let lane = LaneKey::orders(shop);
        self.rely_on_line(&lane).await?;
        for item in self.table.query(&Range::new(&of_lane(&lane), Among::Begins(ENTRY), FRONT)).await? {
            keys.push(Key::job(&lane, &read_entry(&item)?.job));
        }
        for item in self.table.get_all(&keys, true).await? {
            let job: Job = item.doc()?;
            if is_in_doubt(&job) {
                return Ok(Some(job.number));
            }
        }
        Ok(None)
    }

    async fn put_operator(&mut self, operator: &Operator) -> Result<(), Fault> {
        let key = Key::operator(&operator.id);
        if let Some(before) = self.read(&key).await?.and_then(|item| item.text(TOKEN).map(Key::token)) {
            self.erase(before);
        }
        for (key, item) in operator_items(operator)? {
            self.put(key, item);
        }
        Ok(())
    }

    async fn stop_account(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault> {
        self.at_least(account, STOP_UNTIL, until).await
    }

    async fn looked(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault> {
        self.at_least(account, LOOKED_UNTIL, until).await
    }

    async fn drop_notice(&mut self, account: &AccountId, url: &str) -> Result<(), Fault> {
        let leads = Key::notice_of(account, url);
        let Some(item) = self.read(&leads).await? else { return Ok(()) };
        self.erase(Key::notice(account, item.count(NOTICE_ID)?));
        self.erase(leads);
        self.tell(Key::account(account)).add(NOTICES, -1);
        Ok(())
    }

    async fn has_notices(&mut self, account: &AccountId, many: u32) -> Result<bool, Fault> {
        let open = self.read(&Key::account(account)).await?.map_or(Ok(0), |item| item.count(NOTICES))?;
        let told = self.tell(Key::account(account));
        if open.saturating_add_signed(told.added(NOTICES)) >= u64::from(many) {
            return Ok(true);
        }
        // Many may come at once: whoever finds room by this look is only kept if there still is.
        if told.added(NOTICES) == 0 {
            told.values.set(":many", u64::from(many));
            told.condition = Some(format!("attribute_not_exists({NOTICES}) OR {NOTICES} < :many"));
        }
        Ok(false)
    }

    async fn put_notice(&mut self, notice: &Notice) -> Result<(), Fault> {
        let id = super::number_at(notice.received_at);
        let [(key, item), (leads_from, leads)] = notice_items(id, &notice.account, &notice.url, notice.received_at);
        self.put_new(key, item);
        self.put(leads_from, leads);
        let account = self.tell(Key::account(&notice.account));
        account.add(NOTICES, 1);
        Ok(())
    }

    async fn settle_notice(&mut self, account: &AccountId, id: u64) -> Result<(), Fault> {
        let key = Key::notice(account, id);
        let Some(item) = self.read(&key).await? else { return Ok(()) };
        let leads = Key::notice_of(account, item.known(URL)?);
        self.erase(key);
        self.tell(Key::account(account)).add(NOTICES, -1);
        // The same hint may have come again, under a new number.
        if self.read(&leads).await?.map_or(Ok(0), |item| item.count(NOTICE_ID))? == id {
            self.erase(leads);
        }
        Ok(())
    }
}

/// An operator, and what leads from the token.
pub(in super::super) fn operator_items(operator: &Operator) -> Result<[(Key, Item); 2], Fault> {
    let name = operator.id.as_str();
    let item = Item::of(operator)?.with(TOKEN, operator.token_hash.as_str());
    let item = item.with(LIST.hash, OPERATORS).with(LIST.range, name);
    let leads = Item::default().with(OPERATOR, name);
    Ok([(Key::operator(&operator.id), item), (Key::token(&operator.token_hash), leads)])
}

/// A hint, and what leads to it from what it says.
pub(in super::super) fn notice_items(id: u64, account: &AccountId, url: &str, at: Timestamp) -> [(Key, Item); 2] {
    let item = Item::default().with(URL, url).with(RECEIVED_AT, at);
    let leads = Item::default().with(NOTICE_ID, id);
    [(Key::notice(account, id), item), (Key::notice_of(account, url), leads)]
}

/// A shop that comes from another store, with its domains.
pub(in super::super) fn shop_items(moved: &MovedShop) -> Result<Vec<(Key, Item)>, Fault> {
    let shop = &moved.shop;
    let mut item = Item::of(shop)?.with(PUT_AT, moved.put_at);
    item.set(DOMAINS, serde_json::to_string(&moved.domains)?);
    item.set(LEFT_AT, moved.left_at);
    item.set(REMOVED_AT, moved.removed_at);
    item.set(REMOVED, moved.removed.then_some(1_i64));
    if !moved.removed {
        item = item.with(LIST.hash, SHOPS).with(LIST.range, shop.id.as_str());
    }
    let leads = |domain| (Key::domain(shop.source, domain), Item::default().with(SHOP, shop.id.as_str()));
    Ok(moved.domains.iter().map(|domain| leads(domain)).chain([(Key::shop(&shop.id), item)]).collect())
}

impl TableUnit {
    /// The shop that a domain leads to, removed or not.
    pub(in super::super) async fn domain_leads_to(
        &mut self,
        source: Source,
        domain: &str,
    ) -> Result<Option<ShopId>, Fault> {
        let item = self.read(&Key::domain(source, domain)).await?;
        Ok(item.as_ref().and_then(|item| item.text(SHOP)).map(ShopId::parse).transpose()?)
    }

    async fn at_least(&mut self, account: &AccountId, name: &str, at: Timestamp) -> Result<(), Fault> {
        let key = Key::account(account);
        let item = self.read(&key).await?.unwrap_or_default();
        if item.time(name)?.is_none_or(|known| known < at) {
            self.put(key, item.with(name, at).with(LIST.hash, ACCOUNTS).with(LIST.range, account.as_str()));
        }
        Ok(())
    }
}

/// Whether the warehouse may have it without anybody's knowing, while something may still be done about it.
fn is_in_doubt(job: &Job) -> bool {
    let unresolved = matches!(job.reach, Reach::Unresolved);
    match job.state.kind() {
        StateKind::Attempting => true,
        StateKind::Waiting | StateKind::Retrying | StateKind::Held | StateKind::Failed => unresolved,
        StateKind::Done | StateKind::Skipped | StateKind::Rejected => false,
    }
}

pub(in super::super) fn is_removed(shop: &Item) -> bool {
    shop.number(REMOVED).ok().flatten().is_some()
}

pub(in super::super) fn domains(shop: &Item) -> Result<Vec<String>, Fault> {
    Ok(shop.text(DOMAINS).map(serde_json::from_str).transpose()?.unwrap_or_default())
}
