//! The sweep: wakes lanes that have work due and that nobody works on.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::line::Pick;
use lane::ports::{LedgerError, Swept};
use lane::wake_up::{Envelope, SendKind};
use rusqlite::Connection;

use super::rows::{JobRow, LANE_COLUMNS, LaneRow, from_micros, micros, one, pick_next, set_wake};
use super::writer::{Fault, Unit};

pub(super) fn sweep(unit: &mut Unit<'_>, now: Timestamp, limit: u32) -> Result<Swept, Fault> {
    let sql = format!(
        "SELECT {LANE_COLUMNS} FROM lane WHERE wake <= ?1 AND (lease_until IS NULL OR lease_until <= ?1)
         ORDER BY wake LIMIT ?2"
    );
    let mut due = Vec::new();
    {
        let mut statement = unit.conn.prepare_cached(&sql)?;
        let mut rows = statement.query((micros(now), limit))?;
        while let Some(row) = rows.next()? {
            due.push((row.get::<_, i64>(0)?, LaneRow::read(row)));
        }
    }
    let full = due.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let mut sends = Vec::with_capacity(due.len());
    for (seq, lane) in due {
        match lane.and_then(|lane| wake_lane(unit, &lane, now)) {
            Ok(send) => sends.extend(send),
            // A lane that this program cannot read must not keep the others asleep.
            Err(Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_) | LedgerError::Impossible(_))) => {
                tracing::error!(lane.row = seq, "a lane cannot be read; a newer version may have written it");
                set_wake(unit, seq, Some(after(now, PUT_OFF_MAX)), 0)?;
            }
            Err(fault) => return Err(fault),
        }
    }
    let next = if full { Some(now) } else { next_wake(unit.conn, now)? };
    Ok(Swept { sends, next })
}

/// What the sweep does for one lane that is due.
fn wake_lane(unit: &mut Unit<'_>, lane: &LaneRow, now: Timestamp) -> Result<Option<Envelope>, Fault> {
    if lane.state.is_paused(now) {
        set_wake(unit, lane.seq, lane.state.paused.as_ref().and_then(|pause| pause.until), 0)?;
        return Ok(None);
    }
    match pick_next(unit.conn, lane.seq, now)? {
        Pick::Ready(id) => {
            set_wake(unit, lane.seq, Some(after(now, put_off(lane.put_off))), lane.put_off + 1)?;
            let Some(mut row) = JobRow::find(unit.conn, lane.seq, &id)? else { return Ok(None) };
            let send = row.job.send(SendKind::Again, now);
            row.save(unit)?;
            Ok(Some(send))
        }
        Pick::NotUntil { at, .. } => set_wake(unit, lane.seq, Some(at), 0).map(|()| None),
        Pick::Blocked { next, .. } | Pick::Nothing { next } => set_wake(unit, lane.seq, next, 0).map(|()| None),
    }
}

/// The longest time between two sweeps of a lane.
const PUT_OFF_MAX: Duration = Duration::from_mins(15);

/// 1, 2, 4, 8, then 15 minutes: a lane whose wake-ups nobody answers must not fill the queue.
fn put_off(times: u32) -> Duration {
    Duration::from_mins(2_u64.saturating_pow(times)).min(PUT_OFF_MAX)
}

fn next_wake(conn: &Connection, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let sql = "SELECT wake FROM lane WHERE wake > ?1 ORDER BY wake LIMIT 1";
    Ok(one::<i64>(conn, sql, [micros(now)])?.map(from_micros))
}
