//! How lanes stand, one by one and all together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::job::Job;
use lane::line::{LineEntry, Ready};
use lane::state::StateKind;
use lane::view::{Figures, LaneView};

use super::key::Key;
use super::line::{COUNTED, COUNTS};
use super::lists::lanes_after;
use super::table::Table;
use super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::unit::Lanes as _;
use crate::ledger::view::lane_view;

/// Entries at the front of a line that figures look at.
const FRONT: usize = 10;

/// Lanes that are looked at side by side.
const AT_ONCE: usize = 16;

/// What figures tell of webhooks.
const WORDS: [&str; 8] = ["new", "newer", "unchanged", "duplicate", "quarantined", "closed", "asked", "forgotten"];

/// How often a lane is looked at that changes while it is looked at.
const LOOKS: u32 = 50;

/// Before it is looked at again.
const LOOK: Duration = Duration::from_millis(20);

/// How a lane stands; nothing if there is none.
pub(super) async fn view(table: &Table, key: &LaneKey, now: Timestamp) -> Result<Option<LaneView>, Fault> {
    for _ in 1..LOOKS {
        match view_once(&mut TableUnit::new(table.clone()), key, now).await {
            Err(Fault::Again) => tokio::time::sleep(LOOK).await,
            answer => return answer,
        }
    }
    view_once(&mut TableUnit::new(table.clone()), key, now).await
}

async fn view_once(unit: &mut TableUnit, key: &LaneKey, now: Timestamp) -> Result<Option<LaneView>, Fault> {
    let Some(lane) = unit.lane(key).await? else { return Ok(None) };
    let first = match unit.entries_after(key, None, 1).await?.first() {
        Some(entry) => unit.find_job(key, &entry.job).await?.map(|row| row.job),
        None => None,
    };
    let picked = unit.pick_next(&lane, now).await?;
    Ok(Some(lane_view(lane, first.as_ref(), picked, now)))
}

/// Counts of everything there is. Every lane is read for it: ask once a minute, not for each page.
pub(super) async fn figures(table: &Table, now: Timestamp) -> Result<Figures, Fault> {
    let keys = lanes_after(table, None, None, usize::MAX).await?;
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    let mut of: Vec<Key> = keys.iter().map(Key::line).collect();
    of.extend((0..COUNTS).map(Key::counts));
    for item in table.get_all(&of, false).await? {
        for (name, n) in item.numbers_below(COUNTED) {
            *counts.entry(name).or_default() += n;
        }
    }
    let count = |name: String| u64::try_from(counts.get(&name).copied().unwrap_or_default()).unwrap_or_default();
    let mut figures = Figures {
        jobs: StateKind::ALL.map(|state| (state, count(format!("job_{}", state.as_str())))).into_iter().collect(),
        webhooks: WORDS.map(|word| (word.to_owned(), count(format!("webhook_{word}")))).into_iter().collect(),
        ..Figures::default()
    };
    let stand: Vec<Stands> = futures::stream::iter(keys)
        .map(async |key| stands(table, &key, now).await)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut stalled: BTreeMap<&str, u64> = BTreeMap::from([("blocked", 0), ("retrying", 0), ("throttled", 0)]);
    for lane in stand {
        for word in lane.stalled {
            *stalled.entry(word).or_default() += 1;
        }
        figures.oldest_ready = figures.oldest_ready.into_iter().chain(lane.ready_since).min();
    }
    figures.stalled = stalled.into_iter().map(|(word, n)| (word.to_owned(), n)).collect();
    Ok(figures)
}

/// What figures want to know of one lane.
#[derive(Default)]
struct Stands {
    stalled: Vec<&'static str>,
    ready_since: Option<Timestamp>,
}

async fn stands(table: &Table, key: &LaneKey, now: Timestamp) -> Result<Stands, Fault> {
    let unit = &mut TableUnit::new(table.clone());
    let Some(lane) = unit.lane(key).await? else { return Ok(Stands::default()) };
    let mut stands = Stands::default();
    if let Some(pause) = &lane.state.paused {
        stands.stalled.push(pause.why.label());
    } else if lane.state.rest.is_some() && lane.state.lease.is_none() && unit.is_due_after(key, now).await? {
        stands.stalled.push("throttled");
    }
    if lane.depth == 0 {
        return Ok(stands);
    }
    let front = unit.entries_after(key, None, FRONT).await?;
    stands.stalled.extend(stops(&front, now));
    if lane.state.paused.is_none() {
        stands.ready_since = ready_since(unit, key, &front, now).await?;
    }
    Ok(stands)
}

/// What makes a line stand still: each word for which it has a job that stops it, with nothing before that is ready
/// without a time.
fn stops(front: &[LineEntry], now: Timestamp) -> BTreeSet<&'static str> {
    let before = front.iter().take_while(|entry| entry.ready != Ready::Now).filter(|entry| entry.stops);
    before
        .filter_map(|entry| match entry.ready {
            Ready::Never => Some("blocked"),
            Ready::At(at) => (at > now).then_some("retrying"),
            Ready::Now => None,
        })
        .collect()
}

/// Since when the longest waiting of those at the front waits that a worker may take up now.
async fn ready_since(
    unit: &TableUnit,
    key: &LaneKey,
    front: &[LineEntry],
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    let is_ready = |entry: &LineEntry| match entry.ready {
        Ready::Now => true,
        Ready::At(at) => at <= now,
        Ready::Never => false,
    };
    let reached = front.iter().take_while(|entry| is_ready(entry) || !entry.stops);
    let ready: Vec<Key> = reached.filter(|entry| is_ready(entry)).map(|entry| Key::job(key, &entry.job)).collect();
    let mut since = None;
    for item in unit.table.get_all(&ready, false).await? {
        let job: Job = item.doc()?;
        if job.state.kind() == StateKind::Waiting {
            since = since.into_iter().chain([job.changed_at]).min();
        }
    }
    Ok(since)
}
