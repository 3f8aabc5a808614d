//! The one writer: a thread that takes what many callers want written and commits it together, so that they share one
//! sync. Nobody is answered before the commit that holds their write has returned.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lane::ports::LedgerError;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

use super::wal;

/// Writes that share one commit at the most: past this a commit's latency grows faster than its sync is worth.
const COMMIT_WRITES_MAX: usize = 256;

/// Writes that may wait for the writer; callers beyond it wait for room, inside their own deadlines.
const WAITING_WRITES_MAX: usize = 1024;

/// One unit of writing, inside the shared transaction.
pub(super) struct Unit<'a> {
    pub(super) conn: &'a Connection,
    tally: HashMap<String, i64>,
}

impl Unit<'_> {
    /// Counts, to be written once per commit.
    pub(super) fn count(&mut self, name: String, by: i64) {
        *self.tally.entry(name).or_default() += by;
    }
}

/// Why a unit was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a row could not be read or written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<lane::state::ImpossibleMove> for Fault {
    fn from(error: lane::state::ImpossibleMove) -> Self {
        Self::Ledger(LedgerError::Impossible(error))
    }
}

impl From<lane::id::InvalidId> for Fault {
    fn from(error: lane::id::InvalidId) -> Self {
        Self::Ledger(LedgerError::Unreadable(error.to_string()))
    }
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Ledger(error) => error,
            Fault::Json(error) => Self::Unreadable(error.to_string()),
            Fault::Sqlite(error) => sqlite_error(&error),
        }
    }
}

/// A failed sync or a damaged page means that what is on the disk is unknown: stop, and let a start recover. A full
/// disk or a busy file means only that this write did not happen.
pub(super) fn sqlite_error(error: &rusqlite::Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            LedgerError::Stopped(error.to_string())
        }
        _ => LedgerError::Unavailable(error.to_string()),
    }
}

/// Something to write, and someone to tell.
trait Task: Send {
    fn run(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault>;
    fn fail(&mut self, error: LedgerError);
    fn answer(self: Box<Self>);
}

struct Write<F, T> {
    unit: Option<F>,
    result: Result<T, LedgerError>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<F, T> Task for Write<F, T>
where
    F: FnOnce(&mut Unit<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        let Some(write) = self.unit.take() else { return Ok(()) };
        self.result = Ok(write(unit)?);
        Ok(())
    }

    fn fail(&mut self, error: LedgerError) {
        self.result = Err(error);
    }

    fn answer(self: Box<Self>) {
        // A caller that has gone away (its deadline passed) needs no answer; its write stands.
        let _ = self.reply.send(self.result);
    }
}

/// What the writer thread is asked for.
enum Errand {
    /// To write something in the next commit.
    Write(Box<dyn Task>),
    /// To empty the write-ahead log, between two commits. `false`: a reader holds it.
    EmptyLog(oneshot::Sender<Result<bool, LedgerError>>),
}

/// A handle on the writer thread.
#[derive(Clone)]
pub(super) struct Writer {
    tasks: mpsc::Sender<Errand>,
    stopped: watch::Receiver<Option<Arc<str>>>,
}

impl Writer {
    /// Starts the thread; it ends when the last handle is dropped or when the ledger stops.
    pub(super) fn start(conn: Connection) -> std::io::Result<Self> {
        let (tasks, waiting) = mpsc::channel(WAITING_WRITES_MAX);
        let (stop, stopped) = watch::channel(None);
        std::thread::Builder::new().name("ledger-writer".to_owned()).spawn(move || serve(&conn, waiting, &stop))?;
        Ok(Self { tasks, stopped })
    }

    /// Writes in one unit: all of it is durable when this returns, or none of it ever is.
    pub(super) async fn write<T, F>(&self, write: F) -> Result<T, LedgerError>
    where
        F: FnOnce(&mut Unit<'_>) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unanswered = Err(LedgerError::Unavailable("the writer did not answer".to_owned()));
        let task = Box::new(Write { unit: Some(write), result: unanswered, reply });
        if self.tasks.send(Errand::Write(task)).await.is_err() {
            return Err(self.why_stopped());
        }
        answer.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// Moves everything in the write-ahead log into the file and cuts the log to nothing. A reader that is under way keeps
    /// it from being cut: then it is tried again, for as long as a reader may take.
    pub(super) async fn empty_log(&self) -> Result<(), LedgerError> {
        for _ in 0..wal::TRIES {
            let (reply, answer) = oneshot::channel();
            if self.tasks.send(Errand::EmptyLog(reply)).await.is_err() {
                return Err(self.why_stopped());
            }
            if answer.await.unwrap_or_else(|_| Err(self.why_stopped()))? {
                return Ok(());
            }
            tokio::time::sleep(wal::PAUSE).await;
        }
        Err(LedgerError::Unavailable("a reader keeps the write-ahead log from being emptied".to_owned()))
    }

    /// Resolves when the ledger has stopped, with the reason.
    pub(super) async fn stopped(&self) -> String {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await {
            Ok(why) => why.as_deref().unwrap_or_default().to_owned(),
            Err(_) => "the writer thread ended".to_owned(),
        }
    }

    fn why_stopped(&self) -> LedgerError {
        let why = self.stopped.borrow().as_deref().unwrap_or("the writer thread ended").to_owned();
        LedgerError::Stopped(why)
    }
}

fn serve(conn: &Connection, mut waiting: mpsc::Receiver<Errand>, stop: &watch::Sender<Option<Arc<str>>>) {
    while let Some(first) = waiting.blocking_recv() {
        let (mut tasks, mut apart) = (Vec::new(), None);
        let mut next = Some(first);
        while let Some(errand) = next {
            match errand {
                Errand::Write(task) => tasks.push(task),
                Errand::EmptyLog(reply) => apart = Some(reply),
            }
            let full = tasks.len() >= COMMIT_WRITES_MAX || apart.is_some();
            next = if full { None } else { waiting.try_recv().ok() };
        }
        let fate = if tasks.is_empty() { Ok(()) } else { commit(conn, &mut tasks) };
        if let Err(error) = &fate {
            for task in &mut tasks {
                task.fail(again(error));
            }
        }
        let mut ends = ended(fate.as_ref().err(), stop);
        for task in tasks {
            task.answer();
        }
        if let Some(reply) = apart.filter(|_| !ends) {
            let emptied = wal::empty(conn);
            ends = ended(emptied.as_ref().err(), stop);
            // Whoever asked may have gone away; the log is empty all the same.
            let _ = reply.send(emptied);
        }
        if ends {
            return;
        }
    }
}

/// Whether an error ends the ledger; everybody is told.
fn ended(error: Option<&LedgerError>, stop: &watch::Sender<Option<Arc<str>>>) -> bool {
    let Some(LedgerError::Stopped(why)) = error else { return false };
    tracing::error!(ledger.error = %why, "the ledger stops: what is on the disk is unknown until it is opened again");
    let _ = stop.send(Some(why.as_str().into()));
    true
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
    Ok(())
}
