mod access;
mod fixtures;
mod fulfilling;
mod changing;
mod holding;

use std::time::Duration;

use lane::clock::{ManualClock, Timestamp};
use reqwest::Client;

use super::*;
use crate::orders::Maker;

const SHOP: &str = "harbour.myshopify.com";

struct Bench {
    shopify: Shopify,
    clock: Arc<ManualClock>,
    client: Client,
}

async fn bench() -> Bench {
    let clock = Arc::new(ManualClock::starting("2026-11-21T20:00:00.25Z".parse().unwrap()));
    let listen = "127.0.0.1:0".parse().unwrap();
    let shopify = Shopify::start(listen, Settings::default(), Arc::<ManualClock>::clone(&clock)).await.unwrap();
    shopify.add_shop(SHOP, "shpat_1");
    Bench { shopify, clock, client: Client::new() }
}

impl Bench {
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let response = self.ask_as("shpat_1", SHOP, query, variables).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    async fn ask_as(&self, token: &str, domain: &str, query: &str, variables: Value) -> reqwest::Response {
        let url = format!("{}/admin/api/2026-10/graphql.json", self.shopify.base_url().replace("{domain}", domain));
        let body = json!({"query": query, "variables": variables});
        self.client.post(url).header("X-Shopify-Access-Token", token).json(&body).send().await.unwrap()
    }

    fn put(&self, maker: &Maker, number: u64) -> Value {
        let order = maker.order(number, Timestamp::UNIX_EPOCH);
        self.shopify.put_order(SHOP, order.clone()).unwrap();
        json!({"id": order["admin_graphql_api_id"]})
    }
}

const ORDER: &str = "query Fetch($id: ID!) {
  order(id: $id) {
    id legacyResourceId name updatedAt displayFinancialStatus tags __typename
    total: currentTotalPriceSet { ...bag }
    customer { numberOfOrders legacyResourceId }
    shippingAddress { countryCodeV2 ... on MailingAddress { city } }
    risk { recommendation assessments { riskLevel provider { title } } }
    shippingLines(first: 2) { nodes { title originalPriceSet { ...bag } } }
    lineItems(first: 5) {
      nodes { id quantity variant { inventoryItem { harmonizedSystemCode measurement { weight { unit value } } } } }
    }
  }
}
fragment bag on MoneyBag { shopMoney { amount currencyCode } }";

#[tokio::test]
async fn shows_the_rest_order() {
    let bench = bench().await;
    let maker = Maker::new(1, "USD").lines(2);
    let variables = bench.put(&maker, 1001);
    bench.put(&maker, 1002);
    let answer = bench.ask(ORDER, variables).await;
    let (order, rest) = (&answer["data"]["order"], maker.order(1001, Timestamp::UNIX_EPOCH));
    assert_eq!(order["legacyResourceId"], json!(rest["id"].to_string()), "neighbours differ in the last digit only");
    assert_eq!(order["name"], "#1001");
    assert_eq!(order["updatedAt"], "1970-01-01T00:00:00Z");
    assert_eq!(order["displayFinancialStatus"], "PAID");
    assert_eq!(order["__typename"], "Order");
    assert_eq!(order["total"]["shopMoney"]["amount"], rest["current_total_price"]);
    assert_eq!(order["risk"]["recommendation"], "ACCEPT");
    assert_eq!(order["shippingLines"]["nodes"][0]["originalPriceSet"]["shopMoney"]["amount"], "5.00");
    let line = &order["lineItems"]["nodes"][1];
    assert_eq!(line["id"], rest["line_items"][1]["admin_graphql_api_id"]);
    assert_eq!(line["variant"]["inventoryItem"]["measurement"]["weight"]["unit"], "GRAMS");
    let cost = &answer["extensions"]["cost"];
    assert!(cost["actualQueryCost"].as_u64() <= cost["requestedQueryCost"].as_u64(), "{cost}");
    assert_eq!(bench.shopify.journal().calls()[0].operation, "order");
}

