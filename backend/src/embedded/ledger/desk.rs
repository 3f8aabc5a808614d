//! What people do: decide, pause, resume, release from quarantine; each at most once per request.

use lane::clock::Timestamp;
use lane::decision::Decision;
use lane::history::Happened;
use lane::id::{LaneKey, OperatorId};
use lane::line::Pause;
use lane::ports::{Decided, Once, RequestKey};
use lane::state::StateKind;
use lane::view::{QuarantineReason, Recorded};
use lane::wake_up::{Envelope, SendKind};
use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::replay::replay_one;
use super::rows::{JobRow, LaneRow, micros, one, pick_next, set_wake};
use super::work::wake_for;
use super::writer::{Fault, Unit};

/// Makes a change under a request's key, or gives the answer it gave before. Only changes that had an effect are
/// remembered: repeating one that had none does no harm.
pub(super) fn once<T, A>(
    unit: &mut Unit<'_>,
    key: Option<&RequestKey>,
    change: impl FnOnce(&mut Unit<'_>) -> Result<T, Fault>,
    remember: impl FnOnce(&T) -> Option<A>,
    repeat: impl FnOnce(A) -> T,
) -> Result<Once<T>, Fault>
where
    A: Serialize + DeserializeOwned,
{
    let Some(key) = key else { return change(unit).map(Once::Answer) };
    let known: Option<(Vec<u8>, String)> = unit
        .conn
        .prepare_cached("SELECT request, answer FROM request WHERE by = ?1 AND key = ?2")?
        .query_row((key.by.as_str(), &key.key), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((request, answer)) = known {
        if request != key.request {
            return Ok(Once::KeyReused);
        }
        return Ok(Once::Answer(repeat(serde_json::from_str(&answer)?)));
    }
    let answer = change(unit)?;
    if let Some(remembered) = remember(&answer) {
        unit.conn
            .prepare_cached("INSERT INTO request (by, key, request, answer) VALUES (?1, ?2, ?3, ?4)")?
            .execute((key.by.as_str(), &key.key, key.request.as_slice(), serde_json::to_string(&remembered)?))?;
    }
    Ok(Once::Answer(answer))
}

pub(super) fn decide(
    unit: &mut Unit<'_>,
    decision: &Decision,
    key: Option<&RequestKey>,
) -> Result<Once<Decided>, Fault> {
    once(
        unit,
        key,
        |unit| decide_now(unit, decision),
        |decided| if let Decided::Done { state, .. } = decided { Some(*state) } else { None },
        |state: StateKind| Decided::Done { state, send: None },
    )
}

fn decide_now(unit: &mut Unit<'_>, decision: &Decision) -> Result<Decided, Fault> {
    let Some(lane) = LaneRow::find(unit.conn, &decision.lane)? else { return Ok(Decided::NoSuchJob) };
    let Some(mut row) = JobRow::find(unit.conn, lane.seq, &decision.job)? else { return Ok(Decided::NoSuchJob) };
    let sql = "SELECT doc FROM decision WHERE job = ?1 AND number = ?2";
    if let Some(doc) = one::<String>(unit.conn, sql, (row.seq, decision.hold))? {
        return Ok(Decided::AlreadyDecided(serde_json::from_str(&doc)?));
    }
    let kind = match row.job.decide(decision) {
        Ok(kind) => kind,
        Err(refused) => return Ok(Decided::Stale(refused)),
    };
    let recorded =
        Recorded { verdict: decision.verdict, by: decision.by.clone(), at: decision.at, note: decision.note.clone() };
    unit.conn.prepare_cached("INSERT INTO decision (job, number, doc) VALUES (?1, ?2, ?3)")?.execute((
        row.seq,
        decision.hold,
        serde_json::to_string(&recorded)?,
    ))?;
    let what = Happened::Decided {
        verdict: decision.verdict,
        hold: decision.hold,
        by: decision.by.clone(),
        note: decision.note.clone(),
    };
    row.note(unit, decision.at, what)?;
    row.save(unit)?;
    let send = match kind {
        Some(kind) => wake_for(unit, &mut row, kind, decision.at)?,
        None => None,
    };
    // A job that stopped its lane no longer does: those behind it are due.
    if send.is_none() {
        super::rows::wake_by(unit, lane.seq, decision.at)?;
    }
    Ok(Decided::Done { state: row.job.state.kind(), send })
}

/// Writes down what an operator did, in the write that does it.
pub(super) fn audit(unit: &Unit<'_>, at: Timestamp, by: &str, what: &str, on: &str) -> Result<(), Fault> {
    unit.conn.prepare_cached("INSERT INTO audit (at, by, what, on_) VALUES (?1, ?2, ?3, ?4)")?.execute((
        micros(at),
        by,
        what,
        on,
    ))?;
    Ok(())
}

pub(super) fn pause(
    unit: &mut Unit<'_>,
    key: &LaneKey,
    pause: &Pause,
    request: Option<&RequestKey>,
) -> Result<Once<bool>, Fault> {
    let change = |unit: &mut Unit<'_>| {
        let Some(mut lane) = LaneRow::find(unit.conn, key)? else { return Ok(false) };
        lane.state.paused = Some(pause.clone());
        lane.save_state(unit)?;
        if let Some(by) = &pause.by {
            audit(unit, pause.since, by.as_str(), "pause", &key.to_string())?;
        }
        if let Some(until) = pause.until {
            super::rows::wake_by(unit, lane.seq, until)?;
        }
        Ok(true)
    };
    once(unit, request, change, |paused| paused.then_some(true), |paused: bool| paused)
}

pub(super) fn resume(
    unit: &mut Unit<'_>,
    key: &LaneKey,
    by: &OperatorId,
    now: Timestamp,
    request: Option<&RequestKey>,
) -> Result<Once<Option<Vec<Envelope>>>, Fault> {
    let change = |unit: &mut Unit<'_>| {
        let Some(mut lane) = LaneRow::find(unit.conn, key)? else { return Ok(None) };
        lane.state.paused = None;
        lane.save_state(unit)?;
        audit(unit, now, by.as_str(), "resume", &key.to_string())?;
        wake_lane(unit, &lane, now).map(Some)
    };
    once(unit, request, change, |sends| sends.as_ref().map(|_| true), |_: bool| Some(Vec::new()))
}

