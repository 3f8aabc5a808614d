//! What workers do to a lane: lease, head, begin, complete, disturb, release.

use lane::attempt::{Begun, Completion};
use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::{AccountId, JobId, LaneKey};
use lane::job::Job;
use lane::line::{Lease, Leased, Pause, Pick, Rest};
use lane::outcome::{Outcome, Report};
use lane::policy::Policy;
use lane::ports::{Begin, Complete, Head, Release};
use lane::shop::SkipReason;
use lane::state::{State, StateKind};
use lane::view::QuarantineReason;
use lane::wake_up::{Envelope, SendKind};
use rusqlite::Connection;

use super::rows::{JobRow, LaneRow, from_micros, micros, pick_next, set_wake, wake_by};
use super::writer::{Fault, Unit};
use super::{privacy, touch};

/// What completing needs besides the lease and the job.
pub(super) struct Ending {
    pub(super) report: Report,
    pub(super) policy: Policy,
    pub(super) chance: f64,
    pub(super) now: Timestamp,
}

pub(super) fn lease(
    unit: &mut Unit<'_>,
    key: &LaneKey,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Leased, Fault> {
    let Some(mut lane) = LaneRow::find(unit.conn, key)? else {
        // A wake-up for a lane that this ledger never had: there is nothing to work on, and nothing to wait for.
        return Ok(Leased::Paused { until: None });
    };
    let (strikes, was_paused) = (lane.state.strikes, lane.state.paused.is_some());
    let leased = lane.state.lease(key, owner, now, until);
    let changed = match &leased {
        Leased::Yes(lease) => {
            // Should this worker die, the lane is due when its lease has run out.
            set_wake(unit, lane.seq, Some(lease.until), 0)?;
            true
        }
        Leased::Busy { .. } => false,
        Leased::Paused { .. } => strikes != lane.state.strikes || !was_paused,
    };
    if changed {
        lane.save_state(unit)?;
    }
    Ok(leased)
}

pub(super) fn head(conn: &Connection, lease: &Lease, now: Timestamp) -> Result<Head, Fault> {
    let Some(lane) = honoured(conn, lease)? else { return Ok(Head::Lost) };
    if let Some(pause) = lane.state.paused.as_ref().filter(|_| lane.state.is_paused(now)) {
        return Ok(Head::NotReady(Pick::Nothing { next: pause.until }));
    }
    match pick_next(conn, lane.seq, now)? {
        Pick::Ready(id) => match JobRow::find(conn, lane.seq, &id)? {
            Some(row) => Ok(Head::Ready(Box::new(row.job))),
            None => Ok(Head::NotReady(Pick::Nothing { next: None })),
        },
        waits @ (Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. }) => Ok(Head::NotReady(waits)),
    }
}

pub(super) fn begin(
    unit: &mut Unit<'_>,
    lease: &Lease,
    id: &JobId,
    policy: Policy,
    now: Timestamp,
) -> Result<Begin, Fault> {
    let Some(mut lane) = honoured(unit.conn, lease)? else { return Ok(Begin::Lost) };
    // A decision, a newer version or a pause may have come since the head was read.
    if lane.state.is_paused(now) || pick_next(unit.conn, lane.seq, now)? != Pick::Ready(id.clone()) {
        return Ok(Begin::NotReady);
    }
    let Some(mut row) = JobRow::find(unit.conn, lane.seq, id)? else { return Ok(Begin::NotReady) };
    if row.job.redacted && !row.job.only_takes_back() {
        // Its worker died, and nobody may look at the order again to find out what became of it.
        privacy::end(&mut row, now)?;
        row.save(unit)?;
        privacy::note_ended(unit, &row.job);
        return Ok(Begin::NotReady);
    }
    let begun = start(unit, lease, &mut row, policy, now)?;
    lane.state.progressed();
    lane.save_state(unit)?;
    Ok(match begun {
        Begun::Attempt { number, kind } => Begin::Attempt { job: Box::new(row.job), number, kind },
        Begun::Held => Begin::Held,
    })
}

