//! What an attempt reports: its outcome, what may exist at the provider afterwards, and the calls it made.

mod pause;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::hold::{Fact, HoldReason};
use crate::id::{AccountId, Fingerprint};
use crate::marks::Marks;
use crate::rules::Seen;
use crate::shop::SkipReason;

pub use pause::PauseReason;

/// How an attempt ended. The worker decides it; [`crate::job::Job::complete`] turns it into a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Carried out and read back.
    Done(Proof),
    /// A failure that may pass.
    Retry {
        /// How long the provider asked to wait; the schedule decides when it said nothing.
        after: Option<Duration>,
        /// What happened.
        error: Trouble,
    },
    /// A person must decide.
    Hold {
        /// Why.
        reason: HoldReason,
        /// On what evidence.
        evidence: Vec<Fact>,
        /// The order as it was fetched.
        fingerprint: Fingerprint,
        /// The read-back difference, if that is the reason.
        difference: Option<Fingerprint>,
    },
    /// Refused for good.
    Fail(Trouble),
    /// Nothing to carry out.
    Skip(SkipReason),
    /// A person refused the job, and nothing of it ships any more: it is not at the warehouse, or is cancelled or on hold
    /// there, or a person saw to it.
    Withdrawn,
    /// Not yet; not counted as an attempt. Others may pass unless `stops`.
    Wait {
        /// When it may be tried again.
        until: Timestamp,
        /// What it waits for, in words.
        why: String,
        /// Whether the lane waits with it.
        stops: bool,
    },
    /// The whole lane must stop; not counted as an attempt.
    Pause {
        /// Why.
        why: PauseReason,
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
}

impl Outcome {
    /// The one word for logs and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Retry { .. } => "retry",
            Self::Hold { .. } => "hold",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
            Self::Withdrawn => "withdrawn",
            Self::Wait { .. } => "wait",
            Self::Pause { .. } => "pause",
        }
    }

    /// The outcome in words for the timeline and the log; no personal datum in it.
    pub fn words(&self) -> String {
        match self {
            Self::Done(proof) => format!("carried out and read back at {} as {}", proof.account, proof.reference),
            Self::Retry { error, .. } | Self::Fail(error) => format!("{}: {}", error.at, error.words),
            Self::Hold { reason, .. } => reason.words().to_owned(),
            Self::Skip(why) => why.words(),
            Self::Withdrawn => {
                "refused; what the warehouse has of it is cancelled or on hold there, or left to a person".to_owned()
            }
            Self::Wait { why, .. } => why.clone(),
            Self::Pause { why, .. } => why.words(),
        }
    }

    /// Whether somebody should look at it soon: the job or its lane goes on only by a person's hand.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Hold { .. } | Self::Fail(_) | Self::Pause { .. } | Self::Skip(SkipReason::UnknownToShop) => true,
            Self::Done(_) | Self::Retry { .. } | Self::Skip(_) | Self::Withdrawn | Self::Wait { .. } => false,
        }
    }
}

/// What went wrong, in words for people and without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Where: the provider's name, or `lanekeeper`.
    pub at: String,
    /// What, and what to do about it.
    pub words: String,
}

impl Trouble {
    /// Trouble at a provider.
    pub fn new(at: &str, words: impl Into<String>) -> Self {
        Self { at: at.to_owned(), words: words.into() }
    }
}

/// Evidence that a job was carried out: what was read back where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The account it was read back from.
    pub account: AccountId,
    /// The provider's own id of what was made.
    pub reference: String,
    /// The key under which it was written.
    pub key: String,
    /// The order as it was fetched from the platform.
    pub fingerprint: Fingerprint,
    /// The fields that were compared, all equal or accepted.
    pub compared: Vec<String>,
    /// The difference a person accepted.
    pub accepted: Option<Fingerprint>,
    /// When it was read back.
    pub read_back_at: Timestamp,
}

/// How names in [`WarehouseCopy::written`] begin that are about the shop and not about what stands at the warehouse: what
/// others had fulfilled before the order was written. Nobody overwrites that.
pub const ABOUT_THE_SHOP: &str = "fulfilled before/";

/// What may exist at the warehouse because of this job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No attempt can have written anything.
    #[default]
    Untouched,
    /// A write may have happened, or the warehouse may have imported it by itself: look it up before writing again.
    Unresolved,
    /// It is there.
    There(WarehouseCopy),
}

impl Reach {
    /// What is known after somebody may have written without telling.
    #[must_use]
    pub fn or_unresolved(self) -> Self {
        match self {
            Self::Untouched | Self::Unresolved => Self::Unresolved,
            Self::There(copy) => Self::There(copy),
        }
    }

    /// What is known after a worker without a lease may have overwritten it: what stands there can no longer be told
    /// from the warehouse's own changes, so nothing of it counts as written by us.
    #[must_use]
    pub fn or_overwritten(self) -> Self {
        match self {
            Self::Untouched | Self::Unresolved => Self::Unresolved,
            Self::There(mut copy) => {
                copy.written.retain(|name, _| name.starts_with(ABOUT_THE_SHOP));
                Self::There(copy)
            }
        }
    }
}

/// The order as the warehouse holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarehouseCopy {
    /// The account that holds it. It stays there when the shop's warehouse is changed.
    pub account: AccountId,
    /// The warehouse's own order id.
    pub order_id: String,
    /// Hash per field of what we last wrote. A field that shows something else was changed by the warehouse, and stays.
    pub written: BTreeMap<String, String>,
    /// The warehouse's shipments that the shop was told of, each with the platform's id of the fulfilment.
    #[serde(default)]
    pub told: BTreeMap<String, String>,
}

/// A provider call as the timeline shows it; no secret and no personal datum in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When it left.
    pub at: Timestamp,
    /// Whose limit it used.
    pub account: AccountId,
    /// What was called (`POST /orders/createorder`).
    pub call: String,
    /// How it ended, in words (`200`, `429, wait 12 s`, `cut off, may have happened`).
    pub ended: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// All that an attempt tells the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What may exist at the warehouse now.
    pub reach: Reach,
    /// The calls it made, oldest first.
    pub calls: Vec<CallRecord>,
    /// What it learnt about the order on the way.
    pub learnt: Learnt,
}

/// What an attempt learnt about its order, whatever its outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learnt {
    /// What rules look at.
    pub seen: Option<Seen>,
    /// Whose it is, where it goes, how it was paid.
    pub marks: Marks,
    /// The platform's global ids of its parts, by which some webhooks name it.
    pub parts: Vec<String>,
    /// Shipments that the shop was told of, oldest first.
    pub shipped: Vec<Shipped>,
}

/// A shipment that the shop was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// The warehouse's id of the shipment.
    pub shipment: String,
    /// The platform's id of the fulfilment.
    pub fulfilment: String,
    /// Who carries it, in the platform's words (`UPS`).
    pub carrier: Option<String>,
    /// Its tracking number.
    pub tracking: Option<String>,
    /// Units that it holds.
    pub units: u32,
}
