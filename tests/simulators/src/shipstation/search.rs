//! `GET /orders`: which orders a search finds.
//!
//! `orderNumber` finds every number that begins so, in either case: `#1001` also finds `#10010`. There is no filter
//! by key.

use serde_json::Value;

use super::query::Query;

/// The times that can be asked for by range.
const RANGES: [&str; 4] = ["createDate", "modifyDate", "orderDate", "paymentDate"];
/// The times to sort by.
const SORTS: [&str; 3] = ["orderDate", "modifyDate", "createDate"];

/// The page of orders that was asked for.
pub(super) fn page<'o>(query: &Query, orders: impl Iterator<Item = &'o Value>) -> Value {
    let mut found: Vec<&Value> = orders.filter(|order| finds(query, order)).collect();
    query.sort(&mut found, &SORTS, |order| *order);
    query.page("orders", &found, |order| (*order).clone())
}

fn finds(query: &Query, order: &Value) -> bool {
    let number = lowered(&order["orderNumber"]);
    query.text("orderNumber").is_none_or(|start| number.starts_with(&start.to_lowercase()))
        && query.is("orderStatus", &order["orderStatus"])
        && query.is("storeId", &order["advancedOptions"]["storeId"])
        && query.text("customerName").is_none_or(|name| is_of(order, &name.to_lowercase()))
        && query.text("itemKeyword").is_none_or(|word| has_item(order, &word.to_lowercase()))
        && RANGES.iter().all(|name| query.within(name, &order[*name]))
}

fn is_of(order: &Value, name: &str) -> bool {
    ["shipTo", "billTo"].iter().any(|side| lowered(&order[*side]["name"]).contains(name))
}

/// Looks where the reference says: in SKU, description and options.
fn has_item(order: &Value, word: &str) -> bool {
    order["items"].as_array().into_iter().flatten().any(|item| {
        let options = item["options"].as_array().into_iter().flatten();
        let values = options.map(|option| &option["value"]);
        [&item["sku"], &item["name"]].into_iter().chain(values).any(|text| lowered(text).contains(word))
    })
}

fn lowered(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_lowercase()
}