/// Begins an attempt at a job that may begin, and writes it down.
pub(super) fn start(
    unit: &mut Unit<'_>,
    lease: &Lease,
    row: &mut JobRow,
    policy: Policy,
    now: Timestamp,
) -> Result<Begun, Fault> {
    let begun = row.job.begin(lease.fence, policy, now)?;
    match &begun {
        Begun::Attempt { number, kind } => {
            let look_up = *kind == lane::attempt::AttemptKind::LookUp;
            row.note(unit, now, Happened::Began { attempt: *number, fence: lease.fence, look_up })?;
        }
        Begun::Held => note_hold(unit, row, now)?,
    }
    row.save(unit)?;
    Ok(begun)
}

pub(super) fn complete(unit: &mut Unit<'_>, lease: &Lease, id: &JobId, ending: &Ending) -> Result<Complete, Fault> {
    let Some(mut lane) = honoured(unit.conn, lease)? else { return Ok(Complete::Lost) };
    let Some(mut row) = JobRow::find(unit.conn, lane.seq, id)? else { return Ok(Complete::Lost) };
    if row.job.attempting_fence() != Some(lease.fence) {
        return Ok(Complete::Lost);
    }
    let attempt = row.job.begun;
    let now = ending.now;
    let parts = &ending.report.learnt.parts;
    if !row.job.redacted && touch::learn(unit, &row.job.shop, row.seq, parts, row.job.changed_at)? {
        row.job.touch(now)?;
    }
    let completion = row.job.complete(&ending.report, ending.policy, ending.chance, now)?;
    privacy::note_ended(unit, &row.job);
    row.place(unit, completion.placing)?;
    let state = row.job.state.kind();
    row.note(
        unit,
        now,
        Happened::Ended {
            attempt,
            outcome: ending.report.outcome.label().to_owned(),
            words: ending.report.outcome.words(),
            state,
            calls: ending.report.calls.clone(),
        },
    )?;
    if !row.job.redacted {
        for shipped in &ending.report.learnt.shipped {
            row.note(unit, now, Happened::Shipped(shipped.clone()))?;
        }
    }
    after_ending(unit, &mut row, &completion, ending)?;
    row.save(unit)?;
    lane.state.progressed();
    if let Some((why, until)) = completion.pause {
        // A pause that a person made meanwhile, and that only a person ends, keeps its reason.
        let stands = lane.state.paused.as_ref().is_some_and(|pause| pause.until.is_none());
        if !stands {
            lane.state.paused = Some(Pause { why, until, by: None, since: now });
        }
    }
    lane.save_state(unit)?;
    Ok(Complete::Recorded { state, reopened: completion.reopened })
}

fn after_ending(unit: &mut Unit<'_>, row: &mut JobRow, completion: &Completion, ending: &Ending) -> Result<(), Fault> {
    if completion.reopened {
        let why = "a newer version came while it was worked on".to_owned();
        row.note(unit, ending.now, Happened::Reopened { why })?;
    } else if !row.job.redacted && matches!(ending.report.outcome, Outcome::Skip(SkipReason::UnknownToShop)) {
        // Headers are not signed: a webhook that named the wrong shop is shown to people instead of forgotten.
        unit.conn
            .prepare_cached(
                "UPDATE webhook SET quarantine = ?2, words = ?3
                 WHERE seq = (SELECT MAX(seq) FROM webhook WHERE job = ?1)",
            )?
            .execute((row.seq, QuarantineReason::UnknownToShop.as_str(), SkipReason::UnknownToShop.words()))?;
    }
    note_hold(unit, row, ending.now)
}

fn note_hold(unit: &Unit<'_>, row: &JobRow, now: Timestamp) -> Result<(), Fault> {
    if let State::Held(hold) = &row.job.state {
        row.note(
            unit,
            now,
            Happened::Held { number: hold.number, reason: hold.reason, evidence: hold.evidence.clone() },
        )?;
    }
    Ok(())
}

