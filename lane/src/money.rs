//! Money is an exact decimal with its currency. Nothing here rounds unless it says so.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Digits behind the decimal point: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;
    fn from_str(code: &str) -> Result<Self, InvalidMoney> {
        iso_currency::Currency::from_code(code).map(Self).ok_or_else(|| InvalidMoney::Currency(code.to_owned()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// The amount is no plain decimal number.
    #[error("{0:?} is not a decimal amount")]
    Amount(String),
    /// The code is not in ISO 4217.
    #[error("{0:?} is not an ISO 4217 currency code")]
    Currency(String),
    /// The text is not an amount, a space and a currency.
    #[error("{0:?} is not money; write it as an amount and a currency, for example 500.00 USD")]
    Shape(String),
    /// Two amounts of different currencies were compared.
    #[error("{0} and {1} cannot be compared without an exchange rate")]
    Mixed(Currency, Currency),
}

/// An amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The exact amount in major units.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// Reads the platforms' decimal strings (`"414.95"`).
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        let exact = Decimal::from_str_exact(amount).map_err(|_| InvalidMoney::Amount(amount.to_owned()))?;
        Ok(Self { amount: exact, currency })
    }

    /// The amount in minor units (cents), if it has no more digits than the currency.
    pub fn minor_units(self) -> Option<i64> {
        let factor = Decimal::from(10_i64.pow(self.currency.minor_digits()));
        let scaled = self.amount.checked_mul(factor)?;
        if scaled.fract().is_zero() { scaled.trunc().try_into().ok() } else { None }
    }

    /// The money that so many minor units make.
    pub fn from_minor_units(units: i64, currency: Currency) -> Self {
        Self { amount: Decimal::new(units, currency.minor_digits()), currency }
    }

    /// Compares two amounts of one currency.
    pub fn compare(self, other: Self) -> Result<Ordering, InvalidMoney> {
        if self.currency == other.currency {
            Ok(self.amount.cmp(&other.amount))
        } else {
            Err(InvalidMoney::Mixed(self.currency, other.currency))
        }
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let (amount, currency) = text.trim().split_once(' ').ok_or_else(|| InvalidMoney::Shape(text.to_owned()))?;
        Self::parse(amount, currency.trim().parse()?)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits().max(self.amount.normalize().scale());
        let mut shown = self.amount;
        shown.rescale(digits);
        write!(f, "{shown} {}", self.currency)
    }
}

/// Money as people write it (`500.00 USD`), for settings: `#[serde(with = "lane::money::text")]`.
pub mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Money;

    /// Writes `500.00 USD`.
    pub fn serialize<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(money)
    }

    /// Reads `500.00 USD`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn minor_units_follow_the_currency() {
        for (text, units) in [("414.95 USD", 41_495), ("1200 JPY", 1200), ("1.234 KWD", 1234), ("-3.10 EUR", -310)] {
            let money: Money = text.parse().unwrap();
            assert_eq!(money.minor_units(), Some(units), "{text}");
            assert_eq!(Money::from_minor_units(units, money.currency).to_string(), text);
        }
        assert_eq!("1.5 JPY".parse::<Money>().unwrap().minor_units(), None);
    }

    #[test]
    fn nothing_but_plain_decimals_of_known_currencies_is_money() {
        for bad in ["", "500", "USD 5", "1e3 USD", "0x10 USD", "5 ABC", "5 usd", "NaN USD", "1,5 EUR"] {
            assert!(bad.parse::<Money>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let (a, b): (Money, Money) = ("5 USD".parse().unwrap(), "5 EUR".parse().unwrap());
        assert!(a.compare(b).is_err());
    }

    proptest! {
        #[test]
        fn minor_units_round_trip(units in -1_000_000_000_000_i64..1_000_000_000_000, code in prop::sample::select(vec!["USD", "JPY", "KWD"])) {
            let money = Money::from_minor_units(units, code.parse().unwrap());
            prop_assert_eq!(money.minor_units(), Some(units));
            prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
        }
    }
}
