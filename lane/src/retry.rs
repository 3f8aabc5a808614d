//! When a failed attempt is tried again.

use std::time::Duration;

/// Attempts that count before a job is given up: with the waits below, about an hour and a half of trying.
pub const ATTEMPTS_MAX: u32 = 12;

/// The longest wait between two attempts.
pub const WAIT_MAX: Duration = Duration::from_mins(15);

/// The wait before attempt `attempt` (from 1): 0, 10, 30, 60, 120, 240, 480, then 900 s. From the third attempt on it
/// is spread evenly over `0..=wait` by `chance` in `0.0..1.0`, so that jobs that failed together do not return together.
pub fn delay_before(attempt: u32, chance: f64) -> Duration {
    let seconds = match attempt {
        0 | 1 => 0,
        2 => 10,
        3 => 30,
        4.. => 60_u64.saturating_mul(2_u64.saturating_pow(attempt - 4)),
    };
    let wait = Duration::from_secs(seconds).min(WAIT_MAX);
    if attempt <= 2 { wait } else { wait.mul_f64(chance.clamp(0.0, 1.0)).max(Duration::from_secs(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (1..=ATTEMPTS_MAX).map(|n| delay_before(n, 1.0).as_secs()).collect();
        assert_eq!(waits, [0, 10, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]);
    }

    #[test]
    fn chance_spreads_every_wait_after_the_first() {
        assert_eq!(delay_before(2, 0.0), Duration::from_secs(10));
        assert_eq!(delay_before(6, 0.5), Duration::from_mins(2));
        assert_eq!(delay_before(6, 0.0), Duration::from_secs(1));
    }
}
