//! A lane's row, its line, and when the sweep looks at it.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, Place, ShopId};
use lane::line::{LaneState, LineEntry, Pick, Ready, pick};
use lane::ports::LedgerError;
use rusqlite::{Connection, Row};

use super::super::writer::{Fault, Unit};
use super::{NEVER, from_micros, micros};

/// A lane's row.
pub(in super::super) struct LaneRow {
    pub(in super::super) seq: i64,
    pub(in super::super) key: LaneKey,
    pub(in super::super) shop: ShopId,
    pub(in super::super) depth: u64,
    /// The last place that was given.
    places: u64,
    pub(in super::super) put_off: u32,
    pub(in super::super) state: LaneState,
    /// The state as the file has it.
    was: LaneState,
}

pub(in super::super) const LANE_COLUMNS: &str =
    "seq, key, shop, depth, put_off, fence, owner, lease_until, strikes, paused, rest, places";

impl LaneRow {
    pub(in super::super) fn read(row: &Row<'_>) -> Result<Self, Fault> {
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
            places: row.get(11)?,
            state,
        })
    }

    pub(in super::super) fn find(conn: &Connection, key: &LaneKey) -> Result<Option<Self>, Fault> {
        let sql = format!("SELECT {LANE_COLUMNS} FROM lane WHERE key = ?1");
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query([key.to_string()])?;
        rows.next()?.map(Self::read).transpose()
    }

    /// Writes lease, pause and rest back, if anything changed.
    pub(in super::super) fn save_state(&mut self, unit: &Unit<'_>) -> Result<(), Fault> {
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
    pub(in super::super) fn find_or_make(unit: &Unit<'_>, key: &LaneKey, shop: &ShopId) -> Result<Self, Fault> {
        if let Some(lane) = Self::find(unit.conn, key)? {
            return Ok(lane);
        }
        unit.conn
            .prepare_cached("INSERT INTO lane (key, shop) VALUES (?1, ?2)")?
            .execute((key.to_string(), shop.as_str()))?;
        let made = Self::find(unit.conn, key)?;
        made.ok_or_else(|| Fault::Ledger(LedgerError::Unavailable("a lane was not made".to_owned())))
    }

    /// Gives a job that was accepted at `heard` the next place at the end of the lane. One that is in line there counts in
    /// the lane's depth, and the sweep looks at the lane at `wake` or before.
    pub(in super::super) fn append(
        &mut self,
        unit: &Unit<'_>,
        heard: Timestamp,
        wake: Option<Timestamp>,
    ) -> Result<Place, Fault> {
        self.places += 1;
        unit.conn
            .prepare_cached(
                "UPDATE lane SET places = ?2, heard_at = MAX(heard_at, ?3), depth = depth + (?4 IS NOT NULL),
                                 wake = MIN(COALESCE(wake, ?4), COALESCE(?4, wake))
                 WHERE seq = ?1",
            )?
            .execute((self.seq, self.places, micros(heard), wake.map(micros)))?;
        Ok(Place(self.places))
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

/// Makes sure that the sweep looks at the lane at `at` or before.
pub(in super::super) fn wake_by(unit: &Unit<'_>, lane: i64, at: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached("UPDATE lane SET wake = MIN(COALESCE(wake, ?2), ?2) WHERE seq = ?1")?
        .execute((lane, micros(at)))?;
    Ok(())
}

/// Sets when the sweep looks at the lane next, or that it need not.
pub(in super::super) fn set_wake(unit: &Unit<'_>, lane: i64, at: Option<Timestamp>, put_off: u32) -> Result<(), Fault> {
    unit.conn.prepare_cached("UPDATE lane SET wake = ?2, put_off = ?3 WHERE seq = ?1")?.execute((
        lane,
        at.map(micros),
        put_off,
    ))?;
    Ok(())
}

/// Who goes next in a lane.
pub(in super::super) fn pick_next(conn: &Connection, lane: i64, now: Timestamp) -> Result<Pick, Fault> {
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
