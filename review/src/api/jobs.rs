//! Looking at jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use lane::clock::Timestamp;
use lane::decision::Question;
use lane::hold::{Fact, Hold, HoldReason};
use lane::id::{CorrelationId, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::outcome::{CallRecord, Trouble};
use lane::state::{State as JobState, StateKind};
use lane::view::{JobFilter, Paged};
use serde::{Deserialize, Serialize};

use crate::Review;
use crate::access::Caller;
use crate::api::answer::{self, Answer};
use crate::refusal::{Refusal, unanswered};
use crate::words;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    state: Option<String>,
    shop: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// A job as the API shows it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    lane: LaneKey,
    id: JobId,
    number: String,
    shop: ShopId,
    state: StateKind,
    words: String,
    version: u64,
    accepted_at: Timestamp,
    changed_at: Timestamp,
    question: Option<Question>,
    hold: Option<HoldShown>,
    error: Option<Trouble>,
    undo: Option<UndoShown>,
    attempts: u32,
    correlation: CorrelationId,
}

#[derive(Debug, Serialize)]
struct HoldShown {
    reason: HoldReason,
    words: &'static str,
    evidence: Vec<Fact>,
    since: Timestamp,
    stops_lane: bool,
}

/// The newest decision, while it can be taken back. It may be late; asking to take it back tells.
#[derive(Debug, Serialize)]
struct UndoShown {
    hold: u32,
    by: OperatorId,
    until: Timestamp,
}

impl From<Hold> for HoldShown {
    fn from(hold: Hold) -> Self {
        Self {
            reason: hold.reason,
            words: hold.reason.words(),
            evidence: hold.evidence,
            since: hold.since,
            stops_lane: hold.stops,
        }
    }
}

impl From<Job> for Row {
    fn from(job: Job) -> Self {
        let undo =
            job.undo.as_deref().map(|undo| UndoShown { hold: undo.hold, by: undo.by.clone(), until: undo.until });
        let (words, question, state) = (words::job(&job), job.question(), job.state.kind());
        let (hold, error) = match job.state {
            JobState::Held(hold) => (Some(hold.into()), None),
            JobState::Failed { error, .. } | JobState::Retrying { error, .. } => (None, Some(error)),
            JobState::Waiting { .. }
            | JobState::Attempting { .. }
            | JobState::Done { .. }
            | JobState::Skipped { .. }
            | JobState::Rejected { .. } => (None, None),
        };
        Self {
            lane: job.lane,
            id: job.id,
            number: job.number,
            shop: job.shop,
            state,
            words,
            version: job.version,
            accepted_at: job.accepted_at,
            changed_at: job.changed_at,
            question,
            hold,
            error,
            undo,
            attempts: job.attempts,
            correlation: job.correlation,
        }
    }
}

pub(super) async fn list(
    State(review): State<Arc<Review>>,
    _: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Paged<Row>>, Answer> {
    let asked = answer::query(asked)?;
    let filter =
        JobFilter { state: asked.state.as_deref().map(state).transpose()?, shop: answer::shop(asked.shop.as_deref())? };
    let list = format!("jobs {:?} {:?}", asked.state, asked.shop);
    let page = answer::page(&list, asked.after, asked.limit)?;
    let found = review.desk.jobs(&filter, &page).await.map_err(unanswered)?;
    Ok(Json(answer::rows(&list, found)))
}

fn state(word: &str) -> Result<StateKind, Refusal> {
    let known = StateKind::ALL.map(StateKind::as_str).join(", ");
    StateKind::parse(word).ok_or_else(|| Refusal::Malformed(format!("state is one of {known}")))
}

pub(super) async fn one(
    State(review): State<Arc<Review>>,
    _: Caller,
    Path((queue, group, id)): Path<(String, String, String)>,
) -> Result<Json<Row>, Answer> {
    let (lane, id) = answer::job(&queue, &group, &id)?;
    let job = review.desk.job(&lane, &id).await.map_err(unanswered)?;
    Ok(Json(job.ok_or(Refusal::NoSuchJob)?.into()))
}

#[derive(Debug, Serialize)]
pub(crate) struct Timeline {
    entries: Vec<EntryShown>,
}

/// One thing that happened. Nothing here was ever secret: calls are named, not quoted.
#[derive(Debug, Serialize)]
struct EntryShown {
    at: Timestamp,
    kind: &'static str,
    words: String,
    by: Option<OperatorId>,
    note: Option<String>,
    calls: Vec<CallRecord>,
}

pub(super) async fn timeline(
    State(review): State<Arc<Review>>,
    _: Caller,
    Path((queue, group, id)): Path<(String, String, String)>,
) -> Result<Json<Timeline>, Answer> {
    let (lane, id) = answer::job(&queue, &group, &id)?;
    Ok(Json(timeline_of(&review, &lane, &id).await?))
}

/// Everything that happened to a job, for programs.
pub(crate) async fn timeline_of(review: &Review, lane: &LaneKey, id: &JobId) -> Result<Timeline, Refusal> {
    let entries = review.desk.timeline(lane, id).await.map_err(unanswered)?;
    if entries.is_empty() {
        return Err(Refusal::NoSuchJob);
    }
    let shown = entries.iter().map(|entry| {
        let told = words::tell(entry);
        EntryShown {
            at: entry.at,
            kind: told.kind,
            words: told.words,
            by: told.by.cloned(),
            note: told.note.map(str::to_owned),
            calls: told.calls.to_vec(),
        }
    });
    Ok(Timeline { entries: shown.collect() })
}
