//! Shops and operators, and the webhooks that came before their shop was known.

use jiff::Timestamp;
use lane::id::{CorrelationId, LaneKey, ShopId};
use lane::line::Pause;
use lane::operator::Operator;
use lane::outcome::PauseReason;
use lane::ports::{LedgerError, Recorded, RegistryError};
use lane::shop::{Shop, Source};
use lane::view::QuarantineReason;
use lane::wake_up::Envelope;
use lane::webhook::{Content, Webhook};
use rusqlite::OptionalExtension;

use super::desk::wake_lane;
use super::intake::{Arrival, claim, settle, shop_of, take_in};
use super::rows::{LaneRow, from_micros, one};
use super::writer::{Fault, Unit};

/// What putting a shop came to; a refusal is an answer, not a fault.
pub(super) type Put = Result<(Vec<Envelope>, bool), RegistryError>;

/// Kept webhooks that become work in one unit, so that a shop with a long past does not keep the writer from others.
const REPLAYED_AT_ONCE: usize = 200;

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
        "INSERT INTO shop (id, doc) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, removed = 0",
        (shop.id.as_str(), serde_json::to_string(shop)?),
    )?;
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

/// An order whose write may or may not have happened is looked up at the shop's warehouse; elsewhere it would be made a
/// second time.
fn moves_in_doubt(unit: &Unit<'_>, shop: &Shop) -> Result<Option<RegistryError>, Fault> {
    let known: Option<String> = one(unit.conn, "SELECT doc FROM shop WHERE id = ?1", [shop.id.as_str()])?;
    let Some(known) = known.as_deref().map(serde_json::from_str::<Shop>).transpose()? else { return Ok(None) };
    if known.warehouse == shop.warehouse {
        return Ok(None);
    }
    let sql = "SELECT json_extract(doc, '$.number') FROM job
               WHERE shop = ?1 AND state IN ('waiting', 'attempting', 'retrying', 'held', 'failed')
                 AND (state = 'attempting' OR json_extract(doc, '$.reach') = 'unresolved') LIMIT 1";
    let order: Option<String> = one(unit.conn, sql, [shop.id.as_str()])?;
    Ok(order.map(|order| RegistryError::InDoubt { order, warehouse: known.warehouse }))
}

/// Lifts the pause that removing the shop had put on its lane.
fn reopen(unit: &mut Unit<'_>, shop: &ShopId, now: Timestamp) -> Result<Vec<Envelope>, Fault> {
    let Some(mut lane) = LaneRow::find(unit.conn, &LaneKey::orders(shop))? else { return Ok(Vec::new()) };
    let removed = lane.state.paused.as_ref().is_some_and(|pause| pause.why == PauseReason::ShopRemoved);
    if !removed {
        return Ok(Vec::new());
    }
    lane.state.paused = None;
    lane.save_state(unit)?;
    wake_lane(unit, &lane, now)
}

/// The webhooks that were kept for a shop's domains, in the order they came; one more than one unit replays.
fn kept_for(unit: &Unit<'_>, shop: &Shop) -> Result<Vec<i64>, Fault> {
    let sql = "SELECT seq FROM webhook WHERE quarantine = ?1 AND merchant = ?2 AND source = ?3 ORDER BY seq LIMIT ?4";
    let mut kept: Vec<i64> = Vec::new();
    for domain in &shop.domains {
        let mut statement = unit.conn.prepare_cached(sql)?;
        let why = QuarantineReason::UnknownShop.as_str();
        let rows = statement.query_map((why, domain, shop.source.as_str(), REPLAYED_AT_ONCE + 1), |row| row.get(0))?;
        kept.extend(rows.collect::<Result<Vec<i64>, _>>()?);
    }
    kept.sort_unstable();
    kept.truncate(REPLAYED_AT_ONCE + 1);
    Ok(kept)
}

struct Kept {
    source: String,
    merchant: String,
    topic: String,
    webhook_id: Option<String>,
    event_id: Option<String>,
    body_hash: Vec<u8>,
    received_at: i64,
    correlation: String,
    content: Option<String>,
}

/// Makes work of one kept webhook, if its shop is known by now. The answer is the wake-ups to send.
pub(super) fn replay_one(unit: &mut Unit<'_>, seq: i64) -> Result<Option<Vec<Envelope>>, Fault> {
    let sql = "SELECT merchant FROM webhook WHERE seq = ?1";
    let Some(merchant) = one::<String>(unit.conn, sql, [seq])? else { return Ok(None) };
    match shop_of(unit, Source::Shopify, &merchant)? {
        Some(shop) => replay(unit, seq, &shop),
        None => Ok(None),
    }
}

