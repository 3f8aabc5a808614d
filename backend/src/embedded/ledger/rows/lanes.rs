//! A lane's row, its line, and when the sweep looks at it.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, Place, ShopId};
use lane::line::{LaneState, LineEntry, Pick, Ready, pick};
use lane::ports::LedgerError;
use rusqlite::{Connection, Row};

use super::super::writer::SqlUnit;
use super::{NEVER, from_micros, micros};
use crate::ledger::fault::Fault;
use crate::ledger::row::{Lane, LaneRef};
use crate::ledger::unit::Lanes;

pub(in super::super) const LANE_COLUMNS: &str =
    "seq, key, shop, depth, put_off, fence, owner, lease_until, strikes, paused, rest, places";

pub(in super::super) fn read_lane(row: &Row<'_>) -> Result<Lane, Fault> {
    let (owner, until): (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
    let (paused, rest): (Option<String>, Option<String>) = (row.get(9)?, row.get(10)?);
    let state = LaneState {
        fence: row.get(5)?,
        lease: owner.zip(until).map(|(owner, until)| (owner, from_micros(until))),
        strikes: row.get(8)?,
        paused: paused.as_deref().map(serde_json::from_str).transpose()?,
        rest: rest.as_deref().map(serde_json::from_str).transpose()?,
    };
    Ok(Lane {
        was: state.clone(),
        row: row.get(0)?,
        key: row.get::<_, String>(1)?.parse()?,
        shop: ShopId::parse(&row.get::<_, String>(2)?)?,
        depth: row.get(3)?,
        put_off: row.get(4)?,
        places: row.get(11)?,
        state,
    })
}

pub(in super::super) fn find_lane(conn: &Connection, key: &LaneKey) -> Result<Option<Lane>, Fault> {
    let sql = format!("SELECT {LANE_COLUMNS} FROM lane WHERE key = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([key.to_string()])?;
    rows.next()?.map(read_lane).transpose()
}

impl Lanes for SqlUnit<'_> {
    async fn lane(&mut self, key: &LaneKey) -> Result<Option<Lane>, Fault> {
        find_lane(self.conn, key)
    }

    async fn lane_or_new(&mut self, key: &LaneKey, shop: &ShopId) -> Result<Lane, Fault> {
        if let Some(lane) = find_lane(self.conn, key)? {
            return Ok(lane);
        }
        self.conn
            .prepare_cached("INSERT INTO lane (key, shop) VALUES (?1, ?2)")?
            .execute((key.to_string(), shop.as_str()))?;
        let made = find_lane(self.conn, key)?;
        made.ok_or_else(|| Fault::Ledger(LedgerError::Unavailable("a lane was not made".to_owned())))
    }

    /// Nobody else writes while a unit does.
    async fn guard(&mut self, _lane: &Lane) -> Result<(), Fault> {
        Ok(())
    }

    async fn save_lane(&mut self, lane: &mut Lane) -> Result<(), Fault> {
        let state = &lane.state;
        if *state == lane.was {
            return Ok(());
        }
        let (owner, until) = state.lease.as_ref().map(|(owner, until)| (owner, micros(*until))).unzip();
        let paused = state.paused.as_ref().map(serde_json::to_string).transpose()?;
        let rest = state.rest.as_ref().map(serde_json::to_string).transpose()?;
        self.conn
            .prepare_cached(
                "UPDATE lane SET fence = ?2, owner = ?3, lease_until = ?4, strikes = ?5, paused = ?6, rest = ?7
                 WHERE seq = ?1",
            )?
            .execute((lane.row, state.fence, owner, until, state.strikes, paused, rest))?;
        lane.was = lane.state.clone();
        Ok(())
    }

    async fn append(&mut self, lane: &mut Lane, heard: Timestamp, wake: Option<Timestamp>) -> Result<Place, Fault> {
        lane.places += 1;
        self.conn
            .prepare_cached(
                "UPDATE lane SET places = ?2, heard_at = MAX(heard_at, ?3), depth = depth + (?4 IS NOT NULL),
                                 wake = MIN(COALESCE(wake, ?4), COALESCE(?4, wake))
                 WHERE seq = ?1",
            )?
            .execute((lane.row, lane.places, micros(heard), wake.map(micros)))?;
        Ok(Place(lane.places))
    }

    async fn wake_by(&mut self, lane: LaneRef<'_>, at: Timestamp) -> Result<(), Fault> {
        self.conn
            .prepare_cached("UPDATE lane SET wake = MIN(COALESCE(wake, ?2), ?2) WHERE seq = ?1")?
            .execute((lane.row, micros(at)))?;
        Ok(())
    }

    async fn set_wake(&mut self, lane: &Lane, at: Option<Timestamp>, put_off: u32) -> Result<(), Fault> {
        set_wake(self.conn, lane.row, at, put_off)
    }

    async fn overrule_wake(&mut self, lane: &Lane, at: Timestamp) -> Result<(), Fault> {
        set_wake(self.conn, lane.row, Some(at), 0)
    }

    async fn pick_next(&mut self, lane: &Lane, now: Timestamp) -> Result<Pick, Fault> {
        pick_next(self.conn, lane.row, now)
    }

    async fn behind(&mut self, lane: &Lane, place: Place, most: u32) -> Result<Vec<JobId>, Fault> {
        let sql = "SELECT id FROM job WHERE lane = ?1 AND in_line = 1 AND place > ?2 ORDER BY place LIMIT ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let ids = statement.query_map((lane.row, place.0, most), |row| row.get::<_, String>(0))?;
        ids.map(|id| Ok(JobId::parse(&id?)?)).collect()
    }
}

pub(in super::super) fn set_wake(
    conn: &Connection,
    lane: i64,
    at: Option<Timestamp>,
    put_off: u32,
) -> Result<(), Fault> {
    conn.prepare_cached("UPDATE lane SET wake = ?2, put_off = ?3 WHERE seq = ?1")?.execute((
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
