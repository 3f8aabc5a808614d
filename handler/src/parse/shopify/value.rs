//! What the readers of all bodies share: JSON without quoting it, and Shopify's three ways to write an id.

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{Number, Value};

use super::NotUnderstood;

/// Reads a body into the fields that matter.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, NotUnderstood> {
    let text = std::str::from_utf8(body).map_err(|_| NotUnderstood::NotText)?;
    serde_json::from_str(text).map_err(|error| not_read(&error))
}

/// Says where the parser stopped, never what it read there: its own message quotes the body.
pub(super) fn not_read(error: &serde_json::Error) -> NotUnderstood {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => NotUnderstood::NotItsFields { line, column },
        Category::Syntax | Category::Eof | Category::Io => NotUnderstood::NotJson { line, column },
    }
}

/// The number of a resource, written as a number, as text, or as a global id (`gid://shopify/Order/1`) of this kind.
pub(super) fn id(value: &Value, kind: &str) -> Option<u64> {
    match value {
        Value::Number(number) => id_of_number(number),
        Value::String(text) => id_of_text(text, kind),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The number of a resource, written as a number.
pub(super) fn id_of_number(number: &Number) -> Option<u64> {
    number.as_u64().filter(|id| *id > 0)
}

/// The number of a resource, written as text or as a global id of this kind.
pub(super) fn id_of_text(text: &str, kind: &str) -> Option<u64> {
    let digits = text
        .strip_prefix("gid://shopify/")
        .map_or(Some(text), |rest| rest.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')))?;
    // The parser would take a plus sign too.
    let digits = digits.bytes().all(|sign| sign.is_ascii_digit()).then_some(digits)?;
    digits.parse().ok().filter(|id| *id > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_is_the_same_in_all_three_ways_of_writing_it() {
        for written in
            [json!(u64::MAX), json!("18446744073709551615"), json!("gid://shopify/Order/18446744073709551615")]
        {
            assert_eq!(id(&written, "Order"), Some(u64::MAX), "{written}");
        }
    }

    #[test]
    fn what_is_no_id_or_another_kind_of_id_is_nobodys() {
        for written in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("+1"),
            json!(" 1"),
            json!("18446744073709551616"),
            json!("gid://shopify/Customer/1"),
            json!("gid://shopify/OrderEdit/1"),
            json!("gid://shopify/Order/"),
            json!("gid://shopify/Order/1?x=1"),
            json!("gid://shopify/Order"),
            json!(null),
            json!([1]),
            json!({"id": 1}),
        ] {
            assert_eq!(id(&written, "Order"), None, "{written}");
        }
    }
}
