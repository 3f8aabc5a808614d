//! Orders written by hand, and what both APIs say of them.

use rust_decimal::Decimal;

use super::*;
use crate::orders::{Item, Reduction, Sale};

pub(super) const WHOLE: &str = "query($id: ID!) { order(id: $id) {
    displayFulfillmentStatus presentmentCurrencyCode currencyCode taxesIncluded
    currentSubtotalPriceSet { ...bag } currentTotalPriceSet { ...bag } currentTotalTaxSet { ...bag }
    currentTotalDiscountsSet { ...bag } totalReceivedSet { ...bag } totalOutstandingSet { ...bag }
    totalRefundedSet { ...bag } currentShippingPriceSet { ...bag }
    customer { numberOfOrders }
    risk { recommendation assessments { riskLevel } }
    transactions(first: 3) { kind paymentDetails { __typename ... on BasePaymentDetails { paymentMethodName }
        ... on CardPaymentDetails { bin number expirationMonth expirationYear company name } } }
    fulfillments(first: 5) { id status trackingInfo(first: 3) { company number url }
        fulfillmentLineItems(first: 5) { nodes { quantity lineItem { id } } } }
    fulfillmentOrders(first: 5) { nodes { id status requestStatus fulfillAt fulfillBy
        fulfillmentHolds { id reason displayReason reasonNotes handle }
        deliveryMethod { methodType }
        supportedActions { action }
        assignedLocation { name countryCode
            location { id fulfillsOnlineOrders isFulfillmentService fulfillmentService { type serviceName } } }
        lineItems(first: 5) { nodes { id remainingQuantity totalQuantity lineItem { id sku } } pageInfo { hasNextPage } }
    } pageInfo { hasNextPage endCursor } }
    lineItems(first: 5) { nodes { id sku quantity currentQuantity unfulfilledQuantity isGiftCard
        originalUnitPriceSet { ...bag } priceAfterAllDiscountsBeforeTaxesSet { ...bag }
        discountedTotalSet { ...bag } withCodes: discountedTotalSet(withCodeDiscounts: true) { ...bag }
        discountedUnitPriceAfterAllDiscountsSet { ...bag }
        discountAllocations { allocatedAmountSet { ...bag }
            discountApplication { allocationMethod targetSelection targetType index
                value { ... on MoneyV2 { amount currencyCode } ... on PricingPercentageValue { percentage } } } }
        variant { inventoryItem { harmonizedSystemCode countryCodeOfOrigin
            countryHarmonizedSystemCodes(first: 3) { nodes { countryCode harmonizedSystemCode } }
            measurement { weight { unit value } } } } } }
  } }
  fragment bag on MoneyBag { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }";

impl Bench {
    /// The order as the program would fetch it.
    pub(super) async fn whole(&self, id: u64) -> Value {
        let variables = json!({"id": format!("gid://shopify/Order/{id}")});
        let answer = self.ask(WHOLE, variables).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"]["order"].clone()
    }

    /// Does it, and gives the topics of what is told.
    pub(super) fn does(&self, act: Act) -> Vec<(String, Value)> {
        let told = self.shopify.act(SHOP, act).unwrap();
        told.into_iter().map(|webhook| (webhook.topic, webhook.body)).collect()
    }

    pub(super) fn sells(&self, sale: &Sale) -> (u64, Value) {
        let order = sale.order(1001, Timestamp::UNIX_EPOCH);
        let id = self.shopify.load_order(SHOP, order).unwrap();
        (id, self.shopify.order(SHOP, id).unwrap())
    }
}

pub(super) fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn amount(bag: &Value, side: &str) -> Decimal {
    money(bag[side]["amount"].as_str().unwrap())
}

/// Three mugs and a gift card, two kinds of discount, two currencies, tax within the prices.
pub(super) fn sale() -> Sale {
    Sale::new("USD")
        .shown_in("JPY", money("151.37"))
        .taxed(money("19"), true)
        .item(Item::new("MUG", money("18.95"), 3).customs("732394", "PL"))
        .item(Item::new("TRAY", money("54.99"), 1))
        .item(Item { gift_card: true, ships: false, ..Item::new("CARD", money("50.00"), 1) })
        .discount(Reduction::percent(money("10")).code("WELCOME"))
        .discount(Reduction::amount(money("5.00")).on_each(&["MUG"]))
        .shipping("Standard", "standard", money("5.00"))
        .country("DE")
}

