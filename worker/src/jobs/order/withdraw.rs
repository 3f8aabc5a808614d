//! An order that must not ship (any more), because of the shop or because a person refused it: what the warehouse has
//! of it is cancelled there before the job ends. What it imports by itself carries the shop's cancellations by itself; what
//! a person refused of that is kept on hold.

use ::lane::carriage::Mode;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::job::Rejection;
use ::lane::outcome::{Outcome, Reach};
use ::lane::shop::SkipReason;
use serde_json::Value;

use super::Attempt;
use super::field::{STATUS, shown};
use super::find::{Standing, gone, standing};
use super::late::ON_HOLD;
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// The warehouse's word for an order that must not ship.
const CANCELLED: &str = "cancelled";

/// Why it must not ship, and how the job ends once it cannot.
pub(super) struct Withdrawal {
    because: Fact,
    ends: Outcome,
}

impl Withdrawal {
    /// The shop says so.
    pub(super) fn skip(why: SkipReason) -> Self {
        Self { because: Fact::new("at the shop", why.words()), ends: Outcome::Skip(why) }
    }

    fn refused(Rejection { by, .. }: &Rejection) -> Self {
        Self { because: Fact::new("refused by", by), ends: Outcome::Withdrawn }
    }
}

impl Attempt<'_> {
    /// Skips the order, after cancelling it wherever it may have got to.
    pub(super) async fn withdraw(&mut self, order: &Order, why: SkipReason) -> Result<Outcome, CallError> {
        match self.mode() {
            Mode::Create => {}
            Mode::Correct => return Ok(Outcome::Skip(why)),
        }
        let known = matches!(self.reach, Reach::There(_));
        let withdrawal = Withdrawal::skip(why);
        match self.find(&order.name).await? {
            Some(theirs) => self.take_out(&theirs, withdrawal).await,
            None if known => Ok(self.vanished(withdrawal)),
            None => Ok(withdrawal.ends),
        }
    }

    /// Takes back what a person refused, whatever the shop says of it.
    pub(super) async fn take_back(&mut self, name: &str, rejection: &Rejection) -> Result<Outcome, CallError> {
        let withdrawal = Withdrawal::refused(rejection);
        match self.find(name).await? {
            Some(theirs) => self.take_out(&theirs, withdrawal).await,
            None => Ok(withdrawal.ends),
        }
    }

    async fn take_out(&mut self, theirs: &Value, withdrawal: Withdrawal) -> Result<Outcome, CallError> {
        match standing(theirs) {
            Standing::Cancelled => Ok(withdrawal.ends),
            Standing::Shipped => Ok(self.too_late(theirs, withdrawal, HoldReason::AlreadyShipped)),
            Standing::Open => match self.mode() {
                Mode::Create => self.stop(theirs, CANCELLED, withdrawal).await,
                Mode::Correct if theirs[STATUS] == ON_HOLD => Ok(withdrawal.ends),
                Mode::Correct => self.stop(theirs, ON_HOLD, withdrawal).await,
            },
        }
    }

    async fn stop(&mut self, theirs: &Value, status: &str, withdrawal: Withdrawal) -> Result<Outcome, CallError> {
        let landed = match self.set_status(theirs, status).await {
            Err(CallError::DataRefused { at, words }) => return Ok(self.refused_there(theirs, at, &words).await),
            landed => landed?,
        };
        match standing(&landed.stands) {
            Standing::Open if landed.stands[STATUS] == status => Ok(withdrawal.ends),
            Standing::Cancelled => Ok(withdrawal.ends),
            Standing::Shipped => Ok(self.too_late(&landed.stands, withdrawal, HoldReason::AlreadyShipped)),
            Standing::Open => Ok(self.too_late(&landed.stands, withdrawal, HoldReason::ReadBackDiffers)),
        }
    }

    /// The warehouse goes on with an order that must not ship. A person who accepts that ends the job.
    fn too_late(&self, stands: &Value, withdrawal: Withdrawal, reason: HoldReason) -> Outcome {
        let status = shown(&stands[STATUS]);
        let order_id = shown(&stands["orderId"]);
        let difference = Fingerprint::of(format!("not to ship, {order_id} {status}").as_bytes());
        if self.accepted(&difference) {
            return withdrawal.ends;
        }
        let evidence =
            vec![withdrawal.because, Fact::new("at the warehouse", status), Fact::new("warehouse order", order_id)];
        self.held(reason, evidence, Some(difference))
    }

    /// It was there and is no longer: deleted, or merged into another order, from which it may ship.
    pub(super) fn vanished(&self, withdrawal: Withdrawal) -> Outcome {
        if self.accepted(&gone()) {
            return withdrawal.ends;
        }
        let evidence = vec![
            withdrawal.because,
            Fact::new("at the warehouse", "it was written, and is not there any more; it may ship with another order"),
            Fact::new("if approved", "nothing more is done about it"),
        ];
        self.held(HoldReason::InDoubt, evidence, Some(gone()))
    }
}
