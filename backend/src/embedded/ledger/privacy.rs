//! What is asked about somebody's data: answered by an export ([`mod@export`]), or
//! carried out as a redaction, a page at a time ([`redact`]).
//!
//! A redaction forgets in this order: tombstones first, so that nothing new comes in ([`crate::ledger::tombs`]); then jobs
//! and their timelines ([`forget`]), kept webhooks ([`aside`]), and whom the request itself is about; then
//! what SQLite leaves inside pages ([`scrub`]) and the write-ahead log. Only then it counts as done.

mod aside;
mod forget;
mod scrub;
mod standing;
mod marked;
mod redact;
mod export;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::ports::{LedgerError, Privacy, Redacted};
use lane::privacy::{Ask, Kept, TOPICS, Unread};
use lane::shop::Source;
use lane::view::{Page, Paged, QuarantineReason};
use rusqlite::{Connection, Row};

use super::Ledger;
use super::look::{cursor, paged};
use super::rows::{FORMAT, from_micros, known, micros, one};
use super::writer::{SqlUnit, done};
use crate::ledger::fault::Fault;
use crate::ledger::tombs::Tomb;
use crate::ledger::unit::{Asked, Desks as _, People};

pub(super) use aside::drop_webhook;
pub(super) use export::export;
use redact::{Step, close, step};

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
                self.writer.write(move |unit| close(unit, request, now)).await?;
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

impl People for SqlUnit<'_> {
    async fn has_tombs(&mut self) -> Result<bool, Fault> {
        Ok(one::<i64>(self.conn, "SELECT 1 FROM forgotten LIMIT 1", [])?.is_some())
    }

    /// Each is a row of an index that is looked up as fast by itself.
    async fn look_ahead(&mut self, _tombs: &[Tomb]) -> Result<(), Fault> {
        Ok(())
    }

    async fn gone_since(&mut self, tomb: &Tomb) -> Result<Option<Timestamp>, Fault> {
        let at: Option<i64> = one(self.conn, "SELECT at FROM forgotten WHERE key = ?1", [tomb])?;
        Ok(at.map(from_micros))
    }

    async fn bury(&mut self, tomb: &Tomb, at: Timestamp) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "INSERT INTO forgotten (key, at) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET at = MAX(at, excluded.at)",
            )?
            .execute((tomb, micros(at)))?;
        Ok(())
    }

    async fn raise(&mut self, tomb: &Tomb) -> Result<(), Fault> {
        self.conn.prepare_cached("DELETE FROM forgotten WHERE key = ?1")?.execute([tomb])?;
        Ok(())
    }

    async fn led_to(&mut self, source: Source, domain: &str) -> Result<Option<ShopId>, Fault> {
        shop_with(self.conn, source.as_str(), domain)
    }

    async fn is_kept_for(&mut self, source: Source, domain: &str) -> Result<bool, Fault> {
        let sql = "SELECT 1 FROM webhook
                   WHERE quarantine IN ('unknown_shop', 'unreadable', 'unknown_to_shop') AND merchant = ?2 AND source = ?1
                     AND (body IS NOT NULL OR content IS NOT NULL) LIMIT 1";
        Ok(one::<i64>(self.conn, sql, (source.as_str(), domain))?.is_some())
    }

    async fn put_request(&mut self, asked: &Asked<'_>) -> Result<(), Fault> {
        let received_at = micros(asked.received_at);
        self.conn
            .prepare_cached(
                "INSERT INTO privacy (source, merchant, shop, format, doc, progress, received_at, done_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, '{}', ?6, ?7)",
            )?
            .execute((
                asked.source.as_str(),
                asked.merchant,
                asked.shop.map(ShopId::as_str),
                FORMAT,
                serde_json::to_string(asked.request)?,
                received_at,
                asked.done.then_some(received_at),
            ))?;
        Ok(())
    }
}

/// A person closes a request without its being carried out. Whom it is about is forgotten with it.
pub(super) fn dismiss(unit: &mut SqlUnit<'_>, id: u64, by: &str, now: Timestamp) -> Result<bool, Fault> {
    let Some(mut request) = Request::find(unit.conn, id)? else { return Ok(false) };
    if request.kept.done_at.is_some() || request.has_begun()? {
        return Ok(false);
    }
    let seq = request.seq()?;
    request.kept.request.subject = lane::privacy::Subject::default();
    forget::save_request(unit, seq, &request.kept.request)?;
    let sql = "UPDATE privacy SET done_at = ?2, dismissed = 1 WHERE seq = ?1";
    unit.conn.prepare_cached(sql)?.execute((seq, micros(now)))?;
    done(unit.audit(now, by, "dismiss", &format!("privacy request {id}")))?;
    Ok(true)
}

/// A person has what was exported.
pub(super) fn answered(unit: &SqlUnit<'_>, id: u64, now: Timestamp) -> Result<bool, Fault> {
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