#[tokio::test]
async fn the_published_sample_keeps_its_id() {
    let bench = bench().await;
    bench.shopify.put_order(SHOP, json!({"id": 820_982_911_946_154_508_u64, "currency": "USD", "name": "#9999"}));
    let query = r#"{ order(id: "gid://shopify/Order/820982911946154508") { legacyResourceId } }"#;
    assert_eq!(bench.ask(query, Value::Null).await["data"]["order"]["legacyResourceId"], "820982911946154508");
    let other = r#"{ order(id: "gid://shopify/Order/820982911946154500") { id } }"#;
    assert_eq!(bench.ask(other, Value::Null).await["data"]["order"], Value::Null);
}

#[tokio::test]
async fn five_hundred_lines_come_in_pages() {
    let bench = bench().await;
    let mut variables = bench.put(&Maker::new(1, "USD").lines(500), 1001);
    let query = "query($id: ID!, $after: String) { order(id: $id) {
        lineItems(first: 200, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }";
    let mut seen = Vec::new();
    loop {
        let answer = bench.ask(query, variables.clone()).await;
        let page = &answer["data"]["order"]["lineItems"];
        let edges = page["edges"].as_array().unwrap();
        seen.extend(edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()));
        assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], 201);
        assert_eq!(answer["extensions"]["cost"]["actualQueryCost"], 1 + edges.len());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        variables["after"] = page["pageInfo"]["endCursor"].clone();
    }
    let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (500, 500));
}