/// The wake-up of a lane that may go on, if it has work now; the sweep looks at once all the same.
pub(super) fn wake_lane(unit: &mut Unit<'_>, lane: &LaneRow, now: Timestamp) -> Result<Vec<Envelope>, Fault> {
    set_wake(unit, lane.seq, Some(now), 0)?;
    let lane::line::Pick::Ready(id) = pick_next(unit.conn, lane.seq, now)? else { return Ok(Vec::new()) };
    let Some(mut row) = JobRow::find(unit.conn, lane.seq, &id)? else { return Ok(Vec::new()) };
    let send = row.job.send(SendKind::Again, now);
    row.save(unit)?;
    Ok(vec![send])
}

pub(super) fn release_quarantined(
    unit: &mut Unit<'_>,
    id: u64,
    by: &OperatorId,
    now: Timestamp,
    request: Option<&RequestKey>,
) -> Result<Once<Option<Vec<Envelope>>>, Fault> {
    let change = |unit: &mut Unit<'_>| release_now(unit, id, by, now);
    once(unit, request, change, |sends| sends.as_ref().map(|_| true), |_: bool| Some(Vec::new()))
}

fn release_now(unit: &mut Unit<'_>, id: u64, by: &OperatorId, now: Timestamp) -> Result<Option<Vec<Envelope>>, Fault> {
    let Ok(seq) = i64::try_from(id) else { return Ok(None) };
    let sql = "SELECT quarantine FROM webhook WHERE seq = ?1 AND quarantine IS NOT NULL";
    let Some(why) = one::<String>(unit.conn, sql, [seq])? else { return Ok(None) };
    audit(unit, now, by.as_str(), "release", &format!("webhook {id}"))?;
    if why == QuarantineReason::UnknownShop.as_str() {
        return replay_one(unit, seq);
    }
    if why != QuarantineReason::UnknownToShop.as_str() {
        return Ok(None);
    }
    let Some(job) = one::<i64>(unit.conn, "SELECT job FROM webhook WHERE seq = ?1 AND job IS NOT NULL", [seq])? else {
        return Ok(None);
    };
    let Some(mut row) = JobRow::find_seq(unit.conn, job)?.filter(|row| !row.job.redacted) else { return Ok(None) };
    unit.conn.prepare_cached("UPDATE webhook SET quarantine = NULL, words = NULL WHERE seq = ?1")?.execute([seq])?;
    if row.job.state.kind() != StateKind::Skipped {
        // A newer webhook has brought it back into line already.
        return Ok(Some(Vec::new()));
    }
    let placing = row.job.release(now)?;
    row.place(unit, placing)?;
    row.note(unit, now, Happened::Released { by: by.clone() })?;
    row.save(unit)?;
    Ok(Some(wake_for(unit, &mut row, SendKind::Again, now)?.into_iter().collect()))
}
