//! Webhooks that say that an order changed without carrying it: by the order's id, or by the id of one of its parts,
//! which an attempt learnt.
//!
//! A body that came before may be news all the same, or a copy that somebody posts under ids of his own. It is recorded
//! either way, and does less.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::job::Heard;
use lane::line::{LineEntry, Ready};
use lane::ports::Recorded;
use lane::shop::Shop;
use lane::webhook::{Named, Webhook};

use super::claim;
use super::fault::Fault;
use super::intake::{Arrival, Caused, newer};
use super::row::JobRow;
use super::unit::Unit;

/// Tells the job that is named, if there is one. An order never starts here: its own webhook will come.
pub(crate) async fn take_in<U: Unit>(
    unit: &mut U,
    shop: &Shop,
    webhook: &Webhook,
    named: &Named,
) -> Result<Caused, Fault> {
    let arrival = &Arrival::of(webhook);
    let is_first = match webhook.repeat_key(shop.id.as_str()) {
        Some(key) => claim(unit, webhook, &[key]).await?,
        // What is known by its body alone was looked for before.
        None => true,
    };
    let Some(lane) = unit.lane(&LaneKey::orders(&shop.id)).await? else {
        return Ok((Recorded::Unchanged, None));
    };
    let known = match named {
        Named::Order(id) => unit.job(&lane, id).await?,
        Named::Part(part) => {
            if let Some(job) = unit.owner_of(&shop.id, part).await? {
                unit.job_at(&job).await?
            } else {
                // Whose part it is may be on its way: an attempt that has fetched the order and not completed yet. It asks
                // when it does.
                unit.remember_part(&shop.id, part, arrival.at).await?;
                None
            }
        }
    };
    let Some(mut row) = known else { return Ok((Recorded::Unchanged, None)) };
    if row.job.redacted {
        return Ok((Recorded::Forgotten, Some(row.reference())));
    }
    let heard = if is_first { row.job.touch(arrival.at)? } else { row.job.touch_again(arrival.at)? };
    match heard {
        Heard::Newer(placing) => newer(unit, &lane, row, placing, arrival).await,
        Heard::Unchanged => {
            unit.save(&mut row).await?;
            if let Some(LineEntry { ready: Ready::At(at), .. }) = row.job.in_line() {
                unit.wake_by(lane.reference(), at).await?;
            }
            Ok((Recorded::Unchanged, Some(row.reference())))
        }
    }
}

/// Takes in the parts that an attempt learnt. `true` if one of them was touched since the attempt began, while nobody knew
/// whose part it is: the attempt may have looked before the change.
pub(crate) async fn learn<U: Unit>(
    unit: &mut U,
    row: &JobRow,
    parts: &[String],
    began: Timestamp,
) -> Result<bool, Fault> {
    let mut touched = false;
    for part in parts {
        touched |= unit.nobodys_part(&row.job.shop, part).await?.is_some_and(|at| at >= began);
        unit.own_part(part, row).await?;
    }
    Ok(touched)
}
