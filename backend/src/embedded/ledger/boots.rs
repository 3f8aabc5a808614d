//! Whether the file is older than what last ran here: a backup that was put in place.
//!
//! ```text
//! id ─▶ the ledger, committed and synced ─▶ the file beside it (written, synced, renamed, folder synced)
//! start: the file beside names an id that the ledger does not know ─▶ refused, unless it is said to be a backup
//!   └──▶ a backup: what it takes for untouched is looked up from now on, and so is what comes in the next time
//! ```
//!
//! A crash between the two writes leaves a ledger that knows more than the file, which alarms nobody. A program that runs
//! takes a new id every minute: a start alone would not tell a backup that was made since from what ran afterwards.
//!
//! The file beside it also says that the ledger was exported: a backup from before does not, and would send its orders a
//! second time.
//!
//! Only this backend needs it. DynamoDB restores a backup into another table, which nobody uses by mistake.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lane::clock::Timestamp;
use lane::ports::LedgerError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::commit::{leave_alone, tell_of_stop};
use super::leaving::leaves_since;
use super::lock::Lock;
use super::open::{self, OpenError};
use super::rows::{from_micros, micros, one};
use super::writer::{Writer, sqlite_error};
use crate::ledger::fault::Fault;
use crate::ledger::intake::{DOUBTED, is_doubted};

/// Ids that the ledger remembers: many times more than the two between which a crash can leave the file beside it.
const KEPT: u32 = 1000;

/// Stands in the audit for whoever said that the file is a backup.
const PERSON: &str = "command line";

/// Letters of an id.
const ID_LENGTH: usize = 32;

/// What a running program is known by; told by chance, so that no two are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootId(String);

impl BootId {
    /// The id of these random bits.
    pub fn of(chance: u128) -> Self {
        Self(format!("{chance:0ID_LENGTH$x}"))
    }

    fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == ID_LENGTH && text.bytes().all(|letter| letter.is_ascii_hexdigit());
        is_id.then(|| Self(text.to_owned()))
    }
}

/// What the ledger's file is, as far as whoever starts the program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// What last ran here.
    LastRun,
    /// A backup: what happened since it was made is not in it.
    Backup,
}

/// A start of the program.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Its first id.
    pub id: BootId,
    /// What it starts with.
    pub origin: Origin,
}

/// The file beside the ledger.
#[derive(Debug)]
pub(super) struct Beside(PathBuf);

/// What stands in the file beside the ledger: an id, and in a second line since when the ledger is on its way elsewhere.
#[derive(Debug, Default)]
struct Named {
    id: Option<BootId>,
    leaves: Option<Timestamp>,
}

/// Begins the second line.
const LEAVES: &str = "exported ";

impl Named {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let id = lines.next().and_then(|line| BootId::parse(line.trim()));
        let leaves = lines.next().and_then(|line| line.strip_prefix(LEAVES)?.trim().parse().ok());
        Self { id, leaves }
    }

    fn text(&self) -> String {
        let id = self.id.as_ref().map_or("", |id| id.0.as_str());
        let leaves = self.leaves.map(|since| format!("{LEAVES}{since}\n")).unwrap_or_default();
        format!("{id}\n{leaves}")
    }
}

impl Beside {
    pub(super) fn of(ledger: &Path) -> Self {
        Self(with_ending(ledger, ".boot"))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn unusable(&self, source: std::io::Error) -> OpenError {
        OpenError::Unusable { path: self.0.clone(), source }
    }

    /// What it says; nothing, if it is not there or says nothing that is known.
    fn read(&self) -> std::io::Result<Named> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(Named::parse(&text)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(Named::default()),
            Err(error) => Err(error),
        }
    }

