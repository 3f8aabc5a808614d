//! A merchant takes the app away: the shop's lane stands still until the shop is added again with its new token.

use lane::clock::Timestamp;
use lane::id::{LaneKey, ShopId};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::ports::Recorded;
use lane::wake_up::Envelope;

use super::desk::wake_lane;
use super::fault::Fault;
use super::intake::Caused;
use super::unit::Unit;

/// Pauses the shop's lane, unless the shop was added again after the app was taken away.
pub(crate) async fn close<U: Unit>(unit: &mut U, shop: &ShopId, at: Timestamp) -> Result<Caused, Fault> {
    if unit.put_at(shop).await?.is_some_and(|put_at| put_at > at) {
        return Ok((Recorded::Unchanged, None));
    }
    unit.left(shop, at).await?;
    // A lane without a row would be made by the next order, and run.
    let mut lane = unit.lane_or_new(&LaneKey::orders(shop), shop).await?;
    // What only a person ends keeps its reason: adding the shop again must not end it.
    let stands = lane.state.paused.as_ref().is_some_and(|pause| pause.by.is_some() && pause.until.is_none());
    if !stands {
        lane.state.paused = Some(Pause { why: PauseReason::Uninstalled, until: None, by: None, since: at });
        unit.save_lane(&mut lane).await?;
    }
    Ok((Recorded::Closed, None))
}

/// The shop is removed or forgotten: its lane stands still until it is added again.
pub(crate) async fn stand_still<U: Unit>(unit: &mut U, shop: &ShopId, now: Timestamp) -> Result<(), Fault> {
    let Some(mut lane) = unit.lane(&LaneKey::orders(shop)).await? else { return Ok(()) };
    lane.state.paused = Some(Pause { why: PauseReason::ShopRemoved, until: None, by: None, since: now });
    unit.save_lane(&mut lane).await
}

/// Lifts the pause that removing the shop, or taking the app away before `now`, had put on its lane.
pub(crate) async fn reopen<U: Unit>(unit: &mut U, shop: &ShopId, now: Timestamp) -> Result<Vec<Envelope>, Fault> {
    let Some(mut lane) = unit.lane(&LaneKey::orders(shop)).await? else { return Ok(Vec::new()) };
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
    unit.save_lane(&mut lane).await?;
    wake_lane(unit, &lane, now).await
}
