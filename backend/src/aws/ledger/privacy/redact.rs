//! One redaction, step by step; each step is one unit of writing and remembers how far it came.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::ports::Redacted;
use lane::privacy::{Ask, Subject};

use super::super::key::{Key, REQUESTS, number_of, of_loose};
use super::super::rows::jobs::NAMELESS;
use super::super::rows::kept::lists_of_loose;
use super::super::rows::number_at;
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::asked::{Request, Speaks, Stage};
use super::forget;
use super::loose::{self, Whose};
use super::next::{Found, is_marked_by_now, listed, marked, of_the_shop};
use super::standing::may_be_erased;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::{self, is_anothers};
use crate::ledger::tombs;
use crate::ledger::unit::{Desks as _, Jobs as _};

/// Tombstones that one step puts: one for each listed order and each name its shop has.
const BURIED_AT_ONCE: usize = 60;

/// Jobs or requests that one step looks at.
const LOOKED_AT_ONCE: usize = 20;

/// Carries a redaction on by one step.
pub(super) async fn step(unit: &mut TableUnit, id: u64, by: Option<&str>, now: Timestamp) -> Result<Redacted, Fault> {
    let Some(mut request) = Request::find(unit, id).await? else { return Ok(Redacted::NoSuchRequest) };
    let of_shop = match request.kept.request.ask {
        Ask::Export => return Ok(Redacted::NoSuchRequest),
        Ask::RedactCustomer => false,
        Ask::RedactShop => true,
    };
    if request.kept.done_at.is_some() {
        return Ok(Redacted::Done);
    }
    if request.progress.began {
        go_on(unit, &mut request, of_shop, now).await?;
    } else {
        if of_shop && !may_be_erased(unit, &request, by.is_some()).await? {
            return Ok(Redacted::ShopIsOpen);
        }
        if let Some(by) = by.filter(|_| request.progress.buried == 0) {
            unit.audit(now, by, "redact", &format!("privacy request {id}")).await?;
        }
        begin(unit, &mut request, of_shop, now).await?;
    }
    request.save(unit).await?;
    Ok(if request.kept.done_at.is_some() { Redacted::Done } else { Redacted::More })
}

/// Tombstones first, so that nothing new comes in.
async fn begin(unit: &mut TableUnit, request: &mut Request, of_shop: bool, now: Timestamp) -> Result<(), Fault> {
    request.progress.domains = request.domains(unit).await?;
    (request.progress.until, request.progress.before) = (Some(now), number_at(now));
    // Whoever has read the shop before, and no tombstone, learns that it is another one now.
    if let Some(key) = request.kept.shop.as_ref().map(Key::shop)
        && let Some(item) = unit.read(&key).await?
    {
        unit.put(key, item);
    }
    if of_shop {
        tombs::bury_shop(unit, request.source.as_str(), &request.progress.domains, now).await?;
        if let Some(shop) = &request.kept.shop {
            forget::close_shop(unit, request.source, shop, now).await?;
        }
        (request.progress.began, request.progress.stage) = (true, Stage::Shop);
        return Ok(());
    }
    let (owners, from) = (request.owners(), request.progress.buried);
    let listed = &request.kept.request.subject.orders;
    let some = (BURIED_AT_ONCE / owners.len().max(1)).max(1);
    for id in listed.iter().skip(from).take(some) {
        tombs::bury_order(unit, &owners, id, now).await?;
    }
    request.progress.buried = listed.len().min(from + some);
    if request.progress.buried == listed.len() {
        if let Some(shop) = &request.kept.shop {
            forgetting::pause_words(unit, shop).await?;
        }
        request.progress.began = true;
    }
    Ok(())
}

async fn go_on(unit: &mut TableUnit, request: &mut Request, of_shop: bool, now: Timestamp) -> Result<(), Fault> {
    if let (Some(shop), Some((id, speaks))) = (&request.kept.shop, request.progress.speaks.take()) {
        let left = forget::silence(unit, (&LaneKey::orders(shop), &id), &speaks, of_shop).await?;
        request.progress.speaks = left.map(|left| (id, left));
        return Ok(());
    }
    let subject = request.kept.request.subject.clone();
    match request.progress.stage {
        Stage::Customers => {
            let found = marked(unit, request, "customer", subject.customer.as_ref()).await?;
            jobs(unit, request, found, Stage::Mailed, now).await
        }
        Stage::Mailed => {
            let found = marked(unit, request, "email", subject.email.as_ref()).await?;
            jobs(unit, request, found, Stage::Listed, now).await
        }
        Stage::Listed => {
            let found = listed(unit, request).await?;
            jobs(unit, request, found, Stage::Loose(0), now).await
        }
        Stage::Shop => {
            let found = of_the_shop(unit, request).await?;
            let again = matches!(found, Found::NoMore) && request.progress.found;
            jobs(unit, request, found, if again { Stage::Shop } else { Stage::Loose(0) }, now).await
        }
        Stage::Loose(nth) => loose(unit, request, nth, of_shop).await,
        Stage::Nobodys => nobodys(unit, request).await,
        Stage::Requests => requests(unit, request, of_shop, now).await,
    }
}

