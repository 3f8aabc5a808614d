//! A lane, its line, and when the sweep looks at it.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, Place, ShopId};
use lane::line::{LaneState, LineEntry, Pick, Ready, pick};
use serde::{Deserialize, Serialize};

use super::super::item::Item;
use super::super::key::{ENTRY, Key, LANE, of_lane};
use super::super::line::{DEPTH, Line, PLACES, PUT_OFF, SHOP, Since, WAKE, Wake};
use super::super::table::{Among, Range, revision};
use super::super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::row::{Lane, LaneRef};
use crate::ledger::unit::Lanes;

/// Entries of a line that are read at once: the first is nearly always the one that goes next.
const ENTRIES_AT_ONCE: usize = 10;

/// An entry of a line, as it lies.
#[derive(Serialize, Deserialize)]
struct Entry {
    job: JobId,
    ready: Ready,
    stops: bool,
}

/// The first entries of a line, which were read with it.
pub(in super::super) struct Front {
    entries: Vec<Item>,
    /// There are no more.
    is_end: bool,
}

impl Front {
    /// The first so many, or all there are; nothing if there may be more.
    fn first(&self, most: usize) -> Option<&[Item]> {
        let is_known = self.is_end || self.entries.len() >= most;
        is_known.then(|| &self.entries[..self.entries.len().min(most)])
    }
}

impl Lanes for TableUnit {
    async fn lane(&mut self, key: &LaneKey) -> Result<Option<Lane>, Fault> {
        let line = self.line_item(key).await?.unwrap_or_default();
        let made = self.lines.get(key).and_then(|line| line.made_for.clone());
        // A place may have been given in a lane that then was never made.
        let shop = match (made, line.text(SHOP)) {
            (Some(shop), _) => shop,
            (None, Some(shop)) => ShopId::parse(shop)?,
            (None, None) => return Ok(None),
        };
        let state = match self.read(&Key::lane(key)).await? {
            Some(item) => item.doc()?,
            None => LaneState::default(),
        };
        let added = self.lines.get(key).map_or(0, |line| line.depth);
        Ok(Some(Lane {
            row: 0,
            key: key.clone(),
            shop,
            depth: line.count(DEPTH)?.saturating_add_signed(added),
            put_off: u32::try_from(line.count(PUT_OFF)?).unwrap_or(u32::MAX),
            places: line.count(PLACES)?,
            was: state.clone(),
            state,
        }))
    }

    async fn lane_or_new(&mut self, key: &LaneKey, shop: &ShopId) -> Result<Lane, Fault> {
        if let Some(lane) = self.lane(key).await? {
            return Ok(lane);
        }
        self.changed_line(key).made_for = Some(shop.clone());
        let state = LaneState::default();
        Ok(Lane {
            row: 0,
            key: key.clone(),
            shop: shop.clone(),
            depth: 0,
            put_off: 0,
            places: 0,
            was: state.clone(),
            state,
        })
    }

    async fn save_lane(&mut self, lane: &mut Lane) -> Result<(), Fault> {
        if lane.state != lane.was {
            self.put(Key::lane(&lane.key), Item::of(&lane.state)?);
            lane.was = lane.state.clone();
        }
        Ok(())
    }

    async fn guard(&mut self, lane: &Lane) -> Result<(), Fault> {
        self.rely_on(&Key::lane(&lane.key));
        Ok(())
    }

    async fn append(&mut self, lane: &mut Lane, heard: Timestamp, wake: Option<Timestamp>) -> Result<Place, Fault> {
        let place = self.next_place(&lane.key).await?;
        lane.places = place.0;
        self.changed_line(&lane.key).heard = Some(heard);
        if let Some(at) = wake {
            self.changed_line(&lane.key).depth += 1;
            self.wake_by(lane.reference(), at).await?;
        }
        Ok(place)
    }

