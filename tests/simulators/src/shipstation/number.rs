//! Amounts: JSON numbers in the API, exact decimals while we add them up.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Number, Value};

/// Reads a number, or a number in a string, exactly as it was written.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// Shows an amount as a JSON number. An amount of money has far fewer digits than a double keeps, so what is printed
/// is what was added up.
pub(super) fn shown(amount: Decimal) -> Value {
    let text = amount.normalize().to_string();
    let number = text.parse::<Number>().ok();
    number.map_or(Value::Null, Value::Number)
}

/// An amount that may be left out, and then is zero.
pub(super) fn or_zero(value: &Value) -> Decimal {
    decimal(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cents_add_up() {
        let sum = or_zero(&json!(0.1)) + or_zero(&json!(0.2)) + or_zero(&json!("19.99"));
        assert_eq!(shown(sum).to_string(), "20.29");
        assert_eq!(shown(or_zero(&json!(1.50))).to_string(), "1.5");
    }
}
