//! What is asked about somebody's data: taken in with the webhook that asks, answered by an export ([`mod@export`]), or
//! carried out as a redaction, a page at a time ([`redact`]).
//!
//! A redaction forgets in this order: tombstones first, so that nothing new comes in ([`tombs`]); then jobs and their
//! timelines ([`forget`]), kept webhooks ([`aside`]; [`names`] tells whose they are), and whom the request itself is about; then
//! what SQLite leaves inside pages ([`scrub`]) and the write-ahead log. Only then it counts as done.

mod tombs;
mod names;
mod strip;
mod aside;
mod forget;
mod scrub;
mod standing;
mod redact;
mod export;

use async_trait::async_trait;
use bytes::Bytes;
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::ports::{LedgerError, Privacy, Recorded, Redacted};
use lane::privacy::{Ask, Kept, PrivacyRequest, TOPICS, Unread};
use lane::view::{Page, Paged, QuarantineReason};
use lane::webhook::Webhook;
use rusqlite::{Connection, Row};

use super::Ledger;
use super::desk::audit;
use super::kept::{Became, keep};
use super::look::{cursor, paged};
use super::rows::{FORMAT, from_micros, known, micros, one};
use super::writer::{Fault, Unit};

pub(super) use aside::drop_webhook;
pub(super) use export::export;
pub(super) use forget::{end, note_ended, tell_ended};
pub(super) use redact::{Step, done, step};
pub(super) use strip::strip;
pub(super) use tombs::{forgotten, raise_shop};

#[async_trait]
impl Privacy for Ledger {
    async fn requests(&self, open: bool, page: &Page) -> Result<Paged<Kept>, LedgerError> {
        let page = page.clone();
        self.readers.read(move |conn| requests(conn, open, &page)).await
    }

    async fn unread(&self, since: Timestamp) -> Result<Unread, LedgerError> {
        self.readers.read(move |conn| unread(conn, since)).await
    }

    async fn redact(&self, request: u64, by: Option<&str>, now: Timestamp) -> Result<Redacted, LedgerError> {
        let by = by.map(str::to_owned);
        match self.writer.write(move |unit| step(unit, request, by.as_deref(), now)).await? {
            Step::More => Ok(Redacted::More),
            Step::NoSuchRequest => Ok(Redacted::NoSuchRequest),
            Step::Done => Ok(Redacted::Done),
            Step::ShopIsOpen => Ok(Redacted::ShopIsOpen),
            Step::LogLeft => {
                self.writer.empty_log().await?;
                self.writer.write(move |unit| done(unit, request, now)).await?;
                Ok(Redacted::Done)
            }
        }
    }

    async fn export(&self, request: u64, now: Timestamp) -> Result<Option<serde_json::Value>, LedgerError> {
        export(&self.readers, request, now).await
    }

    async fn dismiss(&self, request: u64, by: &str, now: Timestamp) -> Result<bool, LedgerError> {
        let by = by.to_owned();
        self.writer.write(move |unit| dismiss(unit, request, &by, now)).await
    }

    async fn answered(&self, request: u64, now: Timestamp) -> Result<bool, LedgerError> {
        self.writer.write(move |unit| answered(unit, request, now)).await
    }
}

/// Takes a request in. Its webhook is recorded like any other, but its body, which names the person, is never written.
pub(super) fn take_in(
    unit: &mut Unit<'_>,
    webhook: &Webhook,
    shop: Option<&ShopId>,
    request: &PrivacyRequest,
) -> Result<Recorded, Fault> {
    let source = webhook.source.as_str();
    // A removed shop's customers may ask as well.
    let removed = match shop {
        Some(_) => None,
        None => shop_with(unit.conn, source, &webhook.merchant)?,
    };
    let shop = shop.or(removed.as_ref());
    // A forgotten shop has nothing left, and its name is not written down again for saying so; unless its merchant came
    // back, and orders of theirs wait for the shop to be added.
    let nothing_left = shop.is_none()
        && tombs::shop_lies(unit, source, &webhook.merchant)?
        && !is_kept_for(unit.conn, source, &webhook.merchant)?;
    if !nothing_left {
        // What such a body hashes to can be guessed from a mail address and a telephone number.
        let silent = Webhook { body_hash: [0; 32], body: Bytes::new(), ..webhook.clone() };
        let became = Became::Settled { outcome: Recorded::Asked.label(), job: None };
        keep(unit, &silent, None, shop, &became)?;
    }
    let merchant = if nothing_left { "" } else { &webhook.merchant };
    let mut request = request.clone();
    if nothing_left {
        request.subject = lane::privacy::Subject::default();
    }
    let received_at = micros(webhook.received_at);
    unit.conn
        .prepare_cached(
            "INSERT INTO privacy (source, merchant, shop, format, doc, progress, received_at, done_at)
             VALUES (?1, ?2, ?3, ?4, ?5, '{}', ?6, ?7)",
        )?
        .execute((
            source,
            merchant,
            shop.map(ShopId::as_str),
            FORMAT,
            serde_json::to_string(&request)?,
            received_at,
            nothing_left.then_some(received_at),
        ))?;
    Ok(Recorded::Asked)
}

/// Whether anything is kept of what came in the name of a domain while its shop was not known.
fn is_kept_for(conn: &Connection, source: &str, domain: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM webhook
               WHERE quarantine IN ('unknown_shop', 'unreadable', 'unknown_to_shop') AND merchant = ?2 AND source = ?1
                 AND (body IS NOT NULL OR content IS NOT NULL) LIMIT 1";
    Ok(one::<i64>(conn, sql, (source, domain))?.is_some())
}

