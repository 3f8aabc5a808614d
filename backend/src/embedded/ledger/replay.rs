//! Webhooks that came before their shop was known: kept, and replayed in the order they came when the shop is added.

use lane::id::CorrelationId;
use lane::ports::LedgerError;
use lane::shop::{Shop, Source};
use lane::view::QuarantineReason;
use lane::wake_up::Envelope;
use lane::webhook::{Content, Webhook};
use rusqlite::OptionalExtension;

use super::identity::Keys;
use super::intake::{Arrival, Caused, JOB_UNREADABLE, is_of_a_newer_program, shop_of, take_in};
use super::kept::{quarantine, settle};
use super::rows::{from_micros, one};
use super::writer::{Fault, Unit};
use super::{closing, privacy, touch};

/// Kept webhooks that become work in one unit, so that a shop with a long past does not keep the writer from others.
pub(super) const REPLAYED_AT_ONCE: usize = 200;

/// The webhooks that were kept for a shop's domains, in the order they came; one more than one unit replays.
pub(super) fn kept_for(unit: &Unit<'_>, shop: &Shop) -> Result<Vec<i64>, Fault> {
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
pub(super) fn replay(unit: &mut Unit<'_>, seq: i64, shop: &Shop) -> Result<Option<Vec<Envelope>>, Fault> {
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
    let webhook = match webhook_of(kept) {
        Err(fault) if is_of_a_newer_program(&fault) => return put_before_people(unit, seq, shop).map(Some),
        known => known?,
    };
    let Some(webhook) = webhook else { return Ok(None) };
    if privacy::forgotten(unit, &webhook, Some(shop))? {
        // Its order was forgotten under another of the shop's domains.
        privacy::drop_webhook(unit, seq)?;
        return Ok(Some(Vec::new()));
    }
    // The webhook's own id was claimed when it came; what is left are the keys within the shop. If they are known, the
    // shop had this webhook before it was removed.
    let within_shop = webhook.identity_keys(shop.id.as_str());
    let skip = usize::from(webhook.webhook_id.is_some());
    let (outcome, job, send) = if Keys::of(&webhook, &within_shop[skip..]).claim(unit)? {
        let (recorded, job) = match cause(unit, shop, &webhook) {
            Ok(Some(caused)) => caused,
            Ok(None) => return Ok(None),
            // It must not keep its shop from being added.
            Err(fault) if is_of_a_newer_program(&fault) => return put_before_people(unit, seq, shop).map(Some),
            Err(fault) => return Err(fault),
        };
        (recorded.label(), job, recorded.wake_up().cloned())
    } else {
        ("duplicate", None, None)
    };
    settle(unit, seq, outcome, job)?;
    unit.conn.prepare_cached("UPDATE webhook SET shop = ?2 WHERE seq = ?1")?.execute((seq, shop.id.as_str()))?;
    unit.count("webhook/quarantined".to_owned(), -1);
    unit.count(format!("webhook/{outcome}"), 1);
    Ok(Some(send.into_iter().collect()))
}

/// A webhook that cannot become work stays kept, for people, as it would have been had its shop been known.
fn put_before_people(unit: &Unit<'_>, seq: i64, shop: &Shop) -> Result<Vec<Envelope>, Fault> {
    quarantine(unit, seq, QuarantineReason::Unreadable, JOB_UNREADABLE, None)?;
    unit.conn.prepare_cached("UPDATE webhook SET shop = ?2 WHERE seq = ?1")?.execute((seq, shop.id.as_str()))?;
    Ok(Vec::new())
}

/// What the webhook causes now that its shop is known. `None` for what never waits for a shop.
fn cause(unit: &mut Unit<'_>, shop: &Shop, webhook: &Webhook) -> Result<Option<Caused>, Fault> {
    let arrival = Arrival::of(webhook);
    match &webhook.content {
        Content::Order(news) => take_in(unit, shop, news, &arrival).map(Some),
        Content::Touched(named) => touch::take_in(unit, shop, webhook, named).map(Some),
        Content::Uninstalled { at } => closing::close(unit, &shop.id, *at).map(Some),
        Content::Privacy(_) | Content::Unreadable { .. } => Ok(None),
    }
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
