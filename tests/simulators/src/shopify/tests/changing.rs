//! Edits, refunds, and everything else that is done to an order, with what Shopify tells of it.

use rust_decimal::Decimal;

use super::fixtures::{amount, money, sale};
use super::*;

fn topics(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(topic, _)| topic.as_str()).collect()
}

/// The totals of both APIs follow from the lines, whatever was done to them.
fn adds_up(shown: &Value, rest: &Value) {
    for (side, rest_side) in [("shopMoney", "shop_money"), ("presentmentMoney", "presentment_money")] {
        let mut net = Decimal::ZERO;
        for line in shown["lineItems"]["nodes"].as_array().unwrap() {
            net += amount(&line["priceAfterAllDiscountsBeforeTaxesSet"], side);
        }
        let subtotal = amount(&shown["currentSubtotalPriceSet"], side);
        assert_eq!(net + amount(&shown["currentTotalTaxSet"], side), subtotal, "{side}");
        let total = amount(&shown["currentTotalPriceSet"], side);
        assert_eq!(subtotal + amount(&shown["currentShippingPriceSet"], side), total);
        assert_eq!(money(rest["current_total_price_set"][rest_side]["amount"].as_str().unwrap()), total);
        let paid = amount(&shown["totalReceivedSet"], side) - amount(&shown["totalRefundedSet"], side);
        assert_eq!(total - paid, amount(&shown["totalOutstandingSet"], side));
    }
}

