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

    /// How many of a shop's jobs may be attempted together now; 1 if each goes by itself. They need what the first of them
    /// needs, which is granted already, and take what is beyond it from what their accounts can spare.
    fn together(&self, shop: &Shop) -> u32;

    /// Carries out several attempts in one go, in the lane's order. One report for each, in the same order; what happens
    /// to one of them does not touch the others. `left` is shared: once marked, any of them may have left.
    async fn attempt_together(&self, shop: &Shop, jobs: &[Job], deadline: Timestamp, left: &CallsLeft) -> Vec<Report>;
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
