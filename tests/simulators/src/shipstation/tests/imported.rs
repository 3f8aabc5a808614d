//! Orders that a store imports by itself.

use super::*;
use crate::orders::Maker;

const SHOP: &str = "acme.myshopify.com";

async fn importing(importing: Importing) -> Bench {
    let bench = bench(40).await;
    bench.ship_station.add_importing_store("ShipStation", 21, "Acme", importing);
    bench
}

fn placed(bench: &Bench, country: &str, percent: u64) -> Value {
    let maker = Maker::new(1, "USD").ship_country(country).lines(2).discount_percent(percent);
    maker.order(1001, bench.clock.now())
}

#[tokio::test]
async fn an_order_appears_after_a_while_as_the_shop_knows_it() {
    let bench = importing(Importing::from_shop(SHOP).after(Duration::from_mins(5))).await;
    let order = placed(&bench, "GB", 0);
    bench.ship_station.import_order("Acme.myshopify.com", &order).unwrap();
    bench.clock.advance(Duration::from_secs(299));
    assert_eq!(bench.get("/orders?storeId=21").await.1["total"], 0);
    bench.clock.advance(Duration::from_secs(1));
    let (_, page) = bench.get("/orders?orderNumber=%231001&storeId=21").await;
    let there = &page["orders"][0];
    assert_eq!(there["orderKey"], order["id"].to_string());
    assert_eq!((&there["orderNumber"], &there["orderStatus"]), (&json!("#1001"), &json!("awaiting_shipment")));
    assert_eq!(there["items"][1]["lineItemKey"], order["line_items"][1]["id"].to_string());
    assert_eq!(there["createDate"], "2026-11-21T12:05:00.0000000");
    assert_eq!(there["orderDate"], "2026-11-21T12:00:00.0000000");
    assert_eq!(there["shipTo"]["country"], "GB");
    assert!(bench.ship_station.journal().commits().is_empty(), "nobody wrote it through the API");
    assert_eq!(bench.get("/stores/21").await.1["autoRefresh"], true);
}

#[tokio::test]
async fn its_customs_values_know_nothing_of_a_discount_of_the_whole_order() {
    let bench = importing(Importing::from_shop(SHOP)).await;
    let mut order = placed(&bench, "GB", 20);
    bench.ship_station.import_order(SHOP, &order).unwrap();
    let there = bench.ship_station.orders().pop().unwrap();
    let lines = there["internationalOptions"]["customsItems"].as_array().unwrap();
    for (declared, line) in lines.iter().zip(order["line_items"].as_array().unwrap()) {
        assert_eq!(declared["quantity"], line["quantity"]);
        assert_eq!(number::decimal(&declared["value"]), number::decimal(&line["price"]), "full price");
    }
    let off = there["items"].as_array().unwrap().last().unwrap();
    let discount = -number::decimal(&order["total_discounts"]).unwrap();
    assert_eq!((&off["adjustment"], number::decimal(&off["unitPrice"]).unwrap()), (&json!(true), discount));

    // The same discount given line by line is in the values.
    order["id"] = json!(7);
    order["discount_applications"][0]["allocation_method"] = json!("each");
    bench.ship_station.import_order(SHOP, &order).unwrap();
    let there = bench.ship_station.order_by_key("7").unwrap();
    let value = number::decimal(&there["internationalOptions"]["customsItems"][0]["value"]).unwrap();
    assert!(value < number::decimal(&order["line_items"][0]["price"]).unwrap());
    assert_eq!(there["items"].as_array().unwrap().len(), 2, "and no adjustment stands for it");
}

#[tokio::test]
async fn an_order_that_stays_in_the_country_declares_nothing_and_an_imported_one_is_not_imported_again() {
    let bench = importing(Importing::from_shop(SHOP).without_hash().with_opaque_keys()).await;
    let order = placed(&bench, "US", 0);
    bench.ship_station.import_order(SHOP, &order).unwrap();
    let there = bench.ship_station.orders().pop().unwrap();
    assert_eq!(there["internationalOptions"]["customsItems"], Value::Null);
    assert_eq!(there["orderNumber"], "1001");
    assert!(!there["orderKey"].as_str().unwrap().contains(&order["id"].to_string()));
    bench.ship_station.change_order(there["orderId"].as_u64().unwrap(), |order| order["gift"] = json!(true));
    bench.ship_station.import_order(SHOP, &order).unwrap();
    assert_eq!(bench.ship_station.orders().len(), 1);
    assert_eq!(bench.ship_station.orders()[0]["gift"], true);
}

#[tokio::test]
async fn it_is_pushed_back_whole_by_its_id_and_stays_in_its_store() {
    let bench = importing(Importing::from_shop(SHOP)).await;
    bench.ship_station.import_order(SHOP, &placed(&bench, "GB", 20)).unwrap();
    let mut there = bench.ship_station.orders().pop().unwrap();
    there["internationalOptions"]["customsItems"][0]["value"] = json!(1.25);
    let (status, pushed) = bench.post("/orders/createorder", &there).await;
    assert_eq!(status, 200);
    assert_eq!(pushed["orderId"], there["orderId"]);
    assert_eq!(pushed["advancedOptions"]["storeId"], 21);
    assert_eq!(pushed["internationalOptions"], there["internationalOptions"], "lines are known by their ids");
    assert_eq!(bench.ship_station.journal().commits()[0].kind, Kind::Replaced);
}

#[tokio::test]
async fn what_cannot_be_imported_says_why() {
    let bench = importing(Importing::from_shop(SHOP)).await;
    let mut order = placed(&bench, "GB", 0);
    assert!(bench.ship_station.import_order("other.myshopify.com", &order).is_err());
    order["shipping_address"] = Value::Null;
    assert!(bench.ship_station.import_order(SHOP, &order).unwrap_err().contains("ship-to"));
    let (status, _) = bench.post(&format!("/__simulator/orders/{SHOP}"), &placed(&bench, "GB", 0)).await;
    assert_eq!((status.as_u16(), bench.ship_station.orders().len()), (200, 1));
}