#[tokio::test]
async fn a_fixture_says_what_rest_does_not_carry() {
    let bench = bench().await;
    let mut order = sale().order(1001, Timestamp::UNIX_EPOCH);
    order["simulator"]["risk"] = json!({"recommendation": "INVESTIGATE", "level": "HIGH"});
    order["simulator"]["customer_orders"] = json!(4);
    order["simulator"]["cards"] = json!([{"bin": "424242", "number": "•••• 4242", "expirationMonth": 4,
        "expirationYear": 2029, "company": "Visa", "name": "Ada Okafor"}]);
    order["simulator"]["lines"]["TRAY"] =
        json!({"hs_codes": {"US": "4419120000"}, "weight": {"unit": "POUNDS", "value": 2.5}});
    order["simulator"]["fulfillment_orders"] = json!([
        {"location": {"id": 9, "name": "Lisbon", "country": "PT", "keeper": "service"}, "request_status": "ACCEPTED",
         "status": "IN_PROGRESS", "lines": [{"line": "MUG", "quantity": 2}]},
        {"delivery": "PICK_UP", "holds": [{"reason": "AWAITING_PAYMENT", "notes": "wire", "handle": "w"}],
         "lines": [{"line": "TRAY", "quantity": 1}]}]);
    let id = bench.shopify.load_order(SHOP, order).unwrap();
    assert_eq!(bench.shopify.order(SHOP, id).unwrap().get("simulator"), None, "webhooks never show it");
    let shown = bench.whole(id).await;
    assert_eq!(shown["risk"], json!({"recommendation": "INVESTIGATE", "assessments": [{"riskLevel": "HIGH"}]}));
    assert_eq!(shown["customer"]["numberOfOrders"], "4");
    assert_eq!(
        shown["transactions"][0],
        json!({"kind": "SALE", "paymentDetails": {"__typename": "CardPaymentDetails", "paymentMethodName": "Visa",
            "bin": "424242", "number": "•••• 4242", "expirationMonth": 4, "expirationYear": 2029, "company": "Visa",
            "name": "Ada Okafor"}})
    );
    let parts = shown["fulfillmentOrders"]["nodes"].as_array().unwrap();
    let of = |part: &Value| {
        let units = part["lineItems"]["nodes"].as_array().unwrap().iter();
        let units: Vec<_> =
            units.map(|line| (line["lineItem"]["sku"].clone(), line["remainingQuantity"].clone())).collect();
        (part["status"].clone(), part["deliveryMethod"]["methodType"].clone(), units)
    };
    assert_eq!(of(&parts[0]), (json!("IN_PROGRESS"), json!("SHIPPING"), vec![(json!("MUG"), json!(2))]));
    assert_eq!(of(&parts[1]), (json!("ON_HOLD"), json!("PICK_UP"), vec![(json!("TRAY"), json!(1))]));
    assert_eq!(of(&parts[2]), (json!("OPEN"), json!("SHIPPING"), vec![(json!("MUG"), json!(1))]), "what nobody named");
    assert_eq!(of(&parts[3]), (json!("OPEN"), json!("NONE"), vec![(json!("CARD"), json!(1))]));
    assert_eq!(parts[1]["fulfillmentHolds"][0]["displayReason"], "Awaiting payment");
    let service = &parts[0]["assignedLocation"];
    assert_eq!(service["countryCode"], "PT");
    assert_eq!(service["location"]["fulfillmentService"], json!({"type": "THIRD_PARTY", "serviceName": "Lisbon"}));
    assert_eq!(parts[3]["assignedLocation"]["location"]["fulfillmentService"]["type"], "GIFT_CARD");
    let lines = shown["lineItems"]["nodes"].as_array().unwrap();
    assert_eq!(lines[0]["variant"]["inventoryItem"]["harmonizedSystemCode"], "732394");
    assert_eq!(lines[1]["variant"]["inventoryItem"]["harmonizedSystemCode"], Value::Null);
    let by_country = &lines[1]["variant"]["inventoryItem"]["countryHarmonizedSystemCodes"]["nodes"];
    assert_eq!(by_country, &json!([{"countryCode": "US", "harmonizedSystemCode": "4419120000"}]));
    assert_eq!(lines[1]["variant"]["inventoryItem"]["measurement"]["weight"], json!({"unit": "POUNDS", "value": 2.5}));
    assert_eq!(lines[2]["isGiftCard"], true);
}

