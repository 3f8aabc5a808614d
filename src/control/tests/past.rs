//! Commands about what a ledger has heard already: rules tried on past orders, and privacy requests.

use lane::clock::after;
use lane::id::{CorrelationId, Fingerprint, JobId, LaneKey};
use lane::line::Leased;
use lane::marks::{Mark, Marks};
use lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use lane::ports::{Begin, Intake as _, Work as _};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::rules::{Completeness, CustomsSeen, RiskSeen, Seen};
use lane::webhook::{Content, OrderNews, Webhook};
use std::time::Duration;

use super::*;

impl Running {
    /// A webhook of acme's comes in.
    async fn hears(&self, id: u64, topic: &str, content: Content) {
        let now = SystemClock::start().now();
        let mut body_hash = [0; 32];
        body_hash[..8].copy_from_slice(&id.to_be_bytes());
        let webhook = Webhook {
            source: Source::Shopify,
            merchant: "acme.myshopify.com".into(),
            topic: topic.into(),
            webhook_id: Some(format!("{topic}-{id}")),
            event_id: None,
            body_hash,
            body: b"{}".to_vec().into(),
            received_at: now,
            correlation: CorrelationId::of(&body_hash, now),
            content,
        };
        self.ledger.record(webhook).await.unwrap();
    }

    async fn sells(&self, id: u64) {
        let customer = Marks { customer: Some(Mark::customer("7")), ..Marks::default() };
        let news = OrderNews {
            id: JobId::from(id),
            number: format!("#{id}"),
            updated_at: None,
            fingerprint: Fingerprint::of(&id.to_be_bytes()),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: customer,
        };
        self.hears(id, "orders/create", Content::Order(news)).await;
    }

    /// The order at the head of the lane is attempted, which sees this of it.
    async fn attempts(&self, total: &str, tags: &[&str]) {
        let now = SystemClock::start().now();
        let lane = LaneKey::orders(&shop().id);
        let leased = self.ledger.lease(&lane, "test", now, after(now, Duration::from_mins(1))).await.unwrap();
        let Leased::Yes(lease) = leased else { panic!("the lane is not free") };
        let lane::ports::Head::Ready(job) = self.ledger.head(&lease, now).await.unwrap() else { panic!("no head") };
        let begun = self.ledger.begin(&lease, &job.id, Policy::default(), now).await.unwrap();
        assert!(matches!(begun, Begin::Attempt { .. }), "{begun:?}");
        let seen = Seen {
            total: total.parse().unwrap(),
            ships_to: Some("US".into()),
            billed_to: Some("US".into()),
            address: Completeness::Complete,
            risk: RiskSeen::Accept,
            most_units: 1,
            lines: 1,
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            customer_orders: Some(2),
            customs: CustomsSeen::default(),
            parts: Vec::new(),
        };
        let report = Report {
            outcome: Outcome::Fail(Trouble::new("ShipStation", "refused")),
            reach: Reach::Untouched,
            calls: Vec::new(),
            learnt: Learnt { seen: Some(seen), ..Learnt::default() },
        };
        self.ledger.complete(&lease, &job.id, report, Policy::default(), 0.5, now).await.unwrap();
        self.ledger.hand_back(&lease, now).await.unwrap();
    }

    async fn is_asked(&self, id: u64, ask: Ask) {
        let subject = Subject { customer: Some(Mark::customer("7")), email: None, orders: vec![JobId::from(1)] };
        let request = PrivacyRequest { ask, subject, reference: Some(format!("S-{id}")) };
        self.hears(id, "customers/asks", Content::Privacy(request)).await;
    }
}

