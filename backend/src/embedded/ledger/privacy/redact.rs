//! One redaction, step by step; each step is one unit of the writer and remembers how far it came, so that a crash costs
//! at most one of them.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::privacy::{Ask, Subject};
use serde::{Deserialize, Serialize};

use super::super::rows::{find_job, find_job_at, find_lane, micros, one};
use super::super::writer::{SqlUnit, done};
use super::aside::{self, Looked, Whose};
use super::forget::{self, LastRows, Which};
use super::marked::{is_marked_by_now, marked};
use super::scrub::{Scrubbed, scrub};
use super::{Request, standing};
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::{self, is_anothers};
use crate::ledger::tombs;
use crate::ledger::unit::{Desks as _, Jobs as _};

/// Jobs that one step forgets; each has a timeline and some webhooks.
const JOBS_AT_ONCE: usize = 20;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Step {
    /// There is more to do.
    More,
    /// Nothing is left but the write-ahead log.
    LogLeft,
    /// It was done before.
    Done,
    /// The shop is to be forgotten, and is open.
    ShopIsOpen,
    /// There is no such request, or it is not about forgetting.
    NoSuchRequest,
}

/// How far a redaction came.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step that is behind it")]
struct Progress {
    /// Tombstones stand; for a shop, it is closed.
    began: bool,
    /// The shop's domains, while they are needed.
    domains: Vec<String>,
    /// No more jobs bear the mark of who it is.
    unmarked: bool,
    /// Listed orders that were looked at.
    orders: usize,
    /// The last job that was looked at.
    jobs: i64,
    /// The last webhook that was looked at.
    webhooks: i64,
    /// The last rows that a shop had when it was closed.
    last: LastRows,
    /// Kept webhooks that name no shop are looked at.
    nobodys: bool,
    /// Something was erased: the file's pages and the log have to be cleared.
    erased: bool,
    /// Whom the request is about is forgotten too.
    subject_gone: bool,
    scrubbed: Scrubbed,
}

/// Carries a redaction on by one step.
pub(in super::super) fn step(unit: &mut SqlUnit<'_>, id: u64, by: Option<&str>, now: Timestamp) -> Result<Step, Fault> {
    let Some(request) = Request::find(unit.conn, id)? else { return Ok(Step::NoSuchRequest) };
    let of_shop = match request.kept.request.ask {
        Ask::Export => return Ok(Step::NoSuchRequest),
        Ask::RedactCustomer => false,
        Ask::RedactShop => true,
    };
    if request.kept.done_at.is_some() {
        return Ok(Step::Done);
    }
    let mut progress: Progress = serde_json::from_str(&request.progress)?;
    if !progress.began {
        if of_shop && !standing::may_be_erased(unit.conn, &request, by.is_some())? {
            return Ok(Step::ShopIsOpen);
        }
        if let Some(by) = by {
            done(unit.audit(now, by, "redact", &format!("privacy request {id}")))?;
        }
    }
    let step = match progress.subject_gone {
        false if of_shop => shop(unit, &request, &mut progress, now)?,
        false => customer(unit, &request, &mut progress, now)?,
        true if !progress.erased && !others_erase(unit, &request)? => {
            close(unit, id, now)?;
            return Ok(Step::Done);
        }
        true if scrub(unit, &mut progress.scrubbed)? => Step::LogLeft,
        true => Step::More,
    };
    unit.conn
        .prepare_cached("UPDATE privacy SET progress = ?2 WHERE seq = ?1")?
        .execute((request.seq()?, serde_json::to_string(&progress)?))?;
    Ok(step)
}

/// The write-ahead log is empty: the request is done.
pub(super) fn close(unit: &SqlUnit<'_>, id: u64, now: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached("UPDATE privacy SET done_at = ?2, progress = '{}' WHERE seq = ?1 AND done_at IS NULL")?
        .execute((id, micros(now)))?;
    Ok(())
}

fn customer(unit: &mut SqlUnit<'_>, request: &Request, progress: &mut Progress, now: Timestamp) -> Result<Step, Fault> {
    let kept = &request.kept;
    let subject = &kept.request.subject;
    if !progress.began {
        progress.domains = request.domains(unit.conn)?;
        let owners = tombs::owners(&request.source, &progress.domains, kept.shop.as_ref());
        for id in &subject.orders {
            done(tombs::bury_order(unit, &owners, id, now))?;
        }
        if let Some(shop) = &kept.shop {
            progress.erased |= done(forgetting::pause_words(unit, shop))?;
        }
        progress.began = true;
    }
    let owners = tombs::owners(&request.source, &progress.domains, kept.shop.as_ref());
    if let Some(jobs) = jobs_of(unit, request, progress)? {
        if !jobs.is_empty() {
            progress.erased = true;
            // A kept webhook may name one of these orders and nobody.
            progress.webhooks = 0;
        }
        for seq in jobs {
            by_customer(unit, seq, request, &owners, now)?;
        }
        return Ok(Step::More);
    }
    let whose = Whose { shop: kept.shop.as_ref(), domains: &progress.domains, owners: &owners, subject, names: &[] };
    if let Looked::Some { erased } = aside::loose_webhooks(unit, &whose, kept.received_at, &mut progress.webhooks)? {
        progress.erased |= erased;
        return Ok(Step::More);
    }
    if is_marked_by_now(unit, &request.kept)? {
        progress.unmarked = false;
        return Ok(Step::More);
    }
    forget_marks(unit, request, &progress.domains)?;
    progress.domains.clear();
    progress.subject_gone = true;
    Ok(Step::More)
}

