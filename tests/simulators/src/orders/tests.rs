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

/// A number below the bound, always the same for the same seed.
fn chance(random: &mut SmallRng, below: u32) -> u32 {
    random.random_range(0..below)
}

fn any_sale(random: &mut SmallRng) -> Sale {
    let currency = ["USD", "JPY", "KWD"][chance(random, 3) as usize];
    let digits = currency.parse::<Currency>().unwrap().minor_digits();
    let mut sale = Sale::new(currency).taxed(Decimal::from(chance(random, 26)), random.random_bool(0.5));
    if random.random_bool(0.5) {
        sale = sale.shown_in("EUR", Decimal::new(i64::from(chance(random, 30_000)) + 1, 4));
    }
    let skus = ["A", "B", "C", "D"];
    for sku in skus.iter().take(1 + chance(random, 4) as usize) {
        let price = Decimal::new(i64::from(chance(random, 30_000)), digits);
        sale = sale.item(Item::new(sku, price, u64::from(1 + chance(random, 7))));
    }
    for _ in 0..chance(random, 4) {
        let discount = if random.random_bool(0.5) {
            Reduction::percent(Decimal::new(i64::from(chance(random, 1_000)), 1))
        } else {
            Reduction::amount(Decimal::new(i64::from(chance(random, 9_000)), digits))
        };
        let mut discount = if random.random_bool(0.4) { discount.on_each(&["A", "C"]) } else { discount };
        discount.each &= random.random_bool(0.5);
        sale = sale.discount(discount);
    }
    sale
}

#[test]
fn a_sale_adds_up_in_both_currencies_whatever_is_taken_off_it() {
    let mut random = SmallRng::seed_from_u64(7);
    let mut reduced = 0;
    for number in 0..3_000 {
        let order = any_sale(&mut random).order(number, Timestamp::UNIX_EPOCH);
        for side in ["shop_money", "presentment_money"] {
            let of = |bag: &Value| amount(&bag[side]["amount"]);
            let (mut net, mut tax, mut taken) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            for line in order["line_items"].as_array().unwrap() {
                let mut left = of(&line["price_set"]) * Decimal::from(line["quantity"].as_u64().unwrap());
                for allocation in line["discount_allocations"].as_array().unwrap() {
                    let share = of(&allocation["amount_set"]);
                    assert!(share >= Decimal::ZERO);
                    left -= share;
                    taken += share;
                }
                assert!(left >= Decimal::ZERO, "no line is worth less than nothing: {order}");
                net += left;
                tax += line["tax_lines"].as_array().unwrap().iter().map(|tax| of(&tax["price_set"])).sum::<Decimal>();
            }
            assert_eq!(of(&order["subtotal_price_set"]), net);
            assert_eq!(of(&order["total_discounts_set"]), taken);
            let on_top = if order["taxes_included"] == true { Decimal::ZERO } else { tax };
            assert_eq!(of(&order["total_price_set"]), net + on_top);
            assert_eq!(of(&order["total_tax_set"]), tax);
            reduced += usize::from(!taken.is_zero());
        }
    }
    assert!(reduced > 3_000, "most sales have a discount: {reduced}");
}

#[test]
fn the_largest_remainders_get_what_is_left_over() {
    use super::allocate::by_largest_remainder;
    assert_eq!(by_largest_remainder(1568, &[5185, 5499, 5000]), [518, 550, 500]);
    assert_eq!(by_largest_remainder(100, &[1, 1, 1]), [34, 33, 33], "of equal remainders the earlier goes first");
    assert_eq!(by_largest_remainder(2, &[0, 5, 0]), [0, 2, 0]);
    assert_eq!(by_largest_remainder(0, &[]), [0_i128; 0]);
}
