use super::*;

const HEARD: &str = "2026-11-20T10:00:30Z";

fn seen() -> Seen {
    Seen {
        total: "42.50 USD".parse().unwrap(),
        ships_to: Some("US".into()),
        billed_to: Some("US".into()),
        address: Completeness::Complete,
        risk: RiskSeen::Accept,
        most_units: 2,
        lines: 2,
        tags: vec!["VIP".into()],
        customer_orders: Some(3),
        customs: CustomsSeen::default(),
        parts: Vec::new(),
    }
}

fn rules(list: Vec<Rule>) -> HoldRules {
    HoldRules { rules: list, ..HoldRules::default() }
}

fn judged(rules: &HoldRules, seen: &Seen, now: &str) -> Verdict {
    rules.judge(seen, &Company::default(), HEARD.parse().unwrap(), now.parse().unwrap())
}

fn held_with(list: Vec<Rule>, seen: &Seen, company: &Company) -> Option<Question> {
    match rules(list).judge(seen, company, HEARD.parse().unwrap(), HEARD.parse().unwrap()) {
        Verdict::Hold(question) => Some(question),
        Verdict::Go => None,
        Verdict::Wait { why, .. } => panic!("waits: {why}"),
    }
}

fn held(rule: Rule, seen: &Seen) -> Option<Question> {
    held_with(vec![rule], seen, &Company::default())
}

fn says(question: &Question, name: &str, value: &str) -> bool {
    question.evidence.contains(&Fact::new(name, value))
}

fn total_above(limit: &str) -> Rule {
    Rule::TotalAbove { limit: limit.parse().unwrap() }
}

#[test]
fn the_total_is_held_above_the_limit_and_not_at_it() {
    assert_eq!(held(total_above("42.50 USD"), &seen()), None);
    let question = held(total_above("42.49 USD"), &seen()).unwrap();
    assert_eq!(question.reason, HoldReason::TotalAbove);
    assert!(says(&question, "total", "42.50 USD") && says(&question, "limit", "42.49 USD"));
}

#[test]
fn currencies_are_never_compared_across_and_each_has_its_own_limit() {
    for limit in ["1 EUR", "1000000 EUR"] {
        let question = held(total_above(limit), &seen()).unwrap();
        assert!(question.evidence.iter().any(|fact| fact.name == "currencies"), "{question:?}");
    }
    let both = vec![total_above("1 EUR"), total_above("42.50 USD")];
    assert_eq!(held_with(both, &seen(), &Company::default()), None);
}

#[test]
fn a_risk_warning_holds_only_if_the_rule_names_it() {
    let only_cancel = Rule::Risk { recommends: vec![Warning::Cancel] };
    for (risk, holds) in [(RiskSeen::Investigate, false), (RiskSeen::Cancel, true), (RiskSeen::None, false)] {
        let seen = Seen { risk, ..seen() };
        assert_eq!(held(only_cancel.clone(), &seen).is_some(), holds, "{risk:?}");
    }
}

#[test]
fn an_unknown_billing_country_differs_from_nothing() {
    let elsewhere = Seen { billed_to: Some("CA".into()), ..seen() };
    let question = held(Rule::CountryDiffers {}, &elsewhere).unwrap();
    assert!(says(&question, "ships to", "US") && says(&question, "billed to", "CA"));
    assert_eq!(held(Rule::CountryDiffers {}, &Seen { billed_to: None, ..seen() }), None);
}

#[test]
fn an_incomplete_address_names_what_it_lacks() {
    let lacks = Seen { address: Completeness::Lacks(vec!["street".into(), "city".into()]), ..seen() };
    assert!(says(&held(Rule::AddressIncomplete {}, &lacks).unwrap(), "shipping address lacks", "street, city"));
    assert_eq!(held(Rule::CountryDiffers {}, &lacks), None);
}

#[test]
fn quantities_tags_and_first_orders_are_held_by_their_rules() {
    assert_eq!(held(Rule::QuantityAbove { units: 2 }, &seen()), None);
    assert!(says(&held(Rule::QuantityAbove { units: 1 }, &seen()).unwrap(), "units of one line", "2"));
    assert!(says(&held(Rule::Tagged { tags: vec!["vip ".into()] }, &seen()).unwrap(), "tagged", "VIP"));
    assert_eq!(held(Rule::Tagged { tags: vec!["VI".into()] }, &seen()), None);
    let first = |orders| {
        held(Rule::FirstOrderAbove { limit: "40 USD".parse().unwrap() }, &Seen { customer_orders: orders, ..seen() })
    };
    assert_eq!(first(Some(2)), None);
    assert!(first(Some(1)).is_some() && first(None).is_some());
    assert_eq!(
        held(
            Rule::FirstOrderAbove { limit: "42.50 USD".parse().unwrap() },
            &Seen { customer_orders: Some(1), ..seen() }
        ),
        None
    );
}

#[test]
fn the_tags_that_count_are_those_that_a_rule_names() {
    let tags = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
    let rules = rules(vec![Rule::Everything {}, Rule::Tagged { tags: tags(&["vip ", "Fraud"]) }]);
    assert_eq!(rules.named_tags(&tags(&["summer", "FRAUD", " Vip"])), ["fraud", "vip"].map(str::to_owned).into());
    assert!(rules.named_tags(&tags(&["summer"])).is_empty());
}

