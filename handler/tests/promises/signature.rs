//! Only what the platform signed gets in, and what does not get in leaves no trace in the ledger.

use super::harness::*;
use super::topics::EVERY;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use std::sync::Arc;

const HEADER: &str = "X-Shopify-Hmac-Sha256";

async fn refused(world: &World, what: &str, request: Request<Body>) {
    let answer = world.post(request).await;
    assert_eq!(answer.status, 401, "{what}");
    assert!(answer.body.starts_with("The signature does not fit"), "{what}: {}", answer.body);
    assert!(world.nothing_was_asked(), "{what}");
}

#[tokio::test]
async fn the_published_vector_is_let_in() {
    let world = World::new();
    let settings = handler::Settings::new(vec![SecretString::from("test_secret_key")]).unwrap();
    let router = handler::router(settings, Arc::clone(&world.ledger) as _, world.queue.clone(), clock());
    let vector = |body: &'static str| {
        request(&[
            (HEADER, "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="),
            ("X-Shopify-Topic", "orders/create"),
            ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
        ])
        .body(Body::from(body))
        .unwrap()
    };
    let world = World { router, ..world };
    refused(&world, "the same JSON, other bytes", vector(r#"{"foo":"bar"}"#)).await;
    assert_eq!(world.post(vector(r#"{"foo": "bar"}"#)).await.status, 200);
    assert_eq!(world.recorded()[0].body, r#"{"foo": "bar"}"#, "kept byte for byte");
}

#[tokio::test]
async fn every_secret_of_a_rotation_is_good_and_a_revoked_one_is_not() {
    let world = World::new();
    for (id, secret) in [(1, SECRET), (2, PREVIOUS)] {
        let body = order(id);
        let signature = sign(secret, body.as_bytes());
        let sent = request(&[
            (HEADER, &signature),
            ("X-Shopify-Topic", "orders/create"),
            ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
        ]);
        assert_eq!(world.post(sent.body(Body::from(body)).unwrap()).await.status, 200, "{secret}");
    }
    assert_eq!(world.recorded().len(), 2);

    let world = World::new();
    let revoked = sign("shpss_revoked", order(3).as_bytes());
    let sent = request(&[(HEADER, &revoked)]).body(Body::from(order(3))).unwrap();
    refused(&world, "revoked", sent).await;
}

#[tokio::test]
async fn a_flawed_signature_is_refused_and_the_ledger_is_not_asked() {
    let world = World::new();
    let body = order(1);
    let good = sign(SECRET, body.as_bytes());
    let raw = STANDARD.decode(&good).unwrap();
    let url_safe = base64::engine::general_purpose::URL_SAFE.encode(&raw);
    let flaws = [
        ("empty", String::new()),
        ("hex", hex::encode(&raw)),
        ("short", STANDARD.encode(&raw[..20])),
        ("long", STANDARD.encode([&raw[..], &raw[..]].concat())),
        ("not base64", "*".repeat(44)),
        ("unpadded", good.trim_end_matches('=').to_owned()),
        ("a space inside", format!("{} {}", &good[..10], &good[10..])),
        ("two in one", format!("{good},{good}")),
        ("another body's", sign(SECRET, b"{}")),
        ("another secret's", sign("guess", body.as_bytes())),
        ("quoted", format!("\"{good}\"")),
    ];
    for (what, signature) in flaws {
        let sent = request(&[(HEADER, &signature)]).body(Body::from(body.clone())).unwrap();
        refused(&world, what, sent).await;
    }
    if url_safe != good {
        let sent = request(&[(HEADER, &url_safe)]).body(Body::from(body.clone())).unwrap();
        refused(&world, "url-safe base64", sent).await;
    }
    refused(&world, "missing", request(&[]).body(Body::from(body.clone())).unwrap()).await;
    let doubled = request(&[(HEADER, &good), (HEADER, &good)]).body(Body::from(body)).unwrap();
    refused(&world, "doubled", doubled).await;
}

#[tokio::test]
async fn both_families_of_headers_are_understood_in_any_case() {
    let names = ["hmac-sha256", "topic", "shop-domain", "webhook-id", "event-id"];
    for prefix in ["X-Shopify-", "x-shopify-", "X-SHOPIFY-", "shopify-", "Shopify-", "SHOPIFY-"] {
        let world = World::new();
        let body = order(7);
        let signature = sign(SECRET, body.as_bytes());
        let values = [signature.as_str(), "orders/paid", " Acme.MyShopify.com ", "w-1", "e-1"];
        let mut sent = request(&[]);
        for (name, value) in names.iter().zip(values) {
            sent = sent.header(format!("{prefix}{name}"), value);
        }
        assert_eq!(world.post(sent.body(Body::from(body)).unwrap()).await.status, 200, "{prefix}");
        let recorded = world.recorded();
        let webhook = &recorded[0];
        assert_eq!(webhook.topic, "orders/paid", "{prefix}");
        assert_eq!(webhook.merchant, "acme.myshopify.com", "{prefix}");
        assert_eq!(webhook.webhook_id.as_deref(), Some("w-1"), "{prefix}");
        assert_eq!(webhook.event_id.as_deref(), Some("e-1"), "{prefix}");
    }
}

#[tokio::test]
async fn the_newer_family_decides_when_both_are_there() {
    let world = World::new();
    let body = order(7);
    let good = sign(SECRET, body.as_bytes());
    let both = |newer: &str, older: &str| {
        request(&[(HEADER, older), ("shopify-hmac-sha256", newer)]).body(Body::from(body.clone())).unwrap()
    };
    refused(&world, "the older is good", both("bm9wZQ==", &good)).await;
    assert_eq!(world.post(both(&good, "bm9wZQ==")).await.status, 200);
}

/// What the platform's review of an app tries with the compliance topics holds for all.
#[tokio::test]
async fn every_topic_is_refused_without_a_signature_that_fits() {
    let world = World::new();
    for (topic, body) in EVERY {
        let forged = sign("guess", body.as_bytes());
        let other = sign(SECRET, b"{}");
        for signature in [None, Some("bm9wZQ=="), Some(forged.as_str()), Some(other.as_str())] {
            let mut sent = request(&[("X-Shopify-Topic", topic), ("X-Shopify-Shop-Domain", "acme.myshopify.com")]);
            if let Some(signature) = signature {
                sent = sent.header(HEADER, signature);
            }
            refused(&world, topic, sent.body(Body::from(body)).unwrap()).await;
        }
    }
}
