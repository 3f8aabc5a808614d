//! What happened to a job, written down.

use lane::clock::Timestamp;
use lane::history::{Entry, Happened};

use super::fault::Fault;
use super::row::JobRow;
use super::strip::strip;
use super::unit::Unit;

/// Adds to a job's timeline; without any words, if the job is to be forgotten.
pub(crate) async fn note<U: Unit>(unit: &mut U, row: &JobRow, at: Timestamp, what: Happened) -> Result<(), Fault> {
    let what = if row.job.redacted { strip(what) } else { what };
    unit.put_entry(row, &Entry { at, what }).await
}
