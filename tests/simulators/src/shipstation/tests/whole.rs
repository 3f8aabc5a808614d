//! The whole order: customs, stores, tags, searching.

use super::*;

fn abroad(number: &str, key: &str) -> Value {
    let mut order = order(number, key);
    order["shipTo"]["country"] = json!("gb");
    order["internationalOptions"] = json!({
        "contents": "merchandise",
        "nonDelivery": "return_to_sender",
        "customsItems": [
            {"description": " Mug ", "quantity": 2, "value": 8.45, "harmonizedTariffCode": "732394", "countryOfOrigin": "PL"},
            {"description": "Mug", "quantity": 1, "value": "8.44", "harmonizedTariffCode": "732394", "countryOfOrigin": "PL"},
        ],
    });
    order
}

#[tokio::test]
async fn everything_that_is_written_can_be_read_back() {
    let bench = bench(40).await;
    let mut whole = abroad("#1001", "shop-1");
    let plain = [
        ("carrierCode", "fedex"),
        ("serviceCode", "fedex_ground"),
        ("packageCode", "package"),
        ("confirmation", "signature"),
        ("internalNotes", "Fragile"),
        ("giftMessage", "Happy birthday"),
        ("customerUsername", "ada"),
        ("requestedShippingService", "Express"),
        ("paymentMethod", "Card"),
    ];
    for (name, value) in plain {
        whole[name] = json!(value);
    }
    whole["gift"] = json!(true);
    whole["tagIds"] = json!([3, 4]);
    whole["shipByDate"] = json!("2026-11-25");
    whole["weight"] = json!({"value": 640, "units": "grams"});
    whole["dimensions"] = json!({"units": "inches", "length": 7, "width": 5, "height": 6});
    whole["advancedOptions"] = json!({"storeId": 11, "warehouseId": 7, "customField1": "a", "customField2": "b",
        "customField3": "c", "source": "web"});
    whole["shipTo"]["state"] = json!(" Greater  London ");
    whole["shipTo"]["postalCode"] = json!("SW1A  1AA");
    let line = json!({"lineItemKey": "2", "sku": "B", "name": "Tray", "quantity": 1, "unitPrice": 12, "taxAmount": 2.4,
        "productId": 77, "adjustment": false, "weight": {"value": 3, "units": "ounces"},
        "options": [{"name": "Size", "value": "L"}]});
    whole["items"] =
        json!([line, {"lineItemKey": "d", "name": "Discount", "quantity": 1, "unitPrice": -3, "adjustment": true}]);
    let (_, created) = bench.post("/orders/createorder", &whole).await;
    let (_, read) = bench.get(&format!("/orders/{}", created["orderId"])).await;
    assert_eq!(read, created);
    for (name, value) in plain {
        assert_eq!(read[name], value, "{name}");
    }
    assert_eq!((&read["gift"], &read["tagIds"]), (&json!(true), &json!([3, 4])));
    assert_eq!(read["shipByDate"], "2026-11-25T00:00:00.0000000");
    assert_eq!(read["weight"], json!({"value": 640, "units": "grams", "WeightUnits": 2}));
    assert_eq!(read["dimensions"], whole["dimensions"]);
    assert_eq!(read["shipTo"]["state"], "Greater  London");
    assert_eq!(read["shipTo"]["postalCode"], "SW1A  1AA");
    assert_eq!(read["shipTo"]["addressVerified"], "Address not yet validated");
    for name in ["storeId", "warehouseId", "customField1", "customField2", "customField3", "source"] {
        assert_eq!(read["advancedOptions"][name], whole["advancedOptions"][name], "{name}");
    }
    for name in ["lineItemKey", "sku", "name", "quantity", "unitPrice", "taxAmount", "productId", "options"] {
        assert_eq!(read["items"][0][name], line[name], "{name}");
    }
    assert_eq!(read["items"][0]["weight"], json!({"value": 3, "units": "ounces", "WeightUnits": 1}));
    assert_eq!(read["items"][1]["adjustment"], true);
    assert_eq!(read["orderTotal"].to_string(), "14.2");
}

