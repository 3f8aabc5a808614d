//! Opening the file: one process at a time, nothing damaged, nothing newer than this program, every commit synced; then
//! the migrations, and the leases of the last boot are void.

use std::fs::File;
use std::path::{Path, PathBuf};

use lane::clock::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use super::lock::{Lock, lock};
use super::migrations::{APPLICATION_ID, migrate};
use super::wal;

/// Pages the write-ahead log grows to before a commit moves it into the file (16 MiB), where no thread does so beside the
/// commits: while the file is opened, and on simulated time.
const WAL_PAGES: u32 = 4000;

/// What the write-ahead log's file keeps of its length when it starts over: a long reader lets it grow, and that room would
/// otherwise stay taken.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// Pages the writer keeps in memory. Much less, and a ledger of some hundred thousand lanes is read from the system's
/// cache again and again.
const CACHE_KIB: i64 = 12 * 1024;

/// Why the ledger's file was not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "{} is in use by another lanekeeper process; stop that one first (one file has one program)", .0.display()
    )]
    InUse(PathBuf),
    /// The file or its folder cannot be used.
    #[error("{} cannot be used; check that the folder exists, is writable and has room", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is another program's file.
    #[error("{} is a database of another program; give the ledger a path of its own", .0.display())]
    Foreign(PathBuf),
    /// It is damaged.
    #[error(
        "{} is damaged ({found}). Nothing was changed. Keep a copy of it and of the -wal file beside it; then restore \
         the last backup, or recover with: sqlite3 {} .recover | sqlite3 recovered.db", path.display(), path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        found: String,
    },
    /// It is older than what last ran here.
    #[error(
        "{} is older than what last ran here: a restored backup? Nothing was changed. If it is meant to be used, start \
         once with `lanekeeper up --restored`: every order is then looked up at the warehouse before it is written \
         there. (If all is to begin anew without the past, remove {} beside it.)", path.display(), beside.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The file beside it that knows better.
        beside: PathBuf,
    },
    /// It was exported: another store has the ledger now, or will have it.
    #[error(
        "the ledger of {} was exported at {since}, and neither that file nor a backup in its place is used for anything \
         else: two programs with the same orders would send each of them twice. If the other one never started, \
         `lanekeeper export --call-off` gives the ledger back to this file",
        path.display()
    )]
    Leaves {
        /// The file.
        path: PathBuf,
        /// When it was exported first.
        since: Timestamp,
    },
    /// Rows of a table belong to nothing after a migration. The file is as it was before.
    #[error(
        "{} could not be brought to version {version}: rows of its table {table} belong to nothing; it is as it was: restore \
         a backup, or keep the program that wrote it and report this",
        path.display()
    )]
    Torn {
        /// The file.
        path: PathBuf,
        /// The version.
        version: usize,
        /// The table.
        table: String,
    },
    /// A newer version wrote it.
    #[error("{} was written by a newer lanekeeper (its schema is {found}, this program knows {known}); use that one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest schema this program knows.
        known: usize,
    },
    /// Commits would not survive a power cut.
    #[error("{} cannot be opened so that commits are synced ({what}); is it on a network file system?", path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The setting that did not take.
        what: String,
    },
    /// What is deleted would not be overwritten.
    #[error(
        "{} cannot be opened so that a redaction erases everything ({what}); build this program in its own folder, whose \
         .cargo/config.toml sets LIBSQLITE3_FLAGS", path.display()
    )]
    NotErasable {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// SQLite refused.
    #[error("{} cannot be opened", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// Opens, checks and prepares the file.
pub(super) fn open(path: &Path, now: Timestamp) -> Result<(Connection, Lock), OpenError> {
    let (mut conn, lock) = sound(path)?;
    prepare(&mut conn, path, now)?;
    Ok((conn, lock))
}

pub(super) fn prepare(conn: &mut Connection, path: &Path, now: Timestamp) -> Result<(), OpenError> {
    migrate(conn, path)?;
    void_leases(conn, now).map_err(|source| OpenError::Sqlite { path: path.to_owned(), source })
}

/// Opens the file if it is sound. None of its rows is changed.
pub(super) fn sound(path: &Path) -> Result<(Connection, Lock), OpenError> {
    let lock = lock(path)?;
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    make_private(path)?;
    let conn = Connection::open(path).map_err(|e| as_damage(path, e))?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.busy_timeout(super::BUSY_TIMEOUT).map_err(sqlite)?;
    settle_plans(&conn).map_err(sqlite)?;
    check(&conn, path)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB).map_err(sqlite)?;
    make_durable(&conn, path)?;
    make_erasable(&conn, path)?;
    Ok((conn, lock))
}

