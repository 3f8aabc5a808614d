//! What becomes of a job whose ledger was put back from a backup.

use super::Job;
use crate::outcome::Reach;
use crate::state::StateKind;

impl Job {
    /// Takes in that the ledger may have forgotten what became of it: it is looked up before it is written, or ended.
    pub fn doubt(&mut self) {
        // Nobody moves a rejected one on, so nothing was written of it since.
        if self.reach == Reach::Untouched && self.state.kind() != StateKind::Rejected {
            self.reach = Reach::Unresolved;
            self.restored = true;
        }
    }
}
