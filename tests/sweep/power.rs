//! Power cuts, by computation: the record of one run says what was written, what was synced and what was answered, so the
//! files that a cut would have left can be made for every point. What was not synced is gone, or some of it is there, in
//! any order; what was answered 2xx has to be there.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::crashes::rehearse;
use crate::order::answers_after_sync;
use crate::points::{alone, seed, strided};
use crate::stage::Prepared;
use crate::trace::Call;
use crate::tracer;
use crate::verdict::{conserves, rows_of, whole};

/// Of so many writes and syncs one is followed by a cut.
const CALLS_PER_POINT: usize = 6;

/// A change of a file that a sync makes lasting.
#[derive(Clone, Copy)]
enum Change<'a> {
    Write { offset: usize, data: &'a [u8] },
    Cut { length: usize },
}

impl<'a> Change<'a> {
    fn of(call: &'a Call) -> Option<Self> {
        if call.is_write() {
            // A write under way when the process died may have happened.
            let offset = usize::try_from(*call.numbers.last()?).unwrap();
            return Some(Self::Write { offset, data: &call.data });
        }
        let length = usize::try_from(*call.numbers.last()?).unwrap();
        call.is_cut().then_some(Self::Cut { length })
    }

    fn carry_out(self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => {
                file.resize(file.len().max(offset + data.len()), 0);
                file[offset..offset + data.len()].copy_from_slice(data);
            }
            Self::Cut { length } => file.resize(length, 0),
        }
    }
}

/// One file: what is on the disk for certain, and what may be.
struct Disk<'a> {
    synced: Vec<u8>,
    pending: Vec<Change<'a>>,
}

impl Disk<'_> {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            change.carry_out(&mut self.synced);
        }
    }

    /// What a cut leaves, if each change that was not synced is there with this chance.
    fn left(&self, chance: f64, dice: &mut StdRng) -> Vec<u8> {
        let mut left = self.synced.clone();
        for change in &self.pending {
            if dice.random_bool(chance) {
                change.carry_out(&mut left);
            }
        }
        left
    }
}

/// Cuts the power after the calls in `points` (by their number), and looks at what is left. How many were answered
/// before a cut, in sum.
fn cut(folder: &Path, calls: &[Call], points: &HashSet<usize>) -> usize {
    let answers = answers_after_sync(calls).unwrap();
    let mut dice = StdRng::seed_from_u64(seed() as u64);
    let mut disks: BTreeMap<&str, Disk> = BTreeMap::new();
    for name in ["ledger.db", "ledger.db-wal"] {
        disks.insert(name, Disk { synced: std::fs::read(folder.join(name)).unwrap(), pending: Vec::new() });
    }
    let mut found = 0;
    for (number, call) in calls.iter().filter(|call| call.is_of_ledger()).enumerate() {
        let disk = disks.get_mut(call.on.rsplit('/').next().unwrap()).unwrap();
        if call.is_sync() && call.result == Some(0) {
            disk.sync();
        }
        disk.pending.extend(Change::of(call).filter(|_| call.result != Some(-1)));
        if !points.contains(&(number + 1)) {
            continue;
        }
        for chance in [0.0, 0.5, 0.9] {
            let after = tempfile::tempdir().unwrap();
            for (name, disk) in &disks {
                std::fs::write(after.path().join(name), disk.left(chance, &mut dice)).unwrap();
            }
            let conn = whole(&after.path().join("ledger.db"));
            conserves(&conn);
            for answer in answers.iter().filter(|answer| Some(answer.begun) < call.ended) {
                let what = format!("{} was answered and is gone after call {number}, chance {chance}", answer.delivery);
                assert_eq!(rows_of(&conn, &answer.delivery), 1, "{what}");
                found += 1;
            }
        }
    }
    found
}

#[test]
fn after_a_power_cut_at_any_point_everything_that_was_answered_is_there() {
    tracer::is_there();
    let prepared = alone(Prepared::make());
    let calls = alone(rehearse(&prepared));
    let count = calls.iter().filter(|call| call.is_of_ledger()).count();
    let points: HashSet<usize> = strided(count, CALLS_PER_POINT).into_iter().collect();
    assert!(points.len() >= 50, "{count} calls");
    let found = cut(prepared.folder(), &calls, &points);
    println!("{} of {count} points, three cuts each: {found} answered webhooks found", points.len());
    assert!(found > points.len() * 3, "webhooks had been answered before most cuts");
}
