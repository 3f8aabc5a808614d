//! Which jobs bear the mark of who asks to be forgotten.

use lane::id::LaneKey;
use lane::privacy::Kept;

use super::super::rows::{find_lane, micros};
use super::super::writer::SqlUnit;
use crate::ledger::fault::Fault;

/// Whether an attempt has learnt since whose order it is.
pub(super) fn is_marked_by_now(unit: &SqlUnit<'_>, kept: &Kept) -> Result<bool, Fault> {
    let Some(shop) = &kept.shop else { return Ok(false) };
    let Some(lane) = find_lane(unit.conn, &LaneKey::orders(shop))? else { return Ok(false) };
    Ok(!marked(unit, lane.row, kept, 1)?.is_empty())
}

/// Jobs of a lane that bear the customer's mark, or their mail address and nobody's mark, and were accepted before it was
/// asked: whoever buys again afterwards is a customer again.
pub(super) fn marked(unit: &SqlUnit<'_>, lane: i64, kept: &Kept, most: usize) -> Result<Vec<i64>, Fault> {
    let subject = &kept.request.subject;
    let mut jobs = Vec::new();
    // Those in line and those that have left it stand in two indexes.
    let by_customer = "SELECT seq FROM job INDEXED BY job_customer
                       WHERE lane = ?1 AND customer = ?2 AND in_line = 0 AND accepted_at <= ?4
                       UNION ALL
                       SELECT seq FROM job INDEXED BY job_line
                       WHERE lane = ?1 AND in_line = 1 AND customer = ?2 AND accepted_at <= ?4 LIMIT ?3";
    let by_email = "SELECT seq FROM job
                    WHERE lane = ?1 AND email = ?2 AND customer IS NULL AND accepted_at <= ?4 LIMIT ?3";
    for (sql, mark) in [(by_customer, &subject.customer), (by_email, &subject.email)] {
        let Some(mark) = mark else { continue };
        let mut statement = unit.conn.prepare_cached(sql)?;
        let found = statement.query_map((lane, mark.as_str(), most, micros(kept.received_at)), |row| row.get(0))?;
        jobs.extend(found.collect::<Result<Vec<i64>, _>>()?);
    }
    jobs.truncate(most);
    Ok(jobs)
}
