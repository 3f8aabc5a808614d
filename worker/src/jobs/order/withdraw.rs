//! An order that must not ship (any more): what the warehouse has of it is cancelled there before the job ends.

use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::Outcome;
use ::lane::shop::SkipReason;
use serde_json::Value;

use super::Attempt;
use super::field::{STATUS, hash, shown};
use super::find::{Standing, standing};
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// The warehouse's word for an order that must not ship.
const CANCELLED: &str = "cancelled";

impl Attempt<'_> {
    /// Skips the order, after cancelling it wherever it may have got to.
    pub(super) async fn withdraw(&mut self, order: &Order, why: SkipReason) -> Result<Outcome, CallError> {
        let Some(theirs) = self.find(&order.name).await? else { return Ok(Outcome::Skip(why)) };
        match standing(&theirs) {
            Standing::Cancelled => Ok(Outcome::Skip(why)),
            Standing::Shipped => Ok(self.too_late(&theirs, why, HoldReason::AlreadyShipped)),
            Standing::Open => self.cancel(&theirs, why).await,
        }
    }

    async fn cancel(&mut self, theirs: &Value, why: SkipReason) -> Result<Outcome, CallError> {
        let landed = self.set_status(theirs, CANCELLED).await?;
        if standing(&landed.stands) != Standing::Cancelled {
            return Ok(self.too_late(&landed.stands, why, HoldReason::ReadBackDiffers));
        }
        let mut written = self.written();
        written.insert(STATUS.to_owned(), hash(CANCELLED));
        self.there(&landed.order_id, written);
        Ok(Outcome::Skip(why))
    }

    /// The warehouse goes on with an order that must not ship. A person who accepts that ends the job.
    fn too_late(&self, stands: &Value, why: SkipReason, reason: HoldReason) -> Outcome {
        let status = shown(&stands[STATUS]);
        let order_id = shown(&stands["orderId"]);
        let difference = Fingerprint::of(format!("not to ship, {order_id} {status}").as_bytes());
        if self.accepted(&difference) {
            return Outcome::Skip(why);
        }
        let evidence = vec![
            Fact::new("at the shop", why.words()),
            Fact::new("at the warehouse", status),
            Fact::new("warehouse order", order_id),
        ];
        self.held(reason, evidence, Some(difference))
    }
}
