//! What people look at. The lists are indexes, which follow the table a moment later; what is shown of each row is read
//! from the table.

use std::collections::HashMap;

use futures::future::try_join_all;
use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{JobId, LaneKey, ShopId};
use lane::job::Job;
use lane::ports::LedgerError;
use lane::state::StateKind;
use lane::view::{Ended, JobFilter, LaneFilter, LaneView, Page, Paged, QuarantineReason, Quarantined};
use serde::de::DeserializeOwned;

use super::item::Item;
use super::key::{HISTORY, Key, of_job};
use super::lanes::view;
use super::line::{SHARDS, list_of_lanes_in};
use super::rows::jobs::{list_of_shop, lists_of_jobs};
use super::rows::webhooks::{ASIDE, MERCHANT, QUARANTINE, RECEIVED_AT, SHOP, TOPIC, WORDS, webhook_number};
use super::table::{Among, Index, LIST, OTHER_LIST, Range, Table};
use crate::ledger::fault::Fault;

/// Lanes that one page looks at, at the most, while it searches for stalled ones.
const LANES_LOOKED_AT_MAX: usize = 500;

/// Entries of a timeline that are read at once.
const ENTRIES_AT_ONCE: usize = 1000;

/// Where a list goes on: behind this, in these partitions of the index.
struct From<'a> {
    index: Index,
    of: Vec<String>,
    begins: &'a str,
    after: Option<&'a str>,
}

/// Keys from several partitions of an index in their common order, at most so many, each with its place in the list.
async fn merged(table: &Table, from: &From<'_>, most: usize) -> Result<Vec<(String, Key)>, Fault> {
    let among = || Among::after(from.begins, from.after);
    let lists = from.of.iter().map(async |of| table.list(from.index, &Range::new(of, among(), most)).await);
    let mut found = Vec::new();
    for item in try_join_all(lists).await?.into_iter().flatten() {
        found.push((item.known(from.index.range)?.to_owned(), item.key()?));
    }
    found.sort_unstable();
    found.truncate(most);
    Ok(found)
}

/// The items behind keys, in their order; what is gone by now is left out.
async fn items(table: &Table, keys: &[(String, Key)], strongly: bool) -> Result<Vec<(String, Item)>, Fault> {
    let asked: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
    let mut found = HashMap::new();
    for item in table.get_all(&asked, strongly).await? {
        found.insert(item.key()?, item);
    }
    Ok(keys.iter().filter_map(|(place, key)| Some((place.clone(), found.remove(key)?))).collect())
}

fn rows_of(page: &Page) -> usize {
    usize::try_from(page.rows()).unwrap_or(usize::MAX)
}

/// A page of what a list leads to.
async fn paged<T>(
    table: &Table,
    from: &From<'_>,
    page: &Page,
    read: impl Fn(&Item) -> Result<T, Fault>,
) -> Result<Paged<T>, Fault> {
    let limit = rows_of(page);
    let mut keys = merged(table, from, limit + 1).await?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = if more { keys.last().map(|(place, _)| place.clone()) } else { None };
    let found = items(table, &keys, false).await?;
    Ok(Paged { rows: found.iter().map(|(_, item)| read(item)).collect::<Result<_, _>>()?, next })
}

pub(super) async fn jobs(table: &Table, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, Fault> {
    let (index, of, begins) = match (&filter.shop, filter.state) {
        (None, Some(state)) => (LIST, lists_of_jobs(state), String::new()),
        (None, None) => (LIST, StateKind::ALL.into_iter().flat_map(lists_of_jobs).collect(), String::new()),
        (Some(shop), Some(state)) => (OTHER_LIST, vec![list_of_shop(shop)], format!("{}#", state.as_str())),
        (Some(shop), None) => (OTHER_LIST, vec![list_of_shop(shop)], String::new()),
    };
    let after = behind(page, &begins)?;
    paged(table, &From { index, of, begins: &begins, after }, page, Item::doc).await
}

/// The cursor of a page, if it is of a list whose places begin so.
fn behind<'a>(page: &'a Page, begins: &str) -> Result<Option<&'a str>, Fault> {
    let after = page.after.as_deref();
    if after.is_some_and(|after| !after.starts_with(begins) || !after.contains('#')) {
        return Err(Fault::Ledger(LedgerError::Unreadable("a cursor that this ledger did not give".to_owned())));
    }
    Ok(after)
}

