//! What tells two worlds apart: whatever can make them behave differently, and nothing else.
//!
//! Left out are the ordinals of wake-ups, the numbers of attempts and of questions; of fences and places only the ranks
//! count; and workers are alike. Two worlds with one print go on alike, so one of them is enough.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::Fingerprint;
use lane::job::Job;
use lane::outcome::Reach;
use lane::state::State;

use crate::world::{Holder, Row, World, now};

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

impl World {
    /// Puts the world into its plainest form.
    pub(crate) fn seal(&mut self) {
        let mut fences: Vec<u64> = self.workers.iter().map(|worker| worker.fence).collect();
        fences.push(self.lane.fence);
        fences.extend(self.rows.iter().flatten().filter_map(|row| row.job.attempting_fence()).map(|fence| fence.0));
        fences.push(0);
        fences.sort_unstable();
        fences.dedup();
        let rank = |fence: u64| fences.iter().position(|known| *known == fence).unwrap_or_default();
        let mut prints = [0, 1].map(|at| print(|to| self.workers[at].project(&rank, to)));
        if prints[0] > prints[1] {
            // Workers are alike.
            self.workers.swap(0, 1);
            prints.swap(0, 1);
            if let Some(Holder::Worker(at)) = &mut self.queue.held {
                *at = 1 - *at;
            }
        }
        self.print = print(|to| {
            prints.hash(to);
            self.shop.hash(to);
            (rank(self.lane.fence), self.lane.lease, self.lane.wake).hash(to);
            (self.queue.waiting, self.queue.held, &self.queue.window).hash(to);
            (self.warehouse, self.left, self.breach).hash(to);
            for row in &self.rows {
                let place =
                    |row: &Arc<Row>| self.rows.iter().flatten().filter(|other| other.job.place < row.job.place).count();
                let fence = |row: &Arc<Row>| row.job.attempting_fence().map(|fence| rank(fence.0));
                row.as_ref().map(|row| (place(row), fence(row), row.aside, row.approved)).hash(to);
                if let Some(row) = row {
                    row.project(to);
                }
            }
            if let Some(screen) = &self.screen {
                let asked = i64::from(self.row(screen.job).job.questions);
                let ahead = (i64::from(screen.number) - asked).clamp(-1, 1);
                (screen.job, ahead, screen.fingerprint.as_str(), screen.of, screen.shown).hash(to);
            }
        });
    }
}

impl Row {
    fn project(&self, to: &mut DefaultHasher) {
        let job = &self.job;
        job.state.kind().hash(to);
        match &job.state {
            State::Waiting { not_before, stops } => (not_before.map(|at| at > now()), stops).hash(to),
            State::Retrying { due, stops, .. } => (*due > now(), stops).hash(to),
            State::Held(hold) => {
                (hold.fingerprint.as_str(), hold.difference.as_ref().map(Fingerprint::as_str), hold.stops).hash(to);
            }
            State::Attempting { .. } => (job.version > job.begun_version).hash(to),
            State::Done { .. } | State::Failed { .. } | State::Skipped { .. } | State::Rejected { .. } => {}
        }
        (job.newest.map(Timestamp::as_second), job.fingerprint.as_str(), job.disturbed).hash(to);
        hash_known(job, to);
        hash_reach(&job.reach, to);
        if let Some(undo) = &job.undo {
            (format!("{undo:?}"), self.approved_before).hash(to);
        }
        let next = job.questions + 1;
        (job.version == self.approved_at, self.decided.contains(&job.questions), self.decided.contains(&next)).hash(to);
    }
}

/// What an attempt goes by, besides what it finds.
pub(crate) fn hash_known(job: &Job, to: &mut DefaultHasher) {
    let approved = job.approved.as_ref();
    approved.map(|known| (known.fingerprint.as_str(), known.difference.as_ref().map(Fingerprint::as_str))).hash(to);
    (job.passed.as_ref().map(Fingerprint::as_str), job.rejecting.is_some()).hash(to);
}

pub(crate) fn hash_reach(reach: &Reach, to: &mut DefaultHasher) {
    match reach {
        Reach::Untouched => 0.hash(to),
        Reach::Unresolved => 1.hash(to),
        Reach::There(copy) => (2, &copy.written).hash(to),
    }
}

fn print(write: impl FnOnce(&mut DefaultHasher)) -> u64 {
    let mut hasher = DefaultHasher::new();
    write(&mut hasher);
    hasher.finish()
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, row) in self.rows.iter().enumerate() {
            let Some(row) = row else { continue };
            write!(f, "[{at} at {}: {:?} v{} ", row.job.place, row.job.state.kind(), row.job.version)?;
            write!(f, "{} there {:?}] ", row.job.fingerprint, self.warehouse[at])?;
        }
        write!(f, "{:?} {:?} workers ", self.lane, self.queue)?;
        for worker in &self.workers {
            write!(f, "{:?}/{} ", worker.step, worker.fence)?;
        }
        write!(f, "{:?}", self.breach)
    }
}
