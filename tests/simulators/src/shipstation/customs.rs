//! The international options of an order, normalised: a declaration exists only where a border is crossed.
//!
//! From the pages "Customs Item" and "International Options": a declared line that names a `customsItemId` changes
//! that line, one without makes a new one; what a caller declares only stands if the account's declarations are left
//! to callers. Our choices where the documentation is silent: lines that a write leaves out are gone, as all else
//! that it leaves out; `value` is per unit where we make declarations ourselves (the page says "the value of the line
//! item", other integrations send unit prices).

use serde_json::{Value, json};

use super::account::Declarations;
use super::resource::{amount, entries, text};

/// What an account's settings say of declarations.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) home: String,
    pub(super) declarations: Declarations,
}

impl Rules {
    /// Whether an order leaves the country; one without a country does not.
    pub(super) fn crossed(&self, ship_to: &Value) -> bool {
        let country = ship_to["country"].as_str().map(str::trim).unwrap_or_default();
        !country.is_empty() && !country.eq_ignore_ascii_case(&self.home)
    }
}

/// The options of an order as they are stored. `known` is what stood there before.
pub(super) fn options(body: &Value, known: &Value, rules: &Rules, new_id: &mut dyn FnMut() -> u64) -> Value {
    let sent = &body["internationalOptions"];
    let declared = match (rules.crossed(&body["shipTo"]), rules.declarations) {
        (false, _) => None,
        (true, Declarations::Manual) => sent["customsItems"].as_array().cloned(),
        (true, Declarations::FromItems) => Some(from_items(&body["items"])),
    };
    let lines = declared
        .map(|lines| lines.iter().map(|line| declared_line(line, &known["customsItems"], new_id)).collect::<Value>());
    json!({"contents": text(&sent["contents"]), "customsItems": lines, "nonDelivery": text(&sent["nonDelivery"])})
}

fn declared_line(sent: &Value, known: &Value, new_id: &mut dyn FnMut() -> u64) -> Value {
    // The page calls the id a text, public samples show a number; both are read, a number is shown.
    let wanted = sent["customsItemId"].as_u64().or_else(|| sent["customsItemId"].as_str()?.parse().ok());
    let kept = wanted.filter(|id| entries(known).iter().any(|line| line["customsItemId"] == *id));
    json!({
        "customsItemId": kept.unwrap_or_else(new_id),
        "description": text(&sent["description"]),
        "quantity": sent["quantity"].as_i64().unwrap_or(0),
        "value": amount(&sent["value"]),
        "harmonizedTariffCode": text(&sent["harmonizedTariffCode"]),
        "countryOfOrigin": text(&sent["countryOfOrigin"]),
    })
}

fn from_items(items: &Value) -> Vec<Value> {
    let goods = entries(items).iter().filter(|item| item["adjustment"] != true);
    goods
        .map(|item| {
            json!({
                "description": item["name"],
                "quantity": item["quantity"],
                "value": item["unitPrice"],
                "harmonizedTariffCode": null,
                "countryOfOrigin": null,
            })
        })
        .collect()
}
