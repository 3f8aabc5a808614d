//! The whole world in one value: the shop, the ledger, the queue, the warehouse, the workers, a person's screen.
//!
//! Time is not counted. Every time in a job is either over or still to come, and *that it comes* is a step of its own,
//! which may be taken at any moment; so every order of timers is explored, also those that the real durations exclude.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::{AccountId, Fence, Fingerprint, LaneKey, ShopId};
use lane::job::Job;
use lane::line::{LaneState, Lease};
use lane::state::{State, StateKind};
use lane::wake_up::DedupId;

use crate::rules::Bounds;
use crate::worker::Worker;

pub(crate) const JOBS: usize = 3;
pub(crate) const WORKERS: usize = 2;

/// The time at which everything happens, with what is over before it and what is to come after it.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}
pub(crate) fn past() -> Timestamp {
    Timestamp::from_second(1_799_000_000).unwrap()
}
pub(crate) fn later() -> Timestamp {
    Timestamp::from_second(1_800_000_100).unwrap()
}

/// The `updated_at` of a version at the shop.
pub(crate) fn told_at(version: u8) -> Timestamp {
    Timestamp::from_second(1_799_000_000 + i64::from(version)).unwrap()
}

pub(crate) fn shop_id() -> ShopId {
    ShopId::parse("acme").unwrap()
}
pub(crate) fn lane_key() -> LaneKey {
    LaneKey::orders(&shop_id())
}
pub(crate) fn warehouse_account() -> AccountId {
    AccountId::at("shipstation", "main")
}
pub(crate) fn fingerprint(job: usize, version: u8) -> Fingerprint {
    Fingerprint::given(&format!("{job}.{version}"))
}

/// An order at the shop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) version: u8,
    pub(crate) cancelled: Option<u8>,
    /// Versions whose webhook the platform still has to bring, one bit each.
    pub(crate) untold: u8,
}

/// An order at the warehouse: the version of the shop's order that its bytes are, and whether it ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Stock {
    pub(crate) bytes: u8,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Status {
    Ships,
    OnHold,
    Cancelled,
}

/// A job as the ledger has it, and what the model remembers about it to judge the ledger by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) job: Job,
    /// The how-manieth job of the lane it was.
    pub(crate) accepted: usize,
    /// It was held, failed, skipped or reopened: the promise of order leaves it out.
    pub(crate) aside: bool,
    /// Versions a person approved, as shown on their screen.
    pub(crate) approved: u8,
    /// The job's version at its last approval.
    pub(crate) approved_at: u64,
    /// Both, before the newest decision.
    pub(crate) approved_before: (u8, u64),
    /// Questions that were decided.
    pub(crate) decided: Vec<u32>,
}

/// What the ledger knows of the lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) fence: u64,
    /// Whether the lease's time has run out.
    pub(crate) lease: Option<bool>,
    /// The sweep looks at the lane at some time.
    pub(crate) wake: bool,
    pub(crate) places: u64,
}

impl Lane {
    pub(crate) fn real(self) -> LaneState {
        let until = |over: bool| if over { past() } else { later() };
        let lease = self.lease.map(|over| ("worker".to_owned(), until(over)));
        LaneState { fence: self.fence, lease, ..LaneState::default() }
    }

    pub(crate) fn take(&mut self, real: &LaneState) {
        assert!(real.paused.is_none(), "the bounds are below the strikes that pause a lane");
        self.fence = real.fence;
        self.lease = real.lease.as_ref().map(|(_, until)| *until <= now());
    }

    /// Whether a fence is the newest, told without the code that is looked at.
    pub(crate) fn is_newest(self, fence: u64) -> bool {
        self.lease.is_some() && self.fence == fence
    }

    pub(crate) fn honours(self, fence: u64) -> bool {
        let lease = Lease { lane: lane_key(), owner: "worker".to_owned(), fence: Fence(fence), until: later() };
        self.real().honours(&lease)
    }
}

/// Who has the wake-up that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Worker(usize),
    /// Nobody any more; it shows again at its time.
    Time,
}

