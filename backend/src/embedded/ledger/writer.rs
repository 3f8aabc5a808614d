//! The one writer: a thread that takes what many callers want written and commits it together, so that they share one
//! sync ([`super::commit`]). Nobody is answered before the commit that holds their write has returned.
//!
//! On simulated time there is no thread: each caller commits its own write ([`Writer::in_line`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use lane::clock::Timestamp;
use lane::job::Job;
use lane::ports::LedgerError;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot, watch};

use super::boots;
use super::commit::{Batch, Fate, Pen, Stop, leave_alone};
use super::lock::Opened;
use super::shops::Shops;
use super::wal::{self, Mover};
use crate::ledger::ending::Ended;
use crate::ledger::fault::Fault;
use crate::ledger::unit::Unit;

/// Writes that may wait for the writer; callers beyond it wait for room, inside their own deadlines.
const WAITING_WRITES_MAX: usize = 1024;

/// Writes in one commit from which on many write at once.
const CROWD: u32 = 4;

/// How long the next commit waits for each write that the last one had.
const PATIENCE_EACH: Duration = Duration::from_micros(20);

/// The longest that a commit waits for others: some of what it takes itself.
const PATIENCE_MAX: Duration = Duration::from_micros(400);

/// One unit of writing, inside the shared transaction.
pub(super) struct SqlUnit<'a> {
    pub(super) conn: &'a Connection,
    pub(super) tally: HashMap<String, i64>,
    pub(super) shops: &'a mut Shops,
    /// Open orders that nobody carries out any more; told once the commit stands.
    pub(super) ended: Vec<Ended>,
}

impl<'a> SqlUnit<'a> {
    pub(super) fn new(conn: &'a Connection, shops: &'a mut Shops) -> Self {
        Self { conn, tally: HashMap::new(), shops, ended: Vec::new() }
    }

    /// Counts, to be written once per commit.
    pub(super) fn tally(&mut self, name: String, by: i64) {
        *self.tally.entry(name).or_default() += by;
    }
}

impl Unit for SqlUnit<'_> {
    fn count(&mut self, name: String, by: i64) {
        self.tally(name, by);
    }

    fn ended(&mut self, job: &Job) {
        self.ended.extend(Ended::of(job));
    }

    async fn doubts(&mut self, at: Timestamp) -> Result<bool, Fault> {
        boots::doubts(self.conn, at)
    }
}