#[test]
fn company_is_judged_by_its_figures() {
    let company = Company { waiting: 3, same_address: vec!["#1001".into()], same_card: vec!["#1002".into()] };
    for (rule, name, value) in [
        (Rule::CustomerWaiting { orders: 2 }, "other orders of the customer in line", "3"),
        (Rule::SameAddress {}, "ships to the same address as", "#1001"),
        (Rule::SameCard {}, "paid with the same card as", "#1002"),
    ] {
        assert!(says(&held_with(vec![rule.clone()], &seen(), &company).unwrap(), name, value), "{rule:?}");
        assert_eq!(held(rule, &seen()), None);
    }
    assert_eq!(held_with(vec![Rule::CustomerWaiting { orders: 3 }], &seen(), &company), None);
}

#[test]
fn some_holds_need_no_rule() {
    for (seen, reason) in [
        (Seen { address: Completeness::Absent, ..seen() }, HoldReason::NoShippingAddress),
        (
            Seen {
                customs: CustomsSeen {
                    difference: Some(("41.00 USD".parse().unwrap(), "40.00 USD".parse().unwrap())),
                    ..CustomsSeen::default()
                },
                ..seen()
            },
            HoldReason::CustomsDiffers,
        ),
        (
            Seen { customs: CustomsSeen { missing: vec!["Mug: no HS code".into()], difference: None }, ..seen() },
            HoldReason::CustomsIncomplete,
        ),
        (Seen { parts: vec!["Lisbon: on hold".into()], ..seen() }, HoldReason::PartNotOurs),
    ] {
        assert_eq!(held_with(vec![], &seen, &Company::default()).unwrap().reason, reason);
    }
    assert!(held_with(vec![], &seen(), &Company::default()).is_none());
    assert_eq!(held(Rule::Everything {}, &seen()).unwrap().reason, HoldReason::Everything);
}

#[test]
fn every_rule_that_speaks_is_in_the_evidence_and_the_first_names_the_hold() {
    let elsewhere = Seen { billed_to: Some("CA".into()), ..seen() };
    let question = held_with(vec![Rule::CountryDiffers {}, total_above("10 USD")], &elsewhere, &Company::default());
    let question = question.unwrap();
    assert_eq!(question.reason, HoldReason::CountryDiffers);
    assert!(says(&question, "rule", HoldReason::TotalAbove.words()) && says(&question, "limit", "10.00 USD"));
    assert!(says(&question, "risk", "accept"));
}

#[test]
fn a_pending_risk_check_is_waited_for_ten_minutes_and_then_the_shop_decides() {
    let pending = Seen { risk: RiskSeen::Pending, ..seen() };
    let hold = HoldRules::default();
    let waits = |now: &str| match judged(&hold, &pending, now) {
        Verdict::Wait { until, .. } => until.to_string(),
        other @ (Verdict::Go | Verdict::Hold(_)) => panic!("{other:?}"),
    };
    // Heard of at 10:00:30; that something touched the order at 10:05 does not begin the wait anew.
    assert_eq!(waits("2026-11-20T10:06:00Z"), "2026-11-20T10:07:00Z");
    assert_eq!(waits("2026-11-20T10:09:50Z"), "2026-11-20T10:10:30Z");
    let late = judged(&hold, &pending, "2026-11-20T10:10:30Z");
    assert!(matches!(late, Verdict::Hold(Question { reason: HoldReason::RiskPending, .. })));
    let proceed = HoldRules { risk_pending: RiskPending::Proceed, ..hold };
    assert!(matches!(judged(&proceed, &pending, "2026-11-20T10:10:29Z"), Verdict::Wait { .. }));
    for over in ["2026-11-20T10:10:30Z", "2026-11-20T10:15:00Z"] {
        assert_eq!(judged(&proceed, &pending, over), Verdict::Go);
    }
}

#[test]
fn rules_are_data_and_what_is_wrong_with_them_is_said() {
    let text = r#"{"risk_pending": "proceed", "rules": [
        {"when": "total-above", "limit": "500.00 USD"},
        {"when": "risk"}, {"when": "same-card"}, {"when": "everything"}]}"#;
    let read: HoldRules = serde_json::from_str(text).unwrap();
    assert_eq!(read.rules[1], Rule::Risk { recommends: Warning::both() });
    assert_eq!(read.problems(), Vec::<String>::new());
    for wrong in [r#"{"when": "total-over"}"#, r#"{"when": "same-card", "limit": 5}"#, r#"{"when": "quantity-above"}"#]
    {
        assert!(serde_json::from_str::<Rule>(wrong).is_err(), "{wrong}");
    }
    let wrong = rules(vec![
        total_above("-1 USD"),
        total_above("5 USD"),
        total_above("5 EUR"),
        Rule::Risk { recommends: vec![] },
        Rule::Tagged { tags: vec![" ".into()] },
        Rule::SameCard {},
        Rule::SameCard {},
    ]);
    assert_eq!(wrong.problems().len(), 5, "{:#?}", wrong.problems());
}

#[test]
fn rules_that_add_to_each_other_may_stand_side_by_side() {
    let tagged = |tag: &str| Rule::Tagged { tags: vec![tag.into()] };
    let first_above = |limit: &str| Rule::FirstOrderAbove { limit: limit.parse().unwrap() };
    let sides = [
        vec![tagged("vip"), tagged("gift")],
        vec![total_above("5 USD"), total_above("5 EUR"), first_above("5 USD")],
        vec![Rule::SameCard {}, Rule::SameAddress {}, Rule::Everything {}],
    ];
    for good in sides {
        assert_eq!(rules(good).problems(), Vec::<String>::new());
    }
    let twice = [
        vec![tagged("vip"), tagged("vip")],
        vec![total_above("5 USD"), total_above("6 USD")],
        vec![first_above("5 USD"), first_above("6 USD")],
        vec![Rule::QuantityAbove { units: 5 }, Rule::QuantityAbove { units: 6 }],
    ];
    for bad in twice {
        assert_eq!(rules(bad).problems().len(), 1, "one of them has no effect");
    }
}
