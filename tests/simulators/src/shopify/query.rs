//! A query or mutation as it was sent: parsed, its variables filled in, its fragments at hand.

use std::collections::HashMap;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet, Type,
    TypeCondition, Value as Literal, VariableDefinition, parse_query,
};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::schema::Schema;

type Text = String;

/// A parsed query.
pub(super) struct Query {
    document: Document<'static, Text>,
}

/// An operation as it stands in the document.
struct Written<'q> {
    root: &'static str,
    name: Option<&'q str>,
    selections: &'q SelectionSet<'static, Text>,
    declared: &'q [VariableDefinition<'static, Text>],
}

/// The operation of a query, with what it may refer to.
pub(super) struct Operation<'q> {
    /// The type its fields are selected from: `QueryRoot` or `Mutation`.
    pub(super) root: &'static str,
    pub(super) selections: &'q SelectionSet<'static, Text>,
    fragments: HashMap<&'q str, &'q FragmentDefinition<'static, Text>>,
    variables: Map<String, Value>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let document = parse_query::<Text>(text).map_err(|error| Problem::bare(format!("syntax error: {error}")))?;
        Ok(Self { document: document.into_static() })
    }

    /// The first field at the root: what the journal calls the operation.
    pub(super) fn root_field(&self) -> Option<&str> {
        self.operations().next()?.selections.items.iter().find_map(|selection| match selection {
            Selection::Field(field) => Some(field.name.as_str()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        })
    }

    /// Chooses the operation and gives each variable its value.
    pub(super) fn operation(&self, name: Option<&str>, given: &Value) -> Result<Operation<'_>, Problem> {
        let written = self
            .operations()
            .find(|written| name.is_none() || written.name == name)
            .ok_or_else(|| Problem::bare("No query was presented for execution"))?;
        let fragments = self
            .document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
                Definition::Operation(_) => None,
            })
            .collect();
        let variables = bind(written.declared, given)?;
        Ok(Operation { root: written.root, selections: written.selections, fragments, variables })
    }

    fn operations(&self) -> impl Iterator<Item = Written<'_>> {
        self.document.definitions.iter().filter_map(|definition| match definition {
            Definition::Operation(OperationDefinition::SelectionSet(selections)) => {
                Some(Written { root: "QueryRoot", name: None, selections, declared: &[] })
            }
            Definition::Operation(OperationDefinition::Query(query)) => Some(Written {
                root: "QueryRoot",
                name: query.name.as_deref(),
                selections: &query.selection_set,
                declared: &query.variable_definitions,
            }),
            Definition::Operation(OperationDefinition::Mutation(mutation)) => Some(Written {
                root: "Mutation",
                name: mutation.name.as_deref(),
                selections: &mutation.selection_set,
                declared: &mutation.variable_definitions,
            }),
            // The Admin API has no subscriptions of this kind.
            Definition::Operation(OperationDefinition::Subscription(_)) | Definition::Fragment(_) => None,
        })
    }
}

/// One response key of a selection, with every field that was written under it.
pub(super) struct Selected<'q> {
    pub(super) key: &'q str,
    pub(super) field: &'q Field<'static, Text>,
    pub(super) below: Vec<&'q SelectionSet<'static, Text>>,
}

