//! Recording a webhook: is it a repetition, whose is it, what does it cause; all in one unit.

use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::LaneKey;
use lane::job::{Heard, Job};
use lane::ports::{LedgerError, Recorded, WAKE_UPS_PER_LANE_MAX};
use lane::shop::{Shop, Source};
use lane::state::{Placing, StateKind};
use lane::view::QuarantineReason;
use lane::wake_up::{Envelope, SendKind};
use lane::webhook::{Content, OrderNews, Webhook};

use super::identity::Keys;
use super::kept::{Became, keep};
use super::rows::{JobRow, LaneRow, wake_by};
use super::writer::{Fault, Unit};
use super::{boots, closing, privacy, touch};

/// How long the handler's own wake-up may take to be heard before the sweep sends another.
pub(super) const SEND_GRACE: Duration = Duration::from_secs(30);

/// Records a webhook that was not seen before, or says that it was.
pub(super) fn record(unit: &mut Unit<'_>, webhook: &Webhook, body: &[u8]) -> Result<Recorded, Fault> {
    let shop = shop_of(unit, webhook.source, &webhook.merchant)?;
    let unknown = format!("merchant:{}", webhook.merchant);
    let owner = shop.as_deref().map_or(unknown.as_str(), |shop| shop.id.as_str());
    let keys = Keys::of(webhook, &webhook.identity_keys(owner));
    let recorded = if keys.are_known(unit)? {
        Recorded::Duplicate
    } else if !asks(webhook) && privacy::forgotten(unit, webhook, shop.as_deref())? {
        // Not even its keys are kept: they lie by the order's id.
        Recorded::Forgotten
    } else {
        keys.take(unit)?;
        take_to(unit, webhook, body, shop.as_deref())?
    };
    unit.count(format!("webhook/{}", recorded.label()), 1);
    Ok(recorded)
}

/// Whether somebody asks about their data.
fn asks(webhook: &Webhook) -> bool {
    matches!(webhook.content, Content::Privacy(_))
}

/// Takes a webhook to where its content belongs.
fn take_to(unit: &mut Unit<'_>, webhook: &Webhook, body: &[u8], shop: Option<&Shop>) -> Result<Recorded, Fault> {
    match &webhook.content {
        Content::Privacy(request) => privacy::take_in(unit, webhook, shop.map(|shop| &shop.id), request),
        Content::Unreadable { why } => {
            // Where nothing was kept of the body, it cannot be anybody's who is to be forgotten.
            let body = (!webhook.body.is_empty()).then_some(body);
            keep(unit, webhook, body, shop.map(|shop| &shop.id), &Became::unreadable(why))?;
            Ok(Recorded::Quarantined(QuarantineReason::Unreadable))
        }
        Content::Order(news) => {
            of_shop(unit, webhook, body, shop, |unit, shop, arrival| take_in(unit, shop, news, arrival))
        }
        Content::Touched(named) => {
            of_shop(unit, webhook, body, shop, |unit, shop, _| touch::take_in(unit, shop, webhook, named))
        }
        Content::Uninstalled { at } => {
            of_shop(unit, webhook, body, shop, |unit, shop, _| closing::close(unit, &shop.id, *at))
        }
    }
}

/// What a webhook came to, and the row of the job that it is about.
pub(super) type Caused = (Recorded, Option<i64>);

/// Records a webhook that causes something in its shop; without the shop it is kept until the shop is added.
fn of_shop(
    unit: &mut Unit<'_>,
    webhook: &Webhook,
    body: &[u8],
    shop: Option<&Shop>,
    cause: impl FnOnce(&mut Unit<'_>, &Shop, &Arrival<'_>) -> Result<Caused, Fault>,
) -> Result<Recorded, Fault> {
    let Some(shop) = shop else {
        let words = "no shop has this domain; add the shop and its webhooks are replayed in order";
        let became = Became::Aside { why: QuarantineReason::UnknownShop, words, content: Some(&webhook.content) };
        keep(unit, webhook, Some(body), None, &became)?;
        return Ok(Recorded::Quarantined(QuarantineReason::UnknownShop));
    };
    match cause(unit, shop, &Arrival::of(webhook)) {
        Ok((recorded, job)) => {
            // Nothing that a forgotten order's webhook says is written down, not even for a moment.
            let body = (recorded != Recorded::Forgotten).then_some(body);
            keep(unit, webhook, body, Some(&shop.id), &Became::Settled { outcome: recorded.label(), job })?;
            Ok(recorded)
        }
        // A job that this program cannot read must not cost the subscription: the webhook is kept for people.
        Err(fault) if is_of_a_newer_program(&fault) => {
            keep(unit, webhook, Some(body), Some(&shop.id), &Became::unreadable(JOB_UNREADABLE))?;
            Ok(Recorded::Quarantined(QuarantineReason::Unreadable))
        }
        Err(fault) => Err(fault),
    }
}

/// Says why a webhook was put before people instead of its job.
pub(super) const JOB_UNREADABLE: &str =
    "its job could not be read or moved; a newer version of the program may have written it";

