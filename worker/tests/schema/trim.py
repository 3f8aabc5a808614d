"""Makes admin_2026-10.graphql from Shopify's published schema.

Usage: python3 trim.py admin_2026-10.json.gz > admin_2026-10.graphql

The input is the introspection result that the npm package @shopify/dev-mcp (1.16.0) has in dist/data. The output is
the part of it that our documents move in: descriptions are dropped, of the roots only the listed fields are kept, and
a field whose type lies further than DEPTH steps from them is dropped with that type. So it is a subset: a document
that is valid here is valid there. What is deprecated stays marked.
"""

import gzip
import json
import sys

ROOTS = {
    "QueryRoot": {"order", "fulfillmentOrder", "currentAppInstallation", "locations", "shop"},
    "Mutation": {"fulfillmentCreate"},
}
DEPTH = 5
BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}


def base(reference):
    while reference["kind"] in ("NON_NULL", "LIST"):
        reference = reference["ofType"]
    return reference["name"]


def written(reference):
    if reference["kind"] == "NON_NULL":
        return written(reference["ofType"]) + "!"
    if reference["kind"] == "LIST":
        return "[" + written(reference["ofType"]) + "]"
    return reference["name"]


def fields_of(kind):
    kept = ROOTS.get(kind["name"])
    return [field for field in kind.get("fields") or [] if kept is None or field["name"] in kept]


def near(types):
    """The names within DEPTH steps of the roots, and all that inputs need."""
    known = set(ROOTS)
    edge = set(ROOTS)
    for _ in range(DEPTH):
        found = set()
        for name in edge:
            kind = types[name]
            found |= {base(field["type"]) for field in fields_of(kind)}
            found |= {other["name"] for other in kind.get("possibleTypes") or []}
        edge = found - known
        known |= edge
    for name in list(known):
        kind = types[name]
        known |= {other["name"] for other in kind.get("interfaces") or []}
        # The leaves of what is known are cheap, and without them it would lose fields.
        leaves = {base(field["type"]) for field in fields_of(kind)}
        known |= {leaf for leaf in leaves if types[leaf]["kind"] in ("SCALAR", "ENUM")}
    return known


def with_inputs(types, known):
    waiting = [name for name in known]
    while waiting:
        kind = types[waiting.pop()]
        given = [argument for field in kept_fields(kind, known) for argument in field["args"]]
        for value in given + (kind.get("inputFields") or []):
            name = base(value["type"])
            if name not in known:
                known.add(name)
                waiting.append(name)
    return known


def kept_fields(kind, known):
    return [field for field in fields_of(kind) if base(field["type"]) in known]


def is_empty(kind, known):
    if kind["kind"] == "UNION":
        return not any(other["name"] in known for other in kind["possibleTypes"])
    return kind["kind"] in ("OBJECT", "INTERFACE") and not kept_fields(kind, known)


def value(given):
    default = f" = {given['defaultValue']}" if given.get("defaultValue") is not None else ""
    return f"{given['name']}: {written(given['type'])}{default}"


def old(given):
    return " @deprecated" if given.get("isDeprecated") else ""


def definition(kind, known):
    name, shape = kind["name"], kind["kind"]
    if shape == "SCALAR":
        return f"scalar {name}"
    if shape == "UNION":
        members = [other["name"] for other in kind["possibleTypes"] if other["name"] in known]
        return f"union {name} = " + " | ".join(members)
    if shape == "ENUM":
        return f"enum {name} {{ " + " ".join(word["name"] + old(word) for word in kind["enumValues"]) + " }"
    if shape == "INPUT_OBJECT":
        one_of = " @oneOf" if kind.get("isOneOf") else ""
        return "\n".join([f"input {name}{one_of} {{"] + [f"  {value(field)}" for field in kind["inputFields"]] + ["}"])
    interfaces = [other["name"] for other in kind.get("interfaces") or [] if other["name"] in known]
    head = ("interface " if shape == "INTERFACE" else "type ") + name
    if interfaces:
        head += " implements " + " & ".join(interfaces)
    lines = [head + " {"]
    for field in kept_fields(kind, known):
        arguments = ", ".join(value(argument) for argument in field["args"])
        lines.append(f"  {field['name']}{f'({arguments})' if arguments else ''}: {written(field['type'])}{old(field)}")
    return "\n".join(lines + ["}"])


def main(path):
    with gzip.open(path) as source:
        read = json.load(source)
    schema = read.get("data", read)
    schema = schema.get("__schema", schema)
    types = {kind["name"]: kind for kind in schema["types"]}
    known = with_inputs(types, near(types))
    # What lost all its fields or members cannot stand, nor can what points to it.
    while True:
        empty = {name for name in known if is_empty(types[name], known)}
        if not empty:
            break
        known -= empty
    print("# Part of Shopify's Admin GraphQL schema, version 2026-10, made by trim.py from @shopify/dev-mcp 1.16.0.")
    print("# Copyright 2025-present, Shopify Inc. ISC licence: see LICENSE in this folder.")
    print("schema { query: QueryRoot mutation: Mutation }")
    for name in sorted(known - BUILT_IN):
        print(definition(types[name], known))


main(sys.argv[1])
