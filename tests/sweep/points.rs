//! Which system calls go wrong, one a run: all of them, or every n-th write and every sync and cut.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::trace::Call;

/// Runs at once. Most of a run is waiting for the disk and for each other.
const AT_ONCE: usize = 6;

/// Whether every point is taken.
pub(crate) fn takes_all() -> bool {
    std::env::var("SWEEP").is_ok_and(|value| value == "all")
}

/// Which of `stride` neighbouring points is taken: another seed takes others.
pub(crate) fn seed() -> usize {
    std::env::var("SWEEP_SEED").map_or(0, |text| text.parse().expect("SWEEP_SEED is a number"))
}

/// The numbers from one to `count`, every `stride`-th of them unless all are wanted.
pub(crate) fn strided(count: usize, stride: usize) -> Vec<usize> {
    let (stride, first) = if takes_all() { (1, 0) } else { (stride, seed() % stride) };
    (1 + first..=count).step_by(stride).collect()
}

/// How often each call on the ledger's files was made by the thread that made most of them.
pub(crate) fn counted(calls: &[Call]) -> BTreeMap<&'static str, usize> {
    let threads: HashSet<u32> = calls.iter().filter(|call| call.is_of_ledger()).map(|call| call.thread).collect();
    let of = |thread: u32, name: &str| calls.iter().filter(|it| it.thread == thread && it.name == name).count();
    let busiest = threads.into_iter().max_by_key(|thread| of(*thread, "pwrite64")).expect("the ledger was written");
    let names = ["pwrite64", "fsync", "fdatasync", "ftruncate"];
    names.into_iter().map(|name| (name, of(busiest, name))).filter(|(_, count)| *count > 0).collect()
}

/// Carries something out on a runtime of its own.
pub(crate) fn alone<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Goes through all points, several at once. Every point that fails is told; what the others gave is given back.
pub(crate) fn each<P, T>(points: &[P], run: impl AsyncFn(P) -> T + Sync) -> Vec<T>
where
    P: std::fmt::Debug + Copy + Sync,
    T: Send,
{
    let (next, ends) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ran = catch_unwind(AssertUnwindSafe(|| alone(run(*point))));
                    let mut ends = ends.lock().unwrap();
                    match ran {
                        Ok(given) => ends.0.push(given),
                        Err(_) => ends.1.push(format!("{point:?}")),
                    }
                }
            });
        }
    });
    let (given, failed) = ends.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {} points failed, for what stands above: {failed:#?}",
        failed.len(),
        points.len()
    );
    given
}
