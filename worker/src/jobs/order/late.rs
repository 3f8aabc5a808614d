//! A question about an order that may be at the warehouse already: it is put on hold there, so that it does not ship
//! while somebody thinks about it.

use ::lane::carriage::Mode;
use ::lane::clock::Timestamp;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::Outcome;
use serde_json::Value;

use super::Attempt;
use super::compare::{Difference, Look, compare};
use super::field::{STATUS, shown};
use super::find::{Standing, standing};
use super::judge::Question;
use super::merge::{Written, merge};
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// The warehouse's word for an order that waits.
pub(super) const ON_HOLD: &str = "on_hold";

fn at_warehouse(words: &str) -> Fact {
    Fact::new("at the warehouse", words)
}

/// Whether an order may ship while somebody thinks about it.
pub(super) fn may_ship(theirs: &Value) -> Fact {
    match standing(theirs) {
        Standing::Shipped => at_warehouse("it is shipped already"),
        Standing::Cancelled => at_warehouse("it is cancelled there"),
        Standing::Open if theirs[STATUS] == ON_HOLD => at_warehouse("it is on hold there"),
        Standing::Open => at_warehouse(&format!("it is {} there, and may ship meanwhile", shown(&theirs[STATUS]))),
    }
}

fn after_putting_on_hold(status: &str) -> Fact {
    if status == ON_HOLD {
        at_warehouse("it was there already, and was put on hold")
    } else {
        at_warehouse(&format!(
            "it is there already, and shows {status} after it was put on hold; it may ship meanwhile"
        ))
    }
}

impl Attempt<'_> {
    /// Holds the job, and the order at the warehouse if it is there.
    pub(super) async fn hold_wherever_it_is(
        &mut self,
        order: &Order,
        question: Question,
    ) -> Result<Outcome, CallError> {
        match self.mode() {
            Mode::Create => {}
            Mode::Correct => return self.hold_once_imported(order, question).await,
        }
        let Some(theirs) = self.find(&order.name).await? else { return Ok(self.asked(question)) };
        let Question { reason, mut evidence } = question;
        match standing(&theirs) {
            Standing::Shipped => Ok(self.shipped_before_the_question(order, &theirs, evidence)),
            Standing::Open if theirs[STATUS] != ON_HOLD => {
                let status = self.put_on_hold(&theirs).await?;
                evidence.push(after_putting_on_hold(&status));
                Ok(self.held(reason, evidence, None))
            }
            Standing::Open | Standing::Cancelled => {
                evidence.push(may_ship(&theirs));
                Ok(self.held(reason, evidence, None))
            }
        }
    }

    /// Everything of it waits for the shop: so does what the warehouse has of it. What it imports by itself is its own
    /// business.
    pub(super) async fn wait_for_the_shop(
        &mut self,
        order: &Order,
        until: Timestamp,
        why: String,
    ) -> Result<Outcome, CallError> {
        let wait = Outcome::Wait { until, why: why.clone(), stops: false };
        match self.mode() {
            Mode::Create => {}
            Mode::Correct => return Ok(wait),
        }
        let Some(theirs) = self.find(&order.name).await? else { return Ok(wait) };
        match standing(&theirs) {
            Standing::Open if theirs[STATUS] != ON_HOLD => {
                let status = self.put_on_hold(&theirs).await?;
                if status == ON_HOLD {
                    return Ok(wait);
                }
                let evidence = vec![Fact::new("at the shop", why), after_putting_on_hold(&status)];
                Ok(self.held(HoldReason::PartNotOurs, evidence, None))
            }
            Standing::Open | Standing::Cancelled => Ok(wait),
            Standing::Shipped => {
                let difference = Fingerprint::of(format!("waits, shipped, {why}").as_bytes());
                if self.accepted(&difference) {
                    return Ok(wait);
                }
                let evidence = vec![Fact::new("at the shop", why), may_ship(&theirs)];
                Ok(self.held(HoldReason::AlreadyShipped, evidence, Some(difference)))
            }
        }
    }

    /// Puts what stands there on hold if that can be done, and tells whether it may ship.
    pub(super) async fn stop_there(&mut self, stands: &Value) -> Fact {
        if standing(stands) != Standing::Open || stands[STATUS] == ON_HOLD {
            return may_ship(stands);
        }
        match self.put_on_hold(stands).await {
            Ok(status) => after_putting_on_hold(&status),
            Err(error) => at_warehouse(&format!("it may ship meanwhile: it could not be put on hold ({error})")),
        }
    }

    /// The warehouse refuses a change of an order that it would ship.
    pub(super) async fn refused_there(&mut self, theirs: &Value, at: &str, words: &str) -> Outcome {
        let evidence = vec![Fact::new(at, words), self.stop_there(theirs).await];
        self.held(HoldReason::NotCarriable, evidence, None)
    }

    /// The status that the warehouse shows afterwards.
    async fn put_on_hold(&mut self, theirs: &Value) -> Result<String, CallError> {
        let landed = self.set_status(theirs, ON_HOLD).await?;
        Ok(shown(&landed.stands[STATUS]))
    }

    /// An approved order would stay on hold at the warehouse, and nothing tells whether we or somebody there put it on
    /// hold. The question to ask, until exactly that was accepted; then the hold is ours to take back.
    pub(super) fn whose_hold(&self, theirs: &Value, written: &Written) -> Option<(Fingerprint, Outcome)> {
        let unknown = theirs[STATUS] == ON_HOLD && !written.contains_key(STATUS);
        if !unknown || self.job.accepts(&self.fetched).is_none() {
            return None;
        }
        let difference = Fingerprint::of(format!("on hold, {}", shown(&theirs["orderId"])).as_bytes());
        let evidence = vec![
            at_warehouse("it is on hold there, and it is not known whether this order's question put it on hold"),
            Fact::new("if approved", "the hold is taken back there, and the order may ship"),
        ];
        let asked = self.held(HoldReason::ReadBackDiffers, evidence, Some(difference.clone()));
        Some((difference, asked))
    }

    /// It has left. The difference to what was shipped is named, so that one approval answers both questions.
    fn shipped_before_the_question(&mut self, order: &Order, theirs: &Value, mut evidence: Vec<Fact>) -> Outcome {
        evidence.push(may_ship(theirs));
        let difference = self.ours(order, Some(theirs)).ok().map(|ours| {
            let whole = merge(&ours, theirs, &self.written());
            compare(&whole, theirs, Look::Ahead)
        });
        evidence.extend(difference.iter().flat_map(Difference::evidence));
        let fingerprint = difference.filter(|difference| !difference.is_none()).map(|d| d.fingerprint());
        self.held(HoldReason::AlreadyShipped, evidence, fingerprint)
    }
}
