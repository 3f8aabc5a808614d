//! A question about an order that may be at the warehouse already: it is put on hold there, so that it does not ship
//! while somebody thinks about it.
//!
//! While the hold may still succeed (the account has no calls left, the warehouse does not answer), nobody is asked: the
//! attempt ends as that error says, and the next one puts the order on hold and asks. What a read-back found is remembered
//! for it, because what stands there would not show it any more (`TO_ASK`). Only a hold that the warehouse refuses for good
//! is told with the question.

use ::lane::carriage::Mode;
use ::lane::clock::Timestamp;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Attempt;
use super::closed::missing;
use super::compare::{Difference, Look, compare};
use super::field::{STATUS, shown};
use super::find::{Standing, standing};
use super::judge::Question;
use super::merge::{Written, merge};
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// Under which name is remembered what a read-back found, until the order is on hold and somebody is asked.
const TO_ASK: &str = "to ask";

/// The warehouse's word for an order that waits.
pub(super) const ON_HOLD: &str = "on_hold";

/// What is not as it was written.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) difference: Fingerprint,
    pub(super) evidence: Vec<Fact>,
}

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
                let difference = Fingerprint::of(format!("waits, {status}, {why}").as_bytes());
                if self.accepted(&difference) {
                    return Ok(wait);
                }
                let evidence = vec![Fact::new("at the shop", why), after_putting_on_hold(&status)];
                Ok(self.held(HoldReason::PartNotOurs, evidence, Some(difference)))
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

    /// Puts what stands there on hold, and tells whether it may ship. An error is one that may pass.
    pub(super) async fn stop_there(&mut self, stands: &Value) -> Result<Fact, CallError> {
        if standing(stands) != Standing::Open || stands[STATUS] == ON_HOLD {
            return Ok(may_ship(stands));
        }
        match self.put_on_hold(stands).await {
            Ok(status) => Ok(after_putting_on_hold(&status)),
            Err(error) if error.is_final() => {
                Ok(at_warehouse(&format!("it may ship meanwhile: it could not be put on hold ({error})")))
            }
            Err(error) => Err(error),
        }
    }

    /// The warehouse refuses a change of an order that it would ship.
    pub(super) async fn refused_there(&mut self, theirs: &Value, at: &str, words: &str) -> Result<Outcome, CallError> {
        let evidence = vec![Fact::new(at, words), self.stop_there(theirs).await?];
        Ok(self.held(HoldReason::NotCarriable, evidence, None))
    }

    /// Asks about what a read-back found, once the order cannot ship meanwhile.
    pub(super) async fn stop_and_ask(&mut self, stands: &Value, found: Found) -> Result<Outcome, CallError> {
        let order_id = shown(&stands["orderId"]);
        let mut written = self.written();
        if let Ok(text) = serde_json::to_string(&found) {
            written.insert(TO_ASK.to_owned(), text);
        }
        self.there(&order_id, written);
        let stopped = self.stop_there(stands).await?;
        let mut written = self.written();
        written.remove(TO_ASK);
        self.there(&order_id, written);
        Ok(self.ask(found, stopped))
    }

    /// Asks about it, with what is known of whether it ships meanwhile.
    pub(super) fn ask(&self, Found { difference, mut evidence }: Found, at_warehouse: Fact) -> Outcome {
        evidence.push(at_warehouse);
        self.held(HoldReason::ReadBackDiffers, evidence, Some(difference))
    }

    /// What an earlier attempt found at its read-back, and could not ask about because the order would have shipped.
    pub(super) fn to_ask(&self) -> Option<Found> {
        self.written().get(TO_ASK).and_then(|text| serde_json::from_str(text).ok())
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
        let whole = self.ours(order, Some(theirs)).ok().map(|ours| merge(&ours, theirs, &self.written()));
        let difference = whole.as_ref().map(|whole| compare(whole, theirs, Look::Ahead));
        let missing = whole.as_ref().map(|whole| missing(whole, theirs)).unwrap_or_default();
        if !missing.is_empty() {
            let words = "the warehouse's order stays as it is, and what is not in it has to be shipped by hand";
            evidence.push(Fact::new("if approved", words));
        }
        evidence.extend(missing);
        evidence.extend(difference.iter().flat_map(Difference::evidence));
        let fingerprint = difference.filter(|difference| !difference.is_none()).map(|d| d.fingerprint());
        self.held(HoldReason::AlreadyShipped, evidence, fingerprint)
    }
}
