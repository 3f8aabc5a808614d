//! Whatever comes in, the order is read as [`plainly`] reads it: the same fingerprint, the same news, the same refusal at
//! the same place.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::TestRunner;

use super::super::read;
use super::{ORDER, plainly};

const CASES: u32 = 2_000;

/// Fails unless both read the same; otherwise says whether there was anything to read.
fn is_read(body: &[u8]) -> bool {
    let news = read(body);
    assert_eq!(news, plainly::read(body), "{}", String::from_utf8_lossy(body));
    news.is_ok()
}

/// Tries bodies until [`CASES`] were alike; of so many, at least `readable_min` have to be orders.
fn all_alike(bodies: &impl Strategy<Value = String>, readable_min: u32) {
    let readable = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(CASES));
    let tried = runner.run(bodies, |body| {
        readable.set(readable.get() + u32::from(is_read(body.as_bytes())));
        Ok(())
    });
    tried.unwrap_or_else(|broken| panic!("{broken}"));
    assert!(readable.get() >= readable_min, "only {} of {CASES} bodies were orders", readable.get());
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_sample_in_the_repository_is_read_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["testdata", "../tests/data", "../tests/fuzz/corpus"] {
        files_below(&root.join(folder), &mut files);
    }
    let mut orders = 0;
    for file in &files {
        let bytes = fs::read(file).unwrap();
        // A seed of the corpus has headers and an empty line before the body.
        let head = bytes.windows(2).position(|pair| pair == b"\n\n").map_or(0, |end| end + 2);
        for body in [&bytes[..], &bytes[head..]] {
            orders += usize::from(is_read(body));
        }
    }
    assert!(files.len() > 200 && orders > 30, "{} files, {orders} orders", files.len());
}

#[test]
fn an_order_that_was_cut_or_garbled_is_read_alike() {
    let length = ORDER.len();
    let mut readable = 0;
    for at in (0..length).step_by(7) {
        is_read(&ORDER.as_bytes()[..at]);
        for sign in *b"\"\\0,}x\xff" {
            let mut body = ORDER.as_bytes().to_vec();
            body[at] = sign;
            readable += usize::from(is_read(&body));
        }
    }
    assert!(readable > 1000, "only {readable} were orders");
}

