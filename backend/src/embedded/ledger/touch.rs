//! Webhooks that say that an order changed without carrying it: by the order's id, or by the id of one of its parts,
//! which an attempt learnt.
//!
//! A body that came before may be news all the same, or a copy that somebody posts under ids of his own. It is recorded
//! either way, and does less.

use lane::clock::Timestamp;
use lane::id::{LaneKey, ShopId};
use lane::job::Heard;
use lane::line::{LineEntry, Ready};
use lane::ports::Recorded;
use lane::shop::Shop;
use lane::webhook::{Named, Webhook};

use super::identity::Keys;
use super::intake::{Arrival, Caused, newer};
use super::rows::{JobRow, LaneRow, from_micros, micros, one, wake_by};
use super::writer::{Fault, Unit};

/// Tells the job that is named, if there is one. An order never starts here: its own webhook will come.
pub(super) fn take_in(unit: &mut Unit<'_>, shop: &Shop, webhook: &Webhook, named: &Named) -> Result<Caused, Fault> {
    let arrival = &Arrival::of(webhook);
    let is_first = match webhook.repeat_key(shop.id.as_str()) {
        Some(key) => Keys::of(webhook, &[key]).claim(unit)?,
        // What is known by its body alone was looked for before.
        None => true,
    };
    let Some(lane) = LaneRow::find(unit.conn, &LaneKey::orders(&shop.id))? else {
        return Ok((Recorded::Unchanged, None));
    };
    let known = match named {
        Named::Order(id) => JobRow::find(unit.conn, lane.seq, id)?,
        Named::Part(part) => {
            if let Some(seq) = owner_of(unit, &shop.id, part)? {
                JobRow::find_seq(unit.conn, seq)?
            } else {
                remember(unit, &shop.id, part, arrival.at)?;
                None
            }
        }
    };
    let Some(mut row) = known else { return Ok((Recorded::Unchanged, None)) };
    if row.job.redacted {
        return Ok((Recorded::Forgotten, Some(row.seq)));
    }
    let heard = if is_first { row.job.touch(arrival.at)? } else { row.job.touch_again(arrival.at)? };
    match heard {
        Heard::Newer(placing) => newer(unit, &lane, row, placing, arrival),
        Heard::Unchanged => {
            row.save(unit)?;
            if let Some(LineEntry { ready: Ready::At(at), .. }) = row.job.in_line() {
                wake_by(unit, lane.seq, at)?;
            }
            Ok((Recorded::Unchanged, Some(row.seq)))
        }
    }
}

fn owner_of(unit: &Unit<'_>, shop: &ShopId, part: &str) -> Result<Option<i64>, Fault> {
    let sql = "SELECT job FROM part WHERE shop = ?1 AND id = ?2 AND job IS NOT NULL";
    one(unit.conn, sql, (shop.as_str(), part))
}

/// Whose part it is may be on its way: an attempt that has fetched the order and not completed yet. It asks when it does.
fn remember(unit: &Unit<'_>, shop: &ShopId, part: &str, at: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached(
            "INSERT INTO part (shop, id, touched_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (shop, id) DO UPDATE SET touched_at = excluded.touched_at",
        )?
        .execute((shop.as_str(), part, micros(at)))?;
    Ok(())
}

/// Takes in the parts that an attempt learnt. `true` if one of them was touched since the attempt began, while nobody knew
/// whose part it is: the attempt may have looked before the change.
pub(super) fn learn(
    unit: &Unit<'_>,
    shop: &ShopId,
    job: i64,
    parts: &[String],
    began: Timestamp,
) -> Result<bool, Fault> {
    let mut touched = false;
    for part in parts {
        let sql = "SELECT touched_at FROM part WHERE shop = ?1 AND id = ?2 AND job IS NULL";
        let at: Option<i64> = one(unit.conn, sql, (shop.as_str(), part))?;
        touched |= at.is_some_and(|at| from_micros(at) >= began);
        unit.conn
            .prepare_cached(
                "INSERT INTO part (shop, id, job) VALUES (?1, ?2, ?3)
                 ON CONFLICT (shop, id) DO UPDATE SET job = excluded.job, touched_at = NULL",
            )?
            .execute((shop.as_str(), part, job))?;
    }
    Ok(touched)
}