    async fn wake_by(&mut self, lane: LaneRef<'_>, at: Timestamp) -> Result<(), Fault> {
        let read = self.line_item(lane.key).await?;
        let is = read.as_ref().map(|item| item.time(WAKE)).transpose()?.flatten();
        let changed = self.changed_line(lane.key);
        changed.wake = match changed.wake {
            Wake::AsItWas => Wake::By { at, is_before: is.is_some_and(|is| is <= at) },
            Wake::By { at: earlier, .. } => {
                let at = at.min(earlier);
                Wake::By { at, is_before: is.is_some_and(|is| is <= at) }
            }
            Wake::Set { at: set, put_off, since } => {
                Wake::Set { at: Some(set.map_or(at, |set| set.min(at))), put_off, since }
            }
        };
        Ok(())
    }

    async fn set_wake(&mut self, lane: &Lane, at: Option<Timestamp>, put_off: u32) -> Result<(), Fault> {
        let read = self.line_item(&lane.key).await?.as_ref().map(revision).transpose()?.filter(|rev| *rev > 0);
        let since = read.map_or(Since::New, Since::Revision);
        self.changed_line(&lane.key).wake = Wake::Set { at, put_off, since };
        Ok(())
    }

    async fn overrule_wake(&mut self, lane: &Lane, at: Timestamp) -> Result<(), Fault> {
        self.changed_line(&lane.key).wake = Wake::Set { at: Some(at), put_off: 0, since: Since::Ever };
        Ok(())
    }

    async fn pick_next(&mut self, lane: &Lane, now: Timestamp) -> Result<Pick, Fault> {
        let mut known: Vec<LineEntry> = Vec::new();
        loop {
            let after = known.last().map(|entry| entry.place);
            let more = self.entries_after(&lane.key, after, ENTRIES_AT_ONCE).await?;
            let is_end = more.len() < ENTRIES_AT_ONCE;
            known.extend(more);
            // Whoever sees the end sees as many as there are, or the lane and its line were read at different moments.
            if is_end && known.len() as u64 != self.depth(lane) {
                return Err(Fault::Again);
            }
            match pick(known.iter().cloned(), now) {
                Pick::Nothing { .. } if !is_end => {}
                picked @ (Pick::Ready(_) | Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. }) => {
                    return Ok(picked);
                }
            }
        }
    }

    async fn behind(&mut self, lane: &Lane, place: Place, most: u32) -> Result<Vec<JobId>, Fault> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let found = self.entries_after(&lane.key, Some(place), most).await?;
        Ok(found.into_iter().map(|entry| entry.job).collect())
    }
}

impl TableUnit {
    /// Jobs in a lane's line, as they are in this unit.
    fn depth(&self, lane: &Lane) -> u64 {
        let read = self.known(&Key::line(&lane.key)).and_then(|line| line.count(DEPTH).ok()).unwrap_or_default();
        read.saturating_add_signed(self.lines.get(&lane.key).map_or(0, |line| line.depth))
    }

    /// The line as it was read, with the lane beside it.
    async fn line_item(&mut self, key: &LaneKey) -> Result<Option<Item>, Fault> {
        if !self.knows(&Key::line(key)) {
            // Who writes to a lane asks next who goes first.
            let (pk, last, most) = (of_lane(key), format!("{ENTRY}\u{10ffff}"), 2 + ENTRIES_AT_ONCE);
            let found = self.table.query(&Range::new(&pk, Among::Between(LANE, &last), most)).await?;
            let mut front = Front { is_end: found.len() < most, entries: Vec::new() };
            for item in found {
                let key = item.key()?;
                if key.sk.starts_with(ENTRY) {
                    front.entries.push(item);
                } else {
                    self.remember(&key, Some(&item))?;
                }
            }
            self.fronts.insert(key.clone(), front);
            self.remember(&Key::lane(key), None)?;
            self.remember(&Key::line(key), None)?;
        }
        self.read(&Key::line(key)).await
    }

    /// Whether the sweep has to look at a lane.
    pub(in super::super) async fn is_due(&mut self, key: &LaneKey, now: Timestamp) -> Result<bool, Fault> {
        let line = self.line_item(key).await?;
        Ok(line.map_or(Ok(None), |line| line.time(WAKE))?.is_some_and(|wake| wake <= now))
    }

