//! The ledger leaves the file for another store: as records ([`crate::moving`]), in one look.
//!
//! Two programs that work on the same orders would send each of them twice. So before the first record leaves, the file
//! says that the ledger is on its way, and from then on it is opened for nothing else, until the move is called off. The
//! file beside it says so too: whoever puts a backup from before in place is told.

mod rows;

use std::path::Path;

use lane::clock::{Clock, Timestamp};
use lane::ports::LedgerError;
use rusqlite::{Connection, OptionalExtension};

use super::boots;
use super::open::OpenError;
use super::rows::{from_micros, micros, one};
use crate::ledger::fault::Fault;
use crate::moving::{Begin, FORMAT, Kind, Record, Sums};

/// Why the ledger did not leave. Nothing of it was changed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Nobody took the records.
    #[error("the records cannot be written; what was written is of no use, and `lanekeeper export` begins anew")]
    Write(#[from] std::io::Error),
    /// A redaction is half done.
    #[error(
        "privacy request {0} is being carried out, and only this program on this file can go on with it; start \
         `lanekeeper up`, wait until `lanekeeper privacy list` no longer has it, then stop it and export again"
    )]
    UnderWay(u64),
}

impl From<Fault> for ExportError {
    fn from(fault: Fault) -> Self {
        Self::Ledger(fault.into())
    }
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Fault::from(error).into()
    }
}

/// Gives each record of the file at `path` to `to`, in their order. From before the first, the file is opened for nothing
/// but this or [`call_off`]. `id` becomes the move's, unless one was begun before.
pub fn export(
    path: &Path,
    id: &str,
    clock: &dyn Clock,
    to: &mut dyn FnMut(&Record) -> std::io::Result<()>,
) -> Result<Sums, ExportError> {
    let (conn, _lock) = boots::open_to_leave(path, clock.now())?;
    let half_done = "SELECT seq FROM privacy WHERE done_at IS NULL AND json_extract(progress, '$.began') LIMIT 1";
    if let Some(request) = one(&conn, half_done, [])? {
        return Err(ExportError::UnderWay(request));
    }
    let since = leaves_since(&conn)?.unwrap_or(clock.now());
    // First beside it: where that cannot be written, the ledger stays as it was.
    boots::leave(path, Some(since))?;
    let begin = mark(&conn, id, since)?;
    let mut sums = Sums::new();
    let mut give = |record: Record| {
        *sums.entry(record.kind()).or_default() += 1;
        to(&record).map_err(ExportError::Write)
    };
    give(Record::Begin(begin))?;
    rows::give_all(&conn, &mut give)?;
    sums.remove(&Kind::Begin);
    to(&Record::End { sums: sums.clone() })?;
    Ok(sums)
}

/// The ledger stays: the file is opened as before. Since when it was on its way, if it was.
pub fn call_off(path: &Path, clock: &dyn Clock) -> Result<Option<Timestamp>, ExportError> {
    let (conn, _lock) = boots::open_to_stay(path, clock.now())?;
    let since = leaves_since(&conn)?;
    conn.execute("DELETE FROM moved", [])?;
    let told = boots::leave(path, None)?;
    Ok(since.or(told))
}

/// Writes down that the ledger is on its way. Durable when it returns.
fn mark(conn: &Connection, id: &str, since: Timestamp) -> Result<Begin, Fault> {
    conn.execute(
        "INSERT INTO moved (id, at) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM moved)",
        (id, micros(since)),
    )?;
    let begin = conn.query_row("SELECT id, at FROM moved", [], |row| {
        Ok(Begin { format: FORMAT, id: row.get(0)?, at: from_micros(row.get(1)?) })
    });
    Ok(begin?)
}

/// Since when the ledger is on its way to another store. A file of an earlier version never is.
pub(super) fn leaves_since(conn: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'";
    if conn.query_row(sql, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    conn.query_row("SELECT at FROM moved", [], |row| Ok(from_micros(row.get(0)?))).optional()
}
