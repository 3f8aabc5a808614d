//! Attempts are used up: nothing is written any more, only found out whether the warehouse has the order.

use ::lane::hold::{Fact, HoldReason};
use ::lane::outcome::{Outcome, Trouble};

use super::Attempt;
use super::compare::{Status, compare};
use super::compose::compose;
use super::field::{STATUS, shown};
use super::find::{Standing, standing};
use super::judge;
use super::merge::{hashes, merge};
use crate::providers::error::CallError;
use crate::providers::shipstation::SHIPSTATION;
use crate::providers::shopify::order::Order;

impl Attempt<'_> {
    /// There and equal: done. Not there: failed. There and different: a person decides.
    pub(super) async fn look_up(&mut self, order: &Order) -> Result<Outcome, CallError> {
        let qualifies = self.shop.qualifies.judge(&judge::facts(&self.job.id, order));
        let Some(theirs) = self.find(&order.name).await? else {
            return Ok(match qualifies {
                Err(why) => Outcome::Skip(why),
                Ok(()) => Outcome::Fail(Trouble::new(
                    SHIPSTATION,
                    "all attempts are used up, and the warehouse does not have the order; see the \
                     timeline for what went wrong, then retry",
                )),
            });
        };
        let order_id = shown(&theirs["orderId"]);
        if let Err(why) = qualifies {
            if standing(&theirs) == Standing::Cancelled {
                return Ok(Outcome::Skip(why));
            }
            let evidence = vec![
                Fact::new("at the shop", why.words()),
                Fact::new("at the warehouse", shown(&theirs[STATUS])),
                Fact::new("warehouse order", order_id),
            ];
            return Ok(self.held(HoldReason::InDoubt, evidence, None));
        }
        let ours = match compose(&self.shop.id, order, self.pacific) {
            Ok(ours) => ours,
            Err(question) => return Ok(self.asked(question)),
        };
        let whole = merge(&ours, &theirs, &self.written());
        let difference = compare(&whole, &theirs, Status::Stands);
        if difference.is_none() {
            self.there(&order_id, hashes(&ours));
            return Ok(self.done(&ours, &order_id, None));
        }
        let mut evidence = vec![Fact::new("at the warehouse", "it is there, but not as written")];
        evidence.extend(difference.evidence());
        Ok(self.held(HoldReason::InDoubt, evidence, Some(difference.fingerprint())))
    }
}
