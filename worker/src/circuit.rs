//! The circuit of a provider account. An account that did not answer many times in a row is left alone; lanes wait
//! instead of using up attempts, and one attempt at a time finds out whether it is back.

use lane::clock::{Timestamp, after};
use lane::id::LaneKey;
use std::time::Duration;

/// So many calls in a row without an answer open the circuit. Fewer would let a single lost packet stop all lanes.
const FAILURES_MAX: u32 = 5;

/// The wait before the first probe; it doubles after each that fails: 5, 10, 20, 40, 80, 160, 300 s.
const WAIT_FIRST: Duration = Duration::from_secs(5);

/// The longest wait between two probes.
const WAIT_MAX: Duration = Duration::from_mins(5);

/// How long the others leave a probe alone before they ask again: a few calls that answer slowly.
const PROBE_TAKES: Duration = Duration::from_secs(10);

/// A probe that taught nothing for this long (a lease lasts 130 s) is given up.
const PROBE_MAX: Duration = Duration::from_secs(130);

/// The circuit's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Circuit {
    /// Calls leave. So many in a row were not answered.
    Closed { failures: u32 },
    /// No call leaves before `until`; then one lane probes.
    Open { until: Timestamp, wait: Duration },
    /// This lane's attempt finds out.
    Probing { lane: LaneKey, since: Timestamp, wait: Duration },
}

