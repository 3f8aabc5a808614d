//! What forgetting does to webhooks that were kept and belong to no job: a stretch of rows at a time, each judged by whom
//! it names.

use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::privacy::Subject;
use rusqlite::Row;

use super::super::rows::{micros, one};
use super::super::writer::{SqlUnit, done};
use crate::bodies::raw;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::BODY_GONE;
use crate::ledger::names::{Names, says_any};
use crate::ledger::tombs;

/// Webhooks that one step passes by; reading a row without its body takes about a microsecond.
const WEBHOOKS_AT_ONCE: usize = 5000;

/// Kept bodies that one step looks into or drops.
const BODIES_AT_ONCE: usize = 100;

/// Raw bytes of bodies that one step looks into, the last of them beyond it: reading them takes some ten milliseconds in
/// which a webhook waits.
const BYTES_AT_ONCE: u64 = 1024 * 1024;

/// Whose webhooks are looked for.
pub(super) struct Whose<'a> {
    pub(super) shop: Option<&'a ShopId>,
    pub(super) domains: &'a [String],
    pub(super) owners: &'a [String],
    pub(super) subject: &'a Subject,
    /// What else a body of theirs may say: the domains of a shop that is to be forgotten itself.
    pub(super) names: &'a [String],
}

/// Goes through the webhooks that belong to no job and came by then, from `passed` on: the shop's, and those that
/// name no shop. What is the subject's is dropped; of what cannot be read or names nobody, and so may be theirs, the body,
/// while it stays known that it came.
pub(super) fn loose_webhooks(
    unit: &mut SqlUnit<'_>,
    whose: &Whose<'_>,
    came_by: Timestamp,
    passed: &mut i64,
) -> Result<Looked, Fault> {
    let Some(until) = stretch(unit, *passed)? else { return Ok(Looked::All) };
    let sql = "SELECT seq, CASE WHEN body IS NULL THEN 0 ELSE bytes END FROM webhook
               WHERE seq > ?1 AND seq <= ?2 AND job IS NULL AND (body IS NOT NULL OR content IS NOT NULL)
                 AND received_at <= ?6
                 AND (shop = ?3 OR merchant IN (SELECT value FROM json_each(?4)) OR (shop IS NULL AND merchant = ''))
               ORDER BY seq LIMIT ?5";
    let mut read = unit.conn.prepare_cached(sql)?;
    let shop = whose.shop.map(ShopId::as_str);
    let domains = serde_json::to_string(whose.domains)?;
    let asked = (*passed, until, shop, domains, BODIES_AT_ONCE, micros(came_by));
    let mut rows = read.query(asked)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes < BYTES_AT_ONCE
        && let Some(row) = rows.next()?
    {
        found.push(row.get(0)?);
        bytes += row.get::<_, u64>(1)?;
    }
    let full = found.len() == BODIES_AT_ONCE || bytes >= BYTES_AT_ONCE;
    *passed = found.last().copied().filter(|_| full).unwrap_or(until);
    drop(rows);
    let mut erased = false;
    if found.is_empty() && stretch(unit, *passed)?.is_none() {
        return Ok(Looked::All);
    }
    for seq in found {
        erased |= judge(unit, whose, seq)?;
    }
    Ok(Looked::Some { erased })
}

/// What looking at some kept webhooks came to.
pub(super) enum Looked {
    /// There are no more.
    All,
    /// There may be more.
    Some { erased: bool },
}

/// Drops what is the subject's, and of what may be theirs the body. Whether anything was dropped.
fn judge(unit: &mut SqlUnit<'_>, whose: &Whose<'_>, seq: i64) -> Result<bool, Fault> {
    let sql = "SELECT body, content FROM webhook WHERE seq = ?1";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (body, content): (Option<Vec<u8>>, Option<String>) = unit.conn.prepare_cached(sql)?.query_row([seq], row)?;
    let body = body.map(raw);
    let names = Names::of_kept(body.as_deref(), content.as_deref());
    let mut theirs = names.name(whose.subject) || body.as_deref().is_some_and(|body| says_any(body, whose.names));
    for id in &names.orders {
        theirs = theirs || done(tombs::order_lies(unit, whose.owners, id))?;
    }
    if theirs {
        drop_webhook(unit, seq)?;
    } else if names.nobody() && body.is_some() {
        let sql = "UPDATE webhook SET body = NULL, words = CASE WHEN quarantine IS NULL THEN words ELSE ?2 END
                   WHERE seq = ?1";
        unit.conn.prepare_cached(sql)?.execute((seq, BODY_GONE))?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// Drops everything of a webhook but that it came.
pub(in super::super) fn drop_webhook(unit: &mut SqlUnit<'_>, seq: i64) -> Result<(), Fault> {
    let outcome = "SELECT outcome FROM webhook WHERE seq = ?1";
    if one::<String>(unit.conn, outcome, [seq])?.as_deref() == Some("quarantined") {
        unit.tally("webhook/quarantined".to_owned(), -1);
        unit.tally("webhook/forgotten".to_owned(), 1);
    }
    unit.conn
        .prepare_cached(
            "UPDATE webhook SET body = NULL, content = NULL, words = NULL, quarantine = NULL,
                    outcome = CASE outcome WHEN 'quarantined' THEN 'forgotten' ELSE outcome END
             WHERE seq = ?1",
        )?
        .execute([seq])?;
    Ok(())
}

/// The end of the next stretch of webhooks; nothing if there are no more.
fn stretch(unit: &SqlUnit<'_>, passed: i64) -> Result<Option<i64>, Fault> {
    let sql = "SELECT MAX(seq) FROM (SELECT seq FROM webhook WHERE seq > ?1 ORDER BY seq LIMIT ?2)";
    Ok(unit.conn.prepare_cached(sql)?.query_row((passed, WEBHOOKS_AT_ONCE), |row| row.get(0))?)
}

/// Goes through all of a shop's webhooks up to `last` and drops them, and the name under which they came.
pub(super) fn shops_webhooks(
    unit: &mut SqlUnit<'_>,
    whose: &Whose<'_>,
    passed: &mut i64,
    last: i64,
) -> Result<bool, Fault> {
    let Some(until) = stretch(unit, *passed)?.map(|until| until.min(last)).filter(|until| until > passed) else {
        return Ok(true);
    };
    let mut read = unit.conn.prepare_cached(
        "SELECT seq FROM webhook
         WHERE seq > ?1 AND seq <= ?2 AND (shop = ?3 OR merchant IN (SELECT value FROM json_each(?4)))
         ORDER BY seq LIMIT ?5",
    )?;
    let shop = whose.shop.map(ShopId::as_str);
    let domains = serde_json::to_string(whose.domains)?;
    let found: Vec<i64> =
        read.query_map((*passed, until, shop, domains, BODIES_AT_ONCE), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let full = found.len() == BODIES_AT_ONCE;
    *passed = found.last().filter(|_| full).copied().unwrap_or(until);
    for seq in found {
        drop_webhook(unit, seq)?;
        unit.conn.prepare_cached("UPDATE webhook SET merchant = '' WHERE seq = ?1")?.execute([seq])?;
    }
    Ok(false)
}
