//! What each topic says. The bodies have the shapes of the platform's sample payloads, with values of our own.

use super::harness::*;

use lane::clock::Timestamp;
use lane::marks::Mark;
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::webhook::{Content, Named};

/// A shop, as `app/uninstalled` carries it.
pub(crate) const SHOP: &str = r#"{"id":548380009,"name":"Acme","email":"owner@example.com","domain":null,
    "country":"US","phone":"555-0100","myshopify_domain":"Acme.myshopify.com","plan_name":"basic"}"#;

pub(crate) const DATA_REQUEST: &str = r#"{"shop_id":548380009,"shop_domain":"Acme.myshopify.com",
    "orders_requested":[299938,5123456789012345678],
    "customer":{"id":191167,"email":"Jane@Example.com","phone":"555-0101"},"data_request":{"id":9999}}"#;

pub(crate) const CUSTOMER_REDACT: &str = r#"{"shop_id":548380009,"shop_domain":"acme.myshopify.com",
    "customer":{"id":191167,"email":"jane@example.com","phone":"555-0101"},"orders_to_redact":[299938,280263]}"#;

pub(crate) const SHOP_REDACT: &str = r#"{"shop_id":548380009,"shop_domain":"acme.myshopify.com"}"#;

pub(crate) const EDITED: &str = r#"{"order_edit":{"id":78912328793,"app_id":null,"order_id":820982911946154508,
    "notify_customer":false,"line_items":{"additions":[{"id":1,"delta":1}],"removals":[]}}}"#;

pub(crate) const RISK: &str = r#"{"provider_id":1,"provider_title":"Risks","risk_level":"low",
    "created_at":"2026-11-20T10:00:00-05:00","order_id":"820982911946154508",
    "admin_graphql_api_order_id":"gid://shopify/Order/820982911946154508"}"#;

pub(crate) const REFUND: &str = r#"{"id":890088186047892319,"order_id":820982911946154508,"note":"broken",
    "user_id":548380009,"refund_line_items":[{"id":1,"quantity":1}],"transactions":[]}"#;

pub(crate) const DELETED: &str = r#"{"id":820982911946154508}"#;

const ON_HOLD: &str = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"on_hold",
    "fulfillment_holds":[{"id":"gid://shopify/FulfillmentHold/1","reason":"other"}]},
    "remaining_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"}}"#;

const OPEN: &str = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"open"}}"#;

const HOLD: &str = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1"},
    "fulfillment_hold":{"id":"gid://shopify/FulfillmentHold/1","reason":"other"}}"#;

const MOVED: &str = r#"{"original_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"closed"},
    "moved_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"}}"#;

const SPLIT: &str = r#"{"split_line_items":[{"id":"gid://shopify/FulfillmentOrderLineItem/1","quantity":1}],
    "fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"open"},
    "remaining_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"},
    "replacement_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/3","status":"open"}}"#;

const MERGED: &str = r#"{"merge_intents":[{"fulfillment_order_id":1},{"fulfillment_order_id":2}],
    "fulfillment_order_merges":{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"}}}"#;

const CANCELLED: &str = r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","status":"cancelled"},
    "replacement_fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"}}"#;

/// Every topic that is work of ours, with a body of its own.
pub(crate) const EVERY: [(&str, &str); 25] = [
    ("orders/create", ORDER),
    ("orders/paid", ORDER),
    ("orders/updated", ORDER),
    ("orders/cancelled", ORDER),
    ("orders/fulfilled", ORDER),
    ("orders/partially_fulfilled", ORDER),
    ("orders/edited", EDITED),
    ("orders/risk_assessment_changed", RISK),
    ("refunds/create", REFUND),
    ("orders/delete", DELETED),
    ("fulfillment_holds/added", HOLD),
    ("fulfillment_holds/released", HOLD),
    ("fulfillment_orders/placed_on_hold", ON_HOLD),
    ("fulfillment_orders/hold_released", OPEN),
    ("fulfillment_orders/scheduled_fulfillment_order_ready", OPEN),
    ("fulfillment_orders/rescheduled", OPEN),
    ("fulfillment_orders/order_routing_complete", OPEN),
    ("fulfillment_orders/moved", MOVED),
    ("fulfillment_orders/split", SPLIT),
    ("fulfillment_orders/merged", MERGED),
    ("fulfillment_orders/cancelled", CANCELLED),
    ("app/uninstalled", SHOP),
    ("customers/data_request", DATA_REQUEST),
    ("customers/redact", CUSTOMER_REDACT),
    ("shop/redact", SHOP_REDACT),
];

