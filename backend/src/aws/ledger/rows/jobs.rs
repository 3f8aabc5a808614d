//! A job, its timeline, and what leads to it.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, JobId, LaneKey, Place, ShopId};
use lane::job::Job;
use lane::marks::Mark;
use lane::outcome::Reach;
use lane::state::{Placing, StateKind};

use super::super::item::Item;
use super::super::key::{Key, job_name, of_there, read_job_name, sortable};
use super::super::line::{SHARDS, shard};
use super::super::table::{Among, LIST, OTHER_LIST, Range};
use super::super::unit::TableUnit;
use super::kept::with_webhooks;
use super::lanes::entry_item;
use super::number_at;
use crate::ledger::fault::Fault;
use crate::ledger::row::{JobRef, JobRow, Lane};
use crate::ledger::unit::Jobs;
use crate::moving::MovedJob;

/// How many entries the timeline has.
const ENTRIES: &str = "entries";
/// Its number among all that came.
pub(in super::super) const BORN: &str = "born";
/// Whether its webhooks name their shop no more.
pub(in super::super) const NAMELESS: &str = "nameless";
/// What an item says that leads to a job.
pub(in super::super) const JOB: &str = "job";
pub(in super::super) const TOUCHED: &str = "touched";

/// Parts that are written together with what an attempt came to.
const PARTS_AT_ONCE: usize = 40;

/// Orders of the warehouse's that are one of ours: one, or two shops' that share an account.
const THERE_MAX: usize = 100;

/// What an item of a job says beside the document, so that it can be found.
struct Leads {
    state: StateKind,
    entry: Option<Place>,
    /// What leads to the job from elsewhere, each with where it lies.
    from: Vec<Key>,
}

impl Leads {
    fn of(job: &Job) -> Self {
        let held = job.state.kind() == StateKind::Held;
        let marks = &job.marks;
        let marked = |kind: &str, mark: &Mark| Key::marked(&job.lane, kind, mark, &job.id);
        let mut from = Vec::new();
        from.extend(marks.customer.as_ref().map(|mark| marked("customer", mark)));
        from.extend(marks.email.as_ref().map(|mark| marked("email", mark)));
        // Where an order goes and who pays it is compared with held orders alone.
        from.extend(marks.address.as_ref().filter(|_| held).map(|mark| marked("address", mark)));
        from.extend(marks.card.as_ref().filter(|_| held).map(|mark| marked("card", mark)));
        match &job.reach {
            Reach::There(copy) => {
                from.push(Key::there(&there(&copy.account, &copy.order_id), &job.lane, &job.id));
            }
            // Nothing more is done about one that has ended.
            Reach::Unresolved if !has_ended(job.state.kind()) => {
                from.push(Key::unresolved(&job.shop, &job.lane, &job.id));
            }
            Reach::Unresolved | Reach::Untouched => {}
        }
        Self { state: job.state.kind(), entry: job.in_line().map(|entry| entry.place), from }
    }
}

fn has_ended(state: StateKind) -> bool {
    match state {
        StateKind::Done | StateKind::Skipped | StateKind::Rejected => true,
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Held | StateKind::Failed => false,
    }
}

fn there(account: &AccountId, order: &str) -> String {
    format!("{}/{order}", account.as_str())
}

/// The list of jobs in a state in which a job stands.
pub(in super::super) fn list_of_jobs(state: StateKind, shard: u64) -> String {
    format!("jobs#{}#{shard}", state.as_str())
}

/// The list of a shop's jobs.
pub(in super::super) fn list_of_shop(shop: &ShopId) -> String {
    format!("shop#{shop}")
}

/// All lists of jobs in a state.
pub(in super::super) fn lists_of_jobs(state: StateKind) -> Vec<String> {
    (0..SHARDS).map(|shard| list_of_jobs(state, shard)).collect()
}

fn lies(item: Item, job: &Job) -> Result<Item, Fault> {
    let (state, at) = (job.state.kind(), sortable(job.changed_at));
    let mut item = item;
    item.set_doc(job)?;
    item.set(LIST.hash, list_of_jobs(state, shard(&job.lane)));
    item.set(LIST.range, format!("{at}#{}", job_name(&job.lane, &job.id)));
    item.set(OTHER_LIST.hash, list_of_shop(&job.shop));
    item.set(OTHER_LIST.range, format!("{}#{at}#{}", state.as_str(), job_name(&job.lane, &job.id)));
    Ok(item)
}

/// A job that comes from another store, with everything that is its own or leads to it.
pub(in super::super) fn job_items(moved: &MovedJob) -> Result<Vec<(Key, Item)>, Fault> {
    let job = &moved.job;
    let mut items = Vec::new();
    for (number, entry) in (1..).zip(&moved.entries) {
        items.push((Key::history(&job.lane, &job.id, number), Item::of(entry)?));
    }
    let item = with_webhooks(Item::default(), &moved.webhooks).with(BORN, moved.number);
    let item = item.with(ENTRIES, (!items.is_empty()).then_some(items.len() as u64));
    items.push((Key::job(&job.lane, &job.id), lies(item, job)?));
    for (hold, decision) in &moved.decisions {
        items.push((Key::decision(&job.lane, &job.id, *hold), Item::of(decision)?));
    }
    items.extend(Leads::of(job).from.into_iter().map(|key| (key, leads_to(job))));
    items.extend(job.in_line().map(|entry| entry_item(&job.lane, &entry)).transpose()?);
    Ok(items)
}

/// What leads to a job.
fn leads_to(job: &Job) -> Item {
    Item::default().with(JOB, job_name(&job.lane, &job.id))
}

impl Jobs for TableUnit {
    async fn job(&mut self, lane: &Lane, id: &JobId) -> Result<Option<JobRow>, Fault> {
        self.find_job(&lane.key, id).await
    }

