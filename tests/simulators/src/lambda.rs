//! Lambda: runs the real program of a function under the Runtime API (*AWS Lambda Developer Guide: Using the Lambda runtime
//! API for custom runtimes*), with the manners that matter to it. One environment works on one event at a time; between two
//! it is frozen, here with SIGSTOP; a function that takes too long is killed with its environment, and the next event
//! begins a new one; beyond its concurrency a function is throttled and its code never runs.
//!
//! Events come from a [`gateway`] that speaks HTTP, from a [`mapping`] that reads a queue, or from a test.

mod environment;
pub mod gateway;
pub mod mapping;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lane::clock::Clock;
use serde_json::Value;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::locked;
use environment::Environment;

/// A function as it is deployed.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The program: `bootstrap` in its package.
    pub program: PathBuf,
    /// Its environment variables, without those of Lambda.
    pub env: Vec<(String, String)>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Environments at the same time.
    pub concurrency: usize,
}

/// Why an invocation has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// No environment was free, and none may be added. The code did not run.
    #[error("throttled: the function's concurrency is used up")]
    Throttled,
    /// It took too long; the environment is gone.
    #[error("the task timed out after {0:?}")]
    TimedOut(Duration),
    /// The process ended; the environment is gone.
    #[error("the runtime exited: {0}")]
    Exited(String),
    /// The function answered with an error.
    #[error("the function failed: {0}")]
    Function(Value),
}

/// What a function did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that an environment was given.
    pub invocations: u64,
    /// Environments that were begun.
    pub cold_starts: u64,
    /// Events for which there was no environment.
    pub throttles: u64,
    /// Invocations that ended badly.
    pub failures: u64,
}

/// A function. Clones are the same.
#[derive(Clone)]
pub struct Function {
    inner: Arc<Inner>,
}

struct Inner {
    deployed: Mutex<Deployed>,
    clock: Arc<dyn Clock>,
    places: Semaphore,
    warm: Mutex<Vec<Environment>>,
    counts: Mutex<Counts>,
    requests: AtomicU64,
    /// Set by a test: every event is throttled.
    closed: Mutex<bool>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Function {
    /// Deploys it. Nothing runs before the first event.
    pub fn deploy(deployed: Deployed, clock: Arc<dyn Clock>) -> Self {
        let places = Semaphore::new(deployed.concurrency);
        let inner = Inner {
            deployed: Mutex::new(deployed),
            clock,
            places,
            warm: Mutex::default(),
            counts: Mutex::default(),
            requests: AtomicU64::new(1),
            closed: Mutex::default(),
            log: Arc::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Another version from now on. Environments of the old one finish what they have, and new events may still meet
    /// those that are warm: two versions run at once, as they do while AWS shifts traffic.
    pub fn update(&self, change: impl FnOnce(&mut Deployed)) {
        change(&mut locked(&self.inner.deployed));
    }

    /// Its concurrency is reserved at zero, or no longer.
    pub fn throttle(&self, closed: bool) {
        *locked(&self.inner.closed) = closed;
    }

    /// What it did so far.
    pub fn counts(&self) -> Counts {
        *locked(&self.inner.counts)
    }

    /// What its processes wrote to standard output and standard error.
    pub fn log(&self) -> Vec<String> {
        locked(&self.inner.log).clone()
    }

    /// Kills every environment that has nothing to do, as Lambda does when it likes.
    pub fn forget_environments(&self) {
        locked(&self.inner.warm).clear();
    }

    /// Invokes it and waits for the result.
    pub async fn invoke(&self, event: &Value) -> Result<Value, Failed> {
        let result = self.try_invoke(event).await;
        let mut counts = locked(&self.inner.counts);
        match &result {
            Ok(_) => {}
            Err(Failed::Throttled) => counts.throttles += 1,
            Err(Failed::TimedOut(_) | Failed::Exited(_) | Failed::Function(_)) => counts.failures += 1,
        }
        result
    }

    async fn try_invoke(&self, event: &Value) -> Result<Value, Failed> {
        if *locked(&self.inner.closed) {
            return Err(Failed::Throttled);
        }
        let _place = match self.inner.places.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return Err(Failed::Throttled),
        };
        let deployed = locked(&self.inner.deployed).clone();
        let warm = locked(&self.inner.warm).pop();
        let mut environment = if let Some(environment) = warm {
            environment
        } else {
            locked(&self.inner.counts).cold_starts += 1;
            Environment::start(&deployed, Arc::clone(&self.inner.log)).await.map_err(Failed::Exited)?
        };
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        locked(&self.inner.counts).invocations += 1;
        let result = environment.invoke(number, event, deployed.timeout, self.inner.clock.now()).await;
        match &result {
            Ok(_) | Err(Failed::Function(_)) => locked(&self.inner.warm).push(environment),
            // It is killed as it is dropped.
            Err(Failed::TimedOut(_) | Failed::Exited(_) | Failed::Throttled) => {}
        }
        result
    }
}
