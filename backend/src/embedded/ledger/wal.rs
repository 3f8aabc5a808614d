//! The write-ahead log: moving it into the file beside the commits, and emptying it, because what was deleted stands in
//! it until it is cut.
//!
//! Left to itself SQLite moves the log inside the commit that fills it, and everybody waits for that commit; and it says
//! nothing of a sync that failed there. So a thread of its own moves the log while commits go on ([`Mover`]), and the
//! writer moves only what came meanwhile, between two commits: then the log starts over.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use lane::ports::LedgerError;
use rusqlite::{Connection, ErrorCode};

use super::commit::Stop;
use super::lock::Opened;
use super::writer::sqlite_error;

/// Pages in the log from which they are moved, unless a setting says otherwise (32 MiB). Fewer, and pages that change all
/// the time are moved again and again; more, and a start after a crash has more to read.
pub const LOG_PAGES: u32 = 8192;

/// Pages that the writer moves itself: a few milliseconds' worth.
const REST: i64 = 300;

/// Commits between two tries of the writer to let a log start over that a reader held.
const TRY_AGAIN: u32 = 8;

/// When the log is so many times as long as it should be, the writer moves what there is: better late than without room.
const LATE: i64 = 4;

/// Bytes of a page in the log, with its header.
const FRAME: i64 = 4096 + 24;

/// How often the thread tries to get the log below [`REST`] while it is being filled.
const PASSES: u32 = 6;

/// How far the thread stands back; on Linux each thread has its own.
const NICENESS: i32 = 10;

/// How long one try to empty the log waits for readers; webhooks wait with it.
const WAIT: Duration = Duration::from_millis(20);

/// How long webhooks go on between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Tries to empty the log before the caller is told to come again: two seconds, many times what a page of a list takes.
pub(super) const TRIES: u32 = 10;

/// What the log's file keeps of its length when it starts over, if it is moved from so many pages on: as much as it comes to
/// while very much is written. Less, and it would be cut and grow again each time, which takes some thirty milliseconds in
/// which nothing is committed; more, and what a long reader let it grow to would stay taken.
pub fn bytes_kept(log_pages: u32) -> u64 {
    (LATE * FRAME * i64::from(log_pages)).unsigned_abs()
}

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
    moved: Receiver<Result<Moved, LedgerError>>,
    thread: Option<JoinHandle<()>>,
    at_work: bool,
    /// Commits since the writer last tried to let the log start over.
    commits: u32,
    /// It was told that the log cannot be moved.
    stuck: bool,
    /// Commits before the thread is sent again.
    patience: u32,
    /// Pages in the log from which they are moved.
    move_at: i64,
}

