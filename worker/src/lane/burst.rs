//! Several attempts in one go: the head and those ready behind it are begun in one write, carried out together, and each
//! recorded by itself, in the lane's order. What one of them meets does not touch its neighbours.

use futures::stream::{self, StreamExt as _};
use lane::clock::Timestamp;
use lane::job::Job;
use lane::line::Lease;
use lane::outcome::Report;
use lane::ports::{Burst, LedgerError};
use lane::shop::Shop;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

use super::attempting::{BROKEN_OFF, LOST, PANICKED, Running, unfinished};
use super::ending::Written;
use super::{Lanes, Turn};
use crate::attempt::CallsLeft;

/// How many of a burst are written down at once, one behind the other: so many share a sync, and another shop's order does
/// not wait for all of them.
const WRITTEN_AT_ONCE: usize = 20;

impl Lanes {
    /// Attempts the head and those behind it in one go, if they may. What was reserved for the head is enough for all of
    /// them; if it goes by itself after all, it still has it.
    pub(super) async fn burst(&self, lease: &Lease, shop: &Arc<Shop>, head: &Job) -> Result<Option<Turn>, LedgerError> {
        let max = if head.may_burst() { self.carry.together(shop) } else { 1 };
        let Some(room) = self.room_for(max) else { return Ok(None) };
        let max = u32::try_from(room.num_permits()).unwrap_or(max);
        let begun = self.ledger.begin_burst(lease, max, shop.policy, self.clock.now()).await;
        match begun.inspect_err(|_| self.limiter.abandon(&lease.lane))? {
            Burst::Begun(jobs) => {
                fail::fail_point!("worker.after_begin_burst");
                self.carry_together(lease, shop, jobs).await.map(Some)
            }
            Burst::Alone => Ok(None),
            Burst::Lost => {
                self.limiter.abandon(&lease.lane);
                Ok(Some(LOST))
            }
        }
    }

    /// Room for as many as there is, up to `max`; nothing if there is room for one at the most.
    fn room_for(&self, max: u32) -> Option<OwnedSemaphorePermit> {
        let mut many = max;
        while many >= 2 {
            if let Ok(room) = Arc::clone(&self.together).try_acquire_many_owned(many) {
                return Some(room);
            }
            many /= 2;
        }
        None
    }

    async fn carry_together(
        &self,
        lease: &Lease,
        shop: &Arc<Shop>,
        jobs: Vec<(Box<Job>, u32)>,
    ) -> Result<Turn, LedgerError> {
        let (left, began) = (Arc::new(CallsLeft::default()), self.clock.now());
        let names_locations = !shop.carriage.share.locations.is_empty();
        let as_running = |(job, number): (Box<Job>, u32)| {
            let left = Arc::clone(&left);
            Running { job: *job, number, policy: shop.policy, names_locations, left, began }
        };
        let running: Vec<Running> = jobs.into_iter().map(as_running).collect();
        let deadline = self.deadline(lease, began);
        let reports = self.attempt_together(shop, &running, deadline, &left).await;
        self.limiter.finish(&lease.lane);
        self.keep_stops().await;
        fail::fail_point!("worker.before_complete_burst");
        let count = u32::try_from(running.len()).unwrap_or(u32::MAX);
        let writing = running.iter().zip(reports).map(|(running, report)| self.write_down(lease, running, report));
        let writing: Vec<_> = writing.collect();
        let written = stream::iter(writing).buffered(WRITTEN_AT_ONCE).collect().await;
        self.keep_stops().await;
        self.ended(lease, count, written).await
    }

    /// How the run goes on. What could not be written down of one of them has not kept the others from it.
    async fn ended(
        &self,
        lease: &Lease,
        count: u32,
        written: Vec<Result<Written, LedgerError>>,
    ) -> Result<Turn, LedgerError> {
        let (mut paused, mut lost) = (false, false);
        for written in written {
            match written? {
                Written::Down => {}
                Written::AndPaused => paused = true,
                Written::NotOurs => lost = true,
            }
        }
        match (lost, paused) {
            (true, _) => Ok(LOST),
            (false, true) => self.paused(lease).await,
            (false, false) => Ok(Turn::Jobs(count)),
        }
    }

    /// One report for each, in the same order.
    async fn attempt_together(
        &self,
        shop: &Arc<Shop>,
        running: &[Running],
        deadline: Timestamp,
        left: &Arc<CallsLeft>,
    ) -> Vec<Report> {
        let (carry, shop, left) = (Arc::clone(&self.carry), Arc::clone(shop), Arc::clone(left));
        let jobs: Vec<Job> = running.iter().map(|running| running.job.clone()).collect();
        let mut task = tokio::spawn(async move { carry.attempt_together(&shop, &jobs, deadline, &left).await });
        let words = match tokio::time::timeout(self.patience(deadline), &mut task).await {
            Ok(Ok(reports)) if reports.len() == running.len() => return reports,
            Ok(Ok(_) | Err(_)) => PANICKED,
            Err(_) => {
                task.abort();
                BROKEN_OFF
            }
        };
        running.iter().map(|running| unfinished(running, words)).collect()
    }
}