#[tokio::test]
async fn rules_are_tried_on_every_past_order_that_was_seen_and_change_nothing() {
    let running = running();
    running.ask(add(shop())).await;
    for (id, total, tags) in
        [(1, "100.00 USD", &[][..]), (2, "600.00 USD", &["VIP"]), (3, "700.00 USD", &[]), (4, "5.00 USD", &["vip"])]
    {
        running.sells(id).await;
        running.attempts(total, tags).await;
    }
    running.sells(5).await;
    let rules = HoldRules {
        rules: vec![
            Rule::TotalAbove { limit: "650.00 USD".parse().unwrap() },
            Rule::Tagged { tags: vec!["vip".into()] },
            Rule::SameAddress {},
        ],
        ..HoldRules::default()
    };
    let try_rules = |rules| Command::RulesTry { id: shop().id, rules };
    let tried = running.ask(try_rules(Some(rules))).await;
    assert!(!is_refusal(&tried));
    for part in [
        "total above 650.00 USD: would have held 1 of 4",
        "tagged vip: would have held 2 of 4",
        "In total 3 of 4",
        "looks at other orders of its day: same address as a held order",
        "1 past orders were not tried",
    ] {
        assert!(words(&tried).contains(part), "{part}: {}", words(&tried));
    }
    // Without rules, those that the shop has.
    let tried = running.ask(try_rules(None)).await;
    assert!(words(&tried).contains("total above 500.00 USD: would have held 2 of 4"), "{}", words(&tried));
    let Reply::Shops(shops) = running.ask(Command::ShopList).await else { panic!() };
    assert_eq!(shops[0].rules, shop().rules);
}

#[tokio::test]
async fn rules_and_terms_that_cannot_be_used_are_refused_with_their_sentences() {
    let running = running();
    let twice = HoldRules { rules: vec![Rule::Everything {}, Rule::Everything {}], ..HoldRules::default() };
    let terms = Shop { rules: twice.clone(), ..shop() };
    let mut carriage = shop();
    carriage.carriage.burst.orders = 0;
    for (shop, part) in [(terms, "stands there twice"), (carriage, "burst.orders must be 1 to 100")] {
        let reply = running.ask(add(shop)).await;
        assert!(is_refusal(&reply) && words(&reply).contains(part), "{}", words(&reply));
    }
    let nobody = running.ask(Command::RulesTry { id: shop().id, rules: None }).await;
    assert_eq!(nobody, Reply::NoSuchShop(shop().id));
    running.ask(add(shop())).await;
    let reply = running.ask(Command::RulesTry { id: shop().id, rules: Some(twice) }).await;
    assert!(is_refusal(&reply) && words(&reply).contains("stands there twice"), "{}", words(&reply));
}

#[tokio::test]
async fn privacy_requests_are_listed_exported_and_carried_out() {
    let running = running();
    running.ask(add(shop())).await;
    running.sells(1).await;
    running.is_asked(10, Ask::Export).await;
    running.is_asked(11, Ask::RedactCustomer).await;
    let listed = running.ask(Command::PrivacyList { open: true }).await;
    let Reply::PrivacyRequests { requests, .. } = &listed else { panic!("{listed:?}") };
    let (export, redact) = (requests[0].id, requests[1].id);
    for part in ["acme wants a customer's data", "Shopify's number S-10", "is being carried out", "privacy export"] {
        assert!(words(&listed).contains(part), "{part}: {}", words(&listed));
    }

    let exported = running.ask(Command::PrivacyExport(export)).await;
    let Reply::PrivacyExported { data, .. } = &exported else { panic!("{exported:?}") };
    assert!(data.0.to_string().contains("#1"), "{}", data.0);
    assert!(!format!("{exported:?}{}", words(&exported)).contains("#1"));
    let waits = running.ask(Command::PrivacyList { open: true }).await;
    assert!(words(&waits).contains("privacy export"), "nobody has the file yet: {}", words(&waits));
    assert_eq!(running.ask(Command::PrivacyAnswered(export)).await, Reply::PrivacyAnswered(export));
    assert_eq!(running.ask(Command::PrivacyExport(redact)).await, Reply::NoSuchRequest(redact));
    assert_eq!(running.ask(Command::PrivacyDismiss(export)).await, Reply::NoSuchRequest(export), "it is answered");

    assert_eq!(running.ask(Command::PrivacyRedact(redact)).await, Reply::PrivacyRedacted(redact));
    let open = running.ask(Command::PrivacyList { open: true }).await;
    assert!(words(&open).contains("No privacy request is waiting"), "{}", words(&open));
    let all = running.ask(Command::PrivacyList { open: false }).await;
    assert_eq!(words(&all).matches("done ").count(), 2, "{}", words(&all));
    for nobody in [Command::PrivacyRedact(export), Command::PrivacyRedact(99), Command::PrivacyExport(99)] {
        let reply = running.ask(nobody).await;
        assert!(is_refusal(&reply), "{reply:?}");
    }
}
