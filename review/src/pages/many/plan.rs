//! What would be done with many orders: how many, whose, of what value, and which are left out.

use std::collections::BTreeMap;

use askama::Template;
use lane::decision::Verdict;
use lane::hold::HoldReason;
use lane::job::Job;
use lane::money::Money;
use lane::state::State;

use super::choice::Choice;
use crate::Review;
use crate::pages::address;
use crate::pages::card::card;
use crate::pages::shell::{Shell, Tab};
use crate::refusal::{Refusal, unanswered};
use crate::words;

/// A plan. Nothing is done yet.
#[derive(Debug)]
pub(super) struct Plan {
    verdict: Verdict,
    orders: Vec<Planned>,
    left_out: Vec<LeftOut>,
    shops: Vec<OfShop>,
}

/// An order that would be decided.
#[derive(Debug)]
struct Planned {
    choice: String,
    href: String,
    number: String,
    shop: String,
    reason: String,
    total: String,
}

/// An order that would not, and why.
#[derive(Debug)]
struct LeftOut {
    href: String,
    number: String,
    shop: String,
    why: String,
}

/// A shop's share.
#[derive(Debug)]
struct OfShop {
    shop: String,
    orders: usize,
    value: String,
}

#[derive(Debug, Template)]
#[template(path = "plan.html")]
pub(super) struct PlanPage {
    shell: Shell,
    /// What the button does.
    does: &'static str,
    verdict: &'static str,
    plan: Plan,
    value: String,
    back: &'static str,
}

impl Plan {
    /// Looks at every chosen order as it is now.
    pub(super) async fn of(review: &Review, verdict: Verdict, choices: Vec<Choice>) -> Result<Self, Refusal> {
        let (mut orders, mut left_out, mut values) = (Vec::new(), Vec::new(), BTreeMap::new());
        let now = review.clock.now();
        for choice in choices {
            let job = review.desk.job(&choice.lane, &choice.job).await.map_err(unanswered)?;
            let why = why_not(job.as_ref(), verdict, &choice);
            let href = address::open("orders", &choice.lane, &choice.job);
            let number = job.as_ref().map_or_else(|| choice.job.to_string(), |job| words::shown(&job.number));
            let shop = choice.lane.group().to_string();
            match (job, why) {
                (Some(job), None) => {
                    let total = job.seen.as_deref().map(|seen| seen.total);
                    values.entry(shop.clone()).or_insert_with(Vec::new).push(total);
                    orders.push(Planned {
                        choice: choice.value(),
                        href,
                        number,
                        shop,
                        reason: card(&job, false, now).reason,
                        total: total.map(|total| total.to_string()).unwrap_or_default(),
                    });
                }
                (_, Some(why)) => left_out.push(LeftOut { href, number, shop, why }),
                (None, None) => return Err(Refusal::NoSuchJob),
            }
        }
        let of_shop = |(shop, totals): (String, Vec<Option<Money>>)| OfShop {
            shop,
            orders: totals.len(),
            value: sum(totals.into_iter().flatten()),
        };
        Ok(Self { verdict, orders, left_out, shops: values.into_iter().map(of_shop).collect() })
    }

    pub(super) fn page(self, shell: Shell) -> PlanPage {
        let does = match self.verdict {
            Verdict::Approve => "Approve",
            Verdict::Reject => "Reject",
            Verdict::Retry => "Retry",
        };
        let value = self.shops.iter().map(|shop| shop.value.as_str()).filter(|value| !value.is_empty());
        let value = value.collect::<Vec<_>>().join(", ");
        PlanPage { shell, does, verdict: self.verdict.as_str(), value, back: super::back(self.verdict), plan: self }
    }
}

/// Why an order is not decided with the others; nothing if it is.
fn why_not(job: Option<&Job>, verdict: Verdict, choice: &Choice) -> Option<String> {
    let Some(job) = job else { return Some("it is not there any more".to_owned()) };
    let asked = job.question().filter(|asked| asked.number == choice.hold && asked.fingerprint == choice.fingerprint);
    let Some(asked) = asked else {
        return Some(format!("it is not as it was chosen any more: {}", words::shown(&words::job(job))));
    };
    if !asked.verdicts.contains(&verdict) {
        return Some(format!("it cannot be {}", words::past(verdict)));
    }
    match &job.state {
        State::Held(hold) if verdict == Verdict::Approve && is_grave(hold.reason) => {
            Some(format!("look at it by itself: {}", hold.reason.words()))
        }
        State::Held(_)
        | State::Failed { .. }
        | State::Retrying { .. }
        | State::Waiting { .. }
        | State::Attempting { .. }
        | State::Done { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => None,
    }
}

/// Whether each such order is looked at by itself before it is approved: money may be lost with it, or a parcel doubled.
fn is_grave(reason: HoldReason) -> bool {
    match reason {
        HoldReason::RiskWarns
        | HoldReason::RiskPending
        | HoldReason::SameCard
        | HoldReason::InDoubt
        | HoldReason::ReadBackDiffers
        | HoldReason::AlreadyShipped
        | HoldReason::CustomsDiffers => true,
        HoldReason::TotalAbove
        | HoldReason::CountryDiffers
        | HoldReason::NoShippingAddress
        | HoldReason::NotCarriable
        | HoldReason::AddressIncomplete
        | HoldReason::CustomsIncomplete
        | HoldReason::QuantityAbove
        | HoldReason::Tagged
        | HoldReason::FirstOrderAbove
        | HoldReason::CustomerWaiting
        | HoldReason::SameAddress
        | HoldReason::Everything
        | HoldReason::PartNotOurs
        | HoldReason::NotImported
        | HoldReason::TrackingRefused => false,
    }
}

/// What they come to, each currency by itself.
fn sum(totals: impl Iterator<Item = Money>) -> String {
    let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
    for total in totals {
        let of_its_kind = sums.entry(total.currency.code());
        of_its_kind.and_modify(|sum| sum.amount = sum.amount.saturating_add(total.amount)).or_insert(total);
    }
    sums.values().map(Money::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_is_summed_by_itself() {
        let totals = ["10.10 EUR", "0.20 EUR", "5 JPY"].map(|total| total.parse().unwrap());
        assert_eq!(sum(totals.into_iter()), "10.30 EUR and 5 JPY");
        assert_eq!(sum(std::iter::empty()), "");
    }
}
