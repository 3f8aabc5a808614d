//! Figures that were worked out by hand.

use super::*;
use ::lane::rules::RiskSeen;

use crate::providers::shopify::order::Discount;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// The presentment side is the same, so that a test which does not care need not say.
fn both(text: &str) -> Both {
    Both { shop: money(text), presentment: money(text) }
}

pub(super) fn settings() -> Customs {
    Customs::default()
}

pub(super) fn line(id: &str, quantity: u32, price: &str) -> Line {
    Line {
        id: id.into(),
        sku: None,
        name: format!("Thing {id}"),
        quantity,
        current_quantity: quantity,
        unfulfilled_quantity: quantity,
        requires_shipping: true,
        gift_card: false,
        price: both(price),
        discounts: vec![],
        unit_price: money(price),
        weight_grams: None,
        hs_code: Some("6109.10.00".into()),
        origin: Some("pt".into()),
        attributes: vec![],
    }
}

pub(super) fn order(lines: Vec<Line>, subtotal: &str) -> Order {
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    Order {
        id: "1".into(),
        name: "#1001".into(),
        created_at: at,
        processed_at: at,
        updated_at: at,
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        total: money(subtotal),
        received: money(subtotal),
        tax: money(subtotal),
        shipping: money(subtotal),
        subtotal: both(subtotal),
        taxes_included: false,
        presentment: money(subtotal).currency,
        email: None,
        note: None,
        tags: vec![],
        attributes: vec![],
        customer: None,
        ship_to: None,
        bill_to: None,
        shipping_lines: vec![],
        weight_grams: None,
        risk: RiskSeen::None,
        cards: vec![],
        lines,
        parts: vec![],
        fulfilments: vec![],
    }
}

fn off(mut line: Line, own: &[&str], across: &[&str]) -> Line {
    let discount = |across: bool| move |text: &&str| Discount { amount: both(text), across };
    line.discounts = own.iter().map(discount(false)).chain(across.iter().map(discount(true))).collect();
    line
}

fn all(order: &Order) -> Vec<Shipped<'_>> {
    order.lines.iter().map(|line| Shipped { line: &line.id, units: 0..line.current_quantity }).collect()
}

fn declared(order: &Order) -> Declaration {
    declare(order, &all(order), &settings()).unwrap()
}

/// The items as `line: quantity x value`.
fn items(declaration: &Declaration) -> Vec<String> {
    let written = |item: &CustomsItem| format!("{}: {} x {}", item.line, item.quantity, item.value);
    declaration.items.iter().map(written).collect()
}

fn fact<'q>(question: &'q Question, name: &str) -> &'q str {
    &question.evidence.iter().find(|fact| fact.name == name).unwrap().value
}

#[test]
fn three_for_ten_are_3_33_twice_and_3_34() {
    let order = order(vec![off(line("1", 3, "5.00 USD"), &["5.00 USD"], &[])], "10.00 USD");
    let declaration = declared(&order);
    assert_eq!(items(&declaration), ["1: 2 x 3.33 USD", "1: 1 x 3.34 USD"]);
    assert_eq!(declaration.total, money("10.00 USD"));
    assert_eq!(declaration.seen, CustomsSeen::default());
    assert_eq!(declaration.items[0].hs_code.as_deref(), Some("61091000"));
    assert_eq!(declaration.items[0].origin.as_deref(), Some("PT"));
    assert_eq!(declaration.items[0].description, "Thing 1");
}

#[test]
fn a_percentage_over_uneven_lines_is_declared_to_the_cent() {
    // 15 % of 19.99 + 2 x 7.45 + 3 x 0.33 = 35.88 is 5.38.
    let lines = vec![
        off(line("1", 1, "19.99 USD"), &[], &["3.00 USD"]),
        off(line("2", 2, "7.45 USD"), &[], &["2.23 USD"]),
        off(line("3", 3, "0.33 USD"), &[], &["0.15 USD"]),
    ];
    let declaration = declared(&order(lines, "30.50 USD"));
    assert_eq!(items(&declaration), ["1: 1 x 16.99 USD", "2: 1 x 6.33 USD", "2: 1 x 6.34 USD", "3: 3 x 0.28 USD"]);
    assert_eq!(declaration.total, money("30.50 USD"));
}

