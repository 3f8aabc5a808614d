//! Whether the fetched order may go on: does it qualify, and must a person look first.
//!
//! Every rule that speaks is in the evidence, in words and figures; the reason of the hold is the one that weighs
//! most. The order of the rules below is their weight.

use std::cmp::Ordering;
use std::time::Duration;

use ::lane::clock::{Timestamp, after};
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::JobId;
use ::lane::money::Money;
use ::lane::shop::{HoldRules, RiskPending};
use ::lane::webhook::OrderNews;

use crate::providers::shopify::order::Order;

/// How long the platform's risk check may take before the shop's policy decides. It mostly ends within a minute.
const RISK_TIME: Duration = Duration::from_mins(10);
/// How often a pending risk check is asked for.
const RISK_LOOK: Duration = Duration::from_mins(1);

/// What a person must decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) reason: HoldReason,
    pub(super) evidence: Vec<Fact>,
}

/// What is to be done with an order that qualifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Carry it out.
    Go,
    /// Look again then.
    Wait { until: Timestamp, why: String },
    /// A person must decide.
    Hold(Question),
}

/// The fetched order in the words of the shop's qualification.
pub(super) fn facts(id: &JobId, order: &Order) -> OrderNews {
    OrderNews {
        id: id.clone(),
        number: order.name.clone(),
        updated_at: Some(order.updated_at),
        fingerprint: order.fingerprint(),
        cancelled: order.cancelled,
        test: order.test,
        financial_status: order.financial_status.clone(),
        ships_something: order.shipped_lines().next().is_some(),
    }
}

/// Judges an order that nobody has accepted as it is. The risk check has its time from when the newest version was heard
/// of: a time of the platform's moves whenever anything touches the order, and would begin it anew.
pub(super) fn judge(rules: &HoldRules, order: &Order, heard_at: Timestamp, now: Timestamp) -> Verdict {
    let risk_ends = after(heard_at, RISK_TIME);
    let mut spoken: Vec<(HoldReason, Vec<Fact>)> = Vec::new();
    if order.ship_to.is_none() {
        spoken.push((HoldReason::NoShippingAddress, no_address(order)));
    }
    if let Some(limit) = rules.total_above {
        spoken.extend(above(order.total, limit).map(|facts| (HoldReason::TotalAbove, facts)));
    }
    if rules.country_differs {
        spoken.extend(countries(order).map(|facts| (HoldReason::CountryDiffers, facts)));
    }
    if order.risk_pending && rules.risk_pending == RiskPending::Hold && now >= risk_ends {
        let fact = Fact::new("risk check", "still pending after 10 minutes");
        spoken.push((HoldReason::RiskPending, vec![fact]));
    }
    let Some((reason, _)) = spoken.first() else {
        return if order.risk_pending && now < risk_ends {
            let until = after(now, RISK_LOOK).min(risk_ends);
            Verdict::Wait { until, why: "the platform's risk check has not finished".to_owned() }
        } else {
            Verdict::Go
        };
    };
    let reason = *reason;
    let mut evidence = Vec::new();
    for (rule, facts) in &spoken {
        evidence.push(Fact::new("rule", rule.words()));
        evidence.extend_from_slice(facts);
    }
    evidence.push(Fact::new("risk", risk(order)));
    Verdict::Hold(Question { reason, evidence })
}

fn risk(order: &Order) -> &str {
    if order.risk_pending { "check pending" } else { &order.risk_recommendation }
}

fn no_address(order: &Order) -> Vec<Fact> {
    let count = order.shipped_lines().count();
    vec![
        Fact::new("shipping address", "none"),
        Fact::new("lines to ship", count),
        Fact::new("if approved", "it goes to the warehouse with an empty address, to be filled in there"),
    ]
}

/// Amounts of two currencies are never compared; then a person sees both.
fn above(total: Money, limit: Money) -> Option<Vec<Fact>> {
    let figures = vec![Fact::new("total", total), Fact::new("limit", limit)];
    match total.compare(limit) {
        Ok(Ordering::Greater) => Some(figures),
        Ok(Ordering::Less | Ordering::Equal) => None,
        Err(mixed) => Some([figures, vec![Fact::new("currencies", mixed)]].concat()),
    }
}

