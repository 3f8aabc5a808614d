//! Where the ledger lies.

use std::path::PathBuf;

use serde::Deserialize;

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// The file. A relative path begins at the current directory.
    pub(crate) path: PathBuf,
}

impl Ledger {
    /// The socket beside the file at which the running program takes commands.
    pub(crate) fn socket(&self) -> PathBuf {
        let mut socket = self.path.clone().into_os_string();
        socket.push(".sock");
        socket.into()
    }
}
