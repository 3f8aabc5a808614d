//! Recording a webhook: is it a repetition, whose is it, what does it cause; all in one unit.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::LaneKey;
use lane::job::{Heard, Job};
use lane::ports::{Recorded, WAKE_UPS_PER_LANE_MAX};
use lane::shop::Shop;
use lane::state::{Placing, StateKind};
use lane::view::QuarantineReason;
use lane::wake_up::{Envelope, SendKind};
use lane::webhook::{Content, Named, OrderNews, Webhook};

use super::fault::Fault;
use super::row::{JobRef, JobRow, Lane};
use super::timeline::note;
use super::tombs::forgotten;
use super::unit::{Became, Unit};
use super::{asking, closing, touch};

/// How long the handler's own wake-up may take to be heard before the sweep sends another.
pub(crate) const SEND_GRACE: Duration = Duration::from_secs(30);

/// Records a webhook that was not seen before, or says that it was.
pub(crate) async fn record<U: Unit>(unit: &mut U, webhook: &Webhook, body: &[u8]) -> Result<Recorded, Fault> {
    let shop = unit.shop_with(webhook.source, &webhook.merchant).await?;
    let unknown = format!("merchant:{}", webhook.merchant);
    let owner = shop.as_deref().map_or(unknown.as_str(), |shop| shop.id.as_str());
    let keys = webhook.identity_keys(owner);
    unit.expect(webhook, shop.as_deref(), &keys).await?;
    let recorded = if unit.are_known(webhook, &keys).await? {
        Recorded::Duplicate
    } else if !asks(webhook) && forgotten(unit, webhook, shop.as_deref()).await? {
        // Not even its keys are kept: they lie by the order's id.
        Recorded::Forgotten
    } else {
        unit.take(webhook, &keys).await?;
        take_to(unit, webhook, body, shop.as_deref()).await?
    };
    unit.count(format!("webhook/{}", recorded.label()), 1);
    Ok(recorded)
}

/// Whether somebody asks about their data.
fn asks(webhook: &Webhook) -> bool {
    matches!(webhook.content, Content::Privacy(_))
}

/// Takes a webhook to where its content belongs.
async fn take_to<U: Unit>(
    unit: &mut U,
    webhook: &Webhook,
    body: &[u8],
    shop: Option<&Shop>,
) -> Result<Recorded, Fault> {
    match &webhook.content {
        Content::Order(news) => of_shop(unit, webhook, ForShop::Order(news), body, shop).await,
        Content::Touched(named) => of_shop(unit, webhook, ForShop::Touched(named), body, shop).await,
        Content::Uninstalled { at } => of_shop(unit, webhook, ForShop::Uninstalled(*at), body, shop).await,
        Content::Privacy(request) => asking::take_in(unit, webhook, shop.map(|shop| &shop.id), request).await,
        Content::Unreadable { why } => {
            // Where nothing was kept of the body, it cannot be anybody's who is to be forgotten.
            let body = (!webhook.body.is_empty()).then_some(body);
            unit.keep(webhook, body, shop.map(|shop| &shop.id), &Became::unreadable(why)).await?;
            Ok(Recorded::Quarantined(QuarantineReason::Unreadable))
        }
    }
}

/// What a webhook came to, and the job that it is about.
pub(crate) type Caused = (Recorded, Option<JobRef>);

/// Records a webhook that causes something in its shop; without the shop it is kept until the shop is added.
async fn of_shop<U: Unit>(
    unit: &mut U,
    webhook: &Webhook,
    says: ForShop<'_>,
    body: &[u8],
    shop: Option<&Shop>,
) -> Result<Recorded, Fault> {
    let Some(shop) = shop else {
        let words = "no shop has this domain; add the shop and its webhooks are replayed in order";
        let became = Became::Aside { why: QuarantineReason::UnknownShop, words, content: Some(&webhook.content) };
        unit.keep(webhook, Some(body), None, &became).await?;
        return Ok(Recorded::Quarantined(QuarantineReason::UnknownShop));
    };
    match cause(unit, shop, webhook, says).await {
        Ok((recorded, job)) => {
            // Nothing that a forgotten order's webhook says is written down, not even for a moment.
            let body = (recorded != Recorded::Forgotten).then_some(body);
            let became = Became::Settled { outcome: recorded.label(), job };
            unit.keep(webhook, body, Some(&shop.id), &became).await?;
            Ok(recorded)
        }
        // A job that this program cannot read must not cost the subscription: the webhook is kept for people.
        Err(fault) if fault.is_of_a_newer_program() => {
            unit.keep(webhook, Some(body), Some(&shop.id), &Became::unreadable(JOB_UNREADABLE)).await?;
            Ok(Recorded::Quarantined(QuarantineReason::Unreadable))
        }
        Err(fault) => Err(fault),
    }
}

/// What causes something in a shop, and waits for one that is not known yet.
#[derive(Clone, Copy)]
pub(crate) enum ForShop<'a> {
    Order(&'a OrderNews),
    Touched(&'a Named),
    Uninstalled(Timestamp),
}

impl<'a> ForShop<'a> {
    pub(crate) fn of(content: &'a Content) -> Option<Self> {
        match content {
            Content::Order(news) => Some(Self::Order(news)),
            Content::Touched(named) => Some(Self::Touched(named)),
            Content::Uninstalled { at } => Some(Self::Uninstalled(*at)),
            Content::Privacy(_) | Content::Unreadable { .. } => None,
        }
    }
}

/// What a webhook causes in its shop.
pub(crate) async fn cause<U: Unit>(
    unit: &mut U,
    shop: &Shop,
    webhook: &Webhook,
    says: ForShop<'_>,
) -> Result<Caused, Fault> {
    match says {
        ForShop::Order(news) => take_in(unit, shop, news, &Arrival::of(webhook)).await,
        ForShop::Touched(named) => touch::take_in(unit, shop, webhook, named).await,
        ForShop::Uninstalled(at) => closing::close(unit, &shop.id, at).await,
    }
}

/// Says why a webhook was put before people instead of its job.
pub(crate) const JOB_UNREADABLE: &str =
    "its job could not be read or moved; a newer version of the program may have written it";

/// What the timeline says of how news came.
pub(crate) struct Arrival<'a> {
    pub(crate) topic: &'a str,
    pub(crate) correlation: &'a lane::id::CorrelationId,
    pub(crate) at: Timestamp,
}

