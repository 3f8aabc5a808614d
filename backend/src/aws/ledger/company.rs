//! What else a shop has besides one of its orders, for the rules that ask.

use lane::id::{JobId, LaneKey};
use lane::job::Job;
use lane::marks::{Mark, Marks};
use lane::rules::Company;
use lane::state::StateKind;

use super::key::{Key, of_mark};
use super::table::{Among, Range, Table};
use crate::ledger::fault::Fault;

/// How many numbers of held orders are enough for a person to understand.
const NUMBERS_MAX: usize = 5;

/// Orders of one customer that are looked at, the newest first.
const ORDERS_MAX: usize = 300;

pub(super) async fn company(table: &Table, lane: &LaneKey, id: &JobId, marks: &Marks) -> Result<Company, Fault> {
    let in_line = |job: &Job| match job.state.kind() {
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying => true,
        StateKind::Held | StateKind::Done | StateKind::Failed | StateKind::Skipped | StateKind::Rejected => false,
    };
    let customers = marked(table, lane, id, "customer", marks.customer.as_ref()).await?;
    let waiting = customers.iter().filter(|job| in_line(job)).count();
    Ok(Company {
        waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        same_address: held(table, lane, id, "address", marks.address.as_ref()).await?,
        same_card: held(table, lane, id, "card", marks.card.as_ref()).await?,
    })
}

/// Other jobs of the lane that bear a mark.
async fn marked(table: &Table, lane: &LaneKey, id: &JobId, kind: &str, mark: Option<&Mark>) -> Result<Vec<Job>, Fault> {
    let Some(mark) = mark else { return Ok(Vec::new()) };
    let pk = of_mark(lane, kind, mark);
    let range = Range { backwards: true, ..Range::new(&pk, Among::All, ORDERS_MAX) };
    let mut keys = Vec::new();
    for item in table.query(&range).await? {
        keys.push(Key::job(lane, &JobId::parse(&item.key()?.sk)?));
    }
    let found = table.get_all(&keys, true).await?;
    let mut jobs: Vec<Job> = found.iter().map(super::item::Item::doc).collect::<Result<_, _>>()?;
    jobs.retain(|job| job.id != *id);
    jobs.sort_unstable_by_key(|job| job.place);
    Ok(jobs)
}

async fn held(
    table: &Table,
    lane: &LaneKey,
    id: &JobId,
    kind: &str,
    mark: Option<&Mark>,
) -> Result<Vec<String>, Fault> {
    let jobs = marked(table, lane, id, kind, mark).await?;
    let held = jobs.into_iter().filter(|job| job.state.kind() == StateKind::Held);
    Ok(held.take(NUMBERS_MAX).map(|job| job.number).collect())
}
