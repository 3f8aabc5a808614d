//! Words: those that rows, metrics and topics are keyed by, which must be told apart and read back, and those for people.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use lane::carriage::{Carriage, Service};
use lane::clock::{Clock as _, ManualClock, SystemClock};
use lane::decision::Verdict;
use lane::hold::HoldReason;
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::line::{Pause, Rest};
use lane::operator::Role;
use lane::outcome::{Outcome, PauseReason, Proof, Reach, Trouble};
use lane::policy::Policy;
use lane::ports::Recorded;
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::rules::{HoldRules, Rule};
use lane::shop::{Qualification, SecretRef, Shop, SkipReason, Source};
use lane::state::StateKind;
use lane::view::{LaneStatus, PAGE_ROWS_MAX, Page, QuarantineReason};
use lane::wake_up::{DedupId, Envelope, WakeUp};
use lane::webhook::{Content, Webhook};

fn told_apart<Word: AsRef<str>>(words: impl IntoIterator<Item = Word>) {
    let words: Vec<Word> = words.into_iter().collect();
    let different: BTreeSet<&str> = words.iter().map(AsRef::as_ref).collect();
    assert!(words.len() > 1 && different.len() == words.len(), "{different:?}");
    assert!(different.iter().all(|word| !word.trim().is_empty()), "{different:?}");
}

fn account() -> AccountId {
    AccountId::at("shipstation", "main")
}

fn proof() -> Proof {
    Proof {
        account: account(),
        reference: "77".into(),
        key: "acme-1001".into(),
        fingerprint: Fingerprint::given("fetched"),
        compared: vec![],
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    }
}

fn outcomes() -> Vec<Outcome> {
    let trouble = |words: &str| Trouble::new("shipstation", words);
    let (fingerprint, reason) = (Fingerprint::given("fetched"), HoldReason::TotalAbove);
    vec![
        Outcome::Done(proof()),
        Outcome::Retry { after: None, error: trouble("503") },
        Outcome::Hold { reason, evidence: vec![], fingerprint, difference: None },
        Outcome::Fail(trouble("405")),
        Outcome::Skip(SkipReason::Cancelled),
        Outcome::Withdrawn,
        Outcome::Wait { until: Timestamp::UNIX_EPOCH, why: "its limit".into(), stops: true },
        Outcome::Pause { why: PauseReason::ShopRemoved, until: None },
    ]
}

fn lanes() -> Vec<LaneStatus> {
    let (until, job) = (Timestamp::UNIX_EPOCH, JobId::from(1));
    let pause = Pause { why: PauseReason::ShopRemoved, until: None, by: None, since: until };
    vec![
        LaneStatus::Idle,
        LaneStatus::Running { until },
        LaneStatus::Waiting,
        LaneStatus::Throttled(Rest { until, why: "its limit".into() }),
        LaneStatus::Retrying { job: job.clone(), until },
        LaneStatus::Blocked { job },
        LaneStatus::Paused(pause),
    ]
}

fn pauses() -> Vec<PauseReason> {
    vec![
        PauseReason::TokenRefused { account: account() },
        PauseReason::SecretMissing { reference: "env:TOKEN".into() },
        PauseReason::ProviderRefuses { account: account(), words: "no such plan".into() },
        PauseReason::Operator { why: "stock-taking".into() },
        PauseReason::NoProgress,
        PauseReason::ShopRemoved,
        PauseReason::Uninstalled,
    ]
}

