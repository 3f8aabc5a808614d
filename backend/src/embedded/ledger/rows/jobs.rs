//! A job's row and its timeline.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, JobId, LaneKey, Place, ShopId};
use lane::job::Job;
use lane::line::{LineEntry, Ready};
use lane::marks::Mark;
use lane::outcome::Reach;
use lane::state::{Placing, StateKind};
use rusqlite::{Connection, Row, Statement};

use super::super::writer::SqlUnit;
use super::{FORMAT, NEVER, from_micros, micros, one, read_job, warehouse_key};
use crate::ledger::fault::Fault;
use crate::ledger::row::{JobRef, JobRow, Lane};
use crate::ledger::unit::Jobs;

pub(in super::super) fn find_job(conn: &Connection, lane: i64, id: &JobId) -> Result<Option<JobRow>, Fault> {
    let mut statement = conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE id = ?2 AND lane = ?1")?;
    let mut rows = statement.query((lane, id.as_str()))?;
    rows.next()?.map(read).transpose()
}

pub(in super::super) fn find_job_at(conn: &Connection, seq: i64) -> Result<Option<JobRow>, Fault> {
    let mut statement = conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE seq = ?1")?;
    let mut rows = statement.query([seq])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<JobRow, Fault> {
    let job = read_job(row.get(2)?, &row.get::<_, String>(3)?)?;
    Ok(JobRow::found(row.get(0)?, row.get(1)?, job))
}

/// What a row refers to by a job's number.
pub(in super::super) fn reference(conn: &Connection, seq: i64) -> Result<Option<JobRef>, Fault> {
    let sql = "SELECT job.seq, lane.key, job.id FROM job JOIN lane ON lane.seq = job.lane WHERE job.seq = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([seq])?;
    rows.next()?.map(read_reference).transpose()
}

fn read_reference(row: &Row<'_>) -> Result<JobRef, Fault> {
    let lane: LaneKey = row.get::<_, String>(1)?.parse()?;
    Ok(JobRef { row: row.get(0)?, lane, job: JobId::parse(&row.get::<_, String>(2)?)? })
}

impl Jobs for SqlUnit<'_> {
    async fn job(&mut self, lane: &Lane, id: &JobId) -> Result<Option<JobRow>, Fault> {
        find_job(self.conn, lane.row, id)
    }

    async fn job_at(&mut self, job: &JobRef) -> Result<Option<JobRow>, Fault> {
        find_job_at(self.conn, job.row)
    }

    async fn insert(&mut self, lane: &Lane, job: Job) -> Result<JobRow, Fault> {
        let columns = Columns::of(&job);
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO job (state, changed_at, place, in_line, ready_at, stops, format, doc, customer, address,
                              card, warehouse, email, accepted_at, lane, id, shop)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        columns.bind(&mut statement)?;
        statement.raw_bind_parameter(15, lane.row)?;
        statement.raw_bind_parameter(16, job.id.as_str())?;
        statement.raw_bind_parameter(17, job.shop.as_str())?;
        statement.raw_execute()?;
        drop(statement);
        let counted = format!("job/{}", columns.kind.as_str());
        self.tally(counted, 1);
        Ok(JobRow::found(self.conn.last_insert_rowid(), lane.row, job))
    }

    async fn save(&mut self, row: &mut JobRow) -> Result<(), Fault> {
        let columns = Columns::of(&row.job);
        let mut statement = self.conn.prepare_cached(
            "UPDATE job SET state = ?1, changed_at = ?2, place = ?3, in_line = ?4, ready_at = ?5, stops = ?6,
                    format = ?7, doc = ?8, customer = ?9, address = ?10, card = ?11, warehouse = ?12,
                    email = ?13, accepted_at = ?14
             WHERE seq = ?15",
        )?;
        columns.bind(&mut statement)?;
        statement.raw_bind_parameter(15, row.row)?;
        statement.raw_execute()?;
        drop(statement);
        let is = (columns.kind, columns.in_line);
        let (was, was_in_line) = std::mem::replace(&mut row.was, is);
        let lined_up = i64::from(is.1) - i64::from(was_in_line);
        if lined_up != 0 {
            self.conn
                .prepare_cached("UPDATE lane SET depth = depth + ?2 WHERE seq = ?1")?
                .execute((row.lane, lined_up))?;
        }
        if was != is.0 {
            self.tally(format!("job/{}", was.as_str()), -1);
            self.tally(format!("job/{}", is.0.as_str()), 1);
        }
        Ok(())
    }

    async fn place(&mut self, row: &mut JobRow, placing: Placing) -> Result<(), Fault> {
        match placing {
            Placing::Keep => {}
            Placing::End => row.job.place = self.next_place(row.lane)?,
        }
        Ok(())
    }

    async fn put_entry(&mut self, row: &JobRow, entry: &Entry) -> Result<(), Fault> {
        let doc = serde_json::to_string(entry)?;
        self.conn
            .prepare_cached("INSERT INTO history (job, format, doc) VALUES (?1, ?2, ?3)")?
            .execute((row.row, FORMAT, doc))?;
        Ok(())
    }

    async fn jobs_there(&mut self, account: &AccountId, order: &str) -> Result<Vec<JobRef>, Fault> {
        let mut statement = self.conn.prepare_cached(
            "SELECT job.seq, lane.key, job.id FROM job JOIN lane ON lane.seq = job.lane WHERE job.warehouse = ?1",
        )?;
        let mut rows = statement.query([warehouse_key(account, order)])?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            match read_reference(row) {
                Ok(job) => jobs.push(job),
                // A row that a newer program wrote must not keep the other orders' shipments from their shops.
                Err(fault) if fault.is_of_a_newer_program() => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(jobs)
    }

    async fn owner_of(&mut self, shop: &ShopId, part: &str) -> Result<Option<JobRef>, Fault> {
        let sql = "SELECT job FROM part WHERE shop = ?1 AND id = ?2 AND job IS NOT NULL";
        match one(self.conn, sql, (shop.as_str(), part))? {
            Some(seq) => reference(self.conn, seq),
            None => Ok(None),
        }
    }

    async fn nobodys_part(&mut self, shop: &ShopId, part: &str) -> Result<Option<Timestamp>, Fault> {
        let sql = "SELECT touched_at FROM part WHERE shop = ?1 AND id = ?2 AND job IS NULL";
        Ok(one(self.conn, sql, (shop.as_str(), part))?.map(from_micros))
    }

    async fn remember_part(&mut self, shop: &ShopId, part: &str, at: Timestamp) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "INSERT INTO part (shop, id, touched_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (shop, id) DO UPDATE SET touched_at = excluded.touched_at",
            )?
            .execute((shop.as_str(), part, micros(at)))?;
        Ok(())
    }

    async fn own_part(&mut self, part: &str, row: &JobRow) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "INSERT INTO part (shop, id, job) VALUES (?1, ?2, ?3)
                 ON CONFLICT (shop, id) DO UPDATE SET job = excluded.job, touched_at = NULL",
            )?
            .execute((row.job.shop.as_str(), part, row.row))?;
        Ok(())
    }
}

