//! Webhooks: who hears of what, and what can go wrong on the way.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

type Received = mpsc::UnboundedReceiver<(String, Value)>;

/// A receiver that answers 200 and hands on what it was sent, head and body.
async fn receiver() -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/shipstation", listener.local_addr().unwrap());
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let body = loop {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).await.unwrap();
                bytes.extend_from_slice(&part[..count]);
                let text = String::from_utf8(bytes.clone()).unwrap();
                let whole = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_lowercase(), body.to_owned()));
                if let Some((head, body)) = whole
                    && let Ok(body) = serde_json::from_str(&body)
                {
                    break (head, body);
                }
            };
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let _ = sender.send(body);
        }
    });
    (url, received)
}

/// What is received next; a webhook that never comes fails the test instead of holding it up.
async fn next(received: &mut Received) -> (String, Value) {
    tokio::time::timeout(Duration::from_secs(10), received.recv()).await.unwrap().unwrap()
}

async fn subscribed(bench: &Bench, url: &str) -> u64 {
    let body = json!({"target_url": url, "event": "SHIP_NOTIFY", "store_id": null, "friendly_name": "Lanekeeper"});
    let (status, answer) = bench.post("/webhooks/subscribe", &body).await;
    assert_eq!(status, 200);
    answer["id"].as_u64().unwrap()
}

async fn new_order(bench: &Bench, number: &str) -> u64 {
    bench.post("/orders/createorder", &order(number, number)).await.1["orderId"].as_u64().unwrap()
}

#[tokio::test]
async fn a_label_is_told_of_by_an_address_that_lists_it() {
    let bench = bench(40).await;
    let (url, mut received) = receiver().await;
    subscribed(&bench, &url).await;
    let other = new_order(&bench, "#0").await;
    bench.ship_station.label(other, &Label::default()).unwrap();
    next(&mut received).await;
    let id = new_order(&bench, "#1").await;
    let shipment = bench.ship_station.label(id, &Label::default()).unwrap();
    let (head, body) = next(&mut received).await;
    assert!(head.starts_with("post /hooks/shipstation http/1.1"));
    assert!(!head.contains("authorization") && !head.contains("signature"), "it is not signed");
    assert_eq!(body["resource_type"], "SHIP_NOTIFY");
    assert_eq!(body.as_object().unwrap().len(), 2);
    let address = body["resource_url"].as_str().unwrap();
    assert!(address.len() <= 200);
    let path = address.strip_prefix(&bench.ship_station.base_url()).unwrap();
    assert!(path.starts_with("/shipments?batchId=") && path.ends_with("&includeShipmentItems=False"), "{path}");
    let (_, page) = bench.get(path).await;
    assert_eq!((&page["total"], &page["shipments"][0]["shipmentId"]), (&json!(1), &shipment["shipmentId"]));
    assert_eq!(page["shipments"][0]["shipmentItems"], Value::Null);
    bench.ship_station.webhooks_settled().await;
    let fates: Vec<Fate> = bench.ship_station.webhooks_sent().into_iter().map(|notice| notice.fate).collect();
    assert_eq!(fates, [Fate::Answered(200), Fate::Answered(200)]);
}

#[tokio::test]
async fn a_batch_is_told_of_once_and_a_mark_not_at_all() {
    let bench = bench(40).await;
    let (url, mut received) = receiver().await;
    subscribed(&bench, &url).await;
    let [one, two, three] =
        [new_order(&bench, "#1").await, new_order(&bench, "#2").await, new_order(&bench, "#3").await];
    bench.ship_station.mark_as_shipped(three, "dhl", Some("1")).unwrap();
    bench.ship_station.label_together(&[(one, Label::default()), (two, Label::default())]).unwrap();
    let (_, body) = next(&mut received).await;
    let path = body["resource_url"].as_str().unwrap().strip_prefix(&bench.ship_station.base_url()).unwrap().to_owned();
    assert_eq!(bench.get(&path).await.1["total"], 2);
    bench.ship_station.webhooks_settled().await;
    assert_eq!(bench.ship_station.webhooks_sent().len(), 1);
}

