//! An outage of something that everybody uses (the ledger, the queue): told once when it begins and once when it ends,
//! however many meet it, and waited for a little longer each time.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The first wait; it doubles.
const WAIT_FIRST: Duration = Duration::from_secs(1);

/// The longest wait: whoever repairs it should not have to wait for us much longer than that.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What is out, and how often in a row it was met.
#[derive(Debug)]
pub(crate) struct Outage {
    what: &'static str,
    failures: AtomicU32,
}

impl Outage {
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, failures: AtomicU32::new(0) }
    }

    /// It failed. How long to leave it alone.
    pub(crate) fn met(&self, error: &(dyn Display + Sync)) -> Duration {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        let wait = WAIT_FIRST.saturating_mul(2_u32.saturating_pow(before)).min(WAIT_MAX);
        if before == 0 {
            tracing::error!(outage = self.what, error = %error, "the {} fails; work waits", self.what);
        }
        wait
    }

    /// It worked.
    pub(crate) fn over(&self) {
        if self.failures.swap(0, Ordering::Relaxed) > 0 {
            tracing::info!(outage = self.what, "the {} works again", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_begin_again() {
        let outage = Outage::of("ledger");
        let waits: Vec<u64> = (0..7).map(|_| outage.met(&"full").as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        outage.over();
        assert_eq!(outage.met(&"full"), WAIT_FIRST);
    }
}
