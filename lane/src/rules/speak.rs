//! What each rule says about an order, and on which figures.

use std::cmp::Ordering;

use super::{Company, Completeness, HoldRules, RiskSeen, Rule, Seen};
use crate::hold::{Fact, HoldReason};
use crate::money::Money;

type Spoken = (HoldReason, Vec<Fact>);

/// Every rule that speaks about the order, the one that weighs most first.
pub fn speak(rules: &HoldRules, seen: &Seen, company: &Company) -> Vec<Spoken> {
    let always = [
        no_address(seen).map(|facts| (HoldReason::NoShippingAddress, facts)),
        customs_differs(seen).map(|facts| (HoldReason::CustomsDiffers, facts)),
        customs_incomplete(seen).map(|facts| (HoldReason::CustomsIncomplete, facts)),
        parts(seen).map(|facts| (HoldReason::PartNotOurs, facts)),
    ];
    let own = rules.rules.iter().filter_map(|rule| Some((rule.reason(), rule.says(rules, seen, company)?)));
    always.into_iter().flatten().chain(own).collect()
}

impl Rule {
    /// What this rule, one of `rules`, says about the order. Nothing if it does not speak.
    pub fn says(&self, rules: &HoldRules, seen: &Seen, company: &Company) -> Option<Vec<Fact>> {
        match self {
            Self::TotalAbove { limit } => above(rules, self, seen.total, *limit),
            Self::Risk { recommends } => {
                let warned = recommends.iter().any(|warning| RiskSeen::from(*warning) == seen.risk);
                warned.then(|| vec![Fact::new("risk check recommends", seen.risk.words())])
            }
            Self::CountryDiffers {} => countries(seen),
            Self::AddressIncomplete {} => incomplete(seen),
            Self::QuantityAbove { units } => over("units of one line", seen.most_units, *units),
            Self::Tagged { tags } => tagged(seen, tags),
            Self::FirstOrderAbove { limit } => first_above(rules, self, seen, *limit),
            Self::CustomerWaiting { orders } => over("other orders of the customer in line", company.waiting, *orders),
            Self::SameAddress {} => held_too("ships to the same address as", &company.same_address),
            Self::SameCard {} => held_too("paid with the same card as", &company.same_card),
            Self::Everything {} => Some(Vec::new()),
        }
    }
}

fn no_address(seen: &Seen) -> Option<Vec<Fact>> {
    (seen.address == Completeness::Absent).then(|| {
        vec![
            Fact::new("shipping address", "none"),
            Fact::new("lines to ship", seen.lines),
            Fact::new("if approved", "it goes to the warehouse with an empty address, to be filled in there"),
        ]
    })
}

fn customs_differs(seen: &Seen) -> Option<Vec<Fact>> {
    let (ours, theirs) = seen.customs.difference?;
    Some(vec![
        Fact::new("would be declared", ours),
        Fact::new("goods cost at the platform", theirs),
        Fact::new("if approved", "our figure is declared"),
    ])
}

fn customs_incomplete(seen: &Seen) -> Option<Vec<Fact>> {
    if seen.customs.missing.is_empty() {
        return None;
    }
    let mut facts: Vec<Fact> = seen.customs.missing.iter().map(|line| Fact::new("missing for customs", line)).collect();
    facts.push(Fact::new("if approved", "it goes without, to be completed at the warehouse"));
    Some(facts)
}

fn parts(seen: &Seen) -> Option<Vec<Fact>> {
    if seen.parts.is_empty() {
        return None;
    }
    let mut facts: Vec<Fact> = seen.parts.iter().map(|part| Fact::new("part of the order", part)).collect();
    facts.push(Fact::new("if approved", "this part is left out, and the rest goes"));
    Some(facts)
}

/// Amounts of two currencies are never compared. Without a limit in the order's own currency a person sees both.
fn above(rules: &HoldRules, rule: &Rule, total: Money, limit: Money) -> Option<Vec<Fact>> {
    let figures = vec![Fact::new("total", total), Fact::new("limit", limit)];
    match total.compare(limit) {
        Ok(Ordering::Greater) => Some(figures),
        Ok(Ordering::Less | Ordering::Equal) => None,
        Err(_) if has_limit_in(rules, rule, total) => None,
        Err(mixed) => Some([figures, vec![Fact::new("currencies", mixed)]].concat()),
    }
}

fn has_limit_in(rules: &HoldRules, rule: &Rule, total: Money) -> bool {
    rules.rules.iter().any(|other| match (rule, other) {
        (Rule::TotalAbove { .. }, Rule::TotalAbove { limit })
        | (Rule::FirstOrderAbove { .. }, Rule::FirstOrderAbove { limit }) => limit.currency == total.currency,
        (_, _) => false,
    })
}

/// Silent only if it is known that the customer had ordered before; a guest's order is a first one, too.
fn first_above(rules: &HoldRules, rule: &Rule, seen: &Seen, limit: Money) -> Option<Vec<Fact>> {
    let orders = seen.customer_orders.unwrap_or(1);
    if orders > 1 {
        return None;
    }
    let mut facts = above(rules, rule, seen.total, limit)?;
    facts.push(Fact::new(
        "orders of its customer by then",
        if seen.customer_orders.is_some() { "1" } else { "not known" },
    ));
    Some(facts)
}

/// Speaks only if both countries are known.
fn countries(seen: &Seen) -> Option<Vec<Fact>> {
    let (ships_to, billed_to) = (seen.ships_to.as_ref()?, seen.billed_to.as_ref()?);
    let differ = !ships_to.eq_ignore_ascii_case(billed_to);
    differ.then(|| vec![Fact::new("ships to", ships_to), Fact::new("billed to", billed_to)])
}

fn incomplete(seen: &Seen) -> Option<Vec<Fact>> {
    match &seen.address {
        // That there is none speaks for itself above.
        Completeness::Absent | Completeness::Complete => None,
        Completeness::Lacks(parts) => Some(vec![Fact::new("shipping address lacks", parts.join(", "))]),
    }
}

fn tagged(seen: &Seen, tags: &[String]) -> Option<Vec<Fact>> {
    let found: Vec<&str> =
        seen.tags.iter().map(String::as_str).filter(|tag| tags.iter().any(|named| same_tag(named, tag))).collect();
    (!found.is_empty()).then(|| vec![Fact::new("tagged", found.join(", "))])
}

fn same_tag(one: &str, other: &str) -> bool {
    plain_tag(one) == plain_tag(other)
}

/// A tag as rules compare it.
pub(super) fn plain_tag(tag: &str) -> String {
    tag.trim().to_lowercase()
}

fn over(what: &str, count: u32, limit: u32) -> Option<Vec<Fact>> {
    (count > limit).then(|| vec![Fact::new(what, count), Fact::new("limit", limit)])
}

fn held_too(how: &str, numbers: &[String]) -> Option<Vec<Fact>> {
    (!numbers.is_empty()).then(|| vec![Fact::new(how, numbers.join(", "))])
}
