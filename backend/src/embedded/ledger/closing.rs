//! A merchant takes the app away: the shop's lane stands still until the shop is added again with its new token.

use lane::clock::Timestamp;
use lane::id::{LaneKey, ShopId};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::ports::Recorded;
use lane::wake_up::Envelope;

use super::desk::wake_lane;
use super::intake::Caused;
use super::rows::{LaneRow, from_micros, micros, one};
use super::writer::{Fault, Unit};

/// Pauses the shop's lane, unless the shop was added again after the app was taken away.
pub(super) fn close(unit: &Unit<'_>, shop: &ShopId, at: Timestamp) -> Result<Caused, Fault> {
    let put_at: Option<i64> = one(unit.conn, "SELECT put_at FROM shop WHERE id = ?1", [shop.as_str()])?;
    if put_at.is_some_and(|put_at| from_micros(put_at) > at) {
        return Ok((Recorded::Unchanged, None));
    }
    unit.conn.prepare_cached("UPDATE shop SET left_at = ?2 WHERE id = ?1")?.execute((shop.as_str(), micros(at)))?;
    // A lane without a row would be made by the next order, and run.
    let mut lane = LaneRow::find_or_make(unit, &LaneKey::orders(shop), shop)?;
    // What only a person ends keeps its reason: adding the shop again must not end it.
    let stands = lane.state.paused.as_ref().is_some_and(|pause| pause.by.is_some() && pause.until.is_none());
    if !stands {
        lane.state.paused = Some(Pause { why: PauseReason::Uninstalled, until: None, by: None, since: at });
        lane.save_state(unit)?;
    }
    Ok((Recorded::Closed, None))
}

/// Lifts the pause that removing the shop, or taking the app away before `now`, had put on its lane.
pub(super) fn reopen(unit: &mut Unit<'_>, shop: &ShopId, now: Timestamp) -> Result<Vec<Envelope>, Fault> {
    let Some(mut lane) = LaneRow::find(unit.conn, &LaneKey::orders(shop))? else { return Ok(Vec::new()) };
    let lifted = lane.state.paused.as_ref().is_some_and(|pause| match &pause.why {
        PauseReason::ShopRemoved => true,
        PauseReason::Uninstalled => pause.since < now,
        PauseReason::TokenRefused { .. }
        | PauseReason::SecretMissing { .. }
        | PauseReason::ProviderRefuses { .. }
        | PauseReason::Operator { .. }
        | PauseReason::NoProgress => false,
    });
    if !lifted {
        return Ok(Vec::new());
    }
    lane.state.paused = None;
    lane.save_state(unit)?;
    wake_lane(unit, &lane, now)
}