/// Whether a row could not be read or moved, while the ledger itself is well.
pub(super) fn is_of_a_newer_program(fault: &Fault) -> bool {
    matches!(fault, Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_) | LedgerError::Impossible(_)))
}

/// What the timeline says of how news came.
pub(super) struct Arrival<'a> {
    pub(super) topic: &'a str,
    pub(super) correlation: &'a lane::id::CorrelationId,
    pub(super) at: Timestamp,
}

impl<'a> Arrival<'a> {
    pub(super) fn of(webhook: &'a Webhook) -> Self {
        Self { topic: &webhook.topic, correlation: &webhook.correlation, at: webhook.received_at }
    }
}

/// Makes a job of news, or tells the job it has. The answer names the job's row.
pub(super) fn take_in(
    unit: &mut Unit<'_>,
    shop: &Shop,
    news: &OrderNews,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    let mut lane = LaneRow::find_or_make(unit, &LaneKey::orders(&shop.id), &shop.id)?;
    let judged = shop.qualifies.judge(news);
    match JobRow::find(unit.conn, lane.seq, &news.id)? {
        Some(row) => tell(unit, &lane, row, news, judged, arrival),
        None => accept(unit, &mut lane, shop, news, judged, arrival),
    }
}

fn accept(
    unit: &mut Unit<'_>,
    lane: &mut LaneRow,
    shop: &Shop,
    news: &OrderNews,
    judged: Result<(), lane::shop::SkipReason>,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    let doubted = boots::doubts(unit.conn, arrival.at)?;
    // What the ledger may have forgotten may ship from the warehouse: nothing ends before it was looked for there.
    let judged = if doubted { Ok(()) } else { judged };
    let why = judged.as_ref().err().map(lane::shop::SkipReason::words);
    let correlation = arrival.correlation.clone();
    let place = lane.append(unit, arrival.at, judged.is_ok().then(|| after(arrival.at, SEND_GRACE)))?;
    let mut job = Job::accept(lane.key.clone(), shop.id.clone(), news, judged, place, correlation.clone(), arrival.at);
    if doubted {
        job.doubt();
    }
    let wakes = job.state.kind() == StateKind::Waiting && lane.depth < WAKE_UPS_PER_LANE_MAX;
    let send = wakes.then(|| job.send(SendKind::First, arrival.at));
    let row = JobRow::insert(unit, lane.seq, job)?;
    let state = row.job.state.kind();
    row.note(unit, arrival.at, Happened::Accepted { topic: arrival.topic.to_owned(), correlation, state, why })?;
    Ok((Recorded::New { lane: lane.key.clone(), state, send }, Some(row.seq)))
}

fn tell(
    unit: &mut Unit<'_>,
    lane: &LaneRow,
    mut row: JobRow,
    news: &OrderNews,
    judged: Result<(), lane::shop::SkipReason>,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    if row.job.redacted {
        return Ok((Recorded::Forgotten, Some(row.seq)));
    }
    match row.job.hear(news, judged, arrival.at)? {
        Heard::Newer(placing) => newer(unit, lane, row, placing, arrival),
        Heard::Unchanged => {
            row.save(unit)?;
            Ok((Recorded::Unchanged, Some(row.seq)))
        }
    }
}

/// Writes down that a job has a newer version, and wakes its lane.
pub(super) fn newer(
    unit: &mut Unit<'_>,
    lane: &LaneRow,
    mut row: JobRow,
    placing: Placing,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    row.place(unit, placing)?;
    let (state, version) = (row.job.state.kind(), row.job.version);
    let (topic, correlation) = (arrival.topic.to_owned(), arrival.correlation.clone());
    row.note(unit, arrival.at, Happened::Newer { topic, correlation, version, state })?;
    let send = wake_again(unit, lane, &mut row.job, arrival.at)?;
    row.save(unit)?;
    if row.job.in_line().is_none() {
        // It may have stopped the lane; those behind it are due now.
        wake_by(unit, lane.seq, arrival.at)?;
    }
    Ok((Recorded::Newer { lane: lane.key.clone(), state, send }, Some(row.seq)))
}

/// The wake-up for a job that is in line again, unless its lane has work enough; either way the sweep knows of it. It is
/// counted in the job, which the caller saves.
fn wake_again(unit: &Unit<'_>, lane: &LaneRow, job: &mut Job, now: Timestamp) -> Result<Option<Envelope>, Fault> {
    if job.state.kind() != StateKind::Waiting {
        return Ok(None);
    }
    wake_by(unit, lane.seq, after(now, SEND_GRACE))?;
    Ok((lane.depth < WAKE_UPS_PER_LANE_MAX).then(|| job.send(SendKind::Again, now)))
}

/// The shop that has this domain.
pub(super) fn shop_of(unit: &mut Unit<'_>, source: Source, domain: &str) -> Result<Option<Arc<Shop>>, Fault> {
    let sql = "SELECT shop.doc FROM domain JOIN shop ON shop.id = domain.shop
               WHERE domain.source = ?1 AND domain.name = ?2 AND shop.removed = 0";
    let mut statement = unit.conn.prepare_cached(sql)?;
    let mut rows = statement.query((source.as_str(), domain))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let doc = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    unit.shops.read(doc).map(Some)
}
