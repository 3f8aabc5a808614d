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
    pending: Vec<(&'a Call, Change<'a>)>,
}

impl<'a> Disk<'a> {
    fn new(synced: Vec<u8>) -> Self {
        Self { synced, pending: Vec::new() }
    }

    /// A change that has begun may be there from then on. A sync that has ended makes lasting what had ended before it began:
    /// what another thread wrote while it went on may have missed it.
    fn meets(&mut self, event: Event<'a>) {
        match event {
            Event::Begins(call) => {
                self.pending.extend(Change::of(call).filter(|_| call.result != Some(-1)).map(|change| (call, change)));
            }
            Event::Synced(sync) => {
                let had_ended = |(call, _): &mut (&Call, Change)| call.ended.is_some_and(|ended| ended < sync.begun);
                for (_, change) in self.pending.extract_if(.., had_ended) {
                    change.carry_out(&mut self.synced);
                }
            }
        }
    }

    /// What a cut leaves, if each change that was not synced is there with this chance.
    fn left(&self, chance: f64, dice: &mut StdRng) -> Vec<u8> {
        let mut left = self.synced.clone();
        for (_, change) in &self.pending {
            if dice.random_bool(chance) {
                change.carry_out(&mut left);
            }
        }
        left
    }
}

/// What changes a disk, in the order of the record's lines: a thread's call may begin and end while another's goes on.
#[derive(Clone, Copy)]
enum Event<'a> {
    Begins(&'a Call),
    Synced(&'a Call),
}

/// The calls on the ledger's files up to this line.
fn events(calls: &[Call], up_to: usize) -> Vec<Event<'_>> {
    let mut events: Vec<(usize, Event)> = Vec::new();
    for call in calls.iter().filter(|call| call.is_of_ledger()) {
        if call.is_sync() && call.result == Some(0) {
            events.extend(call.ended.map(|ended| (ended, Event::Synced(call))));
        } else {
            events.push((call.begun, Event::Begins(call)));
        }
    }
    events.retain(|(line, _)| *line <= up_to);
    events.sort_by_key(|(line, _)| *line);
    events.into_iter().map(|(_, event)| event).collect()
}

/// What both files are like when the power goes in this line.
fn disks_at<'a>(before: &BTreeMap<&'a str, Vec<u8>>, calls: &'a [Call], line: usize) -> BTreeMap<&'a str, Disk<'a>> {
    let mut disks: BTreeMap<&str, Disk> =
        before.iter().map(|(name, content)| (*name, Disk::new(content.clone()))).collect();
    for event in events(calls, line) {
        let (Event::Begins(call) | Event::Synced(call)) = event;
        disks.get_mut(call.on.rsplit('/').next().unwrap()).unwrap().meets(event);
    }
    disks
}

/// Cuts the power after the calls in `points` (by their number), and looks at what is left. How many were answered
/// before a cut, in sum.
fn cut(folder: &Path, calls: &[Call], points: &HashSet<usize>) -> usize {
    let answers = answers_after_sync(calls).unwrap();
    let mut dice = StdRng::seed_from_u64(seed() as u64);
    let before = ["ledger.db", "ledger.db-wal"].map(|name| (name, std::fs::read(folder.join(name)).unwrap()));
    let before = BTreeMap::from(before);
    let mut found = 0;
    for (number, call) in calls.iter().filter(|call| call.is_of_ledger()).enumerate() {
        let Some(line) = call.ended.filter(|_| points.contains(&(number + 1))) else { continue };
        let disks = disks_at(&before, calls, line);
        for chance in [0.0, 0.5, 0.9] {
            let after = tempfile::tempdir().unwrap();
            for (name, disk) in &disks {
                std::fs::write(after.path().join(name), disk.left(chance, &mut dice)).unwrap();
            }
            let conn = whole(&after.path().join("ledger.db"));
            conserves(&conn);
            for answer in answers.iter().filter(|answer| answer.begun < line) {
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

/// The log after a cut in this line of the record, if nothing is there that was not synced.
fn certain_at(record: &[&str], line: usize) -> String {
    let calls = crate::trace::read(&record.join("\n"));
    let disks = disks_at(&BTreeMap::from([("ledger.db-wal", b"....".to_vec())]), &calls, line);
    String::from_utf8(disks["ledger.db-wal"].left(0.0, &mut StdRng::seed_from_u64(0))).unwrap()
}

#[test]
fn while_the_mover_syncs_slowly_a_commit_that_was_synced_beside_it_is_there() {
    let record = [
        "6<two> fdatasync(13</l/ledger.db-wal> <unfinished ...>",
        r#"5<one> pwrite64(12</l/ledger.db-wal>, "a", 1, 0) = 1"#,
        "5<one> fdatasync(12</l/ledger.db-wal>) = 0",
        r#"5<one> pwrite64(12</l/ledger.db-wal>, "b", 1, 1) = 1"#,
        "6<two> <... fdatasync resumed>) = 0",
        "5<one> fdatasync(12</l/ledger.db-wal>) = 0",
    ];
    assert_eq!([1, 2, 4, 5].map(|line| certain_at(&record, line)), ["....", "a...", "a...", "ab.."]);
}

#[test]
fn a_write_that_goes_on_while_a_sync_begins_may_have_missed_it() {
    let record = [
        r#"5<one> pwrite64(12</l/ledger.db-wal>, "a", 1, 0 <unfinished ...>"#,
        "6<two> fdatasync(13</l/ledger.db-wal> <unfinished ...>",
        "5<one> <... pwrite64 resumed>) = 1",
        "6<two> <... fdatasync resumed>) = 0",
        "6<two> fdatasync(13</l/ledger.db-wal>) = 0",
    ];
    assert_eq!([3, 4].map(|line| certain_at(&record, line)), ["....", "a..."]);
}
