//! What forgetting does to what was written about a job, some items a step, once the job itself is forgotten and nothing more
//! is written about its people; and to a shop.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{JobId, LaneKey, ShopId};
use lane::view::Recorded;

use super::super::key::{DECISION, HISTORY, Key, of_job};
use super::super::rows::kept::webhooks_of;
use super::super::rows::shops::domains;
use super::super::rows::webhooks::{MERCHANT, drop_all};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::asked::Speaks;
use super::loose::WEBHOOKS_AT_ONCE;
use crate::ledger::closing::stand_still;
use crate::ledger::fault::Fault;
use crate::ledger::strip::strip;

/// Items that one step rewrites.
const ITEMS_AT_ONCE: usize = 20;

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
    Range::new(pk, Among::after(begins, after), ITEMS_AT_ONCE)
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

/// A shop is forgotten: its lane stands still, and no domain leads to it.
pub(super) async fn close_shop(
    unit: &mut TableUnit,
    source: lane::shop::Source,
    shop: &ShopId,
    now: Timestamp,
) -> Result<(), Fault> {
    stand_still(unit, shop, now).await?;
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
