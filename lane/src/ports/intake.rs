//! The ledger as the handler uses it.

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::id::{AccountId, LaneKey};
use crate::state::StateKind;
use crate::view::QuarantineReason;
use crate::wake_up::Envelope;
use crate::webhook::Webhook;

/// What became of a webhook. All of these are durable and deserve a 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A job was accepted.
    New {
        /// Its lane.
        lane: LaneKey,
        /// The state it entered.
        state: StateKind,
        /// The wake-up to send. Nothing if the job is not in line or its lane has work enough.
        send: Option<Envelope>,
    },
    /// A known job has a newer version.
    Newer {
        /// Its lane.
        lane: LaneKey,
        /// The state afterwards.
        state: StateKind,
        /// The wake-up to send.
        send: Option<Envelope>,
    },
    /// Nothing new about a known job.
    Unchanged,
    /// This webhook was recorded before.
    Duplicate,
    /// It was kept without becoming work.
    Quarantined(QuarantineReason),
    /// The app was taken away: the shop's lanes are paused.
    Closed,
    /// A request about somebody's data was taken in.
    Asked,
    /// It is about somebody or some shop that asked to be forgotten: nothing of it was kept.
    Forgotten,
}

impl Recorded {
    /// The word for logs, metrics and rows.
    pub fn label(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Newer { .. } => "newer",
            Self::Unchanged => "unchanged",
            Self::Duplicate => "duplicate",
            Self::Quarantined(_) => "quarantined",
            Self::Closed => "closed",
            Self::Asked => "asked",
            Self::Forgotten => "forgotten",
        }
    }

    /// The wake-up to send, if there is one.
    pub fn wake_up(&self) -> Option<&Envelope> {
        match self {
            Self::New { send, .. } | Self::Newer { send, .. } => send.as_ref(),
            Self::Unchanged | Self::Duplicate | Self::Quarantined(_) | Self::Closed | Self::Asked | Self::Forgotten => {
                None
            }
        }
    }
}

/// Lanes with more open jobs than this get no further wake-ups from the handler: they are being worked, or the sweep
/// wakes them. So one shop's flood never hides the others.
pub const WAKE_UPS_PER_LANE_MAX: u64 = 100;

/// The ledger as the handler uses it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Records a webhook. Once this returns, the webhook and what it causes (a job, a newer version) are durable, and
    /// the same webhook will only ever be a `Duplicate`.
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError>;

    /// Records that a warehouse account says it shipped something. Once this returns, it is durable. Nobody signs such a
    /// notice: it is a hint where to look, never a fact.
    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError>;
}

/// A warehouse's hint that it shipped something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The account whose address it came to.
    pub account: AccountId,
    /// Where it says the shipments are listed.
    pub url: String,
    /// When it came.
    pub received_at: Timestamp,
}