#[test]
fn a_fixed_amount_over_three_lines_and_a_line_discount_count_once_each() {
    // 10.00 over three equal lines; the third has 1.00 of its own, too.
    let lines = vec![
        off(line("1", 1, "20.00 USD"), &[], &["3.34 USD"]),
        off(line("2", 1, "20.00 USD"), &[], &["3.33 USD"]),
        off(line("3", 2, "10.00 USD"), &["1.00 USD"], &["3.33 USD"]),
    ];
    let declaration = declared(&order(lines, "49.00 USD"));
    assert_eq!(items(&declaration), ["1: 1 x 16.66 USD", "2: 1 x 16.67 USD", "3: 1 x 7.83 USD", "3: 1 x 7.84 USD"]);
    assert_eq!(declaration.seen.difference, None);
}

#[test]
fn currencies_without_minor_units_and_with_three_digits_divide_in_their_own() {
    let yen = order(vec![off(line("1", 3, "500 JPY"), &["500 JPY"], &[])], "1000 JPY");
    assert_eq!(items(&declared(&yen)), ["1: 2 x 333 JPY", "1: 1 x 334 JPY"]);
    let dinar = order(vec![off(line("1", 7, "1.500 KWD"), &["0.250 KWD"], &["0.250 KWD"])], "10.000 KWD");
    assert_eq!(items(&declared(&dinar)), ["1: 3 x 1.428 KWD", "1: 4 x 1.429 KWD"]);
}

#[test]
fn what_is_left_of_a_line_is_its_exact_share() {
    // 10.00 for three, discounts of removed units included; the platform keeps 6.67 for two of them.
    let mut two = off(line("1", 3, "4.00 USD"), &["2.00 USD"], &[]);
    two.current_quantity = 2;
    let exact = order(vec![two.clone()], "6.66 USD");
    assert_eq!(items(&declared(&exact)), ["1: 2 x 3.33 USD"]);
    let rounded = order(vec![two], "6.67 USD");
    assert_eq!(items(&declared(&rounded)), ["1: 1 x 3.33 USD", "1: 1 x 3.34 USD"]);
    assert_eq!(declared(&rounded).total, money("6.67 USD"));
}

#[test]
fn a_units_value_is_the_same_whatever_goes_first() {
    let order = order(vec![off(line("1", 3, "5.00 USD"), &["5.00 USD"], &[])], "10.00 USD");
    let run = |units: Range<u32>| items(&declare(&order, &[Shipped { line: "1", units }], &settings()).unwrap());
    assert_eq!(run(2..3), ["1: 1 x 3.34 USD"]);
    assert_eq!(run(0..2), ["1: 2 x 3.33 USD"]);
    assert_eq!(run(1..3), ["1: 1 x 3.33 USD", "1: 1 x 3.34 USD"]);
    assert_eq!(run(1..1), Vec::<String>::new());
}

#[test]
fn cents_that_nobody_allocated_are_settled_and_more_waits_with_both_figures() {
    let lines = || vec![line("1", 1, "30.00 USD"), line("2", 1, "10.00 USD")];
    let settled = declared(&order(lines(), "39.98 USD"));
    assert_eq!(items(&settled), ["1: 1 x 29.98 USD", "2: 1 x 10.00 USD"]);
    assert_eq!(settled.seen.difference, None);
    let differs = declared(&order(lines(), "39.97 USD"));
    assert_eq!(differs.seen.difference, Some((money("40.00 USD"), money("39.97 USD"))));
    assert_eq!(items(&differs), ["1: 1 x 30.00 USD", "2: 1 x 10.00 USD"]);
    let yen = declared(&order(vec![line("1", 1, "30 JPY")], "29 JPY"));
    assert_eq!(yen.seen.difference, Some((money("30 JPY"), money("29 JPY"))));
}

#[test]
fn the_shop_says_in_which_currency() {
    let mut bought = line("1", 2, "10.00 USD");
    bought.price.presentment = money("1505 JPY");
    bought.discounts =
        vec![Discount { amount: Both { shop: money("1 USD"), presentment: money("151 JPY") }, across: true }];
    let mut order = order(vec![bought], "19.00 USD");
    order.subtotal.presentment = money("2859 JPY");
    assert_eq!(items(&declared(&order)), ["1: 2 x 9.50 USD"]);
    let theirs = Customs { currency: CustomsCurrency::Presentment, ..settings() };
    let declaration = declare(&order, &all(&order), &theirs).unwrap();
    assert_eq!(items(&declaration), ["1: 1 x 1429 JPY", "1: 1 x 1430 JPY"]);
    assert_eq!(declaration.total, money("2859 JPY"));
}

