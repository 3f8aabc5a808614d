//! What callers learn from an answer: what they hold from now on, and what has been done.

use lane::line::{Lease, Leased};
use lane::ports::{Begin, Burst, Complete, Decided, Once, Recorded, Undone};
use lane::state::StateKind;

use super::{Answer, Call, Player, Subject};

impl<S: Subject> Player<S> {
    /// Takes note of what an answer gives the callers.
    pub(super) fn learn(&mut self, call: &Call, answer: &Answer) -> Result<(), String> {
        let tally = &mut self.tally;
        match answer {
            Answer::Recorded(recorded) => {
                self.laws.answered += 1;
                tally.sent += u64::from(recorded.wake_up().is_some());
                match recorded {
                    Recorded::New { .. } => tally.new += 1,
                    Recorded::Newer { .. } => tally.newer += 1,
                    Recorded::Duplicate => tally.duplicates += 1,
                    Recorded::Quarantined(_) => tally.quarantined += 1,
                    Recorded::Closed => tally.closed += 1,
                    Recorded::Unchanged | Recorded::Asked | Recorded::Forgotten => {}
                }
            }
            Answer::Leased(Leased::Yes(lease)) => {
                self.laws.leased(lease)?;
                self.leases.push(lease.clone());
            }
            Answer::Begin(Begin::Attempt { job, .. }) => {
                tally.begun += 1;
                self.begun.extend(lease_of(call).map(|lease| (lease.clone(), job.id.clone())));
            }
            Answer::Begin(Begin::Lost) | Answer::Complete(Complete::Lost) => tally.lost += 1,
            Answer::Burst(Burst::Begun(jobs)) => {
                tally.bursts += 1;
                let lease = lease_of(call);
                self.begun.extend(jobs.iter().rev().filter_map(|(job, _)| Some((lease?.clone(), job.id.clone()))));
            }
            Answer::Complete(Complete::Recorded { state, reopened }) => {
                tally.completed += 1;
                tally.done += u64::from(*state == StateKind::Done);
                tally.reopened += u64::from(*reopened);
            }
            Answer::Decided(Once::Answer(Decided::Done { .. })) => tally.decided += 1,
            Answer::Decided(Once::Answer(Decided::AlreadyDecided(_))) => tally.late += 1,
            Answer::Decided(Once::Answer(Decided::Stale(_))) => tally.stale += 1,
            Answer::Undone(Once::Answer(Undone::Done { .. })) => tally.taken_back += 1,
            Answer::Undone(Once::Answer(Undone::TooLate(_))) => tally.stood += 1,
            Answer::Decided(Once::KeyReused)
            | Answer::Undone(Once::KeyReused)
            | Answer::Paused(Once::KeyReused)
            | Answer::Sends(Once::KeyReused) => {
                tally.keys_reused += 1;
            }
            Answer::Swept { sends, .. } => tally.swept += sends.len() as u64,
            Answer::Sends(Once::Answer(Some(sends))) if matches!(call, Call::ReleaseQuarantined { .. }) => {
                tally.released += sends.len() as u64;
            }
            Answer::Leased(_)
            | Answer::Head(_)
            | Answer::Begin(_)
            | Answer::Burst(_)
            | Answer::Release(_)
            | Answer::Job(_)
            | Answer::Decided(_)
            | Answer::Undone(_)
            | Answer::Paused(_)
            | Answer::Sends(_)
            | Answer::Removed(_)
            | Answer::Done => {}
        }
        Ok(())
    }
}

fn lease_of(call: &Call) -> Option<&Lease> {
    if let Call::Begin { lease, .. } | Call::Burst { lease, .. } = call { Some(lease) } else { None }
}
