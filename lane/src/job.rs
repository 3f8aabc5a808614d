//! A job: one entry of a lane, everything the ledger knows about it, and what webhooks do to it.

mod again;
mod doubting;
mod forgetting;
mod sending;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::decision::Undoable;
use crate::hold::Approval;
use crate::id::{CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, Place, ShopId};
use crate::line::{LineEntry, Ready};
use crate::marks::Marks;
use crate::outcome::Reach;
use crate::rules::Seen;
use crate::shop::SkipReason;
use crate::state::{ImpossibleMove, Move, Placing, State, StateKind, step};
use crate::webhook::OrderNews;

pub use again::REPEATS_APART;
pub use sending::Sends;

/// One entry of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, beside any state and any other")]
pub struct Job {
    /// Its lane.
    pub lane: LaneKey,
    /// Its id within the lane; in `orders` the platform's order id.
    pub id: JobId,
    /// The shop whose job it is.
    pub shop: ShopId,
    /// The number people know it by (`#1001`).
    pub number: String,
    /// Its position in the lane.
    pub place: Place,
    /// Its state.
    pub state: State,
    /// Rises each time a webhook says something new.
    pub version: u64,
    /// The newest `updated_at` heard of.
    pub newest: Option<Timestamp>,
    /// Hash of what the newest webhook said.
    pub fingerprint: Fingerprint,
    /// What may exist at the warehouse because of it.
    pub reach: Reach,
    /// The version the running attempt began with.
    pub begun_version: u64,
    /// Attempts that count, since it last entered the line. Waits and pauses do not count.
    pub attempts: u32,
    /// Attempts ever begun; numbers them in the timeline.
    pub begun: u32,
    /// How often it needed a person; numbers its holds.
    pub questions: u32,
    /// What a person has accepted.
    pub approved: Option<Approval>,
    /// A worker without a lease may have written while the running attempt was under way.
    pub disturbed: bool,
    /// A person refused it while something of it may be at the warehouse: attempts only take it back, also after a question
    /// that came up on the way.
    pub rejecting: Option<Rejection>,
    /// How to take the newest decision back, until it takes effect or the job is taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<Undoable>>,
    /// The ledger was put back from a backup that knew nothing of it at the warehouse, and it was not carried out since:
    /// a person is asked before anything that stands there is overwritten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
    /// How many wake-ups of each kind it has caused.
    pub sends: Sends,
    /// The order as it was fetched when it was last carried out. Exactly this is not judged a second time.
    #[serde(default)]
    pub passed: Option<Fingerprint>,
    /// What rules look at, as of the newest attempt; for dry runs.
    #[serde(default)]
    pub seen: Option<Box<Seen>>,
    /// Whose it is, and where it goes.
    #[serde(default)]
    pub marks: Marks,
    /// The warehouse said that something of it shipped, and no attempt has seen to it that the shop knows.
    #[serde(default)]
    pub shipped_untold: bool,
    /// Its customer or its shop asked to be forgotten: nothing is heard of it any more.
    #[serde(default)]
    pub redacted: bool,
    /// Follows its webhook through the logs.
    pub correlation: CorrelationId,
    /// When a repeated body last made it be looked at again.
    #[serde(default)]
    pub repeated_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its newest version was heard of.
    pub heard_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// Who refused a job, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Who.
    pub by: OperatorId,
    /// What they wrote.
    pub why: String,
}

/// What a webhook did to a job that was known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It says nothing new, or it is older than what is known.
    Unchanged,
    /// It is a newer version. The place says whether it was reopened.
    Newer(Placing),
}

