//! Orders of the size of the platform's sample, each with ids of its own, as webhooks ready to be written to a socket.
//!
//! One order is made by the simulators' maker and written down once; its number stands in all of its ids, so putting another
//! number in its place makes another order. That costs next to nothing, and every body is signed for itself.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};
use simulators::orders::{Maker, headers, sign};

/// The number of the order that the others are made from. Numbers have seven digits, so that all bodies are equally long.
pub(super) const FIRST: u64 = 1_000_001;
/// Orders have at least so many bytes; the platform's sample has about 15 KB.
const BYTES_MIN: usize = 14_500;
/// Lines beyond this would take a second page when the order is fetched.
const LINES: usize = 8;

/// A text in which one number can stand for another.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    /// Wherever `text` has [`FIRST`], another number goes.
    pub(super) fn of(text: &str) -> Self {
        Self { parts: text.split(&FIRST.to_string()).map(str::to_owned).collect() }
    }

    /// The text with this number.
    pub(super) fn with(&self, number: u64) -> String {
        self.parts.join(&number.to_string())
    }
}

/// Makes orders, all placed at one time.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    body: Pattern,
    first: Value,
}

impl Orders {
    pub(super) fn placed(at: Timestamp) -> Self {
        let mut first = Maker::new(0, "USD").ship_country("US").lines(LINES).total_about(20_000).order(FIRST, at);
        beyond_the_maker(&mut first);
        Self { body: Pattern::of(&first.to_string()), first }
    }

    /// The order of the number [`FIRST`].
    pub(super) fn first(&self) -> &Value {
        &self.first
    }

    /// The body of an order's webhook.
    pub(super) fn body(&self, number: u64) -> String {
        self.body.with(number)
    }

    /// The order itself.
    pub(super) fn order(&self, number: u64) -> serde_json::Result<Value> {
        serde_json::from_str(&self.body(number))
    }

    /// A whole HTTP request, signed.
    pub(super) fn request(&self, shop: u64, number: u64, secret: &str) -> Vec<u8> {
        let body = self.body(number);
        let (id, signature) = (number.to_string(), sign(body.as_bytes(), secret));
        let mut request =
            "POST /webhooks/shopify HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n".to_owned();
        for (name, value) in headers("orders/create", &domain(shop), &id, &format!("e{id}"), signature) {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ = write!(request, "content-length: {}\r\n\r\n{body}", body.len());
        request.into_bytes()
    }
}

/// The shop's platform domain.
pub(super) fn domain(shop: u64) -> String {
    format!("shop-{shop}.myshopify.com")
}

/// The platform's id of an order.
pub(super) fn id_of(number: u64) -> u64 {
    Maker::new(0, "USD").order_id(number)
}

/// What the platform's orders have besides: where the buyer came from, and notes that apps leave.
fn beyond_the_maker(order: &mut Value) {
    order["client_details"] = json!({
        "accept_language": "en-US,en;q=0.9", "browser_height": 1080, "browser_ip": "203.0.113.7", "browser_width": 1920,
        "session_hash": null, "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    });
    order["landing_site"] = json!("/collections/all?utm_source=newsletter&utm_medium=email&utm_campaign=autumn");
    order["referring_site"] = json!("https://www.example.com/search");
    let mut notes = Vec::new();
    while order.to_string().len() < BYTES_MIN {
        let at = notes.len();
        notes.push(
            json!({"name": format!("app-note-{at}"), "value": format!("step {at} of checkout in {} ms", at * 37)}),
        );
        order["note_attributes"] = Value::Array(notes.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_as_long_as_the_platforms_and_share_no_id() {
        let orders = Orders::placed(Timestamp::UNIX_EPOCH);
        let [one, other] = [FIRST, FIRST + 41].map(|number| orders.order(number).unwrap());
        assert!((BYTES_MIN..18_000).contains(&orders.body(FIRST).len()), "{}", orders.body(FIRST).len());
        assert_eq!(orders.body(FIRST).len(), orders.body(9_999_999).len());
        assert_eq!(other["id"].as_u64(), Some(id_of(FIRST + 41)));
        assert_eq!(&one, orders.first());
        for differs in ["id", "name", "email", "customer", "admin_graphql_api_id"] {
            assert_ne!(one[differs], other[differs], "{differs}");
        }
        assert_ne!(one["line_items"][0]["id"], other["line_items"][0]["id"]);
        assert_eq!(one["updated_at"], other["updated_at"]);
    }

    #[test]
    fn a_request_bears_the_signature_of_its_body() {
        let orders = Orders::placed(Timestamp::UNIX_EPOCH);
        let request = String::from_utf8(orders.request(3, FIRST + 1, "secret")).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, orders.body(FIRST + 1));
        assert!(
            head.to_lowercase()
                .contains(&format!("x-shopify-hmac-sha256: {}", sign(body.as_bytes(), "secret")).to_lowercase())
        );
        assert!(head.contains("shop-3.myshopify.com") && head.contains(&format!("content-length: {}", body.len())));
    }
}
