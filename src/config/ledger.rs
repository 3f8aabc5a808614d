//! Where the ledger lies.

use std::path::PathBuf;

use backend::embedded::ledger::LOG_PAGES;
use serde::Deserialize;

use super::count::Count;

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// The file. A relative path begins at the current directory.
    pub(crate) path: PathBuf,
    /// MiB that the write-ahead log beside it grows to before it is moved into the file. After a crash all of it is read at
    /// the start.
    log_mib: Option<Count>,
}

/// Pages of the write-ahead log in a MiB.
const PAGES: u32 = 256;

impl Ledger {
    /// Pages that the write-ahead log grows to.
    pub(crate) fn log_pages(&self) -> u32 {
        self.log_mib.map_or(LOG_PAGES, |mib| u32::from(mib.get()) * PAGES)
    }

    /// The socket beside the file at which the running program takes commands.
    pub(crate) fn socket(&self) -> PathBuf {
        let mut socket = self.path.clone().into_os_string();
        socket.push(".sock");
        socket.into()
    }
}
