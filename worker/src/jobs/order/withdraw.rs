//! An order that must not ship (any more), because of the shop or because a person refused it: what the warehouse has
//! of it is cancelled there before the job ends, or put on hold if it may ship again. What it imports by itself
//! carries the shop's cancellations by itself; what a person refused of that is kept on hold. If that has not been imported
//! yet, it is waited for; only a person ends the job of an order that nobody saw stopped.

use ::lane::carriage::Mode;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::job::Rejection;
use ::lane::outcome::{Outcome, Reach};
use ::lane::shop::SkipReason;
use serde_json::Value;

use super::Attempt;
use super::field::{STATUS, shown};
use super::find::{Standing, gone, is_divided, standing};
use super::imported::Imported;
use super::late::ON_HOLD;
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// The warehouse's word for an order that must not ship.
pub(super) const CANCELLED: &str = "cancelled";

/// What is to be known of an order of which parts are elsewhere.
pub(super) const DIVIDED: &str = "it was split there, or merged with another order; what has to change in it and in those \
                                  is to be done there by hand";

/// Why it must not ship, and how the job ends once it cannot.
pub(super) struct Withdrawal {
    because: Fact,
    ends: Outcome,
    /// The status that keeps it from shipping, where orders are ours to cancel.
    status: &'static str,
}

impl Withdrawal {
    /// The shop says so. What was cancelled at the warehouse can never be changed there again, so what may come back
    /// is only put on hold.
    pub(super) fn skip(why: SkipReason) -> Self {
        let status = if why.is_final() { CANCELLED } else { ON_HOLD };
        Self { because: Fact::new("at the shop", why.words()), ends: Outcome::Skip(why), status }
    }

    fn refused(Rejection { by, .. }: &Rejection) -> Self {
        Self { because: Fact::new("refused by", by), ends: Outcome::Withdrawn, status: CANCELLED }
    }
}

/// What an approval does about an order that must not ship: it never goes on by it.
fn nothing_more() -> Fact {
    Fact::new("if approved", "nothing more is done about it")
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
        match self.mode() {
            Mode::Create => match self.find(name).await? {
                Some(theirs) => self.take_out(&theirs, withdrawal).await,
                None => Ok(withdrawal.ends),
            },
            Mode::Correct => match self.imported(name).await? {
                Imported::This(theirs) => self.take_out(&theirs, withdrawal).await,
                Imported::Nothing => Ok(self.not_there_to_stop(withdrawal)),
                Imported::Unclear(why) => Ok(self.not_told_apart(withdrawal, why)),
            },
        }
    }

    /// It can be imported at any time, and ships then unless somebody stops it there.
    fn not_there_to_stop(&self, withdrawal: Withdrawal) -> Outcome {
        if let Some(until) = self.next_look() {
            let why =
                "it was refused, and waits until the warehouse has imported it, to put it on hold there".to_owned();
            return Outcome::Wait { until, why, stops: false };
        }
        let words = format!("{}; if it is imported later it may ship: cancel it there", self.missing());
        self.left_to_a_person(withdrawal, "not there", vec![Fact::new("at the warehouse", words)])
    }

    /// Nothing of it is touched where nobody can tell which it is.
    fn not_told_apart(&self, withdrawal: Withdrawal, mut why: Vec<Fact>) -> Outcome {
        why.push(Fact::new("at the warehouse", "nothing of it was touched; it may ship meanwhile: cancel it there"));
        self.left_to_a_person(withdrawal, "not told apart", why)
    }

    fn left_to_a_person(&self, withdrawal: Withdrawal, how: &str, why: Vec<Fact>) -> Outcome {
        let difference = Fingerprint::of(format!("refused, {how}").as_bytes());
        if self.accepted(&difference) {
            return withdrawal.ends;
        }
        let mut evidence = vec![withdrawal.because];
        evidence.extend(why);
        evidence.push(Fact::new("if approved", "it ends as refused, and is not looked for any more"));
        self.held(HoldReason::NotImported, evidence, Some(difference))
    }

    async fn take_out(&mut self, theirs: &Value, withdrawal: Withdrawal) -> Result<Outcome, CallError> {
        match standing(theirs) {
            Standing::Shipped => Ok(self.too_late(theirs, withdrawal, HoldReason::AlreadyShipped)),
            // To stop this one would not stop the others, or would stop what belongs to another order.
            Standing::Open | Standing::Cancelled if is_divided(theirs) => {
                Ok(self.too_late(theirs, withdrawal, HoldReason::ReadBackDiffers))
            }
            Standing::Cancelled => Ok(withdrawal.ends),
            Standing::Open => match self.mode() {
                Mode::Create => self.stop(theirs, withdrawal).await,
                Mode::Correct => self.stop(theirs, Withdrawal { status: ON_HOLD, ..withdrawal }).await,
            },
        }
    }

    async fn stop(&mut self, theirs: &Value, withdrawal: Withdrawal) -> Result<Outcome, CallError> {
        let status = withdrawal.status;
        if theirs[STATUS] == status {
            return Ok(withdrawal.ends);
        }
        let landed = match self.set_status(theirs, status).await {
            Err(CallError::DataRefused { at, words }) => {
                return self.not_stopped(theirs, withdrawal, Fact::new(at, words)).await;
            }
            landed => landed?,
        };
        match standing(&landed.stands) {
            Standing::Open if landed.stands[STATUS] == status => Ok(withdrawal.ends),
            Standing::Cancelled => Ok(withdrawal.ends),
            Standing::Shipped => Ok(self.too_late(&landed.stands, withdrawal, HoldReason::AlreadyShipped)),
            Standing::Open => Ok(self.too_late(&landed.stands, withdrawal, HoldReason::ReadBackDiffers)),
        }
    }

    /// The warehouse refuses to stop it. A person who accepts that ends the job, if it still does.
    async fn not_stopped(
        &mut self,
        theirs: &Value,
        withdrawal: Withdrawal,
        refused: Fact,
    ) -> Result<Outcome, CallError> {
        let order_id = shown(&theirs["orderId"]);
        let difference = Fingerprint::of(format!("not to ship, refused, {order_id}").as_bytes());
        if self.accepted(&difference) {
            return Ok(withdrawal.ends);
        }
        let stands = self.stop_there(theirs).await?;
        let evidence = vec![withdrawal.because, refused, stands, nothing_more()];
        Ok(self.held(HoldReason::NotCarriable, evidence, Some(difference)))
    }

    /// The warehouse goes on with an order that must not ship. A person who accepts that ends the job.
    fn too_late(&self, stands: &Value, withdrawal: Withdrawal, reason: HoldReason) -> Outcome {
        let status = shown(&stands[STATUS]);
        let order_id = shown(&stands["orderId"]);
        let difference = Fingerprint::of(format!("not to ship, {order_id} {status}").as_bytes());
        if self.accepted(&difference) {
            return withdrawal.ends;
        }
        let mut evidence =
            vec![withdrawal.because, Fact::new("at the warehouse", status), Fact::new("warehouse order", order_id)];
        if is_divided(stands) {
            evidence.push(Fact::new("not known here", DIVIDED));
        }
        evidence.push(nothing_more());
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
            nothing_more(),
        ];
        self.held(HoldReason::InDoubt, evidence, Some(gone()))
    }
}
