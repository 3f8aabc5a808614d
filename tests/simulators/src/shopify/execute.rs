//! Runs a checked query over a tree of values in the schema's shape, and counts what it returned.
//!
//! In the tree a connection is a plain list; pages, edges and cursors are made here. A value of an interface or union
//! names its type in `__typename`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use graphql_parser::query::{Field, SelectionSet};
use serde_json::{Map, Value, json};

use super::check::page_size;
use super::problem::Problem;
use super::query::{Operation, Selected};
use super::schema::Schema;

type Set<'q> = &'q SelectionSet<'static, String>;

/// A value and what it cost.
pub(super) struct Costed {
    pub(super) value: Value,
    pub(super) cost: u64,
}

/// Gives the value of a root field, by its name and its `id` argument.
pub(super) type Root<'r> = &'r dyn Fn(&str, Option<Value>) -> Result<Value, Problem>;

/// Answers the root: the value of each root field comes from `root`, by name and arguments.
pub(super) fn run(schema: &Schema, operation: &Operation<'_>, root: Root<'_>) -> Result<Costed, Problem> {
    let mut data = Map::new();
    let mut cost = 0;
    for selected in operation.fields(schema, "QueryRoot", &[operation.selections])? {
        let name = selected.field.name.as_str();
        if name == "__typename" {
            data.insert(selected.key.to_owned(), json!("QueryRoot"));
            continue;
        }
        let source = root(name, operation.argument(selected.field, "id")?)?;
        let answered = field_value(schema, operation, "QueryRoot", &selected, &source)?;
        cost += answered.cost;
        data.insert(selected.key.to_owned(), answered.value);
    }
    Ok(Costed { value: Value::Object(data), cost })
}

fn field_value(
    schema: &Schema,
    operation: &Operation<'_>,
    parent: &str,
    selected: &Selected<'_>,
    source: &Value,
) -> Result<Costed, Problem> {
    let Some(field) = schema.field(parent, &selected.field.name) else {
        return Ok(Costed { value: Value::Null, cost: 0 });
    };
    if field.is_connection() {
        return connection(schema, operation, &field.returns, selected, source);
    }
    complete(schema, operation, &field.returns, &selected.below, source)
}

/// Projects a value on a selection. A list counts as its dearest entry, because it was asked for as one object.
fn complete<'q>(
    schema: &Schema,
    operation: &Operation<'q>,
    declared: &str,
    sets: &[Set<'q>],
    source: &Value,
) -> Result<Costed, Problem> {
    match source {
        Value::Array(entries) => {
            let mut list = Vec::with_capacity(entries.len());
            let mut cost = 0;
            for entry in entries {
                let completed = complete(schema, operation, declared, sets, entry)?;
                cost = cost.max(completed.cost);
                list.push(completed.value);
            }
            Ok(Costed { value: Value::Array(list), cost })
        }
        Value::Object(object) => {
            let actual = object.get("__typename").and_then(Value::as_str).unwrap_or(declared);
            let mut projected = Map::new();
            let mut cost = 1;
            for selected in operation.fields(schema, actual, sets)? {
                let name = selected.field.name.as_str();
                if name == "__typename" {
                    projected.insert(selected.key.to_owned(), json!(actual));
                    continue;
                }
                let below = object.get(name).unwrap_or(&Value::Null);
                let answered = field_value(schema, operation, actual, &selected, below)?;
                cost += answered.cost;
                projected.insert(selected.key.to_owned(), answered.value);
            }
            Ok(Costed { value: Value::Object(projected), cost })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(Costed { value: source.clone(), cost: 0 })
        }
    }
}

fn connection(
    schema: &Schema,
    operation: &Operation<'_>,
    name: &str,
    selected: &Selected<'_>,
    source: &Value,
) -> Result<Costed, Problem> {
    let removals = operation.argument(selected.field, "includeRemovals")? == Some(Value::Bool(true));
    let all = source.as_array().map(Vec::as_slice).unwrap_or_default();
    let entries: Vec<&Value> = all.iter().filter(|entry| removals || entry["isRemoved"] != true).collect();
    let page = Page::of(operation, selected.field, entries.len())?;
    let node_type = name.strip_suffix("Connection").unwrap_or(name);
    let edge_type = format!("{node_type}Edge");
    let mut wrapped = Map::new();
    let mut cost = 0;
    for part in operation.fields(schema, name, &selected.below)? {
        let value = match part.field.name.as_str() {
            "__typename" => json!(name),
            "pageInfo" => complete(schema, operation, "PageInfo", &part.below, &page.info())?.value,
            "nodes" => {
                let mut nodes = Vec::new();
                for &position in &page.positions {
                    let node = complete(schema, operation, node_type, &part.below, entries[position])?;
                    cost += node.cost;
                    nodes.push(node.value);
                }
                Value::Array(nodes)
            }
            _ => {
                let mut edges = Vec::new();
                for &position in &page.positions {
                    let edge = json!({"cursor": cursor(position), "node": entries[position]});
                    let edge = complete(schema, operation, &edge_type, &part.below, &edge)?;
                    cost += edge.cost - 1;
                    edges.push(edge.value);
                }
                Value::Array(edges)
            }
        };
        wrapped.insert(part.key.to_owned(), value);
    }
    Ok(Costed { value: Value::Object(wrapped), cost })
}

/// Which entries of a connection are on the page that was asked for.
struct Page {
    positions: Vec<usize>,
    before: bool,
    after: bool,
}

impl Page {
    fn of(operation: &Operation<'_>, field: &Field<'static, String>, total: usize) -> Result<Self, Problem> {
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

    fn info(&self) -> Value {
        json!({
            "hasNextPage": self.after,
            "hasPreviousPage": self.before,
            "startCursor": self.positions.first().map(|position| cursor(*position)),
            "endCursor": self.positions.last().map(|position| cursor(*position)),
        })
    }
}

/// Cursors are opaque to callers, as Shopify's are.
fn cursor(position: usize) -> String {
    BASE64.encode(json!({"position": position}).to_string())
}

fn position_of(cursor: &str) -> Option<usize> {
    let decoded: Value = serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()?;
    usize::try_from(decoded.get("position")?.as_u64()?).ok()
}
