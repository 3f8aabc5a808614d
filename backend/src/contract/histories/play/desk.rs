//! What people do.

use lane::decision::{Decision, Undo, Verdict};
use lane::id::{Fingerprint, JobId, LaneKey};
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::state::StateKind;

use super::{Act, Answer, Call, Player, Stop, Subject};
use crate::contract::histories::resolve::{lane_of, operator, order_id, request_key, seconds};
use crate::contract::histories::step::Flaw;
use crate::contract::histories::view::jobs_of;

impl<S: Subject> Player<S> {
    /// A job about which somebody is asked now.
    async fn asked(&self, which: usize) -> Option<(LaneKey, JobId)> {
        let mut asked = Vec::new();
        for state in [StateKind::Held, StateKind::Failed, StateKind::Retrying] {
            // What is wrong with this answer shows when everything is looked at.
            asked.extend(jobs_of(&self.subject.ports(), Some(state)).await.ok()?);
        }
        let which = which.checked_rem(asked.len())?;
        Some((asked[which].lane.clone(), asked[which].id.clone()))
    }

    pub(super) async fn desk(&mut self, act: &Act) -> Result<Option<Call>, Stop> {
        let now = self.now();
        Ok(match act {
            Act::Decide { shop, order, verdict, flaw, later, by, key } => {
                let which = usize::from(*shop) * 6 + usize::from(*order);
                let asked = if which == 0 { None } else { self.asked(which).await };
                let (lane, job) = asked.unwrap_or_else(|| (lane_of(*shop), order_id(*order)));
                let decision = self.decision(lane, job, *verdict, *flaw, *by).await?;
                let takes_effect = seconds(now, *later);
                decision.map(|decision| self.decide(Decision { takes_effect, ..decision }, *key))
            }
            Act::DecideAgain { which, verdict: again, by, key } => {
                let at = self.decisions.len().checked_sub(1 + usize::from(*which));
                let before = at.map(|at| self.decisions[at].clone());
                before.map(|before| {
                    let (verdict, by) = (verdict(*again), operator(*by));
                    self.decide(Decision { verdict, by, at: now, takes_effect: now, ..before }, *key)
                })
            }
            Act::Undo { which, by, key } => {
                let at = self.decisions.len().checked_sub(1 + usize::from(*which));
                at.map(|at| {
                    let Decision { lane, job, hold, .. } = self.decisions[at].clone();
                    let by = operator(*by);
                    let key = request_key(&by, *key, &format!("undo {lane} {job} {hold}"));
                    Call::Undo { undo: Undo { lane, job, hold, by, at: now }, key }
                })
            }
            Act::Pause { shop, seconds: length, key } => {
                let (lane, by) = (lane_of(*shop), operator(*shop));
                let until = length.map(|length| seconds(now, length));
                let why = PauseReason::Operator { why: "stock-taking".to_owned() };
                let key = request_key(&by, *key, &format!("pause {lane} {length:?}"));
                Some(Call::Pause { lane, pause: Pause { why, until, by: Some(by), since: now }, key })
            }
            Act::Resume { shop, key } => {
                let (lane, by) = (lane_of(*shop), operator(*shop));
                let key = request_key(&by, *key, &format!("resume {lane}"));
                Some(Call::Resume { lane, by, now, key })
            }
            Act::ReleaseQuarantined { which, key } => {
                let by = operator(0);
                // The list may be older than what happened since: then it is nothing any more, or not yet.
                let id = self.numbers.quarantined.get(usize::from(*which)).map_or(u64::MAX, |(id, _)| *id);
                let key = request_key(&by, *key, &format!("release {id}"));
                Some(Call::ReleaseQuarantined { id, by, now, key })
            }
            _ => None,
        })
    }

    async fn decision(
        &mut self,
        lane: LaneKey,
        job: JobId,
        number: u8,
        flaw: Flaw,
        by: u8,
    ) -> Result<Option<Decision>, Stop> {
        let shown = self.call(Call::Job { lane: lane.clone(), job: job.clone() }).await?;
        let Answer::Job(Some(shown)) = shown else { return Ok(None) };
        let question = shown.question();
        // Without a question, somebody makes one up.
        let (hold, fingerprint) =
            question.map_or_else(|| (shown.questions, shown.fingerprint.clone()), |q| (q.number, q.fingerprint));
        let (at, by) = (self.now(), operator(by));
        let (verdict, note, takes_effect) = (verdict(number), "seen".to_owned(), at);
        let decision = Decision { lane, job, verdict, hold, fingerprint, by, note, at, takes_effect };
        Ok(Some(match flaw {
            Flaw::None => decision,
            Flaw::Earlier => Decision { hold: hold.saturating_sub(1), ..decision },
            Flaw::Later => Decision { hold: hold + 1, ..decision },
            Flaw::Shown => Decision { fingerprint: Fingerprint::of(b"something else"), ..decision },
            Flaw::Order => Decision { job: JobId::from(999), ..decision },
        }))
    }

    fn decide(&mut self, decision: Decision, key: Option<u8>) -> Call {
        let Decision { lane, job, verdict, hold, fingerprint, by, .. } = &decision;
        let key = request_key(by, key, &format!("{lane} {job} {verdict:?} {hold} {fingerprint}"));
        self.decisions.push(decision.clone());
        Call::Decide { decision, key }
    }
}

fn verdict(number: u8) -> Verdict {
    [Verdict::Approve, Verdict::Reject, Verdict::Retry][usize::from(number) % 3]
}