/// Some of the customer's jobs that are not forgotten yet, nothing once there are no more: by the mark of who they are, which
/// a forgotten job has lost, then the listed, then by their mail address.
fn jobs_of(unit: &SqlUnit<'_>, request: &Request, progress: &mut Progress) -> Result<Option<Vec<i64>>, Fault> {
    let Some(shop) = &request.kept.shop else { return Ok(None) };
    let Some(lane) = find_lane(unit.conn, &LaneKey::orders(shop))? else { return Ok(None) };
    let subject = &request.kept.request.subject;
    let mut jobs = Vec::new();
    if !progress.unmarked {
        // This goes through the lane's line.
        jobs = marked(unit, lane.row, &request.kept, JOBS_AT_ONCE)?;
        progress.unmarked = jobs.is_empty();
    }
    while jobs.len() < JOBS_AT_ONCE
        && let Some(id) = subject.orders.get(progress.orders)
    {
        progress.orders += 1;
        let listed = find_job(unit.conn, lane.row, id)?;
        jobs.extend(listed.filter(|row| !row.job.redacted && !jobs.contains(&row.row)).map(|row| row.row));
    }
    if !jobs.is_empty() {
        return Ok(Some(jobs));
    }
    // Of those that have another customer only the address goes. New jobs may be old orders, so this goes on to the very last.
    let Some(email) = &subject.email else { return Ok(None) };
    let which = Which::MailedBefore { lane: lane.row, email, by: request.kept.received_at };
    let last = forget::last_rows(unit)?.job;
    forget::jobs_after(unit, which, &mut progress.jobs, last, JOBS_AT_ONCE)
}

/// Forgets a job of the customer's. One that bears their mail address and is another customer's loses that alone: people
/// share addresses, and mistype them.
fn by_customer(
    unit: &mut SqlUnit<'_>,
    seq: i64,
    request: &Request,
    owners: &[String],
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(mut row) = find_job_at(unit.conn, seq)? else { return Ok(()) };
    if !is_anothers(&row.job, &request.kept.request.subject) {
        return forget::job(unit, seq, owners, now);
    }
    row.job.marks.email = None;
    done(unit.save(&mut row))
}

/// Whether another redaction has erased something that still has to be cleared out of the file's pages: it may have been
/// this one's subject too.
fn others_erase(unit: &SqlUnit<'_>, request: &Request) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM privacy WHERE done_at IS NULL AND seq <> ?1 AND json_extract(progress, '$.erased') = 1";
    Ok(one::<i64>(unit.conn, sql, [request.seq()?])?.is_some())
}

/// The request is the last to know whom it is about; others of the same shop about the same customer know too.
fn forget_marks(unit: &SqlUnit<'_>, request: &Request, domains: &[String]) -> Result<(), Fault> {
    let subject = &request.kept.request.subject;
    for (seq, mut asked) in forget::requests(unit, request, domains)? {
        if forgetting::marks(&mut asked.subject, subject) {
            forget::save_request(unit, seq, &asked)?;
        }
    }
    Ok(())
}

fn shop(unit: &mut SqlUnit<'_>, request: &Request, progress: &mut Progress, now: Timestamp) -> Result<Step, Fault> {
    let kept = &request.kept;
    if !progress.began {
        progress.domains = request.domains(unit.conn)?;
        done(tombs::bury_shop(unit, &request.source, &progress.domains, now))?;
        if let Some(shop) = &kept.shop {
            forget::close_shop(unit, shop, now)?;
        }
        progress.last = forget::last_rows(unit)?;
        progress.began = true;
        progress.erased = true;
        // The row must know the shop by itself from here on: its domains do not lead there any more.
        unit.conn
            .prepare_cached("UPDATE privacy SET shop = ?2 WHERE seq = ?1")?
            .execute((request.seq()?, kept.shop.as_ref().map(lane::id::ShopId::as_str)))?;
    }
    let owners = tombs::owners(&request.source, &progress.domains, kept.shop.as_ref());
    let whose = Whose {
        shop: kept.shop.as_ref(),
        domains: &progress.domains,
        owners: &owners,
        subject: &kept.request.subject,
        names: &[],
    };
    let last = progress.last.job;
    if let Some(shop) = &kept.shop
        && let Some(jobs) = forget::jobs_after(unit, Which::OfShop(shop), &mut progress.jobs, last, JOBS_AT_ONCE)?
    {
        for seq in jobs {
            forget::job(unit, seq, &owners, now)?;
        }
        return Ok(Step::More);
    }
    if !progress.nobodys {
        if aside::shops_webhooks(unit, &whose, &mut progress.webhooks, progress.last.webhook)? {
            (progress.nobodys, progress.webhooks) = (true, 0);
        }
        return Ok(Step::More);
    }
    // What is the shop's own is gone; what names no shop may still be its customers'.
    let nobodys = Whose { shop: None, domains: &[], names: &progress.domains, ..whose };
    if let Looked::Some { .. } = aside::loose_webhooks(unit, &nobodys, kept.received_at, &mut progress.webhooks)? {
        return Ok(Step::More);
    }
    for (seq, mut asked) in forget::requests(unit, request, &progress.domains)? {
        if seq <= progress.last.request {
            asked.subject = Subject::default();
            forget::save_request(unit, seq, &asked)?;
            forget::close_request(unit, seq, asked.ask, now)?;
        }
    }
    progress.domains.clear();
    progress.subject_gone = true;
    Ok(Step::More)
}
