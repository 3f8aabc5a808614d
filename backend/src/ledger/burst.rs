//! Beginning several attempts in one write: the head and those ready right behind it.

use lane::attempt::Begun;
use lane::clock::Timestamp;
use lane::line::{Lease, Pick};
use lane::policy::Policy;
use lane::ports::{Burst, LedgerError};

use super::fault::Fault;
use super::row::{JobRow, Lane};
use super::unit::Unit;
use super::work::{honoured, start};

/// Begins as many as may go together, all or none. One alone goes the ordinary way.
pub(crate) async fn begin_burst<U: Unit>(
    unit: &mut U,
    lease: &Lease,
    max: u32,
    policy: Policy,
    now: Timestamp,
) -> Result<Burst, Fault> {
    let Some(mut lane) = honoured(unit, lease).await? else { return Ok(Burst::Lost) };
    let rows = together(unit, &lane, max, now).await?;
    if rows.len() < 2 {
        return Ok(Burst::Alone);
    }
    let mut begun = Vec::with_capacity(rows.len());
    for mut row in rows {
        match start(unit, lease, &mut row, policy, now).await? {
            Begun::Attempt { number, kind: _ } => begun.push((Box::new(row.job), number)),
            // Only a job that many workers died on is held, and such a one goes with nobody.
            Begun::Held => {}
        }
    }
    lane.state.progressed();
    unit.save_lane(&mut lane).await?;
    Ok(Burst::Begun(begun))
}

/// The head and those behind it that may go with it, in the lane's order, at most `max`.
async fn together<U: Unit>(unit: &mut U, lane: &Lane, max: u32, now: Timestamp) -> Result<Vec<JobRow>, Fault> {
    if lane.state.is_paused(now) {
        return Ok(Vec::new());
    }
    let Pick::Ready(head) = unit.pick_next(lane, now).await? else { return Ok(Vec::new()) };
    let Some(head) = unit.job(lane, &head).await? else { return Ok(Vec::new()) };
    if !head.job.may_burst() {
        return Ok(Vec::new());
    }
    let behind = unit.behind(lane, head.job.place, max.saturating_sub(1)).await?;
    let mut rows = vec![head];
    for id in behind {
        match unit.job(lane, &id).await {
            Ok(Some(row)) if row.job.may_burst() => rows.push(row),
            // A row that a newer program wrote is no reason for those before it to wait.
            Ok(_) | Err(Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_))) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(rows)
}
