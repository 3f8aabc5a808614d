//! How much the worker does at once.

use serde::Deserialize;

use super::count::Count;

/// `[worker]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Worker {
    /// Lanes worked at the same time.
    concurrency: Option<Count>,
}

/// Lanes worked at the same time, unless a setting says otherwise. Each is one attempt that mostly waits for a provider.
const CONCURRENCY: u16 = 256;

impl Worker {
    /// Lanes worked at the same time.
    pub(crate) fn concurrency(self) -> usize {
        self.concurrency.map_or(CONCURRENCY, Count::get).into()
    }
}
