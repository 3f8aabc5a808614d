//! Putting the order into the warehouse, and reading it back.
//!
//! Only what was read back counts as written: until then the next attempt takes what it finds for unconfirmed and
//! writes it again under the same key.

use std::ops::ControlFlow;

use ::lane::carriage::Mode;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::{Outcome, Proof, Reach};
use ::lane::shop::SkipReason;
use serde_json::Value;

use super::Attempt;
use super::closed::is_open;
use super::compare::{Difference, Look, compare, compared};
use super::field::{STATUS, hash, is_line, shown};
use super::find::{Standing, gone, standing};
use super::home::account_of;
use super::imported::HELD_FROM;
use super::late::{Found, ON_HOLD};
use super::merge::{self, Written, doubted, hashes, merge};
use crate::providers::error::CallError;
use crate::providers::shipstation::SHIPSTATION;
use crate::providers::shopify::order::Order;

/// An order after a write, as it stands at the warehouse.
pub(super) struct Landed {
    pub(super) order_id: String,
    pub(super) stands: Value,
}

/// Why customs items come out differently, mostly. From `ShipStation` v1's page *International Options*.
pub(super) fn declarations_setting() -> Fact {
    let words = "ShipStation keeps what it is given only if its International Settings have Customs Declarations at \
                 \"Leave blank (Enter Manually)\"";
    Fact::new("customs", words)
}

