//! What leaves the warehouse.

use super::*;

async fn with_order(bench: &Bench) -> u64 {
    let mut two = order("#1001", "shop-1");
    two["items"] = json!([
        {"lineItemKey": "1", "sku": "A", "name": "Mug", "quantity": 3, "unitPrice": 5},
        {"lineItemKey": "2", "sku": "B", "name": "Tray", "quantity": 1, "unitPrice": 9},
        {"lineItemKey": "d", "name": "Discount", "quantity": 1, "unitPrice": -2, "adjustment": true},
    ]);
    bench.post("/orders/createorder", &two).await.1["orderId"].as_u64().unwrap()
}

fn status(bench: &Bench, id: u64) -> Value {
    bench.ship_station.order(id).unwrap()["orderStatus"].clone()
}

#[tokio::test]
async fn an_order_is_shipped_when_its_last_part_is() {
    let bench = bench(40).await;
    let id = with_order(&bench).await;
    let some = Label::of("ups", "ups_ground").tracking("1Z1").line("1", 2);
    let first = bench.ship_station.label(id, &some).unwrap();
    assert_eq!(first["shipmentItems"].as_array().unwrap().len(), 1);
    assert_eq!(first["shipmentItems"][0]["quantity"], 2);
    assert_eq!(status(&bench, id), "awaiting_shipment");
    let too_many = bench.ship_station.label(id, &some).unwrap_err();
    assert_eq!(too_many, ShippingError::TooMany { line: "1".into(), wanted: 2, left: 1 });
    bench.clock.advance(Duration::from_hours(24));
    let rest = bench.ship_station.label(id, &Label::of("fedex", "fedex_ground")).unwrap();
    assert_eq!(rest["shipmentItems"].as_array().unwrap().len(), 2, "one mug, one tray, no discount");
    assert_eq!(status(&bench, id), "shipped");
    assert_eq!(bench.ship_station.order(id).unwrap()["shipDate"], "2026-11-22");
    assert_eq!(bench.ship_station.label(id, &some).unwrap_err(), too_many_of_none());
    assert_eq!(bench.ship_station.label(id, &Label::default()), Err(ShippingError::NothingLeft));
    assert_eq!(bench.ship_station.label(1, &Label::default()), Err(ShippingError::UnknownOrder(1)));

    let (_, page) = bench.get(&format!("/shipments?orderId={id}&includeShipmentItems=true")).await;
    assert_eq!((&page["total"], &page["shipments"][0]["trackingNumber"]), (&json!(2), &json!("1Z1")));
    assert_eq!(page["shipments"][0]["orderKey"], "shop-1");
    assert_eq!(page["shipments"][0]["shipmentItems"][0]["lineItemKey"], "1");
    let (_, page) = bench.get("/shipments?trackingNumber=1Z1").await;
    assert_eq!((&page["total"], &page["shipments"][0]["shipmentItems"]), (&json!(1), &Value::Null));
    let (_, page) = bench.get("/shipments?shipDateStart=2026-11-22&sortBy=ShipDate&sortDir=DESC").await;
    assert_eq!((&page["total"], &page["shipments"][0]["carrierCode"]), (&json!(1), &json!("fedex")));
    assert_eq!(bench.get("/shipments?createDateEnd=2026-11-21%2012:00:00&orderNumber=%231001").await.1["total"], 1);
    assert_eq!(bench.get("/shipments?storeId=11").await.1["total"], 0);
}

fn too_many_of_none() -> ShippingError {
    ShippingError::TooMany { line: "1".into(), wanted: 2, left: 0 }
}

