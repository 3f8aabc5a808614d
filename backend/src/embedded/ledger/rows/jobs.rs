//! A job's row and its timeline.

use lane::clock::Timestamp;
use lane::history::{Entry, Happened};
use lane::id::JobId;
use lane::job::Job;
use lane::line::{LineEntry, Ready};
use lane::marks::Mark;
use lane::outcome::Reach;
use lane::state::{Placing, StateKind};
use rusqlite::{Connection, Row, Statement};

use super::super::privacy;
use super::super::writer::{Fault, Unit};
use super::lanes::next_place;
use super::{FORMAT, NEVER, micros, read_job, warehouse_key};

/// A job's row as it was read, so that saving it keeps counts and line right.
pub(in super::super) struct JobRow {
    pub(in super::super) seq: i64,
    pub(in super::super) lane: i64,
    pub(in super::super) job: Job,
    /// Its state and whether it was in line, as the file has it.
    was: (StateKind, bool),
}

impl JobRow {
    pub(in super::super) fn find(conn: &Connection, lane: i64, id: &JobId) -> Result<Option<Self>, Fault> {
        let mut statement =
            conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE id = ?2 AND lane = ?1")?;
        let mut rows = statement.query((lane, id.as_str()))?;
        rows.next()?.map(Self::read).transpose()
    }

    pub(in super::super) fn find_seq(conn: &Connection, seq: i64) -> Result<Option<Self>, Fault> {
        let mut statement = conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE seq = ?1")?;
        let mut rows = statement.query([seq])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let job = read_job(row.get(2)?, &row.get::<_, String>(3)?)?;
        let was = (job.state.kind(), job.in_line().is_some());
        Ok(Self { seq: row.get(0)?, lane: row.get(1)?, job, was })
    }

    /// A job that is accepted now, at the place that [`LaneRow::append`](super::LaneRow::append) gave it.
    pub(in super::super) fn insert(unit: &mut Unit<'_>, lane: i64, job: Job) -> Result<Self, Fault> {
        let columns = Columns::of(&job);
        let mut statement = unit.conn.prepare_cached(
            "INSERT INTO job (state, changed_at, place, in_line, ready_at, stops, format, doc, customer, address,
                              card, warehouse, email, accepted_at, lane, id, shop)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        columns.bind(&mut statement)?;
        statement.raw_bind_parameter(15, lane)?;
        statement.raw_bind_parameter(16, job.id.as_str())?;
        statement.raw_bind_parameter(17, job.shop.as_str())?;
        statement.raw_execute()?;
        unit.count(format!("job/{}", columns.kind.as_str()), 1);
        let was = (columns.kind, columns.in_line);
        Ok(Self { seq: unit.conn.last_insert_rowid(), lane, was, job })
    }

    /// Applies where a move placed the job.
    pub(in super::super) fn place(&mut self, unit: &Unit<'_>, placing: Placing) -> Result<(), Fault> {
        match placing {
            Placing::Keep => {}
            Placing::End => self.job.place = next_place(unit, self.lane)?,
        }
        Ok(())
    }

    /// Writes the job, its entry in the line, and the counts.
    pub(in super::super) fn save(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        let columns = Columns::of(&self.job);
        let mut statement = unit.conn.prepare_cached(
            "UPDATE job SET state = ?1, changed_at = ?2, place = ?3, in_line = ?4, ready_at = ?5, stops = ?6,
                    format = ?7, doc = ?8, customer = ?9, address = ?10, card = ?11, warehouse = ?12,
                    email = ?13, accepted_at = ?14
             WHERE seq = ?15",
        )?;
        columns.bind(&mut statement)?;
        statement.raw_bind_parameter(15, self.seq)?;
        statement.raw_execute()?;
        let (was, was_in_line) = std::mem::replace(&mut self.was, (columns.kind, columns.in_line));
        let lined_up = i64::from(columns.in_line) - i64::from(was_in_line);
        if lined_up != 0 {
            unit.conn
                .prepare_cached("UPDATE lane SET depth = depth + ?2 WHERE seq = ?1")?
                .execute((self.lane, lined_up))?;
        }
        if was != columns.kind {
            unit.count(format!("job/{}", was.as_str()), -1);
            unit.count(format!("job/{}", columns.kind.as_str()), 1);
        }
        Ok(())
    }

    /// Adds to the job's timeline; without any words, if the job is to be forgotten.
    pub(in super::super) fn note(&self, unit: &Unit<'_>, at: Timestamp, what: Happened) -> Result<(), Fault> {
        let what = if self.job.redacted { privacy::strip(what) } else { what };
        let doc = serde_json::to_string(&Entry { at, what })?;
        unit.conn
            .prepare_cached("INSERT INTO history (job, format, doc) VALUES (?1, ?2, ?3)")?
            .execute((self.seq, FORMAT, doc))?;
        Ok(())
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
