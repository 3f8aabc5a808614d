//! One JSON document, spelt another way: other spaces, other escapes, its keys in another order.

use std::fmt::Write as _;

use serde_json::Value;

/// The document with its keys in reverse order, every sign of its texts escaped, and spaces around everything. Nothing if
/// it cannot be read whole, or has a fraction in it: two readings of one fraction may differ in its last digit.
pub(crate) fn another_way(json: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(json).ok()?;
    if has_fraction(&value) {
        return None;
    }
    let mut spelt = String::new();
    spell(&value, &mut spelt);
    Some(spelt)
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn spell(value: &Value, spelt: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => spelt.push_str(&value.to_string()),
        Value::String(text) => spell_text(text, spelt),
        Value::Array(items) => {
            spelt.push_str("[\t");
            for (nth, item) in items.iter().enumerate() {
                spelt.push_str(if nth > 0 { " , " } else { "" });
                spell(item, spelt);
            }
            spelt.push_str("\r\n]");
        }
        Value::Object(fields) => {
            spelt.push_str("{ ");
            for (nth, (name, field)) in fields.iter().rev().enumerate() {
                spelt.push_str(if nth > 0 { "\n," } else { "" });
                spell_text(name, spelt);
                spelt.push_str(" :\t");
                spell(field, spelt);
            }
            spelt.push('}');
        }
    }
}

fn spell_text(text: &str, spelt: &mut String) {
    spelt.push('"');
    for unit in text.encode_utf16() {
        write!(spelt, "\\u{unit:04X}").unwrap();
    }
    spelt.push('"');
}
