//! How the table itself stands: whether a ledger is just arriving in it from elsewhere, and whether it is a backup that was
//! restored. One item, read with each webhook.

use futures::{StreamExt as _, stream};
use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::job::Job;
use lane::outcome::Reach;
use lane::ports::LedgerError;
use lane::state::StateKind;

use super::Ledger;
use super::item::Item;
use super::key::{Key, read_job_name};
use super::rows::jobs::lists_of_jobs;
use super::table::{Among, LIST, Range};
use super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRef;
use crate::ledger::unit::{Desks as _, Jobs as _};

/// The move by which the ledger came here, and which run of an import writes.
pub(super) const MOVE: &str = "move";
pub(super) const RUN: &str = "run";
/// It is not all here yet.
pub(super) const ARRIVES: &str = "arrives";
pub(super) const ARRIVED_AT: &str = "arrived_at";
const RESTORED_AT: &str = "restored_at";
/// Not all of a backup's jobs are in doubt yet.
const DOUBTS: &str = "doubts";

/// Jobs of a list that are looked at in a go.
const LOOKED_AT_ONCE: usize = 100;

/// Jobs that are written side by side.
const WRITTEN_AT_ONCE: usize = 16;

/// Stands in the audit for whoever said that the table is a backup.
const PERSON: &str = "command line";

/// Refuses whatever is to be done while the ledger is only partly here, or not all of a backup is in doubt.
fn refuse_unready(standing: Option<&Item>) -> Result<(), Fault> {
    let has = |name: &str| standing.is_some_and(|item| item.text(name).is_some());
    let words = if has(ARRIVES) {
        "a ledger is being imported into the table, and is not all there yet; when `lanekeeper import` has ended well, it \
         goes on by itself"
    } else if has(DOUBTS) {
        "the table is a backup, and its orders are being put in doubt; when `lanekeeper restored` has ended well, it goes on \
         by itself"
    } else {
        return Ok(());
    };
    Err(Fault::Ledger(LedgerError::Unavailable(words.to_owned())))
}

impl TableUnit {
    /// Nothing comes to a ledger that is only partly here.
    pub(super) async fn is_all_here(&mut self) -> Result<(), Fault> {
        refuse_unready(self.read(&Key::standing()).await?.as_ref())
    }

    /// When the table was last said to be a backup.
    pub(super) async fn restored_at(&mut self) -> Result<Option<Timestamp>, Fault> {
        self.read(&Key::standing()).await?.map_or(Ok(None), |item| item.time(RESTORED_AT))
    }
}

/// With the time at which the ledger was last put in place of one that is gone.
pub(super) fn restored(item: Item, at: Option<Timestamp>) -> Item {
    item.with(RESTORED_AT, at)
}

impl Ledger {
    /// Refused, in words for people, while the ledger is only partly here.
    pub async fn is_all_here(&self) -> Result<(), LedgerError> {
        let standing = self.table.get(&Key::standing()).await?;
        Ok(refuse_unready(standing.as_ref())?)
    }

    /// Says that the table is a backup that was restored: whatever it takes for untouched is looked up at the warehouse
    /// from now on, and so is what is new to it in the next time. To be said before anybody works with the table; until it
    /// returns, nobody may. How many jobs there are; asked again, it goes on.
    pub async fn restored(&self, now: Timestamp) -> Result<u64, LedgerError> {
        self.write(|mut unit| async move { (say_restored(&mut unit, now).await, unit) }).await?;
        let mut doubted = 0;
        for state in StateKind::ALL.into_iter().filter(|state| *state != StateKind::Rejected) {
            for list in lists_of_jobs(state) {
                doubted += self.doubt_all(&list).await?;
            }
        }
        self.write(|mut unit| async move { (all_in_doubt(&mut unit, doubted, now).await, unit) }).await?;
        Ok(doubted)
    }

    async fn doubt_all(&self, list: &str) -> Result<u64, LedgerError> {
        let (mut doubted, mut after) = (0, None::<String>);
        loop {
            let range = Range::new(list, Among::after("", after.as_deref()), LOOKED_AT_ONCE);
            let found = self.table.list(LIST, &range).await?;
            let keys = found.iter().map(Item::key).collect::<Result<Vec<_>, _>>()?;
            let jobs = self.table.get_all(&keys, true).await?;
            let writes = jobs.iter().filter_map(untouched).map(|job| self.doubt_one(job));
            let written: Vec<_> = stream::iter(writes).buffer_unordered(WRITTEN_AT_ONCE).collect().await;
            for done in written {
                doubted += u64::from(done?);
            }
            match found.last() {
                Some(end) if found.len() >= LOOKED_AT_ONCE => after = Some(end.known(LIST.range)?.to_owned()),
                _ => return Ok(doubted),
            }
        }
    }

    async fn doubt_one(&self, (lane, job): (LaneKey, JobId)) -> Result<bool, LedgerError> {
        let job = &JobRef { row: 0, lane, job };
        self.write(|mut unit| async move { (doubt(&mut unit, job).await, unit) }).await
    }
}

/// Whose job an item is, if it takes it for untouched. One that nobody can read is worked on by nobody.
fn untouched(item: &Item) -> Option<(LaneKey, JobId)> {
    match item.doc::<Job>() {
        Ok(job) if is_untouched(&job) => Some((job.lane, job.id)),
        Ok(_) => None,
        Err(fault) => {
            let name = item.key().map(|key| key.pk).unwrap_or_default();
            let read = read_job_name(name.strip_prefix("job#").unwrap_or(&name)).is_ok();
            tracing::error!(job = %if read { name.as_str() } else { "?" }, %fault, "a job cannot be read; it is left as it is");
            None
        }
    }
}

fn is_untouched(job: &Job) -> bool {
    matches!(job.reach, Reach::Untouched) && job.state.kind() != StateKind::Rejected
}

async fn say_restored(unit: &mut TableUnit, now: Timestamp) -> Result<(), Fault> {
    let item = unit.read(&Key::standing()).await?.unwrap_or_default();
    if item.text(ARRIVES).is_some() {
        return refuse_unready(Some(&item));
    }
    unit.put(Key::standing(), restored(item, Some(now)).with(DOUBTS, "some"));
    Ok(())
}

async fn all_in_doubt(unit: &mut TableUnit, jobs: u64, now: Timestamp) -> Result<(), Fault> {
    let item = unit.read(&Key::standing()).await?.unwrap_or_default();
    unit.put(Key::standing(), item.with(DOUBTS, None::<i64>));
    unit.audit(now, PERSON, "restored", &format!("{jobs} jobs are looked up")).await
}

/// Nobody knows any more whether the warehouse has it.
async fn doubt(unit: &mut TableUnit, job: &JobRef) -> Result<bool, Fault> {
    let Some(mut row) = unit.job_at(job).await?.filter(|row| is_untouched(&row.job)) else { return Ok(false) };
    row.job.doubt();
    unit.save(&mut row).await?;
    Ok(true)
}
