//! Readers have connections of their own: what people look at never waits for the writer, nor the writer for them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lane::ports::LedgerError;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::lock::Opened;
use crate::ledger::fault::Fault;

/// How long one read may take. While it goes on, the write-ahead log can neither be cut nor stop growing.
const READ_TIME_MAX: Duration = Duration::from_secs(30);

/// Reads at once: beyond the cores they only wait for each other.
const READS_MAX: usize = 8;

/// A pool of connections that only read.
#[derive(Clone)]
pub(super) struct Readers(Arc<Pool>);

/// Where reads run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// On threads that may block.
    Threads,
    /// In the calling task, for simulated time.
    InLine,
}

struct Pool {
    path: PathBuf,
    place: Place,
    // A std mutex: it is held for a push or a pop, never across a read.
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
    /// Dropped last.
    _opened: Arc<Opened>,
}

impl Readers {
    pub(super) fn of(path: &Path, place: Place, opened: Arc<Opened>) -> Self {
        let permits = Semaphore::new(READS_MAX);
        Self(Arc::new(Pool { path: path.to_owned(), place, idle: Mutex::default(), permits, _opened: opened }))
    }

    /// Reads one consistent state of the ledger.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, LedgerError>
    where
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let gone = |e: &dyn std::fmt::Display| LedgerError::Unavailable(e.to_string());
        let _permit = self.0.permits.acquire().await.map_err(|e| gone(&e))?;
        let done = match self.0.place {
            Place::InLine => self.0.read(read),
            Place::Threads => {
                let pool = Arc::clone(&self.0);
                let reading = tokio::task::spawn_blocking(move || pool.read_in_time(read));
                reading.await.map_err(|e| gone(&e))?
            }
        };
        done.map_err(LedgerError::from)
    }
}

impl Pool {
    /// Reads, unless it takes too long.
    fn read_in_time<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.read(|conn| {
            let interrupt = conn.get_interrupt_handle();
            let too_long = tokio::spawn(async move {
                tokio::time::sleep(READ_TIME_MAX).await;
                interrupt.interrupt();
            });
            let result = read(conn);
            too_long.abort();
            result
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = idle.map_or_else(|| self.open(), Ok)?;
        conn.prepare_cached("BEGIN")?.execute([])?;
        let result = read(&conn);
        conn.prepare_cached("COMMIT")?.execute([])?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        result
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        super::open::settle_plans(&conn)?;
        // What a read sorts must not lie in files that no redaction finds.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        conn.set_prepared_statement_cache_capacity(64);
        conn.busy_timeout(super::BUSY_TIMEOUT)?;
        Ok(conn)
    }
}
