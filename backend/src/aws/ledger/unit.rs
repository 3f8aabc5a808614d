//! One unit of writing: what it reads is remembered, what it writes is kept back, and all of it is written at once, on
//! condition that what it read is still so. If it is not, the whole unit runs again on what is there then.
//!
//! An item that a unit writes after reading it is conditioned by its revision. Lines are the exception ([`super::line`]):
//! everybody adds to them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aws_sdk_dynamodb::types::TransactWriteItem;
use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::job::Job;
use lane::ports::LedgerError;

use super::item::Item;
use super::key::{Key, is_tomb};
use super::line::{Line, Since, add_counts};
use super::rows::lanes::Front;
use super::slot::{Slot, Was};
use super::table::{Range, Table, Written, revision};
use super::told::Told;
use crate::ledger::ending::Ended;
use crate::ledger::fault::Fault;
use crate::ledger::intake::is_doubted;
use crate::ledger::unit::Unit;

/// Items that one write may touch (`DynamoDB`: *`TransactWriteItems`*).
const WRITTEN_AT_ONCE: usize = 100;

/// One unit of writing.
pub(super) struct TableUnit {
    pub(super) table: Table,
    slots: BTreeMap<Key, Slot>,
    pub(super) lines: BTreeMap<LaneKey, Line>,
    pub(super) fronts: BTreeMap<LaneKey, Front>,
    /// Counts of webhooks, which belong to a line if the unit has one.
    pub(super) counts: BTreeMap<String, i64>,
    pub(super) ended: Vec<Ended>,
    told: BTreeMap<Key, Told>,
    /// Parts of orders that it has written.
    pub(super) parts: usize,
    /// Objects of the bucket that no webhook names once this is written.
    pub(super) dropped: Vec<Key>,
    /// The request of a person that it took for a new one.
    pub(super) new_request: Option<Box<Key>>,
}