impl<'q> Operation<'q> {
    /// The fields selected from a value of the type `actual`, fragments included, each response key once.
    pub(super) fn fields(
        &self,
        schema: &Schema,
        actual: &str,
        sets: &[&'q SelectionSet<'static, Text>],
    ) -> Result<Vec<Selected<'q>>, Problem> {
        let mut selected: Vec<Selected<'q>> = Vec::new();
        let mut pending: Vec<&'q Selection<'static, Text>> =
            sets.iter().rev().flat_map(|set| set.items.iter().rev()).collect();
        // Each spread is opened once per selection, so fragments that name each other come to an end.
        let mut opened: Vec<&str> = Vec::new();
        while let Some(selection) = pending.pop() {
            match selection {
                Selection::Field(field) => {
                    if self.included(&field.directives)? {
                        select(&mut selected, field);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if self.included(&fragment.directives)?
                        && applies(schema, actual, fragment.type_condition.as_ref())?
                    {
                        pending.extend(fragment.selection_set.items.iter().rev());
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let fragment = self.fragments.get(name).ok_or_else(|| {
                        Problem::new("useAndDefineFragment", format!("Fragment {name} was used, but not defined"))
                    })?;
                    if self.included(&spread.directives)?
                        && applies(schema, actual, Some(&fragment.type_condition))?
                        && !opened.contains(&name)
                    {
                        opened.push(name);
                        pending.extend(fragment.selection_set.items.iter().rev());
                    }
                }
            }
        }
        Ok(selected)
    }

    /// An argument's value; nothing if it was left out.
    pub(super) fn argument(&self, field: &Field<'static, Text>, name: &str) -> Result<Option<Value>, Problem> {
        let written = field.arguments.iter().find(|(argument, _)| argument == name);
        written
            .map(|(_, literal)| value_of(literal, &self.variables))
            .transpose()
            .map(|value| value.filter(|value| !value.is_null()))
    }

    /// All arguments of a field; those left out are not there.
    pub(super) fn arguments(&self, field: &Field<'static, Text>) -> Result<Value, Problem> {
        let mut given = Map::new();
        for (name, literal) in &field.arguments {
            given.insert(name.clone(), value_of(literal, &self.variables)?);
        }
        Ok(Value::Object(given))
    }

    fn included(&self, directives: &[Directive<'static, Text>]) -> Result<bool, Problem> {
        for directive in directives {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let holds = match condition {
                Some((_, literal)) => value_of(literal, &self.variables)? == Value::Bool(true),
                None => false,
            };
            match directive.name.as_str() {
                "include" if !holds => return Ok(false),
                "skip" if holds => return Ok(false),
                "include" | "skip" => {}
                other => {
                    return Err(Problem::new("undefinedDirective", format!("Directive @{other} is not defined")));
                }
            }
        }
        Ok(true)
    }
}

/// A literal with its variables replaced.
fn value_of(literal: &Literal<'static, Text>, variables: &Map<String, Value>) -> Result<Value, Problem> {
    Ok(match literal {
        Literal::Variable(name) => variables.get(name).cloned().ok_or_else(|| {
            Problem::new("variableNotDefined", format!("Variable ${name} is used by anonymous query but not declared"))
        })?,
        Literal::Int(number) => number.as_i64().map_or(Value::Null, Value::from),
        Literal::Float(number) => Value::from(*number),
        Literal::String(text) | Literal::Enum(text) => Value::from(text.as_str()),
        Literal::Boolean(truth) => Value::Bool(*truth),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| value_of(item, variables)).collect::<Result<_, _>>()?,
        Literal::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(name, item)| Ok((name.clone(), value_of(item, variables)?)))
                .collect::<Result<_, Problem>>()?,
        ),
    })
}

fn select<'q>(selected: &mut Vec<Selected<'q>>, field: &'q Field<'static, Text>) {
    let key = field.alias.as_deref().unwrap_or(&field.name);
    match selected.iter_mut().find(|known| known.key == key) {
        Some(known) => known.below.push(&field.selection_set),
        None => selected.push(Selected { key, field, below: vec![&field.selection_set] }),
    }
}

fn applies(schema: &Schema, actual: &str, on: Option<&TypeCondition<'static, Text>>) -> Result<bool, Problem> {
    let Some(TypeCondition::On(condition)) = on else { return Ok(true) };
    if schema.named(condition).is_none() {
        let message = format!("No such type {condition}, so it can't be a fragment condition");
        return Err(Problem::new("undefinedType", message).with("typeName", condition.as_str()));
    }
    Ok(schema.is_a(actual, condition))
}

fn bind(declared: &[VariableDefinition<'static, Text>], given: &Value) -> Result<Map<String, Value>, Problem> {
    let none = Map::new();
    let mut variables = Map::new();
    for variable in declared {
        let default = variable.default_value.as_ref().map(|literal| value_of(literal, &none)).transpose()?;
        let value = given.get(&variable.name).cloned().or(default).unwrap_or(Value::Null);
        if value.is_null() && matches!(variable.var_type, Type::NonNullType(_)) {
            let message =
                format!("Variable ${} of type {} was provided invalid value", variable.name, variable.var_type);
            return Err(Problem::new("INVALID_VARIABLE", message).with("value", Value::Null));
        }
        variables.insert(variable.name.clone(), value);
    }
    Ok(variables)
}
