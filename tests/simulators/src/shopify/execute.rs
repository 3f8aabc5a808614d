//! Runs a checked query over a tree of values in the schema's shape, and counts what it returned.
//!
//! In the tree a connection is a plain list; pages, edges and cursors are made here ([`super::page`]). A value of an
//! interface or union names its type in `__typename`. A field whose scope was not granted is null and leaves a
//! problem; if it can not be null, the value around it is null instead, and so on outwards.

use std::cell::RefCell;

use graphql_parser::query::SelectionSet;
use serde_json::{Map, Value, json};

use super::access::Scopes;
use super::check::MUTATION_COST;
use super::page::{Page, cursor};
use super::problem::Problem;
use super::query::{Operation, Selected};
use super::schema::Schema;

type Set<'q> = &'q SelectionSet<'static, String>;

/// A value and what it cost. Nothing in its place means that a scope is missing and the value around it must go too.
#[derive(Debug)]
struct Costed {
    value: Value,
    cost: u64,
}

/// What a query came to.
pub(super) struct Answered {
    pub(super) data: Value,
    pub(super) cost: u64,
    pub(super) refused: Vec<Problem>,
}

/// Gives the value of a root field, by its name and its arguments.
pub(super) type Root<'r> = &'r mut dyn FnMut(&str, &Value) -> Result<Value, Problem>;

/// Answers the root: the value of each root field comes from `root`, by name and arguments.
pub(super) fn run(
    schema: &Schema,
    operation: &Operation<'_>,
    granted: &Scopes,
    root: Root<'_>,
) -> Result<Answered, Problem> {
    let run = Run { schema, operation, granted, path: RefCell::default(), refused: RefCell::default() };
    let mut data = Map::new();
    let mut cost = 0;
    for selected in operation.fields(schema, operation.root, &[operation.selections])? {
        let name = selected.field.name.as_str();
        if name == "__typename" {
            data.insert(selected.key.to_owned(), json!(operation.root));
            continue;
        }
        if run.refuses(operation.root, &selected) {
            data.insert(selected.key.to_owned(), Value::Null);
            continue;
        }
        let source = root(name, &operation.arguments(selected.field)?)?;
        let answered = run.below(selected.key, || run.field_value(operation.root, &selected, &source))?;
        let answered = answered.unwrap_or(Costed { value: Value::Null, cost: 0 });
        cost += if operation.root == "Mutation" { MUTATION_COST } else { answered.cost };
        data.insert(selected.key.to_owned(), answered.value);
    }
    Ok(Answered { data: Value::Object(data), cost, refused: run.refused.into_inner() })
}

/// One query being run.
struct Run<'r, 'q> {
    schema: &'r Schema,
    operation: &'r Operation<'q>,
    granted: &'r Scopes,
    path: RefCell<Vec<Value>>,
    refused: RefCell<Vec<Problem>>,
}

