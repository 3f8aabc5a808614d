//! What forgetting does to a job: first the job itself, so that nothing more is written about its people; then, some items
//! a step, what was written.

use lane::clock::Timestamp;
use lane::history::{Entry, Happened};
use lane::id::{JobId, LaneKey, ShopId};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::state::StateKind;
use lane::view::Recorded;

use super::super::key::{DECISION, HISTORY, Key, of_job};
use super::super::rows::kept::webhooks_of;
use super::super::rows::shops::domains;
use super::super::rows::webhooks::{MERCHANT, drop_all};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::asked::Speaks;
use super::loose::WEBHOOKS_AT_ONCE;
use crate::ledger::ending;
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRow;
use crate::ledger::strip::strip;
use crate::ledger::timeline::note;
use crate::ledger::tombs;
use crate::ledger::unit::{Jobs as _, Lanes as _, Unit as _};

/// Items that one step rewrites.
const ITEMS_AT_ONCE: usize = 20;

/// Stands where somebody's words were.
const WORDS_GONE: &str = "(the words went with a redaction)";

/// Forgets a job's people, and whatever was to be done for them. `false` if that was done before.
pub(super) async fn job(
    unit: &mut TableUnit,
    mut row: JobRow,
    owners: &[String],
    now: Timestamp,
) -> Result<bool, Fault> {
    tombs::bury_order(unit, owners, &row.job.id, now).await?;
    if row.job.redacted {
        return Ok(false);
    }
    let was = row.job.state.kind();
    row.job.redact(now)?;
    end_abandoned(unit, &mut row, now).await?;
    unit.save(&mut row).await?;
    if was.is_open() {
        unit.ended(&row.job);
    }
    note(unit, &row, now, Happened::Redacted).await?;
    // It may have stopped its lane: those behind it are due.
    unit.wake_by(row.lane(), now).await?;
    Ok(true)
}

/// Ends an attempt whose worker is gone.
async fn end_abandoned(unit: &mut TableUnit, row: &mut JobRow, now: Timestamp) -> Result<(), Fault> {
    if row.job.state.kind() != StateKind::Attempting || row.job.only_takes_back() {
        return Ok(());
    }
    if let Some(lane) = unit.lane(&row.job.lane).await? {
        if lane.state.is_leased(now) {
            return Ok(());
        }
        unit.guard(&lane).await?;
    }
    ending::end(&mut row.job, now)
}

/// Silences some of what was written about a job. What is left, nothing at the end. Of a forgotten shop's webhooks the
/// name goes too.
pub(super) async fn silence(
    unit: &mut TableUnit,
    (lane, id): (&LaneKey, &JobId),
    speaks: &Speaks,
    with_name: bool,
) -> Result<Option<Speaks>, Fault> {
    let pk = of_job(lane, id);
    match speaks {
        Speaks::Entries(after) => {
            let found = unit.query(&behind(&pk, HISTORY, after.as_deref())).await?;
            for (key, item) in &found {
                let Entry { at, what } = item.doc()?;
                let (told, stripped) = (serde_json::to_string(&what)?, strip(what));
                if serde_json::to_string(&stripped)? != told {
                    let mut item = item.clone();
                    item.set_doc(&Entry { at, what: stripped })?;
                    unit.put(key.clone(), item);
                }
            }
            Ok(Some(next(&found).map_or(Speaks::Decisions(None), |last| Speaks::Entries(Some(last)))))
        }
        Speaks::Decisions(after) => {
            let found = unit.query(&behind(&pk, DECISION, after.as_deref())).await?;
            for (key, item) in &found {
                let Recorded { verdict, by, at, note: _ } = item.doc()?;
                let mut item = item.clone();
                item.set_doc(&Recorded { verdict, by, at, note: String::new() })?;
                unit.put(key.clone(), item);
            }
            Ok(Some(next(&found).map_or(Speaks::Webhooks(None), |last| Speaks::Decisions(Some(last)))))
        }
        Speaks::Webhooks(after) => webhooks(unit, (lane, id), after.as_deref(), with_name).await,
    }
}

fn behind<'a>(pk: &'a str, begins: &'a str, after: Option<&'a str>) -> Range<'a> {
    let among = after.map_or(Among::Begins(begins), |after| Among::Behind { begins, after });
    Range::new(pk, among, ITEMS_AT_ONCE)
}

/// Where a full page ended.
fn next<T>(found: &[(Key, T)]) -> Option<String> {
    found.last().filter(|_| found.len() == ITEMS_AT_ONCE).map(|(key, _)| key.sk.clone())
}

async fn webhooks(
    unit: &mut TableUnit,
    (lane, id): (&LaneKey, &JobId),
    after: Option<&str>,
    with_name: bool,
) -> Result<Option<Speaks>, Fault> {
    let after: u64 = after.and_then(|after| after.parse().ok()).unwrap_or_default();
    let job = unit.read(&Key::job(lane, id)).await?;
    let mut numbers = job.as_ref().map(webhooks_of).unwrap_or_default();
    numbers.retain(|number| *number > after);
    numbers.sort_unstable();
    let is_last = numbers.len() <= WEBHOOKS_AT_ONCE;
    numbers.truncate(WEBHOOKS_AT_ONCE);
    let last = numbers.last().copied().filter(|_| !is_last);
    for number in numbers {
        unit.change_webhook(number, |item| {
            drop_all(item);
            if with_name {
                item.set(MERCHANT, "");
            }
        })
        .await?;
    }
    Ok(last.map(|last| Speaks::Webhooks(Some(last.to_string()))))
}

/// Why an operator paused the shop's lane may speak of anybody; that it is paused stays.
pub(super) async fn pause_words(unit: &mut TableUnit, shop: &ShopId) -> Result<(), Fault> {
    let Some(mut lane) = unit.lane(&LaneKey::orders(shop)).await? else { return Ok(()) };
    let Some(pause) = &mut lane.state.paused else { return Ok(()) };
    match &mut pause.why {
        PauseReason::Operator { why } => WORDS_GONE.clone_into(why),
        PauseReason::ProviderRefuses { words, .. } => WORDS_GONE.clone_into(words),
        PauseReason::TokenRefused { .. }
        | PauseReason::SecretMissing { .. }
        | PauseReason::NoProgress
        | PauseReason::ShopRemoved
        | PauseReason::Uninstalled => return Ok(()),
    }
    unit.save_lane(&mut lane).await
}

/// A shop is forgotten: its lane stands still, and no domain leads to it.
pub(super) async fn close_shop(
    unit: &mut TableUnit,
    source: lane::shop::Source,
    shop: &ShopId,
    now: Timestamp,
) -> Result<(), Fault> {
    if let Some(mut lane) = unit.lane(&LaneKey::orders(shop)).await? {
        lane.state.paused = Some(Pause { why: PauseReason::ShopRemoved, until: None, by: None, since: now });
        unit.save_lane(&mut lane).await?;
    }
    if let Some(item) = unit.read(&Key::shop(shop)).await? {
        for domain in domains(&item)? {
            if unit.domain_leads_to(source, &domain).await?.as_ref() == Some(shop) {
                unit.erase(Key::domain(source, &domain));
            }
        }
        unit.erase(Key::shop(shop));
    }
    Ok(())
}
