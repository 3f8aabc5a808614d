//! How `strace` is asked: what it records, and what it lets go wrong.

use std::path::Path;

use crate::trace::File;

/// What is recorded: everything that changes a file, and the talk on connections.
const RECORDED: &str =
    "trace=pwrite64,pwritev,write,fsync,fdatasync,ftruncate,rename,recvfrom,recvmsg,sendto,sendmsg,writev";

/// Bytes of each string that are recorded: a page of the ledger, and a little more.
const STRING: &str = "4200";

/// How much later a slow sync begins, in microseconds: many times what an answer takes.
const SYNC_DELAY_US: u32 = 50_000;

/// A system call that goes wrong. Calls are counted for each thread apart (the ledger is opened by the first thread, written
/// by another, and its log is moved into the file by a third), so it is the call of whoever comes to this number first, and
/// then of each other that comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Only calls on this file count, and only they are recorded; all calls, if none is named.
    pub(crate) on: Option<File>,
    pub(crate) call: &'static str,
    pub(crate) at: usize,
}

impl Place {
    /// A place among all calls of this name.
    pub(crate) fn among_all(call: &'static str, at: usize) -> Self {
        Self { on: None, call, at }
    }
}

/// What goes wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is killed before the call is carried out.
    Killed(Place),
    /// There is no room from this write on, for so many writes.
    Full { from: Place, writes: usize },
    /// Every sync is slow, so that an answer that does not wait for it is sent before it.
    SlowSyncs,
    /// One sync fails.
    SyncFails(Place),
}

impl Fault {
    fn words(self) -> String {
        match self {
            Self::Killed(Place { call, at, .. }) => format!("inject={call}:signal=SIGKILL:when={at}"),
            Self::Full { from: Place { call, at, .. }, writes } => {
                format!("inject={call}:error=ENOSPC:when={at}..{}", at + writes - 1)
            }
            Self::SlowSyncs => format!("inject=fsync,fdatasync:delay_enter={SYNC_DELAY_US}"),
            Self::SyncFails(Place { call, at, .. }) => format!("inject={call}:error=EIO:when={at}"),
        }
    }

    fn file(self) -> Option<File> {
        match self {
            Self::Killed(place) | Self::Full { from: place, .. } | Self::SyncFails(place) => place.on,
            Self::SlowSyncs => None,
        }
    }
}

/// The words before the program's own. The tracer is a grandchild, so that the program is the test's own child.
pub(crate) fn before(folder: &Path, record: &Path, fault: Option<Fault>) -> Vec<String> {
    let mut words: Vec<String> =
        ["-D", "-f", "-Y", "-yy", "-s", STRING, "-e", RECORDED, "-e", "signal=SIGKILL"].map(str::to_owned).into();
    if let Some(fault) = fault {
        words.extend(["-e".to_owned(), fault.words()]);
        if let Some(file) = fault.file() {
            words.extend(["-P".to_owned(), file.path(folder).to_str().unwrap().to_owned()]);
        }
    }
    words.extend(["-o".to_owned(), record.to_str().unwrap().to_owned()]);
    words
}

/// Says so in words if the tracer is not there: a sweep that does nothing would look like a sweep that finds nothing.
pub(crate) fn is_there() {
    let found = std::process::Command::new("strace").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(
        found,
        "the crash sweep needs strace on the PATH and the right to trace; install it (apt-get install strace)"
    );
}
