//! One attempt at an order, re-told: fetch, judge, find, write, read back. What it decides about is the real [`Job`] as it
//! was begun, and what it knows of the warehouse is the real [`Reach`].
//!
//! What was written is remembered in two fields, `bytes` and `status`, which merge as the real ones do: what stands there
//! and is not what we wrote is the warehouse's own change, and stays, as long as the shop says what it said.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash};
use std::sync::Arc;

use lane::hold::HoldReason;
use lane::id::Fingerprint;
use lane::job::Job;
use lane::outcome::{Learnt, Outcome, Proof, Reach, Report, Trouble, WarehouseCopy};
use lane::shop::SkipReason;

use crate::model::Protocol;
use crate::print::{hash_known, hash_reach};
use crate::world::{Row, Status, Stock, fingerprint, now, warehouse_account};

/// What a worker has in hand between two calls.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) job: usize,
    /// The job as it was begun.
    pub(crate) was: Arc<Row>,
    /// The version at the shop, and whether it is cancelled.
    pub(crate) fetched: Option<(u8, bool)>,
    pub(crate) reach: Reach,
    /// A call that changes something has left.
    pub(crate) left: bool,
    /// One has gone through after the lease was lost.
    pub(crate) late: bool,
    pub(crate) doing: Doing,
}

/// The next call, or how the attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Doing {
    Fetch,
    /// Only where the attempt is begun after the fetch.
    Begin,
    Find,
    Write(Stock, Aim),
    ReadBack(Stock, Aim),
    Complete(Ending),
    Disturb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aim {
    /// The order goes there; whether a hold is taken back by it.
    Carry { back_from_hold: bool },
    /// It is put on hold while a person is asked.
    HoldThere(Option<Difference>),
    /// It must not ship any more.
    TakeOut,
}

/// What a person may be asked about besides the order itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Difference {
    OnHoldThere,
    WillNotShip,
    StillShips,
    ReadBack(Stock),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    Done,
    Retry,
    Fail,
    Hold(Option<Difference>),
    Cancelled,
    LeftAsItStands,
    Withdrawn,
}

pub(crate) type Written = BTreeMap<String, String>;

pub(crate) const BYTES: &str = "bytes";
pub(crate) const STATUS: &str = "status";
pub(crate) const TO_ASK: &str = "to ask";

fn of_difference(difference: Difference) -> Fingerprint {
    Fingerprint::given(&format!("{difference:?}"))
}

