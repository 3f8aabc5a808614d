//! The write-ahead log: moving it into the file beside the commits, and emptying it, because what was deleted stands in
//! it until it is cut.
//!
//! Left to itself SQLite moves the log inside the commit that fills it, and everybody waits for that commit; and it says
//! nothing of a sync that failed there. So a thread of its own moves the log while commits go on ([`Mover`]), and the
//! writer moves only what came meanwhile, between two commits: then the log starts over.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use lane::ports::LedgerError;
use rusqlite::{Connection, ErrorCode};

use super::writer::sqlite_error;

/// Pages in the log from which they are moved (8 MiB). Fewer, and pages that change all the time are moved again and
/// again; more, and a start after a crash has more to read.
const MOVE_AT: i64 = 2000;

/// Pages that the writer moves itself: some milliseconds' worth.
const REST: i64 = 400;

/// How often the thread tries to get the log below [`REST`] while it is being filled.
const PASSES: u32 = 4;

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

/// What there is in the log, in pages.
struct Length {
    all: i64,
    moved: i64,
}

/// Moves what it can without waiting for anybody (`PASSIVE`), or only looks (`NOOP`).
fn checkpoint(conn: &Connection, mode: &str) -> Result<Length, LedgerError> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let length = conn
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([], |row| Ok(Length { all: row.get(1)?, moved: row.get(2)? })));
    length.map_err(|e| sqlite_error(&e))
}

/// A thread that moves the log into the file while the writer commits.
pub(super) struct Mover {
    /// `None` once it is to end.
    ask: Option<SyncSender<()>>,
    moved: Receiver<Result<(), LedgerError>>,
    at_work: bool,
    thread: Option<JoinHandle<()>>,
}

impl Mover {
    /// Starts the thread, with a connection of its own.
    pub(super) fn start(conn: Connection) -> std::io::Result<Self> {
        let (ask, asked) = sync_channel(1);
        let (tell, moved) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("ledger-mover".to_owned())
            .spawn(move || while asked.recv().is_ok() && tell.send(move_most(&conn)).is_ok() {})?;
        Ok(Self { ask: Some(ask), moved, at_work: false, thread: Some(thread) })
    }

    /// Keeps the log short; called by the writer between two commits. An error means that the file is in doubt.
    pub(super) fn tend(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        if self.at_work {
            match self.moved.try_recv() {
                Err(TryRecvError::Empty) => return Ok(()),
                Ok(moved) => moved?,
                Err(TryRecvError::Disconnected) => {
                    return Err(LedgerError::Stopped("the thread that moves the log ended".to_owned()));
                }
            }
            self.at_work = false;
            return passable(checkpoint(conn, "PASSIVE"));
        }
        let length = checkpoint(conn, "NOOP")?;
        if length.all - length.moved >= MOVE_AT {
            // There is room for one: the last was taken before it was answered.
            self.at_work = self.ask.as_ref().is_some_and(|ask| ask.try_send(()).is_ok());
        }
        Ok(())
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            // Its connection is closed before the writer's, whose closing leaves one file behind.
            let _ = thread.join();
        }
    }
}

fn move_most(conn: &Connection) -> Result<(), LedgerError> {
    for _ in 0..PASSES {
        let length = match checkpoint(conn, "PASSIVE") {
            Ok(length) => length,
            Err(error) => return passable(Err(error)),
        };
        if length.all - length.moved <= REST {
            break;
        }
        let now = checkpoint(conn, "NOOP")?;
        if now.all - now.moved <= REST {
            break;
        }
    }
    Ok(())
}

/// A full disk or a reader leaves the log as it is, until the next time; a failed sync does not pass.
fn passable(moved: Result<Length, LedgerError>) -> Result<(), LedgerError> {
    match moved {
        Ok(_) => Ok(()),
        Err(LedgerError::Unavailable(why)) => {
            tracing::warn!(%why, "the write-ahead log could not be moved into the file; it grows until it can");
            Ok(())
        }
        Err(error @ (LedgerError::Stopped(_) | LedgerError::Unreadable(_) | LedgerError::Impossible(_))) => Err(error),
    }
}
