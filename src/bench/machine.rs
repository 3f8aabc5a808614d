//! The machine and the processes on it: cores, syncs a second, and what a process has used so far.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use super::table::{Table, count, number, per_second, percentile};

/// Linux counts a process' time in hundredths of a second, whatever the kernel was built with.
const TICK: Duration = Duration::from_millis(10);
/// The threads that change the ledger's files: the one that commits, and the one that moves the log beside it.
const LEDGER_THREADS: [&str; 2] = ["ledger-writer", "ledger-mover"];
/// What one sync writes, as a small commit does.
const SYNCED_BYTES: usize = 4096;

/// What a process has used since it began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) user: Duration,
    pub(super) system: Duration,
    /// The ledger's own threads alone; part of the two above.
    pub(super) writer: Duration,
}

impl Used {
    pub(super) fn cpu(self) -> Duration {
        self.user + self.system
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            writer: self.writer.saturating_sub(before.writer),
        }
    }

    /// What the process with this id has used.
    pub(super) fn of(process: u32) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (user, system) = ticks(&stat).context("/proc/PID/stat cannot be read")?;
        Ok(Self { user: TICK * user, system: TICK * system, writer: threads_of(process, &LEDGER_THREADS) })
    }
}

/// The CPU time of this whole process.
pub(super) fn own_cpu() -> Duration {
    duration_of(clock_gettime(ClockId::ProcessCPUTime))
}

/// The CPU time of this thread.
pub(super) fn thread_cpu() -> Duration {
    duration_of(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration_of(time: rustix::time::Timespec) -> Duration {
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanos)
}

/// The 14th and 15th field; the second one is a name in parentheses that may hold anything.
fn ticks(stat: &str) -> Option<(u32, u32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// What the threads of these names have used. Nothing if there are none, or the kernel does not count.
pub(super) fn threads_of(process: u32, names: &[&str]) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos = stat.split_ascii_whitespace().next()?.parse().ok()?;
        names.contains(&name.trim()).then(|| Duration::from_nanos(nanos))
    };
    tasks.filter_map(of).sum()
}

/// A line of `/proc/PID/status` in MiB: `VmHWM` is the most memory the process ever had, `VmRSS` what it has.
pub(super) fn memory(process: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = status.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(':')).context("no such line")?;
    let kib: f64 = kib.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// A file's size in bytes with what lies beside it (`-wal`).
pub(super) fn file_bytes(path: &Path) -> u64 {
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    size(path) + size(Path::new(&beside))
}

/// What the machine itself can do.
pub(super) fn look(folder: &Path, syncs: usize) -> anyhow::Result<Table> {
    let mut table = Table::new(
        "machine",
        "The machine: append 4 KiB, then fdatasync, one after the other",
        &["cores", "syncs/s", "p50 µs", "p99 µs"],
    );
    let (mut times, took) = sync_times(folder, syncs)?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    table.row(vec![
        count(cores as u64),
        number(per_second(times.len() as u64, took), 0),
        count(percentile(&mut times, 50).into()),
        count(percentile(&mut times, 99).into()),
    ]);
    table.note(format!("{}; folder {}", processor(), folder.display()));
    Ok(table)
}

fn sync_times(folder: &Path, syncs: usize) -> io::Result<(Vec<u32>, Duration)> {
    let path = folder.join("syncs");
    let mut file = File::create(&path)?;
    let (block, began) = ([0x5a_u8; SYNCED_BYTES], Instant::now());
    let mut times = Vec::with_capacity(syncs);
    for _ in 0..syncs {
        let at = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    let took = began.elapsed();
    fs::remove_file(path)?;
    Ok((times, took))
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "an unnamed processor".to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processs_time_is_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 120 30 0 0 20 0 9 0 1 1 1";
        assert_eq!(ticks(stat), Some((120, 30)));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn what_both_threads_of_the_ledger_use_is_counted() {
        let (used, wait) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let busy = move || {
            let mut sum = 0_u64;
            while thread_cpu() < Duration::from_millis(5) {
                sum = std::hint::black_box(sum + 1);
            }
            used.send(()).unwrap();
            let _ = ended.recv();
        };
        let work = std::thread::Builder::new().name("ledger-mover".to_owned()).spawn(busy).unwrap();
        wait.recv().unwrap();
        let (all, writer) =
            (Used::of(std::process::id()).unwrap().writer, threads_of(std::process::id(), &["ledger-writer"]));
        drop(end);
        work.join().unwrap();
        assert!(all >= writer + Duration::from_millis(4), "{all:?} of both, {writer:?} of the writer");
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        assert!(own_cpu() >= thread_cpu() && thread_cpu() > Duration::ZERO);
        let peak = memory(std::process::id(), "VmHWM").unwrap();
        assert!(peak >= 1.0 && memory(std::process::id(), "VmNothing").is_err());
        assert!(Used::of(std::process::id()).is_ok());
    }
}
