//! A lane's line, as one unit changes it. Handlers, the desk, workers and the sweep all write it, so it is added to and
//! never compared as a whole: only when the sweep looks next is conditioned, because whoever moves that time back must
//! know of everything that came meanwhile.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use lane::clock::Timestamp;
use lane::id::{LaneKey, Place, ShopId};
use lane::line::LineEntry;

use super::key::Key;
use super::table::{DUE, LIST, OTHER_LIST, Table};
use super::told::Told;
use crate::ledger::fault::Fault;

pub(super) const SHOP: &str = "shop";
pub(super) const DEPTH: &str = "depth";
pub(super) const PLACES: &str = "places";
pub(super) const PUT_OFF: &str = "put_off";
pub(super) const HEARD: &str = "heard";
pub(super) const WAKE: &str = DUE.range;
/// Counts of jobs and webhooks begin so.
pub(super) const COUNTED: &str = "n_";
/// Lists that everything stands in are cut into so many, or one partition of the index would take all writes.
pub(super) const SHARDS: u64 = 4;

/// What a unit does to a line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The lane's shop, if the lane is new.
    pub(super) made_for: Option<ShopId>,
    pub(super) depth: i64,
    pub(super) heard: Option<Timestamp>,
    pub(super) wake: Wake,
    pub(super) counts: BTreeMap<String, i64>,
    /// Only as long as it is as it was read.
    pub(super) since: Since,
    /// Entries that are put, or taken out.
    pub(super) entries: BTreeMap<Place, Option<LineEntry>>,
}

/// When the sweep looks at the lane.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Wake {
    #[default]
    AsItWas,
    /// Then or before; `is_before` as it was read.
    By { at: Timestamp, is_before: bool },
    /// Exactly then, or not at all, as long as the line is as it was read.
    Set { at: Option<Timestamp>, put_off: u32, since: Since },
}

/// As what a line was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Whatever it is.
    #[default]
    Ever,
    /// As none.
    New,
    Revision(i64),
}

impl Line {
    pub(super) fn is_unchanged(&self) -> bool {
        self.made_for.is_none()
            && self.depth == 0
            && self.heard.is_none()
            && matches!(self.wake, Wake::AsItWas)
            && self.counts.is_empty()
            && self.entries.is_empty()
    }

    pub(super) fn count(&mut self, name: &str, by: i64) {
        *self.counts.entry(name.to_owned()).or_default() += by;
    }

    pub(super) fn write(&self, table: &Table, lane: &LaneKey) -> Result<Option<TransactWriteItem>, Fault> {
        if self.is_unchanged() {
            return Ok(None);
        }
        let key = Key::line(lane);
        let mut told = Told::default();
        if self.depth != 0 {
            told.add(DEPTH, self.depth);
        }
        for (name, by) in self.counts.iter().filter(|(_, by)| **by != 0) {
            told.add(&format!("{COUNTED}{name}"), *by);
        }
        if let Some(shop) = &self.made_for {
            told.set(SHOP, shop.as_str());
            told.set(LIST.hash, list_of_lanes(lane));
            told.set(LIST.range, lane.to_string());
            told.set(OTHER_LIST.hash, list_of_shops_lanes(shop));
            told.set(OTHER_LIST.range, lane.to_string());
        }
        if let Some(heard) = self.heard {
            told.set(HEARD, heard);
        }
        self.tell_wake(lane, &mut told);
        if self.since != Since::Ever {
            told.only_if(self.since);
        }
        told.build(table, key).map(Some)
    }

    fn tell_wake(&self, lane: &LaneKey, told: &mut Told) {
        match self.wake {
            Wake::AsItWas => {}
            // A line that is as it was read needs no other condition.
            Wake::By { at, is_before } if self.since != Since::Ever => {
                if !is_before {
                    wake(told, lane, at);
                }
            }
            Wake::By { at, is_before: true } => {
                told.values.set(":by", at);
                told.condition = Some(format!("{WAKE} <= :by"));
            }
            Wake::By { at, is_before: false } => {
                wake(told, lane, at);
                told.values.set(":by", at);
                told.condition = Some(format!("attribute_not_exists({WAKE}) OR {WAKE} > :by"));
            }
            Wake::Set { at, put_off, since } => {
                match at {
                    Some(at) => wake(told, lane, at),
                    None => told.remove.push(WAKE.to_owned()),
                }
                told.set(PUT_OFF, u64::from(put_off));
                told.only_if(since);
            }
        }
    }
}

/// Counts what belongs to no lane: in one of several items, because writes of one item wait for each other.
pub(super) fn add_counts(
    table: &Table,
    token: &str,
    counts: &BTreeMap<String, i64>,
) -> Result<TransactWriteItem, Fault> {
    let mut told = Told::default();
    for (name, by) in counts {
        told.add(&format!("{COUNTED}{name}"), *by);
    }
    told.build(table, Key::counts(hash(token) % COUNTS))
}

/// Items that count what belongs to no lane.
pub(super) const COUNTS: u64 = 16;

fn wake(told: &mut Told, lane: &LaneKey, at: Timestamp) {
    told.set(WAKE, at);
    told.set(DUE.hash, due_in(shard(lane)));
}

/// The list of lanes in which a lane stands, and its part of the list of those that are due.
pub(super) fn shard(lane: &LaneKey) -> u64 {
    hash(&lane.to_string()) % SHARDS
}

/// FNV: spread, and the same for every program that ever reads the table.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The list of a shop's lanes.
pub(super) fn list_of_shops_lanes(shop: &ShopId) -> String {
    format!("lanes#{shop}")
}

pub(super) fn list_of_lanes(lane: &LaneKey) -> String {
    list_of_lanes_in(shard(lane))
}

/// A part of the index of lanes that are due.
pub(super) fn due_in(shard: u64) -> String {
    format!("due#{shard}")
}

pub(super) fn list_of_lanes_in(shard: u64) -> String {
    format!("lanes##{shard}")
}