#[tokio::test]
async fn what_does_not_exist_is_refused() {
    let bench = bench().await;
    let code = async |query: &str| {
        let answer = bench.ask(query, Value::Null).await;
        (answer["errors"][0]["message"].as_str().unwrap().to_owned(), answer["errors"][0]["extensions"]["code"].clone())
    };
    let id = "gid://shopify/Order/1";
    let (message, undefined) = code(&format!(r#"{{ order(id: "{id}") {{ colour }} }}"#)).await;
    assert_eq!(
        (message.as_str(), undefined),
        ("Field 'colour' doesn't exist on type 'Order'", json!("undefinedField"))
    );
    assert_eq!(code("{ shop { name(size: 3) } }").await.1, "argumentNotAccepted");
    assert_eq!(code("{ order { id } }").await.1, "missingRequiredArguments");
    assert_eq!(code("{ shop }").await.1, "selectionMismatch");
    assert_eq!(code("{ shop { ...missing } }").await.1, "useAndDefineFragment");
    assert_eq!(code("query($id: ID!) { order(id: $id) { id } }").await.1, "INVALID_VARIABLE");
    assert_eq!(
        code(&format!(r#"{{ order(id: "{id}") {{ lineItems {{ nodes {{ id }} }} }} }}"#)).await.1,
        "BAD_REQUEST"
    );
    assert!(code("{ shop {").await.0.starts_with("syntax error"));
    let dear = format!(
        r#"{{ order(id: "{id}") {{ lineItems(first: 250) {{ nodes {{ originalTotalSet {{ shopMoney {{ amount }} presentmentMoney {{ amount }} }} }} }} }} }}"#
    );
    assert_eq!(code(&dear).await.1, "MAX_COST_EXCEEDED");
}

#[tokio::test]
async fn points_run_out_and_come_back() {
    let bench = bench().await;
    let variables = bench.put(&Maker::new(1, "USD").lines(250), 1001);
    let query = "query($id: ID!) { order(id: $id) { lineItems(first: 250) { nodes {
        variant { id inventoryItem { id measurement { id } } } } } } }";
    let first = bench.ask(query, variables.clone()).await;
    assert_eq!(first["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED", "4 points a line are 1001 in all");
    let query = query.replace("250", "249");
    for left in [1003, 6] {
        let answer = bench.ask(&query, variables.clone()).await;
        assert_eq!(answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"], left);
    }
    let throttled = bench.ask(&query, variables.clone()).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
    let cost = &throttled["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(997), &Value::Null));
    bench.clock.advance(Duration::from_millis(9_910));
    assert_eq!(bench.ask(&query, variables).await["errors"], Value::Null, "6 + 991 points are enough");
    assert_eq!(bench.shopify.journal().calls()[3].remaining, Some(6));
}

#[tokio::test]
async fn what_was_not_returned_is_refunded() {
    let bench = bench().await;
    let variables = bench.put(&Maker::new(1, "USD").lines(3), 1001);
    let query = "query($id: ID!) { order(id: $id) { lineItems(first: 250) { nodes { id } } } }";
    let answer = bench.ask(query, variables).await;
    let cost = &answer["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(251), &json!(4)));
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 1996);
}

#[tokio::test]
async fn tokens_open_their_own_shop_only() {
    let bench = bench().await;
    bench.shopify.add_shop("other.myshopify.com", "shpat_2");
    let query = "{ shop { myshopifyDomain } currentAppInstallation { accessScopes { handle } } }";
    assert_eq!(bench.ask_as("shpat_2", SHOP, query, Value::Null).await.status(), 401);
    assert_eq!(bench.ask_as("shpat_1", "third.myshopify.com", query, Value::Null).await.status(), 404);
    let answer = bench.ask(query, Value::Null).await;
    assert_eq!(answer["data"]["shop"]["myshopifyDomain"], SHOP);
    bench.shopify.revoke(SHOP);
    assert_eq!(bench.ask_as("shpat_1", SHOP, query, Value::Null).await.status(), 401);
}

#[tokio::test]
async fn orders_change_and_risks_are_set() {
    let bench = bench().await;
    let maker = Maker::new(1, "USD");
    let variables = bench.put(&maker, 1001);
    let id = maker.order_id(1001);
    let changed = bench.shopify.change_order(SHOP, id, |order| order["tags"] = json!("vip, gift")).unwrap();
    assert_eq!(changed["updated_at"], "2026-11-21T20:00:00Z");
    bench.shopify.set_risk(SHOP, id, "PENDING", "PENDING");
    let answer = bench.ask(ORDER, variables).await;
    assert_eq!(answer["data"]["order"]["tags"], json!(["vip", "gift"]));
    assert_eq!(answer["data"]["order"]["risk"]["assessments"][0]["riskLevel"], "PENDING");
    assert_eq!(bench.shopify.change_order(SHOP, 1, |_| ()), None);
}

#[tokio::test]
async fn discounts_reach_the_unit_price() {
    let bench = bench().await;
    let variables = bench.put(&Maker::new(1, "USD").lines(1).total_about(10_000).discount_percent(10), 1001);
    let query = "query($id: ID!) { order(id: $id) {
        discountApplications(first: 1) { nodes { __typename targetType value { ... on PricingPercentageValue { percentage } } } }
        lineItems(first: 1) { nodes {
            quantity discountedTotalSet { shopMoney { amount } }
            discountedUnitPriceAfterAllDiscountsSet { shopMoney { amount } }
            discountAllocations { discountApplication { ... on DiscountCodeApplication { code } } } } } } }";
    let answer = bench.ask(query, variables).await;
    let order = &answer["data"]["order"];
    assert_eq!(
        order["discountApplications"]["nodes"][0],
        json!({"__typename": "DiscountCodeApplication", "targetType": "LINE_ITEM", "value": {"percentage": 10.0}})
    );
    let line = &order["lineItems"]["nodes"][0];
    assert_eq!(line["discountAllocations"][0]["discountApplication"]["code"], "WELCOME");
    let of = |name: &str| line[name]["shopMoney"]["amount"].as_str().unwrap().parse::<f64>().unwrap();
    let quantity = line["quantity"].as_f64().unwrap();
    let expected = of("discountedTotalSet") * 0.9 / quantity;
    assert!((of("discountedUnitPriceAfterAllDiscountsSet") - expected).abs() < 0.02);
}
