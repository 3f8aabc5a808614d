//! How the table itself stands: whether a ledger is just arriving in it from elsewhere, and whether it is a backup that was
//! restored. One item, read with each webhook.

use lane::clock::Timestamp;
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

/// The move by which the ledger came here.
pub(super) const MOVE: &str = "move";
/// It is not all here yet.
pub(super) const ARRIVES: &str = "arrives";
pub(super) const ARRIVED_AT: &str = "arrived_at";
const RESTORED_AT: &str = "restored_at";

/// Jobs of a list that are looked at in a go.
const LOOKED_AT_ONCE: usize = 100;

/// Stands in the audit for whoever said that the table is a backup.
const PERSON: &str = "command line";

/// Refuses whatever is to be written while the ledger is only partly here.
fn refuse_arriving(standing: Option<&Item>) -> Result<(), Fault> {
    if standing.is_some_and(|item| item.text(ARRIVES).is_some()) {
        let words = "a ledger is being imported into the table, and is not all there yet; when `lanekeeper import` has \
                     ended well, it goes on by itself";
        return Err(Fault::Ledger(LedgerError::Unavailable(words.to_owned())));
    }
    Ok(())
}

impl TableUnit {
    /// Nothing comes to a ledger that is only partly here.
    pub(super) async fn is_all_here(&mut self) -> Result<(), Fault> {
        refuse_arriving(self.read(&Key::standing()).await?.as_ref())
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
    /// Refused while the ledger is only partly here.
    pub(super) async fn is_all_here(&self) -> Result<(), LedgerError> {
        let standing = self.table.get(&Key::standing()).await?;
        Ok(refuse_arriving(standing.as_ref())?)
    }

    /// Says that the table is a backup that was restored: whatever it takes for untouched is looked up at the warehouse
    /// from now on, and so is what is new to it in the next time. To be said before anybody works with the table. How many
    /// jobs there are; asked again, it goes on.
    pub async fn restored(&self, now: Timestamp) -> Result<u64, LedgerError> {
        self.is_all_here().await?;
        self.write(|mut unit| async move { (say_restored(&mut unit, now).await, unit) }).await?;
        let mut doubted = 0;
        for state in StateKind::ALL.into_iter().filter(|state| *state != StateKind::Rejected) {
            for list in lists_of_jobs(state) {
                doubted += self.doubt_all(&list).await?;
            }
        }
        let words = format!("{doubted} jobs are looked up");
        let words = words.as_str();
        self.write(|mut unit| async move { (unit.audit(now, PERSON, "restored", words).await, unit) }).await?;
        Ok(doubted)
    }

    async fn doubt_all(&self, list: &str) -> Result<u64, LedgerError> {
        let (mut doubted, mut after) = (0, None::<String>);
        loop {
            let range = Range::new(list, Among::after("", after.as_deref()), LOOKED_AT_ONCE);
            let found = self.table.list(LIST, &range).await?;
            for item in &found {
                let (lane, job) = name_of(item)?;
                let job = &JobRef { row: 0, lane, job };
                doubted += u64::from(self.write(|mut unit| async move { (doubt(&mut unit, job).await, unit) }).await?);
            }
            match found.last() {
                Some(end) if found.len() >= LOOKED_AT_ONCE => after = Some(end.known(LIST.range)?.to_owned()),
                _ => return Ok(doubted),
            }
        }
    }
}

fn name_of(item: &Item) -> Result<(lane::id::LaneKey, lane::id::JobId), Fault> {
    let key = item.key()?;
    read_job_name(key.pk.strip_prefix("job#").unwrap_or(&key.pk))
}

async fn say_restored(unit: &mut TableUnit, now: Timestamp) -> Result<(), Fault> {
    let item = unit.read(&Key::standing()).await?.unwrap_or_default();
    unit.put(Key::standing(), restored(item, Some(now)));
    Ok(())
}

/// Nobody knows any more whether the warehouse has it.
async fn doubt(unit: &mut TableUnit, job: &JobRef) -> Result<bool, Fault> {
    let Some(mut row) = unit.job_at(job).await? else { return Ok(false) };
    let is_untouched = |job: &Job| matches!(job.reach, Reach::Untouched) && job.state.kind() != StateKind::Rejected;
    if !is_untouched(&row.job) {
        return Ok(false);
    }
    row.job.doubt();
    unit.save(&mut row).await?;
    Ok(true)
}