/// Speaks only if both countries are known.
fn countries(order: &Order) -> Option<Vec<Fact>> {
    let ships_to = order.ship_to.as_ref()?.country.as_ref()?;
    let billed_to = order.bill_to.as_ref()?.country.as_ref()?;
    let differ = !ships_to.eq_ignore_ascii_case(billed_to);
    differ.then(|| vec![Fact::new("ships to", ships_to), Fact::new("billed to", billed_to)])
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::order;
    use super::*;

    const HEARD: &str = "2026-11-20T10:00:30Z";

    fn judged(rules: &HoldRules, order: &Order, now: &str) -> Verdict {
        judge(rules, order, HEARD.parse().unwrap(), now.parse().unwrap())
    }

    fn held(rules: &HoldRules, order: &Order) -> Question {
        match judged(rules, order, HEARD) {
            Verdict::Hold(question) => question,
            other @ (Verdict::Go | Verdict::Wait { .. }) => panic!("{other:?}"),
        }
    }

    fn says(question: &Question, name: &str, value: &str) -> bool {
        question.evidence.contains(&Fact::new(name, value))
    }

    fn total_above(limit: &str) -> HoldRules {
        HoldRules { total_above: Some(limit.parse().unwrap()), ..HoldRules::default() }
    }

    #[test]
    fn the_total_is_held_above_the_limit_and_not_at_it() {
        assert_eq!(judged(&total_above("42.50 USD"), &order(), HEARD), Verdict::Go);
        let question = held(&total_above("42.49 USD"), &order());
        assert_eq!(question.reason, HoldReason::TotalAbove);
        assert!(says(&question, "total", "42.50 USD") && says(&question, "limit", "42.49 USD"));
    }

    #[test]
    fn currencies_are_never_compared_across() {
        for limit in ["1 EUR", "1000000 EUR"] {
            let question = held(&total_above(limit), &order());
            assert_eq!(question.reason, HoldReason::TotalAbove);
            assert!(question.evidence.iter().any(|fact| fact.name == "currencies"), "{question:?}");
        }
    }

    #[test]
    fn every_rule_that_speaks_is_in_the_evidence() {
        let rules = HoldRules { country_differs: true, ..total_above("10 USD") };
        let mut order = order();
        order.bill_to.as_mut().unwrap().country = Some("CA".into());
        let question = held(&rules, &order);
        assert_eq!(question.reason, HoldReason::TotalAbove);
        assert!(says(&question, "ships to", "US") && says(&question, "billed to", "CA"));
        assert!(says(&question, "rule", HoldReason::CountryDiffers.words()));
    }

    #[test]
    fn an_order_without_a_shipping_address_is_held_whatever_the_rules() {
        let mut order = order();
        order.ship_to = None;
        assert_eq!(held(&HoldRules::default(), &order).reason, HoldReason::NoShippingAddress);
    }

    #[test]
    fn an_unknown_billing_country_differs_from_nothing() {
        let rules = HoldRules { country_differs: true, ..HoldRules::default() };
        let mut order = order();
        order.bill_to = None;
        assert_eq!(judged(&rules, &order, HEARD), Verdict::Go);
    }

    #[test]
    fn a_pending_risk_check_is_waited_for_ten_minutes_and_then_the_shop_decides() {
        let mut order = order();
        order.risk_pending = true;
        let rules = HoldRules::default();
        let waits = |now: &str| match judged(&rules, &order, now) {
            Verdict::Wait { until, .. } => until.to_string(),
            other @ (Verdict::Go | Verdict::Hold(_)) => panic!("{other:?}"),
        };
        // Heard of at 10:00:30; that something touched the order at 10:05 does not begin the wait anew.
        assert_eq!(waits("2026-11-20T10:06:00Z"), "2026-11-20T10:07:00Z");
        assert_eq!(waits("2026-11-20T10:09:50Z"), "2026-11-20T10:10:30Z");
        let late = judged(&rules, &order, "2026-11-20T10:10:30Z");
        assert!(matches!(late, Verdict::Hold(Question { reason: HoldReason::RiskPending, .. })));
        let proceed = HoldRules { risk_pending: RiskPending::Proceed, ..rules };
        assert_eq!(judged(&proceed, &order, "2026-11-20T10:15:00Z"), Verdict::Go);
    }
}
