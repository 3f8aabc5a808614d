//! `GET /orders`: filters, sorting and pages.
//!
//! `orderNumber` finds every number that begins so, in either case: `#1001` also finds `#10010`. There is no filter
//! by key. A page size above the maximum is lowered to it, which is our choice.

use serde_json::{Value, json};

use super::pacific;

const PAGE_SIZE: usize = 100;
const PAGE_SIZE_MAX: usize = 500;
/// Filters by time and the fields they look at.
const RANGES: [(&str, &str); 4] = [
    ("createDate", "createDate"),
    ("modifyDate", "modifyDate"),
    ("orderDate", "orderDate"),
    ("paymentDate", "paymentDate"),
];

/// The parameters of a search.
pub(super) struct Search {
    parameters: Vec<(String, String)>,
}

impl Search {
    pub(super) fn read(query: &str) -> Self {
        let parameters = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name).to_lowercase(), decoded(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { parameters }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The page that was asked for.
    pub(super) fn page<'o>(&self, orders: impl Iterator<Item = &'o Value>) -> Value {
        let mut found: Vec<&Value> = orders.filter(|order| self.finds(order)).collect();
        self.sort(&mut found);
        let whole = |name: &str| self.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let size = whole("pageSize").unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
        let page = whole("page").unwrap_or(1).max(1);
        let shown: Vec<&Value> = found.iter().skip((page - 1).saturating_mul(size)).take(size).copied().collect();
        json!({"orders": shown, "total": found.len(), "page": page, "pages": found.len().div_ceil(size)})
    }

    fn finds(&self, order: &Value) -> bool {
        let is = |parameter: &str, value: &Value| {
            self.parameter(parameter).is_none_or(|wanted| match value {
                Value::String(text) => text == wanted,
                Value::Number(number) => number.as_u64().is_some_and(|id| wanted.parse() == Ok(id)),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
            })
        };
        let number = order["orderNumber"].as_str().unwrap_or_default().to_lowercase();
        self.parameter("orderNumber").is_none_or(|start| number.starts_with(&start.to_lowercase()))
            && is("orderStatus", &order["orderStatus"])
            && is("storeId", &order["advancedOptions"]["storeId"])
            && RANGES.iter().all(|(parameter, field)| self.within(parameter, order[*field].as_str()))
    }

    fn within(&self, parameter: &str, time: Option<&str>) -> bool {
        let bound = |end: &str| self.parameter(&format!("{parameter}{end}")).and_then(pacific::normalised);
        let time = time.unwrap_or_default();
        bound("Start").is_none_or(|start| start.as_str() <= time) && bound("End").is_none_or(|end| time <= end.as_str())
    }

    fn sort(&self, found: &mut [&Value]) {
        let field = match self.parameter("sortBy").map(str::to_lowercase).as_deref() {
            Some("createdate") => "createDate",
            Some("modifydate") => "modifyDate",
            Some("orderdate") => "orderDate",
            _ => return,
        };
        found.sort_by_key(|order| order[field].as_str().unwrap_or_default());
        if self.parameter("sortDir").is_some_and(|direction| direction.eq_ignore_ascii_case("desc")) {
            found.reverse();
        }
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
