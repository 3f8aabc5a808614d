//! What workers do to a lane: lease, head, begin, complete, disturb, release.

use lane::attempt::{Begun, Completion};
use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::{JobId, LaneKey};
use lane::line::{Lease, Leased, Pause, Pick, Rest};
use lane::outcome::{Outcome, Report};
use lane::policy::Policy;
use lane::ports::{Begin, Complete, Head, Release};
use lane::shop::SkipReason;
use lane::state::{State, StateKind};
use lane::view::QuarantineReason;
use lane::wake_up::{Envelope, SendKind};

use super::fault::Fault;
use super::intake::SEND_GRACE;
use super::row::{JobRow, Lane};
use super::timeline::note;
use super::unit::Unit;
use super::{ending, touch};

/// What completing needs besides the lease and the job.
pub(crate) struct Ending {
    pub(crate) report: Report,
    pub(crate) policy: Policy,
    pub(crate) chance: f64,
    pub(crate) now: Timestamp,
}

pub(crate) async fn lease<U: Unit>(
    unit: &mut U,
    key: &LaneKey,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Leased, Fault> {
    let Some(mut lane) = unit.lane(key).await? else {
        // A wake-up for a lane that this ledger never had: there is nothing to work on, and nothing to wait for.
        return Ok(Leased::Paused { until: None });
    };
    let (strikes, was_paused) = (lane.state.strikes, lane.state.paused.is_some());
    let leased = lane.state.lease(key, owner, now, until);
    let changed = match &leased {
        Leased::Yes(lease) => {
            // Should this worker die, the lane is due when its lease has run out.
            unit.overrule_wake(&lane, lease.until).await?;
            true
        }
        Leased::Busy { .. } => false,
        Leased::Paused { .. } => strikes != lane.state.strikes || !was_paused,
    };
    if changed {
        unit.save_lane(&mut lane).await?;
    }
    Ok(leased)
}

pub(crate) async fn head<U: Unit>(unit: &mut U, lease: &Lease, now: Timestamp) -> Result<Head, Fault> {
    let Some(lane) = honoured(unit, lease).await? else { return Ok(Head::Lost) };
    if let Some(pause) = lane.state.paused.as_ref().filter(|_| lane.state.is_paused(now)) {
        return Ok(Head::NotReady(Pick::Nothing { next: pause.until }));
    }
    match unit.pick_next(&lane, now).await? {
        Pick::Ready(id) => match unit.job(&lane, &id).await? {
            Some(row) => Ok(Head::Ready(Box::new(row.job))),
            None => Ok(Head::NotReady(Pick::Nothing { next: None })),
        },
        waits @ (Pick::NotUntil { .. } | Pick::Blocked { .. } | Pick::Nothing { .. }) => Ok(Head::NotReady(waits)),
    }
}

pub(crate) async fn begin<U: Unit>(
    unit: &mut U,
    lease: &Lease,
    id: &JobId,
    policy: Policy,
    now: Timestamp,
) -> Result<Begin, Fault> {
    let Some(mut lane) = honoured(unit, lease).await? else { return Ok(Begin::Lost) };
    // A decision, a newer version or a pause may have come since the head was read.
    if lane.state.is_paused(now) || unit.pick_next(&lane, now).await? != Pick::Ready(id.clone()) {
        return Ok(Begin::NotReady);
    }
    let Some(mut row) = unit.job(&lane, id).await? else { return Ok(Begin::NotReady) };
    if row.job.redacted && !row.job.only_takes_back() {
        // Its worker died, and nobody may look at the order again to find out what became of it.
        ending::end(&mut row.job, now)?;
        unit.save(&mut row).await?;
        unit.ended(&row.job);
        return Ok(Begin::NotReady);
    }
    let begun = start(unit, lease, &mut row, policy, now).await?;
    lane.state.progressed();
    unit.save_lane(&mut lane).await?;
    Ok(match begun {
        Begun::Attempt { number, kind } => Begin::Attempt { job: Box::new(row.job), number, kind },
        Begun::Held => Begin::Held,
    })
}

/// Begins an attempt at a job that may begin, and writes it down.
pub(crate) async fn start<U: Unit>(
    unit: &mut U,
    lease: &Lease,
    row: &mut JobRow,
    policy: Policy,
    now: Timestamp,
) -> Result<Begun, Fault> {
    let begun = row.job.begin(lease.fence, policy, now)?;
    match &begun {
        Begun::Attempt { number, kind } => {
            let look_up = *kind == lane::attempt::AttemptKind::LookUp;
            let what = Happened::Began { attempt: *number, fence: lease.fence, look_up };
            note(unit, row, now, what).await?;
        }
        Begun::Held => note_hold(unit, row, now).await?,
    }
    unit.save(row).await?;
    Ok(begun)
}

pub(crate) async fn complete<U: Unit>(
    unit: &mut U,
    lease: &Lease,
    id: &JobId,
    ending: &Ending,
) -> Result<Complete, Fault> {
    let Some(mut lane) = honoured(unit, lease).await? else { return Ok(Complete::Lost) };
    let Some(mut row) = unit.job(&lane, id).await? else { return Ok(Complete::Lost) };
    if row.job.attempting_fence() != Some(lease.fence) {
        return Ok(Complete::Lost);
    }
    let attempt = row.job.begun;
    let (report, now) = (&ending.report, ending.now);
    if !row.job.redacted && touch::learn(unit, &row, &report.learnt.parts, row.job.changed_at).await? {
        row.job.touch(now)?;
    }
    let completion = row.job.complete(report, ending.policy, ending.chance, now)?;
    unit.ended(&row.job);
    unit.place(&mut row, completion.placing).await?;
    let state = row.job.state.kind();
    let ended = Happened::Ended {
        attempt,
        outcome: report.outcome.label().to_owned(),
        words: report.outcome.words(),
        state,
        calls: report.calls.clone(),
    };
    note(unit, &row, now, ended).await?;
    if !row.job.redacted {
        for shipped in &report.learnt.shipped {
            note(unit, &row, now, Happened::Shipped(shipped.clone())).await?;
        }
    }
    after_ending(unit, &row, &completion, ending).await?;
    unit.save(&mut row).await?;
    lane.state.progressed();
    if let Some((why, until)) = completion.pause {
        // A pause that a person made meanwhile, and that only a person ends, keeps its reason.
        let stands = lane.state.paused.as_ref().is_some_and(|pause| pause.until.is_none());
        if !stands {
            lane.state.paused = Some(Pause { why, until, by: None, since: now });
        }
    }
    unit.save_lane(&mut lane).await?;
    Ok(Complete::Recorded { state, reopened: completion.reopened })
}

async fn after_ending<U: Unit>(
    unit: &mut U,
    row: &JobRow,
    completion: &Completion,
    ending: &Ending,
) -> Result<(), Fault> {
    if completion.reopened {
        let why = "a newer version came while it was worked on".to_owned();
        note(unit, row, ending.now, Happened::Reopened { why }).await?;
    } else if !row.job.redacted && matches!(ending.report.outcome, Outcome::Skip(SkipReason::UnknownToShop)) {
        // Headers are not signed: a webhook that named the wrong shop is shown to people instead of forgotten.
        let words = SkipReason::UnknownToShop.words();
        unit.doubt_last_of(row, QuarantineReason::UnknownToShop, &words).await?;
    }
    note_hold(unit, row, ending.now).await
}

async fn note_hold<U: Unit>(unit: &mut U, row: &JobRow, now: Timestamp) -> Result<(), Fault> {
    let State::Held(hold) = &row.job.state else { return Ok(()) };
    let what = Happened::Held { number: hold.number, reason: hold.reason, evidence: hold.evidence.clone() };
    note(unit, row, now, what).await
}

pub(crate) async fn disturb<U: Unit>(unit: &mut U, key: &LaneKey, id: &JobId, now: Timestamp) -> Result<(), Fault> {
    let Some(lane) = unit.lane(key).await? else { return Ok(()) };
    let Some(mut row) = unit.job(&lane, id).await? else { return Ok(()) };
    let placing = row.job.disturb(now)?;
    unit.place(&mut row, placing).await?;
    note(unit, &row, now, Happened::Disturbed).await?;
    unit.save(&mut row).await?;
    unit.wake_by(lane.reference(), now).await
}

pub(crate) async fn release<U: Unit>(
    unit: &mut U,
    lease: &Lease,
    rest: Option<Rest>,
    now: Timestamp,
) -> Result<Release, Fault> {
    let Some(mut lane) = honoured(unit, lease).await? else { return Ok(Release::Lost) };
    let wake = match (unit.pick_next(&lane, now).await?, lane.state.paused.as_ref()) {
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
    unit.save_lane(&mut lane).await?;
    unit.set_wake(&lane, wake, 0).await?;
    Ok(Release::Released { wake })
}

pub(crate) async fn hand_back<U: Unit>(unit: &mut U, lease: &Lease, now: Timestamp) -> Result<(), Fault> {
    let Some(mut lane) = honoured(unit, lease).await? else { return Ok(()) };
    lane.state.release(None);
    unit.save_lane(&mut lane).await?;
    unit.overrule_wake(&lane, now).await
}

/// The lane of a lease that still counts.
pub(crate) async fn honoured<U: Unit>(unit: &mut U, lease: &Lease) -> Result<Option<Lane>, Fault> {
    let Some(lane) = unit.lane(&lease.lane).await?.filter(|lane| lane.state.honours(lease)) else { return Ok(None) };
    unit.guard(&lane).await?;
    Ok(Some(lane))
}

/// Wakes a lane because of a job that is in line now; the envelope is counted in the job.
pub(crate) async fn wake_for<U: Unit>(
    unit: &mut U,
    row: &mut JobRow,
    kind: SendKind,
    now: Timestamp,
) -> Result<Option<Envelope>, Fault> {
    if row.job.state.kind() != StateKind::Waiting {
        return Ok(None);
    }
    unit.wake_by(row.lane(), after(now, SEND_GRACE)).await?;
    let send = row.job.send(kind, now);
    unit.save(row).await?;
    Ok(Some(send))
}
