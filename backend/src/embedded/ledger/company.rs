//! What else a shop has besides one of its orders, for the rules that ask.

use lane::id::{JobId, LaneKey};
use lane::marks::{Mark, Marks};
use lane::rules::Company;
use rusqlite::Connection;

use super::rows::{find_lane, one};
use crate::ledger::fault::Fault;

/// How many numbers of held orders are enough for a person to understand.
const NUMBERS_MAX: u32 = 5;

pub(super) fn company(conn: &Connection, key: &LaneKey, id: &JobId, marks: &Marks) -> Result<Company, Fault> {
    let Some(lane) = find_lane(conn, key)? else { return Ok(Company::default()) };
    let waiting = match &marks.customer {
        Some(customer) => waiting(conn, lane.row, id, customer)?,
        None => 0,
    };
    let by_address = "SELECT json_extract(doc, '$.number') FROM job
                      WHERE lane = ?1 AND address = ?2 AND state = 'held' AND id <> ?3 ORDER BY seq LIMIT ?4";
    let by_card = "SELECT json_extract(doc, '$.number') FROM job
                   WHERE lane = ?1 AND card = ?2 AND state = 'held' AND id <> ?3 ORDER BY seq LIMIT ?4";
    Ok(Company {
        waiting,
        same_address: held(conn, by_address, lane.row, id, marks.address.as_ref())?,
        same_card: held(conn, by_card, lane.row, id, marks.card.as_ref())?,
    })
}

/// Goes through the lane's line, some 60 bytes for each job in it: only a shop whose rule asks for this pays for it, and an
/// entry of its own would cost each webhook of every shop a page.
fn waiting(conn: &Connection, lane: i64, id: &JobId, customer: &Mark) -> Result<u32, Fault> {
    let sql = "SELECT COUNT(*) FROM job INDEXED BY job_line
               WHERE lane = ?1 AND in_line = 1 AND customer = ?2
                 AND state IN ('waiting', 'attempting', 'retrying') AND id <> ?3";
    Ok(one(conn, sql, (lane, customer.as_str(), id.as_str()))?.unwrap_or_default())
}

fn held(conn: &Connection, sql: &str, lane: i64, id: &JobId, mark: Option<&Mark>) -> Result<Vec<String>, Fault> {
    let Some(mark) = mark else { return Ok(Vec::new()) };
    let mut statement = conn.prepare_cached(sql)?;
    let numbers = statement.query_map((lane, mark.as_str(), id.as_str(), NUMBERS_MAX), |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}
