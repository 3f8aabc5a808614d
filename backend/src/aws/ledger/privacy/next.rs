//! Which job a redaction forgets next.

use lane::id::{JobId, LaneKey};
use lane::marks::Mark;

use super::super::key::of_mark;
use super::super::rows::jobs::{BORN, NAMELESS, list_of_shop};
use super::super::table::{Among, OTHER_LIST, Range};
use super::super::unit::TableUnit;
use super::asked::Request;
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRow;

/// Jobs that one step looks at.
const LOOKED_AT_ONCE: usize = 20;

/// What a look for the next job found.
pub(super) enum Found {
    One(Box<JobRow>),
    /// None of those that were looked at; there are more.
    NotYet,
    NoMore,
}

/// The next job that bears a mark and was accepted before it was asked: whoever buys again afterwards is a customer again.
pub(super) async fn marked(
    unit: &mut TableUnit,
    request: &mut Request,
    kind: &str,
    mark: Option<&Mark>,
) -> Result<Found, Fault> {
    let (Some(shop), Some(mark)) = (&request.kept.shop, mark) else { return Ok(Found::NoMore) };
    let lane = LaneKey::orders(shop);
    let pk = of_mark(&lane, kind, mark);
    let after = request.progress.after.clone();
    let among = Among::after("", after.as_deref());
    let leads = unit.table.query(&Range::new(&pk, among, LOOKED_AT_ONCE)).await?;
    for lead in &leads {
        let id = JobId::parse(&lead.key()?.sk)?;
        request.progress.after = Some(id.to_string());
        let row = unit.find_job(&lane, &id).await?;
        if let Some(row) = row.filter(|row| !row.job.redacted && row.job.accepted_at <= request.kept.received_at) {
            return Ok(Found::One(Box::new(row)));
        }
    }
    Ok(if leads.len() == LOOKED_AT_ONCE { Found::NotYet } else { Found::NoMore })
}

/// The next job that the request lists.
pub(super) async fn listed(unit: &mut TableUnit, request: &mut Request) -> Result<Found, Fault> {
    let Some(shop) = &request.kept.shop else { return Ok(Found::NoMore) };
    let (lane, orders) = (LaneKey::orders(shop), request.kept.request.subject.orders.clone());
    let from: usize = request.progress.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default();
    for (nth, id) in orders.iter().enumerate().skip(from).take(LOOKED_AT_ONCE) {
        request.progress.after = Some((nth + 1).to_string());
        let row = unit.find_job(&lane, id).await?;
        if let Some(row) = row.filter(|row| !row.job.redacted) {
            return Ok(Found::One(Box::new(row)));
        }
    }
    Ok(if from + LOOKED_AT_ONCE < orders.len() { Found::NotYet } else { Found::NoMore })
}

/// The next job of a shop whose webhooks still name it: also one that its customer had forgotten before. Jobs move in the list while it is gone through: it is gone through until nothing is found.
pub(super) async fn of_the_shop(unit: &mut TableUnit, request: &mut Request) -> Result<Found, Fault> {
    let Some(shop) = &request.kept.shop else { return Ok(Found::NoMore) };
    let (of, after) = (list_of_shop(shop), request.progress.after.clone());
    let among = Among::after("", after.as_deref());
    let found = unit.table.list(OTHER_LIST, &Range::new(&of, among, LOOKED_AT_ONCE)).await?;
    for item in &found {
        request.progress.after = Some(item.known(OTHER_LIST.range)?.to_owned());
        let Some(item) = unit.read(&item.key()?).await? else { continue };
        let row = JobRow::found(0, 0, item.doc()?);
        let is_of_then = item.count(BORN)? < request.progress.before;
        let is_named = item.count(NAMELESS)? == 0;
        if is_named && is_of_then {
            return Ok(Found::One(Box::new(row)));
        }
    }
    Ok(if found.len() == LOOKED_AT_ONCE { Found::NotYet } else { Found::NoMore })
}

/// Whether an attempt has learnt since whose order it is.
pub(super) async fn is_marked_by_now(unit: &mut TableUnit, request: &mut Request) -> Result<bool, Fault> {
    let subject = request.kept.request.subject.clone();
    for (kind, mark) in [("customer", &subject.customer), ("email", &subject.email)] {
        request.progress.after = None;
        match marked(unit, request, kind, mark.as_ref()).await? {
            Found::One(_) => return Ok(true),
            // Some of those that were accepted since; the whole list was gone through a moment ago.
            Found::NotYet | Found::NoMore => {}
        }
    }
    Ok(false)
}
