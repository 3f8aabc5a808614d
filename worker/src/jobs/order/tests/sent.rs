//! What the warehouse is given, and what it keeps of its own.

use ::lane::carriage::{Contents, NoteField, Service};
use ::lane::hold::HoldReason;
use serde_json::{Value, json};
use simulators::shipstation::Declarations;

use super::bench::{Bench, KEY, abroad, says};

/// A shop that asks for everything, and an order that has it.
async fn full() -> Bench {
    let mut order = abroad();
    order["note"] = json!("ring twice");
    order["tags"] = json!("vip, eu");
    order["note_attributes"] =
        json!([{"name": "Gift message", "value": "Happy birthday"}, {"name": "Day", "value": "Friday"}]);
    let mut bench = Bench::with_order(order).await;
    let carriage = &mut bench.shop.carriage;
    carriage.store = Some(1);
    carriage.notes.tags = Some(NoteField::CustomField1);
    carriage.notes.attributes = Some(NoteField::InternalNotes);
    carriage.customs.contents = Contents::Gift;
    carriage.services = vec![Service {
        method: "standard".into(),
        countries: vec![],
        carrier: "ups".into(),
        service: "ups_worldwide_expedited".into(),
        package: Some("package".into()),
        confirmation: Some("signature".into()),
    }];
    bench
}

fn told(order: &Value) -> Value {
    let names = ["carrierCode", "serviceCode", "packageCode", "confirmation", "gift", "giftMessage", "internalNotes"];
    let mut told: Value = names.into_iter().map(|name| (name.to_owned(), order[name].clone())).collect();
    told["customField1"] = order["advancedOptions"]["customField1"].clone();
    told["storeId"] = order["advancedOptions"]["storeId"].clone();
    told["weight"] = order["weight"]["value"].clone();
    told
}

#[tokio::test]
async fn everything_that_the_shop_asked_for_arrives_and_is_read_back() {
    let mut bench = full().await;
    let proof = bench.done().await;
    let order = bench.at_warehouse();
    let expected = json!({
        "carrierCode": "ups", "serviceCode": "ups_worldwide_expedited", "packageCode": "package",
        "confirmation": "signature", "gift": true, "giftMessage": "Happy birthday", "internalNotes": "Day: Friday",
        "customField1": "vip; eu", "storeId": 1, "weight": 300,
    });
    assert_eq!(told(&order), expected);
    assert_eq!(order["internationalOptions"]["contents"], "gift");
    let items: Vec<Value> = order["internationalOptions"]["customsItems"].as_array().unwrap().clone();
    let figures: Vec<Value> =
        items.iter().map(|item| json!([item["quantity"], item["value"], item["countryOfOrigin"]])).collect();
    assert_eq!(figures, [json!([2, 18, "PT"]), json!([1, 9, "CN"])]);
    for name in ["internationalOptions.customsItems", "giftMessage", "serviceCode", "items.weight"] {
        assert!(proof.compared.iter().any(|compared| compared == name), "{name}");
    }
}

#[tokio::test]
async fn what_the_warehouse_chose_and_wrote_stays_when_the_order_changes() {
    let mut bench = full().await;
    bench.done().await;
    bench.warehouse_changes(|order| {
        order["serviceCode"] = json!("ups_express");
        order["internalNotes"] = json!("shelf 4, fragile");
        order["internationalOptions"]["customsItems"][0]["description"] = json!("Stoneware mug");
        order["weight"] = json!({"value": 12, "units": "ounces"});
        order["advancedOptions"]["customField2"] = json!("theirs");
    });
    bench.change(|order| {
        order["note"] = json!("do not ring");
        order["note_attributes"] = json!([{"name": "Day", "value": "Monday"}]);
    });
    bench.done().await;
    let order = bench.at_warehouse();
    assert_eq!(order["customerNotes"], "do not ring");
    assert_eq!((&order["gift"], &order["giftMessage"]), (&json!(false), &json!(null)));
    assert_eq!((&order["serviceCode"], &order["internalNotes"]), (&json!("ups_express"), &json!("shelf 4, fragile")));
    assert_eq!(order["internationalOptions"]["customsItems"][0]["description"], "Stoneware mug");
    assert_eq!((&order["weight"]["value"], &order["advancedOptions"]["customField2"]), (&json!(12), &json!("theirs")));
}

#[tokio::test]
async fn what_the_warehouse_fills_in_by_itself_is_no_difference_where_the_order_says_nothing() {
    let mut bench = Bench::start().await;
    bench
        .reads_show(1, |order| {
            order["carrierCode"] = json!("ups");
            order["internalNotes"] = json!("by a rule");
            order["internationalOptions"]["contents"] = json!("merchandise");
        })
        .await;
    bench.done().await;
    assert_eq!(bench.calls("createorder"), 1);
}

#[tokio::test]
async fn an_address_that_moves_within_the_country_takes_the_declaration_away() {
    let mut bench = full().await;
    bench.done().await;
    bench.change(|order| order["shipping_address"]["country_code"] = json!("US"));
    bench.done().await;
    let options = &bench.at_warehouse()["internationalOptions"];
    assert!(options["customsItems"].is_null() && options["contents"].is_null(), "{options}");
}

#[tokio::test]
async fn declarations_that_the_account_makes_itself_are_a_question_that_says_which_setting() {
    let mut bench = full().await;
    bench.shipstation.set_declarations(KEY, Declarations::FromItems);
    let hold = bench.held().await;
    // They are made of the unit prices, and lack the codes.
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    assert!(says(&hold, "customs", "Leave blank (Enter Manually)"), "{:?}", hold.evidence);
    assert!(says(&hold, "internationalOptions.customsItems", "691200 from PT"), "{:?}", hold.evidence);
}

#[tokio::test]
async fn an_address_that_the_warehouse_cannot_hold_is_a_question_and_nothing_is_cut() {
    let mut bench = Bench::with(|order| order["shipping_address"]["address1"] = json!("x".repeat(201))).await;
    let hold = bench.held().await;
    assert_eq!(hold.reason, HoldReason::NotCarriable);
    assert!(says(&hold, "ship to, street", "201 characters"), "{:?}", hold.evidence);
    assert_eq!(bench.traffic(), [0, 0, 0]);
}

#[tokio::test]
async fn an_order_is_made_in_the_shops_store_and_never_moved_to_another() {
    let mut bench = Bench::start().await;
    bench.shipstation.add_store(KEY, 12, "Acme", "Manual");
    bench.shop.carriage.store = Some(12);
    bench.done().await;
    assert_eq!(bench.at_warehouse()["advancedOptions"]["storeId"], 12);
    // A store that the account does not have would be refused.
    bench.shop.carriage.store = Some(404);
    bench.change(|order| order["note"] = json!("thanks"));
    bench.done().await;
    assert_eq!(bench.at_warehouse()["customerNotes"], "thanks");
    assert_eq!(bench.at_warehouse()["advancedOptions"]["storeId"], 12);
}
