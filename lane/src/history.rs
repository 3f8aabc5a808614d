//! The timeline of a job: everything that ever happened to it, oldest first, append-only.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::decision::Verdict;
use crate::hold::{Fact, HoldReason};
use crate::id::{CorrelationId, Fence, OperatorId};
use crate::outcome::{CallRecord, Shipped};
use crate::state::StateKind;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// A first webhook was accepted.
    Accepted {
        /// Its topic.
        topic: String,
        /// Follows it through the logs.
        correlation: CorrelationId,
        /// The state it entered.
        state: StateKind,
        /// Why, if it does not qualify.
        why: Option<String>,
    },
    /// A later webhook said something new.
    Newer {
        /// Its topic.
        topic: String,
        /// Follows it through the logs.
        correlation: CorrelationId,
        /// The version it made.
        version: u64,
        /// The state afterwards.
        state: StateKind,
    },
    /// An attempt began, before any call left.
    Began {
        /// Its number.
        attempt: u32,
        /// The lease it ran under.
        fence: Fence,
        /// Whether it only looked up what had become of earlier ones.
        look_up: bool,
    },
    /// An attempt ended.
    Ended {
        /// Its number.
        attempt: u32,
        /// The outcome's word.
        outcome: String,
        /// The outcome in words for people.
        words: String,
        /// The state afterwards.
        state: StateKind,
        /// The calls it made.
        calls: Vec<CallRecord>,
    },
    /// The job was held.
    Held {
        /// The hold's number.
        number: u32,
        /// Why.
        reason: HoldReason,
        /// On what evidence, so that it can be seen later what was decided on.
        #[serde(default)]
        evidence: Vec<Fact>,
    },
    /// A newer version or a disturbance came while it was worked on, so it went back in line.
    Reopened {
        /// In words.
        why: String,
    },
    /// A worker without a lease may have written.
    Disturbed,
    /// An operator decided.
    Decided {
        /// What.
        verdict: Verdict,
        /// About which question.
        hold: u32,
        /// Who.
        by: OperatorId,
        /// What they wrote.
        note: String,
    },
    /// An operator took a decision back before it took effect.
    Undone {
        /// About which question it was.
        hold: u32,
        /// Who took it back.
        by: OperatorId,
    },
    /// The shop was told of a shipment.
    Shipped(Shipped),
    /// Its customer or its shop asked to be forgotten. What the timeline said of people is gone.
    Redacted,
    /// An operator released it from quarantine.
    Released {
        /// Who.
        by: OperatorId,
    },
}
