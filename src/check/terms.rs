//! Whether each shop's terms can be used as they are: rules and carriage by themselves, and with what the shop is.

use lane::money::Currency;
use lane::rules::{HoldRules, Rule};
use lane::shop::Shop;

use super::Finding;

/// What is wrong with the terms by themselves. A shop that an older program added may have what is refused today.
pub(super) fn of(shop: &Shop) -> Vec<Finding> {
    let problems = shop.rules.problems().into_iter().chain(shop.carriage.problems());
    problems.map(|problem| Finding::Wrong(format!("the shop {}: {problem}", shop.id))).collect()
}

/// Limits that are not in the shop's currency: by themselves they hold every order.
pub(super) fn limits(shop: &Shop, currency: Currency) -> Vec<Finding> {
    let own = |rule: &Rule| limit_of(rule).is_some_and(|(_, known)| known == currency);
    let foreign = |rule: &Rule| {
        let (words, limit) = limit_of(rule).filter(|(_, known)| *known != currency)?;
        let has_own = shop.rules.rules.iter().any(|other| same_kind(rule, other) && own(other));
        let then = if has_own {
            "it only counts should the shop's currency change".to_owned()
        } else {
            format!("without a limit in {currency} every order it would measure is held; add one")
        };
        Some(Finding::Warning(format!(
            "the shop {}: the rule {words} is in {limit}, and the shop's currency is {currency}: {then}",
            shop.id
        )))
    };
    let HoldRules { rules, .. } = &shop.rules;
    rules.iter().filter_map(foreign).collect()
}

fn limit_of(rule: &Rule) -> Option<(String, Currency)> {
    match rule {
        Rule::TotalAbove { limit } | Rule::FirstOrderAbove { limit } => Some((rule.words(), limit.currency)),
        Rule::Risk { .. }
        | Rule::CountryDiffers {}
        | Rule::AddressIncomplete {}
        | Rule::QuantityAbove { .. }
        | Rule::Tagged { .. }
        | Rule::CustomerWaiting { .. }
        | Rule::SameAddress {}
        | Rule::SameCard {}
        | Rule::Everything {} => None,
    }
}

fn same_kind(one: &Rule, other: &Rule) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::shop;
    use lane::carriage::Mode;

    fn above(limit: &str) -> Rule {
        Rule::TotalAbove { limit: limit.parse().unwrap() }
    }

    #[test]
    fn terms_that_cannot_be_used_are_wrong() {
        let mut shop = shop("acme");
        assert_eq!(of(&shop), []);
        shop.carriage.mode = Mode::Correct;
        shop.rules.rules = vec![Rule::Everything {}, Rule::Everything {}];
        let found = of(&shop);
        assert!(found.len() == 2 && found.iter().all(|finding| matches!(finding, Finding::Wrong(_))), "{found:?}");
    }

    #[test]
    fn a_limit_in_another_currency_is_warned_of() {
        let mut shop = shop("acme");
        shop.rules.rules = vec![above("500.00 USD"), Rule::CountryDiffers {}];
        let usd = "USD".parse().unwrap();
        assert_eq!(limits(&shop, usd), []);
        let told = |found: &[Finding]| format!("{found:?}");
        let found = limits(&shop, "EUR".parse().unwrap());
        assert!(found.len() == 1 && told(&found).contains("every order"), "{found:?}");
        shop.rules.rules.push(above("450.00 EUR"));
        let found = limits(&shop, usd);
        assert!(found.len() == 1 && told(&found).contains("should the shop's currency change"), "{found:?}");
        shop.rules.rules = vec![above("500.00 USD"), Rule::FirstOrderAbove { limit: "5.00 EUR".parse().unwrap() }];
        assert!(told(&limits(&shop, usd)).contains("every order"));
    }
}