#[test]
fn a_word_that_is_kept_is_read_back_as_what_it_was() {
    for kind in StateKind::ALL {
        assert_eq!(StateKind::parse(kind.as_str()), Some(kind));
    }
    let asks = [Ask::Export, Ask::RedactCustomer, Ask::RedactShop];
    for ask in asks {
        assert_eq!(Ask::parse(ask.as_str()), Some(ask));
    }
    assert_eq!((StateKind::parse("xyzzy"), Ask::parse("xyzzy")), (None, None));
    told_apart(StateKind::ALL.map(StateKind::as_str));
    told_apart(asks.map(Ask::as_str));
    for role in [Role::Viewer, Role::Reviewer, Role::Admin] {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    assert_eq!([Role::parse("viewer"), Role::parse("xyzzy")], [Some(Role::Viewer), None]);
    for text in ["env:TOKEN", "file:/run/secrets/a:b"] {
        let secret: SecretRef = text.parse().unwrap();
        assert_eq!((secret.to_string().as_str(), String::from(secret).as_str()), (text, text));
    }
    for text in ["", "env:", "file:", "TOKEN", "vault:x"] {
        assert!(text.parse::<SecretRef>().is_err(), "{text}");
    }
}

#[test]
fn words_by_which_decisions_outcomes_and_pauses_are_counted_are_told_apart() {
    told_apart([Verdict::Approve, Verdict::Reject, Verdict::Retry].map(Verdict::as_str));
    told_apart(outcomes().iter().map(Outcome::label));
    told_apart(pauses().iter().map(PauseReason::label));
    told_apart(lanes().iter().map(LaneStatus::label));
    told_apart([QuarantineReason::UnknownShop, QuarantineReason::Unreadable].map(QuarantineReason::as_str));
    let recorded = [Recorded::Unchanged, Recorded::Duplicate, Recorded::Closed, Recorded::Asked, Recorded::Forgotten];
    told_apart(recorded.iter().map(Recorded::label));
    assert_eq!(Source::Shopify.as_str(), "shopify", "it is in every row of a shop");
}

#[test]
fn people_are_told_what_happened_and_where() {
    told_apart(outcomes().iter().map(Outcome::words));
    told_apart(pauses().iter().map(PauseReason::words));
    let said = |part: &str| outcomes().iter().filter(|outcome| outcome.words().contains(part)).count();
    assert_eq!((said("shipstation: 503"), said("shipstation: 405"), said("its limit"), said("as 77")), (1, 1, 1, 1));
    let skips = [
        SkipReason::Cancelled,
        SkipReason::TestOrder,
        SkipReason::FinancialStatus("pending".into()),
        SkipReason::NothingToShip,
        SkipReason::AlreadyFulfilled,
        SkipReason::ShipsElsewhere,
        SkipReason::LeftAsItStands,
        SkipReason::Redacted,
        SkipReason::UnknownToShop,
    ];
    told_apart(skips.iter().map(SkipReason::words));
    let holds = [HoldReason::TotalAbove, HoldReason::CountryDiffers, HoldReason::InDoubt, HoldReason::ReadBackDiffers];
    told_apart(holds.map(HoldReason::words));
}

#[test]
fn somebody_is_called_for_what_does_not_go_on_by_itself() {
    let calls: Vec<&str> = outcomes().iter().filter(|outcome| outcome.needs_a_person()).map(Outcome::label).collect();
    assert_eq!(calls, ["hold", "fail", "pause"]);
    assert!(Outcome::Skip(SkipReason::UnknownToShop).needs_a_person(), "perhaps it is another shop's");
}

#[test]
fn rules_say_their_figures_and_whether_they_look_at_other_orders() {
    let above = Rule::TotalAbove { limit: "500 USD".parse().unwrap() };
    let company = [Rule::CustomerWaiting { orders: 3 }, Rule::SameAddress {}, Rule::SameCard {}];
    let alone =
        [above.clone(), Rule::CountryDiffers {}, Rule::Tagged { tags: vec!["vip".into()] }, Rule::Everything {}];
    told_apart(company.iter().chain(&alone).map(Rule::words));
    assert!(above.words().contains("500") && company[0].words().contains('3'));
    let asks = |rule: &Rule| HoldRules { rules: vec![rule.clone()], ..HoldRules::default() }.ask_for_company();
    assert!(company.iter().all(|rule| rule.asks_for_company() && asks(rule)));
    assert!(!alone.iter().any(|rule| rule.asks_for_company() || asks(rule)));
}

#[test]
fn ids_say_what_they_were_made_of() {
    for text in ["a", "acme-2", "0"] {
        assert_eq!(ShopId::parse(text).unwrap().as_str(), text);
    }
    let shop = ShopId::parse("acme").unwrap();
    for text in ["A", "", "a b", "a_b", &"a".repeat(33)] {
        assert!(ShopId::parse(text).is_err(), "{text}");
    }
    assert_eq!(OperatorId::parse("Ann Lee").unwrap().as_str(), "Ann Lee");
    for text in ["", "ann\n", &"a".repeat(61)] {
        assert!(OperatorId::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(account().as_str(), account().to_string());
    let correlation = CorrelationId::of(&[7; 32], Timestamp::UNIX_EPOCH);
    assert_eq!((correlation.as_str().len(), correlation.as_str()), (16, correlation.to_string().as_str()));
    assert_eq!((JobId::from(1001).as_str(), LaneKey::orders(&shop).group().contains("acme")), ("1001", true));
}

#[test]
fn what_may_have_been_written_without_a_word_is_unresolved() {
    for reach in [Reach::Untouched, Reach::Unresolved] {
        assert_eq!(reach.or_unresolved(), Reach::Unresolved);
    }
}

#[test]
fn a_clock_that_tests_move_stands_still_otherwise() {
    let clock = ManualClock::starting(Timestamp::UNIX_EPOCH);
    assert_eq!((clock.now(), clock.now()), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
    clock.advance(Duration::from_secs(5));
    assert_eq!(clock.now().as_second(), 5);
    assert!(SystemClock::start().now() > clock.now(), "the machine's is elsewhere");
}

#[test]
fn a_lane_stands_still_if_it_is_not_at_work_although_there_may_be_some() {
    let stalled: Vec<&str> = lanes().iter().filter(|lane| lane.is_stalled()).map(LaneStatus::label).collect();
    assert_eq!(stalled, ["throttled", "retrying", "blocked", "paused"]);
}

#[test]
fn a_page_has_the_rows_that_were_asked_for_and_never_more_than_its_most() {
    let rows = [0, 1, 7, PAGE_ROWS_MAX, PAGE_ROWS_MAX + 1].map(|limit| Page { after: None, limit }.rows());
    assert_eq!(rows, [PAGE_ROWS_MAX, 1, 7, PAGE_ROWS_MAX, PAGE_ROWS_MAX]);
}

#[test]
fn a_service_needs_a_method_a_carrier_and_a_service_and_countries_that_there_are() {
    let problems = |method: &str, carrier: &str, service: &str, country: &str| {
        let (method, carrier, service) = (method.into(), carrier.into(), service.into());
        let mut carriage = Carriage::default();
        carriage.services.push(Service {
            method,
            carrier,
            service,
            countries: vec![country.into()],
            package: None,
            confirmation: None,
        });
        carriage.problems().len()
    };
    assert_eq!(problems("Express*", "ups", "ups_next_day_air", "US"), 0);
    for (method, carrier, service, country) in [
        (" ", "ups", "air", "US"),
        ("Express", "", "air", "US"),
        ("Express", "ups", "", "US"),
        ("Express", "ups", "air", "XX1"),
    ] {
        assert_eq!(problems(method, carrier, service, country), 1, "{method} {carrier} {service} {country}");
    }
}

#[test]
fn a_shop_that_leaves_twice_asks_twice_to_be_forgotten_and_a_customer_asks_once_by_one_body() {
    let request = |ask, event: &str| Webhook {
        source: Source::Shopify,
        merchant: "acme.myshopify.com".into(),
        topic: "of the request".into(),
        webhook_id: None,
        event_id: Some(event.into()),
        body_hash: [7; 32],
        body: Bytes::new(),
        received_at: Timestamp::UNIX_EPOCH,
        correlation: CorrelationId::of(&[7; 32], Timestamp::UNIX_EPOCH),
        content: Content::Privacy(PrivacyRequest { ask, subject: Subject::default(), reference: None }),
    };
    let known = |ask| {
        let first = request(ask, "e1").identity_keys("acme");
        request(ask, "e2").identity_keys("acme").iter().any(|key| first.contains(key))
    };
    assert!(!known(Ask::RedactShop));
    assert!(known(Ask::RedactCustomer) && known(Ask::Export));
}

#[test]
fn a_shops_calls_go_to_its_first_domain_under_a_limit_of_its_own() {
    let shop = Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec!["acme.myshopify.com".into(), "acme-old.myshopify.com".into()],
        token: "env:TOKEN".parse().unwrap(),
        warehouse: account(),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!((shop.domain(), shop.platform_account()), ("acme.myshopify.com", AccountId::at("shopify", "acme")));
    assert_eq!(Shop { domains: vec![], ..shop }.domain(), "");
}

#[test]
fn what_a_webhook_caused_names_the_wake_up_to_send() {
    let (shop, job) = (ShopId::parse("acme").unwrap(), JobId::from(1001));
    let (lane, number, dedup) = (LaneKey::orders(&shop), "#1001".to_owned(), DedupId::first(&job));
    let wake_up = WakeUp { lane: lane.clone(), shop, job, number, at: Timestamp::UNIX_EPOCH, approved: false };
    let send = Some(Envelope { wake_up, dedup });
    let state = StateKind::Waiting;
    let new = Recorded::New { lane: lane.clone(), state, send: send.clone() };
    let newer = Recorded::Newer { lane: lane.clone(), state, send: send.clone() };
    assert_eq!((new.wake_up(), newer.wake_up()), (send.as_ref(), send.as_ref()));
    assert_eq!(Recorded::New { lane, state, send: None }.wake_up(), None, "its lane has work enough");
    assert_eq!(Recorded::Duplicate.wake_up(), None);
}