impl Job {
    /// A job that a first webhook causes. It is in line, or `Skipped` when it does not qualify.
    pub fn accept(
        lane: LaneKey,
        shop: ShopId,
        news: &OrderNews,
        judged: Result<(), SkipReason>,
        place: Place,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Self {
        Self {
            lane,
            id: news.id.clone(),
            shop,
            number: news.number.clone(),
            place,
            state: judged.map_or_else(|why| State::Skipped { why }, |()| State::READY),
            version: 1,
            newest: news.updated_at,
            fingerprint: news.fingerprint.clone(),
            reach: Reach::Untouched,
            begun_version: 0,
            attempts: 0,
            begun: 0,
            questions: 0,
            approved: None,
            disturbed: false,
            rejecting: None,
            undo: None,
            restored: false,
            sends: Sends::default(),
            passed: None,
            seen: None,
            marks: news.marks.clone(),
            shipped_untold: false,
            redacted: false,
            correlation,
            repeated_at: None,
            accepted_at: now,
            heard_at: now,
            changed_at: now,
        }
    }

    /// Takes in a later webhook about this job. An older version never overwrites a newer one, and a version that says
    /// nothing new only moves `newest` on.
    pub fn hear(
        &mut self,
        news: &OrderNews,
        judged: Result<(), SkipReason>,
        now: Timestamp,
    ) -> Result<Heard, ImpossibleMove> {
        if self.redacted {
            return Ok(Heard::Unchanged);
        }
        let (older, newer) = match (news.updated_at, self.newest) {
            (Some(said), Some(known)) => (said < known, said > known),
            (Some(_), None) | (None, _) => (false, false),
        };
        if older {
            return Ok(Heard::Unchanged);
        }
        self.newest = self.newest.max(news.updated_at);
        if news.fingerprint == self.fingerprint {
            return Ok(Heard::Unchanged);
        }
        self.fingerprint = news.fingerprint.clone();
        self.number.clone_from(&news.number);
        self.marks.learn(news.marks.clone());
        self.version += 1;
        self.heard_at = now;
        // A webhook may end a job by itself only while nothing can have reached the warehouse (otherwise an attempt has
        // to carry the change there), and only if it is surely the newer one: the platform's times have whole seconds
        // and its topics no order, so of two that look equally new the fetch decides.
        let by = match judged {
            Err(why) if newer && self.reach == Reach::Untouched => Move::NewerUnqualified(why),
            Ok(()) | Err(_) => Move::Newer,
        };
        self.go(by, now).map(Heard::Newer)
    }

    /// Takes in that something about this job changed which its webhook does not carry: always a new version.
    pub fn touch(&mut self, now: Timestamp) -> Result<Heard, ImpossibleMove> {
        if self.redacted {
            return Ok(Heard::Unchanged);
        }
        self.version += 1;
        self.heard_at = now;
        self.go(Move::Newer, now).map(Heard::Newer)
    }

    /// Takes in that the warehouse has shipped something of it. Whoever waits for a person goes on waiting, and the shop is
    /// told afterwards; so store the job even if it is unchanged.
    pub fn has_shipped(&mut self, now: Timestamp) -> Result<Heard, ImpossibleMove> {
        self.shipped_untold = !self.redacted;
        // What a person left as it stands may still ship, in part.
        let left = matches!(self.state, State::Skipped { why: SkipReason::LeftAsItStands });
        let looks_again = match self.state.kind() {
            StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Done => true,
            StateKind::Skipped => left,
            StateKind::Held | StateKind::Failed | StateKind::Rejected => false,
        };
        if self.redacted || !looks_again {
            return Ok(Heard::Unchanged);
        }
        self.version += 1;
        self.go(Move::Newer, now).map(Heard::Newer)
    }

    /// Whether it may go to the warehouse in one call with others: nothing of it can be there, nobody refused it, and no
    /// attempt at it has failed.
    pub fn may_burst(&self) -> bool {
        self.state == State::READY && self.reach == Reach::Untouched && self.rejecting.is_none() && self.attempts == 0
    }

    /// Releases a job whose webhook was quarantined by a worker.
    pub fn release(&mut self, now: Timestamp) -> Result<Placing, ImpossibleMove> {
        self.go(Move::Release, now)
    }

    /// Makes one move, and forgets what belonged to the state it leaves.
    pub(crate) fn go(&mut self, by: Move, now: Timestamp) -> Result<Placing, ImpossibleMove> {
        let (next, placing) = step(&self.state, by)?;
        if next.kind() != self.state.kind() {
            self.changed_at = now;
            let entered_line_anew = next.kind() == StateKind::Waiting && self.state.kind() != StateKind::Attempting;
            if entered_line_anew {
                self.attempts = 0;
            }
        }
        self.state = next;
        Ok(placing)
    }

    /// What the ready line holds for this job: nothing, if it stands aside or has ended.
    pub fn in_line(&self) -> Option<LineEntry> {
        let (ready, stops) = match &self.state {
            State::Waiting { not_before: None, .. } | State::Attempting { .. } => (Ready::Now, true),
            State::Waiting { not_before: Some(at), stops } | State::Retrying { due: at, stops, .. } => {
                (Ready::At(*at), *stops)
            }
            State::Held(hold) if hold.stops => (Ready::Never, true),
            State::Failed { stops: true, .. } => (Ready::Never, true),
            State::Held(_)
            | State::Failed { .. }
            | State::Done { .. }
            | State::Skipped { .. }
            | State::Rejected { .. } => return None,
        };
        Some(LineEntry { place: self.place, job: self.id.clone(), ready, stops })
    }
}
