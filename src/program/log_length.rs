//! How long the write-ahead log beside the ledger's file is.
//!
//! The writer moves the log into the file again and again and begins it anew, unless somebody reads: what a reader sees
//! must stay. Our own reads end by themselves. Somebody else's, a copy being made or a shell left open, can hold the log
//! for hours; it then grows with every webhook until the disk is full. So its length is a figure, and a warning.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backend::embedded::ledger::bytes_kept;
use tokio_util::sync::CancellationToken;

use super::Ended;

/// So many times what the log's file keeps when nobody holds it, it is long.
const LONG: u64 = 2;

/// How often it is looked at. At a thousand webhooks a second it grows by some 20 MiB between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// How many bytes the log of this ledger takes on the disk; none if there is no log.
pub(super) fn log_bytes(ledger: &Path) -> u64 {
    let mut log = ledger.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(PathBuf::from(log)).map_or(0, |log| log.len())
}

/// Warns each time the log has become long; it is moved into the file from so many pages on.
pub(super) async fn watch(ledger: PathBuf, log_pages: u32, stop: CancellationToken) -> Ended {
    let long = LONG * bytes_kept(log_pages);
    let mut was_long = false;
    while stop.run_until_cancelled(tokio::time::sleep(BETWEEN_LOOKS)).await.is_some() {
        let bytes = log_bytes(&ledger);
        let is_long = bytes > long;
        if is_long && !was_long {
            tracing::warn!(
                log_bytes = bytes,
                "the write-ahead log beside the ledger's file has grown long: another program reads the file and does \
                 not stop; end that reader"
            );
        }
        was_long = is_long;
    }
    "the watch over the ledger's log"
}
