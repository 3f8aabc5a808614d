//! How `strace` is asked: what it records, and what it lets go wrong.

use std::path::Path;

/// What is recorded: everything that changes a file, and the talk on connections.
const RECORDED: &str = "trace=pwrite64,pwritev,fsync,fdatasync,ftruncate,recvfrom,recvmsg,sendto,sendmsg,writev";

/// Bytes of each string that are recorded: a page of the ledger, and a little more.
const STRING: &str = "4200";

/// How much later a slow sync begins, in microseconds: many times what an answer takes.
const SYNC_DELAY_US: u32 = 50_000;

/// What goes wrong at a system call. Calls are counted for each thread apart: the ledger is opened by the first thread,
/// written by another, and its log is moved into the file by a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is killed before the call is carried out.
    Killed { call: &'static str, at: usize },
    /// There is no room from this write on, for so many writes.
    Full { at: usize, writes: usize },
    /// Every sync is slow, so that an answer that does not wait for it is sent before it.
    SlowSyncs,
    /// One sync fails.
    SyncFails { call: &'static str, at: usize },
}

impl Fault {
    fn words(self) -> String {
        match self {
            Self::Killed { call, at } => format!("inject={call}:signal=SIGKILL:when={at}"),
            Self::Full { at, writes } => format!("inject=pwrite64:error=ENOSPC:when={at}..{}", at + writes - 1),
            Self::SlowSyncs => format!("inject=fsync,fdatasync:delay_enter={SYNC_DELAY_US}"),
            Self::SyncFails { call, at } => format!("inject={call}:error=EIO:when={at}"),
        }
    }
}

/// The words before the program's own. The tracer is a grandchild, so that the program is the test's own child.
pub(crate) fn before(record: &Path, fault: Option<Fault>) -> Vec<String> {
    let mut words: Vec<String> =
        ["-D", "-f", "-yy", "-s", STRING, "-e", RECORDED, "-e", "signal=SIGKILL"].map(str::to_owned).into();
    if let Some(fault) = fault {
        words.extend(["-e".to_owned(), fault.words()]);
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
