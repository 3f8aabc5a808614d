//! The promises of the reading and of the fingerprint, on an order in the platform's shape.

mod plainly;
mod alike;

use lane::id::Fingerprint;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use self::plainly::is_silent;
use super::*;

const ORDER: &str = include_str!("../../../../testdata/order.json");

fn order() -> Value {
    serde_json::from_str(ORDER).unwrap()
}

fn news(order: &Value) -> OrderNews {
    read(order.to_string().as_bytes()).unwrap()
}

fn print(order: &Value) -> Fingerprint {
    news(order).fingerprint
}

fn with(pointer: &str, value: Value) -> Value {
    let mut order = order();
    *order.pointer_mut(pointer).unwrap() = value;
    order
}

#[test]
fn an_order_is_read_as_far_as_it_matters() {
    let news = read(ORDER.as_bytes()).unwrap();
    assert_eq!(news.id.as_str(), "5123456789012345678");
    assert_eq!(news.number, "#1001");
    assert_eq!(news.updated_at, Some("2026-11-20T08:15:03Z".parse().unwrap()));
    assert_eq!(news.financial_status, "paid");
    assert!(news.ships_something && !news.cancelled && !news.test);
}

#[test]
fn people_are_marked_as_the_worker_marks_them_when_it_has_fetched_the_order() {
    let marks = news(&order()).marks;
    assert_eq!(marks.customer, Some(Mark::customer("6600000000000000001")));
    assert_eq!(marks.email, Mark::email("Ada@example.org"));
    let address = order()["shipping_address"].clone();
    let said = |field: &str| address[field].as_str().unwrap_or_default().to_owned();
    let street = [said("address1"), said("address2")];
    assert_eq!(marks.address, Mark::address(&[&street[0], &street[1]], &said("zip"), &said("country_code")));
    assert!(marks.address.is_some() && marks.card.is_none());

    let mut silent = order();
    silent["email"] = json!("");
    silent["customer"]["email"] = json!("b@example.org");
    assert_eq!(news(&silent).marks.email, Mark::email("b@example.org"));
    silent["customer"] = Value::Null;
    assert_eq!(news(&silent).marks.email, Mark::email("ada@example.org"), "contact_email");
    assert_eq!(news(&silent).marks.customer, None);
    assert_eq!(news(&json!({"id": 1, "email": 7, "customer": [], "contact_email": {}})).marks, Marks::default());
}

#[test]
fn another_topics_body_is_no_order() {
    for foreign in [json!({"id": 1, "order_id": 2}), json!({"id": 1, "myshopify_domain": "acme.myshopify.com"})] {
        assert_eq!(read(foreign.to_string().as_bytes()), Err(NotUnderstood::NotOfTopic("it is no order")), "{foreign}");
    }
}

#[test]
fn the_fingerprint_of_an_order_stays_the_same_from_release_to_release() {
    // If this fails, every open and every done order will look new once: say so in the changelog.
    assert_eq!(print(&order()).as_str(), "33b44a382433637c32321523d536fde4");
}

#[test]
fn unknown_absent_and_null_fields_are_fine() {
    let news = news(&json!({"id": 7, "colour": {"of": ["magic"]}, "name": null, "updated_at": null,
        "cancelled_at": null, "test": null, "financial_status": null, "line_items": null,
        "shipping_address": null, "shipping_lines": null}));
    assert_eq!((news.id.as_str(), news.number.as_str()), ("7", "7"));
    assert_eq!((news.updated_at, news.financial_status.as_str()), (None, ""));
    assert!(!news.cancelled && !news.test);
    assert!(news.ships_something, "what the body does not say is left to the worker");
}

#[test]
fn the_largest_id_is_exact() {
    let largest = news(&json!({"id": u64::MAX}));
    assert_eq!(largest.id.as_str(), "18446744073709551615");
    assert_ne!(print(&json!({"id": 9_007_199_254_740_993_u64})), print(&json!({"id": 9_007_199_254_740_992_u64})));
}