impl<'a> Arrival<'a> {
    pub(crate) fn of(webhook: &'a Webhook) -> Self {
        Self { topic: &webhook.topic, correlation: &webhook.correlation, at: webhook.received_at }
    }
}

/// Makes a job of news, or tells the job it has. The answer names the job.
async fn take_in<U: Unit>(unit: &mut U, shop: &Shop, news: &OrderNews, arrival: &Arrival<'_>) -> Result<Caused, Fault> {
    let mut lane = unit.lane_or_new(&LaneKey::orders(&shop.id), &shop.id).await?;
    let judged = shop.qualifies.judge(news);
    match unit.job(&lane, &news.id).await? {
        Some(row) => tell(unit, &lane, row, news, judged, arrival).await,
        None => accept(unit, &mut lane, shop, news, judged, arrival).await,
    }
}

/// For so long after a backup was put in place, orders that are new to the ledger are looked up at the warehouse first:
/// they may have been carried out after the backup was made. In a month nearly every order is shipped, and comes back no
/// more; a look costs one call of the warehouse's limit, so it is not done for ever.
pub(crate) const DOUBTED: Duration = Duration::from_hours(30 * 24);

/// Whether a job that is accepted `at` this time may have been carried out by a ledger that is gone.
pub(crate) fn is_doubted(restored: Timestamp, at: Timestamp) -> bool {
    restored > at.checked_sub(DOUBTED).unwrap_or(Timestamp::MIN)
}

async fn accept<U: Unit>(
    unit: &mut U,
    lane: &mut Lane,
    shop: &Shop,
    news: &OrderNews,
    judged: Result<(), lane::shop::SkipReason>,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    let doubted = unit.doubts(arrival.at).await?;
    // What the ledger may have forgotten may ship from the warehouse: nothing ends before it was looked for there.
    let judged = if doubted { Ok(()) } else { judged };
    let why = judged.as_ref().err().map(lane::shop::SkipReason::words);
    let correlation = arrival.correlation.clone();
    let wake = judged.is_ok().then(|| after(arrival.at, SEND_GRACE));
    let place = unit.append(lane, arrival.at, wake).await?;
    let mut job = Job::accept(lane.key.clone(), shop.id.clone(), news, judged, place, correlation.clone(), arrival.at);
    if doubted {
        job.doubt();
    }
    let wakes = job.state.kind() == StateKind::Waiting && lane.depth < WAKE_UPS_PER_LANE_MAX;
    let send = wakes.then(|| job.send(SendKind::First, arrival.at));
    let row = unit.insert(lane, job).await?;
    let state = row.job.state.kind();
    let what = Happened::Accepted { topic: arrival.topic.to_owned(), correlation, state, why };
    note(unit, &row, arrival.at, what).await?;
    Ok((Recorded::New { lane: lane.key.clone(), state, send }, Some(row.reference())))
}

async fn tell<U: Unit>(
    unit: &mut U,
    lane: &Lane,
    mut row: JobRow,
    news: &OrderNews,
    judged: Result<(), lane::shop::SkipReason>,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    if row.job.redacted {
        return Ok((Recorded::Forgotten, Some(row.reference())));
    }
    match row.job.hear(news, judged, arrival.at)? {
        Heard::Newer(placing) => newer(unit, lane, row, placing, arrival).await,
        Heard::Unchanged => {
            unit.save(&mut row).await?;
            Ok((Recorded::Unchanged, Some(row.reference())))
        }
    }
}

/// Writes down that a job has a newer version, and wakes its lane.
pub(crate) async fn newer<U: Unit>(
    unit: &mut U,
    lane: &Lane,
    mut row: JobRow,
    placing: Placing,
    arrival: &Arrival<'_>,
) -> Result<Caused, Fault> {
    unit.place(&mut row, placing).await?;
    let (state, version) = (row.job.state.kind(), row.job.version);
    let (topic, correlation) = (arrival.topic.to_owned(), arrival.correlation.clone());
    note(unit, &row, arrival.at, Happened::Newer { topic, correlation, version, state }).await?;
    let send = wake_again(unit, lane, &mut row.job, arrival.at).await?;
    unit.save(&mut row).await?;
    if row.job.in_line().is_none() {
        // It may have stopped the lane; those behind it are due now.
        unit.wake_by(lane.reference(), arrival.at).await?;
    }
    Ok((Recorded::Newer { lane: lane.key.clone(), state, send }, Some(row.reference())))
}

/// The wake-up for a job that is in line again, unless its lane has work enough; either way the sweep knows of it. It is
/// counted in the job, which the caller saves.
async fn wake_again<U: Unit>(
    unit: &mut U,
    lane: &Lane,
    job: &mut Job,
    now: Timestamp,
) -> Result<Option<Envelope>, Fault> {
    if job.state.kind() != StateKind::Waiting {
        return Ok(None);
    }
    unit.wake_by(lane.reference(), after(now, SEND_GRACE)).await?;
    Ok((lane.depth < WAKE_UPS_PER_LANE_MAX).then(|| job.send(SendKind::Again, now)))
}