/// Makes work of one kept webhook of `shop`. `None` if its content was dropped.
fn replay(unit: &mut Unit<'_>, seq: i64, shop: &Shop) -> Result<Option<Vec<Envelope>>, Fault> {
    let sql = "SELECT source, merchant, topic, webhook_id, event_id, body_hash, received_at, correlation, content
               FROM webhook WHERE seq = ?1";
    let kept = unit
        .conn
        .prepare_cached(sql)?
        .query_row([seq], |row| {
            Ok(Kept {
                source: row.get(0)?,
                merchant: row.get(1)?,
                topic: row.get(2)?,
                webhook_id: row.get(3)?,
                event_id: row.get(4)?,
                body_hash: row.get(5)?,
                received_at: row.get(6)?,
                correlation: row.get(7)?,
                content: row.get(8)?,
            })
        })
        .optional()?;
    let Some(kept) = kept else { return Ok(None) };
    let webhook = webhook_of(kept)?;
    let Some(webhook) = webhook else { return Ok(None) };
    let Content::Order(news) = &webhook.content else { return Ok(None) };
    // The webhook's own id was claimed when it came; what is left are the keys within the shop. If they are known, the
    // shop had this webhook before it was removed.
    let within_shop = webhook.identity_keys(shop.id.as_str());
    let skip = usize::from(webhook.webhook_id.is_some());
    let (outcome, job, send) = if claim(unit, &within_shop[skip..])? {
        let arrival = Arrival { topic: &webhook.topic, correlation: &webhook.correlation, at: webhook.received_at };
        let (recorded, job) = take_in(unit, shop, news, &arrival)?;
        let send = match &recorded {
            Recorded::New { send, .. } | Recorded::Newer { send, .. } => send.clone(),
            Recorded::Unchanged | Recorded::Duplicate | Recorded::Quarantined(_) => None,
        };
        (recorded.label(), Some(job), send)
    } else {
        ("duplicate", None, None)
    };
    settle(unit, seq, outcome, job)?;
    unit.conn.prepare_cached("UPDATE webhook SET shop = ?2 WHERE seq = ?1")?.execute((seq, shop.id.as_str()))?;
    unit.count("webhook/quarantined".to_owned(), -1);
    unit.count(format!("webhook/{outcome}"), 1);
    Ok(Some(send.into_iter().collect()))
}

fn webhook_of(kept: Kept) -> Result<Option<Webhook>, Fault> {
    let unreadable = |what: &str| Fault::Ledger(LedgerError::Unreadable(what.to_owned()));
    let Some(content) = kept.content else { return Ok(None) };
    let body_hash = kept.body_hash.try_into().map_err(|_| unreadable("a webhook's hash"))?;
    let received_at = from_micros(kept.received_at);
    let source = match kept.source.as_str() {
        "shopify" => Source::Shopify,
        _ => return Err(unreadable("a webhook's source")),
    };
    let correlation: CorrelationId = serde_json::from_value(kept.correlation.into())?;
    Ok(Some(Webhook {
        source,
        merchant: kept.merchant,
        topic: kept.topic,
        webhook_id: kept.webhook_id,
        event_id: kept.event_id,
        body_hash,
        body: bytes::Bytes::new(),
        received_at,
        correlation,
        content: serde_json::from_str(&content)?,
    }))
}

pub(super) fn remove_shop(unit: &mut Unit<'_>, id: &ShopId, now: Timestamp) -> Result<bool, Fault> {
    let removed = unit.conn.execute("UPDATE shop SET removed = 1 WHERE id = ?1 AND removed = 0", [id.as_str()])?;
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

/// Drops some of the bodies that have been kept long enough. How many; ask again until there are none.
pub(super) fn expire(unit: &Unit<'_>, before: Timestamp) -> Result<u64, Fault> {
    let dropped = unit.conn.execute(
        "UPDATE webhook SET body = NULL, content = NULL, quarantine = NULL, outcome = 'expired'
         WHERE seq IN (SELECT seq FROM webhook WHERE quarantine = ?1 AND received_at < ?2 LIMIT ?3)",
        (QuarantineReason::UnknownShop.as_str(), before.as_microsecond(), EXPIRED_AT_ONCE),
    )?;
    Ok(dropped as u64)
}