#[test]
fn something_ships_if_anything_is_left_of_a_line_that_does() {
    let ships = |lines: Value| news(&json!({"id": 1, "line_items": lines})).ships_something;
    assert!(ships(json!([{"requires_shipping": true, "current_quantity": 1, "quantity": 0}])));
    assert!(ships(json!([{"requires_shipping": false, "quantity": 1},
        {"requires_shipping": true, "current_quantity": null, "quantity": 2}])));
    for nothing in [
        json!([]),
        json!([{"requires_shipping": true, "current_quantity": 0, "quantity": 3}]),
        json!([{"requires_shipping": false, "current_quantity": 3}]),
        json!([{"requires_shipping": null, "current_quantity": 3}]),
        json!([{"requires_shipping": true}]),
    ] {
        assert!(!ships(nothing.clone()), "{nothing}");
    }
}

#[test]
fn one_instant_in_two_time_zones_is_one_instant() {
    let (berlin, utc) = ("2026-11-21T10:00:00+01:00", "2026-11-21T09:00:00Z");
    let (berlin, utc) = (with("/cancelled_at", json!(berlin)), with("/cancelled_at", json!(utc)));
    assert!(news(&berlin).cancelled);
    assert_eq!(print(&berlin), print(&utc));
}

#[test]
fn what_is_not_understood_is_said_without_quoting_it() {
    let cases: [(&[u8], &str); 15] = [
        (b"", "the body is not JSON"),
        (b"canary", "the body is not JSON"),
        (b"{\"id\":1,\n\"name\":\"canary\"", "the body is not JSON"),
        (b"{\"id\":1}canary", "the body is not JSON"),
        (b"\"canary\"", "a field has an unexpected type, comes twice"),
        (b"{\"id\":\"canary\"}", "a field has an unexpected type, comes twice"),
        (b"{\"id\":-1}", "a field has an unexpected type, comes twice"),
        (b"{\"id\":1,\"id\":2}", "a field has an unexpected type, comes twice"),
        (b"{\"id\":1e400}", "the body is not JSON"),
        (b"{\"name\":\"canary\"}", "the order has no id"),
        (b"{\"id\":1,\"name\":\"\\ud800\"}", "the body is not JSON"),
        (b"{\"id\":1,\"name\":\"\xff\"}", "the body is not UTF-8"),
        (b"{\"id\":1,\"name\":\"a\\u0000\"}", "the order's name is overlong or holds control characters"),
        (b"{\"id\":1,\"name\":\"a\0\"}", "the body is not JSON"),
        (b"{\"id\":1,\"updated_at\":\"canary\"}", "a field has an unexpected type, comes twice"),
    ];
    for (body, why) in cases {
        let said = read(body).unwrap_err().to_string();
        assert!(said.starts_with(why) && !said.contains("canary"), "{why}: {said}");
    }
}

#[test]
fn nesting_without_end_is_no_danger() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let lists = deep("[", "]");
    for body in [
        lists.clone(),
        "[".repeat(10_000),
        deep("{\"id\":", "}"),
        format!("{{\"id\":1,\"note\":{lists}}}"),
        format!("{{\"id\":1,\"shipping_address\":{{\"city\":{lists}}}}}"),
    ] {
        assert!(read(body.as_bytes()).is_err());
    }
    // Where nobody looks it is like any other unknown field.
    let unknown = read(format!("{{\"id\":1,\"unknown\":{lists}}}").as_bytes()).unwrap();
    assert_eq!(unknown.id.as_str(), "1");
}

/// Another value that the field could have.
fn changed(pointer: &str, value: &Value) -> Value {
    let instant = pointer.ends_with("_at");
    match value {
        Value::Null | Value::String(_) if instant => json!("2026-11-21T10:00:00Z"),
        Value::Null => json!("something"),
        Value::Bool(on) => json!(!on),
        Value::Number(number) => number.as_u64().map_or_else(|| json!(1), |number| json!(number + 1)),
        Value::String(text) => json!(format!("{text} changed")),
        Value::Array(_) | Value::Object(_) => unreachable!("only leaves are changed"),
    }
}

