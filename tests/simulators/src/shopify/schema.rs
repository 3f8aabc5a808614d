//! The part of the Admin API's schema that is served, read from `schema.graphql` beside this file.

use std::collections::HashMap;

use graphql_parser::schema::{Definition, Field, Type as Written, TypeDefinition, parse_schema};

/// The schema in a form that answers "what is this field?".
#[derive(Debug)]
pub(super) struct Schema {
    types: HashMap<String, Type>,
}

/// A type of the schema.
#[derive(Debug)]
pub(super) enum Type {
    /// A scalar or an enum: no selection below it.
    Leaf,
    /// An object or an interface, with its fields.
    Object { fields: HashMap<String, FieldType>, implements: Vec<String> },
    /// A union: only fragments below it.
    Union { members: Vec<String> },
    /// What an argument may be made of.
    Input { fields: HashMap<String, Argument> },
}

/// What a field returns and takes.
#[derive(Debug)]
pub(super) struct FieldType {
    pub(super) returns: String,
    /// Whether it is never null, so that a refused value takes its parent with it.
    pub(super) required: bool,
    pub(super) arguments: HashMap<String, Argument>,
}

impl FieldType {
    /// Connections are paged, and cost what their size asks for.
    pub(super) fn is_connection(&self) -> bool {
        self.returns.ends_with("Connection")
    }
}

/// The type of an argument, or of a field of an input.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) of: String,
    pub(super) required: bool,
    pub(super) list: bool,
}

/// The schema beside this file cannot be read; a mistake in this crate.
#[derive(Debug, thiserror::Error)]
#[error("the simulator's GraphQL schema cannot be read: {0}")]
pub(super) struct SchemaError(String);

impl Schema {
    /// Reads the schema.
    pub(super) fn read() -> Result<Self, SchemaError> {
        let document =
            parse_schema::<String>(include_str!("schema.graphql")).map_err(|error| SchemaError(error.to_string()))?;
        let mut types: HashMap<String, Type> =
            ["ID", "String", "Int", "Float", "Boolean"].map(|name| (name.to_owned(), Type::Leaf)).into();
        for definition in document.definitions {
            if let Definition::TypeDefinition(definition) = definition {
                let (name, described) = describe(definition);
                types.insert(name, described);
            }
        }
        Ok(Self { types })
    }

    /// The type of that name.
    pub(super) fn named(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// A field of an object or interface.
    pub(super) fn field(&self, parent: &str, field: &str) -> Option<&FieldType> {
        match self.types.get(parent)? {
            Type::Object { fields, .. } => fields.get(field),
            Type::Leaf | Type::Union { .. } | Type::Input { .. } => None,
        }
    }

    /// The concrete types that a value declared as `declared` may have.
    pub(super) fn possible<'s>(&'s self, declared: &'s str) -> Vec<&'s str> {
        let concrete = |name: &str| match self.types.get(name) {
            Some(Type::Object { implements, .. }) => implements.iter().any(|interface| interface == declared),
            Some(Type::Leaf | Type::Union { .. } | Type::Input { .. }) | None => false,
        };
        let mut possible: Vec<&str> = match self.types.get(declared) {
            Some(Type::Union { members }) => members.iter().map(String::as_str).collect(),
            _ => self.types.keys().map(String::as_str).filter(|name| concrete(name)).collect(),
        };
        if possible.is_empty() {
            possible.push(declared);
        }
        possible
    }

    /// Whether a value of the type `actual` is selected by a fragment on `condition`.
    pub(super) fn is_a(&self, actual: &str, condition: &str) -> bool {
        actual == condition
            || match (self.types.get(actual), self.types.get(condition)) {
                (_, Some(Type::Union { members })) => members.iter().any(|member| member == actual),
                (Some(Type::Object { implements, .. }), _) => implements.iter().any(|name| name == condition),
                _ => false,
            }
    }
}

fn describe(definition: TypeDefinition<'static, String>) -> (String, Type) {
    match definition {
        TypeDefinition::Object(object) => {
            let implements = object.implements_interfaces;
            (object.name, Type::Object { fields: fields_of(object.fields), implements })
        }
        TypeDefinition::Interface(interface) => {
            (interface.name, Type::Object { fields: fields_of(interface.fields), implements: Vec::new() })
        }
        TypeDefinition::Union(union) => (union.name, Type::Union { members: union.types }),
        TypeDefinition::Scalar(scalar) => (scalar.name, Type::Leaf),
        TypeDefinition::Enum(listed) => (listed.name, Type::Leaf),
        TypeDefinition::InputObject(input) => {
            let fields = input.fields.into_iter().map(|field| (field.name, argument(&field.value_type))).collect();
            (input.name, Type::Input { fields })
        }
    }
}

fn fields_of(fields: Vec<Field<'static, String>>) -> HashMap<String, FieldType> {
    fields
        .into_iter()
        .map(|field| {
            let arguments =
                field.arguments.into_iter().map(|given| (given.name, argument(&given.value_type))).collect();
            let required = matches!(field.field_type, Written::NonNullType(_));
            (field.name, FieldType { returns: innermost(&field.field_type), required, arguments })
        })
        .collect()
}

fn argument(written: &Written<'static, String>) -> Argument {
    let (inner, required) = match written {
        Written::NonNullType(inner) => (inner.as_ref(), true),
        Written::NamedType(_) | Written::ListType(_) => (written, false),
    };
    Argument { of: innermost(written), required, list: matches!(inner, Written::ListType(_)) }
}

fn innermost(written: &Written<'static, String>) -> String {
    match written {
        Written::NamedType(name) => name.clone(),
        Written::ListType(inner) | Written::NonNullType(inner) => innermost(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_described() {
        let schema = Schema::read().unwrap();
        for described in schema.types.values() {
            if let Type::Object { fields, .. } = described {
                for field in fields.values() {
                    assert!(schema.named(&field.returns).is_some(), "{} is not described", field.returns);
                    for argument in field.arguments.values() {
                        assert!(schema.named(&argument.of).is_some(), "{} is not described", argument.of);
                    }
                }
            }
        }
    }
}
