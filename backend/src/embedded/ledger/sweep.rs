//! Which lanes the sweep looks at: those that are due and that nobody works on, the longest due first; all in one unit.

use lane::clock::{Timestamp, after};
use lane::ports::Swept;

use super::rows::{LANE_COLUMNS, from_micros, micros, one, read_lane, set_wake};
use super::writer::{SqlUnit, done};
use crate::ledger::fault::Fault;
use crate::ledger::row::Lane;
use crate::ledger::sweep::{PUT_OFF_MAX, sweep_lane, tell_unreadable};

pub(super) fn sweep(unit: &mut SqlUnit<'_>, now: Timestamp, limit: u32) -> Result<Swept, Fault> {
    let (lanes, full) = due(unit, now, limit)?;
    let mut sends = Vec::with_capacity(lanes.len());
    for lane in lanes {
        sends.extend(done(sweep_lane(unit, &lane, now))?);
    }
    let next = if full { Some(now) } else { next_wake(unit, now)? };
    Ok(Swept { sends, next })
}

/// At most so many lanes, and whether there may be more. One that cannot be read is put off and told.
fn due(unit: &SqlUnit<'_>, now: Timestamp, limit: u32) -> Result<(Vec<Lane>, bool), Fault> {
    let sql = format!(
        "SELECT {LANE_COLUMNS} FROM lane WHERE wake <= ?1 AND (lease_until IS NULL OR lease_until <= ?1)
         ORDER BY wake LIMIT ?2"
    );
    let mut statement = unit.conn.prepare_cached(&sql)?;
    let mut rows = statement.query((micros(now), limit))?;
    let (mut lanes, mut unreadable) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        match read_lane(row) {
            Ok(lane) => lanes.push(lane),
            Err(fault) if fault.is_of_a_newer_program() => unreadable.push(row.get::<_, i64>(0)?),
            Err(fault) => return Err(fault),
        }
    }
    let full = lanes.len() + unreadable.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    for row in unreadable {
        tell_unreadable(&format_args!("row {row}"));
        set_wake(unit.conn, row, Some(after(now, PUT_OFF_MAX)), 0)?;
    }
    Ok((lanes, full))
}

fn next_wake(unit: &SqlUnit<'_>, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let sql = "SELECT wake FROM lane WHERE wake > ?1 ORDER BY wake LIMIT 1";
    Ok(one::<i64>(unit.conn, sql, [micros(now)])?.map(from_micros))
}
