//! Parts: laid out, held, released, scheduled; over HTTP as well.

use super::fixtures::sale;
use super::*;

impl Bench {
    async fn posts(&self, act: &Value) -> reqwest::Response {
        let url = format!("{}/__simulator/acts/{SHOP}", self.shopify.origin());
        self.client.post(url).json(act).send().await.unwrap()
    }
}

fn hold(order: u64, handle: &str) -> Act {
    Act::Hold { order, part: 0, reason: "AWAITING_PAYMENT".to_owned(), notes: None, handle: Some(handle.to_owned()) }
}

#[tokio::test]
async fn a_part_is_held_by_its_first_hold_and_free_after_its_last() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let part = bench.shopify.fulfilment_orders(SHOP, id)[0].clone();
    let told = bench.does(hold(id, "one"));
    assert_eq!(told[0].0, "fulfillment_holds/added");
    assert_eq!(
        (told[1].0.as_str(), &told[1].1["fulfillment_order"]["id"]),
        ("fulfillment_orders/placed_on_hold", &json!(part))
    );
    assert!(!told[1].1.to_string().contains(&id.to_string()), "the order is not named");
    assert_eq!(bench.does(hold(id, "two")).len(), 1, "it was on hold already");
    let shown = bench.whole(id).await;
    assert_eq!(shown["fulfillmentOrders"]["nodes"][0]["status"], "ON_HOLD");
    assert_eq!(shown["displayFulfillmentStatus"], "UNFULFILLED", "the gift card is not on hold");
    let told = bench.does(Act::Release { order: id, part: 0, handle: Some("one".to_owned()) });
    assert_eq!(told.len(), 1);
    let told = bench.does(Act::Release { order: id, part: 0, handle: None });
    assert_eq!(
        (told[0].0.as_str(), told[1].0.as_str()),
        ("fulfillment_holds/released", "fulfillment_orders/hold_released")
    );
    assert_eq!(told[1].1, json!({"fulfillment_order": {"id": part, "status": "open"}}));
    let query =
        format!(r#"{{ fulfillmentOrder(id: "{part}") {{ status orderId order {{ id displayFulfillmentStatus }} }} }}"#);
    let found = bench.ask(&query, Value::Null).await["data"]["fulfillmentOrder"].clone();
    assert_eq!(found["orderId"], json!(format!("gid://shopify/Order/{id}")));
    assert_eq!(found["order"]["displayFulfillmentStatus"], "UNFULFILLED");
}

#[tokio::test]
async fn parts_are_laid_out_and_follow_the_order() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let parts = json!([
        {"lines": [{"line": "MUG", "quantity": 1}, {"line": "TRAY", "quantity": 1}]},
        {"location": {"id": 7, "name": "Shop", "fulfills_online": false, "deleted": true}, "delivery": "PICK_UP",
         "lines": [{"line": "MUG", "quantity": 2}, {"line": "CARD", "quantity": 1}]}]);
    let told = bench.does(Act::Split { order: id, parts });
    assert_eq!(told[0].0, "orders/updated");
    let shown = bench.whole(id).await;
    let nodes = &shown["fulfillmentOrders"]["nodes"];
    assert_eq!(nodes.as_array().unwrap().len(), 2);
    assert_eq!(nodes[1]["assignedLocation"], json!({"name": "Shop", "countryCode": "US", "location": null}));
    bench.does(Act::Edit { order: id, changes: vec![Change::Quantity { line: "MUG".to_owned(), to: 2 }] });
    let left = |shown: &Value, part: usize| {
        shown["fulfillmentOrders"]["nodes"][part]["lineItems"]["nodes"][0]["remainingQuantity"].clone()
    };
    let shown = bench.whole(id).await;
    assert_eq!((left(&shown, 0), left(&shown, 1)), (json!(1), json!(1)), "the last part gives way first");
    bench.shopify.change_order(SHOP, id, |order| order["line_items"][0]["fulfillable_quantity"] = json!(0)).unwrap();
    let shown = bench.whole(id).await;
    assert_eq!((left(&shown, 0), left(&shown, 1)), (json!(0), json!(0)));
    assert_eq!(shown["lineItems"]["nodes"][0]["unfulfilledQuantity"], 0);
}

#[tokio::test]
async fn a_scheduled_part_becomes_ready_over_http_too() {
    let bench = bench().await;
    let description = json!({"currency": "KWD", "items": [{"sku": "MUG", "price": "1.005", "quantity": 2}],
        "discounts": [{"percent": "50", "code": "HALF"}]});
    let answer: Value =
        bench.posts(&json!({"sell": {"number": 1001, "sale": description}})).await.json().await.unwrap();
    let order = &answer["webhooks"][0]["body"];
    assert_eq!((&order["total_price"], &order["total_discounts"]), (&json!("1.005"), &json!("1.005")));
    let id = order["id"].as_u64().unwrap();
    let act = json!({"schedule": {"order": id, "part": 0, "at": "2027-01-01T00:00:00Z"}});
    assert_eq!(bench.posts(&act).await.status(), 200);
    let shown = bench.whole(id).await;
    assert_eq!(
        (&shown["displayFulfillmentStatus"], &shown["fulfillmentOrders"]["nodes"][0]["fulfillAt"]),
        (&json!("SCHEDULED"), &json!("2027-01-01T00:00:00Z"))
    );
    let answer: Value = bench.posts(&json!({"ready": {"order": id, "part": 0}})).await.json().await.unwrap();
    assert_eq!(answer["webhooks"][0]["topic"], "fulfillment_orders/scheduled_fulfillment_order_ready");
    assert_eq!(bench.whole(id).await["displayFulfillmentStatus"], "UNFULFILLED");
    let wrong = bench.posts(&json!({"ready": {"order": id, "part": 5}})).await;
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("no fulfilment order at place 5"));
    assert_eq!(bench.posts(&json!({"dance": {}})).await.status(), 400);
}