#[tokio::test]
async fn a_fixture_with_a_slip_is_refused() {
    let bench = bench().await;
    let refused = |simulator: Value| {
        let mut order = sale().order(1001, Timestamp::UNIX_EPOCH);
        order["simulator"] = simulator;
        bench.shopify.load_order(SHOP, order).unwrap_err()
    };
    assert!(matches!(refused(json!({"risks": {}})), BadOrder::Unreadable(_)));
    assert!(matches!(refused(json!({"lines": {"NO-SKU": {}}})), BadOrder::NoLine(_)));
    let part = json!([{"keeper": "merchant", "lines": []}]);
    assert!(matches!(refused(json!({"fulfillment_orders": part})), BadOrder::Unreadable(_)));
    assert!(matches!(bench.shopify.load_order(SHOP, json!({})), Err(BadOrder::NoId)));
    assert!(matches!(bench.shopify.load_order("other.myshopify.com", json!({"id": 1})), Err(BadOrder::NoShop)));
}

#[tokio::test]
async fn both_apis_agree_to_the_minor_unit_in_both_currencies() {
    let bench = bench().await;
    let (id, rest) = bench.sells(&sale());
    let shown = bench.whole(id).await;
    for side in ["shopMoney", "presentmentMoney"] {
        let lines = shown["lineItems"]["nodes"].as_array().unwrap();
        let mut subtotal = Decimal::ZERO;
        let mut before_taxes = Decimal::ZERO;
        for line in lines {
            let gross = amount(&line["originalUnitPriceSet"], side) * Decimal::from(line["quantity"].as_u64().unwrap());
            let allocated: Decimal = line["discountAllocations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|allocation| amount(&allocation["allocatedAmountSet"], side))
                .sum();
            subtotal += gross - allocated;
            before_taxes += amount(&line["priceAfterAllDiscountsBeforeTaxesSet"], side);
        }
        assert_eq!(amount(&shown["currentSubtotalPriceSet"], side), subtotal, "{side}");
        assert_eq!(subtotal - before_taxes, amount(&shown["currentTotalTaxSet"], side), "prices contain the tax");
        let total = subtotal + amount(&shown["currentShippingPriceSet"], side);
        assert_eq!(amount(&shown["currentTotalPriceSet"], side), total);
        assert_eq!(amount(&shown["totalReceivedSet"], side), total);
        assert!(amount(&shown["totalOutstandingSet"], side).is_zero());
    }
    assert_eq!(shown["currentTotalPriceSet"]["presentmentMoney"]["currencyCode"], "JPY");
    assert_eq!(
        rest["current_total_price_set"]["presentment_money"]["amount"],
        shown["currentTotalPriceSet"]["presentmentMoney"]["amount"]
    );
    // 3 × 18.95 less 5.00 is 51.85, 54.99 and 50.00 join it: 10 % of 156.84 is 15.68, spread 5.18, 5.50 and 5.00.
    assert_eq!(rest["current_subtotal_price"], "141.16");
    let mug = &shown["lineItems"]["nodes"][0];
    assert_eq!(
        mug["discountAllocations"][1]["discountApplication"],
        json!({"allocationMethod": "EACH", "targetSelection": "ENTITLED", "targetType": "LINE_ITEM", "index": 1,
               "value": {"amount": "5.00", "currencyCode": "USD"}})
    );
    let lines = shown["lineItems"]["nodes"].as_array().unwrap();
    let shares: Vec<_> = lines
        .iter()
        .map(|line| line["discountAllocations"][0]["allocatedAmountSet"]["shopMoney"]["amount"].clone())
        .collect();
    assert_eq!(shares, ["5.18", "5.50", "5.00"]);
    assert_eq!(mug["discountedTotalSet"]["shopMoney"]["amount"], "51.85", "the order's discount is not in it");
    assert_eq!(mug["withCodes"], mug["discountedTotalSet"]);
}

#[tokio::test]
async fn a_code_for_one_line_counts_only_when_asked_for() {
    let bench = bench().await;
    let sale = Sale::new("USD")
        .item(Item::new("MUG", money("20.00"), 2))
        .discount(Reduction::percent(money("25")).on_each(&["MUG"]).code("MUGS"));
    let shown = bench.whole(bench.sells(&sale).0).await;
    let mug = &shown["lineItems"]["nodes"][0];
    assert_eq!(mug["discountedTotalSet"]["shopMoney"]["amount"], "40.00");
    assert_eq!(mug["withCodes"]["shopMoney"]["amount"], "30.00");
    assert_eq!(mug["discountedUnitPriceAfterAllDiscountsSet"]["shopMoney"]["amount"], "15.00");
}
