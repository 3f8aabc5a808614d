//! One commit: what several callers want written, in one transaction, and everybody told once it has returned.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lane::ports::LedgerError;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::wal::{self, Mover};
use super::writer::{Errand, Task, Unit, sqlite_error};

/// Writes that share one commit at the most: past this a commit's latency grows faster than its sync is worth.
const COMMIT_WRITES_MAX: usize = 256;

/// What one commit holds, and who wants the log emptied behind it.
#[derive(Default)]
pub(super) struct Batch {
    tasks: Vec<Box<dyn Task>>,
    apart: Option<oneshot::Sender<Result<bool, LedgerError>>>,
}

impl Batch {
    pub(super) fn of(first: Errand) -> Self {
        let mut batch = Self::default();
        batch.add(first);
        batch
    }

    pub(super) fn add(&mut self, errand: Errand) {
        match errand {
            Errand::Write(task) => self.tasks.push(task),
            Errand::EmptyLog(reply) => self.apart = Some(reply),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.tasks.len() >= COMMIT_WRITES_MAX || self.apart.is_some()
    }
}

/// What becomes of the ledger after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    GoesOn,
    Ends,
}

/// What writing takes.
pub(super) struct Pen {
    /// `None` on simulated time: SQLite moves the log by itself then. Dropped before the connection.
    pub(super) mover: Option<Mover>,
    pub(super) conn: Connection,
    pub(super) stop: watch::Sender<Option<Arc<str>>>,
}

impl Pen {
    /// Commits what is in the batch and tells everybody.
    pub(super) fn run(&mut self, batch: Batch) -> Fate {
        let Batch { mut tasks, apart } = batch;
        let written = if tasks.is_empty() { Ok(()) } else { commit(&self.conn, &mut tasks) };
        if let Err(error) = &written {
            for task in &mut tasks {
                task.fail(again(error));
            }
        }
        let mut fate = fate(written.as_ref().err(), &self.stop);
        for task in tasks {
            task.answer();
        }
        if let Some(mover) = self.mover.as_mut().filter(|_| fate == Fate::GoesOn) {
            fate = self::fate(mover.tend(&self.conn).as_ref().err(), &self.stop);
        }
        if let Some(reply) = apart.filter(|_| fate == Fate::GoesOn) {
            let emptied = wal::empty(&self.conn);
            fate = self::fate(emptied.as_ref().err(), &self.stop);
            // Whoever asked may have gone away; the log is empty all the same.
            let _ = reply.send(emptied);
        }
        fate
    }
}

/// Whether an error ends the ledger; everybody is told.
fn fate(error: Option<&LedgerError>, stop: &watch::Sender<Option<Arc<str>>>) -> Fate {
    let Some(LedgerError::Stopped(why)) = error else { return Fate::GoesOn };
    tracing::error!(ledger.error = %why, "the ledger stops: what is on the disk is unknown until it is opened again");
    let _ = stop.send(Some(why.as_str().into()));
    Fate::Ends
}

fn again(error: &LedgerError) -> LedgerError {
    match error {
        LedgerError::Unavailable(why) => LedgerError::Unavailable(why.clone()),
        LedgerError::Stopped(why) => LedgerError::Stopped(why.clone()),
        LedgerError::Unreadable(why) => LedgerError::Unreadable(why.clone()),
        LedgerError::Impossible(error) => LedgerError::Impossible(*error),
    }
}

/// Runs every task in a savepoint of one transaction and commits. A task that fails is rolled back alone.
fn commit(conn: &Connection, tasks: &mut [Box<dyn Task>]) -> Result<(), LedgerError> {
    let result = commit_all(conn, tasks);
    if result.is_err() && !conn.is_autocommit() {
        // Best effort: the failure itself is what is reported.
        let _ = conn.execute_batch("ROLLBACK");
    }
    result
}

fn commit_all(conn: &Connection, tasks: &mut [Box<dyn Task>]) -> Result<(), LedgerError> {
    let sql = |text: &str| -> Result<(), LedgerError> {
        conn.prepare_cached(text).and_then(|mut statement| statement.execute([])).map_err(|e| sqlite_error(&e))?;
        Ok(())
    };
    let mut tally: HashMap<String, i64> = HashMap::new();
    sql("BEGIN IMMEDIATE")?;
    for task in tasks.iter_mut() {
        sql("SAVEPOINT unit")?;
        let mut unit = Unit { conn, tally: HashMap::new() };
        let ran = catch_unwind(AssertUnwindSafe(|| task.run(&mut unit)));
        let fault = match ran {
            Ok(Ok(())) => {
                for (name, by) in unit.tally {
                    *tally.entry(name).or_default() += by;
                }
                sql("RELEASE unit")?;
                continue;
            }
            Ok(Err(fault)) => LedgerError::from(fault),
            Err(_) => LedgerError::Unavailable("a write panicked and was rolled back".to_owned()),
        };
        if conn.is_autocommit() || matches!(fault, LedgerError::Stopped(_)) {
            // The whole transaction is gone, and with it the other tasks' writes.
            return Err(fault);
        }
        sql("ROLLBACK TO unit")?;
        sql("RELEASE unit")?;
        task.fail(fault);
    }
    for (name, by) in tally {
        conn.prepare_cached(
            "INSERT INTO tally (name, n) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
        )
        .and_then(|mut statement| statement.execute((name, by)))
        .map_err(|e| sqlite_error(&e))?;
    }
    fail::fail_point!("ledger.before_commit");
    sql("COMMIT")?;
    fail::fail_point!("ledger.after_commit");
    metrics::counter!("lanekeeper_ledger_commits_total").increment(1);
    metrics::counter!("lanekeeper_ledger_writes_total").increment(tasks.len() as u64);
    Ok(())
}
