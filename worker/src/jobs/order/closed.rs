//! An order that cannot be brought there any more: the warehouse has shipped or cancelled it, or divided it into orders
//! that are not ours to see. What is different is shown to a person.
//!
//! | accepted | the job ends |
//! |---|---|
//! | shipped, and what is different are not missing units | done, with the difference accepted |
//! | cancelled, or units are not in it | skipped: nobody may take it for carried out, what is missing is shipped by hand |

use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::Outcome;
use ::lane::shop::SkipReason;
use rust_decimal::Decimal;
use serde_json::Value;

use super::Attempt;
use super::compare::{Difference, Look, compare};
use super::field::{STATUS, hash, line_key, lines, shown};
use super::find::{Standing, is_divided, standing};
use super::form::decimal;
use super::late::may_ship;
use super::merge::with_status;
use super::withdraw::{CANCELLED, DIVIDED};

/// Evidence names at most so many lines that are not there.
const MISSING_MAX: usize = 20;

/// Whether `theirs` can still become `whole`. Of a divided order only the status is ours to set: a quantity of ours
/// would bring back what ships with another one.
pub(super) fn is_open(whole: &Value, theirs: &Value) -> bool {
    let only_status = || compare(&with_status(whole, &shown(&theirs[STATUS])), theirs, Look::Ahead).is_none();
    standing(theirs) == Standing::Open && (!is_divided(theirs) || only_status())
}

/// The units that `theirs` lacks.
pub(super) fn missing(whole: &Value, theirs: &Value) -> Vec<Fact> {
    let units = |line: &Value| decimal(&line["quantity"]).unwrap_or_default();
    let lacking = lines(whole).iter().filter_map(|line| {
        let key = line_key(line)?;
        let there = lines(theirs).iter().find(|other| line_key(other) == Some(key)).map(units).unwrap_or_default();
        let lacks = units(line) - there;
        let name = ["sku", "name"].map(|part| shown(&line[part])).into_iter().find(|name| !name.is_empty());
        (lacks > Decimal::ZERO).then(|| format!("{} x {}", lacks.normalize(), name.unwrap_or_default()))
    });
    let lacking: Vec<String> = lacking.collect();
    let mut facts: Vec<Fact> =
        lacking.iter().take(MISSING_MAX).map(|units| Fact::new("not in the warehouse's order", units)).collect();
    if lacking.len() > MISSING_MAX {
        facts.push(Fact::new("further lines that are not in it", lacking.len() - MISSING_MAX));
    }
    facts
}

impl Attempt<'_> {
    /// The question about it, or how the job ends once exactly this was accepted.
    pub(super) fn closed(&self, ours: &Value, whole: &Value, theirs: &Value, changes: &Difference) -> Outcome {
        let order_id = shown(&theirs["orderId"]);
        let missing = missing(whole, theirs);
        let standing = standing(theirs);
        let difference = match standing {
            Standing::Cancelled => Fingerprint::of(format!("will not ship, {order_id}").as_bytes()),
            Standing::Shipped | Standing::Open => changes.fingerprint(),
        };
        if self.accepted(&difference) {
            return if standing == Standing::Cancelled || !missing.is_empty() {
                Outcome::Skip(SkipReason::LeftAsItStands)
            } else {
                self.done(ours, &order_id, Some(difference))
            };
        }
        let mut evidence = vec![may_ship(theirs), Fact::new("warehouse order", order_id)];
        if standing == Standing::Cancelled {
            evidence.push(self.who_cancelled());
        }
        if is_divided(theirs) {
            evidence.push(Fact::new("not known here", DIVIDED));
        }
        let means = match standing {
            Standing::Cancelled => {
                "nothing of it ships: it stays cancelled, and counts as not carried out. A cancelled order can never be \
                 changed; to ship it after all, somebody has to make it at the warehouse by hand"
            }
            Standing::Shipped | Standing::Open if missing.is_empty() => "the warehouse's order stays as it is",
            Standing::Shipped | Standing::Open => {
                "the warehouse's order stays as it is, and the order counts as not carried out: what is not in it does \
                 not ship with it, and has to be shipped by hand"
            }
        };
        evidence.extend(missing);
        evidence.extend(changes.evidence());
        evidence.push(Fact::new("if approved", means));
        let reason = match standing {
            Standing::Shipped | Standing::Cancelled => HoldReason::AlreadyShipped,
            Standing::Open => HoldReason::ReadBackDiffers,
        };
        self.held(reason, evidence, Some(difference))
    }

    fn who_cancelled(&self) -> Fact {
        let words = match self.written().get(STATUS) {
            Some(base) if *base == hash(CANCELLED) => "for this job, before the order qualified again",
            Some(_) => "by the warehouse; the order was written to be shipped",
            None => "it is not known by whom",
        };
        Fact::new("cancelled", words)
    }
}
