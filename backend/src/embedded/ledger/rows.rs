//! Rows and the domain's values: how lanes, jobs and timelines lie in the file.

use jiff::Timestamp;
use lane::history::{Entry, Happened};
use lane::id::{AccountId, JobId, LaneKey, Place, ShopId};
use lane::job::Job;
use lane::line::{LaneState, LineEntry, Pick, Ready, pick};
use lane::marks::Mark;
use lane::outcome::Reach;
use lane::ports::LedgerError;
use lane::state::{Placing, StateKind};
use rusqlite::{Connection, OptionalExtension, Row, Statement};

use super::writer::{Fault, Unit};

/// The shape of `doc` columns that this program writes. A row with a higher one was written by a newer program.
pub(super) const FORMAT: u32 = 1;

const NEVER: i64 = i64::MAX;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// A lane's row.
pub(super) struct LaneRow {
    pub(super) seq: i64,
    pub(super) key: LaneKey,
    pub(super) shop: ShopId,
    pub(super) depth: u64,
    pub(super) put_off: u32,
    pub(super) state: LaneState,
    /// The state as the file has it.
    was: LaneState,
}

pub(super) const LANE_COLUMNS: &str =
    "seq, key, shop, depth, put_off, fence, owner, lease_until, strikes, paused, rest";

impl LaneRow {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let (owner, until): (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
        let (paused, rest): (Option<String>, Option<String>) = (row.get(9)?, row.get(10)?);
        let state = LaneState {
            fence: row.get(5)?,
            lease: owner.zip(until).map(|(owner, until)| (owner, from_micros(until))),
            strikes: row.get(8)?,
            paused: paused.as_deref().map(serde_json::from_str).transpose()?,
            rest: rest.as_deref().map(serde_json::from_str).transpose()?,
        };
        Ok(Self {
            was: state.clone(),
            seq: row.get(0)?,
            key: row.get::<_, String>(1)?.parse()?,
            shop: ShopId::parse(&row.get::<_, String>(2)?)?,
            depth: row.get(3)?,
            put_off: row.get(4)?,
            state,
        })
    }

