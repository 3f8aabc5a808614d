//! Only the body is signed. Whoever has one signed body can choose the topic and the shop that he says it is of; what he
//! can make of it is shown here.

use super::harness::*;
use super::topics::*;

use axum::body::Body;
use lane::webhook::Content;

/// The bodies by what they are.
const BODIES: [(&str, &str); 9] = [
    ("order", ORDER),
    ("edit", EDITED),
    ("risk", RISK),
    ("refund", REFUND),
    ("deleted", DELETED),
    ("shop", SHOP),
    ("data request", DATA_REQUEST),
    ("customer", CUSTOMER_REDACT),
    ("whole shop", SHOP_REDACT),
];

async fn refused(topic: &str, what: &str, body: &str) {
    let content = told(topic, body).await;
    assert!(matches!(content, Content::Unreadable { .. }), "{what} as {topic}: {content:?}");
}

#[tokio::test]
async fn what_closes_or_erases_takes_no_body_of_another_topic() {
    let own = [
        ("app/uninstalled", "shop"),
        ("customers/data_request", "data request"),
        ("customers/redact", "customer"),
        ("shop/redact", "whole shop"),
    ];
    for (topic, mine) in own {
        for (what, body) in BODIES.into_iter().filter(|(what, _)| *what != mine) {
            refused(topic, what, body).await;
        }
        for (of, body) in &EVERY[10..21] {
            refused(topic, of, body).await;
        }
    }
}

#[tokio::test]
async fn a_topic_about_orders_takes_no_body_that_is_none() {
    for (topic, _) in &EVERY[..6] {
        for (what, body) in BODIES.into_iter().filter(|(what, _)| !["order", "deleted"].contains(what)) {
            refused(topic, what, body).await;
        }
    }
    for (topic, _) in &EVERY[6..9] {
        for what in ["order", "shop", "data request", "customer", "whole shop"] {
            let (_, body) = BODIES.into_iter().find(|(known, _)| *known == what).unwrap();
            refused(topic, what, body).await;
        }
    }
    for (what, body) in BODIES.into_iter().filter(|(what, _)| *what != "deleted") {
        refused("orders/delete", what, body).await;
    }
    for (topic, _) in &EVERY[10..21] {
        for (what, body) in BODIES {
            refused(topic, what, body).await;
        }
    }
}

#[tokio::test]
async fn what_closes_or_erases_must_name_the_shop_in_the_body_too() {
    for (topic, body) in &EVERY[21..] {
        let world = World::new();
        let signature = sign(SECRET, body.as_bytes());
        let sent = request(&[
            ("X-Shopify-Hmac-Sha256", &signature),
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Shop-Domain", "bolt.myshopify.com"),
        ]);
        assert_eq!(world.post(sent.body(Body::from(*body)).unwrap()).await.status, 200, "{topic}");
        let Content::Unreadable { why } = &world.recorded()[0].content else { panic!("{topic}") };
        assert!(why.starts_with("the body names another shop than the shop-domain header"), "{topic}: {why}");
    }
    let unnamed = SHOP_REDACT.replace("shop_domain", "domain");
    refused("shop/redact", "without a shop", &unnamed).await;
}

#[tokio::test]
async fn a_shop_is_erased_by_nothing_that_says_more_or_less_than_that() {
    for more in [
        r#""customer":{}"#,
        r#""customer":null"#,
        r#""orders_to_redact":[]"#,
        r#""id":1"#,
        r#""shop_id":2"#,
        r#""data_request":null"#,
    ] {
        let body = SHOP_REDACT.replacen('{', &format!("{{{more},"), 1);
        refused("shop/redact", more, &body).await;
    }
    for (mixed, topic) in [(CUSTOMER_REDACT, "customers/redact"), (DATA_REQUEST, "customers/data_request")] {
        for more in [r#""data_request":{"id":1}"#, r#""orders_requested":[]"#, r#""orders_to_redact":[]"#] {
            let known = more.split(':').next().unwrap();
            let fits = topic == "customers/data_request" && known != r#""orders_to_redact""#;
            if mixed.contains(known) || fits {
                continue;
            }
            refused(topic, more, &mixed.replacen('{', &format!("{{{more},"), 1)).await;
        }
    }
    // Nothing tells which of the two it is.
    let either =
        r#"{"shop_domain":"acme.myshopify.com","customer":{"id":1},"orders_to_redact":null,"orders_requested":null}"#;
    refused("customers/redact", "either", either).await;
    refused("customers/data_request", "either", either).await;
}
