//! Checks a query against the schema before anything is run, and counts what it asks for.
//!
//! Cost, as Shopify documents it: a scalar or enum 0, an object 1, an interface or union the dearest of what it may
//! be, a connection its size (`first` or `last`) times the cost of one node. A list without a size counts as one
//! object; a connection's own wrapping (edges, page info) counts nothing. A mutation costs 10, whatever it returns.

use graphql_parser::query::{Field, SelectionSet};
use serde_json::Value;

use super::problem::Problem;
use super::query::{Operation, Selected};
use super::schema::{Argument, FieldType, Schema, Type};

/// The largest page Shopify gives.
const PAGE_MAX: u64 = 250;

/// What a mutation costs.
pub(super) const MUTATION_COST: u64 = 10;

type Set<'q> = &'q SelectionSet<'static, String>;

/// The requested cost of a query that names only what exists.
pub(super) fn requested_cost(schema: &Schema, operation: &Operation<'_>) -> Result<u64, Problem> {
    cost_of(schema, operation, operation.root, &[operation.selections])
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
    check_arguments(schema, operation, field, selected.field)?;
    let leaf = matches!(schema.named(&field.returns), Some(Type::Leaf | Type::Input { .. }) | None);
    if leaf != selected.below.iter().all(|set| set.items.is_empty()) {
        return Err(mismatch(field, name, leaf));
    }
    if leaf {
        return Ok(0);
    }
    let below = cost_of(schema, operation, &field.returns, &selected.below)?;
    if parent == "Mutation" {
        return Ok(MUTATION_COST);
    }
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

fn check_arguments(
    schema: &Schema,
    operation: &Operation<'_>,
    field: &FieldType,
    written: &Field<'static, String>,
) -> Result<(), Problem> {
    let name = &written.name;
    for (given, _) in &written.arguments {
        let Some(argument) = field.arguments.get(given) else {
            let message = format!("Field '{name}' doesn't accept argument '{given}'");
            return Err(Problem::new("argumentNotAccepted", message).with("argumentName", given.as_str()));
        };
        let value = operation.argument(written, given)?.unwrap_or(Value::Null);
        check_value(schema, argument, &value).map_err(|(path, why)| {
            let message = format!("Argument '{given}' was provided invalid value for {path} ({why})");
            Problem::new("INVALID_VARIABLE", message).with("argumentName", given.as_str())
        })?;
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

/// Checks a value against its declared type; says where it goes wrong and why.
fn check_value(schema: &Schema, declared: &Argument, value: &Value) -> Result<(), (String, String)> {
    let wrong = |why: &str| Err((String::new(), why.to_owned()));
    match (value, schema.named(&declared.of)) {
        (Value::Null, _) if declared.required => wrong("Expected value to not be null"),
        (Value::Null, _) => Ok(()),
        (Value::Array(entries), _) if declared.list => {
            let entry_type = Argument { of: declared.of.clone(), required: true, list: false };
            entries.iter().enumerate().try_for_each(|(index, entry)| {
                check_value(schema, &entry_type, entry).map_err(|(path, why)| (below(&index.to_string(), &path), why))
            })
        }
        (Value::Object(given), Some(Type::Input { fields })) => {
            if let Some(unknown) = given.keys().find(|name| !fields.contains_key(*name)) {
                return Err((unknown.clone(), format!("Field is not defined on {}", declared.of)));
            }
            fields.iter().try_for_each(|(name, field)| {
                check_value(schema, field, given.get(name).unwrap_or(&Value::Null))
                    .map_err(|(path, why)| (below(name, &path), why))
            })
        }
        (_, Some(Type::Input { .. })) => wrong("Expected an input object"),
        _ if !fits(&declared.of, value) => wrong(&format!("Could not coerce value {value} to {}", declared.of)),
        _ => Ok(()),
    }
}

fn below(name: &str, path: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{name}.{path}") }
}

fn fits(scalar: &str, value: &Value) -> bool {
    match scalar {
        "Int" => value.is_i64(),
        "Boolean" => value.is_boolean(),
        "String" | "URL" => value.is_string(),
        "ID" => value.is_string() || value.is_i64(),
        _ => true,
    }
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
