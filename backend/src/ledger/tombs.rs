//! Tombstones: which orders and shops are to stay forgotten. Only hashes; they are asked before anything of a webhook is
//! written down.

use lane::clock::Timestamp;
use lane::id::{JobId, ShopId};
use lane::shop::Shop;
use lane::webhook::{Content, Named, Webhook};
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::names::Names;
use super::unit::Unit;

/// Everything under which an order of a shop may be named: the shop's id, and each of its domains, so that it is known
/// again while the shop is not.
pub(crate) fn owners(source: &str, domains: &[String], shop: Option<&ShopId>) -> Vec<String> {
    let domains = domains.iter().map(|domain| format!("{source}:{domain}"));
    shop.map(|shop| format!("shop:{shop}")).into_iter().chain(domains).collect()
}

/// What stays of what was forgotten.
pub(crate) type Tomb = [u8; 16];

/// Half of a SHA-256 is beyond any chance of meeting another. Parts are length-prefixed, so that no two read the same.
fn tomb(kind: &str, owner: &str, id: &str) -> Tomb {
    let mut hash = Sha256::new();
    for part in [kind, owner, id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut tomb = [0; 16];
    tomb.copy_from_slice(&hash.finalize()[..16]);
    tomb
}

/// Nothing is heard of the order any more.
pub(crate) async fn bury_order<U: Unit>(
    unit: &mut U,
    owners: &[String],
    id: &JobId,
    now: Timestamp,
) -> Result<(), Fault> {
    for owner in owners {
        unit.bury(&tomb("order", owner, id.as_str()), now).await?;
    }
    Ok(())
}

/// Nothing of what the shop was is heard any more.
pub(crate) async fn bury_shop<U: Unit>(
    unit: &mut U,
    source: &str,
    domains: &[String],
    now: Timestamp,
) -> Result<(), Fault> {
    for domain in domains {
        unit.bury(&tomb("shop", source, domain), now).await?;
    }
    Ok(())
}

/// The shop is added again: its new webhooks are heard. Its forgotten orders stay forgotten.
pub(crate) async fn raise_shop<U: Unit>(unit: &mut U, shop: &Shop) -> Result<(), Fault> {
    for domain in &shop.domains {
        unit.raise(&tomb("shop", shop.source.as_str(), domain)).await?;
    }
    Ok(())
}

/// Since when the shop behind a domain is forgotten.
pub(crate) async fn shop_since<U: Unit>(unit: &mut U, source: &str, domain: &str) -> Result<Option<Timestamp>, Fault> {
    unit.gone_since(&tomb("shop", source, domain)).await
}

/// When what a body speaks of last changed, if it says so where the platform says it.
fn updated_at(body: &[u8]) -> Option<Timestamp> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("updated_at")?.as_str()?.parse().ok()
}

/// Whether an order is to stay forgotten, under any of the names its shop has.
pub(crate) async fn order_lies<U: Unit>(unit: &mut U, owners: &[String], id: &JobId) -> Result<bool, Fault> {
    for owner in owners {
        if unit.gone_since(&tomb("order", owner, id.as_str())).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a webhook is about a shop or an order that is to stay forgotten. Asked before anything of it is kept, and once
/// more when a kept one is about to become work.
pub(crate) async fn forgotten<U: Unit>(unit: &mut U, webhook: &Webhook, shop: Option<&Shop>) -> Result<bool, Fault> {
    if !unit.has_tombs().await? {
        return Ok(false);
    }
    let About { of_shop, of_orders } = about(webhook, shop);
    unit.look_ahead(&[of_orders.as_slice(), &[of_shop]].concat()).await?;
    if let Some(since) = unit.gone_since(&of_shop).await? {
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
    for tomb in of_orders {
        if unit.gone_since(&tomb).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The tombstones of orders, under every name their shop has.
fn tombs_of(orders: &[JobId], owners: &[String]) -> Vec<Tomb> {
    orders.iter().flat_map(|id| owners.iter().map(|owner| tomb("order", owner, id.as_str()))).collect()
}

/// The tombstones under which what a webhook is about may lie.
pub(crate) struct About {
    of_shop: Tomb,
    of_orders: Vec<Tomb>,
}

impl About {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Tomb> {
        self.of_orders.iter().chain([&self.of_shop])
    }
}

/// Where what a webhook is about would lie.
pub(crate) fn about(webhook: &Webhook, shop: Option<&Shop>) -> About {
    let source = webhook.source.as_str();
    // An order may have been forgotten under another of its shop's domains, before the shop was known.
    let mut domains = shop.map(|shop| shop.domains.clone()).unwrap_or_default();
    if !domains.contains(&webhook.merchant) {
        domains.push(webhook.merchant.clone());
    }
    let owners = owners(source, &domains, shop.map(|shop| &shop.id));
    let orders = match &webhook.content {
        Content::Order(news) => vec![news.id.clone()],
        Content::Touched(Named::Order(id)) => vec![id.clone()],
        // Not understood is not unreadable: the order may still stand in it.
        Content::Unreadable { .. } => Names::of(&webhook.body).unwrap_or_default().orders,
        // A part leads to its job, and the job knows by itself.
        Content::Touched(Named::Part(_)) | Content::Uninstalled { .. } | Content::Privacy(_) => Vec::new(),
    };
    let of_orders = tombs_of(&orders, &owners);
    let of_shop = tomb("shop", source, &webhook.merchant);
    About { of_shop, of_orders }
}
