//! Webhooks that came before their shop was known: kept, and replayed in the order they came when the shop is added.

use lane::shop::{Shop, Source};
use lane::wake_up::Envelope;

use super::claim;
use super::fault::Fault;
use super::intake::{ForShop, JOB_UNREADABLE, cause};
use super::tombs::forgotten;
use super::unit::Unit;

/// Makes work of one kept webhook, if its shop is known by now. The answer is the wake-ups to send.
pub(crate) async fn replay_one<U: Unit>(unit: &mut U, id: u64) -> Result<Option<Vec<Envelope>>, Fault> {
    let Some(merchant) = unit.merchant_of(id).await? else { return Ok(None) };
    match unit.shop_with(Source::Shopify, &merchant).await? {
        Some(shop) => replay(unit, id, &shop).await,
        None => Ok(None),
    }
}

/// Makes work of one kept webhook of `shop`. `None` if its content was dropped.
pub(crate) async fn replay<U: Unit>(unit: &mut U, id: u64, shop: &Shop) -> Result<Option<Vec<Envelope>>, Fault> {
    let webhook = match unit.kept(id).await {
        Err(fault) if fault.is_of_a_newer_program() => return put_before_people(unit, id, shop).await.map(Some),
        known => known?,
    };
    let Some(webhook) = webhook else { return Ok(None) };
    let Some(says) = ForShop::of(&webhook.content) else { return Ok(None) };
    if forgotten(unit, &webhook, Some(shop)).await? {
        // Its order was forgotten under another of the shop's domains.
        unit.drop_webhook(id).await?;
        return Ok(Some(Vec::new()));
    }
    // The webhook's own id was claimed when it came; what is left are the keys within the shop. If they are known, the
    // shop had this webhook before it was removed.
    let within_shop = webhook.identity_keys(shop.id.as_str());
    let skip = usize::from(webhook.webhook_id.is_some());
    let (outcome, job, send) = if claim(unit, &webhook, &within_shop[skip..]).await? {
        let (recorded, job) = match cause(unit, shop, &webhook, says).await {
            Ok(caused) => caused,
            // It must not keep its shop from being added.
            Err(fault) if fault.is_of_a_newer_program() => {
                return put_before_people(unit, id, shop).await.map(Some);
            }
            Err(fault) => return Err(fault),
        };
        (recorded.label(), job, recorded.wake_up().cloned())
    } else {
        ("duplicate", None, None)
    };
    unit.settle(id, &shop.id, outcome, job.as_ref()).await?;
    unit.count("webhook/quarantined".to_owned(), -1);
    unit.count(format!("webhook/{outcome}"), 1);
    Ok(Some(send.into_iter().collect()))
}

/// A webhook that cannot become work stays kept, for people, as it would have been had its shop been known.
async fn put_before_people<U: Unit>(unit: &mut U, id: u64, shop: &Shop) -> Result<Vec<Envelope>, Fault> {
    unit.put_before_people(id, &shop.id, JOB_UNREADABLE).await?;
    Ok(Vec::new())
}
