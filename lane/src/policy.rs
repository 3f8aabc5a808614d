//! What a shop wants done with a job that is in trouble: stand still behind it, or pass it.

use serde::{Deserialize, Serialize};

/// Whether the lane waits for a job in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The job keeps its place in the ready line and nothing passes it.
    StopLane,
    /// The job leaves the ready line; those behind it go on.
    StepAside,
}

impl Standing {
    /// Whether the lane stands still behind the job.
    pub fn stops(self) -> bool {
        self == Self::StopLane
    }
}

/// A shop's choice for each kind of trouble. It is fixed in the job when the trouble is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A fault that may pass.
    pub retry: Standing,
    /// A person must decide.
    pub hold: Standing,
    /// Refused for good, or attempts used up.
    pub fail: Standing,
}

/// Order survives a passing fault; one doubtful order does not stop a shop.
impl Default for Policy {
    fn default() -> Self {
        Self { retry: Standing::StopLane, hold: Standing::StepAside, fail: Standing::StepAside }
    }
}
