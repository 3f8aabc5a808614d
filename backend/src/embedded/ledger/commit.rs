//! One commit: what several callers want written, in one transaction, and everybody told once it has returned.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lane::ports::LedgerError;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::{oneshot, watch};

use super::lock::Opened;
use super::shops::Shops;
use super::wal::{self, Mover};
use super::writer::{Errand, SqlUnit, Task, sqlite_error};
use crate::ledger::ending::{self, Ended};

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

    pub(super) fn writes(&self) -> u32 {
        u32::try_from(self.tasks.len()).unwrap_or(u32::MAX)
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
    pub(super) shops: Shops,
    pub(super) stop: Stop,
    /// Dropped last.
    pub(super) _open: Option<Arc<Opened>>,
}

/// Where everybody learns that the ledger has stopped, and why.
#[derive(Clone)]
pub(super) struct Stop(pub(super) watch::Sender<Option<Arc<str>>>);

impl Stop {
    /// Stops the ledger if an error means that what is on the disk is unknown. Told once.
    pub(super) fn if_in_doubt(&self, error: Option<&LedgerError>) -> Fate {
        let Some(LedgerError::Stopped(why)) = error else { return Fate::GoesOn };
        let first = self.0.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert_with(|| why.as_str().into());
            first
        });
        if first {
            tell_of_stop(why);
        }
        Fate::Ends
    }

    /// The error of whoever comes after the ledger has stopped.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        match self.0.borrow().as_deref() {
            Some(why) => Err(LedgerError::Stopped(why.to_owned())),
            None => Ok(()),
        }
    }
}

pub(super) fn tell_of_stop(why: &str) {
    tracing::error!(ledger.error = %why, "the ledger stops: what is on the disk is unknown until it is opened again");
}