    pub(super) fn find(conn: &Connection, key: &LaneKey) -> Result<Option<Self>, Fault> {
        let sql = format!("SELECT {LANE_COLUMNS} FROM lane WHERE key = ?1");
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query([key.to_string()])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Writes lease, pause and rest back, if anything changed.
    pub(super) fn save_state(&mut self, unit: &Unit<'_>) -> Result<(), Fault> {
        if self.state == self.was {
            return Ok(());
        }
        let (owner, until) = self.state.lease.as_ref().map(|(owner, until)| (owner, micros(*until))).unzip();
        let paused = self.state.paused.as_ref().map(serde_json::to_string).transpose()?;
        let rest = self.state.rest.as_ref().map(serde_json::to_string).transpose()?;
        unit.conn
            .prepare_cached(
                "UPDATE lane SET fence = ?2, owner = ?3, lease_until = ?4, strikes = ?5, paused = ?6, rest = ?7
                 WHERE seq = ?1",
            )?
            .execute((self.seq, self.state.fence, owner, until, self.state.strikes, paused, rest))?;
        self.was = self.state.clone();
        Ok(())
    }

    /// The lane of a shop, made when its first job comes.
    pub(super) fn find_or_make(unit: &Unit<'_>, key: &LaneKey, shop: &ShopId) -> Result<Self, Fault> {
        if let Some(lane) = Self::find(unit.conn, key)? {
            return Ok(lane);
        }
        unit.conn
            .prepare_cached("INSERT INTO lane (key, shop) VALUES (?1, ?2)")?
            .execute((key.to_string(), shop.as_str()))?;
        let made = Self::find(unit.conn, key)?;
        made.ok_or_else(|| Fault::Ledger(LedgerError::Unavailable("a lane was not made".to_owned())))
    }
}

/// Gives the next place at the end of a lane.
pub(super) fn next_place(unit: &Unit<'_>, lane: i64) -> Result<Place, Fault> {
    let place = unit
        .conn
        .prepare_cached("UPDATE lane SET places = places + 1 WHERE seq = ?1 RETURNING places")?
        .query_row([lane], |row| row.get(0))?;
    Ok(Place(place))
}

/// Gives a new job the next place at the end of a lane. One that is in line there counts in the lane's depth, and the
/// sweep looks at the lane at `wake` or before.
pub(super) fn append(unit: &Unit<'_>, lane: i64, wake: Option<Timestamp>) -> Result<Place, Fault> {
    let Some(wake) = wake else { return next_place(unit, lane) };
    let place = unit
        .conn
        .prepare_cached(
            "UPDATE lane SET places = places + 1, depth = depth + 1, wake = MIN(COALESCE(wake, ?2), ?2)
             WHERE seq = ?1 RETURNING places",
        )?
        .query_row((lane, micros(wake)), |row| row.get(0))?;
    Ok(Place(place))
}

/// Makes sure that the sweep looks at the lane at `at` or before.
pub(super) fn wake_by(unit: &Unit<'_>, lane: i64, at: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached("UPDATE lane SET wake = MIN(COALESCE(wake, ?2), ?2) WHERE seq = ?1")?
        .execute((lane, micros(at)))?;
    Ok(())
}

/// Sets when the sweep looks at the lane next, or that it need not.
pub(super) fn set_wake(unit: &Unit<'_>, lane: i64, at: Option<Timestamp>, put_off: u32) -> Result<(), Fault> {
    unit.conn.prepare_cached("UPDATE lane SET wake = ?2, put_off = ?3 WHERE seq = ?1")?.execute((
        lane,
        at.map(micros),
        put_off,
    ))?;
    Ok(())
}

/// Who goes next in a lane.
pub(super) fn pick_next(conn: &Connection, lane: i64, now: Timestamp) -> Result<Pick, Fault> {
    let mut statement = conn
        .prepare_cached("SELECT place, ready_at, stops, id FROM job WHERE lane = ?1 AND in_line = 1 ORDER BY place")?;
    let mut fault = None;
    let found = statement.query_map([lane], |row| {
        let ready = match row.get(1)? {
            0 => Ready::Now,
            NEVER => Ready::Never,
            at => Ready::At(from_micros(at)),
        };
        Ok((row.get::<_, u64>(0)?, ready, row.get::<_, bool>(2)?, row.get::<_, String>(3)?))
    })?;
    let entries = found.map_while(|row| {
        let entry = row.map_err(Fault::from).and_then(|(place, ready, stops, id)| {
            Ok(LineEntry { place: Place(place), job: JobId::parse(&id)?, ready, stops })
        });
        entry.map_err(|e| fault = Some(e)).ok()
    });
    let picked = pick(entries, now);
    fault.map_or(Ok(picked), Err)
}

/// A job's row as it was read, so that saving it keeps counts and line right.
pub(super) struct JobRow {
    pub(super) seq: i64,
    pub(super) lane: i64,
    pub(super) job: Job,
    /// Its state and whether it was in line, as the file has it.
    was: (StateKind, bool),
}

impl JobRow {
    pub(super) fn find(conn: &Connection, lane: i64, id: &JobId) -> Result<Option<Self>, Fault> {
        let mut statement =
            conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE lane = ?1 AND id = ?2")?;
        let mut rows = statement.query((lane, id.as_str()))?;
        rows.next()?.map(Self::read).transpose()
    }

    pub(super) fn find_seq(conn: &Connection, seq: i64) -> Result<Option<Self>, Fault> {
        let mut statement = conn.prepare_cached("SELECT seq, lane, format, doc FROM job WHERE seq = ?1")?;
        let mut rows = statement.query([seq])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let job = read_job(row.get(2)?, &row.get::<_, String>(3)?)?;
        let was = (job.state.kind(), job.in_line().is_some());
        Ok(Self { seq: row.get(0)?, lane: row.get(1)?, job, was })
    }

    /// A job that is accepted now, at the place that [`append`] gave it.
    pub(super) fn insert(unit: &mut Unit<'_>, lane: i64, job: Job) -> Result<Self, Fault> {
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
    pub(super) fn place(&mut self, unit: &Unit<'_>, placing: Placing) -> Result<(), Fault> {
        match placing {
            Placing::Keep => {}
            Placing::End => self.job.place = next_place(unit, self.lane)?,
        }
        Ok(())
    }

    /// Writes the job, its entry in the line, and the counts.
    pub(super) fn save(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
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
    pub(super) fn note(&self, unit: &Unit<'_>, at: Timestamp, what: Happened) -> Result<(), Fault> {
        let what = if self.job.redacted { super::privacy::strip(what) } else { what };
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