    async fn job_at(&mut self, job: &JobRef) -> Result<Option<JobRow>, Fault> {
        self.find_job(&job.lane, &job.job).await
    }

    async fn insert(&mut self, lane: &Lane, job: Job) -> Result<JobRow, Fault> {
        let leads = Leads::of(&job);
        let born = Item::default().with(BORN, number_at(job.accepted_at));
        self.put(Key::job(&lane.key, &job.id), lies(born, &job)?);
        self.lead_to(&job, leads.from, &[]);
        if let Some(entry) = job.in_line() {
            self.put_line_entry(&lane.key, entry.place, Some(entry))?;
        }
        self.changed_line(&lane.key).count(&format!("job_{}", leads.state.as_str()), 1);
        Ok(JobRow::found(0, 0, job))
    }

    async fn save(&mut self, row: &mut JobRow) -> Result<(), Fault> {
        let job = &row.job;
        let key = Key::job(&job.lane, &job.id);
        let Some(item) = self.read(&key).await? else {
            return Err(Fault::unreadable("a job that is not there"));
        };
        let before: Job = item.doc()?;
        let (was, is) = (Leads::of(&before), Leads::of(job));
        self.lead_to(job, is.from, &was.from);
        let (entry, entry_before) = (job.in_line(), before.in_line());
        if let Some(place) = was.entry.filter(|place| is.entry != Some(*place)) {
            self.put_line_entry(&job.lane, place, None)?;
        }
        if let Some(entry) = entry.filter(|entry| Some(entry) != entry_before.as_ref()) {
            self.put_line_entry(&job.lane, entry.place, Some(entry))?;
        }
        let line = self.changed_line(&job.lane);
        line.depth += i64::from(is.entry.is_some()) - i64::from(was.entry.is_some());
        if was.state != is.state {
            line.count(&format!("job_{}", was.state.as_str()), -1);
            line.count(&format!("job_{}", is.state.as_str()), 1);
        }
        let item = lies(item, job)?;
        row.was = (is.state, is.entry.is_some());
        self.put(key, item);
        Ok(())
    }

    async fn place(&mut self, row: &mut JobRow, placing: Placing) -> Result<(), Fault> {
        match placing {
            Placing::Keep => {}
            Placing::End => row.job.place = self.next_place(&row.job.lane).await?,
        }
        Ok(())
    }

    async fn put_entry(&mut self, row: &JobRow, entry: &Entry) -> Result<(), Fault> {
        let key = Key::job(&row.job.lane, &row.job.id);
        let Some(mut item) = self.read(&key).await? else {
            return Err(Fault::unreadable("a job that is not there"));
        };
        let number = item.number(ENTRIES)?.unwrap_or_default() + 1;
        item.set(ENTRIES, number);
        self.put(key, item);
        self.put_new(Key::history(&row.job.lane, &row.job.id, number), Item::of(entry)?);
        Ok(())
    }

    async fn jobs_there(&mut self, account: &AccountId, order: &str) -> Result<Vec<JobRef>, Fault> {
        let mut jobs = Vec::new();
        let pk = of_there(&there(account, order));
        for item in self.table.query(&Range::new(&pk, Among::All, THERE_MAX)).await? {
            match read_job_name(&item.key()?.sk) {
                Ok((lane, job)) => jobs.push(JobRef { row: 0, lane, job }),
                // One that a newer program wrote must not keep the other orders' shipments from their shops.
                Err(fault) if fault.is_of_a_newer_program() => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(jobs)
    }

    async fn owner_of(&mut self, shop: &ShopId, part: &str) -> Result<Option<JobRef>, Fault> {
        let item = self.read(&Key::part(shop, part)).await?;
        let Some(name) = item.as_ref().and_then(|item| item.text(JOB)) else { return Ok(None) };
        let (lane, job) = read_job_name(name)?;
        Ok(Some(JobRef { row: 0, lane, job }))
    }

    async fn nobodys_part(&mut self, shop: &ShopId, part: &str) -> Result<Option<Timestamp>, Fault> {
        let item = self.read(&Key::part(shop, part)).await?;
        item.as_ref().map_or(Ok(None), |item| item.time(TOUCHED))
    }

    async fn remember_part(&mut self, shop: &ShopId, part: &str, at: Timestamp) -> Result<(), Fault> {
        self.put(Key::part(shop, part), Item::default().with(TOUCHED, at));
        Ok(())
    }

    async fn own_part(&mut self, part: &str, row: &JobRow) -> Result<(), Fault> {
        let (key, name) = (Key::part(&row.job.shop, part), job_name(&row.job.lane, &row.job.id));
        let known = self.read(&key).await?;
        if known.as_ref().and_then(|item| item.text(JOB)) == Some(&name) {
            return Ok(());
        }
        let item = Item::default().with(JOB, name);
        self.parts += 1;
        if self.parts > PARTS_AT_ONCE {
            // Whose part it is stays true, whatever becomes of the unit.
            return self.put_now(key, item).await;
        }
        self.put(key, item);
        Ok(())
    }
}

impl TableUnit {
    pub(in super::super) async fn find_job(&mut self, lane: &LaneKey, id: &JobId) -> Result<Option<JobRow>, Fault> {
        let item = self.read(&Key::job(lane, id)).await?;
        item.map(|item| Ok(JobRow::found(0, 0, item.doc()?))).transpose()
    }

    /// Lets these lead to the job, and no others of those before.
    fn lead_to(&mut self, job: &Job, from: Vec<Key>, before: &[Key]) {
        for gone in before.iter().filter(|key| !from.contains(key)) {
            self.erase(gone.clone());
        }
        for new in from.into_iter().filter(|key| !before.contains(key)) {
            self.put(new, leads_to(job));
        }
    }
}