#[test]
fn nesting_ends_at_the_same_depth() {
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let at_the_edge = [124, 125, 126, 127, 128].map(|depth| [lists(depth), objects(depth)]);
    let (mut readable, mut tried) = (0, 0);
    for said in at_the_edge.as_flattened() {
        for place in ["note", "unknown", "customer", "contact_email", "order_id", "id", "discount_codes", "properties"]
        {
            for body in [
                format!(r#"{{"id":1,"{place}":{said}}}"#),
                format!(r#"{{"id":1,"line_items":[{{"{place}":{said}}}]}}"#),
            ] {
                readable += usize::from(is_read(body.as_bytes()));
                tried += 1;
            }
        }
    }
    assert!(readable > 50 && readable < tried, "{readable} of {tried} were orders");
}

#[test]
fn an_order_written_as_a_list_is_read_alike() {
    // The parser takes lists for structs. Each place says something else.
    let tax = r#"["vat", 0.07, "1.20"]"#;
    let address = format!("[{}]", (0..13).map(|nth| format!("\"address {nth}\"")).collect::<Vec<_>>().join(","));
    let line = format!(r#"[1, "sku", "title", 2, "variant", null, 3, true, false, "5.00", [], "0.10", {{}}, [{tax}]]"#);
    let head = r#"1, "\u0023", "2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z", true, "paid""#;
    let places = (6..15).map(|nth| format!("\"place {nth}\"")).collect::<Vec<_>>().join(",");
    let said =
        format!(r#"[{tax}], "codes", "applications", "mail", "phone", "note", "attributes", {address}, {address}"#);
    let tail = format!(r#"[{line}], [["code", "title", "1.00", true]], "contact", {{"id": 7}}, null, null"#);
    assert!(is_read(format!("[{head}, {places}, {said}, {tail}]").as_bytes()));
    assert!(!is_read(format!("[{head}, {places}, {said}, {tail}, null]").as_bytes()), "one too many");
    assert!(!is_read(format!("[{head}, {places}, {said}]").as_bytes()), "too few");
}

#[test]
fn the_last_of_many_fields_of_one_name_counts() {
    let fields: Vec<String> = (0..200).map(|nth| format!("\"{}\":{nth}", nth % 7)).collect();
    assert!(is_read(format!(r#"{{"id":1,"note":{{{}}}}}"#, fields.join(",")).as_bytes()));
}

#[test]
fn random_orders_are_read_alike() {
    all_alike(&order(), CASES / 2);
}

#[test]
fn an_order_with_anything_in_one_place_is_read_alike() {
    let at: Vec<usize> = ORDER.match_indices(':').map(|(at, _)| at + 1).collect();
    let bodies = (any::<Index>(), anything(), select(vec!["}", ",", "\n"])).prop_map(move |(pick, said, until)| {
        let from = at[pick.index(at.len())];
        let to = ORDER[from..].find(until).map_or(ORDER.len(), |end| from + end);
        format!("{}{said}{}", &ORDER[..from], &ORDER[to..])
    });
    all_alike(&bodies, CASES / 10);
}

#[test]
fn a_name_that_the_parser_keeps_to_itself_is_a_name_like_any_other() {
    // The one body that is not read alike: `Value` takes such an object for the JSON in its text, or refuses it, where
    // somebody in the program needs the parser's `raw_value`.
    let print = |body: &str| read(body.as_bytes()).unwrap().fingerprint;
    let note = |said: &str| print(&format!(r#"{{"id":1,"note":{{"$serde_json::private::RawValue":{said}}}}}"#));
    assert_ne!(note("\"[]\""), print(r#"{"id":1}"#));
    assert_ne!(note("[]"), note("[1]"));
}

/// An order, most of the time.
fn order() -> impl Strategy<Value = String> {
    let known = subsequence(ORDER_FIELDS.to_vec(), 0..=ORDER_FIELDS.len()).prop_shuffle();
    let named = known.prop_flat_map(|names| names.into_iter().map(field_of_an_order).collect::<Vec<_>>());
    let unknown = prop::collection::vec((name(), anything()), 0..4);
    let twice = prop::option::weighted(0.05, select(ORDER_FIELDS.to_vec()).prop_flat_map(field_of_an_order));
    (named, unknown, twice, gap(), any::<Index>()).prop_map(|(named, unknown, twice, gap, at)| {
        let mut fields: Vec<(String, String)> = named.into_iter().chain(twice).collect();
        fields.splice(0..0, unknown);
        fields.insert(at.index(fields.len() + 1), ("\"id\"".to_owned(), "820982911946154508".to_owned()));
        object(&fields, gap)
    })
}

const ORDER_FIELDS: [&str; 31] = [
    "name",
    "updated_at",
    "cancelled_at",
    "test",
    "financial_status",
    "currency",
    "presentment_currency",
    "total_price",
    "current_total_price",
    "total_discounts",
    "current_total_discounts",
    "total_tax",
    "current_total_tax",
    "taxes_included",
    "tax_lines",
    "discount_codes",
    "discount_applications",
    "email",
    "phone",
    "note",
    "note_attributes",
    "shipping_address",
    "billing_address",
    "line_items",
    "shipping_lines",
    "contact_email",
    "customer",
    "tags",
    "fulfillments",
    "closed_at",
    "admin_graphql_api_id",
];
const ADDRESS_FIELDS: [&str; 15] = [
    "name",
    "first_name",
    "last_name",
    "company",
    "address1",
    "address2",
    "city",
    "zip",
    "province",
    "province_code",
    "country",
    "country_code",
    "phone",
    "latitude",
    "longitude",
];
const LINE_FIELDS: [&str; 17] = [
    "id",
    "sku",
    "title",
    "variant_id",
    "variant_title",
    "current_quantity",
    "quantity",
    "requires_shipping",
    "gift_card",
    "price",
    "properties",
    "total_discount",
    "discount_allocations",
    "tax_lines",
    "code",
    "is_removed",
    "rate",
];
const CUSTOMER_FIELDS: [&str; 4] = ["id", "email", "default_address", "tags"];

fn field_of_an_order(name: &'static str) -> impl Strategy<Value = (String, String)> {
    let said = match name {
        "name" | "financial_status" => {
            prop_oneof![9 => select(vec!["null", "\"#1001\"", "\"PAID\"", "\"\"", "\"\\u0023é\""])
            .prop_map(str::to_owned), 1 => text()]
            .boxed()
        }
        "updated_at" | "cancelled_at" => select(vec![
            "null",
            "\"2026-11-21T10:00:00+01:00\"",
            "\"2026-11-21T09:00:00.123456789Z\"",
            "\"\\u0032026-11-21T09:00:00Z\"",
        ])
        .prop_map(str::to_owned)
        .boxed(),
        "test" => select(vec!["null", "true", "false"]).prop_map(str::to_owned).boxed(),
        "shipping_address" | "billing_address" => struct_of(&ADDRESS_FIELDS),
        "tax_lines" | "line_items" | "shipping_lines" => {
            let lines = prop::collection::vec(struct_of(&LINE_FIELDS), 0..4);
            prop_oneof![9 => (lines, gap()).prop_map(|(lines, gap)| list(&lines, gap)), 1 => Just("null".to_owned())]
                .boxed()
        }
        "customer" => prop_oneof![struct_of(&CUSTOMER_FIELDS), anything()].boxed(),
        _ => anything().boxed(),
    };
    said.prop_map(move |said| (format!("\"{name}\""), said))
}

/// An object of some of these fields.
fn struct_of(names: &'static [&'static str]) -> BoxedStrategy<String> {
    let known = subsequence(names.to_vec(), 0..=names.len()).prop_shuffle();
    let fields = known.prop_flat_map(|names| names.into_iter().map(field_of_a_part).collect::<Vec<_>>());
    let object = (fields, gap()).prop_map(|(fields, gap)| object(&fields, gap));
    prop_oneof![9 => object, 1 => Just("null".to_owned())].boxed()
}

fn field_of_a_part(name: &'static str) -> impl Strategy<Value = (String, String)> {
    let said = match name {
        "current_quantity" | "quantity" => select(vec!["null", "0", "1", "3", "-1", "9223372036854775807"]),
        "requires_shipping" => select(vec!["null", "true", "false"]),
        "tax_lines" => select(vec!["null", "[]", "[{}]", "[{\"title\":\"VAT\",\"rate\":0.07,\"price\":\"1.20\"}]"]),
        "email" => select(vec!["null", "\"\"", "\" A@b.example \"", "7", "\"\\u0041@b.example\""]),
        _ => return anything().prop_map(move |said| (format!("\"{name}\""), said)).boxed(),
    };
    said.prop_map(move |said| (format!("\"{name}\""), said.to_owned())).boxed()
}

/// Any JSON, now and then not quite.
fn anything() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => select(vec!["null", "true", "false", "\"\"", "[]", "{}", "{\"a\":null}", "{\"a\":{\"b\":\"\"}}", "[null]",
            "[\"\"]", "[{}]", "{\"a\":[{\"b\":[]}]}", "{\"a\":1,\"a\":null}", "{\"a\":null,\"\\u0061\":1}"])
            .prop_map(str::to_owned),
        3 => number(),
        3 => text(),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..5), gap()).prop_map(|(items, gap)| list(&items, gap)),
            (prop::collection::vec((name(), inner), 0..6), gap()).prop_map(|(fields, gap)| object(&fields, gap)),
        ]
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["0", "-0", "0.0", "-0.0", "1.0", "1.00", "1e2", "1E-2", "19.95", "0.1", "100000000000000000000",
            "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1e-400",
            "123456789012345678901234567890.123456789", "5e-324", "1.7976931348623157e308"])
            .prop_map(str::to_owned),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        2 => any::<f64>().prop_filter("no JSON", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        2 => (any::<i32>(), 0..10_000_u32).prop_map(|(whole, part)| format!("{whole}.{part:04}")),
    ]
}

/// A text in quotes, with escapes that are needed and others that are not.
fn text() -> impl Strategy<Value = String> {
    let sign = prop_oneof![
        400 => select(vec!["a", "B", "7", " ", "/", "é", "漢", "🦀", "\u{7f}", "\u{2028}", "\\n", "\\\"", "\\\\", "\\/",
            "\\b", "\\f", "\\r", "\\t", "\\u0041", "\\u00e9", "\\ud83e\\udd80", "\\u0000", "\\u001f", "\\u007f", "\\u2028"]),
        1 => select(vec!["\\ud800", "\\udc00\\ud800", "\\x", "\\u00g0", "\t", "\0"]),
    ];
    prop::collection::vec(sign, 0..8).prop_map(|signs| format!("\"{}\"", signs.concat()))
}

/// A field's name in quotes. There are few, so that some come twice.
fn name() -> impl Strategy<Value = String> {
    let few = select(vec![
        "a",
        "b",
        "\\u0061",
        "",
        "é",
        "\\u00e9",
        "A",
        "ab",
        "name",
        "value",
        "amount",
        "\\\"",
        "\\ud83e\\udd80",
    ]);
    prop_oneof![9 => few.prop_map(|name| format!("\"{name}\"")), 1 => text()]
}

/// What may stand between two signs.
fn gap() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", " ", "\n", "\r\n\t"])
}

fn list(items: &[String], gap: &str) -> String {
    format!("[{gap}{}{gap}]", items.join(&format!("{gap},{gap}")))
}

fn object(fields: &[(String, String)], gap: &str) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, said)| format!("{name}{gap}:{gap}{said}")).collect();
    format!("{{{gap}{}{gap}}}", fields.join(&format!("{gap},{gap}")))
}
