//! Warehouses' notices: nobody signs them, so the address is all that lets one in, and all that it can do is to be a hint.

use super::harness::*;

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use lane::id::AccountId;
use lane::ports::Notice;
use secrecy::SecretString;

const URL: &str = "https://ssapi.shipstation.com/shipments?batchId=7&includeShipmentItems=False";

fn body(event: &str, url: &str) -> String {
    serde_json::json!({"resource_url": url, "resource_type": event}).to_string()
}

fn at(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/webhooks/shipstation/{path}")).body(body.into()).unwrap()
}

fn main(body: impl Into<Body>) -> Request<Body> {
    at(&format!("main/{NOTICE_SECRET}"), body)
}

#[tokio::test]
async fn what_was_shipped_is_noted_before_it_is_answered() {
    let world = World::new();
    for event in ["SHIP_NOTIFY", "ITEM_SHIP_NOTIFY", "FULFILLMENT_SHIPPED"] {
        let answer = world.post(main(body(event, URL))).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{event}");
        assert_eq!(answer.header("x-lanekeeper-outcome"), Some("noticed"), "{event}");
        assert!(answer.header("x-correlation-id").is_some());
    }
    let noted = Notice { account: AccountId::at("shipstation", "main"), url: URL.to_owned(), received_at: now() };
    assert_eq!(world.noticed(), [noted.clone(), noted.clone(), noted]);
    assert!(world.recorded().is_empty() && world.sent().is_empty(), "a hint is no job");
}

#[tokio::test]
async fn a_notice_may_point_at_any_of_the_platforms_own_hosts() {
    let world = World::new();
    for host in ["ssapi4", "ssapi6", "ssapi11"] {
        let url = format!("https://{host}.shipstation.com/shipments?storeID=2&batchId=1");
        assert_eq!(world.post(main(body("SHIP_NOTIFY", &url))).await.status, 200, "{host}");
        assert_eq!(world.noticed().last().map(|notice| notice.url.as_str()), Some(url.as_str()));
    }
}

#[tokio::test]
async fn whoever_does_not_know_the_address_learns_nothing() {
    let world = World::new();
    let spare = "notice-secret-of-the-spare-account";
    let wrong = [
        "main/guess".to_owned(),
        format!("main/{spare}"),
        format!("main/{NOTICE_SECRET}x"),
        format!("main/{}", &NOTICE_SECRET[1..]),
        format!("main/{}", NOTICE_SECRET.to_uppercase()),
        format!("Main/{NOTICE_SECRET}"),
        format!("other/{NOTICE_SECRET}"),
        format!("spare/{NOTICE_SECRET}"),
        "%ff/%ff".to_owned(),
        format!("main/{NOTICE_SECRET}%00"),
    ];
    let mut said = Vec::new();
    for path in wrong {
        let answer = world.post(at(&path, body("SHIP_NOTIFY", URL))).await;
        assert_eq!(answer.status, 401, "{path}");
        said.push((format!("{:?}", answer.headers), answer.body));
    }
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    assert!(world.nothing_was_asked());
    assert_eq!(world.post(at(&format!("spare/{spare}"), body("SHIP_NOTIFY", URL))).await.status, 200);
}

#[tokio::test]
async fn without_a_notice_secret_no_address_is_right() {
    let world = World::new();
    let settings = handler::Settings::new(vec![SecretString::from(SECRET)]).unwrap();
    let router = handler::router(settings, world.ledger.clone(), world.queue.clone(), clock());
    let world = World { router, ..world };
    for path in [format!("main/{NOTICE_SECRET}"), "main/-".to_owned(), "main/%20".to_owned()] {
        assert_eq!(world.post(at(&path, body("SHIP_NOTIFY", URL))).await.status, 401, "{path}");
    }
    assert!(world.nothing_was_asked());
}

#[tokio::test]
async fn the_address_is_checked_before_the_body_is_read() {
    let world = World::new();
    let never = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    assert_eq!(world.post(at("main/guess", never)).await.status, 401);
}

#[tokio::test]
async fn other_events_are_passed_over_and_what_cannot_be_read_is_refused() {
    let world = World::new();
    for event in ["ORDER_NOTIFY", "ITEM_ORDER_NOTIFY", "FULFILLMENT_REJECTED", "SOMETHING_NEW"] {
        let answer = world.post(main(body(event, URL))).await;
        assert_eq!((answer.status, answer.header("x-lanekeeper-outcome")), (200, Some("ignored")), "{event}");
    }
    let long = format!("https://ssapi.shipstation.com/{}", "a".repeat(172));
    let of_no_use = [
        String::new(),
        "[]".to_owned(),
        r#"{"resource_type":"SHIP_NOTIFY"}"#.to_owned(),
        format!(r#"{{"resource_url":"{URL}"}}"#),
        body("SHIP_NOTIFY", &long),
        body("SHIP_NOTIFY", "/shipments"),
        body("SHIP_NOTIFY", "https://evil.example/shipments"),
        body("SHIP_NOTIFY", "https://ssapi6.shipstation.com.evil.example/shipments"),
        body("SHIP_NOTIFY", "https://ssapi.shipstation.com@evil.example/"),
        body("SHIP_NOTIFY", "http://169.254.169.254/latest/meta-data"),
    ];
    for bad in of_no_use {
        let answer = world.post(main(bad.clone())).await;
        assert_eq!((answer.status, answer.header("x-lanekeeper-outcome")), (400, None), "{bad}");
        assert!(answer.body.starts_with("The notice is of no use: "), "{}", answer.body);
    }
    assert!(world.nothing_was_asked());
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_is_not_durable_is_to_be_sent_again() {
    for mood in [Mood::Unavailable, Mood::Stopped, Mood::Hangs, Mood::Panics] {
        let world = World::new();
        world.ledger_is(mood);
        let begun = tokio::time::Instant::now();
        let answer = world.post(main(body("SHIP_NOTIFY", URL))).await;
        assert!(answer.says_later(), "{mood:?}: {}", answer.status);
        assert!(begun.elapsed() <= Duration::from_secs(4), "{mood:?}: {:?}", begun.elapsed());
    }
    let late = World::with(|settings| settings.answer_deadline = Duration::ZERO);
    assert_ne!(late.post(main(body("SHIP_NOTIFY", URL))).await.status, 200);
}

#[tokio::test]
async fn a_notice_has_the_bounds_of_a_webhook_in_a_smaller_measure() {
    let world = World::new();
    let mut long = body("SHIP_NOTIFY", URL).into_bytes();
    long.resize(64 * 1024, b' ');
    assert_eq!(world.post(main(long.clone())).await.status, 200);
    long.push(b' ');
    assert_eq!(world.post(main(long)).await.status, 413);
    let full = World::with(|settings| settings.in_flight_max = 0);
    assert!(full.post(main(body("SHIP_NOTIFY", URL))).await.says_later());
    let get = Request::get(format!("/webhooks/shipstation/main/{NOTICE_SECRET}")).body(Body::empty()).unwrap();
    assert_eq!(world.post(get).await.status, 405);
}
