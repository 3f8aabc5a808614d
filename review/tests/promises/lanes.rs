//! Lanes: how they stand, pausing and resuming them, and what was kept in quarantine.

use lane::clock::Clock;
use lane::ports::Intake;
use serde_json::{Value, json};

use crate::office::Office;

async fn lane(office: &Office, shop: &str) -> Value {
    let answer = office.get("vic", &format!("/lanes?shop={shop}")).await;
    answer.json()["rows"][0].clone()
}

#[tokio::test]
async fn a_lane_shows_its_head_its_depth_and_how_long_the_oldest_has_waited() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    office.pass(2);
    office.accepted("acme", 2, "#1002").await;
    office.pass(1);
    assert_eq!(
        lane(&office, "acme").await,
        json!({
            "lane": "orders/acme",
            "shop": "acme",
            "status": "waiting",
            "stalled": false,
            "why": "work is ready and will be taken up",
            "head": { "id": "1", "number": "#1001" },
            "depth": 2,
            "age_seconds": 180,
        })
    );
}

#[tokio::test]
async fn a_paused_lane_says_who_paused_it_and_why_and_goes_on_when_resumed() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let why = json!({ "why": "stock-taking" }).to_string();
    let paused = office.post("rob", "/lanes/orders/acme/pause", None, &why).await;
    assert_eq!((paused.status.as_u16(), paused.json()), (200, json!({ "status": "paused" })));
    let shown = lane(&office, "acme").await;
    assert_eq!(shown["status"], "paused");
    assert_eq!(shown["why"], "paused by an operator: stock-taking (rob)");
    assert_eq!(shown["stalled"], true);
    let stalled = office.get("vic", "/lanes?stalled=true").await.json();
    assert_eq!(stalled["rows"].as_array().unwrap().len(), 1);
    let resumed = office.post("rob", "/lanes/orders/acme/resume", None, "").await;
    assert_eq!((resumed.status.as_u16(), resumed.json()), (200, json!({ "status": "resumed" })));
    assert_eq!(office.sent(), ["1-retry"]);
    assert_eq!(lane(&office, "acme").await["status"], "waiting");
}

#[tokio::test]
async fn a_pause_with_an_end_ends_by_itself() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let until = json!({ "why": "stock-taking", "until": "2026-11-21T23:00:00Z" }).to_string();
    let paused = office.post("rob", "/lanes/orders/acme/pause", Some("p"), &until).await;
    assert_eq!(paused.status, 200);
    assert_eq!(
        lane(&office, "acme").await["why"],
        "paused by an operator: stock-taking (rob); it goes on at 2026-11-21 23:00 UTC"
    );
    office.pass(61);
    assert_eq!(lane(&office, "acme").await["status"], "waiting");
    let late = office.post("rob", "/lanes/orders/acme/pause", None, &until).await;
    assert_eq!(late.status, 422);
    assert_eq!(late.json()["error"]["words"], "Until has passed already.");
}

#[tokio::test]
async fn a_repeated_pause_does_not_pause_a_lane_that_was_resumed_since() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let why = json!({ "why": "stock-taking" }).to_string();
    office.post("rob", "/lanes/orders/acme/pause", Some("p"), &why).await;
    office.post("rob", "/lanes/orders/acme/resume", Some("r"), "").await;
    let again = office.post("rob", "/lanes/orders/acme/pause", Some("p"), &why).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, json!({ "status": "paused" })));
    assert_eq!(lane(&office, "acme").await["status"], "waiting");
}

#[tokio::test]
async fn what_is_no_lane_or_no_pause_is_refused() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let why = json!({ "why": "x" }).to_string();
    for path in ["/lanes/orders/nobody/pause", "/lanes/parcels/acme/pause"] {
        assert_eq!(office.post("rob", path, None, &why).await.status, 404, "{path}");
    }
    assert_eq!(office.post("rob", "/lanes/orders/nobody/resume", None, "").await.status, 404);
    for bad in ["", "{}", "{\"why\":\" \"}", "{\"why\":\"x\",\"until\":\"noon\"}", "{\"why\":\"x\",\"by\":\"ada\"}"] {
        let answer = office.post("rob", "/lanes/orders/acme/pause", None, bad).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
    let body = office.post("rob", "/lanes/orders/acme/resume", None, "{\"by\":\"ada\"}").await;
    assert_eq!(body.status, 422);
}

