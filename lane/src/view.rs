//! What people look at: pages of jobs, lanes with the reason they stand still, quarantine, and figures.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::decision::Verdict;
use crate::id::{JobId, LaneKey, OperatorId, ShopId};
use crate::line::{Pause, Rest};
use crate::state::StateKind;

/// Rows in a page at the most.
pub const PAGE_ROWS_MAX: u32 = 200;

/// Where a page begins and how long it is. The cursor is opaque and comes from [`Paged::next`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The page after this one.
    pub after: Option<String>,
    /// At most this many rows; 0 means [`PAGE_ROWS_MAX`].
    pub limit: u32,
}

impl Page {
    /// The number of rows to read.
    pub fn rows(&self) -> u32 {
        if self.limit == 0 { PAGE_ROWS_MAX } else { self.limit.min(PAGE_ROWS_MAX) }
    }
}

/// One page of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paged<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// Which jobs to list. Those in one state come by the time of their last change, oldest first; those that wait in one shop
/// as they stand in its line; those in any state in the order they were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<StateKind>,
    /// Of this shop.
    pub shop: Option<ShopId>,
}

/// How a job ended. What ended last is what people ask for, so these lists are read from their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// See [`crate::state::State::Done`].
    Done,
    /// See [`crate::state::State::Skipped`].
    Skipped,
    /// See [`crate::state::State::Rejected`].
    Rejected,
}

impl Ended {
    /// Its state.
    pub fn state(self) -> StateKind {
        match self {
            Self::Done => StateKind::Done,
            Self::Skipped => StateKind::Skipped,
            Self::Rejected => StateKind::Rejected,
        }
    }
}

/// Which lanes to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneFilter {
    /// Of this shop.
    pub shop: Option<ShopId>,
    /// Only those that stand still although work is due: blocked, paused, retrying.
    pub stalled: bool,
}

/// How a lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LaneStatus {
    /// Nothing to do.
    Idle,
    /// A worker is on it.
    Running {
        /// Its lease runs out then.
        until: Timestamp,
    },
    /// Work is ready and will be taken up.
    Waiting,
    /// A limit or an outage of a provider is waited for.
    Throttled(Rest),
    /// The head waits for its next attempt and nothing may pass it.
    Retrying {
        /// The job.
        job: JobId,
        /// When.
        until: Timestamp,
    },
    /// The head waits for a person and nothing may pass it.
    Blocked {
        /// The job.
        job: JobId,
    },
    /// Paused.
    Paused(Pause),
}

impl LaneStatus {
    /// The one word for filters and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running { .. } => "running",
            Self::Waiting => "waiting",
            Self::Throttled(_) => "throttled",
            Self::Retrying { .. } => "retrying",
            Self::Blocked { .. } => "blocked",
            Self::Paused(_) => "paused",
        }
    }

    /// Whether it stands still although there may be work.
    pub fn is_stalled(&self) -> bool {
        match self {
            Self::Idle | Self::Running { .. } | Self::Waiting => false,
            Self::Throttled(_) | Self::Retrying { .. } | Self::Blocked { .. } | Self::Paused(_) => true,
        }
    }
}

/// A lane as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneView {
    /// The lane.
    pub lane: LaneKey,
    /// Its shop.
    pub shop: ShopId,
    /// How it stands.
    pub status: LaneStatus,
    /// The job at its head and the number people know it by.
    pub head: Option<(JobId, String)>,
    /// Jobs in its ready line.
    pub depth: u64,
    /// When the newest version of the first of them was heard of.
    pub oldest: Option<Timestamp>,
}

/// A webhook that was kept without becoming work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its number.
    pub id: u64,
    /// The merchant it named.
    pub merchant: String,
    /// The shop, if it is known.
    pub shop: Option<ShopId>,
    /// Its topic.
    pub topic: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it was kept aside.
    pub why: QuarantineReason,
    /// What was wrong, in words.
    pub words: String,
}

/// Why a webhook was kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// No shop has this domain (yet). Kept 30 days, replayed in order when the shop is added.
    UnknownShop,
    /// Authentic, but not understood.
    Unreadable,
    /// The named shop's token cannot see the order.
    UnknownToShop,
}

impl QuarantineReason {
    /// The reason that a row's word stands for. What nobody knows the word of can only be looked at.
    pub fn of_word(word: &str) -> Self {
        match word {
            "unknown_shop" => Self::UnknownShop,
            "unknown_to_shop" => Self::UnknownToShop,
            _ => Self::Unreadable,
        }
    }

    /// The word for rows and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownShop => "unknown_shop",
            Self::Unreadable => "unreadable",
            Self::UnknownToShop => "unknown_to_shop",
        }
    }
}

/// A decision that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub by: OperatorId,
    /// When.
    pub at: Timestamp,
    /// What they wrote.
    pub note: String,
}

/// Counts for `/metrics` and the demo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Jobs by state.
    pub jobs: Vec<(StateKind, u64)>,
    /// When the oldest job that is ready now was accepted.
    pub oldest_ready: Option<Timestamp>,
    /// Lanes that stand still, by the word of the reason.
    pub stalled: Vec<(String, u64)>,
    /// Webhooks by what became of them, every word of [`crate::ports::Recorded::label`].
    pub webhooks: Vec<(String, u64)>,
}
