//! How much the worker does at once.

use serde::Deserialize;

/// `[worker]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Worker {
    /// Lanes worked at the same time.
    pub(crate) concurrency: Concurrency,
}

/// Lanes worked at the same time, 1 to 1024. Each is one attempt that mostly waits for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Concurrency(u16);

/// A number out of bounds.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("choose 1 to 1024")]
pub(crate) struct OutOfBounds;

impl Concurrency {
    pub(crate) fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Concurrency {
    fn default() -> Self {
        Self(256)
    }
}

impl TryFrom<u16> for Concurrency {
    type Error = OutOfBounds;
    fn try_from(number: u16) -> Result<Self, OutOfBounds> {
        if (1..=1024).contains(&number) { Ok(Self(number)) } else { Err(OutOfBounds) }
    }
}
