//! What is kept of an order's payments: the cards, by what is printed in every receipt.

use serde::Deserialize;

/// Digits at the end of a card's number that are kept.
const LAST_DIGITS: usize = 4;
/// An issuer number has six or eight digits. More of a card's number is never kept.
const ISSUER_DIGITS_MAX: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    kind: String,
    status: String,
    payment_details: Option<Card>,
}

/// Every field is missing if it was not paid by card.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    bin: Option<String>,
    /// With most digits masked.
    number: Option<String>,
    expiration_month: Option<u32>,
    expiration_year: Option<u32>,
}

/// The cards that paid, each once.
pub(super) fn cards(transactions: &[Transaction]) -> Vec<String> {
    let paid = transactions.iter().filter(|transaction| transaction.paid());
    let mut cards: Vec<String> = paid.filter_map(|paid| paid.payment_details.as_ref()?.text()).collect();
    cards.sort_unstable();
    cards.dedup();
    cards
}

impl Transaction {
    /// A card that was declined paid nothing, and a refund is no payment.
    fn paid(&self) -> bool {
        matches!(self.kind.as_str(), "AUTHORIZATION" | "EMV_AUTHORIZATION" | "SALE" | "CAPTURE")
            && matches!(self.status.as_str(), "SUCCESS" | "PENDING" | "AWAITING_RESPONSE")
    }
}

impl Card {
    /// `424242/4242/2027-03`. With less known than this two cards could look like one.
    fn text(&self) -> Option<String> {
        let issuer = digits(self.bin.as_deref()?);
        let number = digits(self.number.as_deref()?);
        let last = number.get(number.len().checked_sub(LAST_DIGITS)?..)?;
        let (year, month) = (self.expiration_year?, self.expiration_month?);
        let issuer = issuer.get(..issuer.len().min(ISSUER_DIGITS_MAX)).filter(|issuer| !issuer.is_empty())?;
        Some(format!("{issuer}/{last}/{year}-{month:02}"))
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn paid_by(kind: &str, status: &str, details: &Value) -> Vec<String> {
        let transaction: Transaction =
            from_value(json!({"kind": kind, "status": status, "paymentDetails": details})).unwrap();
        cards(&[transaction])
    }

    #[test]
    fn a_card_is_its_issuer_last_digits_and_expiry_and_never_its_number() {
        let card =
            |number: &str| json!({"bin": "424242", "number": number, "expirationMonth": 3, "expirationYear": 2027});
        for masked in ["•••• •••• •••• 4242", "************4242", "424242******4242", "4242424242424242"]
        {
            assert_eq!(paid_by("SALE", "SUCCESS", &card(masked)), ["424242/4242/2027-03"], "{masked}");
        }
        assert!(paid_by("SALE", "SUCCESS", &card("•42")).is_empty());
        let long = json!({"bin": "4242424242424242", "number": "4242", "expirationMonth": 12, "expirationYear": 2030});
        assert_eq!(paid_by("AUTHORIZATION", "PENDING", &long), ["42424242/4242/2030-12"]);
    }

    #[test]
    fn what_was_declined_given_back_or_not_paid_by_card_is_no_card() {
        let card = json!({"bin": "424242", "number": "•4242", "expirationMonth": 3, "expirationYear": 2027});
        for (kind, status) in [("SALE", "FAILURE"), ("SALE", "ERROR"), ("REFUND", "SUCCESS"), ("VOID", "SUCCESS")] {
            assert!(paid_by(kind, status, &card).is_empty(), "{kind} {status}");
        }
        let without_issuer = json!({"bin": null, "number": "•4242", "expirationMonth": 3, "expirationYear": 2027});
        for details in [json!(null), json!({}), without_issuer] {
            assert!(paid_by("SALE", "SUCCESS", &details).is_empty());
        }
    }

    #[test]
    fn a_card_that_paid_twice_counts_once() {
        let card = json!({"bin": "1", "number": "4242", "expirationMonth": 3, "expirationYear": 2027});
        let twice: Vec<Transaction> = ["AUTHORIZATION", "CAPTURE"]
            .map(|kind| from_value(json!({"kind": kind, "status": "SUCCESS", "paymentDetails": card})).unwrap())
            .into();
        assert_eq!(cards(&twice).len(), 1);
    }
}
