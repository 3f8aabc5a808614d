//! A person at the review page: they look, and decide by what they saw, however long ago that was.

use lane::decision::Verdict;
use lane::job::Job;
use lane::state::{State, StateKind};

use crate::world::{Screen, World};

/// No order has this version: what is asked is not about one.
const NO_VERSION: u8 = 7;

/// The version that a hold shows.
pub(crate) fn shown(job: &Job) -> u8 {
    if let State::Held(hold) = &job.state {
        let text = hold.fingerprint.as_str();
        text.split_once('.')
            .filter(|(job, _)| job.parse::<usize>().is_ok())
            .and_then(|(_, version)| version.parse().ok())
            .unwrap_or(NO_VERSION)
    } else {
        NO_VERSION
    }
}

impl World {
    /// What the page about a job shows now, if it asks anything.
    pub(crate) fn page(&self, job: usize) -> Option<Screen> {
        let row = self.rows[job].as_ref()?;
        let question = row.job.question()?;
        Some(Screen {
            job,
            number: question.number,
            fingerprint: question.fingerprint,
            of: row.job.state.kind(),
            shown: shown(&row.job),
        })
    }

    /// The buttons of the page a person has before them.
    pub(crate) fn buttons(&self) -> Vec<Verdict> {
        match self.screen.as_ref().map(|screen| screen.of) {
            Some(StateKind::Held) => vec![Verdict::Approve, Verdict::Reject],
            Some(StateKind::Failed) => vec![Verdict::Retry, Verdict::Reject],
            Some(StateKind::Retrying) => vec![Verdict::Reject],
            Some(
                StateKind::Waiting | StateKind::Attempting | StateKind::Done | StateKind::Skipped | StateKind::Rejected,
            )
            | None => Vec::new(),
        }
    }
}
