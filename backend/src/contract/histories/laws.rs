//! What must hold of everything that is seen, whatever the reference says: nothing is lost, nothing goes back.

use std::collections::{BTreeMap, BTreeSet};

use lane::history::{Entry, Happened};
use lane::id::LaneKey;
use lane::job::Job;
use lane::line::Lease;
use lane::state::StateKind;

use super::reference::JobKey;
use super::view::View;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Laws {
    jobs: BTreeMap<JobKey, (Job, Vec<Entry>)>,
    fences: BTreeMap<LaneKey, u64>,
    /// Webhooks whose recording was answered.
    pub(super) answered: u64,
    /// Webhooks that may have been recorded as well.
    pub(super) unanswered: u64,
}

impl Laws {
    /// A lease was given: no other of its lane had this fence or a higher one.
    pub(super) fn leased(&mut self, lease: &Lease) -> Result<(), String> {
        let last = self.fences.insert(lease.lane.clone(), lease.fence.0).unwrap_or(0);
        if lease.fence.0 > last { Ok(()) } else { Err(format!("the fence {:?} came after {last}", lease.fence)) }
    }

    /// Everything was looked at.
    pub(super) fn seen(&mut self, view: &View) -> Result<(), String> {
        self.conserves(view)?;
        for (key, (was, _)) in &self.jobs {
            if !view.jobs.contains_key(key) {
                return Err(format!("the job {} of {} is gone", was.id, was.lane));
            }
        }
        let mut places = BTreeSet::new();
        for (key, (job, timeline)) in &view.jobs {
            if !places.insert((&key.0, job.place.0)) {
                return Err(format!("two jobs of {} have the place {:?}", key.0, job.place));
            }
            each_once(job, timeline)?;
            let works = matches!(job.state.kind(), StateKind::Waiting | StateKind::Attempting);
            if works && job.in_line().is_none() {
                return Err(format!("the job {} is {} and in no line", job.id, job.state.kind().as_str()));
            }
            if let Some((was, told)) = self.jobs.get(key) {
                goes_on(was, told, job, timeline)?;
            }
        }
        self.jobs.clone_from(&view.jobs);
        Ok(())
    }

    /// Every webhook came to something, and every job is in one state.
    fn conserves(&self, view: &View) -> Result<(), String> {
        let counted: u64 = view.figures.webhooks.iter().map(|(_, n)| n).sum();
        if !(self.answered..=self.answered + self.unanswered).contains(&counted) {
            let (answered, unanswered) = (self.answered, self.unanswered);
            return Err(format!("{answered} webhooks were taken and {unanswered} lost; {counted} are counted"));
        }
        for (state, n) in &view.figures.jobs {
            let listed = view.jobs.values().filter(|(job, _)| job.state.kind() == *state).count() as u64;
            if listed != *n {
                return Err(format!("{n} jobs are counted as {}, {listed} are listed", state.as_str()));
            }
        }
        match view.listed.iter().find(|(_, times)| !times.is_sorted()) {
            Some((state, _)) => Err(format!("jobs that are {} do not come oldest change first", state.as_str())),
            None => Ok(()),
        }
    }
}

/// Every version and every question has a number of its own, and every question one answer.
fn each_once(job: &Job, timeline: &[Entry]) -> Result<(), String> {
    let (mut decided, mut asked, mut newest) = (BTreeSet::new(), 0, 1);
    for entry in timeline {
        if let Happened::Newer { version, .. } = &entry.what {
            if *version <= newest {
                return Err(format!("version {version} of the job {} came after {newest}", job.id));
            }
            newest = *version;
        }
        if let Happened::Held { number, .. } = &entry.what {
            if *number <= asked {
                return Err(format!("question {number} of the job {} came after {asked}", job.id));
            }
            asked = *number;
        }
        if let Happened::Decided { hold, .. } = &entry.what
            && !decided.insert(*hold)
        {
            return Err(format!("question {hold} of the job {} was decided twice", job.id));
        }
    }
    Ok(())
}

/// Whether a job went on from what it was.
fn goes_on(was: &Job, told: &[Entry], job: &Job, timeline: &[Entry]) -> Result<(), String> {
    if !timeline.starts_with(told) {
        return Err(format!("the timeline of the job {} was rewritten", job.id));
    }
    let rose = [
        ("version", was.version, job.version),
        ("attempts ever begun", was.begun.into(), job.begun.into()),
        ("questions", was.questions.into(), job.questions.into()),
        ("place", was.place.0, job.place.0),
        ("retries sent", was.sends.retry.into(), job.sends.retry.into()),
        ("approvals sent", was.sends.approved.into(), job.sends.approved.into()),
    ];
    if let Some((what, before, after)) = rose.iter().find(|(_, before, after)| after < before) {
        return Err(format!("the {what} of the job {} went from {before} to {after}", job.id));
    }
    let since = &timeline[told.len()..];
    let (from, to) = (was.state.kind(), job.state.kind());
    let may_leave = match from {
        // Only somebody who may have written it anew brings back what a person refused, or a person.
        StateKind::Rejected => {
            since.iter().any(|entry| matches!(entry.what, Happened::Disturbed | Happened::Undone { .. }))
        }
        StateKind::Done | StateKind::Skipped => since.iter().any(|entry| {
            matches!(entry.what, Happened::Newer { .. } | Happened::Disturbed | Happened::Released { .. })
        }),
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Held | StateKind::Failed => {
            from == to || !since.is_empty()
        }
    };
    if from == to || may_leave {
        Ok(())
    } else {
        Err(format!("the job {} went from {} to {} by nothing", job.id, from.as_str(), to.as_str()))
    }
}
