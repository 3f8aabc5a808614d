//! What people wrote with an order, for the people who pack it: note, gift message, tags and attributes.
//!
//! Texts that are too long end in `…`; the whole is at the shop. The bounds are those of the *Custom Store Development
//! Guide* and of *ShipStation ODBC: Data Mapping*, which agree; the pages of the v1 API name none.

use ::lane::carriage::{NoteField, Notes};
use serde_json::{Value, json};

use crate::providers::shopify::order::{Attribute, Order};

/// `customerNotes`, `internalNotes`, `giftMessage`.
const NOTE_MAX: usize = 1000;
/// Each of the three custom fields.
const CUSTOM_FIELD_MAX: usize = 100;

/// Puts them where the shop's settings want them.
pub(super) fn put(composed: &mut Value, order: &Order, notes: &Notes) {
    composed["customerNotes"] = json!(order.note.as_deref().map(|note| cut(note.trim(), NOTE_MAX)));
    let gift = gift_message(order, notes);
    composed["gift"] = json!(gift.is_some());
    if let Some(message) = gift {
        composed["giftMessage"] = json!(cut(message, NOTE_MAX));
    }
    if let Some(field) = notes.tags {
        add(composed, field, order.tags.iter().map(|tag| tag.trim().to_owned()));
    }
    if let Some(field) = notes.attributes {
        let shown =
            order.attributes.iter().filter(|attribute| is_shown(attribute) && !is_gift_message(attribute, notes));
        add(composed, field, shown.map(in_words));
    }
}

/// The first gift message that says something.
fn gift_message<'o>(order: &'o Order, notes: &Notes) -> Option<&'o str> {
    let messages = order.attributes.iter().filter(|attribute| is_gift_message(attribute, notes));
    messages.filter_map(|attribute| attribute.value.as_deref()).map(str::trim).find(|message| !message.is_empty())
}

fn is_gift_message(attribute: &Attribute, notes: &Notes) -> bool {
    let key = attribute.key.trim().to_lowercase();
    notes.gift_message.iter().any(|name| name.trim().to_lowercase() == key)
}

/// Names that begin with `_` are apps' own, and hidden from buyers; what is empty says nothing.
pub(super) fn is_shown(attribute: &Attribute) -> bool {
    !attribute.key.starts_with('_') && attribute.value.as_deref().is_some_and(|value| !value.trim().is_empty())
}

fn in_words(attribute: &Attribute) -> String {
    format!("{}: {}", attribute.key.trim(), attribute.value.as_deref().unwrap_or_default().trim())
}

fn add(composed: &mut Value, field: NoteField, texts: impl Iterator<Item = String>) {
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return;
    }
    let custom = |composed: &mut Value, name: &str| {
        composed["advancedOptions"][name] = json!(cut(&texts.join("; "), CUSTOM_FIELD_MAX));
    };
    match field {
        NoteField::InternalNotes => composed["internalNotes"] = json!(cut(&texts.join("\n"), NOTE_MAX)),
        NoteField::CustomField1 => custom(composed, "customField1"),
        NoteField::CustomField2 => custom(composed, "customField2"),
        NoteField::CustomField3 => custom(composed, "customField3"),
    }
}

/// At most so many characters, the last of which tells that there were more.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::order;
    use super::*;

    fn attribute(key: &str, value: &str) -> Attribute {
        Attribute { key: key.into(), value: Some(value.into()) }
    }

    fn put(order: &Order, notes: &Notes) -> Value {
        let mut composed = json!({});
        super::put(&mut composed, order, notes);
        composed
    }

    #[test]
    fn tags_attributes_and_gift_message_go_where_the_shop_says_and_nowhere_otherwise() {
        let mut order = order();
        order.note = Some(" ring twice ".into());
        order.tags = vec!["vip".into(), "eu".into()];
        order.attributes = vec![
            attribute("_session", "x1"),
            attribute("Gift Message", " "),
            attribute("gift_message", "Happy birthday"),
            attribute("Delivery day", "Friday"),
            attribute("Door", "blue"),
        ];
        let nowhere = json!({"customerNotes": "ring twice", "gift": true, "giftMessage": "Happy birthday"});
        assert_eq!(put(&order, &Notes::default()), nowhere);
        let (tags, attributes) = (Some(NoteField::CustomField2), Some(NoteField::InternalNotes));
        let said = put(&order, &Notes { tags, attributes, ..Notes::default() });
        assert_eq!(said["advancedOptions"], json!({"customField2": "vip; eu"}));
        assert_eq!(said["internalNotes"], "Delivery day: Friday\nDoor: blue");
        let unnamed = put(&order, &Notes { gift_message: vec![], ..Notes::default() });
        assert_eq!(unnamed, json!({"customerNotes": "ring twice", "gift": false}));
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let mut order = order();
        order.note = Some("é".repeat(1001));
        order.tags = vec!["x".repeat(101)];
        order.attributes = vec![attribute("gift note", &"g".repeat(1000))];
        let said = put(&order, &Notes { tags: Some(NoteField::CustomField1), ..Notes::default() });
        assert_eq!(said["customerNotes"], json!(format!("{}…", "é".repeat(999))));
        assert_eq!(said["advancedOptions"]["customField1"], json!(format!("{}…", "x".repeat(99))));
        assert_eq!(said["giftMessage"], json!("g".repeat(1000)));
    }
}
