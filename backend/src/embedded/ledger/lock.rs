//! What keeps a second process out while the ledger is open.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use super::open::OpenError;

/// Holds the lock that keeps a second process out.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// What has to stay open as long as any connection is: closing any handle of the file takes away the locks that SQLite has on
/// it, and without the lock another process may open it.
pub(super) struct Opened {
    /// The file itself, for syncing it.
    file: File,
    _lock: Lock,
}

impl Opened {
    pub(super) fn new(path: &Path, lock: Lock) -> Result<Arc<Self>, OpenError> {
        let unusable = |source| OpenError::Unusable { path: path.to_owned(), source };
        let file = File::options().write(true).open(path).map_err(unusable)?;
        Ok(Arc::new(Self { file, _lock: lock }))
    }

    /// Waits until everything that was written to the file is on the disk.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }
}

pub(super) fn lock(path: &Path) -> Result<Lock, OpenError> {
    // A file of its own: closing any handle of the database file would drop SQLite's own locks on it.
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unusable = |source| OpenError::Unusable { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}
