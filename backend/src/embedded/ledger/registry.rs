//! Shops and operators.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lane::carriage::Mode;
use lane::id::{LaneKey, ShopId};
use lane::line::Pause;
use lane::operator::Operator;
use lane::outcome::PauseReason;
use lane::ports::{LedgerError, Registry, RegistryError};
use lane::shop::Shop;
use lane::view::QuarantineReason;
use lane::wake_up::Envelope;

use super::Ledger;
use super::closing::reopen;
use super::replay::{REPLAYED_AT_ONCE, kept_for, replay};
use super::rows::{LaneRow, micros, one};
use super::writer::{Fault, Unit};
use super::{look, privacy};

#[async_trait]
impl Registry for Ledger {
    async fn put_shop(&self, shop: &Shop, now: Timestamp) -> Result<Vec<Envelope>, RegistryError> {
        let mut sends = Vec::new();
        loop {
            let shop = shop.clone();
            let (more, finished) = self.writer.write(move |unit| put_shop(unit, &shop, now)).await??;
            sends.extend(more);
            if finished {
                return Ok(sends);
            }
        }
    }

    async fn shops(&self) -> Result<Vec<Arc<Shop>>, LedgerError> {
        let shops = self.readers.read(look::shops).await?;
        Ok(shops.into_iter().map(Arc::new).collect())
    }

    async fn remove_shop(&self, id: &ShopId, now: Timestamp) -> Result<bool, LedgerError> {
        let id = id.clone();
        self.writer.write(move |unit| remove_shop(unit, &id, now)).await
    }