impl TableUnit {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            slots: BTreeMap::new(),
            lines: BTreeMap::new(),
            fronts: BTreeMap::new(),
            counts: BTreeMap::new(),
            ended: Vec::new(),
            told: BTreeMap::new(),
            parts: 0,
            dropped: Vec::new(),
            new_request: None,
        }
    }

    /// The item as it is in this unit.
    pub(super) async fn read(&mut self, key: &Key) -> Result<Option<Item>, Fault> {
        if let Some(slot) = self.slots.get(key) {
            return Ok(slot.is.clone());
        }
        let found = self.table.get(key).await?;
        self.remember(key, found.as_ref())?;
        Ok(found)
    }

    /// Reads many items that are asked for one by one afterwards.
    pub(super) async fn read_ahead(&mut self, keys: &[Key]) -> Result<(), Fault> {
        let unknown: Vec<Key> = keys.iter().filter(|key| !self.slots.contains_key(key)).cloned().collect();
        let mut found = BTreeMap::new();
        for item in self.table.get_all(&unknown, true).await? {
            found.insert(item.key()?, item);
        }
        unknown.iter().try_for_each(|key| self.remember(key, found.get(key)))
    }

    /// Items of a partition as they are in this unit.
    pub(super) async fn query(&mut self, range: &Range<'_>) -> Result<Vec<(Key, Item)>, Fault> {
        let mut known = Vec::new();
        for item in self.table.query(range).await? {
            let key = item.key()?;
            self.remember(&key, Some(&item))?;
            if let Some(item) = self.slots.get(&key).and_then(|slot| slot.is.clone()) {
                known.push((key, item));
            }
        }
        Ok(known)
    }

    /// Takes in what was read, unless the unit knows the item already.
    pub(super) fn remember(&mut self, key: &Key, found: Option<&Item>) -> Result<(), Fault> {
        if let Entry::Vacant(free) = self.slots.entry(key.clone()) {
            let was = found.map_or(Ok(Was::Nothing), |item| revision(item).map(Was::Revision))?;
            free.insert(Slot { was, is: found.cloned(), changed: false, relied_on: false });
        }
        Ok(())
    }

    /// The item as the unit has read it, or written it.
    pub(super) fn known(&self, key: &Key) -> Option<&Item> {
        self.slots.get(key).and_then(|slot| slot.is.as_ref())
    }

    /// Whether the unit has read the item, or written it.
    pub(super) fn knows(&self, key: &Key) -> bool {
        self.slots.contains_key(key)
    }

    /// Writes the item. If it was read before, only as long as it is as it was read.
    pub(super) fn put(&mut self, key: Key, item: Item) {
        let slot = self.slots.entry(key).or_insert(Slot::anything());
        (slot.is, slot.changed) = (Some(item), true);
    }

    /// Writes an item that is not there yet.
    pub(super) fn put_new(&mut self, key: Key, item: Item) {
        let slot = self.slots.entry(key).or_insert(Slot { was: Was::Nothing, ..Slot::anything() });
        (slot.is, slot.changed) = (Some(item), true);
    }

    /// Writes an item at once, whatever becomes of the unit.
    pub(super) async fn put_now(&mut self, key: Key, item: Item) -> Result<(), Fault> {
        self.put(key.clone(), item);
        self.write_now(key).await
    }

    /// The same for an item that goes.
    pub(super) async fn erase_now(&mut self, key: Key) -> Result<(), Fault> {
        self.erase(key.clone());
        self.write_now(key).await
    }

    async fn write_now(&mut self, key: Key) -> Result<(), Fault> {
        let Some(slot) = self.slots.remove(&key) else { return Ok(()) };
        let Some(write) = slot.write(&self.table, key.clone())? else { return Ok(()) };
        match self.table.write(vec![write], &new_token()).await? {
            Written::Yes => Ok(()),
            // If it was written after all, the unit finds it there.
            Written::Conflict | Written::Unknown(_) => Err(Fault::Again),
        }
    }

    /// What the unit writes counts only as long as nothing is forgotten of what it asked about.
    pub(super) fn rely_on_tombs(&mut self) {
        let tombs = self.slots.iter_mut().filter(|(key, _)| is_tomb(key));
        tombs.for_each(|(_, slot)| slot.relied_on = true);
    }

    /// Changes an item that the unit does not write otherwise.
    pub(super) fn tell(&mut self, key: Key) -> &mut Told {
        self.told.entry(key).or_default()
    }

    pub(super) fn erase(&mut self, key: Key) {
        let slot = self.slots.entry(key).or_insert(Slot::anything());
        (slot.is, slot.changed) = (None, true);
    }

    /// What the unit writes counts only while an item that it read is as it was.
    pub(super) fn rely_on(&mut self, key: &Key) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.relied_on = true;
        }
    }

    /// What is to be written, all at once; nothing, if nothing changed. And what is told once it is.
    pub(super) fn end(mut self, token: &str) -> Result<(Vec<TransactWriteItem>, Vec<Ended>), Fault> {
        let writes = self.writes(token)?;
        if writes.len() > WRITTEN_AT_ONCE {
            let words = format!("{} items are more than one write can hold", writes.len());
            return Err(Fault::Ledger(LedgerError::Unavailable(words)));
        }
        Ok((writes, self.ended))
    }

    fn writes(&mut self, token: &str) -> Result<Vec<TransactWriteItem>, Fault> {
        let mut writes = Vec::new();
        // An item stands in a write once: what is relied on of a line that is written is a condition of writing it.
        for (lane, line) in self.lines.iter_mut().filter(|(_, line)| !line.is_unchanged()) {
            if let Some(slot) = self.slots.get_mut(&Key::line(lane)).filter(|slot| slot.relied_on) {
                slot.relied_on = false;
                line.since = match slot.was {
                    Was::Revision(rev) if rev > 0 => Since::Revision(rev),
                    Was::Revision(_) | Was::Nothing => Since::New,
                    Was::Anything => Since::Ever,
                };
            }
        }
        for (key, slot) in std::mem::take(&mut self.slots) {
            writes.extend(slot.write(&self.table, key)?);
        }
        // What belongs to a lane is counted where the lane is written anyway.
        let counts = std::mem::take(&mut self.counts);
        match self.lines.values_mut().find(|line| !line.is_unchanged()) {
            Some(line) => counts.iter().for_each(|(name, by)| line.count(name, *by)),
            None if counts.is_empty() => {}
            None => writes.push(add_counts(&self.table, token, &counts)?),
        }
        for (key, told) in std::mem::take(&mut self.told).into_iter().filter(|(_, told)| !told.is_empty()) {
            writes.push(told.build(&self.table, key)?);
        }
        for (lane, line) in &self.lines {
            writes.extend(line.write(&self.table, lane)?);
        }
        // Nothing is written only to say that something is still so.
        let only_checks = writes.iter().all(|write| write.condition_check.is_some());
        Ok(if only_checks { Vec::new() } else { writes })
    }
}

impl Unit for TableUnit {
    fn count(&mut self, name: String, by: i64) {
        *self.counts.entry(name.replace('/', "_")).or_default() += by;
    }

    fn ended(&mut self, job: &Job) {
        self.ended.extend(Ended::of(job));
    }

    async fn doubts(&mut self, at: Timestamp) -> Result<bool, Fault> {
        Ok(self.restored_at().await?.is_some_and(|restored| is_doubted(restored, at)))
    }
}

/// Tells a write from all others.
pub(super) fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