/// One message group of the queue. Its messages are alike, so only their number counts; what is received blocks the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) waiting: u8,
    pub(crate) held: Option<Holder>,
    /// Ids that would be swallowed if they came again. One that can never come again is left out.
    pub(crate) window: Vec<DedupId>,
}

/// Waiting messages are counted up to here; one more is as good as none.
pub(crate) const WAITING_MAX: u8 = 2;

/// What a person has before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) job: usize,
    pub(crate) number: u32,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) of: StateKind,
    /// The version that was fetched for the hold.
    pub(crate) shown: u8,
}

/// A transition that must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Breach {
    FenceFell,
    OldFenceWrote,
    OutOfOrder,
    NoIntent,
    TerminalLeft,
    DecidedTwice,
    NotWhatWasShown,
    NotApproved,
    WentBack,
    VersionFell,
}

#[derive(Clone, PartialEq)]
pub(crate) struct World {
    pub(crate) shop: [Order; JOBS],
    pub(crate) rows: [Option<Arc<Row>>; JOBS],
    pub(crate) lane: Lane,
    pub(crate) queue: Queue,
    pub(crate) warehouse: [Option<Stock>; JOBS],
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) screen: Option<Screen>,
    pub(crate) left: Bounds,
    pub(crate) breach: Option<Breach>,
    pub(crate) print: u64,
}

impl World {
    pub(crate) fn start(jobs: usize, left: Bounds) -> Self {
        let mut shop = [Order::default(); JOBS];
        for order in &mut shop[..jobs] {
            order.untold = 1;
        }
        let mut world = Self {
            shop,
            rows: [None, None, None],
            lane: Lane::default(),
            queue: Queue::default(),
            warehouse: [None; JOBS],
            workers: Default::default(),
            screen: None,
            left,
            breach: None,
            print: 0,
        };
        world.seal();
        world
    }

    pub(crate) fn row(&self, job: usize) -> &Arc<Row> {
        self.rows[job].as_ref().unwrap()
    }

    pub(crate) fn kind(&self, job: usize) -> Option<StateKind> {
        self.rows[job].as_ref().map(|row| row.job.state.kind())
    }

    pub(crate) fn breach(&mut self, breach: Breach) {
        self.breach.get_or_insert(breach);
    }

    /// Whether a worker may work under its lease.
    pub(crate) fn honoured(&self, worker: usize) -> bool {
        self.workers[worker].fence != 0 && self.lane.honours(self.workers[worker].fence)
    }

    /// Whether the newest lease belongs to a worker that is still at it.
    pub(crate) fn holder_lives(&self) -> bool {
        self.lane.lease.is_some() && self.workers.iter().any(|worker| worker.fence == self.lane.fence)
    }

    /// Nothing is left to do: each job has ended or waits for a person, every webhook has come, no worker is at work.
    pub(crate) fn is_settled(&self) -> bool {
        let ready = |row: &Arc<Row>| {
            matches!(row.job.state.kind(), StateKind::Waiting | StateKind::Attempting | StateKind::Retrying)
        };
        self.shop.iter().all(|order| order.untold == 0)
            && !self.rows.iter().flatten().any(ready)
            && self.workers.iter().all(|worker| worker.attempt.is_none())
    }

    /// Whether a job waits for a time to come.
    pub(crate) fn waits(&self, job: usize) -> bool {
        self.rows[job].as_ref().is_some_and(|row| match &row.job.state {
            State::Waiting { not_before: Some(at), .. } | State::Retrying { due: at, .. } => *at > now(),
            State::Waiting { not_before: None, .. }
            | State::Attempting { .. }
            | State::Held(_)
            | State::Done { .. }
            | State::Failed { .. }
            | State::Skipped { .. }
            | State::Rejected { .. } => false,
        })
    }

    /// The time comes that a job waited for.
    pub(crate) fn come(&mut self, job: usize) {
        let row = Arc::make_mut(self.rows[job].as_mut().unwrap());
        if let State::Waiting { not_before: Some(at), .. } | State::Retrying { due: at, .. } = &mut row.job.state {
            *at = past();
        }
        if let Some(undo) = &mut row.job.undo {
            undo.until = past();
        }
    }
}
