//! The line at a page's top that says what came of the last click.

use lane::clock::{Timestamp, until};
use lane::id::{JobId, LaneKey};
use lane::job::Job;
use serde::Deserialize;

use crate::pages::lanes;
use crate::{Review, words};

/// What was just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Approved,
    Rejected,
    Retried,
    Paused,
    Resumed,
    Released,
    Undone,
}

impl Done {
    /// The word in the address.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Retried => "retried",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Released => "released",
            Self::Undone => "undone",
        }
    }

    /// Whether it can be taken back for a while.
    fn is_a_decision(self) -> bool {
        match self {
            Self::Approved | Self::Rejected | Self::Retried => true,
            Self::Paused | Self::Resumed | Self::Released | Self::Undone => false,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Approved => {
                "Approved. It is carried out as it was shown; if it changes before that, it is judged again."
            }
            Self::Rejected => "Rejected. It is never carried out.",
            Self::Retried => "Back in line. It is tried again.",
            Self::Paused => "Paused. No attempt begins until it is resumed.",
            Self::Resumed => "Resumed. The lane goes on.",
            Self::Released => "Released. It is looked at again.",
            Self::Undone => "Taken back, as if it had not been decided.",
        }
    }
}

/// The line at the top that says what came of the last click.
#[derive(Debug)]
pub(super) struct Banner {
    pub(super) is_problem: bool,
    pub(super) words: String,
    /// What the person had written, so that it is not lost with the click.
    pub(super) note: String,
    /// The decision that was made, while it can be taken back.
    pub(super) undo: Option<UndoForm>,
}

/// What the button to take a decision back says.
#[derive(Debug)]
pub(super) struct UndoForm {
    pub(super) lane: String,
    pub(super) job: String,
    pub(super) hold: u32,
    /// How long it is still possible.
    pub(super) seconds: u64,
}

impl Banner {
    /// What worked. The address names a lane and a job by their ids; what they are called comes from the ledger, so
    /// that a link made by somebody else cannot put words on the page.
    pub(super) async fn done(review: &Review, done: Done, lane: Option<&LaneKey>, job: Option<&JobId>) -> Self {
        let job = match (lane, job) {
            (Some(lane), Some(job)) => review.desk.job(lane, job).await.ok().flatten(),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        let about = match (&job, lane) {
            (Some(job), _) => Some(format!("{} of {}", words::shown(&job.number), job.shop)),
            (None, Some(lane)) => shop(review, lane).await,
            (None, None) => None,
        };
        let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
        let undo = job.filter(|_| done.is_a_decision()).and_then(|job| UndoForm::of(&job, review.clock.now()));
        Self { is_problem: false, words: format!("{about}{}", done.words()), note: String::new(), undo }
    }

    /// What did not work.
    pub(super) fn problem(words: String, note: String) -> Self {
        Self { is_problem: true, words, note, undo: None }
    }
}

impl UndoForm {
    fn of(job: &Job, now: Timestamp) -> Option<Self> {
        let undo = job.undoable(now)?;
        Some(Self {
            lane: job.lane.to_string(),
            job: job.id.to_string(),
            hold: undo.hold,
            // A second that has begun counts.
            seconds: until(now, undo.until).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX),
        })
    }
}

async fn shop(review: &Review, lane: &LaneKey) -> Option<String> {
    let found = lanes::find(review, lane).await.ok()??;
    Some(format!("The lane of {}", found.shop))
}
