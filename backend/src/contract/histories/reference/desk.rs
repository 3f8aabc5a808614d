//! What people do: decide, pause, resume, release from quarantine.

use lane::clock::{Timestamp, after};
use lane::decision::{Decision, Undo};
use lane::history::Happened;
use lane::id::{LaneKey, OperatorId};
use lane::line::Pause;
use lane::ports::{Decided, Once, RequestKey, Undone};
use lane::state::StateKind;
use lane::view::{QuarantineReason, Recorded as DecisionRecord};
use lane::wake_up::{Envelope, SendKind};

use super::intake::SEND_GRACE;
use super::{JobKey, Remembered, World, repeated};

impl World {
    /// What was answered under this key before; `Err` if it was another request.
    fn before(&self, key: Option<&RequestKey>) -> Result<Option<Remembered>, ()> {
        let known = key.and_then(|key| Some((key, self.requests.get(&(key.by.clone(), key.key.clone()))?)));
        match known {
            None => Ok(None),
            Some((key, (request, _))) if *request != key.request => Err(()),
            Some((_, (_, remembered))) => Ok(Some(remembered.clone())),
        }
    }

    fn remember(&mut self, key: Option<&RequestKey>, answer: Remembered) {
        if let Some(key) = key {
            self.requests.insert((key.by.clone(), key.key.clone()), (key.request, answer));
        }
    }

    pub(super) fn decide(&mut self, decision: &Decision, key: Option<&RequestKey>) -> Once<Decided> {
        match self.before(key) {
            Err(()) => return Once::KeyReused,
            Ok(Some(remembered)) => return repeated(&remembered),
            Ok(None) => {}
        }
        let decided = self.decide_now(decision);
        if let Decided::Done { state, .. } = &decided {
            self.remember(key, Remembered::Decided(*state));
        }
        Once::Answer(decided)
    }

    fn decide_now(&mut self, decision: &Decision) -> Decided {
        let key = (decision.lane.clone(), decision.job.clone());
        let Some(row) = self.known(&key) else { return Decided::NoSuchJob };
        if let Some(earlier) = row.decisions.get(&decision.hold) {
            return Decided::AlreadyDecided(earlier.clone());
        }
        let kind = match row.job.decide(decision) {
            Ok(kind) => kind,
            Err(refused) => return Decided::Stale(refused),
        };
        let (verdict, hold, by) = (decision.verdict, decision.hold, decision.by.clone());
        let (at, note) = (decision.at, decision.note.clone());
        row.decisions.insert(hold, DecisionRecord { verdict, by: by.clone(), at, note: note.clone() });
        row.note(at, Happened::Decided { verdict, hold, by, note });
        let send = kind.and_then(|kind| self.wake_for(&key, kind, at));
        let state = self.row(&key).job.state.kind();
        if send.is_none() {
            // It may have stopped its lane.
            self.wake_by(&key.0, at);
        } else if decision.takes_effect > at {
            self.wake_by(&key.0, decision.takes_effect);
        }
        Decided::Done { state, send }
    }

    pub(super) fn undo(&mut self, undo: &Undo, key: Option<&RequestKey>) -> Once<Undone> {
        match self.before(key) {
            Ok(Some(Remembered::TakenBack(state))) => return Once::Answer(Undone::Done { state }),
            Err(()) | Ok(Some(_)) => return Once::KeyReused,
            Ok(None) => {}
        }
        let job = (undo.lane.clone(), undo.job.clone());
        let Some(row) = self.known(&job) else { return Once::Answer(Undone::NoSuchJob) };
        if let Err(why) = row.job.undo(undo) {
            return Once::Answer(Undone::TooLate(why));
        }
        row.note(undo.at, Happened::Undone { hold: undo.hold, by: undo.by.clone() });
        let (state, in_line) = (row.job.state.kind(), row.job.in_line().is_some());
        if in_line {
            self.wake_by(&job.0, undo.at);
        }
        self.remember(key, Remembered::TakenBack(state));
        Once::Answer(Undone::Done { state })
    }

    fn wake_for(&mut self, key: &JobKey, kind: SendKind, now: Timestamp) -> Option<Envelope> {
        if self.row(key).job.state.kind() != StateKind::Waiting {
            return None;
        }
        self.wake_by(&key.0, after(now, SEND_GRACE));
        Some(self.row(key).job.send(kind, now))
    }

    pub(super) fn pause(&mut self, lane: &LaneKey, pause: &Pause, key: Option<&RequestKey>) -> Once<bool> {
        match self.before(key) {
            Err(()) => return Once::KeyReused,
            Ok(Some(_)) => return Once::Answer(true),
            Ok(None) => {}
        }
        let Some(found) = self.lanes.get_mut(lane) else { return Once::Answer(false) };
        found.state.paused = Some(pause.clone());
        if let Some(until) = pause.until {
            self.wake_by(lane, until);
        }
        self.remember(key, Remembered::Paused);
        Once::Answer(true)
    }

    pub(super) fn resume(
        &mut self,
        lane: &LaneKey,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Once<Option<Vec<Envelope>>> {
        self.once_sent(key, |world| {
            world.lanes.get_mut(lane)?.state.paused = None;
            Some(world.wake_now(lane, now))
        })
    }

    pub(super) fn release_quarantined(
        &mut self,
        id: u64,
        by: &OperatorId,
        now: Timestamp,
        key: Option<&RequestKey>,
    ) -> Once<Option<Vec<Envelope>>> {
        self.once_sent(key, |world| world.release_now(id, by, now))
    }

    /// What was sent the first time is not sent again.
    fn once_sent(
        &mut self,
        key: Option<&RequestKey>,
        change: impl FnOnce(&mut Self) -> Option<Vec<Envelope>>,
    ) -> Once<Option<Vec<Envelope>>> {
        match self.before(key) {
            Err(()) => return Once::KeyReused,
            Ok(Some(_)) => return Once::Answer(Some(Vec::new())),
            Ok(None) => {}
        }
        let sends = change(self);
        if sends.is_some() {
            self.remember(key, Remembered::Sent);
        }
        Once::Answer(sends)
    }

    fn release_now(&mut self, id: u64, by: &OperatorId, now: Timestamp) -> Option<Vec<Envelope>> {
        let kept = self.kept.iter().find(|kept| kept.id == Some(id))?.clone();
        match kept.why {
            QuarantineReason::UnknownShop => {
                let shop = self.shop_of(&kept.letter.webhook.merchant)?;
                Some(self.replay(&kept, &shop))
            }
            QuarantineReason::Unreadable => None,
            QuarantineReason::UnknownToShop => {
                let key = kept.job.clone()?;
                self.kept.retain(|other| other.id != Some(id));
                if self.row(&key).job.state.kind() != StateKind::Skipped {
                    return Some(Vec::new());
                }
                let placing = self.row(&key).job.release(now).expect("what was skipped may be released");
                self.place(&key, placing);
                self.row(&key).note(now, Happened::Released { by: by.clone() });
                Some(self.wake_for(&key, SendKind::Again, now).into_iter().collect())
            }
        }
    }
}
