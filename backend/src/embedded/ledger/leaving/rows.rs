//! What each table of the file comes to as records. Tables that only this store needs stay: which starts it knows, what
//! its own limiter agreed on with nobody, how many jobs there are.

use std::collections::BTreeMap;

use lane::id::{AccountId, CorrelationId, JobId, LaneKey, OperatorId, ShopId};
use lane::ports::LedgerError;
use lane::shop::Source;
use rusqlite::{Connection, Row};

use super::super::rows::{LANE_COLUMNS, from_micros, known, read_job, read_lane};
use super::ExportError;
use crate::ledger::fault::Fault;
use crate::moving::{
    Bytes, MovedAccount, MovedAsked, MovedAudit, MovedJob, MovedLane, MovedNotice, MovedPart, MovedPrivacy, MovedShop,
    MovedWebhook, Record, number_of,
};

/// Keys that one record has.
const KEYS_AT_ONCE: usize = 500;

/// Whoever takes a record.
pub(super) type Give<'a> = dyn FnMut(Record) -> Result<(), ExportError> + 'a;

/// All records between the first and the last.
pub(super) fn give_all(conn: &Connection, give: &mut Give<'_>) -> Result<(), ExportError> {
    give(Record::Counts { webhooks: counts(conn)? })?;
    each(conn, "SELECT at FROM restored ORDER BY seq", give, restored)?;
    each(conn, "SELECT id, doc, removed, put_at, left_at, removed_at FROM shop", give, |row| shop(conn, row))?;
    each(conn, "SELECT doc FROM operator", give, operator)?;
    each(conn, "SELECT id, stop_until, looked_until FROM account", give, account)?;
    each(conn, &format!("SELECT {LANE_COLUMNS}, heard_at, wake FROM lane"), give, lane)?;
    each(conn, "SELECT seq, format, doc, accepted_at FROM job ORDER BY seq", give, |row| job(conn, row))?;
    let named = "LEFT JOIN job ON job.seq = about.job LEFT JOIN lane ON lane.seq = job.lane";
    let sql = format!("SELECT about.shop, about.id, lane.key, job.id, about.touched_at FROM part AS about {named}");
    each(conn, &sql, give, part)?;
    let sql = format!("SELECT {WEBHOOK}, lane.key, job.id FROM webhook AS about {named} ORDER BY about.seq");
    each(conn, &sql, give, webhook)?;
    seen(conn, give)?;
    each(conn, "SELECT seq, account, url, received_at FROM notice ORDER BY seq", give, notice)?;
    each(conn, "SELECT by, key, request, answer FROM request", give, asked)?;
    each(conn, "SELECT seq, at, by, what, on_ FROM audit ORDER BY seq", give, audit)?;
    each(conn, &format!("SELECT {PRIVACY} FROM privacy ORDER BY seq"), give, privacy)?;
    each(conn, "SELECT lower(hex(key)), at FROM forgotten", give, forgotten)
}

fn each(
    conn: &Connection,
    sql: &str,
    give: &mut Give<'_>,
    read: impl Fn(&Row<'_>) -> Result<Record, Fault>,
) -> Result<(), ExportError> {
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    for nth in 1.. {
        let Some(row) = rows.next()? else { break };
        give(read(row).map_err(|fault| told(fault, sql, nth))?)?;
    }
    Ok(())
}

/// What cannot be read is named and not quoted: it may be somebody's address.
fn told(fault: Fault, sql: &str, nth: u64) -> Fault {
    match fault {
        Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_)) => {
            let table = sql.split_once(" FROM ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("a table");
            Fault::unreadable(format_args!("row {nth} of {table}"))
        }
        fault @ (Fault::Ledger(LedgerError::Unavailable(_) | LedgerError::Stopped(_) | LedgerError::Impossible(_))
        | Fault::Again) => fault,
    }
}

fn counts(conn: &Connection) -> Result<BTreeMap<String, i64>, Fault> {
    let mut statement = conn.prepare("SELECT name, n FROM tally WHERE name GLOB 'webhook/*'")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut counts = BTreeMap::new();
    for row in rows {
        let (name, n) = row?;
        counts.insert(name.trim_start_matches("webhook/").to_owned(), n);
    }
    Ok(counts)
}

