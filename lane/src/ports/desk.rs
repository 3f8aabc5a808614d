//! The ledger as people use it.

use std::sync::Arc;

use async_trait::async_trait;

use super::LedgerError;
use crate::clock::Timestamp;
use crate::decision::{Decision, NotUndone, Refused, Undo};
use crate::history::Entry;
use crate::id::{JobId, LaneKey, OperatorId, ShopId};
use crate::job::Job;
use crate::line::Pause;
use crate::operator::Operator;
use crate::shop::Shop;
use crate::state::StateKind;
use crate::view::{
    Ended, Figures, JobFilter, LaneFilter, LaneView, Page, Paged, Quarantined, Recorded as DecisionRecord,
};
use crate::wake_up::Envelope;

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It counts. Envelope the wake-up, if there is one.
    Done {
        /// The state afterwards.
        state: StateKind,
        /// The wake-up to send.
        send: Option<Envelope>,
    },
    /// Somebody answered this question before.
    AlreadyDecided(DecisionRecord),
    /// It was about something that is no longer so. Nothing was done.
    Stale(Refused),
    /// There is no such job.
    NoSuchJob,
}

/// What came of taking a decision back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It is as if it had not been decided; the timeline tells of both.
    Done {
        /// The state afterwards.
        state: StateKind,
    },
    /// Too late. Nothing was done.
    TooLate(NotUndone),
    /// There is no such job.
    NoSuchJob,
}

/// Marks a change so that repeating the request repeats the answer instead of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks; keys of different operators never meet.
    pub by: OperatorId,
    /// The client's `Idempotency-Key`.
    pub key: String,
    /// Hash of the request; the same key for another request is refused.
    pub request: [u8; 32],
}

/// The answer to a change that may have been asked for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// The answer, now or as it was given the first time.
    Answer(T),
    /// The key was used for another request. Nothing was done.
    KeyReused,
}

/// The ledger as people use it.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Jobs, oldest change first.
    async fn jobs(&self, filter: &JobFilter, page: &Page) -> Result<Paged<Job>, LedgerError>;

    /// Jobs of a shop that ended so, the one that changed last first.
    async fn latest(&self, shop: &ShopId, ended: Ended, page: &Page) -> Result<Paged<Job>, LedgerError>;

    /// One job.
    async fn job(&self, lane: &LaneKey, id: &JobId) -> Result<Option<Job>, LedgerError>;

    /// Everything that ever happened to a job, oldest first.
    async fn timeline(&self, lane: &LaneKey, id: &JobId) -> Result<Vec<Entry>, LedgerError>;

    /// Lanes and how they stand.
    async fn lanes(&self, filter: &LaneFilter, page: &Page, now: Timestamp) -> Result<Paged<LaneView>, LedgerError>;

    /// The shop, unless there is none or it was removed.
    async fn merchant(&self, id: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError>;

    /// Decides. One decision per question ever counts; the decision and its timeline entry are one write.
    async fn decide(&self, decision: &Decision, key: Option<&RequestKey>) -> Result<Once<Decided>, LedgerError>;

    /// Takes a decision back that has not taken effect; the undoing and its timeline entry are one write.
    async fn undo(&self, undo: &Undo, key: Option<&RequestKey>) -> Result<Once<Undone>, LedgerError>;

    /// Pauses a lane. No attempt begins until it is resumed. `false` if there is no such lane.
    async fn pause(&self, lane: &LaneKey, pause: &Pause, key: Option<&RequestKey>) -> Result<Once<bool>, LedgerError>;

    /// Resumes a lane. The answer is the wake-up to send, if it has work; `None` for no such lane.
    async fn resume(
        &self,
        lane: &LaneKey,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError>;

    /// Webhooks that were kept without becoming work, oldest first.
    async fn quarantined(&self, page: &Page) -> Result<Paged<Quarantined>, LedgerError>;

    /// Makes work of a quarantined webhook. The answer is the wake-ups to send; `None` if it is not (any more) there
    /// or cannot become work.
    async fn release_quarantined(
        &self,
        id: u64,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Result<Once<Option<Vec<Envelope>>>, LedgerError>;

    /// Counts.
    async fn figures(&self, now: Timestamp) -> Result<Figures, LedgerError>;

    /// The operator with this token hash, unless disabled.
    async fn operator(&self, token_hash: &str) -> Result<Option<Operator>, LedgerError>;
}
