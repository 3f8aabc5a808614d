//! Emptying the write-ahead log: what was deleted stands in it until it is cut.

use std::time::Duration;

use lane::ports::LedgerError;
use rusqlite::{Connection, ErrorCode};

use super::writer::sqlite_error;

/// How long one try to empty the log waits for readers; webhooks wait with it.
const WAIT: Duration = Duration::from_millis(20);

/// How long webhooks go on between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Tries to empty the log before the caller is told to come again: two seconds, many times what a page of a list takes.
pub(super) const TRIES: u32 = 10;

/// Moves everything in the log into the file and cuts the log to nothing. `false`: a reader holds it.
pub(super) fn empty(conn: &Connection) -> Result<bool, LedgerError> {
    let emptied = conn
        .busy_timeout(WAIT)
        .and_then(|()| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
    conn.busy_timeout(super::BUSY_TIMEOUT).map_err(|e| sqlite_error(&e))?;
    match emptied {
        Ok(busy) => Ok(busy == 0),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        Err(error) => Err(sqlite_error(&error)),
    }
}