#[test]
fn digital_goods_and_gift_cards_count_but_are_not_declared() {
    let (mut digital, mut card) = (line("2", 1, "5.00 USD"), line("3", 1, "50.00 USD"));
    (digital.requires_shipping, card.requires_shipping, card.gift_card) = (false, false, true);
    for subtotal in ["45.00 USD", "95.00 USD", "40.00 USD", "90.00 USD"] {
        let order = order(vec![line("1", 2, "20.00 USD"), digital.clone(), card.clone()], subtotal);
        let declaration = declare(&order, &[Shipped { line: "1", units: 0..2 }], &settings()).unwrap();
        assert_eq!(items(&declaration), ["1: 2 x 20.00 USD"]);
        assert_eq!(declaration.seen.difference, None, "{subtotal}");
    }
}

#[test]
fn a_missing_code_waits_or_is_filled_in_or_left_empty_as_the_shop_says() {
    let mut bought = line("1", 3, "10.00 USD");
    (bought.hs_code, bought.origin) = (Some("6109".into()), None);
    let order = order(vec![bought], "30.00 USD");
    let shipped = [Shipped { line: "1", units: 0..1 }, Shipped { line: "1", units: 1..3 }];
    let seen = |settings: &Customs| declare(&order, &shipped, settings).unwrap();
    assert_eq!(seen(&settings()).seen.missing, ["Thing 1: \"6109\" is no HS code", "Thing 1: no country of origin"]);
    let filled = Customs {
        missing_hs_code: MissingCode::Use("6109.10".into()),
        missing_origin: MissingCode::LeaveEmpty,
        ..settings()
    };
    let declaration = seen(&filled);
    assert_eq!(declaration.seen.missing, Vec::<String>::new());
    assert_eq!((declaration.items[0].hs_code.as_deref(), &declaration.items[0].origin), (Some("610910"), &None));
}

#[test]
fn refunded_units_that_are_shipped_all_the_same_are_shown_at_what_was_paid() {
    let mut bought = off(line("1", 3, "5.00 USD"), &["5.00 USD"], &[]);
    bought.current_quantity = 1;
    for (subtotal, first) in [("3.33 USD", "1: 2 x 3.33 USD"), ("3.34 USD", "1: 2 x 3.33 USD")] {
        let order = order(vec![bought.clone()], subtotal);
        let declaration = declare(&order, &[Shipped { line: "1", units: 0..3 }], &settings()).unwrap();
        assert_eq!(items(&declaration), [first, "1: 1 x 3.34 USD"]);
        assert_eq!(declaration.seen.missing, ["Thing 1: the value of units that were refunded (2)"]);
    }
}

#[test]
fn what_cannot_be_declared_is_a_question() {
    let refused = |order: &Order, shipped: &[Shipped<'_>]| declare(order, shipped, &settings()).unwrap_err();
    let fine = || order(vec![line("1", 2, "1.00 USD")], "2.00 USD");
    let of = |line: Line| order(vec![line], "2.00 USD");
    let digits = of(line("1", 2, "1.005 USD"));
    assert_eq!(fact(&refused(&digits, &all(&digits)), "amount"), "1.005 USD");
    let mixed = of(off(line("1", 2, "1.00 USD"), &[], &["1 EUR"]));
    assert_eq!(fact(&refused(&mixed, &all(&mixed)), "amount"), "1.00 EUR");
    let below = of(off(line("1", 2, "1.00 USD"), &["2.01 USD"], &[]));
    assert_eq!(fact(&refused(&below, &all(&below)), "trouble"), "its discounts are above its price");
    let large = of(line("1", u32::MAX, "90000000000000.00 USD"));
    assert_eq!(fact(&refused(&large, &all(&large)), "trouble"), "the amount is too large");
    let more = refused(&fine(), &[Shipped { line: "1", units: 0..3 }]);
    assert_eq!((fact(&more, "units to ship"), fact(&more, "units ordered")), ("3", "2"));
    let unknown = refused(&fine(), &[Shipped { line: "9", units: 0..1 }]);
    assert_eq!((unknown.reason, fact(&unknown, "line")), (HoldReason::NotCarriable, "9"));
}

#[test]
fn what_a_discount_makes_free_is_declared_at_nothing() {
    let lines = vec![line("1", 1, "9.99 USD"), off(line("2", 2, "5.00 USD"), &["10.00 USD"], &[])];
    assert_eq!(items(&declared(&order(lines, "9.98 USD"))), ["1: 1 x 9.98 USD", "2: 2 x 0.00 USD"]);
}
