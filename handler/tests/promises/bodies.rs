//! Whatever the platform signed is kept and answered 200, whether it makes sense or not: a refusal would be repeated
//! eight times and then cost the subscription.

use super::harness::*;

use axum::body::Body;
use lane::webhook::Content;
use proptest::prelude::*;

fn deep(open: &str, close: &str) -> Vec<u8> {
    format!("{}{}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
}

/// Authentic bodies that are no orders.
fn odd_bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", b"".to_vec()),
        ("not JSON", b"<html>canary</html>".to_vec()),
        ("cut off", br#"{"id":1,"name":"canary"#.to_vec()),
        ("something behind it", br#"{"id":1}{"canary":2}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("no id", br#"{"name":"canary"}"#.to_vec()),
        ("null id", br#"{"id":null}"#.to_vec()),
        ("id is text", br#"{"id":"canary"}"#.to_vec()),
        ("id is negative", br#"{"id":-5}"#.to_vec()),
        ("id is a fraction", br#"{"id":1.5}"#.to_vec()),
        ("id of 65 bits", br#"{"id":18446744073709551616}"#.to_vec()),
        ("id is 1e400", br#"{"id":1e400}"#.to_vec()),
        ("1e400 elsewhere", br#"{"id":1,"total_price":1e400}"#.to_vec()),
        ("two ids", br#"{"id":1,"id":2}"#.to_vec()),
        ("two addresses", br#"{"id":1,"shipping_address":{},"shipping_address":{}}"#.to_vec()),
        ("lines are text", br#"{"id":1,"line_items":"canary"}"#.to_vec()),
        ("a quantity is text", br#"{"id":1,"line_items":[{"quantity":"canary"}]}"#.to_vec()),
        ("a time that is none", br#"{"id":1,"updated_at":"canary"}"#.to_vec()),
        ("a time without offset", br#"{"id":1,"updated_at":"2026-11-21T10:00:00"}"#.to_vec()),
        ("invalid UTF-8", b"{\"id\":1,\"unknown\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", br#"{"id":1,"note":"canary \ud800"}"#.to_vec()),
        ("NUL bytes", b"{\"id\":1,\"name\":\"\0\"}".to_vec()),
        ("an escaped NUL", br#"{"id":1,"name":"\u0000"}"#.to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"id\":1}".to_vec()),
        ("UTF-16", "{\"id\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("gzip", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0]),
        ("10,000 lists", deep("[", "]")),
        ("10,000 open lists", b"[".repeat(10_000)),
        ("10,000 objects", deep(r#"{"id":"#, "}")),
        ("a name without end", format!(r#"{{"id":1,"name":"{}"}}"#, "n".repeat(10_000)).into()),
    ]
}

#[tokio::test]
async fn authentic_bodies_that_are_not_understood_are_kept_and_answered_200() {
    let world = World::new();
    for (what, body) in odd_bodies() {
        let answer = world.post(signed(&body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{what}");
        let recorded = world.take_recorded();
        let [webhook] = &recorded[..] else { panic!("{what}: not recorded once") };
        let Content::Unreadable { why } = &webhook.content else {
            panic!("{what} was understood: {:?}", webhook.content);
        };
        assert!(!why.is_empty() && !why.contains("canary"), "{what}: {why}");
        assert_eq!(webhook.body, body, "{what}");
    }
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn an_authentic_body_whose_headers_say_too_little_is_kept() {
    let signature = sign(SECRET, order(1).as_bytes());
    let hmac = ("X-Shopify-Hmac-Sha256", signature.as_str());
    let topic = ("X-Shopify-Topic", "orders/create");
    let shop = ("X-Shopify-Shop-Domain", "acme.myshopify.com");
    let cases: [(&[_], &str, &str); 4] = [
        (&[hmac, topic], "", "the shop-domain header is missing, comes twice or is not plain text"),
        (&[hmac, topic, shop, shop], "", "the shop-domain header is missing, comes twice or is not plain text"),
        (&[hmac, shop], "acme.myshopify.com", "the topic header is missing, comes twice or is not plain text"),
        (&[hmac], "", "the topic header is missing, comes twice or is not plain text"),
    ];
    for (headers, merchant, why) in cases {
        let world = World::new();
        let sent = request(headers).body(Body::from(order(1))).unwrap();
        assert_eq!(world.post(sent).await.status, 200);
        let recorded = world.recorded();
        assert_eq!(recorded[0].merchant, merchant);
        assert_eq!(recorded[0].content, Content::Unreadable { why: why.to_owned() });
    }
}

#[tokio::test]
async fn ids_beyond_2_53_stay_exact() {
    let world = World::new();
    for id in [820_982_911_946_154_508, 9_007_199_254_740_993, u64::MAX] {
        assert_eq!(world.post(signed(order(id))).await.status, 200);
        assert_eq!(news(&world.take_recorded()[0]).id, job(id));
    }
    assert_eq!(world.sent(), ["820982911946154508", "9007199254740993", "18446744073709551615"]);
}

fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8], 0..80)
}

proptest! {
    #[test]
    fn whatever_is_signed_right_is_answered_200(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "[\\[\\]{}:,\"0-9a-z\\\\ ]{0,200}".prop_map(String::into_bytes),
        ],
        topic in prop_oneof![Just("orders/create".to_owned()), "[ -~]{0,40}"],
    ) {
        let world = World::new();
        let status = on_a_runtime(async { world.post(about(&topic, &body)).await.status });
        prop_assert_eq!(status, 200);
    }

    #[test]
    fn whatever_is_not_signed_is_answered_401(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        values in proptest::collection::vec(header_value(), 6),
        newer in any::<bool>(),
    ) {
        let prefix = if newer { "shopify-" } else { "x-shopify-" };
        let names = ["hmac-sha256", "topic", "shop-domain", "webhook-id", "event-id", "topic"];
        let sent = names.iter().zip(values).fold(request(&[]), |sent, (name, value)| {
            sent.header(format!("{prefix}{name}"), value)
        });
        let world = World::new();
        let answer = on_a_runtime(world.post(sent.body(Body::from(body)).unwrap()));
        prop_assert_eq!(answer.status, 401);
        prop_assert!(world.nothing_was_asked());
    }

    #[test]
    fn no_headers_around_an_authentic_body_are_a_panic(
        values in proptest::collection::vec(header_value(), 4),
        twice in any::<bool>(),
    ) {
        let signature = sign(SECRET, order(1).as_bytes());
        let names = ["topic", "shop-domain", "webhook-id", "event-id"];
        let start = request(&[("X-Shopify-Hmac-Sha256", &signature)]);
        let sent = names.iter().zip(values).fold(start, |sent, (name, value)| {
            let sent = sent.header(format!("X-Shopify-{name}"), value.clone());
            if twice { sent.header(format!("X-Shopify-{name}"), value) } else { sent }
        });
        let world = World::new();
        let answer = on_a_runtime(world.post(sent.body(Body::from(order(1))).unwrap()));
        prop_assert_eq!(answer.status, 200);
    }
}
