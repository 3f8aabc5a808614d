//! Pages of a connection, and the cursors between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use graphql_parser::query::Field;
use serde_json::{Value, json};

use super::check::page_size;
use super::problem::Problem;
use super::query::Operation;

/// Which entries of a connection are on the page that was asked for.
pub(super) struct Page {
    pub(super) positions: Vec<usize>,
    before: bool,
    after: bool,
}

impl Page {
    pub(super) fn of(operation: &Operation<'_>, field: &Field<'static, String>, total: usize) -> Result<Self, Problem> {
        let size = usize::try_from(page_size(operation, field)?).unwrap_or(usize::MAX);
        let mut order: Vec<usize> = (0..total).collect();
        if operation.argument(field, "reverse")? == Some(Value::Bool(true)) {
            order.reverse();
        }
        let index_of = |given: Option<Value>| -> Result<Option<usize>, Problem> {
            let Some(given) = given else { return Ok(None) };
            let position = given.as_str().and_then(position_of);
            let index = position.and_then(|position| order.iter().position(|entry| *entry == position));
            index.map(Some).ok_or_else(|| Problem::new("BAD_REQUEST", "Invalid cursor for current pagination sort."))
        };
        let start = index_of(operation.argument(field, "after")?)?.map_or(0, |index| index + 1);
        let end = index_of(operation.argument(field, "before")?)?.unwrap_or(total).max(start);
        let (start, end) = if operation.argument(field, "last")?.is_some() {
            (end.saturating_sub(size).max(start), end)
        } else {
            (start, start.saturating_add(size).min(end))
        };
        Ok(Self { positions: order[start..end].to_vec(), before: start > 0, after: end < total })
    }

    pub(super) fn info(&self) -> Value {
        json!({
            "hasNextPage": self.after,
            "hasPreviousPage": self.before,
            "startCursor": self.positions.first().map(|position| cursor(*position)),
            "endCursor": self.positions.last().map(|position| cursor(*position)),
        })
    }
}

/// Cursors are opaque to callers, as Shopify's are.
pub(super) fn cursor(position: usize) -> String {
    BASE64.encode(json!({"position": position}).to_string())
}

fn position_of(cursor: &str) -> Option<usize> {
    let decoded: Value = serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()?;
    usize::try_from(decoded.get("position")?.as_u64()?).ok()
}
