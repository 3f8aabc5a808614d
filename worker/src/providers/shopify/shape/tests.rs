use serde_json::{from_value, json};

use super::*;
use crate::providers::shopify::order::{Both, Delivery, PartRequest, PartStatus};

fn bag(shop: &str, presentment: &str) -> Value {
    let amount = |text: &str, currency: &str| json!({"amount": text, "currencyCode": currency});
    json!({"shopMoney": amount(shop, "USD"), "presentmentMoney": amount(presentment, "EUR")})
}

fn last_page(nodes: &Value) -> Value {
    json!({"nodes": nodes, "pageInfo": {"hasNextPage": false, "endCursor": "x"}})
}

fn line() -> Value {
    json!({
        "id": "gid://shopify/LineItem/11", "sku": "A-1", "name": "Mug", "quantity": 3, "currentQuantity": 2,
        "unfulfilledQuantity": 2, "requiresShipping": true, "isGiftCard": false,
        "originalUnitPriceSet": bag("10.00", "9.00"), "discountedUnitPriceAfterAllDiscountsSet": bag("8.00", "7.20"),
        "discountAllocations": [{
            "allocatedAmountSet": bag("6.00", "5.40"),
            "discountApplication": {"allocationMethod": "ACROSS", "targetSelection": "ALL", "targetType": "LINE_ITEM"},
        }],
        "weight": {"unit": "KILOGRAMS", "value": 0.25},
        "customAttributes": [{"key": "engraving", "value": null}],
        "variant": {"inventoryItem": {"harmonizedSystemCode": "691110", "countryCodeOfOrigin": "PT"}},
    })
}

fn part() -> Value {
    let lines = json!([{"id": "gid://shopify/FulfillmentOrderLineItem/31", "remainingQuantity": 2, "totalQuantity": 3,
        "lineItem": {"id": "gid://shopify/LineItem/11"}}]);
    json!({
        "id": "gid://shopify/FulfillmentOrder/21", "status": "ON_HOLD", "requestStatus": "UNSUBMITTED",
        "fulfillAt": "2026-11-21T00:00:00Z",
        "fulfillmentHolds": [
            {"displayReason": "Awaiting payment", "reason": "AWAITING_PAYMENT"},
            {"displayReason": "", "reason": "INCORRECT_ADDRESS"},
        ],
        "deliveryMethod": {"methodType": "SHIPPING"},
        "assignedLocation": {"name": "Porto", "countryCode": "PT",
            "location": {"id": "gid://shopify/Location/41", "isFulfillmentService": true}},
        "lineItems": last_page(&lines),
    })
}

fn page() -> Value {
    json!({
        "id": "gid://shopify/Order/820982911946154508", "name": "#1001", "createdAt": "2026-11-20T10:00:00Z",
        "processedAt": "2026-11-20T10:00:01Z", "updatedAt": "2026-11-20T10:05:00Z", "cancelledAt": null, "test": false,
        "displayFinancialStatus": "PARTIALLY_REFUNDED", "currencyCode": "USD", "presentmentCurrencyCode": "EUR",
        "taxesIncluded": false, "email": "jane@example.com", "note": null, "tags": ["wholesale", "hold"],
        "totalWeight": "750", "currentTotalPriceSet": bag("20.00", "18.00"), "totalReceivedSet": bag("28.00", "25.20"),
        "currentTotalTaxSet": bag("1.00", "0.90"), "currentShippingPriceSet": bag("3.00", "2.70"),
        "currentSubtotalPriceSet": bag("16.00", "14.40"), "customAttributes": [{"key": "gift", "value": "yes"}],
        "shippingAddress": null, "billingAddress": null,
        "customer": {"id": "gid://shopify/Customer/7", "numberOfOrders": "12"},
        "customerJourneySummary": {"customerOrderIndex": 11},
        "risk": {"recommendation": "ACCEPT", "assessments": [{"riskLevel": "LOW"}]},
        "shippingLines": {"nodes": [{"title": "Standard", "code": "STD"}, {"title": "Extra", "code": null}]},
        "transactions": [{"kind": "SALE", "status": "SUCCESS", "paymentDetails":
            {"bin": "424242", "number": "•••• 4242", "expirationMonth": 3, "expirationYear": 2027}}],
        "fulfillments": [
            {"id": "gid://shopify/Fulfillment/51", "status": "SUCCESS", "trackingInfo": [{"number": "1Z"}, {"number": null}]},
            {"id": "gid://shopify/Fulfillment/52", "status": "CANCELLED", "trackingInfo": []},
            {"id": "gid://shopify/Fulfillment/53", "status": "SOMETHING_NEW", "trackingInfo": []},
        ],
        "lineItems": last_page(&json!([line()])),
        "fulfillmentOrders": last_page(&json!([part()])),
    })
}

