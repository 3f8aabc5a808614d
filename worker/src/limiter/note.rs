//! What one process did between two agreements and the others have not heard of. It was done at once on what this process
//! knew; it is done again on what all agree on, once, with the times at which it happened.
//!
//! A write whose answer never came may have been made; then its notes are taken in twice. That counts calls that left
//! twice, and lets slots come back twice, which the window does not follow: no limit is broken by it.

use lane::clock::Timestamp;
use lane::id::LaneKey;

use super::Lesson;
use super::account::Account;
use super::line::Ticket;

#[derive(Debug, Clone)]
pub(super) enum Note {
    /// Calls left.
    Left { units: u32, at: Timestamp },
    /// Units were not used.
    Back { units: u32, at: Timestamp },
    /// A provider's answer, or none.
    Learnt { lesson: Lesson, at: Timestamp },
    /// The attempt that probed is over.
    Ended { lane: LaneKey, at: Timestamp },
    /// The lane waits no more.
    Gone { lane: LaneKey },
    /// The lane waits again, in the place that it had.
    Joined { number: u64, ticket: Ticket },
}

impl Account {
    /// Writes down what the others should hear of, if there are others.
    pub(super) fn note(&mut self, note: Note) {
        let Some(notes) = &mut self.notes else { return };
        match (&note, notes.last_mut()) {
            (Note::Left { units: 0, .. } | Note::Back { units: 0, .. }, _) => {}
            (Note::Left { units, at }, Some(Note::Left { units: known, at: last })) if last == at => *known += units,
            (_, Some(_) | None) => notes.push(note),
        }
    }

    /// Does on what all agree on what was done here.
    pub(super) fn redo(&mut self, note: &Note) {
        match note {
            Note::Left { units, at } => {
                if let Some((_, window)) = &mut self.limit {
                    window.count_at(*units, *at);
                }
            }
            Note::Back { units, at } => self.come_back(*units, *units, *at),
            Note::Learnt { lesson, at } => {
                self.take_in(*lesson, *at);
            }
            Note::Ended { lane, at } => self.circuit.ended(lane, *at),
            Note::Gone { lane } => {
                self.line.remove(lane);
            }
            Note::Joined { number, ticket } => self.line.put(*number, ticket.clone()),
        }
    }
}
