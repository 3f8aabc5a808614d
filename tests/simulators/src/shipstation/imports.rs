//! What `ShipStation` makes of a Shopify order that it imports by itself.
//!
//! It sees the order's REST resource. Customs values are the ones that give the import its bad name: a discount of a
//! single line is in them, one of the whole order is not (public reports of people who compared; `ShipStation`'s own
//! pages are silent). From the "Shopify: Integration Guide": an order needs a ship-to address and at least one physical
//! product. Our choices: lines that need no shipping stay out, a discount of the whole order becomes an adjustment.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::customs::Rules;
use super::number::{or_zero, shown};
use super::resource::entries;
use super::stores::Importing;

/// An order that was handed over and has not appeared yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) due: Timestamp,
    pub(super) account: String,
    pub(super) body: Value,
}

/// The body under which an imported order is created.
pub(super) fn body(order: &Value, importing: &Importing, store_id: u64, rules: &Rules) -> Result<Value, String> {
    let id = order["id"].as_u64().ok_or("the order has no id")?;
    let name = order["name"].as_str().ok_or("the order has no name")?;
    let goods: Vec<&Value> = entries(&order["line_items"]).iter().filter(|line| ships(line)).collect();
    if order["shipping_address"].is_null() {
        return Err("an order without a ship-to address is not imported".to_owned());
    }
    if goods.is_empty() {
        return Err("an order without a physical product is not imported".to_owned());
    }
    let ship_to = address(&order["shipping_address"]);
    let bill_to =
        if order["billing_address"].is_null() { &order["shipping_address"] } else { &order["billing_address"] };
    let customs = rules.crossed(&ship_to).then(|| declared(order, &goods));
    Ok(json!({
        "orderNumber": if importing.keeps_hash { name } else { name.trim_start_matches('#') },
        "orderKey": key(id, importing),
        "orderDate": order["created_at"],
        "paymentDate": order["processed_at"],
        "orderStatus": status(order),
        "customerUsername": order["email"],
        "customerEmail": order["email"],
        "billTo": address(bill_to),
        "shipTo": ship_to,
        "items": items(order, &goods),
        "amountPaid": order["total_price"],
        "taxAmount": order["total_tax"],
        "shippingAmount": order["total_shipping_price_set"]["shop_money"]["amount"],
        "customerNotes": order["note"],
        "requestedShippingService": order["shipping_lines"][0]["title"],
        "internationalOptions": {
            "contents": customs.as_ref().map(|_| "merchandise"),
            "customsItems": customs,
            "nonDelivery": customs.as_ref().map(|_| "return_to_sender"),
        },
        "advancedOptions": {"storeId": store_id, "source": order["source_name"]},
    }))
}

fn key(id: u64, importing: &Importing) -> String {
    if !importing.opaque_keys {
        return id.to_string();
    }
    let mut digest = hex::encode(Sha256::digest(format!("{}/{id}", importing.shop)));
    digest.truncate(32);
    digest
}

fn ships(line: &Value) -> bool {
    line["requires_shipping"] != false && line["gift_card"] != true
}

fn status(order: &Value) -> &'static str {
    if order["cancelled_at"].is_string() {
        return "cancelled";
    }
    match (order["financial_status"].as_str(), order["fulfillment_status"].as_str()) {
        (Some("voided" | "refunded"), _) => "cancelled",
        (_, Some("fulfilled")) => "shipped",
        (Some("pending" | "authorized"), _) => "awaiting_payment",
        _ => "awaiting_shipment",
    }
}

fn items(order: &Value, goods: &[&Value]) -> Vec<Value> {
    let lines = goods.iter().map(|line| {
        json!({
            "lineItemKey": line["id"].as_u64().map(|id| id.to_string()),
            "sku": line["sku"],
            "name": line["name"],
            "quantity": line["quantity"],
            "unitPrice": line["price"],
            "weight": {"value": line["grams"], "units": "grams"},
        })
    });
    let off = whole_order_discount(order);
    let adjustment = (!off.is_zero()).then(|| {
        json!({
            "lineItemKey": "discount",
            "name": "Discount",
            "quantity": 1,
            "unitPrice": shown(-off),
            "adjustment": true,
        })
    });
    lines.chain(adjustment).collect()
}

/// A line of the declaration per line of the order, at a price per unit that knows nothing of the order's discounts.
fn declared(order: &Value, goods: &[&Value]) -> Vec<Value> {
    goods
        .iter()
        .map(|line| {
            let units = Decimal::from(line["quantity"].as_u64().unwrap_or(1).max(1));
            let off: Decimal = allocations(order, line, false).sum();
            json!({
                "description": line["title"],
                "quantity": line["quantity"],
                "value": shown((or_zero(&line["price"]) - off / units).round_dp(2)),
                "harmonizedTariffCode": null,
                "countryOfOrigin": null,
            })
        })
        .collect()
}

fn whole_order_discount(order: &Value) -> Decimal {
    entries(&order["line_items"]).iter().flat_map(|line| allocations(order, line, true)).sum()
}

/// What is taken off a line by discounts of the whole order, or by those of single lines.
fn allocations<'o>(order: &'o Value, line: &'o Value, whole_order: bool) -> impl Iterator<Item = Decimal> + 'o {
    entries(&line["discount_allocations"])
        .iter()
        .filter(move |allocation| {
            let index = allocation["discount_application_index"].as_u64().and_then(|index| usize::try_from(index).ok());
            let application = index.map_or(&Value::Null, |index| &order["discount_applications"][index]);
            (application["allocation_method"] == "across") == whole_order
        })
        .map(|allocation| or_zero(&allocation["amount"]))
}

fn address(sent: &Value) -> Value {
    let whole = || {
        let parts = [sent["first_name"].as_str(), sent["last_name"].as_str()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    json!({
        "name": sent["name"].as_str().map_or_else(whole, str::to_owned),
        "company": sent["company"],
        "street1": sent["address1"],
        "street2": sent["address2"],
        "city": sent["city"],
        "state": if sent["province_code"].is_null() { &sent["province"] } else { &sent["province_code"] },
        "postalCode": sent["zip"],
        "country": sent["country_code"],
        "phone": sent["phone"],
    })
}
