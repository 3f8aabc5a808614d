//! Everything that is known of a customer, for the merchant to hand on: their orders with timelines, decisions and the
//! webhooks as they came, and kept webhooks that name them. Read in many short reads, so that no long one keeps the
//! write-ahead log from shrinking.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, ShopId};
use lane::ports::LedgerError;
use lane::privacy::{Ask, Kept};
use lane::view::Recorded;
use rusqlite::{Connection, Row};
use serde_json::Value;

use super::super::look;
use super::super::readers::Readers;
use super::super::rows::{find_job, find_job_at, find_lane, from_micros};
use super::Request;
use crate::bodies::raw;
use crate::ledger::exported::{self, Came, Found};
use crate::ledger::fault::Fault;
use crate::ledger::names::Names;
use crate::ledger::row::JobRow;

/// Webhooks that one read passes by.
const WEBHOOKS_AT_ONCE: usize = 5000;

/// Collects the answer to an export request.
pub(in super::super) async fn export(readers: &Readers, id: u64, now: Timestamp) -> Result<Option<Value>, LedgerError> {
    let Some(asked) = readers.read(move |conn| asked(conn, id)).await? else { return Ok(None) };
    let mut orders = Vec::new();
    for seq in asked.jobs.clone() {
        orders.extend(readers.read(move |conn| order(conn, seq)).await?);
    }
    let (mut kept, mut unreadable, mut passed) = (Vec::new(), 0, 0);
    loop {
        let about = asked.clone();
        let (found, unclear, until) = readers.read(move |conn| kept_aside(conn, &about, passed)).await?;
        kept.extend(found);
        unreadable += unclear;
        match until {
            Some(until) => passed = until,
            None => break,
        }
    }
    let found = Found { orders, kept_aside: kept, nobodys: unreadable, unknown: asked.unknown };
    Ok(Some(exported::answer(&asked.kept, &found, now)))
}

/// A request, and the jobs it is about.
#[derive(Clone)]
struct Asked {
    kept: Kept,
    domains: Vec<String>,
    jobs: Vec<i64>,
    own: Vec<JobId>,
    unknown: Vec<JobId>,
}

fn asked(conn: &Connection, id: u64) -> Result<Option<Asked>, Fault> {
    let Some(request) = Request::find(conn, id)? else { return Ok(None) };
    let domains = request.domains(conn)?;
    let kept = request.kept;
    match kept.request.ask {
        Ask::Export => {}
        Ask::RedactCustomer | Ask::RedactShop => return Ok(None),
    }
    let lane = match &kept.shop {
        Some(shop) => find_lane(conn, &LaneKey::orders(shop))?,
        None => None,
    };
    let subject = &kept.request.subject;
    let (mut jobs, mut unknown) = (Vec::new(), Vec::new());
    if let Some(lane) = &lane {
        // Every job of the shop is looked at for the mail address: only this asks for it.
        let sql = "SELECT seq FROM job
                   WHERE seq IN (SELECT seq FROM job INDEXED BY job_line WHERE lane = ?1 AND in_line = 1
                                 UNION
                                 SELECT seq FROM job INDEXED BY job_shop_state
                                 WHERE shop = ?4 AND state NOT IN ('waiting', 'attempting'))
                     AND +lane = ?1 AND (customer = ?2 OR +email = ?3)";
        let marks = (subject.customer.as_ref(), subject.email.as_ref());
        let marks = (marks.0.map(lane::marks::Mark::as_str), marks.1.map(lane::marks::Mark::as_str));
        let mut statement = conn.prepare_cached(sql)?;
        let found = statement.query_map((lane.row, marks.0, marks.1, lane.shop.as_str()), |row| row.get(0))?;
        jobs = found.collect::<Result<Vec<i64>, _>>()?;
    }
    for id in &subject.orders {
        let row = lane.as_ref().map(|lane| find_job(conn, lane.row, id)).transpose()?.flatten();
        match row {
            Some(row) => jobs.push(row.row),
            None => unknown.push(id.clone()),
        }
    }
    jobs.sort_unstable();
    jobs.dedup();
    let mut own = Vec::new();
    for seq in &jobs {
        own.extend(find_job_at(conn, *seq)?.map(|row| row.job.id));
    }
    Ok(Some(Asked { kept, domains, jobs, own, unknown }))
}

fn order(conn: &Connection, seq: i64) -> Result<Option<Value>, Fault> {
    let Some(JobRow { job, .. }) = find_job_at(conn, seq)? else { return Ok(None) };
    let timeline = look::timeline(conn, &job.lane, &job.id)?;
    let mut read = conn.prepare_cached("SELECT number, doc FROM decision WHERE job = ?1 ORDER BY number")?;
    let made = read.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut decisions = Vec::new();
    for decision in made {
        let (number, doc): (u32, String) = decision?;
        let decision: Recorded = serde_json::from_str(&doc)?;
        decisions.push((number, decision));
    }
    let sql = format!("SELECT {WEBHOOK} FROM webhook WHERE job = ?1 ORDER BY seq");
    let mut read = conn.prepare_cached(&sql)?;
    let webhooks: Vec<Came> = read.query_map([seq], came)?.collect::<Result<_, _>>()?;
    Ok(Some(exported::order(&job, &timeline, &decisions, &webhooks)))
}

const WEBHOOK: &str = "topic, webhook_id, event_id, received_at, outcome, body";

fn came(row: &Row<'_>) -> rusqlite::Result<Came> {
    Ok(Came {
        topic: row.get(0)?,
        webhook_id: row.get(1)?,
        event_id: row.get(2)?,
        received_at: from_micros(row.get(3)?),
        outcome: row.get(4)?,
        body: row.get::<_, Option<Vec<u8>>>(5)?.map(raw),
    })
}

/// Kept webhooks of no job that name the customer, how many name nobody, and how far it was looked; nothing at the end.
fn kept_aside(conn: &Connection, asked: &Asked, passed: i64) -> Result<(Vec<Value>, u64, Option<i64>), Fault> {
    let stretch = "SELECT MAX(seq) FROM (SELECT seq FROM webhook WHERE seq > ?1 ORDER BY seq LIMIT ?2)";
    let until: Option<i64> = conn.prepare_cached(stretch)?.query_row((passed, WEBHOOKS_AT_ONCE), |row| row.get(0))?;
    let Some(until) = until else { return Ok((Vec::new(), 0, None)) };
    let sql = format!(
        "SELECT {WEBHOOK} FROM webhook
         WHERE seq > ?1 AND seq <= ?2 AND job IS NULL AND body IS NOT NULL
           AND (shop = ?3 OR merchant IN (SELECT value FROM json_each(?4))) ORDER BY seq"
    );
    let mut read = conn.prepare_cached(&sql)?;
    let shop = asked.kept.shop.as_ref().map(ShopId::as_str);
    let rows = read.query_map((passed, until, shop, serde_json::to_string(&asked.domains)?), came)?;
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for row in rows {
        let webhook = row?;
        match webhook.body.as_deref().and_then(Names::of).filter(|names| !names.nobody()) {
            None => unreadable += 1,
            Some(names) => {
                let of_an_order = names.orders.iter().any(|id| asked.own.contains(id));
                if of_an_order || names.name(&asked.kept.request.subject) {
                    found.push(webhook.shown());
                }
            }
        }
    }
    Ok((found, unreadable, Some(until)))
}
