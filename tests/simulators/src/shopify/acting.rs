//! What becomes of an [`Act`], and what Shopify tells because of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::BadOrder;
use super::act::Act;
use super::api::{Shop, store_order};
use super::beyond::{Stored, line_named};
use super::changes;
use super::fulfil::{self, Portion, Tracking, second};
use super::parts::{self, Hold, Ids, Part, Status};
use super::risk::Risk;
use super::webhook::{self, Webhook};

/// Does it, and says what Shopify tells of it.
pub(super) fn carry_out(shop: &mut Shop, domain: &str, act: Act, now: Timestamp) -> Result<Vec<Webhook>, BadOrder> {
    match act {
        Act::Place { order } => place(shop, order),
        Act::Sell { sale, number } => place(shop, sale.order(number, now)),
        Act::Pay { order } => updated(shop, order, now, &["orders/paid", "orders/updated"], |rest| {
            rest["financial_status"] = json!("paid");
            rest["total_outstanding"] = json!("0.00");
            rest["total_outstanding_set"] = Value::Null;
        }),
        Act::Edit { order, changes } => {
            let (stored, ids) = stamped(shop, order, now)?;
            changes::edit(stored, ids, changes)
        }
        Act::Refund { order, refund } => {
            let (stored, ids) = stamped(shop, order, now)?;
            changes::refund(stored, ids, &refund)
        }
        Act::Readdress { order, address } => updated(shop, order, now, &["orders/updated"], |rest| {
            readdress(&mut rest["shipping_address"], address);
        }),
        Act::Tag { order, tags } => updated(shop, order, now, &["orders/updated"], |rest| {
            rest["tags"] = json!(tags.join(", "));
        }),
        Act::Cancel { order, reason } => {
            let (stored, ids) = stamped(shop, order, now)?;
            changes::cancel(stored, ids, &reason)
        }
        Act::Assess { order, recommendation, level } => {
            let told = webhook::assessed(&found(shop, order)?.0.rest, &level);
            shop.risks.insert(order, Risk::new(&recommendation, &level));
            Ok(vec![told])
        }
        Act::Split { order, parts } => {
            let (stored, ids) = found(shop, order)?;
            stored.lay_out(parts, ids)?;
            updated(shop, order, now, &["orders/updated"], |_| ())
        }
        Act::Hold { order, part, reason, notes, handle } => {
            let (stored, ids) = found(shop, order)?;
            let new = Hold { id: ids.take(), reason, notes, handle };
            Ok(hold(stored.part(part)?, &new))
        }
        Act::Release { order, part, handle } => Ok(release(found(shop, order)?.0.part(part)?, handle.as_deref())),
        Act::Schedule { order, part, at } => {
            Ok(schedule(found(shop, order)?.0.part(part)?, Some(at), "fulfillment_orders/rescheduled"))
        }
        Act::Ready { order, part } => {
            let topic = "fulfillment_orders/scheduled_fulfillment_order_ready";
            Ok(schedule(found(shop, order)?.0.part(part)?, None, topic))
        }
        Act::Fulfil { order, part, units, tracking } => fulfil_part(shop, order, part, &units, &tracking, now),
        Act::Delete { order } => {
            shop.orders.remove(&order).ok_or(BadOrder::NoOrder(order))?;
            Ok(vec![Webhook::of("orders/delete", json!({"id": order}))])
        }
        Act::Uninstall => {
            shop.token = None;
            Ok(vec![webhook::uninstalled(domain)])
        }
        Act::AskForData { order } => {
            let rest = &found(shop, order)?.0.rest;
            Ok(vec![webhook::about_customer("customers/data_request", "orders_requested", domain, rest)])
        }
        Act::RedactCustomer { order } => {
            let rest = &found(shop, order)?.0.rest;
            Ok(vec![webhook::about_customer("customers/redact", "orders_to_redact", domain, rest)])
        }
        Act::RedactShop => Ok(vec![webhook::shop_redacted(domain)]),
    }
}