/// Whether a lane's ticket is the first of those that are there when a probe may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is; it would probe.
    First,
    /// Others are before it, and come back in time.
    Later,
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Circuit {
    /// Whose turn it is, from the times that the tickets before this one were told. A lane that was told to come back
    /// after a probe may leave (it waits for another account) is not waited for: nobody would find out meanwhile.
    pub(crate) fn turn(&self, mut told: impl Iterator<Item = Timestamp>, now: Timestamp) -> Turn {
        let probe_at = match self {
            Self::Closed { .. } | Self::Probing { .. } => now,
            Self::Open { until, .. } => now.max(*until),
        };
        if told.any(|at| at <= probe_at) { Turn::Later } else { Turn::First }
    }

    /// When an attempt of this lane may begin.
    pub(crate) fn admits(&self, lane: &LaneKey, turn: Turn, now: Timestamp) -> Timestamp {
        match (self, turn) {
            (Self::Closed { .. }, _) => now,
            (Self::Open { until, .. }, Turn::First) => now.max(*until),
            (Self::Open { until, .. }, Turn::Later) => after(now.max(*until), PROBE_TAKES),
            (Self::Probing { lane: probe, since, .. }, _) => {
                let given_up = after(*since, PROBE_MAX) <= now && turn == Turn::First;
                if probe == lane || given_up { now } else { after(now, PROBE_TAKES) }
            }
        }
    }

    /// An attempt of this lane begins.
    pub(crate) fn granted(&mut self, lane: &LaneKey, now: Timestamp) {
        match self {
            Self::Closed { .. } => {}
            Self::Open { wait, .. } | Self::Probing { wait, .. } => {
                *self = Self::Probing { lane: lane.clone(), since: now, wait: *wait };
            }
        }
    }

    /// Whether a call may leave now, or when. Attempts that were begun before the circuit opened stop here.
    pub(crate) fn lets_leave(&self, now: Timestamp) -> Result<(), Timestamp> {
        match self {
            Self::Closed { .. } | Self::Probing { .. } => Ok(()),
            Self::Open { until, .. } => Err(after(now.max(*until), PROBE_TAKES)),
        }
    }

    /// A call was answered. Whether that closed the circuit.
    pub(crate) fn answered(&mut self) -> bool {
        let closed = !matches!(self, Self::Closed { .. });
        *self = Self::default();
        closed
    }

    /// A call was not answered. How long the account is left alone, if that opened the circuit.
    pub(crate) fn unreachable(&mut self, now: Timestamp) -> Option<Duration> {
        let wait = match self {
            Self::Closed { failures } if *failures + 1 < FAILURES_MAX => {
                *failures += 1;
                return None;
            }
            // A call that had left before the circuit opened.
            Self::Open { .. } => return None,
            Self::Closed { .. } => WAIT_FIRST,
            Self::Probing { wait, .. } => (*wait * 2).min(WAIT_MAX),
        };
        *self = Self::Open { until: after(now, wait), wait };
        Some(wait)
    }

    /// Whether this lane's attempt finds out.
    pub(crate) fn is_probed_by(&self, lane: &LaneKey) -> bool {
        matches!(self, Self::Probing { lane: probe, .. } if probe == lane)
    }

    /// An attempt of this lane is over. If it was the probe and taught nothing, the next one probes.
    pub(crate) fn ended(&mut self, lane: &LaneKey, now: Timestamp) {
        if let Self::Probing { lane: probe, wait, .. } = self
            && probe == lane
        {
            *self = Self::Open { until: now, wait: *wait };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::id::ShopId;

    fn lane(name: &str) -> LaneKey {
        LaneKey::orders(&ShopId::parse(name).unwrap())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn opened(now: Timestamp) -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 1..FAILURES_MAX {
            assert_eq!(circuit.unreachable(now), None);
        }
        assert_eq!(circuit.unreachable(now), Some(WAIT_FIRST));
        circuit
    }

    #[test]
    fn an_answer_in_between_keeps_it_closed() {
        let mut circuit = Circuit::default();
        for _ in 0..20 {
            for _ in 1..FAILURES_MAX {
                assert_eq!(circuit.unreachable(at(0)), None);
            }
            assert!(!circuit.answered());
        }
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let mut circuit = opened(at(0));
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                circuit.granted(&lane("a"), at(0));
                circuit.unreachable(at(0)).unwrap().as_secs()
            })
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn one_lane_probes_and_the_others_wait_for_it() {
        let mut circuit = opened(at(0));
        assert_eq!(circuit.admits(&lane("a"), Turn::First, at(1)), at(5));
        assert!(circuit.admits(&lane("b"), Turn::Later, at(1)) > at(5));
        assert!(circuit.lets_leave(at(4)).is_err());
        assert_eq!(circuit.admits(&lane("a"), Turn::First, at(5)), at(5));
        circuit.granted(&lane("a"), at(5));
        assert!(circuit.lets_leave(at(5)).is_ok());
        assert_eq!(circuit.admits(&lane("b"), Turn::First, at(6)), at(16));
        assert!(circuit.answered());
        assert_eq!(circuit.admits(&lane("b"), Turn::First, at(7)), at(7));
    }

    #[test]
    fn a_lane_that_comes_back_too_late_for_the_probe_is_not_waited_for() {
        let circuit = opened(at(0));
        let turn = |told: &[i64], now| circuit.turn(told.iter().map(|told| at(*told)), at(now));
        assert_eq!(turn(&[], 1), Turn::First);
        assert_eq!(turn(&[5], 1), Turn::Later, "it is back when the probe may leave");
        assert_eq!(turn(&[6, 60], 1), Turn::First);
        assert_eq!(turn(&[6, 60], 6), Turn::Later, "one of them may be back by now");
        let mut probing = circuit.clone();
        probing.granted(&lane("a"), at(5));
        assert_eq!(probing.turn([at(7)].into_iter(), at(6)), Turn::First);
        assert_eq!(probing.turn([at(6)].into_iter(), at(6)), Turn::Later);
    }

    #[test]
    fn a_probe_that_made_no_call_makes_room_for_the_next() {
        let mut circuit = opened(at(0));
        circuit.granted(&lane("a"), at(5));
        circuit.ended(&lane("b"), at(6));
        assert!(circuit.admits(&lane("b"), Turn::First, at(6)) > at(6));
        circuit.ended(&lane("a"), at(6));
        assert_eq!(circuit.admits(&lane("b"), Turn::First, at(6)), at(6));
    }

    #[test]
    fn a_late_failure_of_an_earlier_call_does_not_move_the_probe() {
        let mut circuit = opened(at(0));
        assert_eq!(circuit.unreachable(at(4)), None);
        assert_eq!(circuit.admits(&lane("a"), Turn::First, at(4)), at(5));
    }
}