/// What the ledger was told of a webhook.
pub(crate) async fn told(topic: &str, body: &str) -> Content {
    let world = World::new();
    let answer = world.post(about(topic, body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{topic}");
    let recorded = world.recorded();
    let [webhook] = &recorded[..] else { panic!("{topic}: not recorded once") };
    assert_eq!((webhook.topic.as_str(), webhook.merchant.as_str()), (topic, "acme.myshopify.com"));
    webhook.content.clone()
}

#[tokio::test]
async fn a_topic_that_carries_an_order_says_its_state() {
    for (topic, body) in &EVERY[..6] {
        let Content::Order(news) = told(topic, body).await else { panic!("{topic}") };
        assert_eq!((news.id, news.number.as_str()), (job(5_123_456_789_012_345_678), "#1001"), "{topic}");
        assert_eq!(news.marks.customer, Some(Mark::customer("6600000000000000001")), "{topic}");
    }
}

#[tokio::test]
async fn a_topic_that_names_an_order_says_that_it_changed() {
    let named = Content::Touched(Named::Order(job(820_982_911_946_154_508)));
    for (topic, body) in &EVERY[6..10] {
        assert_eq!(told(topic, body).await, named, "{topic}");
    }
    let ways = [
        ("orders/edited", r#"{"order_id":820982911946154508}"#),
        ("orders/edited", r#"{"order_edit":{"order_id":"gid://shopify/Order/820982911946154508"}}"#),
        ("orders/risk_assessment_changed", r#"{"order_id":820982911946154508,"risk_level":"high"}"#),
        ("orders/risk_assessment_changed", r#"{"order_id":"gid://shopify/Order/820982911946154508"}"#),
        (
            "orders/risk_assessment_changed",
            r#"{"order_id":null,"admin_graphql_api_order_id":"gid://shopify/Order/820982911946154508"}"#,
        ),
    ];
    for (topic, body) in ways {
        assert_eq!(told(topic, body).await, named, "{body}");
    }
}

#[tokio::test]
async fn a_topic_about_a_part_names_the_one_that_was_there_before() {
    let part = Content::Touched(Named::Part("gid://shopify/FulfillmentOrder/1".to_owned()));
    for (topic, body) in &EVERY[10..21] {
        assert_eq!(told(topic, body).await, part, "{topic}");
    }
    let as_a_list = MERGED.replace(r#""merge_intents""#, r#""other""#).replace(
        r#"{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/2","status":"open"}}"#,
        r#"[{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1"}}]"#,
    );
    assert_eq!(told("fulfillment_orders/merged", &as_a_list).await, part);
    let with_its_order = r#"{"fulfillment_order":{"id":1,"order_id":450789469,"status":"open"}}"#;
    let order = Content::Touched(Named::Order(job(450_789_469)));
    assert_eq!(told("fulfillment_orders/hold_released", with_its_order).await, order);
}

#[tokio::test]
async fn a_body_that_names_nothing_is_kept_aside() {
    for (topic, _) in &EVERY[6..21] {
        for body in
            ["{}", r#"{"order_id":null}"#, r#"{"order_id":"canary","id":true}"#, r#"{"order_edit":[]}"#, "[]", "canary"]
        {
            let Content::Unreadable { why } = told(topic, body).await else { panic!("{topic}: {body}") };
            assert!(!why.is_empty() && !why.contains("canary"), "{topic}: {why}");
        }
    }
}

#[tokio::test]
async fn an_app_is_taken_away_at_the_moment_that_the_platform_names() {
    let world = World::new();
    let moments = [
        ("2026-11-21T11:00:00.5Z", "2026-11-21T11:00:00.5Z"),
        ("2026-11-22T12:00:00Z", "2026-11-21T12:00:00Z"),
        ("1970-01-01T00:00:00Z", "2026-11-21T12:00:00Z"),
        ("soon", "2026-11-21T12:00:00Z"),
    ];
    for (triggered_at, at) in moments {
        let mut sent = about("app/uninstalled", SHOP);
        sent.headers_mut().insert("x-shopify-triggered-at", triggered_at.parse().unwrap());
        let answer = world.post(sent).await;
        assert_eq!((answer.status, answer.header("x-lanekeeper-outcome")), (200, Some("closed")));
        let recorded = world.take_recorded();
        assert_eq!(
            recorded[0].content,
            Content::Uninstalled { at: at.parse::<Timestamp>().unwrap() },
            "{triggered_at}"
        );
        assert!(recorded[0].body.is_empty(), "what else it says of the owner is not kept");
    }
}

#[tokio::test]
async fn a_request_about_somebodys_data_keeps_marks_and_ids_alone() {
    let subject = |orders: [u64; 2]| Subject {
        customer: Some(Mark::customer("191167")),
        email: Mark::email("jane@example.com"),
        orders: orders.map(job).to_vec(),
    };
    let whole = Subject::default();
    let cases = [
        (
            "customers/data_request",
            DATA_REQUEST,
            Ask::Export,
            subject([299_938, 5_123_456_789_012_345_678]),
            Some("9999"),
        ),
        ("customers/redact", CUSTOMER_REDACT, Ask::RedactCustomer, subject([299_938, 280_263]), None),
        ("shop/redact", SHOP_REDACT, Ask::RedactShop, whole, None),
    ];
    for (topic, body, ask, subject, reference) in cases {
        let world = World::new();
        let answer = world.post(about(topic, body)).await;
        assert_eq!((answer.status, answer.header("x-lanekeeper-outcome")), (200, Some("asked")), "{topic}");
        let recorded = world.recorded();
        let reference = reference.map(str::to_owned);
        assert_eq!(recorded[0].content, Content::Privacy(PrivacyRequest { ask, subject, reference }), "{topic}");
        let all = format!("{:?}", recorded[0]).to_lowercase();
        assert!(recorded[0].body.is_empty() && !all.contains("jane") && !all.contains("555-0101"), "{topic}: {all}");
        assert!(world.sent().is_empty(), "{topic}");
    }
}

#[tokio::test]
async fn a_request_is_read_that_has_empty_lists_as_null_or_fields_that_nobody_knows_yet() {
    let null = |body: &str, list: &str| {
        let (before, rest) = body.split_once(&format!("\"{list}\":[")).unwrap();
        format!("{before}\"{list}\":null{}", rest.split_once(']').unwrap().1)
    };
    let more = |body: &str, field: &str| body.replacen('{', &format!("{{{field},"), 1);
    let cases = [
        ("customers/redact", null(CUSTOMER_REDACT, "orders_to_redact"), Ask::RedactCustomer),
        (
            "customers/redact",
            more(CUSTOMER_REDACT, r#""orders_requested":null,"data_request":null"#),
            Ask::RedactCustomer,
        ),
        ("customers/redact", more(CUSTOMER_REDACT, r#""reason":{"code":"gdpr"}"#), Ask::RedactCustomer),
        ("customers/data_request", null(DATA_REQUEST, "orders_requested"), Ask::Export),
        ("customers/data_request", more(DATA_REQUEST, r#""orders_to_redact":null,"locale":"en""#), Ask::Export),
        ("shop/redact", more(SHOP_REDACT, r#""shop_name":"Acme","requested_at":null,"plan":{}"#), Ask::RedactShop),
    ];
    for (topic, body, ask) in cases {
        let content = told(topic, &body).await;
        let Content::Privacy(request) = content else { panic!("{topic} {body}: {content:?}") };
        assert_eq!(request.ask, ask, "{body}");
        let names_somebody = request.subject.customer.is_some();
        assert_eq!(names_somebody, ask != Ask::RedactShop, "{body}");
    }
}

#[tokio::test]
async fn of_a_request_about_somebodys_data_that_cannot_be_read_nothing_is_kept_but_that_it_came() {
    for topic in ["customers/data_request", "customers/redact", "shop/redact"] {
        for body in [r#"{"customer":{"email":"jane@example.com","phone":"555-0101"}}"#, "jane 555-0101", "\u{0}jane"] {
            let world = World::new();
            let answer = world.post(about(topic, body)).await;
            assert_eq!(answer.status, 200, "{topic}: {body}");
            let recorded = world.recorded();
            let Content::Unreadable { why } = &recorded[0].content else { panic!("{topic}: {body}") };
            assert!(why.contains("Partner dashboard"), "{why}");
            let all = format!("{:?}", recorded[0]).to_lowercase();
            assert!(recorded[0].body.is_empty() && !all.contains("jane") && !all.contains("555-0101"), "{all}");
        }
    }
}

#[tokio::test]
async fn a_customer_may_have_an_id_or_a_mail_address_or_orders_alone() {
    let redact = |customer: &str, orders: &str| {
        format!(
            r#"{{"shop_id":1,"shop_domain":"acme.myshopify.com","customer":{customer},"orders_to_redact":{orders}}}"#
        )
    };
    let found = [
        (redact(r#"{"id":7}"#, "[]"), Subject { customer: Some(Mark::customer("7")), ..Subject::default() }),
        (
            redact(r#"{"id":null,"email":"a@b.example"}"#, "[]"),
            Subject { email: Mark::email("a@b.example"), ..Subject::default() },
        ),
        (redact("{}", r#"["7"]"#), Subject { orders: vec![job(7)], ..Subject::default() }),
    ];
    for (body, subject) in found {
        let Content::Privacy(request) = told("customers/redact", &body).await else { panic!("{body}") };
        assert_eq!(request.subject, subject, "{body}");
    }
    // Somebody is meant and would be missed.
    for body in [
        redact("{}", "[]"),
        redact(r#"{"id":"x"}"#, "[1]"),
        redact(r#"{"id":1}"#, r#"[1,"x"]"#),
        redact(r#"{"id":1}"#, r#""1""#),
    ] {
        let content = told("customers/redact", &body).await;
        assert!(matches!(content, Content::Unreadable { .. }), "{body}: {content:?}");
    }
}

#[tokio::test]
async fn a_topic_that_is_no_work_is_passed_over() {
    let world = World::new();
    for topic in
        ["order_transactions/create", "fulfillments/create", "shop/update", "products/update", "orders/create/x", "?"]
    {
        let answer = world.post(about(topic, order(1))).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{topic}");
        assert_eq!(answer.header("x-lanekeeper-outcome"), Some("ignored"), "{topic}");
        assert!(world.nothing_was_asked(), "{topic}");
    }
}
