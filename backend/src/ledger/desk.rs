//! What people do: decide, pause, resume, release from quarantine; each at most once per request.

use lane::clock::Timestamp;
use lane::decision::{Decision, Undo};
use lane::history::Happened;
use lane::id::{LaneKey, OperatorId};
use lane::line::{Pause, Pick};
use lane::ports::{Decided, Once, RequestKey, Undone};
use lane::state::StateKind;
use lane::view::{QuarantineReason, Recorded};
use lane::wake_up::{Envelope, SendKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::replay::replay_one;
use super::row::Lane;
use super::timeline::note;
use super::unit::Unit;
use super::work::wake_for;

/// The answer to a request that was made before, as it is given again; nothing if the change is still to be made.
async fn answered_before<U: Unit, A: DeserializeOwned, T>(
    unit: &mut U,
    key: Option<&RequestKey>,
    again: impl FnOnce(A) -> T,
) -> Result<Option<Once<T>>, Fault> {
    let Some(key) = key else { return Ok(None) };
    let Some((request, answer)) = unit.answered(&key.by, &key.key).await? else { return Ok(None) };
    if request != key.request {
        return Ok(Some(Once::KeyReused));
    }
    Ok(Some(Once::Answer(again(serde_json::from_str(&answer)?))))
}

/// Remembers the answer to a change. Only changes that had an effect are remembered: repeating one that had none does no
/// harm.
async fn remember<U: Unit>(unit: &mut U, key: Option<&RequestKey>, answer: &impl Serialize) -> Result<(), Fault> {
    match key {
        Some(key) => unit.put_answer(key, &serde_json::to_string(answer)?).await,
        None => Ok(()),
    }
}

pub(crate) async fn decide<U: Unit>(
    unit: &mut U,
    decision: &Decision,
    key: Option<&RequestKey>,
) -> Result<Once<Decided>, Fault> {
    if let Some(known) = answered_before(unit, key, |state: StateKind| Decided::Done { state, send: None }).await? {
        return Ok(known);
    }
    let decided = decide_now(unit, decision).await?;
    if let Decided::Done { state, .. } = &decided {
        remember(unit, key, state).await?;
    }
    Ok(Once::Answer(decided))
}

async fn decide_now<U: Unit>(unit: &mut U, decision: &Decision) -> Result<Decided, Fault> {
    let Some(lane) = unit.lane(&decision.lane).await? else { return Ok(Decided::NoSuchJob) };
    let Some(mut row) = unit.job(&lane, &decision.job).await? else { return Ok(Decided::NoSuchJob) };
    if let Some(before) = unit.decision(&row, decision.hold).await? {
        return Ok(Decided::AlreadyDecided(before));
    }
    let kind = match row.job.decide(decision) {
        Ok(kind) => kind,
        Err(refused) => return Ok(Decided::Stale(refused)),
    };
    let recorded =
        Recorded { verdict: decision.verdict, by: decision.by.clone(), at: decision.at, note: decision.note.clone() };
    unit.put_decision(&row, decision.hold, &recorded).await?;
    let what = Happened::Decided {
        verdict: decision.verdict,
        hold: decision.hold,
        by: decision.by.clone(),
        note: decision.note.clone(),
    };
    note(unit, &row, decision.at, what).await?;
    unit.save(&mut row).await?;
    let send = match kind {
        Some(kind) => wake_for(unit, &mut row, kind, decision.at).await?,
        None => None,
    };
    let state = row.job.state.kind();
    if send.is_none() {
        // A job that stopped its lane no longer does: those behind it are due.
        unit.wake_by(lane.reference(), decision.at).await?;
    } else if decision.takes_effect > decision.at {
        // Whoever is woken now finds nothing ready yet.
        unit.wake_by(lane.reference(), decision.takes_effect).await?;
    }
    Ok(Decided::Done { state, send })
}

pub(crate) async fn undo<U: Unit>(unit: &mut U, undo: &Undo, key: Option<&RequestKey>) -> Result<Once<Undone>, Fault> {
    if let Some(known) = answered_before(unit, key, |state: StateKind| Undone::Done { state }).await? {
        return Ok(known);
    }
    let undone = undo_now(unit, undo).await?;
    if let Undone::Done { state } = &undone {
        remember(unit, key, state).await?;
    }
    Ok(Once::Answer(undone))
}

async fn undo_now<U: Unit>(unit: &mut U, undo: &Undo) -> Result<Undone, Fault> {
    let Some(lane) = unit.lane(&undo.lane).await? else { return Ok(Undone::NoSuchJob) };
    let Some(mut row) = unit.job(&lane, &undo.job).await? else { return Ok(Undone::NoSuchJob) };
    if let Err(why) = row.job.undo(undo) {
        return Ok(Undone::TooLate(why));
    }
    note(unit, &row, undo.at, Happened::Undone { hold: undo.hold, by: undo.by.clone() }).await?;
    unit.save(&mut row).await?;
    // It may be ready again, for it changed meanwhile or was about to be tried again.
    if row.job.in_line().is_some() {
        unit.wake_by(lane.reference(), undo.at).await?;
    }
    Ok(Undone::Done { state: row.job.state.kind() })
}

pub(crate) async fn pause<U: Unit>(
    unit: &mut U,
    key: &LaneKey,
    pause: &Pause,
    request: Option<&RequestKey>,
) -> Result<Once<bool>, Fault> {
    if let Some(known) = answered_before(unit, request, |paused: bool| paused).await? {
        return Ok(known);
    }
    let Some(mut lane) = unit.lane(key).await? else { return Ok(Once::Answer(false)) };
    lane.state.paused = Some(pause.clone());
    unit.save_lane(&mut lane).await?;
    if let Some(by) = &pause.by {
        unit.audit(pause.since, by.as_str(), "pause", &key.to_string()).await?;
    }
    if let Some(until) = pause.until {
        unit.wake_by(lane.reference(), until).await?;
    }
    remember(unit, request, &true).await?;
    Ok(Once::Answer(true))
}

pub(crate) async fn resume<U: Unit>(
    unit: &mut U,
    key: &LaneKey,
    by: &OperatorId,
    now: Timestamp,
    request: Option<&RequestKey>,
) -> Result<Once<Option<Vec<Envelope>>>, Fault> {
    if let Some(known) = answered_before(unit, request, |_: bool| Some(Vec::new())).await? {
        return Ok(known);
    }
    let Some(mut lane) = unit.lane(key).await? else { return Ok(Once::Answer(None)) };
    lane.state.paused = None;
    unit.save_lane(&mut lane).await?;
    unit.audit(now, by.as_str(), "resume", &key.to_string()).await?;
    let sends = wake_lane(unit, &lane, now).await?;
    remember(unit, request, &true).await?;
    Ok(Once::Answer(Some(sends)))
}

/// The wake-up of a lane that may go on, if it has work now; the sweep looks at once all the same.
pub(crate) async fn wake_lane<U: Unit>(unit: &mut U, lane: &Lane, now: Timestamp) -> Result<Vec<Envelope>, Fault> {
    unit.overrule_wake(lane, now).await?;
    let Pick::Ready(id) = unit.pick_next(lane, now).await? else { return Ok(Vec::new()) };
    let Some(mut row) = unit.job(lane, &id).await? else { return Ok(Vec::new()) };
    let send = row.job.send(SendKind::Again, now);
    unit.save(&mut row).await?;
    Ok(vec![send])
}

pub(crate) async fn release_quarantined<U: Unit>(
    unit: &mut U,
    id: u64,
    by: &OperatorId,
    now: Timestamp,
    request: Option<&RequestKey>,
) -> Result<Once<Option<Vec<Envelope>>>, Fault> {
    if let Some(known) = answered_before(unit, request, |_: bool| Some(Vec::new())).await? {
        return Ok(known);
    }
    let sends = release_now(unit, id, by, now).await?;
    if sends.is_some() {
        remember(unit, request, &true).await?;
    }
    Ok(Once::Answer(sends))
}

async fn release_now<U: Unit>(
    unit: &mut U,
    id: u64,
    by: &OperatorId,
    now: Timestamp,
) -> Result<Option<Vec<Envelope>>, Fault> {
    let Some((why, job)) = unit.quarantined(id).await? else { return Ok(None) };
    unit.audit(now, by.as_str(), "release", &format!("webhook {id}")).await?;
    match why {
        QuarantineReason::UnknownShop => return replay_one(unit, id).await,
        QuarantineReason::UnknownToShop => {}
        QuarantineReason::Unreadable => return Ok(None),
    }
    let Some(job) = job else { return Ok(None) };
    let Some(mut row) = unit.job_at(&job).await?.filter(|row| !row.job.redacted) else { return Ok(None) };
    unit.looked_at(id).await?;
    if row.job.state.kind() != StateKind::Skipped {
        // A newer webhook has brought it back into line already.
        return Ok(Some(Vec::new()));
    }
    let placing = row.job.release(now)?;
    unit.place(&mut row, placing).await?;
    note(unit, &row, now, Happened::Released { by: by.clone() }).await?;
    unit.save(&mut row).await?;
    Ok(Some(wake_for(unit, &mut row, SendKind::Again, now).await?.into_iter().collect()))
}
