//! The seam between a lane run and the jobs it carries out: the run knows when an attempt may begin and what becomes
//! of its report; whoever implements [`Carry`] knows the work itself.

use async_trait::async_trait;
use lane::attempt::AttemptKind;
use lane::clock::Timestamp;
use lane::job::Job;
use lane::outcome::Report;
use lane::shop::Shop;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::limiter::Need;

/// Carries jobs out.
#[async_trait]
pub trait Carry: Send + Sync {
    /// What one attempt needs from which provider accounts. Asked before the attempt is begun.
    fn needs(&self, shop: &Shop, job: &Job, kind: AttemptKind) -> Vec<Need>;

    /// Carries out one attempt. A call starts only if its own deadline lies before `deadline`. `left` is marked before
    /// the first call that may change something at a provider leaves.
    async fn attempt(&self, shop: &Shop, job: &Job, kind: AttemptKind, deadline: Timestamp, left: &CallsLeft)
    -> Report;
}

/// Whether a call that may change something has left. It outlives an attempt that panics.
#[derive(Debug, Default)]
pub struct CallsLeft(AtomicBool);

impl CallsLeft {
    /// A call that may change something is about to leave.
    pub fn mark(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether one has.
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