fn restored(row: &Row<'_>) -> Result<Record, Fault> {
    Ok(Record::Restored { at: from_micros(row.get(0)?) })
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<jiff::Timestamp>, Fault> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_micros))
}

fn source(word: &str) -> Result<Source, Fault> {
    Ok(serde_json::from_value(word.into())?)
}

fn of_shop(row: &Row<'_>, column: usize) -> Result<Option<ShopId>, Fault> {
    Ok(row.get::<_, Option<String>>(column)?.as_deref().map(ShopId::parse).transpose()?)
}

/// A job's lane and id, in these two columns.
fn of_job(row: &Row<'_>, column: usize) -> Result<Option<(LaneKey, JobId)>, Fault> {
    let (lane, id): (Option<String>, Option<String>) = (row.get(column)?, row.get(column + 1)?);
    let Some((lane, id)) = lane.zip(id) else { return Ok(None) };
    Ok(Some((lane.parse()?, JobId::parse(&id)?)))
}

fn shop(conn: &Connection, row: &Row<'_>) -> Result<Record, Fault> {
    let id: String = row.get(0)?;
    let mut statement = conn.prepare_cached("SELECT name FROM domain WHERE shop = ?1 ORDER BY name")?;
    let domains = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Record::Shop(Box::new(MovedShop {
        shop: serde_json::from_str(&row.get::<_, String>(1)?)?,
        domains,
        put_at: from_micros(row.get(3)?),
        left_at: time(row, 4)?,
        removed: row.get(2)?,
        removed_at: time(row, 5)?,
    })))
}

fn operator(row: &Row<'_>) -> Result<Record, Fault> {
    Ok(Record::Operator(serde_json::from_str(&row.get::<_, String>(0)?)?))
}

fn account(row: &Row<'_>) -> Result<Record, Fault> {
    let id: AccountId = serde_json::from_value(row.get::<_, String>(0)?.into())?;
    let stop_until = Some(row.get(1)?).filter(|until| *until > 0).map(from_micros);
    Ok(Record::Account(MovedAccount { id, stop_until, looked_until: time(row, 2)? }))
}

fn lane(row: &Row<'_>) -> Result<Record, Fault> {
    let lane = read_lane(row)?;
    let heard_at = Some(row.get("heard_at")?).filter(|at| *at > 0).map(from_micros);
    let wake = row.get::<_, Option<i64>>("wake")?.map(from_micros);
    let (key, shop, places, state) = (lane.key, lane.shop, lane.places, lane.state);
    Ok(Record::Lane(MovedLane { key, shop, places, heard_at, wake, state }))
}

fn job(conn: &Connection, row: &Row<'_>) -> Result<Record, Fault> {
    let seq: i64 = row.get(0)?;
    let mut entries = Vec::new();
    let mut statement = conn.prepare_cached("SELECT format, doc FROM history WHERE job = ?1 ORDER BY seq")?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        known(row.get(0)?)?;
        entries.push(serde_json::from_str(&row.get::<_, String>(1)?)?);
    }
    let mut decisions = Vec::new();
    let mut statement = conn.prepare_cached("SELECT number, doc FROM decision WHERE job = ?1 ORDER BY number")?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        decisions.push((row.get(0)?, serde_json::from_str(&row.get::<_, String>(1)?)?));
    }
    let mut statement = conn.prepare_cached("SELECT seq, received_at FROM webhook WHERE job = ?1 ORDER BY seq")?;
    let webhooks = statement.query_map([seq], |row| Ok(number_of(from_micros(row.get(1)?), row.get(0)?)))?;
    let webhooks = webhooks.collect::<Result<_, _>>()?;
    let job = read_job(row.get(1)?, &row.get::<_, String>(2)?)?;
    let number = number_of(from_micros(row.get(3)?), seq);
    Ok(Record::Job(Box::new(MovedJob { job, number, entries, decisions, webhooks })))
}

