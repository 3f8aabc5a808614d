//! The sweep: wakes lanes that have work due and that nobody works on.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::line::Pick;
use lane::wake_up::{Envelope, SendKind};

use super::fault::Fault;
use super::row::Lane;
use super::unit::Unit;

/// Wakes a lane that is due, or puts it off. One that this program cannot read must not keep the others asleep.
pub(crate) async fn sweep_lane<U: Unit>(unit: &mut U, lane: &Lane, now: Timestamp) -> Result<Option<Envelope>, Fault> {
    match wake_lane(unit, lane, now).await {
        Err(fault) if fault.is_of_a_newer_program() => {
            tell_unreadable(&lane.key);
            unit.set_wake(lane, Some(after(now, PUT_OFF_MAX)), 0).await?;
            Ok(None)
        }
        answer => answer,
    }
}

/// Says that a lane has to wait for a newer program.
pub(crate) fn tell_unreadable(lane: &impl std::fmt::Display) {
    tracing::error!(%lane, "a lane cannot be read; a newer version may have written it");
}

/// What the sweep does for one lane that is due.
async fn wake_lane<U: Unit>(unit: &mut U, lane: &Lane, now: Timestamp) -> Result<Option<Envelope>, Fault> {
    if lane.state.is_paused(now) {
        let until = lane.state.paused.as_ref().and_then(|pause| pause.until);
        unit.set_wake(lane, until, 0).await?;
        return Ok(None);
    }
    match unit.pick_next(lane, now).await? {
        Pick::Ready(id) => {
            unit.set_wake(lane, Some(after(now, put_off(lane.put_off))), lane.put_off + 1).await?;
            let Some(mut row) = unit.job(lane, &id).await? else { return Ok(None) };
            let send = row.job.send(SendKind::Again, now);
            unit.save(&mut row).await?;
            return Ok(Some(send));
        }
        Pick::NotUntil { at, .. } => unit.set_wake(lane, Some(at), 0).await?,
        Pick::Blocked { next, .. } | Pick::Nothing { next } => unit.set_wake(lane, next, 0).await?,
    }
    Ok(None)
}

/// The longest time between two sweeps of a lane.
pub(crate) const PUT_OFF_MAX: Duration = Duration::from_mins(15);

/// 1, 2, 4, 8, then 15 minutes: a lane whose wake-ups nobody answers must not fill the queue.
fn put_off(times: u32) -> Duration {
    Duration::from_mins(2_u64.saturating_pow(times)).min(PUT_OFF_MAX)
}
