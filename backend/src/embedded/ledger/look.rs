//! What people look at. Every list is read by an index, a page at a time.

use jiff::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::job::Job;
use lane::operator::Operator;
use lane::ports::LedgerError;
use lane::shop::Shop;
use lane::state::StateKind;
use lane::view::{Ended, Figures, JobFilter, LaneFilter, LaneView, Page, Paged, QuarantineReason, Quarantined};
use rusqlite::types::Value;
use rusqlite::{Connection, Params, Statement};

use super::rows::{LANE_COLUMNS, find_job, find_lane, from_micros, known, micros, one, pick_next, read_job, read_lane};
use crate::ledger::fault::Fault;
use crate::ledger::row::Lane;
use crate::ledger::view::lane_view;

/// Lanes that one page looks at, at the most, while it searches for stalled ones.
const LANES_LOOKED_AT_MAX: u32 = 2000;

pub(super) fn jobs(conn: &Connection, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, Fault> {
    let (wheres, first, second) = listed(filter);
    let text = |text: &str| Value::from(text.to_owned());
    let shop = filter.shop.as_ref().map_or(Value::Null, |shop| text(shop.as_str()));
    let state = filter.state.map_or(Value::Null, |state| text(state.as_str()));
    let (one, other) = page.after.as_deref().map_or(Ok((i64::MIN, i64::MIN)), cursor)?;
    let sql = format!(
        "SELECT {first}, {second}, format, doc FROM job WHERE {wheres} AND ({first}, {second}) > (?3, ?4)
         ORDER BY {first}, {second} LIMIT ?5"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    jobs_of(&mut statement, (shop, state, one, other, page.rows() + 1), page)
}

/// The same index of a shop's jobs in a state, read from its end.
pub(super) fn latest(conn: &Connection, shop: &ShopId, ended: Ended, page: &Page) -> Result<Paged<Job>, Fault> {
    let (at, seq) = page.after.as_deref().map_or(Ok((i64::MAX, i64::MAX)), cursor)?;
    let sql = "SELECT changed_at, seq, format, doc FROM job
               WHERE shop = ?1 AND state = ?2 AND state NOT IN ('waiting', 'attempting') AND (changed_at, seq) < (?3, ?4)
               ORDER BY changed_at DESC, seq DESC LIMIT ?5";
    let asked = (shop.as_str(), ended.state().as_str(), at, seq, page.rows() + 1);
    let mut statement = conn.prepare_cached(sql)?;
    jobs_of(&mut statement, asked, page)
}

/// A page of jobs, each behind the two columns that say where it stands in its list.
fn jobs_of(statement: &mut Statement<'_>, asked: impl Params, page: &Page) -> Result<Paged<Job>, Fault> {
    let mut rows = statement.query(asked)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let job = read_job(row.get(2)?, &row.get::<_, String>(3)?)?;
        found.push((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, job));
    }
    Ok(paged(found, page, |(one, other, _)| format!("{one}.{other}"), |(_, _, job)| job))
}

/// All jobs of a shop: what waits or is attempted is always in line, everything else stands in the other index, and some in
/// both. Neither has them in this order, so the first numbers of each are found first, and only a page's rows are read.
const OF_SHOP: &str = "seq IN (SELECT seq FROM (SELECT seq FROM job INDEXED BY job_line
                                                WHERE lane IN (SELECT seq FROM lane WHERE shop = ?1) AND in_line = 1
                                                  AND seq > ?3 ORDER BY seq LIMIT ?5)
                               UNION ALL
                               SELECT seq FROM (SELECT seq FROM job INDEXED BY job_shop_state
                                                WHERE shop = ?1 AND state NOT IN ('waiting', 'attempting')
                                                  AND seq > ?3 ORDER BY seq LIMIT ?5))
                       AND ?2 IS NULL";

/// Which rows are listed, and the two columns they are ordered by: each list is a piece of an index, and a condition that
/// seems to say nothing new is the index's own, word for word.
fn listed(filter: &JobFilter) -> (&'static str, &'static str, &'static str) {
    match (&filter.shop, filter.state) {
        (None, None) => ("?1 IS NULL AND ?2 IS NULL", "seq", "seq"),
        (None, Some(_)) => ("?1 IS NULL AND state = ?2", "changed_at", "seq"),
        (Some(_), None) => (OF_SHOP, "seq", "seq"),
        (Some(_), Some(StateKind::Waiting)) => {
            ("lane IN (SELECT seq FROM lane WHERE shop = ?1) AND in_line = 1 AND +state = ?2", "lane", "place")
        }
        // There are never more of them than workers have taken up.
        (Some(_), Some(StateKind::Attempting)) => ("+shop = ?1 AND state = ?2", "changed_at", "seq"),
        (Some(_), Some(_)) => {
            ("shop = ?1 AND state = ?2 AND state NOT IN ('waiting', 'attempting')", "changed_at", "seq")
        }
    }
}

