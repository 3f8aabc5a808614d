//! What customs is told, in the warehouse's words: an order's `internationalOptions`.
//!
//! The words are those of `ShipStation` v1's pages *International Options* and *Customs Item Model*. The items have no key
//! of ours; their `customsItemId` is the warehouse's. An item that is written with the id of one that stands there
//! changes that one, so ids are kept wherever an item can be recognised.

use ::lane::carriage::{Contents, Customs, NonDelivery};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::compose::number;
use super::customs::Declaration;
use super::form::{decimal, good, shown};
use super::judge::Question;

/// The options of an order that crosses a border.
pub(super) fn options(declaration: &Declaration, settings: &Customs) -> Result<Value, Question> {
    Ok(json!({
        "contents": contents(settings.contents),
        "nonDelivery": non_delivery(settings.non_delivery),
        "customsItems": items(declaration)?,
    }))
}

/// The customs items alone.
pub(super) fn items(declaration: &Declaration) -> Result<Value, Question> {
    let items = declaration.items.iter().map(|item| {
        Ok(json!({
            "description": item.description,
            "quantity": item.quantity,
            "value": number(item.value)?,
            "harmonizedTariffCode": item.hs_code,
            "countryOfOrigin": item.origin,
        }))
    });
    items.collect()
}

fn contents(contents: Contents) -> &'static str {
    match contents {
        Contents::Merchandise => "merchandise",
        Contents::Gift => "gift",
        Contents::Sample => "sample",
        Contents::Documents => "documents",
        Contents::ReturnedGoods => "returned_goods",
    }
}

fn non_delivery(wish: NonDelivery) -> &'static str {
    match wish {
        NonDelivery::ReturnToSender => "return_to_sender",
        NonDelivery::TreatAsAbandoned => "treat_as_abandoned",
    }
}

/// Our items with the ids of theirs: of the equal one first, then of one that is called the same, then of any that is
/// left.
pub(super) fn renewed(ours: &Value, theirs: &Value) -> Value {
    let Value::Array(ours) = ours else { return ours.clone() };
    let mut left: Vec<&Value> = theirs.as_array().into_iter().flatten().collect();
    let mut renewed: Vec<(Value, bool)> = ours.iter().map(|item| (item.clone(), false)).collect();
    let rounds: [fn(&Value, &Value) -> bool; 3] = [
        |our, their| good(our) == good(their),
        |our, their| shown(&our["description"]) == shown(&their["description"]),
        |_, _| true,
    ];
    for alike in rounds {
        for (item, has_id) in renewed.iter_mut().filter(|(_, has_id)| !has_id) {
            if let Some(at) = left.iter().position(|their| alike(item, their)) {
                let id = &left.remove(at)["customsItemId"];
                if !id.is_null() {
                    item["customsItemId"] = id.clone();
                }
                *has_id = true;
            }
        }
    }
    renewed.into_iter().map(|(item, _)| item).collect()
}

/// Figures for people: what it comes to, then each item.
pub(super) fn words(items: &Value) -> String {
    let Some(items) = items.as_array().filter(|items| !items.is_empty()) else { return shown(items) };
    let of = |item: &Value, part: &str| decimal(&item[part]).unwrap_or_default();
    let total: Decimal = items
        .iter()
        .filter_map(|item| of(item, "quantity").checked_mul(of(item, "value")))
        .fold(Decimal::ZERO, Decimal::saturating_add);
    let each: Vec<String> = items
        .iter()
        .map(|item| {
            let codes = [shown(&item["harmonizedTariffCode"]), shown(&item["countryOfOrigin"])];
            let codes = codes.map(|code| if code.is_empty() { "none".to_owned() } else { code }).join(" from ");
            format!("{} x {} ({codes})", of(item, "quantity"), of(item, "value"))
        })
        .collect();
    format!("{} in all: {}", total.normalize(), each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(description: &str, value: u32, id: Option<u64>) -> Value {
        let mut item = json!({"description": description, "quantity": 2, "value": value,
            "harmonizedTariffCode": "691200", "countryOfOrigin": null});
        if let Some(id) = id {
            item["customsItemId"] = json!(id);
        }
        item
    }

    #[test]
    fn ids_go_to_the_equal_item_then_to_the_one_of_that_name_then_to_any() {
        let theirs = json!([item("Jug", 1, Some(1)), item("Mug", 2, Some(2)), item("Mug", 3, Some(3))]);
        let ours = json!([item("Cup", 9, None), item("Mug", 4, None), item("Mug", 3, None), item("Pan", 5, None)]);
        let ids: Vec<Value> =
            renewed(&ours, &theirs).as_array().unwrap().iter().map(|item| item["customsItemId"].clone()).collect();
        assert_eq!(ids, [json!(1), json!(2), json!(3), json!(null)]);
        assert_eq!(renewed(&ours, &json!(null)), ours);
        assert_eq!(renewed(&json!(null), &theirs), json!(null));
    }

    #[test]
    fn figures_are_shown_with_their_total() {
        let words = words(&json!([item("Mug", 12, None), item("Cup", 3, None)]));
        assert_eq!(words, "30 in all: 2 x 12 (691200 from none), 2 x 3 (691200 from none)");
    }
}
