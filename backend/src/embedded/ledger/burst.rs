//! Beginning several attempts in one write: the head and those ready right behind it.

use lane::attempt::Begun;
use lane::clock::Timestamp;
use lane::id::JobId;
use lane::job::Job;
use lane::line::{Lease, Pick};
use lane::policy::Policy;
use lane::ports::{Burst, LedgerError};

use super::rows::{JobRow, LaneRow, pick_next};
use super::work::{honoured, start};
use super::writer::{Fault, Unit};

/// Begins as many as may go together, all or none. One alone goes the ordinary way.
pub(super) fn begin_burst(
    unit: &mut Unit<'_>,
    lease: &Lease,
    max: u32,
    policy: Policy,
    now: Timestamp,
) -> Result<Burst, Fault> {
    let Some(mut lane) = honoured(unit.conn, lease)? else { return Ok(Burst::Lost) };
    let rows = together(unit, &lane, max, now)?;
    if rows.len() < 2 {
        return Ok(Burst::Alone);
    }
    let mut begun = Vec::with_capacity(rows.len());
    for mut row in rows {
        match start(unit, lease, &mut row, policy, now)? {
            Begun::Attempt { number, kind: _ } => begun.push((Box::new(row.job), number)),
            // Only a job that many workers died on is held, and such a one goes with nobody.
            Begun::Held => {}
        }
    }
    lane.state.progressed();
    lane.save_state(unit)?;
    Ok(Burst::Begun(begun))
}

/// The head and those behind it that may go with it, in the lane's order, at most `max`.
fn together(unit: &Unit<'_>, lane: &LaneRow, max: u32, now: Timestamp) -> Result<Vec<JobRow>, Fault> {
    if lane.state.is_paused(now) {
        return Ok(Vec::new());
    }
    let Pick::Ready(head) = pick_next(unit.conn, lane.seq, now)? else { return Ok(Vec::new()) };
    let Some(head) = JobRow::find(unit.conn, lane.seq, &head)? else { return Ok(Vec::new()) };
    if !head.job.may_burst() {
        return Ok(Vec::new());
    }
    let behind = next_after(unit, lane.seq, &head.job, max)?;
    let mut rows = vec![head];
    for id in behind {
        match JobRow::find(unit.conn, lane.seq, &id) {
            Ok(Some(row)) if row.job.may_burst() => rows.push(row),
            // A row that a newer program wrote is no reason for those before it to wait.
            Ok(_) | Err(Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_))) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(rows)
}

/// The ids right behind a job in the line, so many that `max` are together with it.
fn next_after(unit: &Unit<'_>, lane: i64, head: &Job, max: u32) -> Result<Vec<JobId>, Fault> {
    let sql = "SELECT id FROM job WHERE lane = ?1 AND in_line = 1 AND place > ?2 ORDER BY place LIMIT ?3";
    let mut statement = unit.conn.prepare_cached(sql)?;
    let ids = statement.query_map((lane, head.place.0, max.saturating_sub(1)), |row| row.get::<_, String>(0))?;
    ids.map(|id| Ok(JobId::parse(&id?)?)).collect()
}
