use std::time::Duration;

use lane::clock::ManualClock;
use reqwest::{Client, StatusCode};
use serde_json::json;

use super::*;
use crate::faults::{Effect, Fault};
use crate::journal::Kind;

mod whole;
mod bulk;
mod imported;
mod shipped;
mod notified;

struct Bench {
    ship_station: ShipStation,
    clock: Arc<ManualClock>,
    client: Client,
}

async fn bench(per_minute: u32) -> Bench {
    let clock = Arc::new(ManualClock::starting("2026-11-21T20:00:00Z".parse().unwrap()));
    let listen = "127.0.0.1:0".parse().unwrap();
    let ship_station =
        ShipStation::start(listen, Settings::default(), Arc::<ManualClock>::clone(&clock)).await.unwrap();
    ship_station.add_account("ShipStation", "Rocks", per_minute);
    ship_station.add_store("ShipStation", 11, "Harbour", "Shopify");
    ship_station.add_store("ShipStation", 12, "By hand", "Manual");
    Bench { ship_station, clock, client: Client::new() }
}

impl Bench {
    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<reqwest::Response, reqwest::Error> {
        let url = format!("{}{path}", self.ship_station.base_url());
        let mut request = self.client.request(method.parse().unwrap(), url).basic_auth("ShipStation", Some("Rocks"));
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.send("POST", path, Some(body)).await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.send("GET", path, None).await.unwrap();
        (response.status(), response.json().await.unwrap())
    }
}

fn order(number: &str, key: &str) -> Value {
    json!({
        "orderNumber": number,
        "orderKey": key,
        "orderDate": "2026-11-21 12:00:00",
        "orderStatus": "awaiting_shipment",
        "billTo": {"name": " Ada Okafor "},
        "shipTo": {"name": "Ada Okafor", "country": "us", "state": "ca"},
        "customerEmail": "ada@example.com",
        "customerNotes": "Leave it with the neighbour",
        "items": [{"lineItemKey": "1", "sku": "A", "name": "Mug", "quantity": 3, "unitPrice": 0.1}],
        "taxAmount": 0.2,
        "shippingAmount": 5,
        "advancedOptions": {"warehouseId": 7, "customField1": "x"},
    })
}

#[tokio::test]
async fn creates_by_key_and_normalises() {
    let bench = bench(40).await;
    let (status, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    assert_eq!(status, 200);
    assert_eq!(created["billTo"]["name"], "Ada Okafor");
    assert_eq!(created["shipTo"]["country"], "US");
    assert_eq!(created["shipTo"]["state"], "CA");
    assert_eq!(created["orderTotal"].to_string(), "5.5");
    assert_eq!(created["createDate"], "2026-11-21T12:00:00.0000000");
    assert_eq!(created["orderDate"], "2026-11-21T12:00:00.0000000");
    assert_eq!(created["advancedOptions"]["storeId"], 12);
    assert_eq!(bench.ship_station.order_by_key("shop-1"), Some(created));
}

#[tokio::test]
async fn a_replace_clears_what_is_left_out() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    let mut shorter = order("#1001", "shop-1");
    for field in ["customerNotes", "items", "advancedOptions", "shippingAmount"] {
        shorter.as_object_mut().unwrap().remove(field);
    }
    shorter["advancedOptions"] = json!({"storeId": 11});
    let (status, replaced) = bench.post("/orders/createorder", &shorter).await;
    assert_eq!(status, 200);
    assert_eq!(replaced["orderId"], created["orderId"]);
    assert_eq!(replaced["customerNotes"], Value::Null);
    assert_eq!(replaced["items"], json!([]));
    assert_eq!(replaced["shippingAmount"].to_string(), "0");
    assert_eq!(replaced["advancedOptions"]["warehouseId"], Value::Null);
    assert_eq!(replaced["advancedOptions"]["storeId"], 12, "the store is fixed at creation");
    let kinds: Vec<Kind> = bench.ship_station.journal().commits_of("shop-1").iter().map(|commit| commit.kind).collect();
    assert_eq!(kinds, [Kind::Created, Kind::Replaced]);
    assert_eq!(bench.ship_station.orders().len(), 1);
}

