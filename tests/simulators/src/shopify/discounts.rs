//! An order's discounts, and what of them falls on a line.
//!
//! A discount of the whole order is one that is spread across all lines; everything else on a line counts as a
//! discount of that line.

use serde_json::{Value, json};

use super::lines::bag;
use super::translate::{Source, entries};

/// Whether the application discounts the whole order.
pub(super) fn is_of_order(applied: &Value) -> bool {
    applied["allocation_method"] == "across" && applied["target_selection"] == "all"
}

/// Whether the buyer typed a code for it.
pub(super) fn is_code(applied: &Value) -> bool {
    applied["type"] == "discount_code"
}

pub(super) fn discount_applications(source: &Source<'_>) -> Vec<Value> {
    entries(&source.rest()["discount_applications"])
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
    json!({"__typename": "MoneyV2", "amount": applied["value"], "currencyCode": source.rest()["currency"]})
}

pub(super) fn allocations(source: &Source<'_>, line: &Value, applications: &[Value]) -> Value {
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
