//! The wake-ups that a job causes, each under an id of its own.

use serde::{Deserialize, Serialize};

use super::Job;
use crate::clock::Timestamp;
use crate::wake_up::{DedupId, Envelope, SendKind, WakeUp};

/// Ordinals of the wake-ups a job has caused, counted in the write that causes the send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    /// Wake-ups after an approval.
    pub approved: u32,
    /// Every other wake-up after the first.
    pub retry: u32,
}

impl Job {
    /// The wake-up for this job, its ordinal counted. Store the job in the same write: the same send repeated is then
    /// one message, and a new decision is never swallowed.
    pub fn send(&mut self, kind: SendKind, now: Timestamp) -> Envelope {
        let dedup = match kind {
            SendKind::First => DedupId::first(&self.id),
            SendKind::Approved => {
                self.sends.approved += 1;
                DedupId::approved(&self.id, self.sends.approved)
            }
            SendKind::Again => {
                self.sends.retry += 1;
                DedupId::retry(&self.id, self.sends.retry)
            }
        };
        let wake_up = WakeUp {
            lane: self.lane.clone(),
            shop: self.shop.clone(),
            job: self.id.clone(),
            number: self.number.clone(),
            at: now,
            approved: kind == SendKind::Approved,
        };
        Envelope { wake_up, dedup }
    }
}