#[tokio::test]
async fn without_a_key_every_call_is_a_new_order() {
    let bench = bench(40).await;
    let mut keyless = order("#1001", "");
    keyless.as_object_mut().unwrap().remove("orderKey");
    bench.post("/orders/createorder", &keyless).await;
    bench.post("/orders/createorder", &keyless).await;
    assert_eq!(bench.ship_station.orders().len(), 2);
}

#[tokio::test]
async fn shipped_and_cancelled_orders_do_not_change() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    bench.ship_station.ship(created["orderId"].as_u64().unwrap()).unwrap();
    let (status, refusal) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    assert_eq!((status.as_u16(), &refusal["Message"]), (400, &json!("An order that is shipped cannot be updated.")));

    bench.post("/orders/createorder", &order("#1002", "shop-2")).await;
    let mut cancelled = order("#1002", "shop-2");
    cancelled["orderStatus"] = json!("cancelled");
    assert_eq!(bench.post("/orders/createorder", &cancelled).await.1["orderStatus"], "cancelled");
    assert_eq!(bench.post("/orders/createorder", &order("#1002", "shop-2")).await.0, 400);
    assert_eq!(bench.ship_station.journal().commit_count(), 3);
}

#[tokio::test]
async fn numbers_are_searched_by_their_beginning() {
    let bench = bench(40).await;
    for (number, key) in [("#1001", "a"), ("#10010", "b"), ("#2001", "c")] {
        bench.post("/orders/createorder", &order(number, key)).await;
    }
    let (_, found) = bench.get("/orders?orderNumber=%231001&storeId=12&pageSize=1").await;
    assert_eq!((&found["total"], &found["pages"]), (&json!(2), &json!(2)));
    assert_eq!(found["orders"][0]["orderNumber"], "#1001");
    assert_eq!(bench.get("/orders?orderNumber=%231001&storeId=11").await.1["total"], 0);
    assert_eq!(bench.get("/orders/1").await.0, 404);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let bench = bench(40).await;
    let (status, refusal) = bench.post("/orders/createorder", &json!({"items": [{"quantity": 1}]})).await;
    assert_eq!(status, 400);
    let fields: Vec<&String> = refusal["ModelState"].as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "apiOrder.billTo",
            "apiOrder.items[0].name",
            "apiOrder.orderDate",
            "apiOrder.orderNumber",
            "apiOrder.orderStatus",
            "apiOrder.shipTo"
        ]
    );
    let (_, bulk) = bench.post("/orders/createorders", &json!([order("#1", "k"), {}])).await;
    assert_eq!((&bulk["hasErrors"], &bulk["results"][0]["success"]), (&json!(true), &json!(true)));
    assert_eq!(bulk["results"][1]["success"], false);
}

#[tokio::test]
async fn the_forty_first_call_of_a_minute_is_refused() {
    let bench = bench(CALLS_PER_MINUTE).await;
    for left in (0..40).rev() {
        let response = bench.send("GET", "/stores", None).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-rate-limit-remaining"], left.to_string().as_str());
    }
    bench.clock.advance(Duration::from_secs(20));
    let refused = bench.send("GET", "/stores", None).await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-rate-limit-reset"], "40");
    assert_eq!(refused.json::<Value>().await.unwrap(), json!({"message": "Too Many Requests"}));
    assert_eq!(bench.ship_station.journal().answered(429), 1);
    bench.clock.advance(Duration::from_secs(40));
    assert_eq!(bench.send("GET", "/stores", None).await.unwrap().status(), 200);
}

