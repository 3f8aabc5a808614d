//! How much the worker does at once.

use std::net::SocketAddr;

use serde::Deserialize;

use super::count::Count;
use super::listeners;

/// `[worker]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worker {
    /// Lanes worked at the same time.
    concurrency: Option<Count>,
    /// Where the worker answers `/health`, if it is a program of its own.
    #[serde(deserialize_with = "listeners::optional_address")]
    pub listen: Option<SocketAddr>,
}

/// Lanes worked at the same time, unless a setting says otherwise. Each is one attempt that mostly waits for a provider.
const CONCURRENCY: u16 = 256;

impl Worker {
    /// Lanes worked at the same time.
    pub fn concurrency(self) -> usize {
        self.concurrency.map_or(CONCURRENCY, Count::get).into()
    }
}
