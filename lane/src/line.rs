//! The ready line of a lane and the lease on it: who goes next, and who may work.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{Fence, JobId, LaneKey, OperatorId, Place};
use crate::outcome::PauseReason;

/// When an entry of the line is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ready {
    /// Now.
    Now,
    /// At that time.
    At(Timestamp),
    /// Not until a person decides.
    Never,
}

/// A job's entry in the ready line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEntry {
    /// Its place.
    pub place: Place,
    /// The job.
    pub job: JobId,
    /// When it is ready.
    pub ready: Ready,
    /// Whether nothing may pass it while it is not.
    pub stops: bool,
}

/// Who goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// This job, now.
    Ready(JobId),
    /// This job stops the lane until then.
    NotUntil {
        /// The job.
        job: JobId,
        /// When it, or one before it, is ready.
        at: Timestamp,
    },
    /// This job stops the lane until a person decides.
    Blocked {
        /// The job.
        job: JobId,
        /// When one before it is ready.
        next: Option<Timestamp>,
    },
    /// Nothing is ready.
    Nothing {
        /// When something is.
        next: Option<Timestamp>,
    },
}

/// Picks from the line, lowest place first. Entries that may be passed are passed while they are not ready.
pub fn pick(line: impl IntoIterator<Item = LineEntry>, now: Timestamp) -> Pick {
    let mut next: Option<Timestamp> = None;
    for entry in line {
        match entry.ready {
            Ready::Now => return Pick::Ready(entry.job),
            Ready::At(at) if at <= now => return Pick::Ready(entry.job),
            Ready::At(at) => {
                let earliest = next.map_or(at, |known| known.min(at));
                if entry.stops {
                    return Pick::NotUntil { job: entry.job, at: earliest };
                }
                next = Some(earliest);
            }
            Ready::Never if entry.stops => return Pick::Blocked { job: entry.job, next },
            Ready::Never => {}
        }
    }
    Pick::Nothing { next }
}

/// How many leases in a row may run out without any progress before the lane is paused.
pub const STRIKES_MAX: u32 = 5;

/// The right to work on one lane until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The lane.
    pub lane: LaneKey,
    /// The worker.
    pub owner: String,
    /// Only ever rises; a write with an older fence changes nothing.
    pub fence: Fence,
    /// When it runs out.
    pub until: Timestamp,
}

/// A pause of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Why.
    pub why: PauseReason,
    /// When it ends by itself; an operator ends it otherwise.
    pub until: Option<Timestamp>,
    /// The operator who paused it.
    pub by: Option<OperatorId>,
    /// Since when.
    pub since: Timestamp,
}

/// Why a lane with a ready head is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Until when.
    pub until: Timestamp,
    /// In words: the account whose limit or outage it waits for.
    pub why: String,
}

/// What the ledger keeps about a lane besides its jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneState {
    /// The fence of the newest lease.
    pub fence: u64,
    /// Who holds the lease, and until when. It stays when a worker dies.
    pub lease: Option<(String, Timestamp)>,
    /// Whether it is paused.
    pub paused: Option<Pause>,
    /// Why its ready head is left alone.
    pub rest: Option<Rest>,
    /// Leases that ran out in a row without progress.
    pub strikes: u32,
}

/// The answer to who wants to work on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    /// It may.
    Yes(Lease),
    /// Somebody else works on it.
    Busy {
        /// Until then at the latest.
        until: Timestamp,
    },
    /// Nobody may.
    Paused {
        /// When the pause ends by itself.
        until: Option<Timestamp>,
    },
}

impl LaneState {
    /// Gives the lease to `owner` unless somebody holds it or the lane is paused. A pause that has ended is lifted.
    pub fn lease(&mut self, lane: &LaneKey, owner: &str, now: Timestamp, until: Timestamp) -> Leased {
        if let Some(pause) = &self.paused {
            if pause.until.is_none_or(|end| end > now) {
                return Leased::Paused { until: pause.until };
            }
            self.paused = None;
        }
        if let Some((_, end)) = &self.lease {
            if *end > now {
                return Leased::Busy { until: *end };
            }
            self.strikes += 1;
            if self.strikes >= STRIKES_MAX {
                self.strikes = 0;
                self.lease = None;
                self.paused = Some(Pause { why: PauseReason::NoProgress, until: None, by: None, since: now });
                return Leased::Paused { until: None };
            }
        }
        self.fence += 1;
        self.lease = Some((owner.to_owned(), until));
        self.rest = None;
        Leased::Yes(Lease { lane: lane.clone(), owner: owner.to_owned(), fence: Fence(self.fence), until })
    }

    /// Whether writes under this lease still count.
    pub fn honours(&self, lease: &Lease) -> bool {
        self.lease.is_some() && self.fence == lease.fence.0
    }

    /// Something was begun or completed.
    pub fn progressed(&mut self) {
        self.strikes = 0;
    }

    /// Gives the lease back.
    pub fn release(&mut self, rest: Option<Rest>) {
        self.lease = None;
        self.strikes = 0;
        self.rest = rest;
    }

    /// Voids a lease whose holder is known to be gone.
    pub fn void(&mut self) {
        self.lease = None;
    }

    /// Whether somebody works on it.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|(_, end)| *end > now)
    }

    /// Whether it is paused.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused.as_ref().is_some_and(|pause| pause.until.is_none_or(|end| end > now))
    }
}
