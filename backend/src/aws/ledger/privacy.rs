//! What is asked about somebody's data: answered by an export ([`mod@export`]), or carried out as a redaction, a step at
//! a time ([`redact`]).
//!
//! What is forgotten leaves the table and its indexes with the write that forgets it. Of the table's own backups it leaves
//! when they are dropped, after 35 days at most (*Point-in-time recovery*).

mod asked;
mod forget;
pub(super) mod loose;
mod next;
mod redact;
mod standing;
mod export;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::ports::{LedgerError, Privacy, Redacted};
use lane::privacy::{Ask, Kept, Subject, TOPICS, Unread};
use lane::view::{Page, Paged, QuarantineReason};

use super::Ledger;
use super::item::Item;
use super::key::REQUESTS;
use super::lists::listed;
use super::rows::webhooks::{ASIDE, QUARANTINE, RECEIVED_AT, TOPIC};
use super::table::{Among, LIST, Range, Table};
use super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::unit::Desks as _;
use asked::Request;

#[async_trait]
impl Privacy for Ledger {
    async fn requests(&self, open: bool, page: &Page) -> Result<Paged<Kept>, LedgerError> {
        Ok(requests(&self.table, open, page).await?)
    }

    async fn unread(&self, since: Timestamp) -> Result<Unread, LedgerError> {
        let (mut unread, mut page) = (Unread::default(), Page::default());
        loop {
            let read = |item: &Item| {
                let unreadable = item.text(QUARANTINE) == Some(QuarantineReason::Unreadable.as_str());
                let asks = item.text(TOPIC).is_some_and(|topic| TOPICS.contains(&topic));
                Ok(item.time(RECEIVED_AT)?.filter(|at| unreadable && asks && *at >= since))
            };
            let found = listed(&self.table, (LIST, ASIDE), &page, read).await?;
            for at in found.rows.into_iter().flatten() {
                unread.count += 1;
                unread.oldest = unread.oldest.into_iter().chain([at]).min();
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(unread),
            }
        }
    }

    async fn redact(&self, request: u64, by: Option<&str>, now: Timestamp) -> Result<Redacted, LedgerError> {
        self.change(|mut unit| async move { (redact::step(&mut unit, request, by, now).await, unit) }).await
    }

    async fn export(&self, request: u64, now: Timestamp) -> Result<Option<serde_json::Value>, LedgerError> {
        self.read(|mut unit| async move { (export::export(&mut unit, request, now).await, unit) }).await
    }

    async fn dismiss(&self, request: u64, by: &str, now: Timestamp) -> Result<bool, LedgerError> {
        self.change(|mut unit| async move { (dismiss(&mut unit, request, by, now).await, unit) }).await
    }

    async fn answered(&self, request: u64, now: Timestamp) -> Result<bool, LedgerError> {
        self.change(|mut unit| async move { (answered(&mut unit, request, now).await, unit) }).await
    }
}

/// Requests as they stand, those that wait alone if `open`.
async fn requests(table: &Table, open: bool, page: &Page) -> Result<Paged<Kept>, Fault> {
    let limit = usize::try_from(page.rows()).unwrap_or(usize::MAX);
    let (mut rows, mut after): (Vec<Kept>, _) = (Vec::new(), page.after.clone());
    loop {
        let among = Among::after("", after.as_deref());
        let found = table.query(&Range::new(REQUESTS, among, REQUESTS_AT_ONCE)).await?;
        for item in &found {
            let kept = Request::read(item)?.kept;
            if open && kept.done_at.is_some() {
                continue;
            }
            if rows.len() == limit {
                let next = rows.last().map(|last| format!("{:020}", last.id));
                return Ok(Paged { rows, next });
            }
            rows.push(kept);
        }
        match found.last() {
            Some(last) if found.len() >= REQUESTS_AT_ONCE => after = Some(last.key()?.sk),
            _ => return Ok(Paged { rows, next: None }),
        }
    }
}

/// Requests that are read at once.
const REQUESTS_AT_ONCE: usize = 200;

/// A person closes a request without its being carried out. Whom it is about is forgotten with it.
async fn dismiss(unit: &mut TableUnit, id: u64, by: &str, now: Timestamp) -> Result<bool, Fault> {
    let Some(mut request) = Request::find(unit, id).await? else { return Ok(false) };
    if request.kept.done_at.is_some() || request.progress.began {
        return Ok(false);
    }
    request.kept.request.subject = Subject::default();
    (request.kept.done_at, request.kept.dismissed) = (Some(now), true);
    request.save(unit).await?;
    unit.audit(now, by, "dismiss", &format!("privacy request {id}")).await?;
    Ok(true)
}

/// A person has what was exported.
async fn answered(unit: &mut TableUnit, id: u64, now: Timestamp) -> Result<bool, Fault> {
    let Some(mut request) = Request::find(unit, id).await? else { return Ok(false) };
    match request.kept.request.ask {
        Ask::Export => {}
        Ask::RedactCustomer | Ask::RedactShop => return Ok(false),
    }
    if request.kept.done_at.is_none() {
        request.kept.done_at = Some(now);
        request.save(unit).await?;
    }
    Ok(true)
}
