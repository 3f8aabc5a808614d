//! What all lists have in common: parameters, ranges of time, sorting and pages.
//!
//! Names of parameters are read in any case, as `ShipStation` itself writes `storeID` in one place and `storeId` in
//! another. A page size above the maximum is lowered to it, which is our choice.

use serde_json::{Map, Value, json};

use super::pacific;

const PAGE_SIZE: usize = 100;
/// The longest page, by the reference of "List orders".
const PAGE_SIZE_MAX: usize = 500;

/// The parameters of a list. What is left empty counts as left out.
pub(super) struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    pub(super) fn read(query: &str) -> Self {
        let parameters = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name).to_lowercase(), decoded(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { parameters }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says yes.
    pub(super) fn says(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a parameter was left out or is exactly this value.
    pub(super) fn is(&self, name: &str, value: &Value) -> bool {
        self.text(name).is_none_or(|wanted| match value {
            Value::String(text) => text == wanted,
            Value::Number(number) => number.as_u64().is_some_and(|id| wanted.parse() == Ok(id)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        })
    }

    /// Whether a time lies within `{name}Start` and `{name}End`, both included; without a time, no bound holds.
    pub(super) fn within(&self, name: &str, time: &Value) -> bool {
        let bound = |end: &str| self.text(&format!("{name}{end}")).and_then(pacific::normalised);
        let time = time.as_str().and_then(pacific::normalised);
        bound("Start").is_none_or(|start| time.as_ref().is_some_and(|time| start <= *time))
            && bound("End").is_none_or(|end| time.as_ref().is_some_and(|time| *time <= end))
    }

    /// Sorts by the field that `sortBy` names among these, in the direction of `sortDir`; else leaves the order.
    pub(super) fn sort<T>(&self, found: &mut [T], fields: &[&str], of: impl Fn(&T) -> &Value) {
        let Some(wanted) = self.text("sortBy") else { return };
        let Some(field) = fields.iter().find(|field| field.eq_ignore_ascii_case(wanted)) else { return };
        found.sort_by(|one, other| {
            let (one, other) = (of(one)[*field].as_str(), of(other)[*field].as_str());
            one.unwrap_or_default().cmp(other.unwrap_or_default())
        });
        if self.text("sortDir").is_some_and(|direction| direction.eq_ignore_ascii_case("desc")) {
            found.reverse();
        }
    }

    /// The page that was asked for, with the entries under `name`.
    pub(super) fn page<T>(&self, name: &str, found: &[T], shown: impl Fn(&T) -> Value) -> Value {
        let whole = |name: &str| self.text(name).and_then(|text| text.parse::<usize>().ok());
        let size = whole("pageSize").unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
        let page = whole("page").unwrap_or(1).max(1);
        let entries: Value = found.iter().skip((page - 1).saturating_mul(size)).take(size).map(shown).collect();
        let mut answer = Map::new();
        answer.insert(name.to_owned(), entries);
        answer.insert("total".to_owned(), json!(found.len()));
        answer.insert("page".to_owned(), json!(page));
        answer.insert("pages".to_owned(), json!(found.len().div_ceil(size)));
        Value::Object(answer)
    }
}

/// Undoes percent encoding; a sequence that is none stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let hex = text.get(index + 1..index + 3).filter(|_| byte == b'%');
        if let Some(code) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            plain.push(code);
            index += 3;
        } else {
            plain.push(if byte == b'+' { b' ' } else { byte });
            index += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