/// A unit that only reads.
pub(super) fn reading<T>(
    conn: &Connection,
    read: impl FnOnce(&mut SqlUnit<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    read(&mut SqlUnit::new(conn, &mut Shops::default()))
}

/// What came of rules whose every step is done at once: the file waits for nobody.
pub(super) fn done<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    work.now_or_never()
        .unwrap_or_else(|| Err(Fault::Ledger(LedgerError::Unavailable("a unit of writing did not end".to_owned()))))
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(sqlite_error(&error))
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
pub(super) trait Task: Send {
    /// May be called again, after all it wrote was rolled back.
    fn run(&mut self, unit: &mut SqlUnit<'_>) -> Result<(), Fault>;
    fn fail(&mut self, error: LedgerError);
    fn answer(self: Box<Self>);
}

struct Write<F, T> {
    unit: F,
    result: Result<T, LedgerError>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<F, T> Task for Write<F, T>
where
    F: FnMut(&mut SqlUnit<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, unit: &mut SqlUnit<'_>) -> Result<(), Fault> {
        self.result = Ok((self.unit)(unit)?);
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

/// What the writer is asked for.
pub(super) enum Errand {
    /// To write something in the next commit.
    Write(Box<dyn Task>),
    /// To empty the write-ahead log, between two commits. `false`: a reader holds it.
    EmptyLog(oneshot::Sender<Result<bool, LedgerError>>),
}

/// A handle on the writer.
#[derive(Clone)]
pub(super) struct Writer {
    errands: Errands,
    stopped: watch::Receiver<Option<Arc<str>>>,
}

/// Who runs errands.
#[derive(Clone)]
enum Errands {
    /// A thread, several at a time.
    Thread(mpsc::Sender<Errand>),
    /// Whoever has one, each by itself. The pen is gone once the ledger has stopped.
    InLine(Arc<Mutex<Option<Pen>>>),
}

impl Writer {
    /// Starts the thread; it ends when the last handle is dropped or when the ledger stops.
    /// `second` is another connection to the file, for moving the write-ahead log from `log_pages` on. `open` is let go
    /// after both.
    pub(super) fn start(
        conn: Connection,
        second: Connection,
        open: Arc<Opened>,
        log_pages: u32,
    ) -> std::io::Result<Self> {
        let (tasks, waiting) = mpsc::channel(WAITING_WRITES_MAX);
        let (stop, stopped) = watch::channel(None);
        let stop = Stop(stop);
        let mover = Mover::start(second, Arc::clone(&open), stop.clone(), log_pages)?;
        let pen = Pen { mover: Some(mover), conn, shops: Shops::default(), stop, _open: Some(open) };
        std::thread::Builder::new().name("ledger-writer".to_owned()).spawn(move || serve(pen, waiting))?;
        Ok(Self { errands: Errands::Thread(tasks), stopped })
    }

    /// Writes in the calling task, one commit per write.
    pub(super) fn in_line(conn: Connection) -> Self {
        let (stop, stopped) = watch::channel(None);
        let pen = Arc::new(Mutex::new(Some(Pen {
            mover: None,
            conn,
            shops: Shops::default(),
            stop: Stop(stop),
            _open: None,
        })));
        Self { errands: Errands::InLine(pen), stopped }
    }

    /// Writes in one unit: all of it is durable when this returns, or none of it ever is. It may be run once
    /// more, after all it wrote was rolled back.
    pub(super) async fn write<T, F>(&self, write: F) -> Result<T, LedgerError>
    where
        F: FnMut(&mut SqlUnit<'_>) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unanswered = Err(LedgerError::Unavailable("the writer did not answer".to_owned()));
        let task = Box::new(Write { unit: write, result: unanswered, reply });
        self.send(Errand::Write(task)).await?;
        answer.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// Moves everything in the write-ahead log into the file and cuts the log to nothing. A reader that is under way keeps
    /// it from being cut: then it is tried again, for as long as a reader may take.
    pub(super) async fn empty_log(&self) -> Result<(), LedgerError> {
        for _ in 0..wal::TRIES {
            let (reply, answer) = oneshot::channel();
            self.send(Errand::EmptyLog(reply)).await?;
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

    async fn send(&self, errand: Errand) -> Result<(), LedgerError> {
        match &self.errands {
            Errands::Thread(thread) => thread.send(errand).await.map_err(|_| self.why_stopped()),
            Errands::InLine(pen) => {
                let mut pen = pen.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(held) = pen.as_mut()
                    && held.run(Batch::of(errand)) == Fate::Ends
                {
                    leave_alone(&held.conn);
                    *pen = None;
                }
                Ok(())
            }
        }
    }

    fn why_stopped(&self) -> LedgerError {
        let why = self.stopped.borrow().as_deref().unwrap_or("the writer thread ended").to_owned();
        LedgerError::Stopped(why)
    }
}

fn serve(mut pen: Pen, mut waiting: mpsc::Receiver<Errand>) {
    let mut shared = 0;
    while let Some(first) = waiting.blocking_recv() {
        if shared >= CROWD {
            std::thread::sleep(patience(shared));
        }
        let mut batch = Batch::of(first);
        while !batch.is_full() {
            let Ok(next) = waiting.try_recv() else { break };
            batch.add(next);
        }
        shared = batch.writes();
        if pen.run(batch) == Fate::Ends {
            break;
        }
    }
    // The thread that moves the log may have stopped it as well.
    if pen.stop.check().is_err() {
        leave_alone(&pen.conn);
    }
}

/// What a commit costs by itself, its pages and its sync, is a dozen writes' worth: while many write at once, a moment's wait
/// for those who are about to is less than it saves them. Whoever writes alone waits once at most.
fn patience(shared: u32) -> Duration {
    (PATIENCE_EACH * shared).min(PATIENCE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_wrote_together_the_longer_the_next_commit_waits_for_others() {
        assert_eq!(patience(CROWD), Duration::from_micros(80));
        assert_eq!(patience(2 * CROWD), Duration::from_micros(160));
        assert_eq!(patience(256), PATIENCE_MAX);
    }
}