/// A page of a shop's jobs that ended so, read from the end of their list.
pub(super) async fn latest(table: &Table, shop: &ShopId, ended: Ended, page: &Page) -> Result<Paged<Job>, Fault> {
    let (of, begins) = (list_of_shop(shop), format!("{}#", ended.state().as_str()));
    let after = behind(page, &begins)?;
    // The one that was last comes once more, because a range has to name both of its ends.
    let among = after.map_or(Among::Begins(&begins), |after| Among::Between(&begins, after));
    let limit = rows_of(page);
    let range = Range { backwards: true, ..Range::new(&of, among, limit + 2) };
    let mut keys = Vec::new();
    for item in table.list(OTHER_LIST, &range).await? {
        let place = item.known(OTHER_LIST.range)?.to_owned();
        if after != Some(place.as_str()) {
            keys.push((place, item.key()?));
        }
    }
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = if more { keys.last().map(|(place, _)| place.clone()) } else { None };
    let found = items(table, &keys, false).await?;
    Ok(Paged { rows: found.iter().map(|(_, item)| item.doc()).collect::<Result<_, _>>()?, next })
}

pub(super) async fn timeline(table: &Table, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, Fault> {
    let (pk, mut entries, mut last) = (of_job(lane, id), Vec::new(), None::<String>);
    loop {
        let among = Among::after(HISTORY, last.as_deref());
        let found = table.query(&Range::new(&pk, among, ENTRIES_AT_ONCE)).await?;
        for item in &found {
            entries.push(item.doc()?);
        }
        match found.last() {
            Some(item) if found.len() >= ENTRIES_AT_ONCE => last = Some(item.key()?.sk),
            _ => return Ok(entries),
        }
    }
}

/// The keys of all lanes, or of a shop's, behind one.
pub(super) async fn lanes_after(
    table: &Table,
    shop: Option<&ShopId>,
    after: Option<&str>,
    most: usize,
) -> Result<Vec<LaneKey>, Fault> {
    let (index, of) = match shop {
        Some(shop) => (OTHER_LIST, vec![format!("lanes#{shop}")]),
        None => (LIST, (0..SHARDS).map(list_of_lanes_in).collect()),
    };
    let found = merged(table, &From { index, of, begins: "", after }, most).await?;
    found.iter().map(|(key, _)| Ok(key.parse()?)).collect()
}

pub(super) async fn lanes(
    table: &Table,
    filter: &LaneFilter,
    page: &Page,
    now: Timestamp,
) -> Result<Paged<LaneView>, Fault> {
    let limit = rows_of(page);
    let asked = if filter.stalled { LANES_LOOKED_AT_MAX } else { limit + 1 };
    let keys = lanes_after(table, filter.shop.as_ref(), page.after.as_deref(), asked).await?;
    let (mut rows, mut last) = (Vec::new(), None);
    for key in &keys {
        if rows.len() == limit {
            return Ok(Paged { rows, next: last });
        }
        last = Some(key.to_string());
        let view = view(table, key, now).await?;
        rows.extend(view.filter(|view| !filter.stalled || view.status.is_stalled()));
    }
    let next = last.filter(|_| keys.len() == asked);
    Ok(Paged { rows, next })
}

pub(super) async fn quarantined(table: &Table, page: &Page) -> Result<Paged<Quarantined>, Fault> {
    let from = From { index: LIST, of: vec![ASIDE.to_owned()], begins: "", after: page.after.as_deref() };
    let read = |item: &Item| {
        Ok(Quarantined {
            id: webhook_number(item)?,
            merchant: item.known(MERCHANT)?.to_owned(),
            shop: item.text(SHOP).map(ShopId::parse).transpose()?,
            topic: item.known(TOPIC)?.to_owned(),
            received_at: item.time(RECEIVED_AT)?.ok_or_else(|| Fault::unreadable("when a webhook came"))?,
            why: QuarantineReason::of_word(item.text(QUARANTINE).unwrap_or_default()),
            words: item.text(WORDS).unwrap_or_default().to_owned(),
        })
    };
    paged(table, &from, page, read).await
}

/// A page of one list.
pub(super) async fn listed<T>(
    table: &Table,
    (index, of): (Index, &str),
    page: &Page,
    read: impl Fn(&Item) -> Result<T, Fault>,
) -> Result<Paged<T>, Fault> {
    paged(table, &From { index, of: vec![of.to_owned()], begins: "", after: page.after.as_deref() }, page, read).await
}

/// Every document of a list that is short.
pub(super) async fn all<T: DeserializeOwned>(table: &Table, of: &str) -> Result<Vec<T>, Fault> {
    let found = all_items(table, of).await?;
    found.iter().map(|(_, item)| item.doc()).collect()
}

/// Every item of a list that is short.
pub(super) async fn all_items(table: &Table, of: &str) -> Result<Vec<(String, Item)>, Fault> {
    let from = From { index: LIST, of: vec![of.to_owned()], begins: "", after: None };
    let keys = merged(table, &from, usize::MAX).await?;
    items(table, &keys, true).await
}