impl Mover {
    /// Starts the thread, with a connection of its own and another handle of the same file. A sync that fails there stops the
    /// ledger at once.
    pub(super) fn start(conn: Connection, opened: Arc<Opened>, stop: Stop, log_pages: u32) -> std::io::Result<Self> {
        let (ask, asked) = sync_channel(1);
        let (tell, moved) = sync_channel(1);
        let work = move || {
            yield_to_others();
            while asked.recv().is_ok() {
                let moved = move_most(&conn, &opened);
                stop.if_in_doubt(moved.as_ref().err());
                if tell.send(moved).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("ledger-mover".to_owned()).spawn(work)?;
        let (ask, thread, move_at) = (Some(ask), Some(thread), i64::from(log_pages));
        Ok(Self { ask, moved, thread, at_work: false, commits: 0, stuck: false, patience: 0, move_at })
    }

    /// Keeps the log short; called by the writer between two commits. An error means that the file is in doubt.
    pub(super) fn tend(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        if self.at_work {
            if !self.is_idle()? {
                return Ok(());
            }
            self.commits = 0;
            let Length { all, moved } = self.look(conn)?;
            if all - moved <= 2 * REST || all >= LATE * self.move_at {
                return self.finish(conn);
            }
            // It did not get far: a reader was in its way, or commits came faster than it moved them.
            return Ok(());
        }
        self.commits += 1;
        let length = self.look(conn)?;
        let unmoved = length.all - length.moved;
        if unmoved >= self.move_at && self.commits >= self.patience {
            // There is room for one: the last was taken before it was answered.
            self.at_work = self.ask.as_ref().is_some_and(|ask| ask.try_send(()).is_ok());
        } else if length.all >= self.move_at && unmoved <= REST && self.commits >= TRY_AGAIN {
            // A reader was in the way when all of it had been moved.
            return self.finish(conn);
        }
        Ok(())
    }

    /// Whether the thread is idle: a log that somebody moves cannot be cut, and nobody waits for this thread.
    pub(super) fn is_idle(&mut self) -> Result<bool, LedgerError> {
        if !self.at_work {
            return Ok(true);
        }
        match self.moved.try_recv() {
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => Err(gone()),
            Ok(moved) => {
                self.at_work = false;
                // Where it did not get on, it is not sent again after each commit.
                self.patience = if matches!(moved, Ok(Moved::Some)) { 0 } else { TRY_AGAIN };
                self.passable(moved.map(drop))?;
                Ok(true)
            }
        }
    }

    /// A log that cannot even be looked at counts as empty.
    fn look(&mut self, conn: &Connection) -> Result<Length, LedgerError> {
        match checkpoint(conn, "NOOP") {
            Ok(length) => Ok(length),
            Err(error) => self.passable(Err(error)).map(|()| Length { all: 0, moved: 0 }),
        }
    }

    /// Moves what came meanwhile; then the next commit begins the log anew, unless a reader still needs it.
    fn finish(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        self.commits = 0;
        let moved = checkpoint(conn, "PASSIVE");
        self.passable(moved.map(drop))
    }

    /// A full disk leaves the log as it is, until the next time; a failed sync does not pass.
    fn passable(&mut self, moved: Result<(), LedgerError>) -> Result<(), LedgerError> {
        match moved {
            Ok(()) => {
                if std::mem::take(&mut self.stuck) {
                    tracing::info!("the write-ahead log is moved into the file again");
                }
                Ok(())
            }
            Err(LedgerError::Unavailable(why)) => {
                if !std::mem::replace(&mut self.stuck, true) {
                    tracing::warn!(%why, "the write-ahead log cannot be moved into the file; it grows until it can");
                }
                Ok(())
            }
            Err(error @ (LedgerError::Stopped(_) | LedgerError::Unreadable(_) | LedgerError::Impossible(_))) => {
                Err(error)
            }
        }
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

fn gone() -> LedgerError {
    LedgerError::Stopped("the thread that moves the write-ahead log ended".to_owned())
}

/// Nobody waits for this thread but a program that ends: it takes what the others leave, and some of a core at the least.
/// Without that, commits take longer whenever the log is moved. Where it cannot be had, nothing but speed is lost.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the thread that moves the write-ahead log has the priority of all others");
    }
}

/// Whether the thread got on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    Some,
    /// A reader holds what is there.
    Nothing,
}

/// Moves the log until little of it is left. SQLite syncs the file only once nothing is left, which would be in the
/// writer's turn, with all of the pages; so they are synced here, each time.
fn move_most(conn: &Connection, opened: &Opened) -> Result<Moved, LedgerError> {
    let mut got_on = Moved::Nothing;
    let mut before = checkpoint(conn, "NOOP")?;
    for _ in 0..PASSES {
        checkpoint(conn, "PASSIVE")?;
        let after = checkpoint(conn, "NOOP")?;
        if after.moved == before.moved && after.all >= before.all {
            break;
        }
        opened.sync().map_err(|error| LedgerError::Stopped(format!("the file could not be synced: {error}")))?;
        got_on = Moved::Some;
        if after.all - after.moved <= REST {
            break;
        }
        before = after;
    }
    Ok(got_on)
}