fn part(row: &Row<'_>) -> Result<Record, Fault> {
    let shop = ShopId::parse(&row.get::<_, String>(0)?)?;
    Ok(Record::Part(MovedPart { shop, id: row.get(1)?, job: of_job(row, 2)?, touched_at: time(row, 4)? }))
}

const WEBHOOK: &str =
    "about.seq, about.source, about.merchant, about.shop, about.topic, about.webhook_id, about.event_id,
     about.body_hash, about.received_at, about.correlation, about.outcome, about.quarantine, about.words, about.content,
     about.bytes, about.body";

fn webhook(row: &Row<'_>) -> Result<Record, Fault> {
    let received_at = from_micros(row.get(8)?);
    let correlation: CorrelationId = serde_json::from_value(row.get::<_, String>(9)?.into())?;
    Ok(Record::Webhook(Box::new(MovedWebhook {
        number: number_of(received_at, row.get(0)?),
        source: source(&row.get::<_, String>(1)?)?,
        merchant: row.get(2)?,
        shop: of_shop(row, 3)?,
        topic: row.get(4)?,
        webhook_id: row.get(5)?,
        event_id: row.get(6)?,
        body_hash: Bytes(row.get(7)?),
        received_at,
        correlation,
        outcome: row.get(10)?,
        quarantine: row.get(11)?,
        words: row.get(12)?,
        content: row.get(13)?,
        bytes: row.get(14)?,
        body: row.get::<_, Option<Vec<u8>>>(15)?.map(Bytes),
        job: of_job(row, 16)?,
    })))
}

/// Both tables have the same half of each hash; the newer one says before it where the key lies.
fn seen(conn: &Connection, give: &mut Give<'_>) -> Result<(), ExportError> {
    let mut statement =
        conn.prepare("SELECT lower(hex(key)) FROM identity UNION ALL SELECT lower(hex(substr(key, 9))) FROM seen")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::with_capacity(KEYS_AT_ONCE);
    while let Some(row) = rows.next()? {
        keys.push(row.get(0)?);
        if keys.len() == KEYS_AT_ONCE {
            give(Record::Seen { keys: std::mem::take(&mut keys) })?;
        }
    }
    if keys.is_empty() { Ok(()) } else { give(Record::Seen { keys }) }
}

fn notice(row: &Row<'_>) -> Result<Record, Fault> {
    let received_at = from_micros(row.get(3)?);
    let account = serde_json::from_value(row.get::<_, String>(1)?.into())?;
    Ok(Record::Notice(MovedNotice {
        number: number_of(received_at, row.get(0)?),
        account,
        url: row.get(2)?,
        received_at,
    }))
}

fn asked(row: &Row<'_>) -> Result<Record, Fault> {
    let by = OperatorId::parse(&row.get::<_, String>(0)?)?;
    Ok(Record::Asked(MovedAsked { by, key: row.get(1)?, request: Bytes(row.get(2)?), answer: row.get(3)? }))
}

fn audit(row: &Row<'_>) -> Result<Record, Fault> {
    let at = from_micros(row.get(1)?);
    let number = number_of(at, row.get(0)?);
    Ok(Record::Audit(MovedAudit { number, at, by: row.get(2)?, what: row.get(3)?, on: row.get(4)? }))
}

const PRIVACY: &str = "seq, source, merchant, shop, format, doc, received_at, done_at, dismissed";

fn privacy(row: &Row<'_>) -> Result<Record, Fault> {
    known(row.get(4)?)?;
    Ok(Record::Privacy(Box::new(MovedPrivacy {
        id: row.get(0)?,
        source: source(&row.get::<_, String>(1)?)?,
        merchant: row.get(2)?,
        shop: of_shop(row, 3)?,
        request: serde_json::from_str(&row.get::<_, String>(5)?)?,
        received_at: from_micros(row.get(6)?),
        done_at: time(row, 7)?,
        dismissed: row.get(8)?,
    })))
}

fn forgotten(row: &Row<'_>) -> Result<Record, Fault> {
    Ok(Record::Forgotten { key: row.get(0)?, at: from_micros(row.get(1)?) })
}
