//! Everything that is known of a customer, for the merchant to hand on: their orders with timelines, decisions and the
//! webhooks as they came, and kept webhooks that name them.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::privacy::{Ask, Kept};
use lane::view::Recorded;
use serde_json::Value;

use super::super::key::{DECISION, Key, of_job, of_mark};
use super::super::lists;
use super::super::rows::kept::{lists_of_loose, webhooks_of};
use super::super::rows::webhooks::{EVENT_ID, OUTCOME, RECEIVED_AT, TOPIC, WEBHOOK_ID};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::asked::Request;
use super::loose::some_of;
use crate::bodies::raw;
use crate::ledger::exported::{self, Came, Found};
use crate::ledger::fault::Fault;
use crate::ledger::names::Names;

/// Collects the answer to an export request.
pub(super) async fn export(unit: &mut TableUnit, id: u64, now: Timestamp) -> Result<Option<Value>, Fault> {
    let Some(request) = Request::find(unit, id).await? else { return Ok(None) };
    match request.kept.request.ask {
        Ask::Export => {}
        Ask::RedactCustomer | Ask::RedactShop => return Ok(None),
    }
    let (own, unknown) = own(unit, &request.kept).await?;
    let mut orders = Vec::new();
    if let Some(shop) = &request.kept.shop {
        for id in &own {
            orders.extend(order(unit, &LaneKey::orders(shop), id).await?);
        }
    }
    let (kept_aside, nobodys) = aside(unit, &request, &own).await?;
    let found = Found { orders, kept_aside, nobodys, unknown };
    Ok(Some(exported::answer(&request.kept, &found, now)))
}

/// The customer's orders, and those that were asked for and are not known.
async fn own(unit: &mut TableUnit, kept: &Kept) -> Result<(Vec<JobId>, Vec<JobId>), Fault> {
    let subject = &kept.request.subject;
    let Some(shop) = &kept.shop else { return Ok((Vec::new(), subject.orders.clone())) };
    let lane = LaneKey::orders(shop);
    let (mut own, mut unknown) = (Vec::new(), Vec::new());
    for (kind, mark) in [("customer", &subject.customer), ("email", &subject.email)] {
        let Some(mark) = mark else { continue };
        let pk = of_mark(&lane, kind, mark);
        for lead in unit.table.query(&Range::new(&pk, Among::All, usize::MAX)).await? {
            own.push(JobId::parse(&lead.key()?.sk)?);
        }
    }
    for id in &subject.orders {
        let is_known = unit.find_job(&lane, id).await?.is_some();
        if is_known { own.push(id.clone()) } else { unknown.push(id.clone()) }
    }
    own.sort_unstable();
    own.dedup();
    Ok((own, unknown))
}

async fn order(unit: &mut TableUnit, lane: &LaneKey, id: &JobId) -> Result<Option<Value>, Fault> {
    let Some(row) = unit.find_job(lane, id).await? else { return Ok(None) };
    let timeline = lists::timeline(&unit.table, lane, id).await?;
    let mut decisions: Vec<(u32, Recorded)> = Vec::new();
    for item in unit.table.query(&Range::new(&of_job(lane, id), Among::Begins(DECISION), usize::MAX)).await? {
        let number = item.key()?.sk.strip_prefix(DECISION).and_then(|number| number.parse().ok());
        decisions.push((number.ok_or_else(|| Fault::unreadable("the number of a decision"))?, item.doc()?));
    }
    let job = unit.read(&Key::job(lane, id)).await?;
    let mut webhooks = Vec::new();
    for number in job.as_ref().map(webhooks_of).unwrap_or_default() {
        webhooks.extend(came(unit, number).await?);
    }
    Ok(Some(exported::order(&row.job, &timeline, &decisions, &webhooks)))
}

/// A webhook as it came, with its body.
async fn came(unit: &mut TableUnit, number: u64) -> Result<Option<Came>, Fault> {
    let Some(item) = unit.read(&Key::webhook(number)).await? else { return Ok(None) };
    Ok(Some(Came {
        topic: item.known(TOPIC)?.to_owned(),
        webhook_id: item.text(WEBHOOK_ID).map(str::to_owned),
        event_id: item.text(EVENT_ID).map(str::to_owned),
        received_at: item.time(RECEIVED_AT)?.ok_or_else(|| Fault::unreadable("when a webhook came"))?,
        outcome: item.known(OUTCOME)?.to_owned(),
        body: unit.body_of(&item).await?.map(raw),
    }))
}

/// Kept webhooks of no job that name the customer, and how many name nobody.
async fn aside(unit: &mut TableUnit, request: &Request, own: &[JobId]) -> Result<(Vec<Value>, u64), Fault> {
    let domains = request.domains(unit).await?;
    let (mut found, mut nobodys) = (Vec::new(), 0);
    for list in lists_of_loose(request.source, &domains, request.kept.shop.as_ref()) {
        let mut after = None;
        loop {
            let (numbers, end) = some_of(unit, &list, after.as_deref()).await?;
            for number in numbers {
                let Some(webhook) = came(unit, number).await?.filter(|webhook| webhook.body.is_some()) else {
                    continue;
                };
                let names = webhook.body.as_deref().and_then(Names::of).unwrap_or_default();
                if names.nobody() {
                    nobodys += 1;
                } else if names.name(&request.kept.request.subject) || names.orders.iter().any(|id| own.contains(id)) {
                    found.push(webhook.shown());
                }
            }
            match end {
                Some(end) => after = Some(end),
                None => break,
            }
        }
    }
    Ok((found, nobodys))
}
