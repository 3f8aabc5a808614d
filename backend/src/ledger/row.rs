//! What a unit reads of a lane and of a job, and writes back.

use lane::id::{JobId, LaneKey, ShopId};
use lane::job::Job;
use lane::line::LaneState;
use lane::state::StateKind;

/// A lane as a unit found it.
pub(crate) struct Lane {
    /// The store's own number of it.
    pub(crate) row: i64,
    pub(crate) key: LaneKey,
    pub(crate) shop: ShopId,
    /// Jobs in its line.
    pub(crate) depth: u64,
    /// Sweeps in a row that nobody answered.
    pub(crate) put_off: u32,
    /// The last place that was given.
    pub(crate) places: u64,
    pub(crate) state: LaneState,
    /// The state as the store has it.
    pub(crate) was: LaneState,
}

impl Lane {
    pub(crate) fn reference(&self) -> LaneRef<'_> {
        LaneRef { row: self.row, key: &self.key }
    }
}

/// Leads to a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneRef<'a> {
    /// The store's own number of it.
    pub(crate) row: i64,
    pub(crate) key: &'a LaneKey,
}

/// A job as a unit found it.
pub(crate) struct JobRow {
    /// The store's own numbers of it and of its lane.
    pub(crate) row: i64,
    pub(crate) lane: i64,
    pub(crate) job: Job,
    /// Its state and whether it was in line, as the store has it.
    pub(crate) was: (StateKind, bool),
}

impl JobRow {
    /// A job as the store has it.
    pub(crate) fn found(row: i64, lane: i64, job: Job) -> Self {
        let was = (job.state.kind(), job.in_line().is_some());
        Self { row, lane, job, was }
    }

    /// Its lane.
    pub(crate) fn lane(&self) -> LaneRef<'_> {
        LaneRef { row: self.lane, key: &self.job.lane }
    }

    /// By what others refer to it.
    pub(crate) fn reference(&self) -> JobRef {
        JobRef { row: self.row, lane: self.job.lane.clone(), job: self.job.id.clone() }
    }
}

/// Leads to a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JobRef {
    /// The store's own number of it.
    pub(crate) row: i64,
    pub(crate) lane: LaneKey,
    pub(crate) job: JobId,
}