/// A person closes a request without its being carried out. Whom it is about is forgotten with it.
pub(super) fn dismiss(unit: &Unit<'_>, id: u64, by: &str, now: Timestamp) -> Result<bool, Fault> {
    let Some(mut request) = Request::find(unit.conn, id)? else { return Ok(false) };
    if request.kept.done_at.is_some() || request.has_begun()? {
        return Ok(false);
    }
    let seq = request.seq()?;
    request.kept.request.subject = lane::privacy::Subject::default();
    forget::save_request(unit, seq, &request.kept.request)?;
    let sql = "UPDATE privacy SET done_at = ?2, dismissed = 1 WHERE seq = ?1";
    unit.conn.prepare_cached(sql)?.execute((seq, micros(now)))?;
    audit(unit, now, by, "dismiss", &format!("privacy request {id}"))?;
    Ok(true)
}

/// A person has what was exported.
pub(super) fn answered(unit: &Unit<'_>, id: u64, now: Timestamp) -> Result<bool, Fault> {
    let Some(request) = Request::find(unit.conn, id)? else { return Ok(false) };
    match request.kept.request.ask {
        Ask::Export => {}
        Ask::RedactCustomer | Ask::RedactShop => return Ok(false),
    }
    let sql = "UPDATE privacy SET done_at = COALESCE(done_at, ?2) WHERE seq = ?1";
    unit.conn.prepare_cached(sql)?.execute((request.seq()?, micros(now)))?;
    Ok(true)
}

/// The shop a domain leads to, removed or not.
fn shop_with(conn: &Connection, source: &str, domain: &str) -> Result<Option<ShopId>, Fault> {
    let shop: Option<String> = one(conn, "SELECT shop FROM domain WHERE source = ?1 AND name = ?2", (source, domain))?;
    Ok(shop.as_deref().map(ShopId::parse).transpose()?)
}

/// A request's row, and where its subject is looked for.
struct Request {
    source: String,
    kept: Kept,
    progress: String,
}

const COLUMNS: &str = "seq, merchant, shop, format, doc, received_at, done_at, source, progress, dismissed";

impl Request {
    fn find(conn: &Connection, id: u64) -> Result<Option<Self>, Fault> {
        let Ok(seq) = i64::try_from(id) else { return Ok(None) };
        let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM privacy WHERE seq = ?1"))?;
        let mut rows = statement.query([seq])?;
        let Some(mut request) = rows.next()?.map(Self::read).transpose()? else { return Ok(None) };
        if request.kept.shop.is_none() {
            // Its shop may have been added since it was asked.
            request.kept.shop = shop_with(conn, &request.source, &request.kept.merchant)?;
        }
        Ok(Some(request))
    }

    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        known(row.get(3)?)?;
        let shop: Option<String> = row.get(2)?;
        let kept = Kept {
            id: row.get(0)?,
            merchant: row.get(1)?,
            shop: shop.as_deref().map(ShopId::parse).transpose()?,
            request: serde_json::from_str(&row.get::<_, String>(4)?)?,
            received_at: from_micros(row.get(5)?),
            done_at: row.get::<_, Option<i64>>(6)?.map(from_micros),
            dismissed: row.get(9)?,
        };
        Ok(Self { source: row.get(7)?, kept, progress: row.get(8)? })
    }

    /// Whether its redaction has begun.
    fn has_begun(&self) -> Result<bool, Fault> {
        let progress: serde_json::Value = serde_json::from_str(&self.progress)?;
        Ok(progress.get("began") == Some(&serde_json::Value::Bool(true)))
    }

    /// The row's number. Requests come from rows, whose numbers fit.
    fn seq(&self) -> Result<i64, Fault> {
        i64::try_from(self.kept.id).map_err(|e| Fault::Ledger(LedgerError::Unreadable(e.to_string())))
    }

    /// Every domain under which its shop's webhooks came.
    fn domains(&self, conn: &Connection) -> Result<Vec<String>, Fault> {
        let mut domains = vec![self.kept.merchant.clone()];
        if let Some(shop) = &self.kept.shop {
            let mut statement = conn.prepare_cached("SELECT name FROM domain WHERE source = ?1 AND shop = ?2")?;
            let others = statement.query_map((&self.source, shop.as_str()), |row| row.get(0))?;
            domains.extend(others.collect::<Result<Vec<String>, _>>()?);
        }
        domains.sort_unstable();
        domains.dedup();
        domains.retain(|domain| !domain.is_empty());
        Ok(domains)
    }
}

pub(super) fn requests(conn: &Connection, open: bool, page: &Page) -> Result<Paged<Kept>, Fault> {
    let after = page.after.as_deref().map(cursor).transpose()?.map_or(0, |(_, seq)| seq);
    let only = if open { "AND done_at IS NULL" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM privacy WHERE seq > ?1 {only} ORDER BY seq LIMIT {}",
        u64::from(page.rows()) + 1
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([after])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Request::read(row)?.kept);
    }
    Ok(paged(found, page, |kept| format!("0.{}", kept.id), |kept| kept))
}

/// How many requests came since then that nobody could read, and when the oldest of them did.
pub(super) fn unread(conn: &Connection, since: Timestamp) -> Result<Unread, Fault> {
    let sql = "SELECT COUNT(*), MIN(received_at) FROM webhook
               WHERE quarantine = ?1 AND received_at >= ?2 AND topic IN (SELECT value FROM json_each(?3))";
    let topics = serde_json::to_string(&TOPICS)?;
    let unreadable = QuarantineReason::Unreadable.as_str();
    let mut statement = conn.prepare_cached(sql)?;
    let (count, oldest): (u64, Option<i64>) =
        statement.query_row((unreadable, micros(since), topics), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Unread { count, oldest: oldest.map(from_micros) })
}
