//! Tombstones: which orders and shops are to stay forgotten. Only hashes; they are asked before anything of a webhook is
//! written down.

use lane::clock::Timestamp;
use lane::id::{JobId, ShopId};
use lane::shop::Shop;
use lane::webhook::{Content, Named, Webhook};
use sha2::{Digest, Sha256};

use super::super::rows::{from_micros, micros, one};
use super::super::writer::{Fault, Unit};
use super::names::Names;

/// Everything under which an order of a shop may be named: the shop's id, and each of its domains, so that it is known
/// again while the shop is not.
pub(super) fn owners(source: &str, domains: &[String], shop: Option<&ShopId>) -> Vec<String> {
    let domains = domains.iter().map(|domain| format!("{source}:{domain}"));
    shop.map(|shop| format!("shop:{shop}")).into_iter().chain(domains).collect()
}

/// Half of a SHA-256 is beyond any chance of meeting another. Parts are length-prefixed, so that no two read the same.
fn key(kind: &str, owner: &str, id: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [kind, owner, id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].to_vec()
}

fn bury(unit: &Unit<'_>, key: &[u8], now: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached(
            "INSERT INTO forgotten (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = MAX(at, excluded.at)",
        )?
        .execute((key, micros(now)))?;
    Ok(())
}

fn lies(unit: &Unit<'_>, key: &[u8]) -> Result<bool, Fault> {
    Ok(one::<i64>(unit.conn, "SELECT 1 FROM forgotten WHERE key = ?1", [key])?.is_some())
}

/// Nothing is heard of the order any more.
pub(super) fn bury_order(unit: &Unit<'_>, owners: &[String], id: &JobId, now: Timestamp) -> Result<(), Fault> {
    owners.iter().try_for_each(|owner| bury(unit, &key("order", owner, id.as_str()), now))
}

/// Nothing of what the shop was is heard any more.
pub(super) fn bury_shop(unit: &Unit<'_>, source: &str, domains: &[String], now: Timestamp) -> Result<(), Fault> {
    domains.iter().try_for_each(|domain| bury(unit, &key("shop", source, domain), now))
}

/// The shop is added again: its new webhooks are heard. Its forgotten orders stay forgotten.
pub(in super::super) fn raise_shop(unit: &Unit<'_>, shop: &Shop) -> Result<(), Fault> {
    for domain in &shop.domains {
        let key = key("shop", shop.source.as_str(), domain);
        unit.conn.prepare_cached("DELETE FROM forgotten WHERE key = ?1")?.execute([key])?;
    }
    Ok(())
}

/// Whether the shop behind a domain asked to be forgotten.
pub(super) fn shop_lies(unit: &Unit<'_>, source: &str, domain: &str) -> Result<bool, Fault> {
    Ok(shop_since(unit, source, domain)?.is_some())
}

/// Since when the shop behind a domain is forgotten.
fn shop_since(unit: &Unit<'_>, source: &str, domain: &str) -> Result<Option<Timestamp>, Fault> {
    let at: Option<i64> = one(unit.conn, "SELECT at FROM forgotten WHERE key = ?1", [key("shop", source, domain)])?;
    Ok(at.map(from_micros))
}

/// When what a body speaks of last changed, if it says so where the platform says it.
fn updated_at(body: &[u8]) -> Option<Timestamp> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("updated_at")?.as_str()?.parse().ok()
}

/// Whether an order is to stay forgotten, under any of the names its shop has.
pub(super) fn order_lies(unit: &Unit<'_>, owners: &[String], id: &JobId) -> Result<bool, Fault> {
    for owner in owners {
        if lies(unit, &key("order", owner, id.as_str()))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a webhook is about a shop or an order that is to stay forgotten. Asked before anything of it is kept, and once
/// more when a kept one is about to become work.
pub(in super::super) fn forgotten(unit: &Unit<'_>, webhook: &Webhook, shop: Option<&Shop>) -> Result<bool, Fault> {
    if one::<i64>(unit.conn, "SELECT 1 FROM forgotten LIMIT 1", [])?.is_none() {
        return Ok(false);
    }
    let source = webhook.source.as_str();
    if let Some(since) = shop_since(unit, source, &webhook.merchant)? {
        // What an order says of a later time is the merchant's new business: they installed the app again.
        let newer = match &webhook.content {
            Content::Order(news) => news.updated_at.is_some_and(|at| at > since),
            Content::Unreadable { .. } => updated_at(&webhook.body).is_some_and(|at| at > since),
            Content::Touched(_) | Content::Uninstalled { .. } | Content::Privacy(_) => false,
        };
        if !newer {
            return Ok(true);
        }
    }
    // An order may have been forgotten under another of its shop's domains, before the shop was known.
    let mut domains = shop.map(|shop| shop.domains.clone()).unwrap_or_default();
    if !domains.contains(&webhook.merchant) {
        domains.push(webhook.merchant.clone());
    }
    let owners = owners(source, &domains, shop.map(|shop| &shop.id));
    match &webhook.content {
        Content::Order(news) => order_lies(unit, &owners, &news.id),
        Content::Touched(Named::Order(id)) => order_lies(unit, &owners, id),
        // Not understood is not unreadable: the order may still stand in it.
        Content::Unreadable { .. } => {
            for id in Names::of(&webhook.body).unwrap_or_default().orders {
                if order_lies(unit, &owners, &id)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        // A part leads to its job, and the job knows by itself.
        Content::Touched(Named::Part(_)) | Content::Uninstalled { .. } | Content::Privacy(_) => Ok(false),
    }
}