    /// Whether the sweep has to look at it later.
    pub(in super::super) async fn is_due_after(&mut self, key: &LaneKey, now: Timestamp) -> Result<bool, Fault> {
        let line = self.line_item(key).await?;
        Ok(line.map_or(Ok(None), |line| line.time(WAKE))?.is_some_and(|wake| wake > now))
    }

    /// What the unit writes counts only as long as nothing comes to a lane's line.
    pub(in super::super) async fn rely_on_line(&mut self, key: &LaneKey) -> Result<(), Fault> {
        self.line_item(key).await?;
        self.rely_on(&Key::line(key));
        Ok(())
    }

    pub(in super::super) fn changed_line(&mut self, key: &LaneKey) -> &mut Line {
        self.lines.entry(key.clone()).or_default()
    }

    /// Gives the next place at the end of a lane. If the unit comes to nothing, nobody ever has it.
    pub(in super::super) async fn next_place(&mut self, key: &LaneKey) -> Result<Place, Fault> {
        let place = self.table.add(&Key::line(key), PLACES, 1).await?.ok_or(Fault::Again)?;
        Ok(Place(u64::try_from(place).map_err(Fault::unreadable)?))
    }

    /// Entries behind a place, or from the front, as they are in this unit: those that are there less than `most` are all
    /// there are.
    pub(in super::super) async fn entries_after(
        &mut self,
        key: &LaneKey,
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<LineEntry>, Fault> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let changed = self.lines.get(key).map(|line| line.entries.clone()).unwrap_or_default();
        // What this unit takes out may fill a whole page.
        let asked = most + changed.len();
        let mut entries = std::collections::BTreeMap::new();
        let front = self.fronts.get(key).filter(|_| after.is_none()).and_then(|front| front.first(asked));
        let found = match front {
            Some(front) => front.to_vec(),
            None => self.query_entries(key, after, asked).await?,
        };
        let is_end = found.len() < asked;
        for item in found {
            let entry = read_entry(&item)?;
            entries.insert(entry.place, entry);
        }
        let until = entries.keys().next_back().copied().filter(|_| !is_end);
        for (place, change) in changed {
            let is_seen = after.is_none_or(|after| place > after) && until.is_none_or(|until| place <= until);
            match change {
                Some(entry) if is_seen => drop(entries.insert(place, entry)),
                Some(_) => {}
                None => drop(entries.remove(&place)),
            }
        }
        Ok(entries.into_values().take(most).collect())
    }

    async fn query_entries(&self, key: &LaneKey, after: Option<Place>, most: usize) -> Result<Vec<Item>, Fault> {
        let (pk, last) = (of_lane(key), after.map(|place| Key::entry(key, place).sk));
        self.table.query(&Range::new(&pk, Among::after(ENTRY, last.as_deref()), most)).await
    }

    /// Writes an entry of a line, or takes it out. It is its job's, whose revision guards it.
    pub(in super::super) fn put_line_entry(
        &mut self,
        key: &LaneKey,
        place: Place,
        entry: Option<LineEntry>,
    ) -> Result<(), Fault> {
        match &entry {
            Some(entry) => {
                let (key, item) = entry_item(key, entry)?;
                self.put(key, item);
            }
            None => self.erase(Key::entry(key, place)),
        }
        self.changed_line(key).entries.insert(place, entry);
        Ok(())
    }
}

/// An entry of a line, and where it lies.
pub(super) fn entry_item(lane: &LaneKey, entry: &LineEntry) -> Result<(Key, Item), Fault> {
    let LineEntry { place, job, ready, stops } = entry;
    let lies = Entry { job: job.clone(), ready: *ready, stops: *stops };
    Ok((Key::entry(lane, *place), Item::of(&lies)?))
}

pub(in super::super) fn read_entry(item: &Item) -> Result<LineEntry, Fault> {
    let key = item.key()?;
    let place = key.sk.strip_prefix(ENTRY).and_then(|place| place.parse().ok());
    let place = Place(place.ok_or_else(|| Fault::unreadable("a place in a line"))?);
    let Entry { job, ready, stops } = item.doc()?;
    Ok(LineEntry { place, job, ready, stops })
}
