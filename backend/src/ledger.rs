//! The ledger's rules, for any store: what each verb of the ports reads, decides and writes, as one unit ([`unit::Unit`]).
//!
//! A webhook is recorded ([`intake`], with [`touch`], [`closing`] and [`replay`]); a worker takes a lane, begins and
//! completes ([`work`], [`burst`]), and is woken ([`sweep`]); people decide ([`desk`]), add shops ([`registry`]) and learn
//! what shipped ([`shipping`]). A store knows how rows lie, and nothing of why.

pub(crate) mod fault;
pub(crate) mod row;
pub(crate) mod unit;
pub(crate) mod intake;
pub(crate) mod touch;
pub(crate) mod closing;
pub(crate) mod replay;
pub(crate) mod work;
pub(crate) mod burst;
pub(crate) mod sweep;
pub(crate) mod shipping;
pub(crate) mod desk;
pub(crate) mod registry;
pub(crate) mod asking;
pub(crate) mod tombs;
pub(crate) mod names;
pub(crate) mod exported;
pub(crate) mod forgetting;
pub(crate) mod ending;
pub(crate) mod strip;
pub(crate) mod timeline;
pub(crate) mod view;

use lane::webhook::Webhook;

use fault::Fault;
use unit::Unit;

/// Takes permanent keys of a webhook; `false` if any was taken before.
async fn claim<U: Unit>(unit: &mut U, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<bool, Fault> {
    let new = !unit.are_known(webhook, keys).await?;
    if new {
        unit.take(webhook, keys).await?;
    }
    Ok(new)
}