/// A sync that failed leaves the file alone from then on: closing it must not move the log, either.
pub(super) fn leave_alone(conn: &Connection) {
    // What cannot be set changes nothing about the stop.
    let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

impl Pen {
    /// Commits what is in the batch and tells everybody.
    pub(super) fn run(&mut self, batch: Batch) -> Fate {
        let Batch { mut tasks, apart } = batch;
        // A sync may have failed beside the commits.
        let sound = self.stop.check();
        let written = sound
            .and_then(|()| if tasks.is_empty() { Ok(()) } else { commit(&self.conn, &mut self.shops, &mut tasks) });
        if let Err(error) = &written {
            for task in &mut tasks {
                task.fail(again(error));
            }
        }
        let mut fate = self.stop.if_in_doubt(written.as_ref().err());
        for task in tasks {
            task.answer();
        }
        if fate == Fate::GoesOn {
            let kept = match (apart, self.mover.as_mut()) {
                (Some(reply), mover) => {
                    mover.map_or(Ok(true), Mover::is_idle).and_then(|idle| self.empty_log(reply, idle))
                }
                (None, Some(mover)) => mover.tend(&self.conn),
                (None, None) => Ok(()),
            };
            fate = self.stop.if_in_doubt(kept.as_ref().err());
        }
        fate
    }

    fn empty_log(&self, reply: oneshot::Sender<Result<bool, LedgerError>>, idle: bool) -> Result<(), LedgerError> {
        let emptied = if idle { wal::empty(&self.conn) } else { Ok(false) };
        let ends = match &emptied {
            Ok(_) => Ok(()),
            Err(error) => Err(again(error)),
        };
        // Whoever asked may have gone away; the log is empty all the same.
        let _ = reply.send(emptied);
        ends
    }
}

fn again(error: &LedgerError) -> LedgerError {
    match error {
        LedgerError::Unavailable(why) => LedgerError::Unavailable(why.clone()),
        LedgerError::Stopped(why) => LedgerError::Stopped(why.clone()),
        LedgerError::Unreadable(why) => LedgerError::Unreadable(why.clone()),
        LedgerError::Impossible(error) => LedgerError::Impossible(*error),
    }
}

/// Runs all tasks in one transaction and commits. A task that fails is rolled back alone.
fn commit(conn: &Connection, shops: &mut Shops, tasks: &mut [Box<dyn Task>]) -> Result<(), LedgerError> {
    let result = commit_all(conn, shops, tasks);
    if result.is_err() && !conn.is_autocommit() {
        // Best effort: the failure itself is what is reported.
        let _ = conn.execute_batch("ROLLBACK");
    }
    result
}

fn commit_all(conn: &Connection, shops: &mut Shops, tasks: &mut [Box<dyn Task>]) -> Result<(), LedgerError> {
    run_sql(conn, "BEGIN IMMEDIATE")?;
    let gathered = match together(conn, shops, tasks)? {
        Ok(gathered) => gathered,
        Err(failed) => {
            run_sql(conn, "ROLLBACK")?;
            if let [alone] = tasks {
                alone.fail(failed);
                return Ok(());
            }
            run_sql(conn, "BEGIN IMMEDIATE")?;
            each_apart(conn, shops, tasks)?
        }
    };
    for (name, by) in gathered.tally {
        conn.prepare_cached(
            "INSERT INTO tally (name, n) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
        )
        .and_then(|mut statement| statement.execute((name, by)))
        .map_err(|e| sqlite_error(&e))?;
    }
    fail::fail_point!("ledger.before_commit");
    run_sql(conn, "COMMIT")?;
    fail::fail_point!("ledger.after_commit");
    metrics::counter!("lanekeeper_ledger_commits_total").increment(1);
    metrics::counter!("lanekeeper_ledger_writes_total").increment(tasks.len() as u64);
    gathered.ended.iter().for_each(ending::tell);
    Ok(())
}

/// What the tasks of one transaction leave to it.
#[derive(Default)]
struct Gathered {
    tally: HashMap<String, i64>,
    ended: Vec<Ended>,
}

/// Runs the tasks without anything between them: a savepoint copies each page that its task changes, which is a tenth of
/// what a webhook costs, and tasks hardly ever fail. One that did is the answer within; none after it has run.
fn together(
    conn: &Connection,
    shops: &mut Shops,
    tasks: &mut [Box<dyn Task>],
) -> Result<Result<Gathered, LedgerError>, LedgerError> {
    let mut gathered = Gathered::default();
    for task in tasks {
        match run(conn, shops, task.as_mut(), &mut gathered) {
            Ok(()) => {}
            Err(fault) if is_of_all(conn, &fault) => return Err(fault),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    Ok(Ok(gathered))
}

/// Runs each task in a savepoint, so that one that fails takes nobody along.
fn each_apart(conn: &Connection, shops: &mut Shops, tasks: &mut [Box<dyn Task>]) -> Result<Gathered, LedgerError> {
    let mut gathered = Gathered::default();
    for task in tasks {
        run_sql(conn, "SAVEPOINT unit")?;
        match run(conn, shops, task.as_mut(), &mut gathered) {
            Ok(()) => {}
            Err(fault) if is_of_all(conn, &fault) => return Err(fault),
            Err(fault) => {
                run_sql(conn, "ROLLBACK TO unit")?;
                task.fail(fault);
            }
        }
        run_sql(conn, "RELEASE unit")?;
    }
    Ok(gathered)
}

/// Runs one task; what it leaves to the transaction is gathered if it comes to its end.
fn run(conn: &Connection, shops: &mut Shops, task: &mut dyn Task, gathered: &mut Gathered) -> Result<(), LedgerError> {
    let mut unit = SqlUnit::new(conn, shops);
    let ran = catch_unwind(AssertUnwindSafe(|| task.run(&mut unit)));
    match ran {
        // What it wrote after SQLite had ended the transaction would stand by itself, whatever it thinks of that.
        Ok(Ok(())) if conn.is_autocommit() => {
            Err(LedgerError::Unavailable("the transaction was rolled back under a write".to_owned()))
        }
        Ok(Ok(())) => {
            for (name, by) in unit.tally {
                *gathered.tally.entry(name).or_default() += by;
            }
            gathered.ended.extend(unit.ended);
            Ok(())
        }
        Ok(Err(fault)) => Err(LedgerError::from(fault)),
        Err(_) => Err(LedgerError::Unavailable("a write panicked and was rolled back".to_owned())),
    }
}

/// Whether the whole transaction is gone, and with it the other tasks' writes.
fn is_of_all(conn: &Connection, fault: &LedgerError) -> bool {
    conn.is_autocommit() || matches!(fault, LedgerError::Stopped(_))
}

fn run_sql(conn: &Connection, text: &str) -> Result<(), LedgerError> {
    let ran = conn.prepare_cached(text).and_then(|mut statement| statement.execute([]));
    ran.map(drop).map_err(|e| sqlite_error(&e))
}

#[cfg(test)]
mod tests;
