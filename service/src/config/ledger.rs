//! Where the ledger lies.

use std::path::PathBuf;

use serde::Deserialize;

use super::count::Count;

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The file. A relative path begins at the current directory.
    pub path: PathBuf,
    /// MiB that the write-ahead log beside it grows to before it is moved into the file. After a crash all of it is read at
    /// the start.
    log_mib: Option<Count>,
}

/// Pages of the write-ahead log in a MiB.
const PAGES: u32 = 256;

impl Ledger {
    /// Pages that the write-ahead log grows to before it is moved, if that is set.
    pub fn log_pages(&self) -> Option<u32> {
        self.log_mib.map(|mib| u32::from(mib.get()) * PAGES)
    }

    /// The socket beside the file at which the running program takes commands.
    pub fn socket(&self) -> PathBuf {
        let mut socket = self.path.clone().into_os_string();
        socket.push(".sock");
        socket.into()
    }
}
