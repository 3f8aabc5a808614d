//! Checks a query against the schema before anything is run, and counts what it asks for.
//!
//! Cost, as Shopify documents it: a scalar or enum 0, an object 1, an interface or union the dearest of what it may
//! be, a connection its size (`first` or `last`) times the cost of one node. A list without a size counts as one
//! object; a connection's own wrapping (edges, page info) counts nothing.

use graphql_parser::query::{Field, SelectionSet};
use serde_json::Value;

use super::problem::Problem;
use super::query::{Operation, Selected};
use super::schema::{FieldType, Schema, Type};

/// The largest page Shopify gives.
const PAGE_MAX: u64 = 250;

type Set<'q> = &'q SelectionSet<'static, String>;

/// The requested cost of a query that names only what exists.
pub(super) fn requested_cost(schema: &Schema, operation: &Operation<'_>) -> Result<u64, Problem> {
    cost_of(schema, operation, "QueryRoot", &[operation.selections])
}

fn cost_of<'q>(schema: &Schema, operation: &Operation<'q>, parent: &str, sets: &[Set<'q>]) -> Result<u64, Problem> {
    let possible: Vec<&str> = schema.possible(parent);
    let mut dearest = 0;
    for actual in possible {
        let mut cost = 0;
        for selected in operation.fields(schema, actual, sets)? {
            cost += field_cost(schema, operation, actual, &selected)?;
        }
        dearest = dearest.max(cost);
    }
    Ok(dearest)
}

fn field_cost(
    schema: &Schema,
    operation: &Operation<'_>,
    parent: &str,
    selected: &Selected<'_>,
) -> Result<u64, Problem> {
    let name = selected.field.name.as_str();
    if name == "__typename" {
        return Ok(0);
    }
    let field = schema.field(parent, name).ok_or_else(|| {
        Problem::new("undefinedField", format!("Field '{name}' doesn't exist on type '{parent}'"))
            .with("typeName", parent)
            .with("fieldName", name)
    })?;
    check_arguments(field, selected.field)?;
    let leaf = matches!(schema.named(&field.returns), Some(Type::Leaf) | None);
    if leaf != selected.below.iter().all(|set| set.items.is_empty()) {
        return Err(mismatch(field, name, leaf));
    }
    if leaf {
        return Ok(0);
    }
    let below = cost_of(schema, operation, &field.returns, &selected.below)?;
    if field.is_connection() {
        return Ok(below * page_size(operation, selected.field)?);
    }
    let wrapping = field.returns == "PageInfo" || field.returns.ends_with("Edge");
    Ok(below + u64::from(!wrapping))
}

fn mismatch(field: &FieldType, name: &str, leaf: bool) -> Problem {
    let returns = &field.returns;
    let message = if leaf {
        format!("Selections can't be made on scalars (field '{name}' returns {returns} but has selections)")
    } else {
        format!("Field must have selections (field '{name}' returns {returns} but has no selections)")
    };
    Problem::new("selectionMismatch", message)
        .with("nodeName", format!("field '{name}'"))
        .with("typeName", returns.as_str())
}

fn check_arguments(field: &FieldType, written: &Field<'static, String>) -> Result<(), Problem> {
    let name = &written.name;
    for (argument, _) in &written.arguments {
        if !field.arguments.contains_key(argument) {
            let message = format!("Field '{name}' doesn't accept argument '{argument}'");
            return Err(Problem::new("argumentNotAccepted", message).with("argumentName", argument.as_str()));
        }
    }
    let missing: Vec<&str> = field
        .arguments
        .iter()
        .filter(|(argument, described)| {
            described.required && !written.arguments.iter().any(|(given, _)| given == *argument)
        })
        .map(|(argument, _)| argument.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Field '{name}' is missing required arguments: {}", missing.join(", "));
    Err(Problem::new("missingRequiredArguments", message).with("arguments", missing.join(", ")))
}

/// The size a connection was asked for.
pub(super) fn page_size(operation: &Operation<'_>, field: &Field<'static, String>) -> Result<u64, Problem> {
    let first = operation.argument(field, "first")?;
    let last = operation.argument(field, "last")?;
    let size = match (&first, &last) {
        (Some(size), None) | (None, Some(size)) => size,
        (None, None) => {
            return Err(Problem::new("BAD_REQUEST", "you must provide one of first or last"));
        }
        (Some(_), Some(_)) => {
            return Err(Problem::new("BAD_REQUEST", "providing both first and last is not supported"));
        }
    };
    size.as_u64().filter(|size| (1..=PAGE_MAX).contains(size)).ok_or_else(|| {
        Problem::new("BAD_REQUEST", format!("a page has 1 to {PAGE_MAX} entries, not {}", Value::to_string(size)))
    })
}
