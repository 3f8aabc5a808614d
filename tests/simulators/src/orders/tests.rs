use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::*;

fn amount(value: &Value) -> Decimal {
    Decimal::from_str(value.as_str().unwrap()).unwrap()
}

#[test]
fn signs_as_shopify_does() {
    assert_eq!(sign(br#"{"foo": "bar"}"#, "test_secret_key"), "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=");
}

#[test]
fn totals_are_the_sum_of_the_lines() {
    for (seed, currency, digits) in [(1, "USD", 2), (2, "JPY", 0), (3, "KWD", 3)] {
        let maker = Maker::new(seed, currency).discount_percent(seed * 5);
        for number in 1001..1060 {
            let order = maker.order(number, Timestamp::UNIX_EPOCH);
            let lines = order["line_items"].as_array().unwrap();
            assert!((1..=5).contains(&lines.len()));
            let mut subtotal = Decimal::ZERO;
            for line in lines {
                subtotal += amount(&line["price"]) * Decimal::from(line["quantity"].as_u64().unwrap());
                for allocation in line["discount_allocations"].as_array().unwrap() {
                    subtotal -= amount(&allocation["amount"]);
                }
            }
            assert_eq!(amount(&order["subtotal_price"]), subtotal);
            let shipping = amount(&order["shipping_lines"][0]["price"]);
            assert_eq!(amount(&order["total_price"]), subtotal + shipping + amount(&order["total_tax"]));
            assert_eq!(amount(&order["total_price"]).scale(), digits);
            assert_eq!(order["total_price"], order["current_total_price_set"]["shop_money"]["amount"]);
        }
    }
}

#[test]
fn the_same_seed_and_number_make_the_same_order() {
    let first = Maker::new(7, "USD").order(1002, Timestamp::UNIX_EPOCH);
    let other = Maker::new(7, "USD");
    other.order(1001, Timestamp::UNIX_EPOCH);
    assert_eq!(first, other.order(1002, Timestamp::UNIX_EPOCH));
}

#[test]
fn neighbouring_ids_are_one_in_a_double() {
    let maker = Maker::new(1, "USD");
    let id = |order: &Value| order["id"].as_u64().unwrap();
    let (first, second) = (id(&maker.order(1, Timestamp::UNIX_EPOCH)), id(&maker.order(2, Timestamp::UNIX_EPOCH)));
    assert_eq!(first + 1, second);
    assert!(first > 1 << 53);
}

#[test]
fn follows_the_wishes() {
    let order = Maker::new(1, "EUR").total_about(50_000).ship_country("de").lines(3).order(1, Timestamp::UNIX_EPOCH);
    assert_eq!(order["shipping_address"]["country_code"], "DE");
    assert_eq!(order["line_items"].as_array().unwrap().len(), 3);
    let subtotal = amount(&order["subtotal_price"]);
    assert!(subtotal > Decimal::from(499) && subtotal <= Decimal::from(500), "{subtotal}");
}