pub(super) fn disturb(unit: &mut Unit<'_>, key: &LaneKey, id: &JobId, now: Timestamp) -> Result<(), Fault> {
    let Some(lane) = LaneRow::find(unit.conn, key)? else { return Ok(()) };
    let Some(mut row) = JobRow::find(unit.conn, lane.seq, id)? else { return Ok(()) };
    let placing = row.job.disturb(now)?;
    row.place(unit, placing)?;
    row.note(unit, now, Happened::Disturbed)?;
    row.save(unit)?;
    wake_by(unit, lane.seq, now)
}

pub(super) fn release(
    unit: &mut Unit<'_>,
    lease: &Lease,
    rest: Option<Rest>,
    now: Timestamp,
) -> Result<Release, Fault> {
    let Some(mut lane) = honoured(unit.conn, lease)? else { return Ok(Release::Lost) };
    let wake = match (pick_next(unit.conn, lane.seq, now)?, lane.state.paused.as_ref()) {
        // Paused while we worked: nobody may go on until it ends.
        (_, Some(pause)) => pause.until,
        (Pick::Ready(_), None) => match &rest {
            Some(rest) => Some(rest.until),
            None => return Ok(Release::MoreWork),
        },
        (Pick::NotUntil { at, .. }, None) => Some(at),
        (Pick::Blocked { next, .. } | Pick::Nothing { next }, None) => next,
    };
    lane.state.release(rest);
    lane.save_state(unit)?;
    set_wake(unit, lane.seq, wake, 0)?;
    Ok(Release::Released { wake })
}

pub(super) fn hand_back(unit: &mut Unit<'_>, lease: &Lease, now: Timestamp) -> Result<(), Fault> {
    let Some(mut lane) = honoured(unit.conn, lease)? else { return Ok(()) };
    lane.state.release(None);
    lane.save_state(unit)?;
    set_wake(unit, lane.seq, Some(now), 0)
}

/// Remembers until when no call may leave to an account; an earlier end never replaces a later one.
pub(super) fn stop_account(unit: &Unit<'_>, account: &AccountId, until: Timestamp) -> Result<(), Fault> {
    unit.conn
        .prepare_cached(
            "INSERT INTO account (id, stop_until) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET stop_until = MAX(stop_until, excluded.stop_until)",
        )?
        .execute((account.as_str(), micros(until)))?;
    Ok(())
}

pub(super) fn stopped_accounts(conn: &Connection, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, Fault> {
    let mut statement = conn.prepare_cached("SELECT id, stop_until FROM account WHERE stop_until > ?1")?;
    let mut rows = statement.query([micros(now)])?;
    let mut stopped = Vec::new();
    while let Some(row) = rows.next()? {
        let account: AccountId = serde_json::from_value(row.get::<_, String>(0)?.into())?;
        stopped.push((account, from_micros(row.get(1)?)));
    }
    Ok(stopped)
}

pub(super) fn honoured(conn: &Connection, lease: &Lease) -> Result<Option<LaneRow>, Fault> {
    Ok(LaneRow::find(conn, &lease.lane)?.filter(|lane| lane.state.honours(lease)))
}

/// Wakes a lane because of a job that is in line now; the envelope is counted in the job.
pub(super) fn wake_for(
    unit: &mut Unit<'_>,
    row: &mut JobRow,
    kind: SendKind,
    now: Timestamp,
) -> Result<Option<Envelope>, Fault> {
    if row.job.state.kind() != StateKind::Waiting {
        return Ok(None);
    }
    wake_by(unit, row.lane, after(now, super::intake::SEND_GRACE))?;
    let send = row.job.send(kind, now);
    row.save(unit)?;
    Ok(Some(send))
}

/// The job's label for people.
pub(super) fn label(job: &Job) -> (JobId, String) {
    (job.id.clone(), job.number.clone())
}