    /// Once this returns, it says this whatever happens; before, it says this or what it said last.
    fn write(&self, named: &Named) -> std::io::Result<()> {
        let new = with_ending(&self.0, ".new");
        let mut file = File::create(&new)?;
        file.write_all(named.text().as_bytes())?;
        file.sync_all()?;
        fail::fail_point!("ledger.before_boot_file");
        std::fs::rename(&new, &self.0)?;
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens the file for a program that carries orders out. Once this returns, whatever is older is told by this boot.
pub(super) fn open(path: &Path, now: Timestamp, boot: &Boot) -> Result<(Connection, Lock), OpenError> {
    let beside = Beside::of(path);
    let (mut conn, lock, named) = compared(path, &beside, boot.origin, now)?;
    if let Err(error) = begin(&mut conn, boot, named.as_ref(), now) {
        return Err(not_begun(&conn, path, error));
    }
    let named = Named { id: Some(boot.id.clone()), leaves: None };
    beside.write(&named).map_err(|source| beside.unusable(source))?;
    Ok((conn, lock))
}

/// Opens the file for whoever carries nothing out: a file that is older than what last ran here is refused all the same.
pub(super) fn look_into(path: &Path, now: Timestamp) -> Result<(Connection, Lock), OpenError> {
    let (conn, lock, _) = compared(path, &Beside::of(path), Origin::LastRun, now)?;
    Ok((conn, lock))
}

/// The file, prepared, if it is not older than what the file beside it names; and whom that names.
fn compared(
    path: &Path,
    beside: &Beside,
    origin: Origin,
    now: Timestamp,
) -> Result<(Connection, Lock, Option<BootId>), OpenError> {
    let (mut conn, lock) = open::sound(path)?;
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let named = beside.read().map_err(|source| beside.unusable(source))?;
    if let Some(since) = leaves_since(&conn).map_err(sqlite)?.or(named.leaves) {
        return Err(OpenError::Leaves { path: path.to_owned(), since });
    }
    compare(&conn, path, beside, named.id.as_ref(), origin)?;
    open::prepare(&mut conn, path, now)?;
    Ok((conn, lock, named.id))
}

/// Opens the file for whoever takes the ledger elsewhere, whether it is on its way already or not.
pub(super) fn open_to_leave(path: &Path, now: Timestamp) -> Result<(Connection, Lock), OpenError> {
    opened_to_leave(path, now, Origin::LastRun)
}

/// Opens the file for whoever keeps the ledger here, whether it is what was exported or a backup of it.
pub(super) fn open_to_stay(path: &Path, now: Timestamp) -> Result<(Connection, Lock), OpenError> {
    opened_to_leave(path, now, Origin::Backup)
}

fn opened_to_leave(path: &Path, now: Timestamp, origin: Origin) -> Result<(Connection, Lock), OpenError> {
    // A ledger that is not there must not be made only to be taken away.
    std::fs::metadata(path).map_err(|source| OpenError::Unusable { path: path.to_owned(), source })?;
    let (mut conn, lock) = open::sound(path)?;
    let beside = Beside::of(path);
    let named = beside.read().map_err(|source| beside.unusable(source))?;
    compare(&conn, path, &beside, named.id.as_ref(), origin)?;
    open::prepare(&mut conn, path, now)?;
    Ok((conn, lock))
}

/// Writes beside the ledger since when it is on its way elsewhere, or that it stays. Since when it was until now.
pub(super) fn leave(path: &Path, leaves: Option<Timestamp>) -> Result<Option<Timestamp>, OpenError> {
    let beside = Beside::of(path);
    let before = beside.read().map_err(|source| beside.unusable(source))?;
    let (id, was) = (before.id, before.leaves);
    beside.write(&Named { id, leaves }).map_err(|source| beside.unusable(source))?;
    Ok(was)
}

fn not_begun(conn: &Connection, path: &Path, error: rusqlite::Error) -> OpenError {
    if let LedgerError::Stopped(why) = sqlite_error(&error) {
        tell_of_stop(&why);
        leave_alone(conn);
    }
    open::as_damage(path, error)
}

/// Refuses a ledger that does not know whom the file beside it names.
fn compare(
    conn: &Connection,
    path: &Path,
    beside: &Beside,
    named: Option<&BootId>,
    origin: Origin,
) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let ran_before = newest(conn).map_err(sqlite)?.is_some();
    match (named, origin) {
        (None, Origin::LastRun) if ran_before => tracing::warn!(
            file = %beside.path().display(),
            "the file beside the ledger is missing, so nobody can tell whether the ledger is what last ran. If it is a \
             backup that was put in place, stop now and start with --restored"
        ),
        (Some(id), Origin::LastRun) if !knows(conn, id).map_err(sqlite)? => {
            return Err(OpenError::Older { path: path.to_owned(), beside: beside.path().to_owned() });
        }
        (None | Some(_), Origin::LastRun | Origin::Backup) => {}
    }
    Ok(())
}

/// A file of an earlier version, or none yet, knows nobody.
fn has_boots(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'boot'";
    Ok(conn.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

fn newest(conn: &Connection) -> rusqlite::Result<Option<String>> {
    if !has_boots(conn)? {
        return Ok(None);
    }
    conn.query_row("SELECT id FROM boot ORDER BY rowid DESC LIMIT 1", [], |row| row.get(0)).optional()
}

fn knows(conn: &Connection, id: &BootId) -> rusqlite::Result<bool> {
    if !has_boots(conn)? {
        return Ok(false);
    }
    Ok(conn.query_row("SELECT 1 FROM boot WHERE id = ?1", [&id.0], |_| Ok(())).optional()?.is_some())
}

/// Writes down that a boot begins. Of a backup everything is in doubt from then on.
fn begin(conn: &mut Connection, boot: &Boot, named: Option<&BootId>, now: Timestamp) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let doubted = match boot.origin {
        Origin::LastRun => None,
        Origin::Backup => Some(doubt(&tx, now)?),
    };
    note(&tx, &boot.id, named, now)?;
    tx.commit()?;
    if let Some(jobs) = doubted {
        tracing::warn!(
            jobs,
            days = DOUBTED.as_secs() / 86_400,
            "the ledger is a backup that was put in place: these jobs, and whatever is new to it in the next days, are \
             looked up at the warehouse before anything is written there"
        );
    }
    Ok(())
}

/// Remembers an id and forgets old ones; never the one that the file beside names, because it may not be renewed for
/// long while its folder has no room.
fn note(conn: &Connection, id: &BootId, named: Option<&BootId>, now: Timestamp) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO boot (id, at) VALUES (?1, ?2)")?.execute((&id.0, micros(now)))?;
    conn.prepare_cached("DELETE FROM boot WHERE rowid <= (SELECT MAX(rowid) FROM boot) - ?1 AND id IS NOT ?2")?
        .execute((KEPT, named.map(|id| &id.0)))?;
    Ok(())
}

/// What [`lane::job::Job::doubt`] says, of every job at once. How many there are.
fn doubt(conn: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let jobs = conn.execute(
        "UPDATE job SET doc = json_set(doc, '$.reach', 'unresolved', '$.restored', json('true'))
         WHERE state <> 'rejected' AND json_extract(doc, '$.reach') = 'untouched'",
        [],
    )?;
    conn.execute("INSERT INTO restored (at, jobs) VALUES (?1, ?2)", (micros(now), jobs))?;
    conn.execute(
        "INSERT INTO audit (at, by, what, on_) VALUES (?1, ?2, 'restored', ?3)",
        (micros(now), PERSON, format!("{jobs} jobs are looked up")),
    )?;
    Ok(jobs)
}

/// Whether a job that is accepted at this time may have been carried out by a ledger that is gone.
pub(super) fn doubts(conn: &Connection, at: Timestamp) -> Result<bool, Fault> {
    let newest: Option<i64> = one(conn, "SELECT at FROM restored ORDER BY seq DESC LIMIT 1", [])?;
    Ok(newest.is_some_and(|restored| is_doubted(from_micros(restored), at)))
}

pub(super) async fn still_runs(
    writer: &Writer,
    beside: &Arc<Beside>,
    id: &BootId,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let (file, new) = (Arc::clone(beside), id.clone());
    let before = apart(move || file.read()).await?;
    writer.write(move |unit| Ok(note(unit.conn, &new, before.id.as_ref(), now)?)).await?;
    let (file, named) = (Arc::clone(beside), Named { id: Some(id.clone()), leaves: None });
    apart(move || file.write(&named)).await
}

/// Runs something that waits for the disk where nobody waits with it.
async fn apart<T: Send + 'static>(run: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, LedgerError> {
    let unavailable = |error: &dyn std::fmt::Display| LedgerError::Unavailable(format!("the file beside it: {error}"));
    let ran = tokio::task::spawn_blocking(run).await.map_err(|error| unavailable(&error))?;
    ran.map_err(|error| unavailable(&error))
}

#[cfg(test)]
mod tests;
