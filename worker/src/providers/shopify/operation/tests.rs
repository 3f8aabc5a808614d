//! Every document against the part of Shopify's published schema that is in the tree.

use std::path::{Path, PathBuf};

use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::parser::Parser;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};

use super::*;

/// Made by `tests/schema/trim.py`.
const PUBLISHED: &str = include_str!("../../../../tests/schema/admin_2026-10.graphql");
const OPERATIONS: [Operation; 7] = [ORDER, ORDER_LINES, ORDER_PARTS, PART_LINES, FULFIL, SCOPES, LOCATIONS];
/// The field of the mutation itself.
const MUTATION_COST: u32 = 10;

fn published() -> Valid<Schema> {
    // The parser is made for documents of strangers and stops early.
    let parsed = Parser::new().token_limit(PUBLISHED.len()).parse_ast(PUBLISHED, "admin_2026-10.graphql");
    parsed.unwrap().to_schema_validate().unwrap()
}

fn document(schema: &Valid<Schema>, text: &str) -> Result<Valid<ExecutableDocument>, String> {
    ExecutableDocument::parse_and_validate(schema, text, "document.graphql").map_err(|error| error.errors.to_string())
}

/// All `.graphql` files below a folder.
fn documents_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "graphql") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_document_is_valid_by_the_published_schema() {
    let schema = published();
    let mut names = Vec::new();
    for path in documents_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let document = document(&schema, &text).unwrap_or_else(|errors| panic!("{}:\n{errors}", path.display()));
        for operation in document.operations.iter() {
            names.push(operation.name.as_ref().unwrap().to_string());
            assert_none_deprecated(&document, &operation.selection_set);
        }
    }
    names.sort_unstable();
    let mut used: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    used.sort_unstable();
    assert_eq!(names, used, "an operation is not used, or one of them is missing here");
}

#[test]
fn what_is_imagined_is_refused() {
    let schema = published();
    let real = |from: &str, to: &str| {
        assert!(ORDER.document.contains(from), "{from}");
        document(&schema, &ORDER.document.replace(from, to))
    };
    assert!(real("cancelledAt", "cancelledAt closed").is_ok());
    for (from, to) in [
        ("cancelledAt", "cancelledAt cancelledBy"),
        ("fulfillmentOrders(first: 3, displayable: true)", "fulfillmentOrders(first: 3, visible: true)"),
        ("shippingLines(first: 5)", "shippingLines(first: \"five\")"),
        ("query Order($id: ID!)", "query Order($id: Int!)"),
        ("on CardPaymentDetails", "on CardDetails"),
        ("fragment Address on MailingAddress", "fragment Address on Location"),
        ("trackingInfo(first: 50) { number }", "trackingInfo(first: 50)"),
        ("deliveryMethod { methodType }", "deliveryMethod { methodType { name } }"),
    ] {
        assert!(real(from, to).is_err(), "{to}");
    }
    let fulfil = FULFIL.document.replace("FulfillmentInput!", "FulfillmentV2Input!");
    assert!(document(&schema, &fulfil).is_err());
}

#[test]
fn the_costs_are_those_of_shopifys_rules() {
    let schema = published();
    for operation in OPERATIONS {
        let document = document(&schema, operation.document).unwrap();
        let written = document.operations.get(Some(operation.name)).unwrap();
        let mut cost = cost_of(&schema, &document, &written.selection_set);
        if written.is_mutation() {
            // The payload is the mutation's own field.
            cost = cost - 1 + MUTATION_COST;
        }
        assert_eq!(cost, operation.cost, "{}", operation.name);
        assert!(cost < 1000, "{} is more than one query may cost", operation.name);
    }
}

#[test]
fn a_long_orders_next_page_fits_into_what_a_full_bucket_has_left() {
    // The smallest plan's bucket.
    for further in [ORDER_LINES, ORDER_PARTS, PART_LINES] {
        assert!(ORDER.cost + further.cost <= 2000 / 2, "{}", further.name);
    }
}

fn cost_of(schema: &Schema, document: &ExecutableDocument, set: &SelectionSet) -> u32 {
    let mut cost = 0;
    // Members of a union or implementations of an interface: the dearest counts.
    let mut dearest = 0;
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => cost += field_cost(schema, document, field),
            Selection::FragmentSpread(spread) => {
                cost += cost_of(schema, document, &document.fragments[&spread.fragment_name].selection_set);
            }
            Selection::InlineFragment(fragment) => {
                dearest = dearest.max(cost_of(schema, document, &fragment.selection_set));
            }
        }
    }
    cost + dearest
}

fn field_cost(schema: &Schema, document: &ExecutableDocument, field: &Node<Field>) -> u32 {
    let returned = field.definition.ty.inner_named_type();
    let below = cost_of(schema, document, &field.selection_set);
    match &schema.types[returned] {
        ExtendedType::Scalar(_) | ExtendedType::Enum(_) | ExtendedType::InputObject(_) => 0,
        ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_) => {
            if returned.ends_with("Connection") {
                let sized = field.specified_argument_by_name("first");
                let size = sized.expect("a connection has a size").to_i32().expect("it is a number");
                below * u32::try_from(size).unwrap()
            } else if returned == "PageInfo" || returned.ends_with("Edge") {
                below
            } else {
                below + 1
            }
        }
    }
}

fn assert_none_deprecated(document: &ExecutableDocument, set: &SelectionSet) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                assert!(!field.definition.directives.has("deprecated"), "{} is deprecated", field.name);
                assert_none_deprecated(document, &field.selection_set);
            }
            Selection::FragmentSpread(spread) => {
                assert_none_deprecated(document, &document.fragments[&spread.fragment_name].selection_set);
            }
            Selection::InlineFragment(fragment) => assert_none_deprecated(document, &fragment.selection_set),
        }
    }
}
