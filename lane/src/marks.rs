//! Marks: what tells that two orders are of one customer, one address or one card, without saying which. Only hashes are
//! kept, so that a ledger's row names nobody; a redaction takes the marks away too.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Hash of something about a person, 32 hexadecimal digits. Marks are only ever compared within one shop.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(String);

impl Mark {
    /// The mark of a customer by the platform's customer id.
    pub fn customer(id: &str) -> Self {
        Self::of("customer", id.trim())
    }

    /// The mark of a mail address.
    pub fn email(address: &str) -> Option<Self> {
        let address = address.trim().to_lowercase();
        (!address.is_empty()).then(|| Self::of("email", &address))
    }

    /// The mark of a postal address, however it is spaced, punctuated and capitalised. Nothing without a street and a
    /// country: two orders that say neither have nothing in common.
    pub fn address(street: &[&str], postal_code: &str, country: &str) -> Option<Self> {
        let (street, country) = (letters(&street.concat()), letters(country));
        if street.is_empty() || country.is_empty() {
            return None;
        }
        Some(Self::of("address", &format!("{street}/{}/{country}", letters(postal_code))))
    }

    /// The mark of a card by what the platform shows of it.
    pub fn card(shown: &str) -> Self {
        Self::of("card", shown)
    }

    /// The mark as text, for rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(kind: &str, text: &str) -> Self {
        let digest = Sha256::digest(format!("{kind}\u{1f}{text}"));
        Self(hex::encode(&digest[..16]))
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What is known of an order's people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Who ordered.
    pub customer: Option<Mark>,
    /// The order's mail address.
    pub email: Option<Mark>,
    /// Where it ships to.
    pub address: Option<Mark>,
    /// The first card that paid it.
    pub card: Option<Mark>,
}

impl Marks {
    /// Takes in what a later look says; what it does not say stays.
    pub fn learn(&mut self, later: Self) {
        let Self { customer, email, address, card } = later;
        self.customer = customer.or(self.customer.take());
        self.email = email.or(self.email.take());
        self.address = address.or(self.address.take());
        self.card = card.or(self.card.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let mark = Mark::address(&["12 Elm St.", ""], "97205-12", "us");
        assert_eq!(mark, Mark::address(&["12 ELM  ST"], "9720512", "US"));
        assert_ne!(mark, Mark::address(&["13 Elm St."], "97205-12", "us"));
        assert_eq!(Mark::address(&[" ", "-"], "97205", "US"), None);
        assert_eq!(Mark::address(&["12 Elm St"], "97205", ""), None);
    }

    #[test]
    fn kinds_never_meet_and_nothing_of_the_text_is_kept() {
        assert_ne!(Mark::customer("7"), Mark::card("7"));
        let mark = Mark::email(" Jane@Example.com ").unwrap();
        assert_eq!(Some(mark.clone()), Mark::email("jane@example.com"));
        assert!(mark.as_str().len() == 32 && !mark.as_str().contains("jane"));
        assert_eq!(Mark::email("  "), None);
    }

    #[test]
    fn a_later_look_adds_and_never_takes_away() {
        let all = |of: &str| Marks {
            customer: Some(Mark::customer(of)),
            email: Mark::email(of),
            address: Mark::address(&[of], "", "US"),
            card: Some(Mark::card(of)),
        };
        let mut marks = all("1");
        marks.learn(Marks::default());
        assert_eq!(marks, all("1"));
        marks.learn(Marks { card: Some(Mark::card("2")), ..Marks::default() });
        assert_eq!(marks, Marks { card: Some(Mark::card("2")), ..all("1") });
        marks.learn(all("3"));
        assert_eq!(marks, all("3"));
    }
}