#[tokio::test]
async fn subscriptions_are_listed_ended_and_may_be_for_one_store() {
    let bench = bench(40).await;
    let (url, mut received) = receiver().await;
    let id = subscribed(&bench, &url).await;
    let (_, list) = bench.get("/webhooks").await;
    let shown = &list["webhooks"][0];
    assert_eq!(
        (&shown["WebHookID"], &shown["HookType"], &shown["Url"]),
        (&json!(id), &json!("SHIP_NOTIFY"), &json!(url))
    );
    assert_eq!(shown["Name"], "Lanekeeper");
    let ended = bench.send("DELETE", &format!("/webhooks/{id}"), None).await.unwrap();
    assert_eq!((ended.status().as_u16(), ended.text().await.unwrap()), (200, String::new()));
    assert_eq!(bench.send("DELETE", &format!("/webhooks/{id}"), None).await.unwrap().status(), 404);

    for (store, event) in [(11, "SHIP_NOTIFY"), (12, "ITEM_SHIP_NOTIFY"), (12, "ORDER_NOTIFY")] {
        let body = json!({"target_url": url, "event": event, "store_id": store});
        assert_eq!(bench.post("/webhooks/subscribe", &body).await.0, 200);
    }
    let id = new_order(&bench, "#1").await;
    bench.ship_station.label(id, &Label::default()).unwrap();
    let (_, body) = next(&mut received).await;
    assert_eq!(body["resource_type"], "ITEM_SHIP_NOTIFY");
    let path = body["resource_url"].as_str().unwrap().strip_prefix(&bench.ship_station.base_url()).unwrap().to_owned();
    assert!(path.contains("storeID=12"));
    assert_eq!(bench.get(&path).await.1["shipments"][0]["shipmentItems"][0]["quantity"], 3);
    assert_eq!(bench.ship_station.webhooks_sent().len(), 1);
    let unknown = json!({"target_url": url, "event": "SHIPPED"});
    assert_eq!(bench.post("/webhooks/subscribe", &unknown).await.0, 400);
    assert_eq!(bench.post("/webhooks/subscribe", &json!({"event": "SHIP_NOTIFY"})).await.0, 400);
    let operations: Vec<String> =
        bench.ship_station.journal().calls().into_iter().map(|call| call.operation).take(4).collect();
    assert_eq!(operations, ["webhooks/subscribe", "webhooks/list", "webhooks/delete", "webhooks/delete"]);
}

#[tokio::test]
async fn a_webhook_may_be_lost_doubled_late_kept_back_or_bent() {
    let bench = bench(40).await;
    let (url, mut received) = receiver().await;
    subscribed(&bench, &url).await;
    let station = &bench.ship_station;
    for trouble in [
        Trouble::Drop,
        Trouble::Double,
        Trouble::Withhold,
        Trouble::Foreign("http://169.254.169.254/latest".to_owned()),
        Trouble::Delay(20),
    ] {
        station.trouble_webhook(trouble);
    }
    let ship = async |number: &str| {
        station.label(new_order(&bench, number).await, &Label::default()).unwrap();
        station.webhooks_settled().await;
    };
    ship("#1").await;
    assert!(received.try_recv().is_err(), "lost");
    ship("#2").await;
    let (one, two) = (next(&mut received).await, next(&mut received).await);
    assert_eq!(one.1, two.1);
    ship("#3").await;
    assert!(received.try_recv().is_err(), "kept back");
    ship("#4").await;
    assert_eq!(next(&mut received).await.1["resource_url"], "http://169.254.169.254/latest");
    ship("#5").await;
    next(&mut received).await;
    assert_eq!(station.release_webhooks(), 1);
    next(&mut received).await;
    station.webhooks_settled().await;
    let fates: Vec<Fate> = station.webhooks_sent().into_iter().map(|notice| notice.fate).collect();
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::Answered(200)).count(), 5);
    assert_eq!(fates[0], Fate::Dropped);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_remembered_and_not_asked_again() {
    let bench = bench(40).await;
    subscribed(&bench, "http://127.0.0.1:1/").await;
    let trouble = json!({"delay": 1});
    assert_eq!(bench.post("/__simulator/webhooks/trouble", &trouble).await.0, 200);
    bench.ship_station.ship(new_order(&bench, "#1").await).unwrap();
    bench.ship_station.webhooks_settled().await;
    let sent = bench.ship_station.webhooks_sent();
    assert!(matches!(sent[..], [Notice { fate: Fate::Unanswered(_), .. }]), "{sent:?}");
    let (_, shown) = bench.get("/__simulator/webhooks").await;
    assert_eq!(shown.as_array().unwrap().len(), 1);
}
