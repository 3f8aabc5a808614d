//! A shop's terms as people write them. What can be read can be kept and read back, judged, and told in words.

use lane::carriage::Carriage;
use lane::clock::Timestamp;
use lane::id::{AccountId, ShopId};
use lane::policy::Policy;
use lane::rules::{Company, Completeness, CustomsSeen, HoldRules, RiskSeen, Rule, Seen, Verdict, speak};
use lane::shop::{Qualification, SecretRef, Shop, Source};
use serde::{Deserialize, Serialize};

use crate::reception::now;

/// The file of `shop add --terms`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Terms {
    hold: HoldRules,
    carriage: Carriage,
}

/// Reads terms and tries them on a few orders.
pub fn check(bytes: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(bytes) else { return "no_text" };
    let Ok(terms) = toml::from_str::<Terms>(text) else { return "not_read" };
    written_again_they_are_the_same(&terms);
    stored_they_are_the_same(&terms);
    for seen in [plain(), doubtful()] {
        judge(&terms.hold, &seen);
    }
    for service in &terms.carriage.services {
        service.fits("Express (2 days)", Some("express"), Some("CA"));
    }
    let problems = [terms.hold.problems(), terms.carriage.problems()].concat();
    assert!(problems.iter().all(|problem| !problem.is_empty()));
    match (problems.is_empty(), terms == Terms::default()) {
        (false, _) => "refused",
        (true, true) => "usual",
        (true, false) => "terms",
    }
}

fn written_again_they_are_the_same(terms: &Terms) {
    let written = toml::to_string(terms).unwrap();
    assert_eq!(toml::from_str::<Terms>(&written).as_ref(), Ok(terms), "{written}");
}

/// As the ledger keeps them: within their shop.
fn stored_they_are_the_same(terms: &Terms) {
    let shop = Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec!["acme.myshopify.com".to_owned()],
        token: SecretRef::Env("TOKEN".to_owned()),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: terms.hold.clone(),
        qualifies: Qualification::default(),
        carriage: terms.carriage.clone(),
        added_at: Timestamp::UNIX_EPOCH,
    };
    let row = serde_json::to_string(&shop).unwrap();
    assert_eq!(serde_json::from_str::<Shop>(&row).unwrap(), shop, "{row}");
}

/// A rule that speaks is among those that hold, with words; and what nobody holds goes, or waits for the risk check.
fn judge(rules: &HoldRules, seen: &Seen) {
    let company = Company { waiting: 4, same_address: vec!["#7".to_owned()], same_card: Vec::new() };
    let spoken = speak(rules, seen, &company);
    for rule in &rules.rules {
        assert!(!rule.words().is_empty());
        let says = rule.says(rules, seen, &company);
        let holds = spoken.iter().any(|(reason, facts)| *reason == rule.reason() && Some(facts) == says.as_ref());
        assert_eq!(says.is_some(), holds, "{rule:?}");
        if matches!(rule, Rule::Everything {}) {
            assert!(says.is_some(), "it holds every order");
        }
    }
    match rules.judge(seen, &company, now(), now()) {
        Verdict::Hold(question) => {
            assert_eq!(Some(question.reason), spoken.first().map(|(reason, _)| *reason));
            assert!(question.evidence.len() > spoken.len(), "each rule, and what the risk check says");
        }
        Verdict::Wait { until, .. } => assert!(spoken.is_empty() && until > now()),
        Verdict::Go => assert!(spoken.is_empty() && seen.risk != RiskSeen::Pending),
    }
    let named = rules.named_tags(&seen.tags);
    assert!(named.len() <= seen.tags.len());
}

fn plain() -> Seen {
    Seen {
        total: "500.00 USD".parse().unwrap(),
        ships_to: Some("US".to_owned()),
        billed_to: Some("us".to_owned()),
        address: Completeness::Complete,
        risk: RiskSeen::Pending,
        most_units: 1,
        lines: 1,
        tags: vec!["Wholesale ".to_owned(), "İstanbul".to_owned()],
        customer_orders: Some(2),
        customs: CustomsSeen::default(),
        parts: Vec::new(),
    }
}

fn doubtful() -> Seen {
    Seen {
        total: "79228162514264337593543950335 KWD".parse().unwrap(),
        billed_to: Some("CA".to_owned()),
        address: Completeness::Lacks(vec!["postal code".to_owned()]),
        risk: RiskSeen::Investigate,
        most_units: u32::MAX,
        customer_orders: None,
        customs: CustomsSeen { missing: vec!["Mug: no HS code".to_owned()], difference: None },
        ..plain()
    }
}
