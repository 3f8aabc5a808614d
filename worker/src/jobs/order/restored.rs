//! An order that the ledger knows less of than there is, because a backup of it was put in place: it stands at the
//! warehouse, and nothing tells what of it we wrote and what was changed there.
//!
//! | it stands there | what follows |
//! |---|---|
//! | as the shop says it | it counts as written by us; a status of the warehouse's stays as always |
//! | otherwise, and can be changed | a person is asked, and it is on hold there meanwhile |
//! | otherwise, and a person accepted exactly that | what is different counts as the warehouse's own change, and stays |
//!
//! What has shipped or was cancelled there is a person's question anyway (`closed`).

use std::ops::ControlFlow;

use ::lane::hold::Fact;
use ::lane::outcome::Outcome;
use serde_json::Value;

use super::Attempt;
use super::compare::{Look, compare};
use super::field::{STATUS, shown};
use super::find::{Standing, is_divided, standing};
use super::late::Found;
use super::merge::{Written, hashes, merge, with_status};
use crate::providers::error::CallError;

/// Every order of ours has one, so a base without it is none.
const ALWAYS_WRITTEN: &str = "orderNumber";

impl Attempt<'_> {
    /// What counts as written by us of an order that stands there, or the question that comes first.
    pub(super) async fn base(
        &mut self,
        ours: &Value,
        theirs: &Value,
    ) -> Result<ControlFlow<Outcome, Written>, CallError> {
        let written = self.written();
        let is_open = standing(theirs) == Standing::Open && !is_divided(theirs);
        if !self.job.restored || written.contains_key(ALWAYS_WRITTEN) || !is_open {
            return Ok(ControlFlow::Continue(written));
        }
        let whole = with_status(&merge(ours, theirs, &written), &shown(&theirs[STATUS]));
        let differs = compare(&whole, theirs, Look::Ahead);
        let difference = differs.fingerprint();
        if differs.is_none() || self.accepted(&difference) {
            // Only a hold is told apart by who made it.
            let status = written.get(STATUS).cloned();
            let mut base = hashes(ours);
            base.remove(STATUS);
            base.extend(status.map(|status| (STATUS.to_owned(), status)));
            self.there(&shown(&theirs["orderId"]), base.clone());
            return Ok(ControlFlow::Continue(base));
        }
        let words = "the ledger was put back from a backup, so nobody can tell whether the shop changed it, or the \
                     warehouse";
        let mut evidence = vec![Fact::new("not known here", words)];
        evidence.extend(differs.evidence());
        let means = "the warehouse's order stays as it is; what the shop says otherwise has to be changed there by hand \
                     before";
        evidence.push(Fact::new("if approved", means));
        self.stop_and_ask(theirs, Found { difference, evidence }).await.map(ControlFlow::Break)
    }
}
