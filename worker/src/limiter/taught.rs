//! What an account makes of what a call taught.

use lane::clock::Timestamp;
use std::time::Duration;

use super::account::Account;
use super::belief::Belief;
use super::note::Note;
use super::pace::Pace;
use super::{Lesson, Quota};
use crate::circuit::Circuit;

/// What a lesson changed for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taught {
    Nothing,
    /// A call was not answered, and that did not open the circuit yet.
    Failure,
    /// The account is left alone for so long.
    Opened(Duration),
    /// It answers again.
    Closed,
    /// It wants silence for longer than was known.
    Stopped,
}

impl Account {
    /// Takes in a lesson.
    pub(super) fn learn(&mut self, lesson: Lesson, now: Timestamp) -> Taught {
        // Calls of ours that are granted and have not left are not in the provider's count yet.
        let pending = self.limit.as_ref().map_or(0, |(_, window)| window.own.pending);
        let lesson = match lesson {
            Lesson::Remaining { units, resets } => Lesson::Remaining { units: units.saturating_sub(pending), resets },
            Lesson::Level { available, restored_per_second, capacity } => {
                Lesson::Level { available: available - f64::from(pending), restored_per_second, capacity }
            }
            Lesson::Answered | Lesson::Unreachable | Lesson::StopUntil(_) => lesson,
        };
        let is_news = lesson != Lesson::Answered || self.circuit != Circuit::default();
        let taught = self.take_in(lesson, now);
        if is_news {
            self.note(Note::Learnt { lesson, at: now });
        }
        self.urgent |= self.notes.is_some() && taught != Taught::Nothing;
        taught
    }

    /// Takes in a lesson that counts without the units that were pending when it was learnt.
    pub(super) fn take_in(&mut self, lesson: Lesson, now: Timestamp) -> Taught {
        match lesson {
            Lesson::Answered => {
                if self.circuit.answered() {
                    self.begin_again();
                    return Taught::Closed;
                }
            }
            Lesson::Unreachable => return self.circuit.unreachable(now).map_or(Taught::Failure, Taught::Opened),
            Lesson::StopUntil(until) => {
                if until > self.stop_until {
                    self.stop_until = until;
                    self.begin_again();
                    return if until > now { Taught::Stopped } else { Taught::Nothing };
                }
            }
            Lesson::Remaining { units, resets } => {
                let room = self.limit.as_ref().map_or(u32::MAX, |(_, window)| window.room(now));
                let told_less = units < room && resets > now;
                self.belief = if told_less { Belief::Window { left: units, resets } } else { Belief::Nothing };
            }
            Lesson::Level { available, restored_per_second, capacity } => {
                if let (Some(_), Some(quota)) = (self.assumed(), Quota::of_bucket(restored_per_second, capacity)) {
                    self.follow(quota);
                }
                self.belief = Belief::Level { left: available, at: now, restored_per_second, capacity };
            }
        }
        Taught::Nothing
    }

    /// After silence the tickets go at the pace again, the first ones first, instead of all at once.
    fn begin_again(&mut self) {
        if let Some((pace, _)) = &mut self.limit {
            *pace = Pace::new(pace.quota());
        }
    }
}