#[tokio::test]
async fn credentials_are_checked() {
    let bench = bench(40).await;
    let url = format!("{}/stores", bench.ship_station.base_url());
    let wrong = bench.client.get(&url).basic_auth("ShipStation", Some("Rolls")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let right = bench.client.get(&url).header("Authorization", "Basic U2hpcFN0YXRpb246Um9ja3M=").send().await.unwrap();
    assert_eq!(right.status(), 200);
    bench.ship_station.revoke("ShipStation");
    assert_eq!(bench.get("/stores").await.0, 401);
}

#[tokio::test]
async fn cut_after_the_commit_leaves_the_commit_and_no_answer() {
    let bench = bench(40).await;
    bench.ship_station.faults().push(Fault::next(Effect::CutAfterCommit).on("createorder"));
    assert!(bench.send("POST", "/orders/createorder", Some(&order("#1001", "shop-1"))).await.is_err());
    let journal = bench.ship_station.journal();
    let calls = journal.calls();
    assert_eq!((calls.len(), calls[0].status, calls[0].operation.as_str()), (1, 0, "createorder"));
    let commits = journal.commits();
    assert_eq!((commits.len(), commits[0].call), (1, calls[0].number));
    assert!(commits[0].number > calls[0].number);

    let (_, again) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    assert_eq!(again["orderId"], commits[0].order_id);
    assert_eq!(journal.commits()[1].digest, commits[0].digest);
}

#[tokio::test]
async fn the_other_ways_to_fail() {
    let bench = bench(40).await;
    let faults = bench.ship_station.faults();
    faults.push(Fault::next(Effect::CutBeforeCommit));
    assert!(bench.send("POST", "/orders/createorder", Some(&order("#1", "a"))).await.is_err());
    assert!(bench.ship_station.orders().is_empty());

    faults.push(Fault::next(Effect::HalfBody));
    let half = bench.send("POST", "/orders/createorder", Some(&order("#1", "a"))).await.unwrap();
    assert_eq!(half.status(), 200);
    assert!(half.text().await.is_err());
    assert_eq!(bench.ship_station.orders().len(), 1);

    let storm = Effect::Status { status: 500, body: "{}".to_owned(), headers: Vec::new(), commit: true };
    faults.push(Fault::next(storm));
    assert_eq!(bench.post("/orders/createorder", &order("#2", "b")).await.0, 500);
    assert_eq!(bench.ship_station.orders().len(), 2);

    faults.push(Fault::next(Effect::Throttle { retry_after_seconds: 17 }));
    let throttled = bench.send("GET", "/stores", None).await.unwrap();
    assert_eq!((throttled.status().as_u16(), throttled.headers()["retry-after"].to_str().unwrap()), (429, "17"));

    faults.push(Fault::next(Effect::Html200));
    assert!(bench.send("GET", "/stores", None).await.unwrap().text().await.unwrap().starts_with("<!DOCTYPE"));
    faults.push(Fault::next(Effect::Unauthorized));
    assert_eq!(bench.get("/stores").await.0, 401);
    faults.push(Fault::next(Effect::Hang(Duration::from_millis(20))));
    assert!(bench.send("GET", "/stores", None).await.is_err());
    faults.push(Fault::next(Effect::Delay(Duration::from_millis(20))));
    assert_eq!(bench.get("/stores").await.0, 200);
}

#[tokio::test]
async fn a_hold_ends_by_itself_on_its_day() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    let hold = json!({"orderId": created["orderId"], "holdUntilDate": "2026-11-23"});
    assert_eq!(bench.post("/orders/holduntil", &hold).await.1["success"], true);
    assert_eq!(bench.ship_station.order_by_key("shop-1").unwrap()["orderStatus"], "on_hold");
    bench.clock.advance(Duration::from_hours(48));
    assert_eq!(bench.ship_station.order_by_key("shop-1").unwrap()["orderStatus"], "awaiting_shipment");
}

#[tokio::test]
async fn a_deleted_order_is_gone() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    let path = format!("/orders/{}", created["orderId"]);
    assert_eq!(bench.send("DELETE", &path, None).await.unwrap().status(), 200);
    assert_eq!(bench.get(&path).await.0, 404);
    assert!(bench.ship_station.orders().is_empty());
}

#[tokio::test]
async fn the_simulator_has_pages_of_its_own() {
    let bench = bench(40).await;
    let fault = json!({"when": {"operation": "stores"}, "effect": {"throttle": {"retry_after_seconds": 3}}});
    assert_eq!(bench.post("/__simulator/faults", &fault).await.0, 200);
    assert_eq!(bench.get("/stores").await.0, 429);
    let (_, journal) = bench.get("/__simulator/journal").await;
    assert_eq!(journal["calls"].as_array().unwrap().len(), 1);
    assert_eq!(bench.get("/__simulator/orders").await.1, json!([]));
    bench.ship_station.stop().await;
    assert!(bench.send("GET", "/stores", None).await.is_err());
}