pub(crate) fn hashes(version: u8) -> Written {
    let said = [(BYTES, version.to_string()), (STATUS, word(Status::Ships))];
    said.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(crate) fn word(status: Status) -> String {
    format!("{status:?}")
}

impl Attempt {
    pub(crate) fn new(job: usize, was: &Arc<Row>, doing: Doing) -> Self {
        let reach = was.job.reach.clone();
        let mut attempt = Self { job, was: Arc::clone(was), fetched: None, reach, left: false, late: false, doing };
        if was.job.rejecting.is_some() && doing == Doing::Fetch {
            // What a person refused is taken back whatever the shop says of it.
            attempt.doing = Doing::Find;
        }
        attempt
    }

    pub(crate) fn project(&self, to: &mut DefaultHasher) {
        (self.job, self.fetched, self.left, self.late, self.doing).hash(to);
        hash_reach(&self.reach, to);
        hash_known(&self.was.job, to);
        (self.was.job.version == self.was.approved_at).hash(to);
        self.was.job.fingerprint.as_str().hash(to);
    }

    pub(crate) fn job(&self) -> &Job {
        &self.was.job
    }

    pub(crate) fn written(&self) -> Written {
        match &self.reach {
            Reach::There(copy) => copy.written.clone(),
            Reach::Untouched | Reach::Unresolved => Written::new(),
        }
    }

    pub(crate) fn there(&mut self, written: Written) {
        let copy =
            WarehouseCopy { account: warehouse_account(), order_id: "1".to_owned(), written, told: BTreeMap::new() };
        self.reach = Reach::There(copy);
    }

    /// The next step after the fetch: what cannot have been written is not asked for.
    pub(crate) fn after_fetch(&mut self, protocol: &Protocol) {
        self.doing = if self.reach == Reach::Untouched { self.course(protocol, None) } else { Doing::Find };
    }

    pub(crate) fn find(&mut self, protocol: &Protocol, found: Option<Stock>) {
        if found.is_some() {
            let written = self.written();
            self.there(written);
        }
        self.doing = self.course(protocol, found);
    }

    pub(crate) fn fetched_fingerprint(&self) -> Fingerprint {
        self.fetched.map_or_else(|| self.job().fingerprint.clone(), |(version, _)| fingerprint(self.job, version))
    }

    fn not_judged(&self) -> Fingerprint {
        Fingerprint::given(&format!("not judged {}", self.fetched_fingerprint()))
    }

    /// Whether it must not ship, so that nothing of it is judged.
    pub(crate) fn withdraws(&self) -> bool {
        self.job().rejecting.is_some() || self.fetched.is_some_and(|(_, cancelled)| cancelled)
    }

    pub(crate) fn accepts(&self, protocol: &Protocol) -> bool {
        if protocol.rules.approval_binds_what_was_fetched {
            self.job().accepts(&self.fetched_fingerprint()).is_some()
        } else {
            self.job().approved.is_some() && self.job().version == self.was.approved_at
        }
    }

    pub(crate) fn accepted(&self, difference: Difference) -> bool {
        self.job().approved.as_ref().is_some_and(|approval| {
            let of_this =
                approval.fingerprint == self.fetched_fingerprint() || approval.fingerprint == self.not_judged();
            of_this && approval.difference == Some(of_difference(difference))
        })
    }

    /// What is known while a write is under way, and what is known once it was answered.
    pub(crate) fn writes(&mut self, whole: Stock, aim: Aim) -> Reach {
        let mut unconfirmed = self.written();
        match aim {
            Aim::Carry { .. } => {
                let says = self.fetched.map(|(version, _)| version.to_string());
                unconfirmed.retain(|name, value| name == STATUS || (name == BYTES && says.as_ref() == Some(value)));
            }
            Aim::HoldThere(_) | Aim::TakeOut => {
                unconfirmed.insert(STATUS.to_owned(), word(whole.status));
            }
        }
        let before = self.reach.clone();
        self.there(unconfirmed);
        before
    }

    /// The answer to a write did not come.
    pub(crate) fn unanswered(&mut self, before: &Reach) {
        if !matches!(before, Reach::There(_)) {
            self.reach = Reach::Unresolved;
        }
        self.doing = Doing::Complete(Ending::Retry);
    }

    pub(crate) fn read_back(&mut self, wrote: Stock, aim: Aim, stands: Stock) {
        self.doing = match aim {
            Aim::Carry { back_from_hold } => self.compare(wrote, back_from_hold, stands),
            Aim::HoldThere(difference) => {
                let mut written = self.written();
                written.remove(TO_ASK);
                self.there(written);
                Doing::Complete(Ending::Hold(difference))
            }
            Aim::TakeOut if stands.status == Status::Cancelled || self.accepted(Difference::StillShips) => {
                Doing::Complete(self.withdrawn())
            }
            Aim::TakeOut => Doing::Complete(Ending::Hold(Some(Difference::StillShips))),
        };
    }

    fn compare(&mut self, wrote: Stock, back_from_hold: bool, stands: Stock) -> Doing {
        let (version, _) = self.fetched.expect("only a fetched order is carried");
        let moved_on = wrote.status == Status::Ships && stands.status == Status::OnHold && !back_from_hold;
        let same_status = wrote.status == stands.status || moved_on;
        let mut written = hashes(version);
        if wrote.bytes == stands.bytes && same_status {
            self.there(written);
            return Doing::Complete(Ending::Done);
        }
        let difference = Difference::ReadBack(Stock { status: Status::Ships, ..stands });
        if self.accepted(difference) {
            self.there(written);
            return Doing::Complete(Ending::Done);
        }
        if wrote.bytes != stands.bytes {
            written.remove(BYTES);
        }
        if !same_status && stands.status != Status::OnHold {
            written.remove(STATUS);
        }
        self.there(written);
        self.stop_and_ask(stands, difference)
    }

    pub(crate) fn stop_and_ask(&mut self, stands: Stock, difference: Difference) -> Doing {
        if stands.status != Status::Ships {
            return Doing::Complete(Ending::Hold(Some(difference)));
        }
        if let Difference::ReadBack(stock) = difference {
            let mut written = self.written();
            written.insert(TO_ASK.to_owned(), stock.bytes.to_string());
            self.there(written);
        }
        Doing::Write(Stock { status: Status::OnHold, ..stands }, Aim::HoldThere(Some(difference)))
    }

    pub(crate) fn report(&self, ending: Ending) -> Report {
        let error = Trouble::new("warehouse", "no");
        let outcome = match ending {
            Ending::Done => Outcome::Done(self.proof()),
            Ending::Retry => Outcome::Retry { after: None, error },
            Ending::Fail => Outcome::Fail(error),
            Ending::Hold(difference) => Outcome::Hold {
                reason: HoldReason::TotalAbove,
                evidence: Vec::new(),
                fingerprint: if self.withdraws() { self.not_judged() } else { self.fetched_fingerprint() },
                difference: difference.map(of_difference),
            },
            Ending::Cancelled => Outcome::Skip(SkipReason::Cancelled),
            Ending::LeftAsItStands => Outcome::Skip(SkipReason::LeftAsItStands),
            Ending::Withdrawn => Outcome::Withdrawn,
        };
        Report { outcome, reach: self.reach.clone(), calls: Vec::new(), learnt: Learnt::default() }
    }

    fn proof(&self) -> Proof {
        Proof {
            account: warehouse_account(),
            reference: "1".to_owned(),
            key: format!("acme-{}", self.job),
            fingerprint: self.fetched_fingerprint(),
            compared: Vec::new(),
            accepted: None,
            read_back_at: now(),
        }
    }
}
