//! A question about an order that may be at the warehouse already: it is put on hold there first, so that it does not
//! ship while somebody thinks about it.

use ::lane::hold::{Fact, HoldReason};
use ::lane::outcome::Outcome;
use serde_json::Value;

use super::Attempt;
use super::compare::{Status, compare};
use super::compose::compose;
use super::field::{STATUS, hash, shown};
use super::find::{Standing, standing};
use super::judge::Question;
use super::merge::merge;
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// The warehouse's word for an order that waits.
const ON_HOLD: &str = "on_hold";

impl Attempt<'_> {
    /// Holds the job, and the order at the warehouse if it is there.
    pub(super) async fn hold_wherever_it_is(
        &mut self,
        order: &Order,
        question: Question,
    ) -> Result<Outcome, CallError> {
        let Some(theirs) = self.find(&order.name).await? else { return Ok(self.asked(question)) };
        let Question { reason, mut evidence } = question;
        let at_warehouse = |words: String| Fact::new("at the warehouse", words);
        match standing(&theirs) {
            Standing::Shipped => Ok(self.shipped_before_the_question(order, &theirs, evidence)),
            Standing::Cancelled => {
                evidence.push(at_warehouse("it is cancelled there".to_owned()));
                Ok(self.held(reason, evidence, None))
            }
            Standing::Open if theirs[STATUS] == ON_HOLD => {
                evidence.push(at_warehouse("it is on hold there".to_owned()));
                Ok(self.held(reason, evidence, None))
            }
            Standing::Open => {
                let status = self.put_on_hold(&theirs).await?;
                evidence.push(at_warehouse(if status == ON_HOLD {
                    "it was there already, and was put on hold".to_owned()
                } else {
                    format!("it is there already, and shows {status} after it was put on hold")
                }));
                Ok(self.held(reason, evidence, None))
            }
        }
    }

    /// The status that the warehouse shows afterwards.
    async fn put_on_hold(&mut self, theirs: &Value) -> Result<String, CallError> {
        let landed = self.set_status(theirs, ON_HOLD).await?;
        let mut written = self.written();
        // Remembered as ours, so that an approval takes the hold back.
        written.insert(STATUS.to_owned(), hash(ON_HOLD));
        self.there(&landed.order_id, written);
        Ok(shown(&landed.stands[STATUS]))
    }

    /// It has left. The difference to what was shipped is named, so that one approval answers both questions.
    fn shipped_before_the_question(&self, order: &Order, theirs: &Value, mut evidence: Vec<Fact>) -> Outcome {
        evidence.push(Fact::new("at the warehouse", "it is shipped already"));
        let difference = compose(&self.shop.id, order, self.pacific).ok().map(|ours| {
            let whole = merge(&ours, theirs, &self.written());
            compare(&whole, theirs, Status::Stands)
        });
        evidence.extend(difference.iter().flat_map(super::compare::Difference::evidence));
        let fingerprint = difference.filter(|difference| !difference.is_none()).map(|d| d.fingerprint());
        self.held(HoldReason::AlreadyShipped, evidence, fingerprint)
    }
}
