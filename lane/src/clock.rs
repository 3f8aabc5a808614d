//! Time comes in as an argument; this is where the services get it from.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use jiff::Timestamp;

/// Tells the time. The ledger's answers depend on nothing else that a test could not repeat.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, as long as it goes forward: time never goes back, and never stands still.
///
/// A wall clock that is set back would make everything wait that was due in between: leases, retries, limits. So the
/// time since the last answer is measured with the machine's monotonic clock, too. A wall clock that is at or ahead of
/// that (it was set forward, or the machine slept, which the monotonic clock may not count) is followed; one that is
/// behind is ignored until the program starts again.
#[derive(Debug)]
pub struct SystemClock(Mutex<Answer>);

/// What the clock said last, and when by the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Answer {
    at: Instant,
    said: Timestamp,
}

impl SystemClock {
    /// Starts at the wall clock's time.
    pub fn start() -> Self {
        let (said, at) = read();
        Self(Mutex::new(Answer { at, said }))
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::start()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, at) = read();
        let said = forward(last.said, at.saturating_duration_since(last.at), wall);
        *last = Answer { at, said };
        said
    }
}

/// The wall clock first: a pause between the two readings then makes an answer late by it and never early, and the
/// next answer makes up for it.
#[expect(clippy::disallowed_methods, reason = "the one place where the machine's clocks are read")]
fn read() -> (Timestamp, Instant) {
    (Timestamp::now(), Instant::now())
}

/// The time, if it was `last` when so much time had not yet `elapsed`, and the wall clock shows `wall` now.
fn forward(last: Timestamp, elapsed: Duration, wall: Timestamp) -> Timestamp {
    wall.max(after(last, elapsed))
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Starts at `at`.
    pub fn starting(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = after(*now, by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `at` plus `by`, held at the end of representable time instead of failing.
pub fn after(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` until `at`; nothing if that has passed.
pub fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_wall_clock_is_followed() {
        assert_eq!(forward(at(0), SECOND, at(1)), at(1));
        assert_eq!(forward(at(0), Duration::ZERO, at(0)), at(0));
    }

    #[test]
    fn a_wall_clock_that_is_set_forward_is_followed() {
        assert_eq!(forward(at(0), SECOND, at(3600)), at(3600));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_is_ignored_and_time_goes_on() {
        let (mut last, mut wall) = (at(0), at(-3600));
        for second in 1..=10 {
            wall = after(wall, SECOND);
            last = forward(last, SECOND, wall);
            assert_eq!(last, at(second));
        }
        assert_eq!(forward(last, SECOND, at(60)), at(60), "until it has caught up");
    }

    #[test]
    fn the_end_of_time_is_held() {
        assert_eq!(forward(Timestamp::MAX, SECOND, at(0)), Timestamp::MAX);
    }

    #[test]
    fn the_machines_clock_goes_on_from_what_it_said() {
        let (_, at) = read();
        let ahead = after(Timestamp::from_second(4_000_000_000).unwrap(), SECOND);
        let clock = SystemClock(Mutex::new(Answer { at, said: ahead }));
        let first = clock.now();
        assert!(first >= ahead, "as if the wall clock had been set back by decades");
        let moved = (0..1_000_000).map(|_| clock.now()).find(|now| *now != first);
        assert!(moved.is_some_and(|now| now > first), "it does not stand still");
    }
}