/// Forgets what was found, or goes on to the next stage.
async fn jobs(
    unit: &mut TableUnit,
    request: &mut Request,
    found: Found,
    next: Stage,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut row = match found {
        Found::One(row) => *row,
        Found::NotYet => return Ok(()),
        Found::NoMore => {
            enter(request, next);
            return Ok(());
        }
    };
    request.progress.found = true;
    if request.progress.stage != Stage::Shop && is_anothers(&row.job, &request.kept.request.subject) {
        row.job.marks.email = None;
        return unit.save(&mut row).await;
    }
    let (id, owners) = (row.job.id.clone(), request.owners());
    let is_new = forgetting::job(unit, &mut row, &owners, now).await?;
    if is_new {
        request.progress.speaks = Some((id.clone(), Speaks::Entries(None)));
    }
    if request.progress.stage == Stage::Shop {
        if !is_new {
            request.progress.speaks = Some((id.clone(), Speaks::Webhooks(None)));
        }
        let key = Key::job(&row.job.lane, &id);
        if let Some(mut item) = unit.read(&key).await? {
            item.set(NAMELESS, 1_u64);
            unit.put(key, item);
        }
    }
    Ok(())
}

fn enter(request: &mut Request, stage: Stage) {
    request.progress.stage = stage;
    (request.progress.after, request.progress.found) = (None, false);
}

/// Some webhooks that belong to no job.
async fn loose(unit: &mut TableUnit, request: &mut Request, nth: usize, of_shop: bool) -> Result<(), Fault> {
    let mut lists = lists_of_loose(request.source, &request.progress.domains, request.kept.shop.as_ref());
    if !of_shop {
        lists.push(of_loose(request.source, "", None));
    }
    let Some(list) = lists.get(nth) else {
        if of_shop {
            enter(request, Stage::Nobodys);
        } else if is_marked_by_now(unit, request).await? {
            enter(request, Stage::Customers);
        } else {
            enter(request, Stage::Requests);
        }
        return Ok(());
    };
    let (numbers, end) = loose::some_of(unit, list, request.progress.after.as_deref()).await?;
    let (owners, subject) = (request.owners(), request.kept.request.subject.clone());
    let whose = Whose { owners: &owners, subject: &subject, names: &[], came_by: request.kept.received_at };
    for number in numbers {
        if of_shop && number < request.progress.before {
            loose::forget(unit, number, true).await?;
        } else if !of_shop {
            loose::judge(unit, &whose, number).await?;
        }
    }
    go_through(request, end, Stage::Loose(nth + 1));
    Ok(())
}

/// Goes on behind that item, or to the next stage.
fn go_through(request: &mut Request, last: Option<String>, next: Stage) {
    match last {
        Some(last) => request.progress.after = Some(last),
        None => enter(request, next),
    }
}

/// What is a forgotten shop's own is gone; what names no shop may still be its customers'.
async fn nobodys(unit: &mut TableUnit, request: &mut Request) -> Result<(), Fault> {
    let list = of_loose(request.source, "", None);
    let (numbers, end) = loose::some_of(unit, &list, request.progress.after.as_deref()).await?;
    let (owners, names) = (request.owners(), request.progress.domains.clone());
    let subject = request.kept.request.subject.clone();
    let came_by = request.kept.received_at;
    let whose = Whose { owners: &owners, subject: &subject, names: &names, came_by };
    for number in numbers {
        loose::judge(unit, &whose, number).await?;
    }
    go_through(request, end, Stage::Requests);
    Ok(())
}

/// Whom requests are about is forgotten with them. The last stage.
async fn requests(unit: &mut TableUnit, request: &mut Request, of_shop: bool, now: Timestamp) -> Result<(), Fault> {
    let after = request.progress.after.clone();
    let among = Among::after("", after.as_deref());
    let found = unit.query(&Range::new(REQUESTS, among, LOOKED_AT_ONCE)).await?;
    for (key, _) in &found {
        other(unit, request, number_of(key)?, of_shop, now).await?;
    }
    if found.len() >= LOOKED_AT_ONCE {
        request.progress.after = found.last().map(|(key, _)| key.sk.clone());
        return Ok(());
    }
    let who = request.kept.request.subject.clone();
    forget_subject(&mut request.kept.request.subject, &who, of_shop);
    if of_shop {
        request.kept.merchant.clear();
    }
    request.kept.done_at = Some(now);
    request.progress = super::asked::Progress { began: true, ..Default::default() };
    Ok(())
}

async fn other(unit: &mut TableUnit, request: &Request, id: u64, of_shop: bool, now: Timestamp) -> Result<(), Fault> {
    if id == request.kept.id {
        return Ok(());
    }
    let Some(mut other) = Request::find(unit, id).await? else { return Ok(()) };
    let same_shop = other.kept.shop.is_some() && other.kept.shop == request.kept.shop;
    let same_name = request.progress.domains.contains(&other.kept.merchant);
    let of_then = !of_shop || request.progress.until.is_none_or(|until| other.kept.received_at <= until);
    if other.source != request.source || !(same_shop || same_name) || !of_then {
        return Ok(());
    }
    let changed = forget_subject(&mut other.kept.request.subject, &request.kept.request.subject, of_shop);
    if of_shop {
        // Nothing of it is left, whatever it asks.
        other.kept.merchant.clear();
        other.kept.done_at = other.kept.done_at.or(Some(now));
    }
    if changed || of_shop { other.save(unit).await } else { Ok(()) }
}

/// Takes out whom a request is about, if that is who is forgotten. Whether anything was taken out.
fn forget_subject(of: &mut Subject, who: &Subject, all: bool) -> bool {
    if all {
        *of = Subject::default();
        return true;
    }
    forgetting::marks(of, who)
}
