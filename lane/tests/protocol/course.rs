//! The course of an attempt once it is known what stands at the warehouse: withdraw, ask, or carry.

use crate::attempt::{Aim, Attempt, BYTES, Difference, Doing, Ending, STATUS, TO_ASK, Written, hashes, word};
use crate::model::Protocol;
use crate::world::{Status, Stock};

impl Attempt {
    pub(crate) fn course(&mut self, protocol: &Protocol, found: Option<Stock>) -> Doing {
        let ends = self.withdrawn();
        let stops = |status| found.filter(|theirs| protocol.rules.compensation && theirs.status != status);
        if self.withdraws() {
            return match stops(Status::Cancelled) {
                Some(theirs) => Doing::Write(Stock { status: Status::Cancelled, ..theirs }, Aim::TakeOut),
                None => Doing::Complete(ends),
            };
        }
        let (version, _) = self.fetched.expect("an attempt that does not withdraw has fetched");
        let passed = self.job().passed.as_ref() == Some(&self.fetched_fingerprint());
        if protocol.scenario.is_doubtful(self.job, version) && !passed && !self.accepts(protocol) {
            return match stops(Status::OnHold).filter(|theirs| theirs.status == Status::Ships) {
                Some(theirs) => Doing::Write(Stock { status: Status::OnHold, ..theirs }, Aim::HoldThere(None)),
                None => Doing::Complete(Ending::Hold(None)),
            };
        }
        match found {
            None => Doing::Write(Stock { bytes: version, status: Status::Ships }, Aim::Carry { back_from_hold: false }),
            Some(theirs) => self.update(protocol, version, theirs),
        }
    }

    pub(crate) fn withdrawn(&self) -> Ending {
        if self.job().rejecting.is_some() { Ending::Withdrawn } else { Ending::Cancelled }
    }

    fn update(&mut self, protocol: &Protocol, version: u8, theirs: Stock) -> Doing {
        let mut written = self.written();
        if let Some(asked) = written.get(TO_ASK) {
            let stock = Stock { bytes: asked.parse().unwrap(), status: Status::Ships };
            return self.stop_and_ask(theirs, Difference::ReadBack(stock));
        }
        let unknown = theirs.status == Status::OnHold && !written.contains_key(STATUS);
        if unknown && self.accepts(protocol) {
            if !self.accepted(Difference::OnHoldThere) {
                return Doing::Complete(Ending::Hold(Some(Difference::OnHoldThere)));
            }
            written.insert(STATUS.to_owned(), word(Status::OnHold));
            self.there(written.clone());
        }
        let whole = merge(version, theirs, &written);
        if whole == theirs && theirs.status != Status::Cancelled {
            self.there(hashes(version));
            return Doing::Complete(Ending::Done);
        }
        if theirs.status == Status::Cancelled {
            let left = self.accepted(Difference::WillNotShip);
            let asks = Ending::Hold(Some(Difference::WillNotShip));
            return Doing::Complete(if left { Ending::LeftAsItStands } else { asks });
        }
        Doing::Write(whole, Aim::Carry { back_from_hold: whole.status != theirs.status })
    }
}

/// Theirs with our changes.
fn merge(version: u8, theirs: Stock, written: &Written) -> Stock {
    let (ours, their) = (version.to_string(), theirs.bytes.to_string());
    let stays = written.get(BYTES).is_some_and(|base| *base != their && *base == ours);
    let base = written.get(STATUS);
    let status = match theirs.status {
        Status::Ships => Status::Ships,
        Status::OnHold if base == Some(&word(Status::OnHold)) => Status::Ships,
        Status::OnHold => Status::OnHold,
        Status::Cancelled => Status::Cancelled,
    };
    Stock { bytes: if stays { theirs.bytes } else { version }, status }
}