pub(super) fn cursor(text: &str) -> Result<(i64, i64), Fault> {
    let parsed = text.split_once('.').and_then(|(at, seq)| Some((at.parse().ok()?, seq.parse().ok()?)));
    parsed.ok_or_else(|| Fault::Ledger(LedgerError::Unreadable("a cursor that this ledger did not give".to_owned())))
}

pub(super) fn paged<R, T>(
    mut found: Vec<R>,
    page: &Page,
    cursor: impl Fn(&R) -> String,
    row: impl Fn(R) -> T,
) -> Paged<T> {
    let limit = usize::try_from(page.rows()).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = if more { found.last().map(cursor) } else { None };
    Paged { rows: found.into_iter().map(row).collect(), next }
}

pub(super) fn job(conn: &Connection, lane: &LaneKey, id: &JobId) -> Result<Option<Job>, Fault> {
    let Some(lane) = find_lane(conn, lane)? else { return Ok(None) };
    Ok(find_job(conn, lane.row, id)?.map(|row| row.job))
}

pub(super) fn timeline(conn: &Connection, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, Fault> {
    let Some(lane) = find_lane(conn, lane)? else { return Ok(Vec::new()) };
    let Some(job) = find_job(conn, lane.row, id)? else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached("SELECT format, doc FROM history WHERE job = ?1 ORDER BY seq")?;
    let mut rows = statement.query([job.row])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        known(row.get(0)?)?;
        entries.push(serde_json::from_str(&row.get::<_, String>(1)?)?);
    }
    Ok(entries)
}

pub(super) fn lanes(
    conn: &Connection,
    filter: &LaneFilter,
    page: &Page,
    now: Timestamp,
) -> Result<Paged<LaneView>, Fault> {
    let after = page.after.as_deref().map(cursor).transpose()?.map_or(0, |(_, seq)| seq);
    let shop = filter.shop.as_ref().map(ShopId::as_str);
    let sql =
        format!("SELECT {LANE_COLUMNS} FROM lane WHERE seq > ?1 AND (?2 IS NULL OR shop = ?2) ORDER BY seq LIMIT ?3");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((after, shop, LANES_LOOKED_AT_MAX))?;
    let limit = usize::try_from(page.rows()).unwrap_or(usize::MAX);
    let (mut views, mut looked_at, mut last) = (Vec::new(), 0, after);
    while let Some(row) = rows.next()? {
        if views.len() == limit {
            return Ok(Paged { rows: views, next: Some(format!("0.{last}")) });
        }
        let lane = read_lane(row)?;
        (looked_at, last) = (looked_at + 1, lane.row);
        let view = view(conn, lane, now)?;
        if !filter.stalled || view.status.is_stalled() {
            views.push(view);
        }
    }
    let next = (looked_at == LANES_LOOKED_AT_MAX).then(|| format!("0.{last}"));
    Ok(Paged { rows: views, next })
}

fn view(conn: &Connection, lane: Lane, now: Timestamp) -> Result<LaneView, Fault> {
    let first: Option<String> =
        one(conn, "SELECT id FROM job WHERE lane = ?1 AND in_line = 1 ORDER BY place LIMIT 1", [lane.row])?;
    let first = first.map(|id| JobId::parse(&id)).transpose()?;
    let first = first.map(|id| find_job(conn, lane.row, &id)).transpose()?.flatten().map(|row| row.job);
    let picked = pick_next(conn, lane.row, now)?;
    Ok(lane_view(lane, first.as_ref(), picked, now))
}

pub(super) fn quarantined(conn: &Connection, page: &Page) -> Result<Paged<Quarantined>, Fault> {
    let after = page.after.as_deref().map(cursor).transpose()?.map_or(0, |(_, seq)| seq);
    let sql = format!(
        "SELECT seq, merchant, shop, topic, received_at, quarantine, words FROM webhook INDEXED BY webhook_kept
         WHERE quarantine IS NOT NULL AND seq > ?1 ORDER BY seq LIMIT {}",
        page.rows() + 1
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([after])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let why = QuarantineReason::of_word(&row.get::<_, String>(5)?);
        let shop: Option<String> = row.get(2)?;
        found.push(Quarantined {
            id: row.get(0)?,
            merchant: row.get(1)?,
            shop: shop.as_deref().map(ShopId::parse).transpose()?,
            topic: row.get(3)?,
            received_at: from_micros(row.get(4)?),
            why,
            words: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        });
    }
    Ok(paged(found, page, |row| format!("0.{}", row.id), |row| row))
}