impl SqlUnit<'_> {
    /// Gives the next place at the end of a lane.
    fn next_place(&self, lane: i64) -> Result<Place, Fault> {
        let place = self
            .conn
            .prepare_cached("UPDATE lane SET places = places + 1 WHERE seq = ?1 RETURNING places")?
            .query_row([lane], |row| row.get(0))?;
        Ok(Place(place))
    }
}

/// What the columns of a job's row say, beside those that never change.
struct Columns<'a> {
    job: &'a Job,
    kind: StateKind,
    in_line: bool,
    ready_at: i64,
    stops: bool,
}

impl<'a> Columns<'a> {
    fn of(job: &'a Job) -> Self {
        let entry = job.in_line();
        let (ready_at, stops) = match &entry {
            Some(LineEntry { ready: Ready::At(at), stops, .. }) => (micros(*at), *stops),
            Some(LineEntry { ready: Ready::Never, stops, .. }) => (NEVER, *stops),
            Some(LineEntry { ready: Ready::Now, stops, .. }) => (0, *stops),
            None => (0, false),
        };
        Self { job, kind: job.state.kind(), in_line: entry.is_some(), ready_at, stops }
    }

    /// Binds the first 14 parameters of a statement.
    fn bind(&self, statement: &mut Statement<'_>) -> Result<(), Fault> {
        let (job, marks) = (self.job, &self.job.marks);
        let warehouse = match &job.reach {
            Reach::There(copy) => Some(warehouse_key(&copy.account, &copy.order_id)),
            Reach::Untouched | Reach::Unresolved => None,
        };
        statement.raw_bind_parameter(1, self.kind.as_str())?;
        statement.raw_bind_parameter(2, micros(job.changed_at))?;
        statement.raw_bind_parameter(3, job.place.0)?;
        statement.raw_bind_parameter(4, self.in_line)?;
        statement.raw_bind_parameter(5, self.ready_at)?;
        statement.raw_bind_parameter(6, self.stops)?;
        statement.raw_bind_parameter(7, FORMAT)?;
        statement.raw_bind_parameter(8, serde_json::to_string(job)?)?;
        statement.raw_bind_parameter(9, marks.customer.as_ref().map(Mark::as_str))?;
        statement.raw_bind_parameter(10, marks.address.as_ref().map(Mark::as_str))?;
        statement.raw_bind_parameter(11, marks.card.as_ref().map(Mark::as_str))?;
        statement.raw_bind_parameter(12, warehouse)?;
        statement.raw_bind_parameter(13, marks.email.as_ref().map(Mark::as_str))?;
        statement.raw_bind_parameter(14, micros(job.accepted_at))?;
        Ok(())
    }
}