impl<'q> Run<'_, 'q> {
    /// Notes the problem of a field whose scope is missing.
    fn refuses(&self, parent: &str, selected: &Selected<'q>) -> bool {
        let mut path = self.path.borrow().clone();
        path.push(json!(selected.key));
        let problem = self.granted.refuses(parent, &selected.field.name, path);
        let refused = problem.is_some();
        self.refused.borrow_mut().extend(problem);
        refused
    }

    fn below<T>(&self, step: impl Into<Value>, work: impl FnOnce() -> T) -> T {
        self.path.borrow_mut().push(step.into());
        let done = work();
        self.path.borrow_mut().pop();
        done
    }

    fn field_value(&self, parent: &str, selected: &Selected<'q>, source: &Value) -> Result<Option<Costed>, Problem> {
        let Some(field) = self.schema.field(parent, &selected.field.name) else {
            return Ok(Some(Costed { value: Value::Null, cost: 0 }));
        };
        if field.is_connection() {
            return self.connection(&field.returns, selected, source);
        }
        let first = if field.arguments.contains_key("first") {
            self.operation.argument(selected.field, "first")?.and_then(|first| first.as_u64())
        } else {
            None
        };
        match (first.and_then(|first| usize::try_from(first).ok()), source) {
            (Some(first), Value::Array(entries)) if first < entries.len() => {
                let shown = Value::Array(entries[..first].to_vec());
                self.complete(&field.returns, &selected.below, &shown)
            }
            _ => self.complete(&field.returns, &selected.below, source),
        }
    }

    /// Projects a value on a selection. A list counts as its dearest entry, because it was asked for as one object.
    fn complete(&self, declared: &str, sets: &[Set<'q>], source: &Value) -> Result<Option<Costed>, Problem> {
        match source {
            Value::Array(entries) => {
                let mut list = Vec::with_capacity(entries.len());
                let mut cost = 0;
                for (index, entry) in entries.iter().enumerate() {
                    let Some(completed) = self.below(index, || self.complete(declared, sets, entry))? else {
                        return Ok(None);
                    };
                    cost = cost.max(completed.cost);
                    list.push(completed.value);
                }
                Ok(Some(Costed { value: Value::Array(list), cost }))
            }
            Value::Object(object) => self.object(declared, sets, object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(Some(Costed { value: source.clone(), cost: 0 }))
            }
        }
    }

    fn object(&self, declared: &str, sets: &[Set<'q>], object: &Map<String, Value>) -> Result<Option<Costed>, Problem> {
        let actual = object.get("__typename").and_then(Value::as_str).unwrap_or(declared);
        let mut projected = Map::new();
        let mut cost = 1;
        for selected in self.operation.fields(self.schema, actual, sets)? {
            let name = selected.field.name.as_str();
            if name == "__typename" {
                projected.insert(selected.key.to_owned(), json!(actual));
                continue;
            }
            let below = object.get(self.variant_of(&selected)?).unwrap_or(&Value::Null);
            let answered = if self.refuses(actual, &selected) {
                None
            } else {
                self.below(selected.key, || self.field_value(actual, &selected, below))?
            };
            let required = self.schema.field(actual, name).is_some_and(|field| field.required);
            match answered {
                Some(answered) => {
                    cost += answered.cost;
                    projected.insert(selected.key.to_owned(), answered.value);
                }
                None if required => return Ok(None),
                None => {
                    projected.insert(selected.key.to_owned(), Value::Null);
                }
            }
        }
        Ok(Some(Costed { value: Value::Object(projected), cost }))
    }

    /// The one value that depends on an argument stands in the tree under a name of its own.
    fn variant_of<'s>(&self, selected: &Selected<'s>) -> Result<&'s str, Problem> {
        let name = selected.field.name.as_str();
        let with_codes = name == "discountedTotalSet"
            && self.operation.argument(selected.field, "withCodeDiscounts")? == Some(Value::Bool(true));
        Ok(if with_codes { "discountedTotalSet, code discounts included" } else { name })
    }

    fn connection(&self, name: &str, selected: &Selected<'q>, source: &Value) -> Result<Option<Costed>, Problem> {
        let removals = self.operation.argument(selected.field, "includeRemovals")? == Some(Value::Bool(true));
        let all = source.as_array().map(Vec::as_slice).unwrap_or_default();
        let entries: Vec<&Value> = all.iter().filter(|entry| removals || entry["isRemoved"] != true).collect();
        let page = Page::of(self.operation, selected.field, entries.len())?;
        let node_type = name.strip_suffix("Connection").unwrap_or(name);
        let edge_type = format!("{node_type}Edge");
        let mut wrapped = Map::new();
        let mut cost = 0;
        for part in self.operation.fields(self.schema, name, &selected.below)? {
            let asked = part.field.name.as_str();
            let value = match asked {
                "__typename" => json!(name),
                "pageInfo" => {
                    let info = self.complete("PageInfo", &part.below, &page.info())?;
                    info.map_or(Value::Null, |info| info.value)
                }
                _ => {
                    let mut listed = Vec::new();
                    for (index, &position) in page.positions.iter().enumerate() {
                        let edge = json!({"cursor": cursor(position), "node": entries[position]});
                        let (declared, entry, wrapping) =
                            if asked == "nodes" { (node_type, entries[position], 0) } else { (&*edge_type, &edge, 1) };
                        let completed =
                            self.below(part.key, || self.below(index, || self.complete(declared, &part.below, entry)))?;
                        let Some(completed) = completed else { return Ok(None) };
                        cost += completed.cost - wrapping;
                        listed.push(completed.value);
                    }
                    Value::Array(listed)
                }
            };
            wrapped.insert(part.key.to_owned(), value);
        }
        Ok(Some(Costed { value: Value::Object(wrapped), cost }))
    }
}
