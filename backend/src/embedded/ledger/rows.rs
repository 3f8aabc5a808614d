//! Rows and the domain's values: how lanes, jobs and timelines lie in the file.

mod lanes;
mod jobs;
mod webhooks;
mod shops;
mod desks;

use jiff::Timestamp;
use lane::id::AccountId;
use lane::job::Job;
use lane::ports::LedgerError;
use rusqlite::{Connection, OptionalExtension};

use crate::ledger::fault::Fault;

pub(super) use jobs::{find_job, find_job_at, reference};
pub(super) use lanes::{LANE_COLUMNS, find_lane, pick_next, read_lane, set_wake};

/// The shape of `doc` columns that this program writes. A row with a higher one was written by a newer program.
pub(super) const FORMAT: u32 = 1;

const NEVER: i64 = i64::MAX;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// A row's number as the file has it.
pub(super) fn number(id: u64) -> Result<i64, Fault> {
    i64::try_from(id).map_err(Fault::unreadable)
}

/// What a job is looked up by when the warehouse names its own order.
pub(super) fn warehouse_key(account: &AccountId, order_id: &str) -> String {
    format!("{account}/{order_id}")
}

/// Reads a job's document.
pub(super) fn read_job(format: u32, doc: &str) -> Result<Job, Fault> {
    known(format)?;
    Ok(serde_json::from_str(doc)?)
}

/// Refuses rows of a newer program instead of guessing.
pub(super) fn known(format: u32) -> Result<(), Fault> {
    if format <= FORMAT {
        Ok(())
    } else {
        let words = format!("format {format}, this program knows {FORMAT}");
        Err(Fault::Ledger(LedgerError::Unreadable(words)))
    }
}

/// The single column of a query that finds one row or none.
pub(super) fn one<T: rusqlite::types::FromSql>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<T>, Fault> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}
