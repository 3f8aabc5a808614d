//! All there is to see of a ledger, as its ports show it and as a world has it.

mod expected;

use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, LaneKey, Place, ShopId};
use lane::job::Job;
use lane::ports::{LedgerError, OpenNotice};
use lane::shop::SkipReason;
use lane::state::StateKind;
use lane::view::{Figures, JobFilter, LaneFilter, LaneView, Page, QuarantineReason, Quarantined};

use super::reference::JobKey;
use crate::contract::ledger::Ports;

/// All there is to see. The ledger's own numbers are taken over by the worlds, and not part of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) jobs: BTreeMap<JobKey, (Job, Vec<Entry>)>,
    /// The jobs of each state, oldest change first.
    pub(super) listed: Vec<(StateKind, Vec<Timestamp>)>,
    pub(super) lanes: BTreeMap<LaneKey, LaneView>,
    pub(super) stalled: Vec<LaneKey>,
    pub(super) figures: Figures,
    pub(super) stops: BTreeMap<AccountId, Timestamp>,
    pub(super) looked: Vec<Option<Timestamp>>,
    /// Webhooks that were kept, oldest first: merchant, shop, topic, time, reason, and what was unreadable about it.
    quarantined: Vec<Waiting>,
}

type Waiting = (String, Option<ShopId>, String, Timestamp, QuarantineReason, String);

/// The numbers that only the ledger knows.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    /// Of webhooks that wait, by when they were received.
    pub(super) quarantined: Vec<(u64, Timestamp)>,
    pub(super) notices: Vec<Vec<OpenNotice>>,
}

/// Rows of a page: few, so that paging is seen.
const ROWS: u32 = 7;

impl View {
    /// Looks at everything, a page at a time.
    pub(super) async fn of(
        ports: &Ports,
        accounts: &[AccountId],
        now: Timestamp,
    ) -> Result<(Self, Numbers), LedgerError> {
        let (mut jobs, mut listed) = (BTreeMap::new(), Vec::new());
        for state in StateKind::ALL {
            let of_state = jobs_of(ports, Some(state)).await?;
            listed.push((state, of_state.iter().map(|job| job.changed_at).collect()));
            for job in of_state {
                let timeline = ports.desk.timeline(&job.lane, &job.id).await?;
                jobs.insert((job.lane.clone(), job.id.clone()), (job, timeline));
            }
        }
        let lanes = lanes_of(ports, false, now).await?;
        let stalled = lanes_of(ports, true, now).await?.into_keys().collect();
        let mut figures = ports.desk.figures(now).await?;
        figures.stalled.retain(|(_, n)| *n > 0);
        figures.stalled.sort();
        figures.webhooks.retain(|(_, n)| *n > 0);
        figures.webhooks.sort();
        let stops = ports.work.stopped_accounts(now).await?.into_iter().collect();
        let (mut notices, mut looked) = (Vec::new(), Vec::new());
        for account in accounts {
            notices.push(ports.shipping.notices(account, 100).await?);
            looked.push(ports.shipping.looked_until(account).await?);
        }
        let kept = quarantined_of(ports).await?;
        let numbers = Numbers { quarantined: kept.iter().map(|row| (row.id, row.received_at)).collect(), notices };
        let mut quarantined: Vec<_> = kept.into_iter().map(shown).collect();
        quarantined.sort_by_key(|row| row.3);
        Ok((Self { jobs, listed, lanes, stalled, figures, stops, looked, quarantined }, numbers))
    }
}

impl View {
    /// With each job's rank in its lane instead of its place: a ledger may leave places out.
    pub(super) fn ranked(&self) -> Self {
        let mut ranked = self.clone();
        let mut places: BTreeMap<&LaneKey, Vec<u64>> = BTreeMap::new();
        for ((lane, _), (job, _)) in &self.jobs {
            places.entry(lane).or_default().push(job.place.0);
        }
        for places in places.values_mut() {
            places.sort_unstable();
        }
        for ((lane, _), (job, _)) in &mut ranked.jobs {
            let before = places.get(lane).map_or(0, |places| places.partition_point(|place| *place < job.place.0));
            job.place = Place(before as u64);
        }
        ranked
    }
}

fn shown(row: Quarantined) -> Waiting {
    // Only what was unreadable is not the ledger's to word.
    let words = match row.why {
        QuarantineReason::Unreadable => row.words,
        QuarantineReason::UnknownShop => String::new(),
        QuarantineReason::UnknownToShop => {
            assert_eq!(row.words, SkipReason::UnknownToShop.words());
            String::new()
        }
    };
    (row.merchant, row.shop, row.topic, row.received_at, row.why, words)
}

pub(super) async fn jobs_of(ports: &Ports, state: Option<StateKind>) -> Result<Vec<Job>, LedgerError> {
    let (mut page, mut jobs) = (Page { after: None, limit: ROWS }, Vec::new());
    loop {
        let rows = ports.desk.jobs(&JobFilter { state, shop: None }, &page).await?;
        jobs.extend(rows.rows);
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(jobs),
        }
    }
}

async fn lanes_of(ports: &Ports, stalled: bool, now: Timestamp) -> Result<BTreeMap<LaneKey, LaneView>, LedgerError> {
    let (mut page, mut lanes) = (Page { after: None, limit: 2 }, BTreeMap::new());
    loop {
        let rows = ports.desk.lanes(&LaneFilter { shop: None, stalled }, &page, now).await?;
        lanes.extend(rows.rows.into_iter().map(|row| (row.lane.clone(), row)));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(lanes),
        }
    }
}

async fn quarantined_of(ports: &Ports) -> Result<Vec<Quarantined>, LedgerError> {
    let (mut page, mut kept) = (Page { after: None, limit: 2 }, Vec::new());
    loop {
        let rows = ports.desk.quarantined(&page).await?;
        kept.extend(rows.rows);
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(kept),
        }
    }
}

/// What differs, in words.
pub(super) fn differences(expected: &View, seen: &View) -> String {
    let mut words = Vec::new();
    for (key, job) in expected.jobs.iter().filter(|(key, job)| seen.jobs.get(*key) != Some(*job)) {
        words.push(format!("  expected {job:?}\n  found    {:?}", seen.jobs.get(key)));
    }
    for (key, lane) in expected.lanes.iter().filter(|(key, lane)| seen.lanes.get(*key) != Some(*lane)) {
        words.push(format!("  expected {lane:?}\n  found    {:?}", seen.lanes.get(key)));
    }
    if expected.figures != seen.figures {
        words.push(format!("  expected {:?}\n  found    {:?}", expected.figures, seen.figures));
    }
    if words.is_empty() { format!("  expected {expected:?}\n  found    {seen:?}") } else { words.join("\n") }
}