impl Attempt<'_> {
    /// Brings the warehouse to what the order says.
    pub(super) async fn put(&mut self, order: &Order) -> Result<Outcome, CallError> {
        let known = matches!(self.reach, Reach::There(_));
        let found = self.find(&order.name).await?;
        if found.is_none() && !known && !self.load.anything_left() {
            return Ok(Outcome::Skip(SkipReason::AlreadyFulfilled));
        }
        let ours = match self.ours(order, found.as_ref()) {
            Ok(ours) => ours,
            Err(question) => return self.hold_wherever_it_is(order, question).await,
        };
        match found {
            Some(theirs) => self.update(&ours, &theirs).await,
            None if known => self.put_again(&ours).await,
            None => self.create(&ours).await,
        }
    }

    async fn create(&mut self, ours: &Value) -> Result<Outcome, CallError> {
        let landed = self.write(ours, ours).await?;
        let difference = compare(ours, &landed.stands, Look::Back);
        self.read_back(ours, &landed, &difference).await
    }

    async fn update(&mut self, ours: &Value, theirs: &Value) -> Result<Outcome, CallError> {
        if let Some(found) = self.to_ask() {
            return self.stop_and_ask(theirs, found).await;
        }
        let order_id = shown(&theirs["orderId"]);
        let mut written = match self.base(ours, theirs).await? {
            ControlFlow::Continue(written) => written,
            ControlFlow::Break(question) => return Ok(question),
        };
        if let Some((difference, asked)) = self.whose_hold(theirs, &written) {
            if !self.accepted(&difference) {
                return Ok(asked);
            }
            written.insert(STATUS.to_owned(), hash(ON_HOLD));
            self.there(&order_id, written.clone());
        }
        let whole = merge(ours, theirs, &written);
        let changes = compare(&whole, theirs, Look::Ahead);
        if changes.is_none() && standing(theirs) != Standing::Cancelled {
            // What would be written stands there already, so this look was the reading back.
            self.there(&order_id, hashes(ours));
            return Ok(self.done(ours, &order_id, None));
        }
        if !is_open(&whole, theirs) {
            return Ok(self.closed(ours, &whole, theirs, &changes));
        }
        let landed = match self.write(ours, &whole).await {
            Err(CallError::DataRefused { at, words }) => return self.refused_there(theirs, at, &words).await,
            landed => landed?,
        };
        let look = if whole[STATUS] == theirs[STATUS] { Look::Back } else { Look::BackFromHold };
        let difference = compare(&whole, &landed.stands, look);
        self.read_back(ours, &landed, &difference).await
    }

    /// It was there and is no longer: somebody deleted or merged it. Whether it goes there anew is for a person.
    async fn put_again(&mut self, ours: &Value) -> Result<Outcome, CallError> {
        if self.accepted(&gone()) {
            // From here on it is looked up where the shop's orders go now.
            self.account = account_of(self.accounts, &self.shop.warehouse)?;
            self.reach = Reach::Unresolved;
            return self.create(ours).await;
        }
        let evidence = vec![
            Fact::new("at the warehouse", "it was written, and is not there any more"),
            Fact::new("if approved", "it is written again"),
        ];
        Ok(self.held(HoldReason::InDoubt, evidence, Some(gone())))
    }

    /// Writes `whole`, whose fields are from `ours` where they are ours, and reads it back.
    async fn write(&mut self, ours: &Value, whole: &Value) -> Result<Landed, CallError> {
        let unconfirmed = doubted(&self.written(), ours);
        self.write_whole(whole, unconfirmed).await
    }

    /// Writes an order whole and reads it back. `unconfirmed` is what is known of it until that has succeeded.
    pub(super) async fn write_whole(&mut self, whole: &Value, unconfirmed: Written) -> Result<Landed, CallError> {
        fail::fail_point!("order.before_put");
        let before = self.reach.clone();
        match &before {
            Reach::There(copy) => self.there(&copy.order_id, unconfirmed.clone()),
            Reach::Untouched | Reach::Unresolved => self.reach = Reach::Unresolved,
        }
        let answered = self.warehouse().await?.create_or_update(whole).await;
        let answered = answered.inspect_err(|error| {
            if !error.may_have_happened() {
                self.reach = before;
            }
        })?;
        let order_id = shown(&answered["orderId"]);
        self.there(&order_id, unconfirmed);
        fail::fail_point!("order.after_put");
        let stands = self.warehouse().await?.get(&order_id).await?.ok_or_else(|| {
            let words = "it does not show the order that it has just taken".to_owned();
            CallError::Unanswered { at: SHIPSTATION, words }
        })?;
        self.saw(&stands);
        fail::fail_point!("order.after_read_back");
        Ok(Landed { order_id, stands })
    }

    pub(super) async fn read_back(
        &mut self,
        ours: &Value,
        landed: &Landed,
        difference: &Difference,
    ) -> Result<Outcome, CallError> {
        let mut written = hashes(ours);
        if difference.is_none() {
            self.there(&landed.order_id, written);
            return Ok(self.done(ours, &landed.order_id, None));
        }
        let fingerprint = difference.fingerprint();
        if self.accepted(&fingerprint) {
            self.there(&landed.order_id, written);
            return Ok(self.done(ours, &landed.order_id, Some(fingerprint)));
        }
        // What came out differently is not taken for the warehouse's own change later.
        for name in difference.remembered() {
            if is_line(name) {
                // A line is ours all the same, or it would stay when the shop takes it out.
                written.insert(name.to_owned(), String::new());
            } else if name != STATUS || landed.stands[STATUS] != ON_HOLD {
                // A hold that came right after our write is the warehouse's own, and stays.
                written.remove(name);
            }
        }
        self.there(&landed.order_id, written);
        let mut evidence = difference.evidence();
        evidence.extend(difference.is_about_goods().then(declarations_setting));
        self.stop_and_ask(&landed.stands, Found { difference: fingerprint, evidence }).await
    }

    /// Carried out: what stands at the warehouse is what the order says, or what a person accepted.
    pub(super) fn done(&self, ours: &Value, order_id: &str, accepted: Option<Fingerprint>) -> Outcome {
        Outcome::Done(Proof {
            account: self.account.id.clone(),
            reference: order_id.to_owned(),
            key: self.key(),
            fingerprint: self.fetched.clone(),
            compared: compared(ours),
            accepted,
            read_back_at: self.calls.now(),
        })
    }

    /// Writes an order of theirs whole with another status, and reads it back. The status is remembered as ours even if
    /// no answer comes, so that it can be taken back.
    pub(super) async fn set_status(&mut self, theirs: &Value, status: &str) -> Result<Landed, CallError> {
        let mut unconfirmed = self.written();
        unconfirmed.insert(STATUS.to_owned(), hash(status));
        if self.mode() == Mode::Correct && theirs[STATUS] != status {
            unconfirmed.insert(HELD_FROM.to_owned(), shown(&theirs[STATUS]));
        }
        self.write_whole(&merge::with_status(theirs, status), unconfirmed).await
    }
}
