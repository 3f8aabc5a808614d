//! Hold rules as they stand in a stored shop. Before rules were a list there were two keys, one for each rule; shops that
//! were stored then keep their rules. Terms that people write today are read without this: there the old keys are unknown.

use serde::{Deserialize, Deserializer};

use super::{HoldRules, Rule};
use crate::money::Money;
use crate::shop::RiskPending;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Stored {
    risk_pending: RiskPending,
    rules: Vec<Rule>,
    total_above: Option<Money>,
    country_differs: bool,
}

/// Reads rules of any age.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HoldRules, D::Error> {
    let Stored { risk_pending, rules, total_above, country_differs } = Stored::deserialize(deserializer)?;
    let total = total_above.map(|limit| Rule::TotalAbove { limit });
    let country = country_differs.then_some(Rule::CountryDiffers {});
    // The total was asked first.
    let rules = total.into_iter().chain(country).chain(rules).collect();
    Ok(HoldRules { risk_pending, rules })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored(rules: &Value) -> Result<HoldRules, String> {
        read(rules).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_of_two_keys_are_the_same_rules_as_a_list() {
        let limit: Money = "500.00 USD".parse().unwrap();
        let old = json!({"total_above": limit, "country_differs": true, "risk_pending": "proceed"});
        let rules = vec![Rule::TotalAbove { limit }, Rule::CountryDiffers {}];
        let read = stored(&old).unwrap();
        assert_eq!(read, HoldRules { risk_pending: RiskPending::Proceed, rules });
        assert_eq!(stored(&serde_json::to_value(&read).unwrap()).unwrap(), read, "and they are stored as a list");
        let none = json!({"total_above": null, "country_differs": false, "risk_pending": "hold"});
        assert_eq!(stored(&none).unwrap(), HoldRules::default());
    }

    #[test]
    fn other_keys_are_refused_and_new_terms_do_not_know_the_old_ones() {
        assert!(stored(&json!({"total_over": null})).is_err());
        assert!(serde_json::from_value::<HoldRules>(json!({"country_differs": true})).is_err());
    }
}
