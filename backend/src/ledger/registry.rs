//! Adding, changing and removing shops.

use lane::carriage::Mode;
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::ports::RegistryError;
use lane::shop::Shop;
use lane::wake_up::Envelope;

use super::closing::{reopen, stand_still};
use super::fault::Fault;
use super::replay::replay;
use super::tombs::raise_shop;
use super::unit::Unit;

/// Stands where what was wrong with a body stood, once nobody can look at the body any more.
pub(crate) const EXPIRED: &str = "nobody could read it, and its body was dropped after its time";

/// What putting a shop came to; a refusal is an answer, not a fault.
pub(crate) type Put = Result<(Vec<Envelope>, bool), RegistryError>;

/// One unit of putting a shop, which replays at most so many kept webhooks. Its domains lead to it only when everything
/// that came before has become work: what arrives meanwhile is kept behind it. `false` beside the wake-ups says that there
/// is more to do.
pub(crate) async fn put_shop<U: Unit>(
    unit: &mut U,
    shop: &Shop,
    replayed_at_once: usize,
    now: Timestamp,
) -> Result<Put, Fault> {
    for domain in &shop.domains {
        if let Some(other) = unit.other_with(shop, domain).await? {
            return Ok(Err(RegistryError::Taken { what: domain.clone(), shop: other }));
        }
    }
    if let Some(refusal) = moves_in_doubt(unit, shop).await? {
        return Ok(Err(refusal));
    }
    unit.put_shop(shop, now).await?;
    raise_shop(unit, shop).await?;
    let kept = unit.kept_for(shop, replayed_at_once + 1).await?;
    let mut sends = Vec::new();
    for id in kept.iter().take(replayed_at_once) {
        sends.extend(replay(unit, *id, shop).await?.unwrap_or_default());
    }
    if kept.len() > replayed_at_once {
        return Ok(Ok((sends, false)));
    }
    unit.put_domains(shop).await?;
    sends.extend(reopen(unit, &shop.id, now).await?);
    Ok(Ok((sends, true)))
}

/// An order whose write may or may not have happened is looked up at the shop's warehouse; elsewhere, in another store or
/// beside the warehouse's own import it would be made a second time. A shop whose orders are only corrected, before and
/// after, has none made.
async fn moves_in_doubt<U: Unit>(unit: &mut U, shop: &Shop) -> Result<Option<RegistryError>, Fault> {
    let Some(known) = unit.shop_as_written(&shop.id).await? else { return Ok(None) };
    let (was, is) = (&known.carriage, &shop.carriage);
    let moves = known.warehouse != shop.warehouse || was.mode != is.mode || was.store != is.store;
    if !moves || (was.mode == Mode::Correct && is.mode == Mode::Correct) {
        return Ok(None);
    }
    let order = unit.unresolved(&shop.id).await?;
    Ok(order.map(|order| RegistryError::InDoubt { order, warehouse: known.warehouse }))
}

pub(crate) async fn remove_shop<U: Unit>(unit: &mut U, id: &ShopId, now: Timestamp) -> Result<bool, Fault> {
    if !unit.remove_shop(id, now).await? {
        return Ok(false);
    }
    stand_still(unit, id, now).await?;
    Ok(true)
}
