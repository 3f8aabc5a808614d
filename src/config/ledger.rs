//! Where the ledger lies.

use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::Deserialize;

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// The file. A relative path begins at the current directory.
    pub(crate) path: PathBuf,
    /// What the write-ahead log beside it grows to before it is moved into the file, in MiB.
    #[serde(default = "default_log")]
    log_mib: NonZeroU16,
}

/// Pages of the write-ahead log in a MiB.
const PAGES: u32 = 256;

fn default_log() -> NonZeroU16 {
    NonZeroU16::new(32).unwrap_or(NonZeroU16::MIN)
}

impl Ledger {
    /// The same in pages.
    pub(crate) fn log_pages(&self) -> u32 {
        u32::from(self.log_mib.get()) * PAGES
    }

    /// The socket beside the file at which the running program takes commands.
    pub(crate) fn socket(&self) -> PathBuf {
        let mut socket = self.path.clone().into_os_string();
        socket.push(".sock");
        socket.into()
    }
}