fn hold(part: &mut Part, hold: &Hold) -> Vec<Webhook> {
    part.holds.push(hold.clone());
    part.status = Status::OnHold;
    webhook::held(part, hold)
}

/// Takes off the hold with this handle, or all.
fn release(part: &mut Part, handle: Option<&str>) -> Vec<Webhook> {
    let goes = |hold: &Hold| handle.is_none() || hold.handle.as_deref() == handle;
    let (gone, left): (Vec<Hold>, Vec<Hold>) = part.holds.drain(..).partition(goes);
    part.holds = left;
    if part.holds.is_empty() && part.status == Status::OnHold {
        part.status = if part.fulfill_at.is_some() { Status::Scheduled } else { Status::Open };
    }
    webhook::released(part, &gone)
}

/// Puts a part off until a time, or makes it ready.
fn schedule(part: &mut Part, at: Option<String>, topic: &str) -> Vec<Webhook> {
    part.status = if at.is_some() { Status::Scheduled } else { Status::Open };
    part.fulfill_at = at;
    vec![webhook::about(part, topic)]
}

fn fulfil_part(
    shop: &mut Shop,
    order: u64,
    part: usize,
    units: &[(String, u64)],
    tracking: &Value,
    now: Timestamp,
) -> Result<Vec<Webhook>, BadOrder> {
    let (stored, ids) = found(shop, order)?;
    let units = units_of(stored, part, units)?;
    let checked = fulfil::check(stored, &[Portion { part, units }]);
    let checked = checked.map_err(|refused| BadOrder::Refused(refused.to_string()))?;
    Ok(fulfil::carry_out(stored, &checked, &Tracking(tracking), ids, now).1)
}

fn place(shop: &mut Shop, order: Value) -> Result<Vec<Webhook>, BadOrder> {
    let id = store_order(shop, order)?;
    let rest = &found(shop, id)?.0.rest;
    let mut told = vec![Webhook::of("orders/create", rest.clone())];
    if rest["financial_status"] == "paid" {
        told.push(Webhook::of("orders/paid", rest.clone()));
    }
    Ok(told)
}

fn found(shop: &mut Shop, order: u64) -> Result<(&mut Stored, &mut Ids), BadOrder> {
    let stored = shop.orders.get_mut(&order).ok_or(BadOrder::NoOrder(order))?;
    Ok((stored, &mut shop.ids))
}

/// The order, which was updated now.
fn stamped(shop: &mut Shop, order: u64, now: Timestamp) -> Result<(&mut Stored, &mut Ids), BadOrder> {
    let (stored, ids) = found(shop, order)?;
    stored.rest["updated_at"] = json!(second(now));
    Ok((stored, ids))
}

/// Changes the order and tells it whole under these topics.
fn updated(
    shop: &mut Shop,
    order: u64,
    now: Timestamp,
    topics: &[&str],
    change: impl FnOnce(&mut Value),
) -> Result<Vec<Webhook>, BadOrder> {
    let (stored, ids) = found(shop, order)?;
    change(&mut stored.rest);
    stored.rest["updated_at"] = json!(second(now));
    parts::follow(&stored.rest, &mut stored.parts, ids);
    Ok(topics.iter().map(|topic| Webhook::of(topic, stored.rest.clone())).collect())
}

fn readdress(address: &mut Value, by: Value) {
    match (address, by) {
        (Value::Object(address), Value::Object(members)) => address.extend(members),
        (address, other) => *address = other,
    }
}

/// Places of the named lines in the part.
fn units_of(stored: &Stored, part: usize, units: &[(String, u64)]) -> Result<Vec<(usize, u64)>, BadOrder> {
    let lines = stored.parts.get(part).map(|part| &part.lines).ok_or(BadOrder::NoPart(part))?;
    units
        .iter()
        .map(|(name, count)| {
            let id = line_named(&stored.rest, name)?;
            let index = lines.iter().position(|line| line.line == id);
            index.map(|index| (index, *count)).ok_or_else(|| BadOrder::NoLine(name.clone()))
        })
        .collect()
}
