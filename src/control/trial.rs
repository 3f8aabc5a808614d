//! The dry run: what hold rules would have held of the orders a shop has had. Each order is judged by what its newest
//! attempt saw of it, with the same rules that judge an order which is about to be carried out.

use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::ports::{Desk, LedgerError};
use lane::rules::{Company, HoldRules, Rule, Seen, Verdict, speak};
use lane::view::{JobFilter, Page};
use serde::{Deserialize, Serialize};

/// What the rules would have held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// Whose orders.
    pub(crate) shop: ShopId,
    /// Orders that an attempt has seen; the rules were tried on these.
    pub(crate) seen: u64,
    /// Orders that no attempt has seen (set aside before, or forgotten).
    pub(crate) unseen: u64,
    /// Those that would have been held, by whichever rule.
    pub(crate) held: u64,
    /// Those that are held under any rules, because they could not be carried rightly.
    pub(crate) always: u64,
    /// Each rule by itself.
    pub(crate) rules: Vec<Tried>,
    /// Rules that look at other orders, in words: they cannot be tried on the past.
    pub(crate) untried: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// It, in words.
    pub(crate) rule: String,
    /// Orders about which it speaks.
    pub(crate) held: u64,
}

impl Trial {
    /// Tries the rules on every job of the shop that has not changed since `now`. Pages are read one by one, each by
    /// itself, and come by the time of their last change: a job that changes meanwhile moves behind the end.
    pub(super) async fn over(
        desk: &dyn Desk,
        shop: ShopId,
        rules: &HoldRules,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let filter = JobFilter { state: None, shop: Some(shop.clone()) };
        let mut trial = Self::begin(shop, rules);
        let mut page = Page::default();
        loop {
            let rows = desk.jobs(&filter, &page).await?;
            for job in rows.rows {
                if job.changed_at > now {
                    return Ok(trial);
                }
                match &job.seen {
                    Some(seen) => trial.judge(rules, seen, job.heard_at, now),
                    None => trial.unseen += 1,
                }
            }
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok(trial),
            }
        }
    }

    fn begin(shop: ShopId, rules: &HoldRules) -> Self {
        let untried = rules.rules.iter().filter(|rule| rule.asks_for_company()).map(Rule::words).collect();
        let tried = on_the_past(rules).map(|rule| Tried { rule: rule.words(), held: 0 }).collect();
        Self { shop, seen: 0, unseen: 0, held: 0, always: 0, rules: tried, untried }
    }

    fn judge(&mut self, rules: &HoldRules, seen: &Seen, heard_at: Timestamp, now: Timestamp) {
        let alone = Company::default();
        self.seen += 1;
        self.always += u64::from(!speak(&HoldRules::default(), seen, &alone).is_empty());
        self.held += u64::from(matches!(rules.judge(seen, &alone, heard_at, now), Verdict::Hold(_)));
        for (tried, rule) in self.rules.iter_mut().zip(on_the_past(rules)) {
            tried.held += u64::from(rule.says(rules, seen, &alone).is_some());
        }
    }
}

fn on_the_past(rules: &HoldRules) -> impl Iterator<Item = &Rule> {
    rules.rules.iter().filter(|rule| !rule.asks_for_company())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::clock::after;
    use lane::rules::{Completeness, CustomsSeen, RiskSeen};
    use std::time::Duration;

    fn seen(total: &str) -> Seen {
        Seen {
            total: total.parse().unwrap(),
            ships_to: Some("US".into()),
            billed_to: Some("US".into()),
            address: Completeness::Complete,
            risk: RiskSeen::None,
            most_units: 1,
            lines: 1,
            tags: Vec::new(),
            customer_orders: None,
            customs: CustomsSeen::default(),
            parts: Vec::new(),
        }
    }

    fn trial(rules: Vec<Rule>, orders: &[Seen]) -> Trial {
        let rules = HoldRules { rules, ..HoldRules::default() };
        let mut trial = Trial::begin(ShopId::parse("acme").unwrap(), &rules);
        let heard_at = Timestamp::UNIX_EPOCH;
        for order in orders {
            trial.judge(&rules, order, heard_at, after(heard_at, Duration::from_hours(1)));
        }
        trial
    }

    fn above(limit: &str) -> Rule {
        Rule::TotalAbove { limit: limit.parse().unwrap() }
    }

    #[test]
    fn every_rule_is_counted_by_itself_and_all_of_them_together() {
        let abroad = Seen { ships_to: Some("CA".into()), ..seen("900.00 USD") };
        let rules = vec![above("500.00 USD"), above("400.00 EUR"), Rule::CountryDiffers {}, Rule::SameCard {}];
        let trial = trial(rules, &[seen("100.00 USD"), seen("600.00 USD"), seen("450.00 EUR"), abroad]);
        assert_eq!(trial.rules.iter().map(|tried| tried.held).collect::<Vec<_>>(), [2, 1, 1]);
        assert_eq!((trial.seen, trial.held, trial.always), (4, 3, 0));
        assert_eq!(trial.untried, ["same card as a held order"]);
    }

    #[test]
    fn what_is_held_under_any_rules_and_a_check_that_never_ended_are_counted() {
        let nowhere = Seen { address: Completeness::Absent, ..seen("1.00 USD") };
        let pending = Seen { risk: RiskSeen::Pending, ..seen("1.00 USD") };
        let trial = trial(Vec::new(), &[nowhere, pending, seen("1.00 USD")]);
        assert_eq!((trial.seen, trial.held, trial.always), (3, 2, 1));
    }
}