#[tokio::test]
async fn removed_units_leave_the_totals_and_keep_their_discounts() {
    let bench = bench().await;
    let (id, before) = bench.sells(&sale());
    let changes =
        vec![Change::Quantity { line: "MUG".to_owned(), to: 1 }, Change::Quantity { line: "TRAY".to_owned(), to: 0 }];
    let told = bench.does(Act::Edit { order: id, changes });
    assert_eq!(topics(&told), ["orders/edited", "orders/updated"]);
    assert_eq!(told[0].1["order_edit"]["order_id"], json!(id));
    assert_eq!(told[0].1["order_edit"]["line_items"]["removals"][0]["delta"], 2);
    assert_eq!(told[0].1.get("id"), None, "it is not the order");
    let (shown, rest) = (bench.whole(id).await, bench.shopify.order(SHOP, id).unwrap());
    adds_up(&shown, &rest);
    let mug = &rest["line_items"][0];
    assert_eq!(
        (&mug["quantity"], &mug["current_quantity"], &mug["fulfillable_quantity"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(mug["discount_allocations"], before["line_items"][0]["discount_allocations"]);
    assert_eq!(rest["total_price"], before["total_price"]);
    // 56.85 less 10.18 for three is 18.95 less 3.39 for one; the card stays at 45.00.
    assert_eq!(rest["current_subtotal_price"], "60.56");
    assert!(rest["total_outstanding"].as_str().unwrap().starts_with('-'), "the buyer has paid too much");
    let parts = shown["fulfillmentOrders"]["nodes"].as_array().unwrap();
    assert_eq!(parts[0]["lineItems"]["nodes"].as_array().unwrap().len(), 1, "the tray is in no part any more");
    assert_eq!(parts[0]["lineItems"]["nodes"][0]["totalQuantity"], 1);
}

#[tokio::test]
async fn an_added_line_costs_joins_a_part_and_is_owed() {
    let bench = bench().await;
    let (id, before) = bench.sells(&sale());
    let line = json!({"sku": "BLANKET", "title": "Wool blanket", "price": "100.00", "quantity": 2});
    let told = bench.does(Act::Edit { order: id, changes: vec![Change::Add { line }] });
    assert_eq!(told[0].1["order_edit"]["line_items"]["additions"][0]["delta"], 2);
    let (shown, rest) = (bench.whole(id).await, bench.shopify.order(SHOP, id).unwrap());
    adds_up(&shown, &rest);
    assert_eq!(amount(&shown["totalOutstandingSet"], "shopMoney"), money("200"));
    assert_eq!(amount(&shown["totalReceivedSet"], "shopMoney"), money(before["total_price"].as_str().unwrap()));
    let skus: Vec<_> = shown["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["lineItem"]["sku"].clone())
        .collect();
    assert_eq!(skus, ["MUG", "TRAY", "BLANKET"]);
    assert_eq!(topics(&bench.does(Act::Pay { order: id })), ["orders/paid", "orders/updated"]);
    assert!(amount(&bench.whole(id).await["totalOutstandingSet"], "shopMoney").is_zero());
}

#[tokio::test]
async fn refunds_one_by_one_come_to_what_was_paid_for_the_line() {
    let bench = bench().await;
    let (id, before) = bench.sells(&sale());
    let mut back = Decimal::ZERO;
    for count in [1, 1, 1] {
        let refund = Refund { units: vec![("MUG".to_owned(), count)], ..Refund::default() };
        let told = bench.does(Act::Refund { order: id, refund });
        assert_eq!(topics(&told), ["refunds/create", "orders/updated"]);
        let refund = &told[0].1;
        assert_eq!(refund["order_id"], json!(id));
        assert_eq!(refund["refund_line_items"][0]["subtotal"], refund["transactions"][0]["amount"]);
        back += money(refund["refund_line_items"][0]["subtotal"].as_str().unwrap());
        adds_up(&bench.whole(id).await, &bench.shopify.order(SHOP, id).unwrap());
    }
    assert_eq!(back, money("46.67"), "3 × 18.95 less 5.00 and 5.18");
    let (shown, rest) = (bench.whole(id).await, bench.shopify.order(SHOP, id).unwrap());
    assert_eq!(rest["financial_status"], "partially_refunded");
    assert!(amount(&shown["totalOutstandingSet"], "shopMoney").is_zero());
    assert_eq!(amount(&shown["totalReceivedSet"], "shopMoney"), money(before["total_price"].as_str().unwrap()));
    assert_eq!(rest["line_items"][0]["fulfillable_quantity"], 0);
    let again = Refund { units: vec![("MUG".to_owned(), 1)], ..Refund::default() };
    assert!(matches!(bench.shopify.act(SHOP, Act::Refund { order: id, refund: again }), Err(BadOrder::Refused(_))));
}

#[tokio::test]
async fn money_goes_back_without_units_and_units_come_back_fulfilled() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let told =
        bench.does(Act::Refund { order: id, refund: Refund { amount: Some(money("5.00")), ..Refund::default() } });
    assert_eq!(told[0].1["order_adjustments"][0]["amount"], "-5.00");
    let shown = bench.whole(id).await;
    assert_eq!(shown["currentTotalPriceSet"]["shopMoney"]["amount"], "141.16");
    assert!(amount(&shown["totalOutstandingSet"], "shopMoney").is_zero());
    let tracking = json!({"number": "1Z1", "company": "UPS"});
    let told = bench.does(Act::Fulfil { order: id, part: 0, units: vec![("MUG".to_owned(), 2)], tracking });
    assert_eq!(topics(&told), ["fulfillments/create", "orders/partially_fulfilled", "orders/updated"]);
    let refund = Refund { units: vec![("MUG".to_owned(), 1)], restock: Restock::Return, amount: None };
    bench.does(Act::Refund { order: id, refund });
    let mug = bench.shopify.order(SHOP, id).unwrap()["line_items"][0].clone();
    assert_eq!((&mug["current_quantity"], &mug["fulfillable_quantity"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_cancelled_order_has_nothing_left_and_everything_back() {
    let bench = bench().await;
    let (id, _) = bench.sells(&sale());
    let told = bench.does(Act::Cancel { order: id, reason: "fraud".to_owned() });
    assert_eq!(topics(&told), ["orders/cancelled", "refunds/create", "orders/updated"]);
    assert_eq!(told[0].1["cancel_reason"], "fraud");
    let (shown, rest) = (bench.whole(id).await, bench.shopify.order(SHOP, id).unwrap());
    assert_eq!((&rest["financial_status"], &rest["cancelled_at"]), (&json!("refunded"), &rest["updated_at"]));
    assert!(shown["lineItems"]["nodes"].as_array().unwrap().iter().all(|line| line["currentQuantity"] == 0));
    assert!(shown["fulfillmentOrders"]["nodes"].as_array().unwrap().iter().all(|part| part["status"] == "CANCELLED"));
    assert!(amount(&shown["totalOutstandingSet"], "shopMoney").is_zero());
}

#[tokio::test]
async fn small_changes_move_the_order_on() {
    let bench = bench().await;
    let told = bench.does(Act::Sell { sale: Box::new(sale()), number: 1001 });
    assert_eq!(topics(&told), ["orders/create", "orders/paid"]);
    let id = told[0].1["id"].as_u64().unwrap();
    bench.clock.advance(Duration::from_mins(1));
    let told = bench.does(Act::Tag { order: id, tags: vec!["vip".to_owned(), "gift".to_owned()] });
    assert_eq!((told[0].0.as_str(), &told[0].1["tags"]), ("orders/updated", &json!("vip, gift")));
    assert_eq!(told[0].1["updated_at"], "2026-11-21T20:01:00Z");
    let told = bench.does(Act::Readdress { order: id, address: json!({"city": "Bremen"}) });
    assert_eq!(
        (&told[0].1["shipping_address"]["city"], &told[0].1["shipping_address"]["country_code"]),
        (&json!("Bremen"), &json!("DE"))
    );
    let told = bench.does(Act::Assess { order: id, recommendation: "CANCEL".to_owned(), level: "HIGH".to_owned() });
    assert_eq!((told[0].1["order_id"].as_str(), told[0].1.get("recommendation")), (Some(&*id.to_string()), None));
    assert_eq!(told[0].1["risk_level"], "high");
    assert_eq!(bench.whole(id).await["risk"]["recommendation"], "CANCEL");
    assert_eq!(bench.does(Act::Delete { order: id }), [("orders/delete".to_owned(), json!({"id": id}))]);
    let query = format!(r#"{{ order(id: "gid://shopify/Order/{id}") {{ id }} }}"#);
    assert_eq!(bench.ask(&query, Value::Null).await["data"]["order"], Value::Null);
}

#[tokio::test]
async fn the_shop_leaves_and_people_are_forgotten() {
    let bench = bench().await;
    let (id, rest) = bench.sells(&sale());
    let told = bench.does(Act::AskForData { order: id });
    assert_eq!((told[0].0.as_str(), &told[0].1["orders_requested"]), ("customers/data_request", &json!([id])));
    let told = bench.does(Act::RedactCustomer { order: id });
    assert_eq!((told[0].0.as_str(), &told[0].1["orders_to_redact"]), ("customers/redact", &json!([id])));
    assert_eq!(told[0].1["customer"]["email"], rest["customer"]["email"]);
    let told = bench.does(Act::Uninstall);
    assert_eq!((told[0].0.as_str(), &told[0].1["myshopify_domain"]), ("app/uninstalled", &json!(SHOP)));
    let shop = told[0].1["id"].clone();
    assert_eq!(bench.ask_as("shpat_1", SHOP, "{ shop { name } }", Value::Null).await.status(), 401);
    let told = bench.does(Act::RedactShop);
    assert_eq!(told[0], ("shop/redact".to_owned(), json!({"shop_id": shop, "shop_domain": SHOP})));
    let webhook = Webhook { topic: told[0].0.clone(), body: told[0].1.clone() };
    let (bytes, headers) = webhook.signed(SHOP, "secret", "w1", "e1");
    assert!(headers.contains(&("X-Shopify-Hmac-Sha256", crate::orders::sign(&bytes, "secret"))));
}
