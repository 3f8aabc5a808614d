//! How values of a field are compared.
//!
//! | form | two values are the same if they are so after |
//! |---|---|
//! | text | trimming and turning every run of white space into one space; null is the empty text |
//! | folded | the same, and lower case: address parts, mail addresses |
//! | postal | the same, without spaces; a US ZIP+4 is cut to its five digits |
//! | phone | all but digits is left out |
//! | money | reading as decimal numbers; null is zero |
//! | time | reading as Pacific times to the second |
//! | weight | turning into whole grams; null and zero are no weight |
//! | status | nothing: the words must be equal |
//! | flag | null is no |
//! | goods | leaving out the warehouse's ids and the order in which they stand; each one's parts as text, numbers and codes |
//! | options | leaving out the order in which they stand; names and values as text |

use std::str::FromStr as _;

use ::lane::carriage::hs_code;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::Value;

use crate::providers::shipstation::pacific;

/// How values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Folded,
    Postal,
    Phone,
    Money,
    Time,
    Weight,
    Status,
    Flag,
    /// Customs items. They have no key of ours.
    Goods,
    /// What a buyer asked for with a line.
    Options,
}

impl Form {
    /// The value in the form in which it is compared.
    pub(super) fn normal(self, value: &Value) -> String {
        match self {
            Self::Text => spaced(&shown(value)),
            Self::Folded => spaced(&shown(value)).to_lowercase(),
            Self::Postal => postal(&shown(value)),
            Self::Phone => shown(value).chars().filter(char::is_ascii_digit).collect(),
            Self::Money => money(value),
            Self::Time => pacific::civil(&shown(value)).map_or(shown(value), |at| at.to_string()),
            Self::Weight => grams(value),
            Self::Status => shown(value),
            Self::Flag => {
                if value == &Value::Bool(true) {
                    "yes".to_owned()
                } else {
                    String::new()
                }
            }
            Self::Goods => each(value, good),
            Self::Options => {
                each(value, |option| joined(&[spaced(&shown(&option["name"])), spaced(&shown(&option["value"]))]))
            }
        }
    }
}

/// A list as the texts of its entries, whatever their order.
fn each(list: &Value, text: impl Fn(&Value) -> String) -> String {
    let Value::Array(entries) = list else { return shown(list) };
    let mut texts: Vec<String> = entries.iter().map(text).collect();
    texts.sort();
    texts.join("\u{1e}")
}

/// One customs item as text, without the warehouse's id of it.
pub(super) fn good(item: &Value) -> String {
    let code = shown(&item["harmonizedTariffCode"]);
    joined(&[
        spaced(&shown(&item["description"])),
        money(&item["quantity"]),
        money(&item["value"]),
        hs_code(&code).unwrap_or_else(|| spaced(&code)),
        spaced(&shown(&item["countryOfOrigin"])).to_lowercase(),
    ])
}

fn joined(parts: &[String]) -> String {
    parts.join("\u{1f}")
}

/// A value as text, without quotes; null is the empty text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn postal(text: &str) -> String {
    let code: String = text.split_whitespace().collect::<String>().to_lowercase();
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match code.split_once('-') {
        Some((five, four)) if digits(five, 5) && digits(four, 4) => five.to_owned(),
        Some(_) | None => code,
    }
}

pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = shown(value);
    Decimal::from_str(text.trim()).or_else(|_| Decimal::from_scientific(text.trim())).ok()
}

fn money(value: &Value) -> String {
    if value.is_null() {
        return "0".to_owned();
    }
    decimal(value).map_or_else(|| shown(value), |amount| amount.normalize().to_string())
}