fn leaves(at: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, field)| leaves(&format!("{at}/{key}"), field, found));
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(n, item)| leaves(&format!("{at}/{n}"), item, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.push(at.to_owned());
        }
    }
}

fn split_by_effect() -> (Vec<String>, Vec<String>) {
    let (whole, mut all) = (order(), Vec::new());
    leaves("", &whole, &mut all);
    let before = print(&whole);
    all.into_iter().partition(|pointer| {
        let value = whole.pointer(pointer).unwrap();
        print(&with(pointer, changed(pointer, value))) != before
    })
}

/// Every field of the order is changed once; these are the ones whose change is news.
const MATTERS: &str = "\
/billing_address/address*
/billing_address/city
/billing_address/company
/billing_address/country
/billing_address/country_code
/billing_address/first_name
/billing_address/last_name
/billing_address/name
/billing_address/phone
/billing_address/province
/billing_address/province_code
/billing_address/zip
/cancelled_at
/currency
/current_total_discounts
/current_total_price
/current_total_tax
/discount_applications/*/allocation_method
/discount_applications/*/code
/discount_applications/*/target_selection
/discount_applications/*/target_type
/discount_applications/*/type
/discount_applications/*/value
/discount_applications/*/value_type
/discount_codes/*/amount
/discount_codes/*/code
/discount_codes/*/type
/email
/financial_status
/id
/line_items/*/current_quantity
/line_items/*/discount_allocations/*/amount
/line_items/*/discount_allocations/*/amount_set/presentment_money/amount
/line_items/*/discount_allocations/*/amount_set/presentment_money/currency_code
/line_items/*/discount_allocations/*/amount_set/shop_money/amount
/line_items/*/discount_allocations/*/amount_set/shop_money/currency_code
/line_items/*/discount_allocations/*/discount_application_index
/line_items/*/gift_card
/line_items/*/id
/line_items/*/price
/line_items/*/properties/*/name
/line_items/*/properties/*/value
/line_items/*/requires_shipping
/line_items/*/sku
/line_items/*/tax_lines/*/price
/line_items/*/tax_lines/*/rate
/line_items/*/tax_lines/*/title
/line_items/*/title
/line_items/*/total_discount
/line_items/*/variant_id
/line_items/*/variant_title
/name
/note
/note_attributes/*/name
/note_attributes/*/value
/phone
/presentment_currency
/shipping_address/address*
/shipping_address/city
/shipping_address/company
/shipping_address/country
/shipping_address/country_code
/shipping_address/first_name
/shipping_address/last_name
/shipping_address/name
/shipping_address/phone
/shipping_address/province
/shipping_address/province_code
/shipping_address/zip
/shipping_lines/*/code
/shipping_lines/*/is_removed
/shipping_lines/*/price
/shipping_lines/*/title
/tax_lines/*/price
/tax_lines/*/rate
/tax_lines/*/title
/taxes_included
/test
/total_discounts
/total_price
/total_tax";

#[test]
fn each_field_that_the_work_depends_on_changes_the_fingerprint_and_no_other_does() {
    let (matters, _) = split_by_effect();
    let mut matters: Vec<String> =
        matters.iter().map(|pointer| pointer.replace(|c: char| c.is_ascii_digit(), "*")).collect();
    matters.sort();
    matters.dedup();
    assert_eq!(matters.join("\n"), MATTERS);
}

#[test]
fn what_we_or_the_warehouse_write_is_no_news() {
    let mut shipped = order();
    shipped["fulfillment_status"] = json!("fulfilled");
    shipped["fulfillments"] = json!([{"id": 1, "tracking_number": "1Z", "status": "success"}]);
    shipped["line_items"][0]["fulfillment_status"] = json!("fulfilled");
    shipped["line_items"][0]["fulfillable_quantity"] = json!(0);
    shipped["tags"] = json!("vip, winter, sent to the warehouse");
    shipped["updated_at"] = json!("2026-11-23T12:00:00+01:00");
    shipped["closed_at"] = json!("2026-11-23T12:00:00+01:00");
    assert_eq!(print(&shipped), print(&order()));
}

#[test]
fn a_new_address_a_removed_line_or_a_cancellation_is_news() {
    let before = print(&order());
    let mut shorter = order();
    shorter["line_items"].as_array_mut().unwrap().pop();
    let mut removed = order();
    removed["shipping_lines"][0]["is_removed"] = json!(true);
    for newer in [
        with("/shipping_address/address1", json!("Am Kai 8")),
        with("/shipping_address", Value::Null),
        with("/billing_address/country_code", json!("AT")),
        with("/line_items/0/current_quantity", json!(2)),
        with("/current_total_price", json!("54.91")),
        with("/cancelled_at", json!("2026-11-21T10:00:00Z")),
        with("/financial_status", json!("refunded")),
        shorter,
        removed,
    ] {
        assert_ne!(print(&newer), before);
    }
}

/// The same order, its fields in another order, and what says nothing left out or said otherwise.
fn rewritten(value: &Value, turn: usize, silence: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields.iter().collect();
            let by = turn % pairs.len().max(1);
            pairs.rotate_left(by);
            let kept = pairs.into_iter().map(|(key, field)| {
                let field = if is_silent(field) && !key.ends_with("_at") {
                    silence.clone()
                } else {
                    rewritten(field, turn, silence)
                };
                (key.clone(), field)
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| rewritten(item, turn, silence)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn how_the_order_is_written_does_not_matter() {
    let silent = json!({"id": 1, "note": null, "tax_lines": [], "shipping_address": {"company": ""}});
    assert_eq!(print(&silent), print(&json!({"id": 1})));
    assert_eq!(print(&rewritten(&order(), 3, &Value::Null)), print(&order()));
    let pretty = serde_json::to_string_pretty(&order()).unwrap();
    assert_eq!(read(pretty.as_bytes()).unwrap().fingerprint, print(&order()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_number_of_changes_that_do_not_matter_leave_the_fingerprint_alone(
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..30),
    ) {
        let (_, silent) = split_once();
        let mut changed_order = order();
        for pick in picks {
            let pointer = &silent[pick.index(silent.len())];
            let field = changed_order.pointer_mut(pointer).unwrap();
            *field = changed(pointer, field);
        }
        prop_assert_eq!(print(&changed_order), print(&order()));
    }

    #[test]
    fn one_change_that_matters_shows_among_any_number_of_others(
        pick in any::<prop::sample::Index>(),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let (matters, silent) = split_once();
        let pointer = &matters[pick.index(matters.len())];
        let mut changed_order = with(pointer, changed(pointer, order().pointer(pointer).unwrap()));
        for pick in picks {
            let pointer = &silent[pick.index(silent.len())];
            let field = changed_order.pointer_mut(pointer).unwrap();
            *field = changed(pointer, field);
        }
        prop_assert_ne!(print(&changed_order), print(&order()));
    }

    #[test]
    fn no_bytes_are_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body);
    }

    #[test]
    fn no_broken_order_is_a_panic(cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = ORDER.as_bytes().to_vec();
        let at = cut.index(body.len());
        let _ = read(&body[..at]);
        body[at] = byte;
        let _ = read(&body);
    }
}

/// Splitting reads the order some hundred times; once is enough for all cases.
fn split_once() -> &'static (Vec<String>, Vec<String>) {
    static SPLIT: std::sync::OnceLock<(Vec<String>, Vec<String>)> = std::sync::OnceLock::new();
    SPLIT.get_or_init(split_by_effect)
}