#[tokio::test]
async fn a_lane_is_resumed_from_the_page_once() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let why = json!({ "why": "stock-taking" }).to_string();
    office.post("rob", "/lanes/orders/acme/pause", None, &why).await;
    for path in ["/lanes?stalled=true", "/lanes", "/lanes/orders/acme"] {
        let page = office.page("rob", path).await;
        assert!(page.main().contains("Paused by an operator: stock-taking (rob)."), "{path}");
    }
    assert!(office.page("rob", "/lanes/orders/acme").await.main().contains("action=\"/resume\""));
    let viewer = office.page("vic", "/lanes/orders/acme").await;
    assert!(viewer.main().contains("stock-taking") && !viewer.main().contains("<form"));
    let pause = [("lane", "orders/acme"), ("paused_since", "2026-11-21T22:00:00Z")];
    let resumed = office.form("rob", "/resume", &pause).await;
    assert_eq!(
        (resumed.status.as_u16(), resumed.header("location")),
        (303, "/lanes/orders/acme?done=resumed&lane=orders/acme")
    );
    // Somebody pauses it anew; the second half of the double click comes late.
    office.pass(1);
    office.post("ada", "/lanes/orders/acme/pause", None, &why).await;
    office.form("rob", "/resume", &pause).await;
    assert_eq!(lane(&office, "acme").await["status"], "paused");
}

#[tokio::test]
async fn a_lane_is_paused_from_its_page_with_a_reason_that_others_read() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1001").await;
    let page = office.page("rob", "/lanes/orders/acme").await;
    assert!(page.main().contains("action=\"/pause\"") && page.main().contains("#1001"));
    let asked = [("lane", "orders/acme"), ("why", "stock-taking")];
    assert_eq!(office.form("vic", "/pause", &asked).await.status, 403);
    assert_eq!(office.form("rob", "/pause", &[("lane", "orders/acme"), ("why", "  ")]).await.status, 422);
    assert_eq!(lane(&office, "acme").await["status"], "waiting");
    let paused = office.form("rob", "/pause", &asked).await;
    let address = "/lanes/orders/acme?done=paused&lane=orders/acme";
    assert_eq!((paused.status.as_u16(), paused.header("location")), (303, address));
    let page = office.page("ada", address).await;
    assert!(page.main().contains("The lane of acme: Paused. No attempt begins until it is resumed."));
    assert!(page.main().contains("Paused by an operator: stock-taking (rob)."));
    assert_eq!(lane(&office, "acme").await["status"], "paused");
    assert_eq!(office.page("rob", "/lanes/orders/nobody").await.status, 404);
    assert_eq!(office.page("rob", "/lanes/parcels/acme").await.status, 404);
}

#[tokio::test]
async fn what_is_in_quarantine_is_listed_and_cannot_be_released_before_it_can_become_work() {
    let office = Office::open().await;
    let now = office.clock.now();
    let webhook = lane::webhook::Webhook {
        source: lane::shop::Source::Shopify,
        merchant: "unknown.myshopify.com".into(),
        topic: "orders/create".into(),
        webhook_id: Some("w".into()),
        event_id: None,
        body_hash: [1; 32],
        body: bytes::Bytes::from_static(b"not json"),
        received_at: now,
        correlation: lane::id::CorrelationId::of(&[1; 32], now),
        content: lane::webhook::Content::Unreadable { why: "the body is not JSON".into() },
    };
    office.ledger.record(webhook).await.unwrap();
    let listed = office.get("vic", "/quarantine").await.json();
    let row = &listed["rows"][0];
    assert_eq!(row["merchant"], "unknown.myshopify.com");
    assert!(row["id"].is_string());
    let path = format!("/quarantine/{}/release", row["id"].as_str().unwrap());
    let released = office.post("rob", &path, None, "").await;
    assert_eq!(released.status, 404);
    assert_eq!(released.json()["error"]["code"], "not_in_quarantine");
    assert_eq!(office.post("rob", "/quarantine/x/release", None, "").await.status, 404);
}
