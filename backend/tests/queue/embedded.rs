//! The suite on the embedded queue. Time is the runtime's and stands still until everybody waits, so that six minutes
//! pass in no time and a queue that oversleeps is found.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backend::contract::queue::{self, Ends, Failure, Harness};
use backend::embedded::queue::{Queue, Settings};
use lane::clock::{Clock, Timestamp, after};
use lane::id;
use tokio::time::Instant;

/// The runtime's time, as a clock.
pub(crate) struct RuntimeClock(Instant);

impl RuntimeClock {
    pub(crate) fn starting_now() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, self.0.elapsed())
    }
}

struct Embedded {
    clock: Arc<RuntimeClock>,
}

#[async_trait]
impl Harness for Embedded {
    async fn queue(&self, _name: &str, visibility: Duration) -> Result<Ends, Failure> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let queue = Queue::new(id::Queue::Orders, clock, Settings { visibility });
        Ok(Ends { sender: Arc::new(queue.clone()), receiver: Arc::new(queue) })
    }

    async fn pass(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_embedded_queue_keeps_every_promise() {
    let harness = Arc::new(Embedded { clock: Arc::new(RuntimeClock::starting_now()) });
    let verdict = queue::run(harness, &[], 46).await;
    assert!(verdict.is_good(), "{verdict}");
}