fn grams(value: &Value) -> String {
    let Some(amount) = decimal(&value["value"]) else { return String::new() };
    let per_unit = match value["units"].as_str().unwrap_or("ounces").to_lowercase().as_str() {
        "grams" => Decimal::ONE,
        "pounds" => Decimal::new(45_359_237, 5),
        _ => Decimal::new(28_349_523_125, 9),
    };
    let grams = amount.checked_mul(per_unit).and_then(|grams| grams.round().to_u64());
    match grams {
        Some(0) => String::new(),
        Some(grams) => grams.to_string(),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(form: Form, one: &Value, other: &Value) -> bool {
        form.normal(one) == form.normal(other)
    }

    fn good(description: &str, quantity: u32) -> Value {
        json!({"description": description, "quantity": quantity, "value": 12.5, "harmonizedTariffCode": "691200",
            "countryOfOrigin": "PT"})
    }

    fn with(mut good: Value, part: &str, value: Value) -> Value {
        good[part] = value;
        json!([good])
    }

    fn option(name: &str, value: &str) -> Value {
        json!({"name": name, "value": value})
    }

    /// One row per rule of the table above.
    #[test]
    fn values_are_compared_as_the_table_says() {
        for (form, one, other, equal) in [
            (Form::Text, json!("two  words "), json!("two words"), true),
            (Form::Text, json!(null), json!(""), true),
            (Form::Text, json!("Case"), json!("case"), false),
            (Form::Folded, json!("12 MAIN  St"), json!("12 Main St"), true),
            (Form::Folded, json!("12 Main St"), json!("12 Main Street"), false),
            (Form::Postal, json!("90210"), json!("90210-1234"), true),
            (Form::Postal, json!("k1a 0b1"), json!("K1A0B1"), true),
            (Form::Postal, json!("90210"), json!("90211"), false),
            (Form::Postal, json!("1234-567"), json!("1234"), false),
            (Form::Phone, json!("+1 (555) 010-9999"), json!("15550109999"), true),
            (Form::Money, json!(10), json!(10.0), true),
            (Form::Money, json!(19.9), json!("19.90"), true),
            (Form::Money, json!(null), json!(0), true),
            (Form::Money, json!(19.9), json!(19.91), false),
            (Form::Time, json!("2026-01-15 00:30:00"), json!("2026-01-15T00:30:00.0000000"), true),
            (Form::Time, json!("2026-01-15 00:30:00"), json!("2026-01-15T00:31:00.0000000"), false),
            (Form::Weight, json!({"value": 16, "units": "ounces"}), json!({"value": 1.0, "units": "pounds"}), true),
            (Form::Weight, json!({"value": 300, "units": "grams"}), json!({"value": 10.58, "units": "Ounces"}), true),
            (Form::Weight, json!({"value": 300, "units": "grams"}), json!({"value": 200, "units": "grams"}), false),
            (Form::Weight, json!(null), json!({"value": 0.0, "units": "ounces"}), true),
            (Form::Status, json!("on_hold"), json!("On_Hold"), false),
            (Form::Flag, json!(null), json!(false), true),
            (Form::Flag, json!(true), json!(false), false),
            (Form::Goods, json!([good("Mug", 2), good("Cup", 1)]), json!([good("Cup", 1), good("Mug", 2)]), true),
            (Form::Goods, json!([good("Mug", 2)]), json!([good("Mug", 1), good("Mug", 1)]), false),
            (Form::Goods, json!([good("Mug", 2)]), with(good("Mug", 2), "customsItemId", json!(7)), true),
            (
                Form::Goods,
                json!([good("Mug", 2)]),
                with(good("Mug", 2), "harmonizedTariffCode", json!("6912.00")),
                true,
            ),
            (Form::Goods, json!([good("Mug", 2)]), with(good("Mug", 2), "value", json!(12.51)), false),
            (Form::Goods, json!([good("Mug", 2)]), with(good("Mug", 2), "countryOfOrigin", json!("CN")), false),
            (Form::Goods, json!([good("Mug", 2)]), with(good("Mug", 2), "harmonizedTariffCode", json!(null)), false),
            (Form::Goods, json!([]), json!(null), true),
            (Form::Options, json!([option("Text", "A")]), json!([option("Text ", "A")]), true),
            (Form::Options, json!([option("Text", "A")]), json!([option("Text", "B")]), false),
        ] {
            assert_eq!(same(form, &one, &other), equal, "{form:?}: {one} and {other}");
        }
    }
}
