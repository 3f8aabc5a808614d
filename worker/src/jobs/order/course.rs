//! The course of an attempt once the order is fetched: does it qualify, is anything of it ours, must a person look, and
//! how what happened is told.

use std::ops::ControlFlow;
use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::clock::{after, until};
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::{Outcome, Trouble};
use ::lane::rules::Company;
use ::lane::shop::SkipReason;

use super::Attempt;
use super::compose;
use super::judge::{self, Question, Verdict};
use crate::providers::error::CallError;
use crate::providers::shipstation::ShipStation;
use crate::providers::shopify::SHOPIFY;
use crate::providers::shopify::order::Order;

/// An order that the shop does not show yet is asked for once more: its webhook can be faster than its API.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(10);
/// For so long after it was heard of, an order that the shop does not show may be new to its API.
const UNKNOWN_TIME: Duration = Duration::from_secs(10);
/// How soon rules are asked again that the ledger could not answer.
const LEDGER_AGAIN: Duration = Duration::from_secs(5);
/// The API can be behind its own webhooks, mostly by less than this.
const OLDER_AGAIN: Duration = Duration::from_secs(5);

impl Attempt<'_> {
    /// An order that qualifies is judged and put; one that does not is withdrawn.
    pub(super) async fn carry_out(&mut self, order: &Order) -> Result<Outcome, CallError> {
        match self.may_go(order).await? {
            ControlFlow::Continue(()) => match self.mode() {
                Mode::Create => self.put(order).await,
                Mode::Correct => self.correct(order).await,
            },
            ControlFlow::Break(outcome) => Ok(outcome),
        }
    }

    /// Whether the order goes to the warehouse now, or how the attempt ends otherwise.
    pub(super) async fn may_go(&mut self, order: &Order) -> Result<ControlFlow<Outcome>, CallError> {
        if let Err(why) = self.shop.qualifies.judge(&judge::facts(&self.job.id, order)) {
            return self.withdraw(order, why).await.map(ControlFlow::Break);
        }
        if order.parts.is_empty() && order.shipped_lines().next().is_some() {
            return Ok(ControlFlow::Break(not_routed()));
        }
        if self.load.asks.is_empty()
            && let Some(outcome) = self.nothing_to_ship(order).await?
        {
            return Ok(ControlFlow::Break(outcome));
        }
        match self.verdict(order).await {
            Verdict::Go => {
                let outcome = self.nothing_to_ship(order).await?;
                Ok(outcome.map_or(ControlFlow::Continue(()), ControlFlow::Break))
            }
            Verdict::Wait { until, why } => Ok(ControlFlow::Break(Outcome::Wait { until, why, stops: false })),
            Verdict::Hold(question) => self.hold_wherever_it_is(order, question).await.map(ControlFlow::Break),
        }
    }

    /// What a person accepted, or what was carried out before, is not judged again.
    pub(super) async fn verdict(&mut self, order: &Order) -> Verdict {
        if self.job.accepts(&self.fetched).is_some() || self.job.passed.as_ref() == Some(&self.fetched) {
            self.judged = true;
            return Verdict::Go;
        }
        let before = self.others_work(None);
        let declared = self.declared(order, &before);
        let customs = match declared {
            Ok(declaration) => declaration.map(|declaration| declaration.seen).unwrap_or_default(),
            Err(question) => return Verdict::Hold(question),
        };
        let rules = &self.shop.rules;
        let company = if rules.ask_for_company() {
            let mut marks = self.learnt.marks.clone();
            // Counting a customer's orders goes through the lane's whole line.
            marks.customer = marks.customer.filter(|_| rules.count_waiting());
            let company = self.ledger.company(&self.job.lane, &self.job.id, &marks).await;
            match company {
                Ok(company) => company,
                Err(error) => {
                    // The order must not pass a rule that could not be asked.
                    let until = after(self.calls.now(), LEDGER_AGAIN);
                    return Verdict::Wait { until, why: format!("its rules could not be asked: {error}") };
                }
            }
        } else {
            Company::default()
        };
        self.judged = true;
        self.judge(order, &self.load.clone(), customs, &company)
    }

    /// An order of which nothing is for this warehouse, or not yet.
    pub(super) async fn nothing_to_ship(&mut self, order: &Order) -> Result<Option<Outcome>, CallError> {
        let untouched = self.is_untouched();
        let nothing = if untouched {
            !self.load.anything_left()
        } else {
            self.load.shipped(order, &self.others_work(None)).is_empty()
        };
        if !nothing {
            return Ok(None);
        }
        if let Some((until, why)) = self.load.later(self.calls.now()) {
            return self.wait_for_the_shop(order, until, why).await.map(Some);
        }
        let fulfilled = order.shipped_lines().all(|line| line.unfulfilled_quantity == 0);
        if !untouched {
            // What was refunded after others had fulfilled the rest does not come back.
            let why = if fulfilled { SkipReason::NothingToShip } else { SkipReason::ShipsElsewhere };
            return self.withdraw(order, why).await.map(Some);
        }
        let why = if fulfilled { SkipReason::AlreadyFulfilled } else { SkipReason::ShipsElsewhere };
        Ok(Some(Outcome::Skip(why)))
    }

    /// What was fetched is older than what a webhook told. To judge it would undo what is known already.
    pub(super) fn older(&self, order: &Order) -> Option<Outcome> {
        // The platform tells whole seconds.
        let behind = self.job.newest.is_some_and(|newest| order.updated_at.as_second() < newest.as_second());
        let error = || Trouble::new(SHOPIFY, "it still shows an older version than its webhook told");
        behind.then(|| Outcome::Retry { after: (self.job.attempts <= 1).then_some(OLDER_AGAIN), error: error() })
    }

    /// The shop's token cannot see the order. What the warehouse has because of it is a person's business: the order
    /// may have been deleted, or have become too old for the token.
    pub(super) fn unknown(&self) -> Outcome {
        let why = SkipReason::UnknownToShop;
        if !self.is_untouched() {
            let gone = Fingerprint::of(b"unknown to the shop");
            if self.accepted(&gone) {
                return Outcome::Skip(why);
            }
            let evidence = vec![
                Fact::new("at the shop", why.words()),
                Fact::new(
                    "at the warehouse",
                    "it was or may have been written, stays as it is, and may ship meanwhile",
                ),
            ];
            return self.held(HoldReason::InDoubt, evidence, Some(gone));
        }
        let new = until(self.job.heard_at, self.calls.now()) < UNKNOWN_TIME || self.job.attempts == 1;
        if !new || self.kind == AttemptKind::LookUp {
            return Outcome::Skip(why);
        }
        let error = Trouble::new(SHOPIFY, "the shop does not show the order yet");
        Outcome::Retry { after: Some(UNKNOWN_AGAIN), error }
    }

    /// Errors become outcomes here. A look-up that finds nothing out leaves the order in doubt.
    pub(super) fn ended(&self, ended: Result<Outcome, CallError>) -> Outcome {
        let outcome = ended.unwrap_or_else(|error| error.outcome(&self.shown()));
        match (self.kind, outcome) {
            (AttemptKind::LookUp, Outcome::Retry { error, .. }) => self.in_doubt(&error),
            (AttemptKind::Full | AttemptKind::LookUp, outcome) => outcome,
        }
    }

    /// A hold on the order as it was fetched.
    pub(super) fn held(&self, reason: HoldReason, evidence: Vec<Fact>, difference: Option<Fingerprint>) -> Outcome {
        Outcome::Hold { reason, evidence, fingerprint: self.shown(), difference }
    }

    /// What an approval of this attempt's hold accepts. A hold that came before the rules were asked must not bring an
    /// order past them: it is about something that is never fetched, so that the next attempt judges afresh.
    pub(super) fn shown(&self) -> Fingerprint {
        if self.judged { self.fetched.clone() } else { self.not_judged() }
    }

    pub(super) fn not_judged(&self) -> Fingerprint {
        Fingerprint::of(format!("not judged, {}", self.fetched).as_bytes())
    }

    pub(super) fn asked(&self, question: Question) -> Outcome {
        self.held(question.reason, question.evidence, None)
    }

    /// Whether a person accepted exactly this difference of exactly this order, whether or not it was judged when they did.
    pub(super) fn accepted(&self, difference: &Fingerprint) -> bool {
        let approval = self.job.approved.as_ref();
        approval.is_some_and(|approval| {
            let of_this = approval.fingerprint == self.fetched || approval.fingerprint == self.not_judged();
            of_this && approval.difference.as_ref() == Some(difference)
        })
    }

    pub(super) async fn warehouse(&self) -> Result<ShipStation<'_>, CallError> {
        ShipStation::open(self.account, self.calls).await
    }

    pub(super) fn key(&self) -> String {
        compose::order_key(&self.shop.id, &self.job.id)
    }
}

/// The platform splits an order by location some moments after it was placed.
fn not_routed() -> Outcome {
    let error = Trouble::new(SHOPIFY, "the shop has not yet said which location fulfils the order");
    Outcome::Retry { after: Some(UNKNOWN_AGAIN), error }
}
