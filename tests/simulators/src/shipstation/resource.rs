//! An order's resource, built whole from what was sent: what was left out is null or its default, never what stood
//! there before.
//!
//! Normalised as `ShipStation` does it: texts are trimmed, a country is in upper case, so is a state of two letters,
//! times are Pacific with seven digits, the total is items plus tax plus shipping.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::number::{decimal, or_zero, shown};
use super::pacific;

/// What does not come from the body: given at creation, or by the server.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) order_id: u64,
    pub(super) order_key: String,
    pub(super) create_date: String,
    pub(super) modify_date: String,
    pub(super) customer_id: Option<u64>,
    pub(super) store_id: Option<u64>,
    pub(super) international: Value,
}

/// The resource.
pub(super) fn order(body: &Value, fixed: &Fixed, item_id: &mut dyn FnMut(&Value) -> u64) -> Value {
    let items: Vec<Value> = entries(&body["items"]).iter().map(|sent| item(sent, item_id(sent), fixed)).collect();
    let mut order = header(body, fixed);
    order.insert("orderTotal".to_owned(), shown(total(body, &items)));
    order.insert("items".to_owned(), Value::Array(items));
    order.insert("billTo".to_owned(), address(&body["billTo"], &Value::Null));
    order.insert("shipTo".to_owned(), address(&body["shipTo"], &json!("Address not yet validated")));
    order.insert("weight".to_owned(), weight(&body["weight"]));
    order.insert("dimensions".to_owned(), picked(&body["dimensions"], &["units", "length", "width", "height"]));
    order.insert("insuranceOptions".to_owned(), insurance(&body["insuranceOptions"]));
    order.insert("internationalOptions".to_owned(), fixed.international.clone());
    order.insert("advancedOptions".to_owned(), advanced(&body["advancedOptions"], fixed.store_id));
    Value::Object(order)
}

fn header(body: &Value, fixed: &Fixed) -> Map<String, Value> {
    let texts = [
        "orderNumber",
        "orderStatus",
        "customerUsername",
        "customerEmail",
        "customerNotes",
        "internalNotes",
        "giftMessage",
        "paymentMethod",
        "requestedShippingService",
        "carrierCode",
        "serviceCode",
        "packageCode",
        "confirmation",
        "shipDate",
    ];
    let mut order: Map<String, Value> = texts.iter().map(|name| ((*name).to_owned(), text(&body[*name]))).collect();
    for name in ["orderDate", "paymentDate", "shipByDate", "holdUntilDate"] {
        order.insert(name.to_owned(), time(&body[name]));
    }
    for name in ["amountPaid", "taxAmount", "shippingAmount"] {
        order.insert(name.to_owned(), shown(or_zero(&body[name])));
    }
    let given = [
        ("orderId", json!(fixed.order_id)),
        ("orderKey", json!(fixed.order_key)),
        ("createDate", json!(fixed.create_date)),
        ("modifyDate", json!(fixed.modify_date)),
        ("customerId", json!(fixed.customer_id)),
        ("gift", json!(body["gift"].as_bool().unwrap_or(false))),
        ("tagIds", if body["tagIds"].is_array() { body["tagIds"].clone() } else { Value::Null }),
        ("userId", text(&body["userId"])),
        ("externallyFulfilled", json!(false)),
        ("externallyFulfilledBy", Value::Null),
        ("labelMessages", Value::Null),
    ];
    order.extend(given.map(|(name, value)| (name.to_owned(), value)));
    order
}

fn item(sent: &Value, id: u64, fixed: &Fixed) -> Value {
    json!({
        "orderItemId": id,
        "lineItemKey": text(&sent["lineItemKey"]),
        "sku": text(&sent["sku"]),
        "name": text(&sent["name"]),
        "imageUrl": text(&sent["imageUrl"]),
        "weight": weight(&sent["weight"]),
        "quantity": sent["quantity"].as_i64().unwrap_or(0),
        "unitPrice": amount(&sent["unitPrice"]),
        "taxAmount": amount(&sent["taxAmount"]),
        "shippingAmount": amount(&sent["shippingAmount"]),
        "warehouseLocation": text(&sent["warehouseLocation"]),
        "options": entries(&sent["options"])
            .iter()
            .map(|option| json!({"name": text(&option["name"]), "value": text(&option["value"])}))
            .collect::<Value>(),
        "productId": sent["productId"].as_u64(),
        "fulfillmentSku": text(&sent["fulfillmentSku"]),
        "adjustment": sent["adjustment"].as_bool().unwrap_or(false),
        "upc": text(&sent["upc"]),
        "createDate": fixed.create_date,
        "modifyDate": fixed.modify_date,
    })
}

