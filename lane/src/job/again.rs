//! What a body that came before may do to a job when it comes again.
//!
//! A hold that is released, placed and released again has two releases of one body, so a repeated body may be news. It may
//! as well be an old one that somebody posts with ids of his own: only bodies are signed. So it is never refused, and
//! never believed: it lets a job be looked at once more, seldom, and takes no question from a person.

use std::time::Duration;

use super::{Heard, Job};
use crate::clock::{Timestamp, after, until};
use crate::state::{ImpossibleMove, Move, State};

/// How often repeated bodies may have a job looked at. A look is a handful of calls; whoever really places and releases
/// holds by hand is slower than this, and what comes faster ends a wait no later than this.
pub const REPEATS_APART: Duration = Duration::from_mins(10);

impl Job {
    /// Takes in a touch whose body came before. Store the job even if it is unchanged: its wait may end sooner.
    pub fn touch_again(&mut self, now: Timestamp) -> Result<Heard, ImpossibleMove> {
        if self.redacted {
            return Ok(Heard::Unchanged);
        }
        let too_soon = self.repeated_at.filter(|last| until(*last, now) < REPEATS_APART);
        match (&mut self.state, too_soon) {
            (State::Waiting { not_before: Some(_), .. } | State::Attempting { .. } | State::Done { .. }, None) => {
                self.repeated_at = Some(now);
                self.version += 1;
                self.heard_at = now;
                self.go(Move::Newer, now).map(Heard::Newer)
            }
            (State::Waiting { not_before: Some(at), .. }, Some(last)) => {
                *at = (*at).min(after(last, REPEATS_APART));
                Ok(Heard::Unchanged)
            }
            // The attempt that comes anyway will see whatever changed; what people were asked, or have ended, stays.
            (
                State::Waiting { not_before: None, .. }
                | State::Attempting { .. }
                | State::Retrying { .. }
                | State::Done { .. }
                | State::Held(_)
                | State::Failed { .. }
                | State::Skipped { .. }
                | State::Rejected { .. },
                None | Some(_),
            ) => Ok(Heard::Unchanged),
        }
    }
}
