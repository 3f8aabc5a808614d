//! The lists of an order: items, shipping, taxes.

use serde_json::{Value, json};

use super::beyond::Customs;
use super::discounts::allocations;
use super::money::Bag;
use super::reckon::Reckoned;
use super::translate::{Source, attributes, entries, gid, id_text, truth};

/// The order's REST lines.
pub(super) fn of(rest: &Value) -> &[Value] {
    entries(&rest["line_items"])
}

pub(super) fn items(source: &Source<'_>, applications: &[Value]) -> Vec<Value> {
    of(source.rest()).iter().map(|line| item(source, line, applications)).collect()
}

fn item(source: &Source<'_>, line: &Value, applications: &[Value]) -> Value {
    let reckoned = Reckoned::of(source, line);
    let (quantity, current) = (reckoned.quantity, reckoned.current);
    let remaining = line["fulfillable_quantity"].as_u64().unwrap_or(quantity);
    let unit = &reckoned.unit;
    let total = unit.times(quantity);
    let customs = line["id"].as_u64().and_then(|id| source.stored.customs.get(&id));
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
        "nonFulfillableQuantity": quantity.saturating_sub(current),
        "refundableQuantity": current,
        "requiresShipping": truth(&line["requires_shipping"], true),
        "isGiftCard": truth(&line["gift_card"], false),
        "taxable": truth(&line["taxable"], true),
        "restockable": true,
        "originalUnitPriceSet": unit.to_graphql(),
        "discountedUnitPriceSet": total.minus(&reckoned.on_line_without_codes).per(quantity).to_graphql(),
        "discountedUnitPriceAfterAllDiscountsSet": total.minus(&reckoned.discount).per(quantity).to_graphql(),
        "originalTotalSet": total.to_graphql(),
        "discountedTotalSet": total.minus(&reckoned.on_line_without_codes).to_graphql(),
        "discountedTotalSet, code discounts included": total.minus(&reckoned.on_line).to_graphql(),
        "priceAfterAllDiscountsBeforeTaxesSet": reckoned.before_taxes().to_graphql(),
        "totalDiscountSet": reckoned.on_line.to_graphql(),
        "weight": weight(line),
        "product": product(line),
        "variant": variant(line, customs),
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

fn variant(line: &Value, customs: Option<&Customs>) -> Value {
    if line["variant_id"].is_null() {
        return Value::Null;
    }
    let none = Customs::default();
    let customs = customs.unwrap_or(&none);
    let either = |own: &Option<String>, rest: &str| own.as_ref().map_or_else(|| line[rest].clone(), |own| json!(own));
    let by_country: Value = customs
        .codes
        .iter()
        .map(|(country, code)| json!({"countryCode": country, "harmonizedSystemCode": code}))
        .collect();
    let weight = customs.weight.clone().unwrap_or_else(|| weight(line));
    json!({
        "id": gid("ProductVariant", &line["variant_id"]),
        "legacyResourceId": id_text(&line["variant_id"]),
        "title": line["variant_title"].as_str().unwrap_or("Default Title"),
        "sku": line["sku"],
        "inventoryItem": {
            "id": gid("InventoryItem", &line["variant_id"]),
            "sku": line["sku"],
            "requiresShipping": truth(&line["requires_shipping"], true),
            "harmonizedSystemCode": either(&customs.code, "harmonized_system_code"),
            "countryCodeOfOrigin": either(&customs.origin, "country_code_of_origin"),
            "countryHarmonizedSystemCodes": by_country,
            "measurement": {"id": gid("InventoryItemMeasurement", &line["variant_id"]), "weight": weight},
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
    entries(&source.rest()["shipping_lines"])
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

/// An amount of a REST part: its `*_set` if there is one, else its plain field.
pub(super) fn bag(source: &Source<'_>, part: &Value, name: &str) -> Bag {
    Bag::read(&part[format!("{name}_set")]).unwrap_or_else(|| source.plain(&part[name]))
}
