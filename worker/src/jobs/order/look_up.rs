//! Attempts are used up: nothing is written any more, only found out whether the warehouse has the order.

use ::lane::carriage::Mode;
use ::lane::hold::{Fact, HoldReason};
use ::lane::outcome::{Outcome, Reach, Trouble};
use ::lane::shop::SkipReason;
use serde_json::Value;

use super::Attempt;
use super::compare::{Look, compare};
use super::field::{STATUS, shown};
use super::find::{Standing, is_divided, standing};
use super::imported::Imported;
use super::judge::{self, Verdict};
use super::late::{ON_HOLD, may_ship};
use super::merge::{hashes, merge};
use super::withdraw::Withdrawal;
use crate::providers::error::CallError;
use crate::providers::shipstation::SHIPSTATION;
use crate::providers::shopify::order::Order;

impl Attempt<'_> {
    /// There and equal: done. Not there: failed. There and different: a person decides.
    pub(super) async fn look_up(&mut self, order: &Order) -> Result<Outcome, CallError> {
        match self.mode() {
            Mode::Create => {}
            Mode::Correct => return self.look_up_imported(order).await,
        }
        let known = matches!(self.reach, Reach::There(_));
        let found = self.find(&order.name).await?;
        let qualifies = self.shop.qualifies.judge(&judge::facts(&self.job.id, order));
        Ok(match (qualifies, found) {
            (Err(why), None) if known => self.vanished(Withdrawal::skip(why)),
            (Err(why), None) => Outcome::Skip(why),
            (Err(why), Some(theirs)) => self.still_there(&theirs, why),
            (Ok(()), None) if !known && !self.load.anything_left() => Outcome::Skip(SkipReason::AlreadyFulfilled),
            (Ok(()), None) => Outcome::Fail(Trouble::new(
                SHIPSTATION,
                "all attempts are used up, and the warehouse does not have the order; see the timeline for what went \
                 wrong, then retry",
            )),
            (Ok(()), Some(theirs)) => self.compared_there(order, &theirs).await,
        })
    }

    /// The same, for an order that the warehouse imports.
    async fn look_up_imported(&mut self, order: &Order) -> Result<Outcome, CallError> {
        if let Err(why) = self.shop.qualifies.judge(&judge::facts(&self.job.id, order)) {
            return Ok(Outcome::Skip(why));
        }
        let theirs = match self.imported(&order.name).await? {
            Imported::This(theirs) => theirs,
            Imported::Nothing => {
                let words = "all attempts are used up, and the warehouse has not imported the order; see the timeline for \
                             what went wrong, then retry";
                return Ok(Outcome::Fail(Trouble::new(SHIPSTATION, words)));
            }
            Imported::Unclear(why) => return Ok(self.unclear(None, why)),
        };
        if let Some(found) = self.to_ask() {
            return Ok(self.ask(found, may_ship(&theirs)));
        }
        let lacks = match self.lacks(order, &theirs) {
            Ok(lacks) => lacks,
            Err(mut question) => {
                question.evidence.push(may_ship(&theirs));
                return Ok(self.asked(question));
            }
        };
        if lacks.is_none() {
            if let Some(outcome) = self.not_yet(order, &theirs).await {
                return Ok(outcome);
            }
            let ours = self.goods(order, &theirs).ok().flatten();
            return Ok(self.corrected(ours.as_ref(), &theirs, None));
        }
        let mut evidence = vec![Fact::new("look-up", "it is there, and not corrected"), may_ship(&theirs)];
        evidence.extend(lacks.evidence());
        Ok(self.held(HoldReason::InDoubt, evidence, Some(lacks.fingerprint())))
    }

    fn still_there(&self, theirs: &Value, why: SkipReason) -> Outcome {
        let waits = !why.is_final() && theirs[STATUS] == ON_HOLD;
        if (standing(theirs) == Standing::Cancelled || waits) && !is_divided(theirs) {
            return Outcome::Skip(why);
        }
        let evidence = vec![
            Fact::new("at the shop", why.words()),
            may_ship(theirs),
            Fact::new("warehouse order", shown(&theirs["orderId"])),
        ];
        self.held(HoldReason::InDoubt, evidence, None)
    }

    async fn compared_there(&mut self, order: &Order, theirs: &Value) -> Outcome {
        if let Some(found) = self.to_ask() {
            return self.ask(found, may_ship(theirs));
        }
        let ours = match self.ours(order, Some(theirs)) {
            Ok(ours) => ours,
            Err(mut question) => {
                question.evidence.push(may_ship(theirs));
                return self.asked(question);
            }
        };
        let written = self.written();
        if let Some((_, asked)) = self.whose_hold(theirs, &written) {
            return asked;
        }
        let whole = merge(&ours, theirs, &written);
        let difference = compare(&whole, theirs, Look::Ahead);
        if standing(theirs) == Standing::Cancelled {
            return self.closed(&ours, &whole, theirs, &difference);
        }
        if difference.is_none() {
            let order_id = shown(&theirs["orderId"]);
            self.there(&order_id, hashes(&ours));
            return match self.not_yet(order, theirs).await {
                Some(outcome) => outcome,
                None => self.done(&ours, &order_id, None),
            };
        }
        let mut evidence = vec![Fact::new("look-up", "it is there, but not as written"), may_ship(theirs)];
        evidence.extend(difference.evidence());
        self.held(HoldReason::InDoubt, evidence, Some(difference.fingerprint()))
    }

    /// It is there as it should be. Attempts may have been used up before the rules were asked about this version of it, so
    /// they are asked before it is done with.
    async fn not_yet(&mut self, order: &Order, theirs: &Value) -> Option<Outcome> {
        match self.verdict(order).await {
            Verdict::Go => None,
            Verdict::Wait { until, why } => Some(Outcome::Wait { until, why, stops: false }),
            Verdict::Hold(mut question) => {
                question.evidence.push(may_ship(theirs));
                Some(self.asked(question))
            }
        }
    }

    /// Nothing could be found out.
    pub(super) fn in_doubt(&self, error: &Trouble) -> Outcome {
        let may_ship = match &self.reach {
            Reach::Untouched => "nothing of it can have got there",
            Reach::Unresolved => "it may be there, and may ship meanwhile",
            Reach::There(_) => "it was written there, and may ship meanwhile",
        };
        let evidence = vec![
            Fact::new("last trouble", format!("{}: {}", error.at, error.words)),
            Fact::new("at the warehouse", may_ship),
        ];
        self.held(HoldReason::InDoubt, evidence, None)
    }
}