#[tokio::test]
async fn only_what_leaves_the_country_is_declared() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &abroad("#1001", "shop-1")).await;
    let lines = created["internationalOptions"]["customsItems"].as_array().unwrap();
    assert_eq!((&lines[0]["description"], lines[1]["value"].to_string()), (&json!("Mug"), "8.44".to_owned()));
    assert_ne!(lines[0]["customsItemId"], lines[1]["customsItemId"]);

    bench.ship_station.set_home_country("ShipStation", "gb");
    let (_, home) = bench.post("/orders/createorder", &abroad("#1002", "shop-2")).await;
    assert_eq!(home["internationalOptions"]["customsItems"], Value::Null);
    assert_eq!(home["internationalOptions"]["contents"], "merchandise");
}

#[tokio::test]
async fn a_declared_line_is_known_by_its_id_and_gone_when_left_out() {
    let bench = bench(40).await;
    let (_, created) = bench.post("/orders/createorder", &abroad("#1001", "shop-1")).await;
    let first = created["internationalOptions"]["customsItems"][0].clone();
    let mut changed = abroad("#1001", "shop-1");
    let new = json!({"description": "Tray", "quantity": 1, "value": 1});
    changed["internationalOptions"]["customsItems"] = json!([first, new]);
    changed["internationalOptions"]["customsItems"][0]["value"] = json!(7);
    let (_, changed) = bench.post("/orders/createorder", &changed).await;
    let lines = changed["internationalOptions"]["customsItems"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["customsItemId"], lines[0]["value"].to_string()), (&first["customsItemId"], "7".to_owned()));
    assert_ne!(lines[1]["customsItemId"], created["internationalOptions"]["customsItems"][1]["customsItemId"]);
}

#[tokio::test]
async fn an_account_that_declares_by_itself_overwrites_what_is_sent() {
    let bench = bench(40).await;
    bench.ship_station.set_declarations("ShipStation", Declarations::FromItems);
    let (status, created) = bench.post("/orders/createorder", &abroad("#1001", "shop-1")).await;
    let lines = created["internationalOptions"]["customsItems"].as_array().unwrap();
    assert_eq!((status.as_u16(), lines.len()), (200, 1));
    assert_eq!((&lines[0]["quantity"], lines[0]["value"].to_string()), (&json!(3), "0.1".to_owned()));
}

#[tokio::test]
async fn stores_are_listed_and_one_is_there_from_the_start() {
    let bench = bench(40).await;
    bench.ship_station.add_account("other", "Rocks", 40);
    let client = bench.client.get(format!("{}/stores", bench.ship_station.base_url()));
    let stores: Value = client.basic_auth("other", Some("Rocks")).send().await.unwrap().json().await.unwrap();
    assert_eq!(stores.as_array().unwrap().len(), 1);
    assert_eq!((&stores[0]["marketplaceId"], &stores[0]["marketplaceName"]), (&json!(0), &json!("ShipStation")));

    assert_eq!(bench.get("/stores").await.1.as_array().unwrap().len(), 2, "the built-in one made room");
    assert_eq!(bench.get("/stores/11").await.1["storeName"], "Harbour");
    assert_eq!(bench.get("/stores/13").await.0, 404);
    bench.ship_station.set_store_active("ShipStation", 11, false);
    assert_eq!(bench.get("/stores").await.1[0]["storeId"], 12);
    assert_eq!(bench.get("/stores?showInactive=true").await.1[0]["active"], false);
    assert_eq!(bench.get("/warehouses").await.1[0]["isDefault"], true);
    let mut elsewhere = order("#1", "k");
    elsewhere["advancedOptions"]["storeId"] = json!(99);
    assert_eq!(bench.post("/orders/createorder", &elsewhere).await.0, 400);
}

