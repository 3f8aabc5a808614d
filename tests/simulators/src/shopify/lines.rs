//! The lists of an order: items, shipping, discounts, taxes.

use serde_json::{Value, json};

use super::money::Bag;
use super::translate::{Source, attributes, entries, gid, id_text, truth};

/// The order's REST lines.
pub(super) fn of(rest: &Value) -> &[Value] {
    entries(&rest["line_items"])
}

pub(super) fn items(source: &Source<'_>, applications: &[Value]) -> Vec<Value> {
    of(source.rest).iter().map(|line| item(source, line, applications)).collect()
}

fn item(source: &Source<'_>, line: &Value, applications: &[Value]) -> Value {
    let quantity = line["quantity"].as_u64().unwrap_or(0);
    let remaining = line["fulfillable_quantity"].as_u64().unwrap_or(quantity);
    let current = line["current_quantity"].as_u64().unwrap_or(quantity);
    let unit = bag(source, line, "price");
    let total = unit.times(quantity);
    let on_line = bag(source, line, "total_discount");
    let allocated = entries(&line["discount_allocations"])
        .iter()
        .map(|allocation| bag(source, allocation, "amount"))
        .reduce(|sum, amount| sum.plus(&amount))
        .unwrap_or_else(|| on_line.clone());
    json!({
        "id": gid("LineItem", &line["id"]),
        "name": line["name"],
        "title": line["title"],
        "variantTitle": line["variant_title"],
        "sku": line["sku"],
        "vendor": line["vendor"],
        "quantity": quantity,
        "currentQuantity": current,
        "unfulfilledQuantity": remaining,
        "nonFulfillableQuantity": 0,
        "refundableQuantity": current,
        "requiresShipping": truth(&line["requires_shipping"], true),
        "isGiftCard": truth(&line["gift_card"], false),
        "taxable": truth(&line["taxable"], true),
        "restockable": true,
        "originalUnitPriceSet": unit.to_graphql(),
        "discountedUnitPriceSet": total.minus(&on_line).per(quantity).to_graphql(),
        "discountedUnitPriceAfterAllDiscountsSet": total.minus(&allocated).per(quantity).to_graphql(),
        "originalTotalSet": total.to_graphql(),
        "discountedTotalSet": total.minus(&on_line).to_graphql(),
        "totalDiscountSet": on_line.to_graphql(),
        "weight": weight(line),
        "product": product(line),
        "variant": variant(line),
        "customAttributes": attributes(&line["properties"]),
        "discountAllocations": allocations(source, line, applications),
        "taxLines": taxes(source, &line["tax_lines"]),
        "duties": entries(&line["duties"]).iter().map(|duty| duty_of(source, duty)).collect::<Value>(),
    })
}

fn weight(line: &Value) -> Value {
    line["grams"].as_u64().map_or(Value::Null, |grams| json!({"unit": "GRAMS", "value": grams}))
}

fn product(line: &Value) -> Value {
    if line["product_id"].is_null() {
        return Value::Null;
    }
    json!({
        "id": gid("Product", &line["product_id"]),
        "legacyResourceId": id_text(&line["product_id"]),
        "title": line["title"],
        "vendor": line["vendor"].as_str().unwrap_or_default(),
    })
}

fn variant(line: &Value) -> Value {
    if line["variant_id"].is_null() {
        return Value::Null;
    }
    json!({
        "id": gid("ProductVariant", &line["variant_id"]),
        "legacyResourceId": id_text(&line["variant_id"]),
        "title": line["variant_title"].as_str().unwrap_or("Default Title"),
        "sku": line["sku"],
        "inventoryItem": {
            "id": gid("InventoryItem", &line["variant_id"]),
            "sku": line["sku"],
            "requiresShipping": truth(&line["requires_shipping"], true),
            "harmonizedSystemCode": line["harmonized_system_code"],
            "countryCodeOfOrigin": line["country_code_of_origin"],
            "measurement": {"id": gid("InventoryItemMeasurement", &line["variant_id"]), "weight": weight(line)},
        },
    })
}

