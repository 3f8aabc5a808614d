//! The line at a page's top that says what came of the last click.

use lane::id::{JobId, LaneKey};
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
}

impl Banner {
    /// What worked. The address names a lane and a job by their ids; what they are called comes from the ledger, so
    /// that a link made by somebody else cannot put words on the page.
    pub(super) async fn done(review: &Review, done: Done, lane: Option<&LaneKey>, job: Option<&JobId>) -> Self {
        let about = match (lane, job) {
            (Some(lane), Some(job)) => order(review, lane, job).await,
            (Some(lane), None) => shop(review, lane).await,
            (None, _) => None,
        };
        let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
        Self { is_problem: false, words: format!("{about}{}", done.words()), note: String::new() }
    }

    /// What did not work.
    pub(super) fn problem(words: String, note: String) -> Self {
        Self { is_problem: true, words, note }
    }
}

async fn order(review: &Review, lane: &LaneKey, job: &JobId) -> Option<String> {
    let job = review.desk.job(lane, job).await.ok()??;
    Some(format!("{} of {}", words::shown(&job.number), job.shop))
}

async fn shop(review: &Review, lane: &LaneKey) -> Option<String> {
    let found = lanes::find(review, lane).await.ok()??;
    Some(format!("The lane of {}", found.shop))
}
