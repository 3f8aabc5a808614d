//! Whether a write changed anything but what it was to change: the whole order as it was written against the whole order
//! that stands there.
//!
//! Left out is what the warehouse keeps for itself and moves with every write (`VOLATILE`). Nothing, the empty text, zero,
//! no and an empty list are one; numbers are compared as numbers, texts but for their white space.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::{Difference, Look, moved_on};
use super::field::{self, Form, GOODS, STATUS, line_key, shown};

/// Times of changes, the address check's words, ids of lines and messages of labels.
const VOLATILE: [&str; 6] =
    ["modifyDate", "createDate", "addressVerified", "orderItemId", "labelMessages", "WeightUnits"];
/// Goes with a hold, and away with it.
const HOLD_UNTIL: &str = "holdUntilDate";

/// What is not as it was written.
pub(super) fn untouched(written: &Value, stands: &Value, look: Look) -> Difference {
    let mut difference = Difference::default();
    let (status, now) = (&written[STATUS], &stands[STATUS]);
    let paid = status == "awaiting_payment" && now == "awaiting_shipment";
    let free = look == Look::Back && (moved_on(status, now) || paid);
    if status != now && !free {
        difference.note(STATUS, &shown(status), &shown(now));
    }
    difference.look(GOODS, GOODS.path, GOODS.path, written, stands);
    let (written, stands) = (leaves(written), leaves(stands));
    let names: std::collections::BTreeSet<&String> = written.keys().chain(stands.keys()).collect();
    for name in names {
        let (one, other) = (written.get(name), stands.get(name));
        if one == other || (name == HOLD_UNTIL && look == Look::BackFromHold) {
            continue;
        }
        let text = |leaf: Option<&String>| leaf.cloned().unwrap_or_default();
        if field::of_path(name).is_some_and(|field| !field.personal) {
            difference.note(name, &text(one), &text(other));
        } else {
            difference.note_personal(name, &text(one), &text(other));
        }
    }
    difference
}

/// Everything that an order says, by path.
fn leaves(order: &Value) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    gather(order, "", &mut leaves);
    leaves
}

fn gather(value: &Value, path: &str, leaves: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let leaf = match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "true".to_owned(),
        Value::Number(_) => Some(Form::Money.normal(value)).filter(|number| number != "0").unwrap_or_default(),
        Value::String(_) => Form::Text.normal(value),
        Value::Array(entries) => {
            for (nth, entry) in entries.iter().enumerate() {
                let name = line_key(entry).map_or_else(|| nth.to_string(), str::to_owned);
                gather(entry, &below(&name), leaves);
            }
            return;
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str())) {
                let path = below(name);
                if path != GOODS.path && path != STATUS {
                    gather(member, &path, leaves);
                }
            }
            return;
        }
    };
    if !leaf.is_empty() {
        leaves.insert(path.to_owned(), leaf);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order() -> Value {
        json!({
            "orderId": 7, "orderStatus": "awaiting_shipment", "modifyDate": "1", "amountPaid": 10.0, "gift": false,
            "holdUntilDate": "2026-12-01", "shipTo": {"name": "Jane", "addressVerified": "no"}, "tagIds": [3, 4],
            "items": [{"lineItemKey": "a", "orderItemId": 1, "quantity": 2}, {"name": "Own", "createDate": "1"}],
            "internationalOptions": {"contents": "gift", "customsItems": [{"customsItemId": 1, "quantity": 2}]},
        })
    }

    fn differs(change: impl FnOnce(&mut Value), look: Look) -> bool {
        let mut stands = order();
        change(&mut stands);
        !untouched(&order(), &stands, look).is_none()
    }

    #[test]
    fn what_the_warehouse_keeps_for_itself_is_free() {
        let changed = |stands: &mut Value| {
            stands["modifyDate"] = json!("2");
            stands["amountPaid"] = json!("10");
            stands["gift"] = json!(null);
            stands["customerNotes"] = json!("");
            stands["shipTo"]["addressVerified"] = json!("yes");
            stands["items"][0]["orderItemId"] = json!(9);
            stands["items"][1]["createDate"] = json!("2");
            stands["internationalOptions"]["customsItems"][0]["customsItemId"] = json!(2);
        };
        assert!(!differs(changed, Look::BackFromHold));
    }

    #[test]
    fn everything_else_counts() {
        let changes: [fn(&mut Value); 9] = [
            |stands| stands["orderId"] = json!(8),
            |stands| stands["amountPaid"] = json!(10.5),
            |stands| stands["gift"] = json!(true),
            |stands| stands["shipTo"]["name"] = json!("jane"),
            |stands| stands["tagIds"] = json!([3]),
            |stands| stands["items"][0]["quantity"] = json!(1),
            |stands| drop(stands["items"].as_array_mut().unwrap().pop()),
            |stands| stands["internationalOptions"]["contents"] = json!(null),
            |stands| stands["internationalOptions"]["customsItems"][0]["quantity"] = json!(1),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            assert!(differs(change, Look::Back), "change {nth}");
        }
    }

    #[test]
    fn the_status_may_move_on_unless_a_hold_was_taken_back() {
        let to = |status: &'static str| move |stands: &mut Value| stands[STATUS] = json!(status);
        assert!(!differs(to("shipped"), Look::Back) && !differs(to("on_hold"), Look::Back));
        assert!(differs(to("cancelled"), Look::Back));
        assert!(differs(to("on_hold"), Look::BackFromHold));
        let no_date = |stands: &mut Value| stands["holdUntilDate"] = json!(null);
        assert!(differs(no_date, Look::Back) && !differs(no_date, Look::BackFromHold));
    }

    #[test]
    fn evidence_names_what_changed_and_says_nothing_about_people() {
        let mut stands = order();
        stands["shipTo"]["name"] = json!("Somebody");
        stands["somethingNew"] = json!("private");
        let evidence = untouched(&order(), &stands, Look::Back).evidence();
        assert_eq!(evidence.iter().map(|fact| fact.name.as_str()).collect::<Vec<_>>(), ["shipTo.name", "somethingNew"]);
        assert!(evidence.iter().all(|fact| !fact.value.contains("Somebody") && !fact.value.contains("private")));
    }
}
