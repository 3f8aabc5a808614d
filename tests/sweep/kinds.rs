//! The kinds of calls that a run makes: by one thread, on one file, under one name; and at which of them a fault can be
//! aimed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::trace::{Call, File};

/// Who uses the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thread {
    /// The program's first thread, which opens the ledger.
    Opening,
    /// The one that commits.
    Writer,
    /// The one that moves the log into the file beside the commits.
    Mover,
}

impl Thread {
    pub(crate) fn of(call: &Call) -> Option<Self> {
        match call.by.as_str() {
            "lanekeeper" => Some(Self::Opening),
            "ledger-writer" => Some(Self::Writer),
            "ledger-mover" => Some(Self::Mover),
            _ => None,
        }
    }
}

/// Calls that are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    pub(crate) by: Thread,
    pub(crate) on: File,
    pub(crate) call: &'static str,
}

const CALLS: [&str; 6] = ["pwrite64", "write", "fsync", "fdatasync", "ftruncate", "rename"];

impl Kind {
    pub(crate) fn of(call: &Call, folder: &Path) -> Option<Self> {
        let name = CALLS.into_iter().find(|name| *name == call.name)?;
        Some(Self { by: Thread::of(call)?, on: File::at(&call.on, folder)?, call: name })
    }

    pub(crate) fn is_write(self) -> bool {
        matches!(self.call, "pwrite64" | "write")
    }

    pub(crate) fn is_sync(self) -> bool {
        matches!(self.call, "fsync" | "fdatasync")
    }
}

/// The folder that a record is about.
pub(crate) fn folder(calls: &[Call]) -> &Path {
    let log = calls.iter().find(|call| call.is_of_log()).expect("the log was written");
    Path::new(&log.on).parent().unwrap()
}

/// All kinds, each with the numbers of those of its calls that a fault can be aimed at: no other thread has made as many
/// calls of this name on this file by then. What the writer moves itself is not among them, and neither is the mover's
/// sync of the log; who syncs the file in the end is a matter of moments.
pub(crate) fn found(calls: &[Call], folder: &Path) -> BTreeMap<Kind, Vec<usize>> {
    let (mut made, mut reached) = (HashMap::new(), HashSet::new());
    let mut found: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    for call in calls {
        let Some(kind) = Kind::of(call, folder) else { continue };
        let number = made.entry((call.thread, kind.on, kind.call)).and_modify(|number| *number += 1).or_insert(1_usize);
        if reached.insert((kind.on, kind.call, *number)) {
            found.entry(kind).or_default().push(*number);
        }
    }
    found
}
