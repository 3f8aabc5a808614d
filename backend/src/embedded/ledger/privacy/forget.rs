//! What forgetting does to rows: jobs with their timelines and decisions, a shop, and requests.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::ShopId;
use lane::marks::Mark;
use lane::privacy::{Ask, PrivacyRequest};
use lane::view::Recorded;
use rusqlite::{Params, Row};
use serde::{Deserialize, Serialize};

use super::super::rows::{FORMAT, find_job_at, known, micros};
use super::super::writer::{SqlUnit, done};
use super::Request;
use crate::ledger::closing::stand_still;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting;
use crate::ledger::strip::strip;

/// Forgets one job: its row, its timeline, its decisions, its webhooks. Its order stays forgotten.
pub(super) fn job(unit: &mut SqlUnit<'_>, seq: i64, owners: &[String], now: Timestamp) -> Result<(), Fault> {
    let Some(mut row) = find_job_at(unit.conn, seq)? else { return Ok(()) };
    if !done(forgetting::job(unit, &mut row, owners, now))? {
        return Ok(());
    }
    timeline(unit, seq)?;
    decisions(unit, seq)?;
    unit.conn
        .prepare_cached(
            "UPDATE webhook SET body = NULL, content = NULL, words = NULL, quarantine = NULL WHERE job = ?1",
        )?
        .execute([seq])?;
    Ok(())
}

fn timeline(unit: &SqlUnit<'_>, job: i64) -> Result<(), Fault> {
    let mut read = unit.conn.prepare_cached("SELECT seq, format, doc FROM history WHERE job = ?1")?;
    let entry = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let entries: Vec<(i64, u32, String)> = read.query_map([job], entry)?.collect::<Result<_, _>>()?;
    for (seq, format, doc) in entries {
        known(format)?;
        let entry: Entry = serde_json::from_str(&doc)?;
        let stripped = serde_json::to_string(&Entry { at: entry.at, what: strip(entry.what) })?;
        unit.conn
            .prepare_cached("UPDATE history SET format = ?2, doc = ?3 WHERE seq = ?1")?
            .execute((seq, FORMAT, stripped))?;
    }
    Ok(())
}

fn decisions(unit: &SqlUnit<'_>, job: i64) -> Result<(), Fault> {
    let mut read = unit.conn.prepare_cached("SELECT number, doc FROM decision WHERE job = ?1")?;
    let decision = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let made: Vec<(u32, String)> = read.query_map([job], decision)?.collect::<Result<_, _>>()?;
    for (number, doc) in made {
        let Recorded { verdict, by, at, note: _ } = serde_json::from_str(&doc)?;
        let silent = serde_json::to_string(&Recorded { verdict, by, at, note: String::new() })?;
        unit.conn
            .prepare_cached("UPDATE decision SET doc = ?3 WHERE job = ?1 AND number = ?2")?
            .execute((job, number, silent))?;
    }
    Ok(())
}

/// The last rows there are, of any shop.
pub(super) fn last_rows(unit: &SqlUnit<'_>) -> Result<LastRows, Fault> {
    let sql = "SELECT COALESCE((SELECT MAX(seq) FROM job), 0), COALESCE((SELECT MAX(seq) FROM webhook), 0),
                      COALESCE((SELECT MAX(seq) FROM privacy), 0)";
    let last = |row: &Row<'_>| Ok(LastRows { job: row.get(0)?, webhook: row.get(1)?, request: row.get(2)? });
    Ok(unit.conn.prepare_cached(sql)?.query_row([], last)?)
}

/// What came after these belongs to a shop that was added again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastRows {
    pub(super) job: i64,
    pub(super) webhook: i64,
    pub(super) request: i64,
}

/// Jobs that one step passes by: each is a page to read.
const JOBS_PASSED: i64 = 1000;