fn duty_of(source: &Source<'_>, duty: &Value) -> Value {
    json!({
        "id": gid("Duty", &duty["id"]),
        "harmonizedSystemCode": duty["harmonized_system_code"],
        "countryCodeOfOrigin": duty["country_code_of_origin"],
        "price": Bag::read(duty).unwrap_or_else(|| source.plain(&Value::Null)).to_graphql(),
        "taxLines": taxes(source, &duty["tax_lines"]),
    })
}

pub(super) fn shipping(source: &Source<'_>, applications: &[Value]) -> Vec<Value> {
    entries(&source.rest["shipping_lines"])
        .iter()
        .map(|line| {
            let original = bag(source, line, "price");
            let discounted = Bag::read(&line["discounted_price_set"]).unwrap_or_else(|| original.clone());
            let current = Bag::read(&line["current_discounted_price_set"]).unwrap_or_else(|| discounted.clone());
            json!({
                "id": gid("ShippingLine", &line["id"]),
                "title": line["title"],
                "code": line["code"],
                "source": line["source"],
                "carrierIdentifier": line["carrier_identifier"],
                "phone": line["phone"],
                "isRemoved": truth(&line["is_removed"], false),
                "originalPriceSet": original.to_graphql(),
                "discountedPriceSet": discounted.to_graphql(),
                "currentDiscountedPriceSet": current.to_graphql(),
                "discountAllocations": allocations(source, line, applications),
                "taxLines": taxes(source, &line["tax_lines"]),
            })
        })
        .collect()
}

pub(super) fn taxes(source: &Source<'_>, lines: &Value) -> Value {
    entries(lines)
        .iter()
        .map(|tax| {
            json!({
                "title": tax["title"],
                "rate": tax["rate"],
                "ratePercentage": tax["rate"].as_f64().map(|rate| rate * 100.0),
                "priceSet": bag(source, tax, "price").to_graphql(),
            })
        })
        .collect()
}

pub(super) fn discount_applications(source: &Source<'_>) -> Vec<Value> {
    entries(&source.rest["discount_applications"])
        .iter()
        .enumerate()
        .map(|(index, applied)| {
            let kind = match applied["type"].as_str() {
                Some("discount_code") => "DiscountCodeApplication",
                Some("automatic") => "AutomaticDiscountApplication",
                Some("script") => "ScriptDiscountApplication",
                _ => "ManualDiscountApplication",
            };
            let upper = |name: &str| applied[name].as_str().unwrap_or_default().to_uppercase();
            json!({
                "__typename": kind,
                "allocationMethod": upper("allocation_method"),
                "index": index,
                "targetSelection": upper("target_selection"),
                "targetType": upper("target_type"),
                "title": applied["title"],
                "code": applied["code"],
                "description": applied["description"],
                "value": discount_value(source, applied),
            })
        })
        .collect()
}

fn discount_value(source: &Source<'_>, applied: &Value) -> Value {
    if applied["value_type"] == "percentage" {
        let percentage = applied["value"].as_str().and_then(|text| text.parse::<f64>().ok());
        return json!({"__typename": "PricingPercentageValue", "percentage": percentage});
    }
    json!({"__typename": "MoneyV2", "amount": applied["value"], "currencyCode": source.rest["currency"]})
}

fn allocations(source: &Source<'_>, line: &Value, applications: &[Value]) -> Value {
    entries(&line["discount_allocations"])
        .iter()
        .map(|allocation| {
            let index = allocation["discount_application_index"].as_u64().and_then(|index| usize::try_from(index).ok());
            json!({
                "allocatedAmountSet": bag(source, allocation, "amount").to_graphql(),
                "discountApplication": index.and_then(|index| applications.get(index)),
            })
        })
        .collect()
}

/// An amount of a REST part: its `*_set` if there is one, else its plain field.
fn bag(source: &Source<'_>, part: &Value, name: &str) -> Bag {
    Bag::read(&part[format!("{name}_set")]).unwrap_or_else(|| source.plain(&part[name]))
}
