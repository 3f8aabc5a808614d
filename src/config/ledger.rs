//! Where the ledger lies.

use std::path::PathBuf;

use serde::Deserialize;

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// The file. A relative path begins at the current directory.
    pub(crate) path: PathBuf,
    /// What the write-ahead log beside it grows to before it is moved into the file.
    #[serde(default)]
    log_mib: LogMib,
}

/// MiB of write-ahead log, 1 to 1024: after a crash all of it is read at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
struct LogMib(u16);

/// Pages of the write-ahead log in a MiB.
const PAGES: u32 = 256;

/// A number out of bounds.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("choose 1 to 1024")]
struct OutOfBounds;

impl Default for LogMib {
    fn default() -> Self {
        Self(32)
    }
}

impl TryFrom<u16> for LogMib {
    type Error = OutOfBounds;
    fn try_from(number: u16) -> Result<Self, OutOfBounds> {
        if (1..=1024).contains(&number) { Ok(Self(number)) } else { Err(OutOfBounds) }
    }
}

impl Ledger {
    /// The same in pages.
    pub(crate) fn log_pages(&self) -> u32 {
        u32::from(self.log_mib.0) * PAGES
    }

    /// The socket beside the file at which the running program takes commands.
    pub(crate) fn socket(&self) -> PathBuf {
        let mut socket = self.path.clone().into_os_string();
        socket.push(".sock");
        socket.into()
    }
}
