//! Scopes and plans.

use super::*;

const PARTS: &str = "query($id: ID!) { order(id: $id) { name customer { id }
    fulfillmentOrders(first: 5) { nodes { id assignedLocation { name location { id name } } } } } }";

#[tokio::test]
async fn scopes_are_told_as_they_were_set() {
    let bench = bench().await;
    bench.shopify.set_scopes(SHOP, &["read_orders", "read_customers"]);
    let answer = bench.ask("{ currentAppInstallation { accessScopes { handle } } }", Value::Null).await;
    let handles = json!([{"handle": "read_customers"}, {"handle": "read_orders"}]);
    assert_eq!(answer["data"]["currentAppInstallation"]["accessScopes"], handles);
}

#[tokio::test]
async fn a_missing_scope_nulls_what_can_be_null() {
    let bench = bench().await;
    let variables = bench.put(&Maker::new(1, "USD"), 1001);
    bench.shopify.set_scopes(SHOP, &["read_orders", "read_merchant_managed_fulfillment_orders"]);
    let answer = bench.ask(PARTS, variables.clone()).await;
    assert_eq!(answer["data"]["order"]["name"], "#1001");
    assert_eq!(answer["data"]["order"]["customer"], Value::Null);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "ACCESS_DENIED");
    assert_eq!(error["path"], json!(["order", "customer"]));
    let location = &answer["data"]["order"]["fulfillmentOrders"]["nodes"][0]["assignedLocation"];
    assert_eq!(location, &json!({"name": "Main warehouse", "location": null}), "the location needs read_locations");
    bench.shopify.set_scopes(SHOP, &["read_orders", "read_customers"]);
    let answer = bench.ask(PARTS, variables).await;
    assert_eq!(answer["data"]["order"], Value::Null, "a connection cannot be null, so its order is");
    assert_eq!(answer["errors"][0]["path"], json!(["order", "fulfillmentOrders"]));
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("read_third_party_fulfillment_orders"));
}

#[tokio::test]
async fn parts_of_a_kind_that_may_not_be_seen_are_not_shown() {
    let bench = bench().await;
    let variables = bench.put(&Maker::new(1, "USD").lines(1), 1001);
    let id = Maker::new(1, "USD").order_id(1001);
    let line = bench.shopify.order(SHOP, id).unwrap()["line_items"][0].clone();
    let units = json!([{"line": line["id"].to_string(), "quantity": line["quantity"]}]);
    let elsewhere = json!([{"location": {"id": 2, "name": "Parcel House", "keeper": "service"}, "lines": units}]);
    bench.shopify.act(SHOP, Act::Split { order: id, parts: elsewhere }).unwrap();
    let shown = async |scope: &str| {
        bench.shopify.set_scopes(SHOP, &["read_orders", "read_customers", "read_locations", scope]);
        let answer = bench.ask(PARTS, variables.clone()).await;
        answer["data"]["order"]["fulfillmentOrders"]["nodes"].as_array().unwrap().len()
    };
    assert_eq!(shown("read_merchant_managed_fulfillment_orders").await, 0);
    assert_eq!(shown("read_third_party_fulfillment_orders").await, 1);
    assert_eq!(shown("write_third_party_fulfillment_orders").await, 1, "who may write may read");
}

#[tokio::test]
async fn a_plan_is_a_rate_and_a_bucket_of_twenty_times() {
    let bench = bench().await;
    bench.shopify.set_plan(SHOP, 1000);
    let status = &bench.ask("{ shop { name } }", Value::Null).await["extensions"]["cost"]["throttleStatus"];
    assert_eq!((&status["maximumAvailable"], &status["restoreRate"]), (&json!(20_000), &json!(1000)));
}

#[tokio::test]
async fn locations_are_listed_as_they_stand_and_only_to_those_who_may_read_them() {
    let bench = bench().await;
    bench.shopify.put_location(SHOP, 7, "Berlin", true);
    bench.shopify.put_location(SHOP, 8, "Old mill", false);
    let names = async |arguments: &str| {
        let asked = format!("{{ locations(first: 10{arguments}) {{ nodes {{ name isActive }} }} }}");
        let answer = bench.ask(&asked, Value::Null).await;
        let nodes = answer["data"]["locations"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes.into_iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["Berlin", "Main warehouse"]);
    assert_eq!(names(", includeInactive: true").await, ["Berlin", "Old mill", "Main warehouse"]);
    bench.shopify.set_scopes(SHOP, &["read_orders"]);
    assert_eq!(names("").await, [""; 0]);
}
