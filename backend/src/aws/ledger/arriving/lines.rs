//! A lane's line as its jobs make it.

use std::collections::BTreeMap;

use lane::id::LaneKey;
use lane::job::Job;

use super::super::item::Item;
use super::super::line::{
    COUNTED, DEPTH, HEARD, PLACES, PUT_OFF, SHOP, WAKE, due_in, list_of_lanes, list_of_shops_lanes, shard,
};
use super::super::table::{DUE, LIST, OTHER_LIST};
use crate::ledger::fault::Fault;
use crate::moving::MovedLane;

/// A lane, and what its jobs have come to so far.
#[derive(Default)]
pub(super) struct Line {
    lane: Option<MovedLane>,
    depth: u64,
    counts: BTreeMap<String, u64>,
}

impl Line {
    pub(super) fn is(&mut self, lane: MovedLane) {
        self.lane = Some(lane);
    }

    /// One more job stands in the lane.
    pub(super) fn add(&mut self, job: &Job) {
        self.depth += u64::from(job.in_line().is_some());
        *self.counts.entry(format!("{COUNTED}job_{}", job.state.kind().as_str())).or_default() += 1;
    }

    /// The line's item.
    pub(super) fn item(self, key: &LaneKey) -> Result<Item, Fault> {
        let lane = self.lane.ok_or_else(|| Fault::unreadable("a job whose lane is not in the export"))?;
        let mut item = Item::default();
        item.set(SHOP, lane.shop.as_str());
        item.set(LIST.hash, list_of_lanes(key));
        item.set(LIST.range, key.to_string());
        item.set(OTHER_LIST.hash, list_of_shops_lanes(&lane.shop));
        item.set(OTHER_LIST.range, key.to_string());
        item.set(PLACES, lane.places);
        item.set(DEPTH, self.depth);
        item.set(PUT_OFF, 0_u64);
        item.set(HEARD, lane.heard_at);
        for (name, n) in self.counts {
            item.set(&name, n);
        }
        if let Some(wake) = lane.wake {
            item.set(WAKE, wake);
            item.set(DUE.hash, due_in(shard(key)));
        }
        Ok(item)
    }
}