    async fn put_operator(&self, operator: &Operator) -> Result<(), LedgerError> {
        let operator = operator.clone();
        self.writer.write(move |unit| put_operator(unit, &operator)).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, LedgerError> {
        self.readers.read(look::operators).await
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, LedgerError> {
        let mut expired = 0;
        loop {
            match self.writer.write(move |unit| expire(unit, before)).await? {
                0 => return Ok(expired),
                some => expired += some,
            }
        }
    }
}

/// What putting a shop came to; a refusal is an answer, not a fault.
pub(super) type Put = Result<(Vec<Envelope>, bool), RegistryError>;

/// One unit of putting a shop. Its domains lead to it only when everything that came before has become work: what
/// arrives meanwhile is kept behind it. `false` beside the wake-ups says that there is more to do.
pub(super) fn put_shop(unit: &mut Unit<'_>, shop: &Shop, now: Timestamp) -> Result<Put, Fault> {
    for domain in &shop.domains {
        let sql = "SELECT domain.shop FROM domain JOIN shop ON shop.id = domain.shop
                   WHERE domain.source = ?1 AND domain.name = ?2 AND domain.shop <> ?3 AND shop.removed = 0";
        if let Some(other) = one::<String>(unit.conn, sql, (shop.source.as_str(), domain, shop.id.as_str()))? {
            return Ok(Err(RegistryError::Taken { what: domain.clone(), shop: ShopId::parse(&other)? }));
        }
    }
    if let Some(refusal) = moves_in_doubt(unit, shop)? {
        return Ok(Err(refusal));
    }
    unit.conn.execute(
        "INSERT INTO shop (id, doc, put_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, put_at = excluded.put_at,
                                        left_at = NULL, removed_at = NULL, removed = 0",
        (shop.id.as_str(), serde_json::to_string(shop)?, micros(now)),
    )?;
    privacy::raise_shop(unit, shop)?;
    let kept = kept_for(unit, shop)?;
    let mut sends = Vec::new();
    for seq in kept.iter().take(REPLAYED_AT_ONCE) {
        sends.extend(replay(unit, *seq, shop)?.unwrap_or_default());
    }
    if kept.len() > REPLAYED_AT_ONCE {
        return Ok(Ok((sends, false)));
    }
    unit.conn.execute("DELETE FROM domain WHERE shop = ?1", [shop.id.as_str()])?;
    for domain in &shop.domains {
        unit.conn.execute(
            "INSERT INTO domain (source, name, shop) VALUES (?1, ?2, ?3)
             ON CONFLICT (source, name) DO UPDATE SET shop = excluded.shop",
            (shop.source.as_str(), domain, shop.id.as_str()),
        )?;
    }
    sends.extend(reopen(unit, &shop.id, now)?);
    Ok(Ok((sends, true)))
}

/// An order whose write may or may not have happened is looked up at the shop's warehouse; elsewhere, in another store or
/// beside the warehouse's own import it would be made a second time. A shop whose orders are only corrected, before and
/// after, has none made.
fn moves_in_doubt(unit: &Unit<'_>, shop: &Shop) -> Result<Option<RegistryError>, Fault> {
    let known: Option<String> = one(unit.conn, "SELECT doc FROM shop WHERE id = ?1", [shop.id.as_str()])?;
    let Some(known) = known.as_deref().map(serde_json::from_str::<Shop>).transpose()? else { return Ok(None) };
    let (was, is) = (&known.carriage, &shop.carriage);
    let moves = known.warehouse != shop.warehouse || was.mode != is.mode || was.store != is.store;
    if !moves || (was.mode == Mode::Correct && is.mode == Mode::Correct) {
        return Ok(None);
    }
    // The last condition on the state is the index's own, word for word: without it SQLite reads all jobs of the shop.
    let sql = "SELECT json_extract(doc, '$.number') FROM job
               WHERE lane IN (SELECT seq FROM lane WHERE shop = ?1) AND in_line = 1
                 AND (state = 'attempting' OR json_extract(doc, '$.reach') = 'unresolved')
               UNION ALL
               SELECT json_extract(doc, '$.number') FROM job
               WHERE shop = ?1 AND state IN ('held', 'failed') AND state NOT IN ('waiting', 'attempting')
                 AND json_extract(doc, '$.reach') = 'unresolved' LIMIT 1";
    let order: Option<String> = one(unit.conn, sql, [shop.id.as_str()])?;
    Ok(order.map(|order| RegistryError::InDoubt { order, warehouse: known.warehouse }))
}

pub(super) fn remove_shop(unit: &mut Unit<'_>, id: &ShopId, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE shop SET removed = 1, removed_at = ?2 WHERE id = ?1 AND removed = 0";
    let removed = unit.conn.execute(sql, (id.as_str(), micros(now)))?;
    if removed == 0 {
        return Ok(false);
    }
    if let Some(mut lane) = LaneRow::find(unit.conn, &LaneKey::orders(id))? {
        lane.state.paused = Some(Pause { why: PauseReason::ShopRemoved, until: None, by: None, since: now });
        lane.save_state(unit)?;
    }
    Ok(true)
}

pub(super) fn put_operator(unit: &mut Unit<'_>, operator: &Operator) -> Result<(), Fault> {
    unit.conn.execute(
        "INSERT INTO operator (id, token_hash, doc) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, doc = excluded.doc",
        (operator.id.as_str(), &operator.token_hash, serde_json::to_string(operator)?),
    )?;
    Ok(())
}

/// Rows that are expired in one unit.
const EXPIRED_AT_ONCE: usize = 500;

/// Stands where what was wrong with a body stood, once nobody can look at the body any more.
const EXPIRED: &str = "nobody could read it, and its body was dropped after its time";

/// Drops some of the bodies that have been kept long enough. How many; ask again until there are none. What nobody could
/// read stays in quarantine without its body: that it came may still matter.
pub(super) fn expire(unit: &Unit<'_>, before: Timestamp) -> Result<u64, Fault> {
    let unreadable = unit.conn.execute(
        "UPDATE webhook SET body = NULL, words = ?4
         WHERE seq IN (SELECT seq FROM webhook WHERE quarantine = ?1 AND received_at < ?2 AND body IS NOT NULL LIMIT ?3)",
        (QuarantineReason::Unreadable.as_str(), before.as_microsecond(), EXPIRED_AT_ONCE, EXPIRED),
    )?;
    let dropped = unit.conn.execute(
        "UPDATE webhook SET body = NULL, content = NULL, quarantine = NULL, outcome = 'expired'
         WHERE seq IN (SELECT seq FROM webhook WHERE quarantine = ?1 AND received_at < ?2 LIMIT ?3)",
        (QuarantineReason::UnknownShop.as_str(), before.as_microsecond(), EXPIRED_AT_ONCE),
    )?;
    Ok((dropped + unreadable) as u64)
}