fn read(page: Value) -> Result<Order, CallError> {
    from_value::<FirstPage>(page).unwrap().into_order()
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Order, CallError> {
    let mut page = page();
    change(&mut page);
    read(page)
}

fn both(shop: &str, presentment: &str) -> Both {
    Both { shop: shop.parse().unwrap(), presentment: presentment.parse().unwrap() }
}

#[test]
fn an_id_is_the_last_part_of_its_gid() {
    assert_eq!(last_part("gid://shopify/Order/820982911946154508"), "820982911946154508");
    assert_eq!(last_part("gid://shopify/LineItem/1?model=x/y"), "1");
}

#[test]
fn amounts_are_in_both_currencies_where_both_matter() {
    let order = read(page()).unwrap();
    assert_eq!(order.total, "20.00 USD".parse().unwrap());
    assert_eq!(order.received, "28.00 USD".parse().unwrap());
    assert_eq!(order.subtotal, both("16.00 USD", "14.40 EUR"));
    assert_eq!(order.presentment, "EUR".parse().unwrap());
    let line = &order.lines[0];
    assert_eq!(line.price, both("10.00 USD", "9.00 EUR"));
    assert_eq!(line.unit_price, "8.00 USD".parse().unwrap());
    assert_eq!(line.discounts[0].amount, both("6.00 USD", "5.40 EUR"));
    assert!(line.discounts[0].across);
}

#[test]
fn an_order_tells_who_what_and_how() {
    let order = read(page()).unwrap();
    assert_eq!(order.id, "820982911946154508");
    assert_eq!(order.financial_status, "partially_refunded");
    assert_eq!(order.tags, ["wholesale", "hold"]);
    assert_eq!(order.customer, Some(Customer { id: "7".into(), orders: Some(12), index: Some(11) }));
    assert_eq!(order.shipping_lines[0], ShippingLine { title: "Standard".into(), code: Some("STD".into()) });
    assert_eq!(order.shipping_lines.len(), 2);
    assert_eq!(order.attributes, [Attribute { key: "gift".into(), value: Some("yes".into()) }]);
    assert_eq!(order.weight_grams, Some(750));
    assert_eq!(order.cards, ["424242/4242/2027-03"]);
    let line = &order.lines[0];
    assert_eq!((line.quantity, line.current_quantity, line.weight_grams), (3, 2, Some(250)));
    assert_eq!((line.hs_code.as_deref(), line.origin.as_deref()), (Some("691110"), Some("PT")));
    assert_eq!(line.attributes, [Attribute { key: "engraving".into(), value: None }]);
}

#[test]
fn parts_and_fulfilments_are_read_whole() {
    let order = read(page()).unwrap();
    let part = &order.parts[0];
    assert_eq!(part.id, "gid://shopify/FulfillmentOrder/21");
    assert_eq!(
        (part.status, part.request, part.delivery),
        (PartStatus::OnHold, PartRequest::Unsubmitted, Delivery::Shipping)
    );
    assert_eq!((part.location.as_str(), part.location_id.as_deref(), part.third_party), ("Porto", Some("41"), true));
    assert_eq!(part.country, "PT");
    assert_eq!(part.from, Some("2026-11-21T00:00:00Z".parse().unwrap()));
    assert_eq!(part.holds, ["Awaiting payment", "incorrect address"]);
    let line = &part.lines[0];
    assert_eq!((line.id.as_str(), line.line.as_str()), ("gid://shopify/FulfillmentOrderLineItem/31", "11"));
    assert_eq!((line.remaining, line.total), (2, 3));
    let cancelled: Vec<bool> = order.fulfilments.iter().map(|fulfilment| fulfilment.cancelled).collect();
    assert_eq!(cancelled, [false, true, false]);
    assert_eq!(order.fulfilments[0].tracking_numbers, ["1Z"]);
}

#[test]
fn what_the_app_may_not_see_and_what_was_deleted_is_missing_and_stops_nothing() {
    let order = changed(|page| {
        for field in ["email", "customer", "totalWeight", "displayFinancialStatus"] {
            page[field] = Value::Null;
        }
        for field in ["sku", "variant", "weight"] {
            page["lineItems"]["nodes"][0][field] = Value::Null;
        }
        page["transactions"][0]["paymentDetails"] = Value::Null;
        let part = &mut page["fulfillmentOrders"]["nodes"][0];
        part["assignedLocation"]["location"] = Value::Null;
        part["deliveryMethod"] = Value::Null;
        part["fulfillAt"] = Value::Null;
    })
    .unwrap();
    assert_eq!((order.customer, order.cards.len(), order.lines[0].weight_grams), (None, 0, None));
    let part = &order.parts[0];
    assert_eq!((part.delivery, &part.location_id, part.third_party), (Delivery::Unknown, &None, false));
}

#[test]
fn a_part_in_an_unknown_state_is_for_a_person() {
    for (field, word) in [("status", "PAUSED"), ("requestStatus", "PONDERED")] {
        let refused = changed(|page| page["fulfillmentOrders"]["nodes"][0][field] = json!(word)).unwrap_err();
        let CallError::DataRefused { words, .. } = refused else { panic!("{refused}") };
        assert!(words.contains("21") && words.contains(word), "{words}");
    }
    let refused = changed(|page| page["currentSubtotalPriceSet"] = bag("1e3", "1")).unwrap_err();
    assert!(matches!(refused, CallError::DataRefused { .. }));
}

#[test]
fn every_state_of_a_part_that_shopify_publishes_is_known() {
    let status = |word: &str| changed(|page| page["fulfillmentOrders"]["nodes"][0]["status"] = json!(word));
    for word in ["OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED", "INCOMPLETE", "CLOSED", "CANCELLED"] {
        assert!(status(word).is_ok(), "{word}");
    }
    let request = |word: &str| {
        let order = changed(|page| page["fulfillmentOrders"]["nodes"][0]["requestStatus"] = json!(word));
        order.unwrap().parts[0].request
    };
    assert_eq!(request("UNSUBMITTED"), PartRequest::Unsubmitted);
    for word in ["SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED", "CANCELLATION_REJECTED"] {
        assert_eq!(request(word), PartRequest::WithTheService, "{word}");
    }
    for word in ["REJECTED", "CANCELLATION_ACCEPTED", "CLOSED"] {
        assert_eq!(request(word), PartRequest::GivenBack, "{word}");
    }
    let delivery = |word: &str| {
        let order = changed(|page| page["fulfillmentOrders"]["nodes"][0]["deliveryMethod"]["methodType"] = json!(word));
        order.unwrap().parts[0].delivery
    };
    let known = [
        ("SHIPPING", Delivery::Shipping),
        ("PICKUP_POINT", Delivery::PickupPoint),
        ("PICK_UP", Delivery::PickUp),
        ("LOCAL", Delivery::Local),
        ("RETAIL", Delivery::Retail),
        ("NONE", Delivery::None),
        ("DRONE", Delivery::Unknown),
    ];
    for (word, expected) in known {
        assert_eq!(delivery(word), expected, "{word}");
    }
}

#[test]
fn a_warning_outweighs_a_check_that_still_runs() {
    for (recommendation, level, risk) in [
        ("ACCEPT", "LOW", RiskSeen::Accept),
        ("NONE", "NONE", RiskSeen::None),
        ("NONE", "PENDING", RiskSeen::Pending),
        ("ACCEPT", "PENDING", RiskSeen::Pending),
        ("INVESTIGATE", "PENDING", RiskSeen::Investigate),
        ("CANCEL", "HIGH", RiskSeen::Cancel),
        ("ASK_THE_STARS", "LOW", RiskSeen::Investigate),
    ] {
        let given = json!({"recommendation": recommendation, "assessments": [{"riskLevel": level}]});
        assert_eq!(changed(|page| page["risk"] = given).unwrap().risk, risk, "{recommendation} {level}");
    }
}