fn total(body: &Value, items: &[Value]) -> Decimal {
    let of_items: Decimal = items
        .iter()
        .map(|item| or_zero(&item["unitPrice"]) * Decimal::from(item["quantity"].as_i64().unwrap_or(0)))
        .sum();
    of_items + or_zero(&body["taxAmount"]) + or_zero(&body["shippingAmount"])
}

fn address(sent: &Value, verified: &Value) -> Value {
    let upper_if_code = |value: Value| match value.as_str() {
        Some(code) if code.len() == 2 => json!(code.to_uppercase()),
        Some(_) | None => value,
    };
    json!({
        "name": text(&sent["name"]),
        "company": text(&sent["company"]),
        "street1": text(&sent["street1"]),
        "street2": text(&sent["street2"]),
        "street3": text(&sent["street3"]),
        "city": text(&sent["city"]),
        "state": upper_if_code(text(&sent["state"])),
        "postalCode": text(&sent["postalCode"]),
        "country": upper_if_code(text(&sent["country"])),
        "phone": text(&sent["phone"]),
        "residential": sent["residential"].as_bool(),
        "addressVerified": verified,
    })
}

fn weight(sent: &Value) -> Value {
    if !sent.is_object() {
        return Value::Null;
    }
    let units = sent["units"].as_str().unwrap_or("ounces").to_lowercase();
    let code = match units.as_str() {
        "pounds" => 0,
        "grams" => 2,
        _ => 1,
    };
    json!({"value": amount(&sent["value"]), "units": units, "WeightUnits": code})
}

fn insurance(sent: &Value) -> Value {
    json!({
        "provider": text(&sent["provider"]),
        "insureShipment": sent["insureShipment"].as_bool().unwrap_or(false),
        "insuredValue": shown(or_zero(&sent["insuredValue"])),
    })
}

fn advanced(sent: &Value, store_id: Option<u64>) -> Value {
    let texts = [
        "customField1",
        "customField2",
        "customField3",
        "source",
        "billToParty",
        "billToAccount",
        "billToPostalCode",
        "billToCountryCode",
    ];
    let mut options: Map<String, Value> = texts.iter().map(|name| ((*name).to_owned(), text(&sent[*name]))).collect();
    for name in ["nonMachinable", "saturdayDelivery", "containsAlcohol", "mergedOrSplit"] {
        options.insert(name.to_owned(), json!(sent[name].as_bool().unwrap_or(false)));
    }
    options.insert("mergedIds".to_owned(), json!([]));
    options.insert("parentId".to_owned(), json!(sent["parentId"].as_u64()));
    options.insert("warehouseId".to_owned(), json!(sent["warehouseId"].as_u64()));
    options.insert("storeId".to_owned(), json!(store_id));
    Value::Object(options)
}

fn picked(sent: &Value, names: &[&str]) -> Value {
    if !sent.is_object() {
        return Value::Null;
    }
    Value::Object(names.iter().map(|name| ((*name).to_owned(), sent[*name].clone())).collect())
}

pub(super) fn text(sent: &Value) -> Value {
    match sent {
        Value::String(text) => json!(text.trim()),
        Value::Number(number) => json!(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Value::Null,
    }
}

fn time(sent: &Value) -> Value {
    sent.as_str().and_then(pacific::normalised).map_or(Value::Null, Value::from)
}

pub(super) fn amount(sent: &Value) -> Value {
    decimal(sent).map_or(Value::Null, shown)
}

pub(super) fn entries(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}