/// Goes through all jobs in stretches, from `passed` on up to `last`, and finds what `which` says: some of them, or nothing
/// once they were all looked at. No index keeps what only a redaction asks for. A million jobs are a thousand steps; the
/// webhooks and the pages, which a redaction goes through as well, are as many.
pub(super) fn jobs_after(
    unit: &SqlUnit<'_>,
    which: Which<'_>,
    passed: &mut i64,
    last: i64,
    most: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    if *passed >= last {
        return Ok(None);
    }
    let until = last.min(passed.saturating_add(JOBS_PASSED));
    let found = match which {
        Which::OfShop(shop) => {
            let sql = "SELECT seq FROM job WHERE seq > ?1 AND seq <= ?2 AND +shop = ?4 ORDER BY seq LIMIT ?3";
            numbers(unit, sql, (*passed, until, most, shop.as_str()))?
        }
        Which::MailedBefore { lane, email, by } => {
            let sql = "SELECT seq FROM job WHERE seq > ?1 AND seq <= ?2 AND +lane = ?4 AND +email = ?5
                         AND accepted_at <= ?6 ORDER BY seq LIMIT ?3";
            numbers(unit, sql, (*passed, until, most, lane, email.as_str(), micros(by)))?
        }
    };
    *passed = found.last().copied().filter(|_| found.len() == most).unwrap_or(until);
    // New jobs come all the time: whoever has seen the last of them goes on in the same unit.
    let ended = found.is_empty() && *passed >= last;
    Ok((!ended).then_some(found))
}

fn numbers(unit: &SqlUnit<'_>, sql: &str, values: impl Params) -> Result<Vec<i64>, Fault> {
    let mut statement = unit.conn.prepare_cached(sql)?;
    let found = statement.query_map(values, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Which jobs are gone through for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    /// A shop's.
    OfShop(&'a ShopId),
    /// Those of a lane that bear a mail address and were accepted by then.
    MailedBefore { lane: i64, email: &'a Mark, by: Timestamp },
}

/// The shop is no more: its lane stands still, and neither its settings nor its domains are kept.
pub(super) fn close_shop(unit: &mut SqlUnit<'_>, shop: &ShopId, now: Timestamp) -> Result<(), Fault> {
    done(stand_still(unit, shop, now))?;
    unit.conn.execute("DELETE FROM domain WHERE shop = ?1", [shop.as_str()])?;
    unit.conn.execute("DELETE FROM shop WHERE id = ?1", [shop.as_str()])?;
    Ok(())
}

/// All requests that came from the same shop.
pub(super) fn requests(
    unit: &SqlUnit<'_>,
    request: &Request,
    domains: &[String],
) -> Result<Vec<(i64, PrivacyRequest)>, Fault> {
    let mut read = unit.conn.prepare_cached(
        "SELECT seq, format, doc FROM privacy
         WHERE source = ?1 AND (shop = ?2 OR merchant IN (SELECT value FROM json_each(?3)))",
    )?;
    let shop = request.kept.shop.as_ref().map(ShopId::as_str);
    let mut rows = read.query((&request.source, shop, serde_json::to_string(domains)?))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        known(row.get(1)?)?;
        found.push((row.get(0)?, serde_json::from_str(&row.get::<_, String>(2)?)?));
    }
    Ok(found)
}

pub(super) fn save_request(unit: &SqlUnit<'_>, seq: i64, asked: &PrivacyRequest) -> Result<(), Fault> {
    unit.conn.prepare_cached("UPDATE privacy SET format = ?2, doc = ?3 WHERE seq = ?1")?.execute((
        seq,
        FORMAT,
        serde_json::to_string(asked)?,
    ))?;
    Ok(())
}

/// A forgotten shop's name is kept in none of its requests. One that is still open has nothing left to do but to see that
/// it is gone from the file too; an export has nothing left to tell, and is done.
pub(super) fn close_request(unit: &SqlUnit<'_>, seq: i64, ask: Ask, now: Timestamp) -> Result<(), Fault> {
    let done_at = (ask == Ask::Export).then_some(micros(now));
    unit.conn
        .prepare_cached(
            "UPDATE privacy SET merchant = '', progress = ?2, done_at = COALESCE(done_at, ?3) WHERE seq = ?1",
        )?
        .execute((seq, r#"{"began":true,"erased":true,"subject_gone":true}"#, done_at))?;
    Ok(())
}
