//! The time of a run: what the simulation has counted, from a fixed start, and what the whole world has slept through.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lane::clock::{Clock, Timestamp, after};

/// When every run starts: a Tuesday morning in the year of the API's version.
const START_S: i64 = 1_793_700_000;

/// The clock of everything in a run. Hosts tell it apart only by how far each has come within a step.
#[derive(Default)]
pub(crate) struct Virtual {
    /// What the simulation had counted after its last step, for whoever looks from outside.
    counted_ms: AtomicU64,
    /// What everybody slept through: machines that are suspended wake up hours later, and no timer has run.
    slept_ms: AtomicU64,
}

impl Virtual {
    pub(crate) fn counted(&self, elapsed: Duration) {
        self.counted_ms.store(ms(elapsed), Ordering::Relaxed);
    }

    pub(crate) fn sleeps(&self, time: Duration) {
        self.slept_ms.fetch_add(ms(time), Ordering::Relaxed);
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        let counted = turmoil::sim_elapsed().map_or_else(|| self.counted_ms.load(Ordering::Relaxed), ms);
        let since = Duration::from_millis(counted + self.slept_ms.load(Ordering::Relaxed));
        after(Timestamp::from_second(START_S).unwrap(), since)
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}