pub(super) fn figures(conn: &Connection, now: Timestamp) -> Result<Figures, Fault> {
    let mut figures = Figures::default();
    for state in StateKind::ALL {
        let n = tally(conn, &format!("job/{}", state.as_str()))?;
        figures.jobs.push((state, n));
    }
    for word in ["new", "newer", "unchanged", "duplicate", "quarantined", "closed", "asked", "forgotten"] {
        figures.webhooks.push((word.to_owned(), tally(conn, &format!("webhook/{word}"))?));
    }
    // Ready is what a worker may take up now: nothing that stands behind a job that stops its lane, or in a paused one.
    let oldest: Option<i64> = one(
        conn,
        "SELECT changed_at FROM job WHERE state = 'waiting' AND ready_at <= ?1
           AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.seq = job.lane AND lane.paused IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM job AS stopper WHERE stopper.lane = job.lane AND stopper.in_line = 1
                           AND stopper.stops = 1 AND stopper.ready_at > ?1 AND stopper.place < job.place)
         ORDER BY changed_at LIMIT 1",
        [micros(now)],
    )?;
    figures.oldest_ready = oldest.map(from_micros);
    let mut statement = conn.prepare_cached("SELECT paused FROM lane WHERE paused IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let pause: lane::line::Pause = serde_json::from_str(&row.get::<_, String>(0)?)?;
        add(&mut figures.stalled, pause.why.label(), 1);
    }
    // A job stops its lane only if nothing before it is ready.
    let stopping = "SELECT count(DISTINCT lane) FROM job AS stopper
                    WHERE in_line = 1 AND stops = 1 AND ready_at <> 0
                      AND NOT EXISTS (SELECT 1 FROM job WHERE lane = stopper.lane AND in_line = 1
                                      AND place < stopper.place AND ready_at = 0)";
    let never: u64 = one(conn, &format!("{stopping} AND ready_at = ?1"), [i64::MAX])?.unwrap_or_default();
    let later: u64 = one(conn, &format!("{stopping} AND ready_at > ?1 AND ready_at < ?2"), (micros(now), i64::MAX))?
        .unwrap_or_default();
    let resting: u64 = one(
        conn,
        "SELECT count(*) FROM lane WHERE wake > ?1 AND rest IS NOT NULL AND owner IS NULL AND paused IS NULL",
        [micros(now)],
    )?
    .unwrap_or_default();
    for (word, n) in [("blocked", never), ("retrying", later), ("throttled", resting)] {
        add(&mut figures.stalled, word, n);
    }
    Ok(figures)
}

fn tally(conn: &Connection, name: &str) -> Result<u64, Fault> {
    Ok(one(conn, "SELECT n FROM tally WHERE name = ?1", [name])?.unwrap_or_default())
}

fn add(counts: &mut Vec<(String, u64)>, word: &str, n: u64) {
    match counts.iter_mut().find(|(known, _)| known == word) {
        Some((_, count)) => *count += n,
        None => counts.push((word.to_owned(), n)),
    }
}

pub(super) fn operator(conn: &Connection, token_hash: &str) -> Result<Option<Operator>, Fault> {
    let doc: Option<String> = one(conn, "SELECT doc FROM operator WHERE token_hash = ?1", [token_hash])?;
    let operator: Option<Operator> = doc.as_deref().map(serde_json::from_str).transpose()?;
    Ok(operator.filter(|operator| !operator.disabled))
}

pub(super) fn operators(conn: &Connection) -> Result<Vec<Operator>, Fault> {
    docs(conn, "SELECT doc FROM operator ORDER BY id")
}

pub(super) fn shops(conn: &Connection) -> Result<Vec<Shop>, Fault> {
    docs(conn, "SELECT doc FROM shop WHERE removed = 0 ORDER BY id")
}

pub(super) fn shop(conn: &Connection, id: &ShopId) -> Result<Option<Shop>, Fault> {
    let doc: Option<String> = one(conn, "SELECT doc FROM shop WHERE id = ?1 AND removed = 0", [id.as_str()])?;
    Ok(doc.as_deref().map(serde_json::from_str).transpose()?)
}

fn docs<T: serde::de::DeserializeOwned>(conn: &Connection, sql: &str) -> Result<Vec<T>, Fault> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
    }
    Ok(found)
}

pub(super) fn stopped_accounts(conn: &Connection, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, Fault> {
    let mut statement = conn.prepare_cached("SELECT id, stop_until FROM account WHERE stop_until > ?1")?;
    let mut rows = statement.query([micros(now)])?;
    let mut stopped = Vec::new();
    while let Some(row) = rows.next()? {
        let account: AccountId = serde_json::from_value(row.get::<_, String>(0)?.into())?;
        stopped.push((account, from_micros(row.get(1)?)));
    }
    Ok(stopped)
}
