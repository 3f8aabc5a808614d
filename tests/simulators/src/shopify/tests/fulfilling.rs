//! `fulfillmentCreate`.

use super::fixtures::sale;
use super::*;
use crate::journal::Kind;

const CREATE: &str = "mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status trackingInfo { company number url } fulfillmentLineItems(first: 5) { nodes { quantity } } }
    userErrors { field message } } }";

impl Bench {
    async fn fulfils(&self, parts: Value) -> Value {
        let input = json!({"lineItemsByFulfillmentOrder": parts, "notifyCustomer": false,
            "trackingInfo": {"company": "UPS", "number": "1Z999", "url": "https://ups.example/1Z999"}});
        let answer = self.ask(CREATE, json!({"fulfillment": input})).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let cost = &answer["extensions"]["cost"];
        assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(10), &json!(10)));
        answer["data"]["fulfillmentCreate"].clone()
    }

    async fn refused(&self, parts: Value) -> String {
        let payload = self.fulfils(parts).await;
        assert_eq!(payload["fulfillment"], Value::Null);
        assert_eq!(payload["userErrors"][0]["field"], json!(["fulfillment"]));
        payload["userErrors"][0]["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn units_are_fulfilled_until_none_are_left() {
    let bench = bench().await;
    let (id, before) = bench.sells(&sale());
    let shown = bench.whole(id).await;
    let part = &shown["fulfillmentOrders"]["nodes"][0];
    let mug = &part["lineItems"]["nodes"][0]["id"];
    let some = json!([{"fulfillmentOrderId": part["id"], "fulfillmentOrderLineItems": [{"id": mug, "quantity": 2}]}]);
    let payload = bench.fulfils(some).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["fulfillment"]["status"], "SUCCESS");
    let tracking = json!([{"company": "UPS", "number": "1Z999", "url": "https://ups.example/1Z999"}]);
    assert_eq!(payload["fulfillment"]["trackingInfo"], tracking);
    let (shown, rest) = (bench.whole(id).await, bench.shopify.order(SHOP, id).unwrap());
    assert_eq!(shown["displayFulfillmentStatus"], "PARTIALLY_FULFILLED");
    assert_eq!(
        (&rest["fulfillment_status"], &rest["line_items"][0]["fulfillable_quantity"]),
        (&json!("partial"), &json!(1))
    );
    assert_eq!(shown["lineItems"]["nodes"][0]["unfulfilledQuantity"], 1);
    let line = &shown["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0];
    assert_eq!((&line["remainingQuantity"], &line["totalQuantity"]), (&json!(1), &json!(3)));
    assert!(rest["updated_at"].as_str() > before["updated_at"].as_str());
    // No lines: all that is left of the part, which is the third mug and the tray.
    let payload = bench.fulfils(json!([{"fulfillmentOrderId": part["id"]}])).await;
    assert_eq!(payload["fulfillment"]["fulfillmentLineItems"]["nodes"], json!([{"quantity": 1}, {"quantity": 1}]));
    let shown = bench.whole(id).await;
    assert_eq!(shown["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
    assert_eq!(shown["displayFulfillmentStatus"], "PARTIALLY_FULFILLED", "the gift card is left");
    bench.fulfils(json!([{"fulfillmentOrderId": shown["fulfillmentOrders"]["nodes"][1]["id"]}])).await;
    let shown = bench.whole(id).await;
    assert_eq!(shown["displayFulfillmentStatus"], "FULFILLED");
    assert_eq!(shown["fulfillments"].as_array().unwrap().len(), 3);
    let commits = bench.shopify.journal().commits_of(&format!("gid://shopify/Order/{id}"));
    assert_eq!(commits.iter().map(|commit| commit.kind).collect::<Vec<_>>(), [Kind::Fulfilled; 3]);
    let topics: Vec<String> = bench.shopify.take_webhooks(SHOP).into_iter().map(|webhook| webhook.topic).collect();
    assert_eq!(topics[..3], ["fulfillments/create", "orders/partially_fulfilled", "orders/updated"]);
    assert_eq!(topics[7], "orders/fulfilled");
    assert!(bench.shopify.take_webhooks(SHOP).is_empty());
}

#[tokio::test]
async fn what_may_not_be_fulfilled_is_refused_and_nothing_happens() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let other = bench.shopify.load_order(SHOP, sale().seed(2).order(1002, Timestamp::UNIX_EPOCH)).unwrap();
    let part = |gid: &str| json!({"fulfillmentOrderId": gid});
    let of = |id: u64| bench.shopify.fulfilment_orders(SHOP, id);
    let (first, cards) = (of(id)[0].clone(), of(id)[1].clone());
    let shown = bench.whole(id).await;
    let mug = &shown["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0]["id"];
    let units = |counts: &[u64]| -> Value {
        let lines: Value = counts.iter().map(|count| json!({"id": mug, "quantity": count})).collect();
        json!([{"fulfillmentOrderId": first, "fulfillmentOrderLineItems": lines}])
    };
    assert!(bench.refused(units(&[4])).await.contains("quantity"));
    assert!(bench.refused(units(&[2, 2])).await.contains("quantity"));
    assert!(bench.refused(units(&[0])).await.contains("quantity"));
    assert!(bench.refused(json!([part("gid://shopify/FulfillmentOrder/1")])).await.contains("does not exist"));
    assert!(bench.refused(json!([part(&first), part(&of(other)[0])])).await.contains("same order"));
    assert!(bench.refused(json!([part(&first), part(&cards)])).await.contains("same location"));
    bench.does(Act::Hold { order: id, part: 0, reason: "OTHER".to_owned(), notes: None, handle: None });
    assert!(bench.refused(json!([part(&first)])).await.contains("on_hold"));
    bench.does(Act::Release { order: id, part: 0, handle: None });
    bench.does(Act::Schedule { order: id, part: 0, at: "2027-01-01T00:00:00Z".to_owned() });
    assert!(bench.refused(json!([part(&first)])).await.contains("scheduled"));
    bench.does(Act::Ready { order: id, part: 0 });
    assert_eq!(bench.shopify.journal().commit_count(), 0);
    bench.fulfils(json!([part(&first)])).await;
    assert!(bench.refused(json!([part(&first)])).await.contains("closed"));
    bench.does(Act::Cancel { order: other, reason: "customer".to_owned() });
    assert!(bench.refused(json!([part(&of(other)[0])])).await.contains("cancelled"));
    assert_eq!(bench.shopify.journal().commit_count(), 1);
}

#[tokio::test]
async fn inputs_are_checked_before_anything_runs() {
    let bench = bench().await;
    let refused = async |input: Value| {
        let answer = bench.ask(CREATE, json!({"fulfillment": input})).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "INVALID_VARIABLE", "{answer}");
        error["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(json!({})).await.contains("lineItemsByFulfillmentOrder"));
    assert!(refused(json!({"lineItemsByFulfillmentOrder": [{"id": "1"}]})).await.contains("0.id"));
    let line = json!([{"id": "gid://x", "quantity": "2"}]);
    let parts = json!([{"fulfillmentOrderId": "gid://x", "fulfillmentOrderLineItems": line}]);
    assert!(refused(json!({"lineItemsByFulfillmentOrder": parts})).await.contains("0.quantity"));
    assert_eq!(
        bench.ask("{ fulfillmentCreate { fulfillment { id } } }", Value::Null).await["errors"][0]["extensions"]["code"],
        "undefinedField"
    );
    assert_eq!(bench.shopify.journal().calls()[0].operation, "fulfillmentCreate");
}

#[tokio::test]
async fn without_the_scope_nothing_is_fulfilled() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let part = bench.shopify.fulfilment_orders(SHOP, id)[0].clone();
    bench.shopify.set_scopes(SHOP, &["read_orders", "read_merchant_managed_fulfillment_orders"]);
    let input = json!({"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part}]});
    let answer = bench.ask(CREATE, json!({"fulfillment": input})).await;
    assert_eq!(answer["data"]["fulfillmentCreate"], Value::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    bench.shopify.set_scopes(SHOP, &["read_orders", "write_third_party_fulfillment_orders"]);
    assert!(bench.refused(json!([{"fulfillmentOrderId": part}])).await.contains("does not exist"));
    assert_eq!(bench.shopify.journal().commit_count(), 0);
}
