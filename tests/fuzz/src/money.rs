//! Amounts as people and platforms write them. Nothing rounds: every digit that was read is there when it is written.

use std::cmp::Ordering;

use lane::money::Money;
use serde::{Deserialize, Serialize};

/// A setting that is money.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Limit {
    #[serde(with = "lane::money::text")]
    limit: Money,
}

/// Reads one line or two as money.
pub fn check(bytes: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(bytes) else { return "no_text" };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(money) = first.parse::<Money>() else { return "no_money" };
    keeps_every_digit(money, first);
    match money.minor_units() {
        Some(units) => assert_eq!(Money::from_minor_units(units, money.currency), money, "{first}"),
        None => assert!(!is_whole_and_small(money), "{first}"),
    }
    assert_eq!(money.compare(money), Ok(Ordering::Equal));
    match second.parse::<Money>() {
        Ok(other) => {
            compares(money, other);
            "two"
        }
        Err(_) => "one",
    }
}

fn keeps_every_digit(money: Money, text: &str) {
    let shown = money.to_string();
    assert_eq!(shown.parse::<Money>(), Ok(money), "{text} is shown as {shown}");
    assert_eq!(digits(&shown), digits(text), "{text} is shown as {shown}");
    let row = serde_json::to_string(&money).unwrap();
    assert_eq!(serde_json::from_str::<Money>(&row).unwrap(), money, "{row}");
    let limit = Limit { limit: money };
    let row = toml::to_string(&limit).unwrap();
    assert_eq!(toml::from_str::<Limit>(&row).unwrap(), limit, "{row}");
}

/// The digits that count of an amount: none that lead the whole or end the fraction with zeros.
fn digits(text: &str) -> (String, String) {
    let amount = text.trim().split(' ').next().unwrap_or_default();
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let of = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>();
    (of(whole).trim_start_matches('0').to_owned(), of(fraction).trim_end_matches('0').to_owned())
}

/// An amount of at most 14 digits before the point and none but the currency's behind it has minor units for sure.
fn is_whole_and_small(money: Money) -> bool {
    let (whole, fraction) = digits(&money.to_string());
    whole.len() <= 14 && u32::try_from(fraction.len()).is_ok_and(|digits| digits <= money.currency.minor_digits())
}

fn compares(one: Money, other: Money) {
    match (one.compare(other), other.compare(one)) {
        (Ok(there), Ok(back)) => {
            assert_eq!(there, back.reverse());
            assert_eq!(there == Ordering::Equal, one == other);
        }
        (Err(_), Err(_)) => assert_ne!(one.currency, other.currency),
        (there, back) => panic!("{there:?} there and {back:?} back"),
    }
}