#[tokio::test]
async fn a_voided_label_gives_its_units_back() {
    let bench = bench(40).await;
    let id = with_order(&bench).await;
    let shipment = bench.ship_station.label(id, &Label::default()).unwrap();
    assert_eq!(status(&bench, id), "shipped");
    let shipment_id = shipment["shipmentId"].as_u64().unwrap();
    assert_eq!(bench.ship_station.void(shipment_id).unwrap()["voided"], true);
    assert_eq!(status(&bench, id), "awaiting_shipment");
    assert_eq!(bench.ship_station.void(shipment_id), None);
    let (_, page) = bench.get("/shipments?voidDateStart=2026-11-21").await;
    assert_eq!(page["shipments"][0]["voidDate"], "2026-11-21T12:00:00.0000000");
    bench.ship_station.label(id, &Label::default()).unwrap();
    assert_eq!(bench.get("/shipments").await.1["total"], 2);
    assert_eq!(bench.get("/shipments?voidDateStart=2026-11-21").await.1["total"], 1);
}

#[tokio::test]
async fn what_is_marked_as_shipped_is_a_fulfillment() {
    let bench = bench(40).await;
    let id = with_order(&bench).await;
    let mark = json!({"orderId": id, "carrierCode": "usps", "trackingNumber": "94", "shipDate": "2026-11-20"});
    let (marked, answer) = bench.post("/orders/markasshipped", &mark).await;
    assert_eq!((marked.as_u16(), &answer["orderNumber"]), (200, &json!("#1001")));
    assert_eq!(status(&bench, id), "shipped");
    assert_eq!(bench.post("/orders/markasshipped", &mark).await.0, 400);
    assert_eq!(bench.get("/shipments").await.1["total"], 0);
    let (_, page) = bench.get("/fulfillments?trackingNumber=94").await;
    assert_eq!((&page["total"], &page["fulfillments"][0]["orderId"]), (&json!(1), &json!(id)));
    assert_eq!(page["fulfillments"][0]["shipDate"], "2026-11-20T00:00:00.0000000");

    let (_, other) = bench.post("/orders/createorder", &order("#2", "k")).await;
    bench.ship_station.mark_as_shipped(other["orderId"].as_u64().unwrap(), "dhl", None).unwrap();
    assert_eq!(bench.get("/fulfillments").await.1["total"], 2);
    assert_eq!(bench.ship_station.journal().count_of("k", Kind::Changed), 0, "people leave no entry");
}

#[tokio::test]
async fn people_work_through_the_simulators_pages_too() {
    let bench = bench(40).await;
    let id = with_order(&bench).await;
    let label = json!({"carrierCode": "ups", "lines": [{"lineItemKey": "2", "quantity": 1}]});
    let (done, bought) = bench.post("/__simulator/ship", &json!({"orderId": id, "label": label})).await;
    assert_eq!((done.as_u16(), &bought[0]["carrierCode"]), (200, &json!("ups")));
    assert_eq!(bench.post("/__simulator/ship", &json!({"orderId": id, "label": label})).await.0, 400);
    let void = json!({"shipmentId": bought[0]["shipmentId"]});
    assert_eq!(bench.post("/__simulator/void", &void).await.1["voided"], true);
    let change = json!({"orderId": id, "change": {"internalNotes": "seen", "advancedOptions": {"customField1": "y"}}});
    let (_, changed) = bench.post("/__simulator/change", &change).await;
    assert_eq!((&changed["internalNotes"], &changed["advancedOptions"]["customField1"]), (&json!("seen"), &json!("y")));
    assert_eq!(changed["advancedOptions"]["warehouseId"], 7, "the rest stays");
    let limit = json!({"account": "ShipStation", "perMinute": 1});
    assert_eq!(bench.post("/__simulator/limit", &limit).await.0, 200);
    assert_eq!(bench.get("/stores").await.0, 429);
    let store = json!({"account": "ShipStation", "storeId": 31, "storeName": "Acme", "shopDomain": "a.myshopify.com"});
    assert_eq!(bench.post("/__simulator/stores", &store).await.0, 200);
    assert_eq!(bench.get("/__simulator/shipments").await.1.as_array().unwrap().len(), 1);
    let path = format!("/__simulator/orders/{id}");
    assert_eq!(bench.send("DELETE", &path, None).await.unwrap().status(), 200);
    assert!(bench.ship_station.orders().is_empty());
    assert_eq!(bench.get("/__simulator/nowhere").await.0, 404);
}
