//! What the provider says about its own count. Somebody else may use the same credentials, so where it says less than
//! we think, it is right.

use lane::clock::{Timestamp, after, until};
use std::time::Duration;

/// The last word of the provider, less what was granted since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Belief {
    /// It said nothing that we did not think ourselves.
    Nothing,
    /// So many units are left until the window resets.
    Window { left: u32, resets: Timestamp },
    /// The bucket held so much at that time.
    Level { left: f64, at: Timestamp, restored_per_second: f64, capacity: f64 },
}

impl Belief {
    /// When `units` are there.
    pub(super) fn earliest(&self, units: u32, now: Timestamp) -> Timestamp {
        match *self {
            Self::Nothing => now,
            Self::Window { left, .. } if left >= units => now,
            Self::Window { resets, .. } => resets.max(now),
            Self::Level { restored_per_second, capacity, .. } => {
                let missing = f64::from(units).min(capacity) - self.level(now);
                if missing <= 0.0 {
                    return now;
                }
                let wait = Duration::try_from_secs_f64(missing / restored_per_second);
                after(now, wait.unwrap_or(UNKNOWN_WAIT).max(Duration::from_millis(1)))
            }
        }
    }

    /// How many units are there; all that are asked for, if nothing is known.
    pub(super) fn spare(&self, now: Timestamp) -> u32 {
        match *self {
            Self::Nothing => u32::MAX,
            Self::Window { resets, .. } if resets <= now => u32::MAX,
            Self::Window { left, .. } => left,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is kept")]
            Self::Level { .. } => self.level(now).clamp(0.0, f64::from(u32::MAX)) as u32,
        }
    }

    pub(super) fn take(&mut self, units: u32, now: Timestamp) {
        self.forget_past(now);
        match self {
            Self::Nothing => {}
            Self::Window { left, .. } => *left = left.saturating_sub(units),
            Self::Level { .. } => self.move_level(-f64::from(units), now),
        }
    }

    pub(super) fn give_back(&mut self, units: u32, now: Timestamp) {
        self.forget_past(now);
        match self {
            Self::Nothing => {}
            Self::Window { left, .. } => *left = left.saturating_add(units),
            Self::Level { .. } => self.move_level(f64::from(units), now),
        }
    }

    fn level(&self, now: Timestamp) -> f64 {
        match *self {
            Self::Nothing | Self::Window { .. } => 0.0,
            Self::Level { left, at, restored_per_second, capacity } => {
                (left + restored_per_second * until(at, now).as_secs_f64()).min(capacity)
            }
        }
    }

    fn move_level(&mut self, by: f64, now: Timestamp) {
        let level = self.level(now) + by;
        if let Self::Level { left, at, .. } = self {
            (*left, *at) = (level, now);
        }
    }

    pub(super) fn forget_past(&mut self, now: Timestamp) {
        if matches!(self, Self::Window { resets, .. } if *resets <= now) {
            *self = Self::Nothing;
        }
    }
}

/// When a bucket seems not to fill at all, or the figures make no sense.
const UNKNOWN_WAIT: Duration = Duration::from_mins(1);