#[tokio::test]
async fn tags_are_given_and_taken() {
    let bench = bench(40).await;
    bench.ship_station.add_tag("ShipStation", 5, "Checked", "#000000");
    assert_eq!(bench.get("/accounts/listtags").await.1, json!([{"tagId": 5, "name": "Checked", "color": "#000000"}]));
    let (_, created) = bench.post("/orders/createorder", &order("#1001", "shop-1")).await;
    let tag = json!({"orderId": created["orderId"], "tagId": 5});
    assert_eq!(bench.post("/orders/addtag", &tag).await.1["message"], "Tag added successfully.");
    assert_eq!(bench.post("/orders/addtag", &tag).await.0, 200);
    assert_eq!(bench.ship_station.order_by_key("shop-1").unwrap()["tagIds"], json!([5]));
    assert_eq!(bench.post("/orders/removetag", &tag).await.0, 200);
    assert_eq!(bench.ship_station.order_by_key("shop-1").unwrap()["tagIds"], Value::Null);
    let unknown = json!({"orderId": created["orderId"], "tagId": 6});
    assert_eq!(bench.post("/orders/addtag", &unknown).await.0, 400);
    assert_eq!(bench.post("/orders/addtag", &json!({"orderId": 1, "tagId": 5})).await.0, 404);
}

#[tokio::test]
async fn lists_are_narrowed_by_time_sorted_and_cut_into_pages() {
    let bench = bench(40).await;
    for (number, key) in [("#1", "a"), ("#2", "b"), ("#3", "c")] {
        let mut placed = order(number, key);
        placed["orderDate"] = json!(format!("2026-11-1{} 09:00:00", &number[1..]));
        bench.post("/orders/createorder", &placed).await;
        bench.clock.advance(Duration::from_mins(10));
    }
    let keys = |page: &Value| -> Vec<String> {
        let orders = page["orders"].as_array().unwrap().iter();
        orders.map(|order| order["orderKey"].as_str().unwrap().to_owned()).collect()
    };
    // It is 12:00 Pacific when the first is created.
    let (_, page) = bench.get("/orders?createDateStart=2026-11-21%2012:10:00&createDateEnd=2026-11-21T12:10:00").await;
    assert_eq!(keys(&page), ["b"]);
    let (_, page) = bench.get("/orders?sortBy=OrderDate&sortDir=DESC&pageSize=2&page=1").await;
    assert_eq!((keys(&page), &page["total"], &page["pages"]), (vec!["c".into(), "b".into()], &json!(3), &json!(2)));
    let (_, page) = bench.get("/orders?orderDateStart=2026-11-12&orderDateEnd=2026-11-13").await;
    assert_eq!(keys(&page), ["b"]);
    bench.ship_station.change_order(page["orders"][0]["orderId"].as_u64().unwrap(), |order| {
        order["internalNotes"] = json!("seen");
    });
    let (_, page) = bench.get("/orders?modifyDateStart=2026-11-21T12:30:00").await;
    assert_eq!(keys(&page), ["b"]);
    assert_eq!(bench.get("/orders?itemKeyword=mug&customerName=OKAFOR").await.1["total"], 3);
    assert_eq!(bench.get("/orders?itemKeyword=tray").await.1["total"], 0);
    assert_eq!(bench.get("/orders?orderStatus=shipped").await.1["total"], 0);
    assert_eq!(bench.get("/orders?pageSize=5000").await.1["pages"], 1);
}

#[tokio::test]
async fn a_limit_can_be_changed_under_way() {
    let bench = bench(3).await;
    bench.get("/stores").await;
    bench.get("/webhooks").await;
    bench.ship_station.set_limit("ShipStation", 1);
    assert_eq!(bench.get("/shipments").await.0, 429);
    bench.ship_station.set_limit("ShipStation", 3);
    assert_eq!(bench.get("/shipments").await.0, 200);
    assert_eq!(bench.get("/fulfillments").await.0, 429, "every call counts, whichever it is");
}