/// Keeps a statement's plan whatever values are bound to it. Without it SQLite plans the statement anew each time, which
/// took a fifth of the writer's time.
pub(super) fn settle_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// A second connection, for moving the write-ahead log into the file; the first stops doing so.
pub(super) fn second(first: &Connection, path: &Path, log_pages: u32) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    first.pragma_update(None, "wal_autocheckpoint", 0).map_err(sqlite)?;
    first.pragma_update(None, "journal_size_limit", wal::bytes_kept(log_pages)).map_err(sqlite)?;
    let second = Connection::open(path).map_err(sqlite)?;
    second.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sqlite)?;
    second.busy_timeout(super::BUSY_TIMEOUT).map_err(sqlite)?;
    second.pragma_update(None, "synchronous", "FULL").map_err(sqlite)?;
    // Opens the log now, while there are file handles.
    second.query_row("PRAGMA wal_checkpoint(NOOP)", [], |_| Ok(())).map_err(sqlite)?;
    Ok(second)
}

/// Orders carry people's addresses: only the program's own user may read a new ledger. SQLite gives the files beside it
/// the same permissions.
fn make_private(path: &Path) -> Result<(), OpenError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path);
    made.map(drop).map_err(|source| OpenError::Unusable { path: path.to_owned(), source })
}

fn check(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(|e| as_damage(path, e))?;
    if pages == 0 {
        return Ok(());
    }
    let id: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(|e| as_damage(path, e))?;
    if id != APPLICATION_ID {
        // A first start that was cut short leaves a file with nothing in it.
        let tables: i64 = conn
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(|e| as_damage(path, e))?;
        return if id == 0 && tables == 0 { Ok(()) } else { Err(OpenError::Foreign(path.to_owned())) };
    }
    let found: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| as_damage(path, e))?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), found }) }
}

/// What cannot be read is damaged. What cannot be written or mapped is not: the disk is full, or not ours to write to, and
/// restoring a backup would be the wrong advice.
pub(super) fn as_damage(path: &Path, error: rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure};
    use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, SQLITE_IOERR_SHORT_READ};
    let path = path.to_owned();
    let unread = error.sqlite_error().is_some_and(|e| {
        matches!(e.extended_code, SQLITE_IOERR_READ | SQLITE_IOERR_SHORT_READ | SQLITE_IOERR_CORRUPTFS)
    });
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => OpenError::Damaged { path, found: error.to_string() },
        Some(SystemIoFailure) if unread => OpenError::Damaged { path, found: error.to_string() },
        Some(SystemIoFailure | DiskFull | ReadOnly) => {
            OpenError::Unusable { path, source: std::io::Error::other(error) }
        }
        _ => OpenError::Sqlite { path, source: error },
    }
}

/// Sets what durability rests on and reads it back: some file systems and builds silently ignore it.
fn make_durable(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let not = |what: String| OpenError::NotDurable { path: path.to_owned(), what };
    let mode: String =
        conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(|e| as_damage(path, e))?;
    if mode != "wal" {
        return Err(not(format!("journal mode is {mode}")));
    }
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;").map_err(sqlite)?;
    conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES).map_err(sqlite)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT).map_err(sqlite)?;
    let level: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(sqlite)?;
    if level == 2 { Ok(()) } else { Err(not(format!("synchronous is {level}"))) }
}

/// Sets what erasing rests on and reads it back. Deleted rows and freed pages are overwritten with zeros; the cheaper
/// `FAST` leaves freed pages as they are, and most of a webhook's body lies in pages of its own. Whatever SQLite wants to
/// remember for a rollback stays in memory.
fn make_erasable(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let not = |what: String| OpenError::NotErasable { path: path.to_owned(), what };
    conn.execute_batch("PRAGMA temp_store = MEMORY").map_err(sqlite)?;
    let secure: i64 = conn.query_row("PRAGMA secure_delete = ON", [], |row| row.get(0)).map_err(sqlite)?;
    if secure != 1 {
        return Err(not(format!("secure_delete is {secure}")));
    }
    conn.prepare("SELECT data FROM sqlite_dbpage")
        .map(drop)
        .map_err(|_| not("the page table is not built in".to_owned()))
}

/// Whoever held a lease died with the last process, and so did the queue and the limiter. Every lane that had work, now or
/// later, is looked at by the first sweep; one whose time has not come is put back by it.
fn void_leases(conn: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let any: Option<i64> = conn
        .query_row("SELECT 1 FROM lane WHERE owner IS NOT NULL OR wake IS NOT NULL LIMIT 1", [], |row| row.get(0))
        .optional()?;
    if any.is_none() {
        return Ok(());
    }
    conn.execute(
        "UPDATE lane SET wake = ?1, owner = NULL, lease_until = NULL, put_off = 0, rest = NULL
         WHERE owner IS NOT NULL OR wake IS NOT NULL",
        [now.as_microsecond()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
