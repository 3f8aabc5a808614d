//! From a fetched order to the order that `ShipStation` is given.
//!
//! | `ShipStation` | from |
//! |---|---|
//! | `orderKey` | shop id and order id; it makes repeated creates one order |
//! | `orderNumber` | the name (`#1001`), cut to 50 characters |
//! | `orderDate`, `paymentDate` | created, processed; Pacific |
//! | `shipTo` | the shipping address |
//! | `billTo` | the billing address, or the shipping address if there is none |
//! | `items` | lines that are shipped, with what is left of their quantity after edits and refunds |
//! | `items.unitPrice` | after all discounts: what the buyer pays, so that the customs value is true; an order's discount that does not divide evenly leaves a cent of rounding |
//! | `taxAmount` | the tax as of now; 0 if the prices contain it, or `ShipStation`'s total would count it twice |
//! | `shippingAmount`, `amountPaid` | shipping as of now; everything received |
//! | `weight` | the order's, while nothing of it was returned; unknown otherwise |
//!
//! All amounts are in the shop's currency, exactly as it tells them.

use ::lane::hold::{Fact, HoldReason};
use ::lane::id::ShopId;
use ::lane::money::Money;
use serde_json::{Map, Number, Value, json};

use super::judge::Question;
use crate::providers::shipstation::pacific::Pacific;
use crate::providers::shopify::order::{Address, Line, Order};

/// The longest order number that `ShipStation` takes.
const NUMBER_MAX: usize = 50;

/// The status of an order that may be shipped.
pub(super) const TO_SHIP: &str = "awaiting_shipment";

/// The key under which an order is written, for ever.
pub(super) fn order_key(shop: &ShopId, id: impl std::fmt::Display) -> String {
    format!("{shop}-{id}")
}

/// The number under which it is found again.
pub(super) fn order_number(name: &str) -> String {
    name.chars().take(NUMBER_MAX).collect()
}

/// Composes the order. An amount that JSON's numbers cannot hold exactly is a question for a person.
pub(super) fn compose(shop: &ShopId, order: &Order, pacific: &Pacific) -> Result<Value, Question> {
    let bill_to = order.bill_to.as_ref().or(order.ship_to.as_ref());
    let tax = if order.taxes_included { json!(0) } else { number(order.tax)? };
    let items: Result<Vec<Value>, Question> = order.shipped_lines().map(item).collect();
    let mut composed = json!({
        "orderKey": order_key(shop, &order.id),
        "orderNumber": order_number(&order.name),
        "orderDate": pacific.write(order.created_at),
        "paymentDate": pacific.write(order.processed_at),
        "orderStatus": TO_SHIP,
        "customerEmail": order.email,
        "billTo": address(bill_to),
        "shipTo": address(order.ship_to.as_ref()),
        "items": items?,
        "amountPaid": number(order.received)?,
        "taxAmount": tax,
        "shippingAmount": number(order.shipping)?,
        "customerNotes": order.note,
        "requestedShippingService": order.shipping_service,
    });
    if let (Some(grams), true) = (order.weight_grams.filter(|grams| *grams > 0), complete(order)) {
        composed["weight"] = json!({"value": grams, "units": "grams"});
    }
    Ok(composed)
}

/// Whether everything that was ordered is still to be shipped, so that the order's weight is true.
fn complete(order: &Order) -> bool {
    order.lines.iter().all(|line| line.current_quantity == line.quantity)
}

fn item(line: &Line) -> Result<Value, Question> {
    Ok(json!({
        "lineItemKey": line.id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.current_quantity,
        "unitPrice": number(line.unit_price)?,
    }))
}

fn address(given: Option<&Address>) -> Value {
    let Some(given) = given else {
        // ShipStation insists on an address; an empty one can be filled in there.
        return Value::Object(Map::from_iter([("name".to_owned(), json!(""))]));
    };
    json!({
        "name": given.name,
        "company": given.company,
        "street1": given.street1,
        "street2": given.street2,
        "city": given.city,
        "state": given.state,
        "postalCode": given.postal_code,
        "country": given.country,
        "phone": given.phone,
    })
}

/// The amount as a JSON number with the same digits. It goes through the decimal's text, and what the text became is
/// compared with it, because a double holds only some 15 digits.
fn number(money: Money) -> Result<Value, Question> {
    let text = money.amount.normalize().to_string();
    let exact = text.parse::<Number>().ok().filter(|number| number.to_string() == text);
    exact.map(Value::Number).ok_or_else(|| Question {
        reason: HoldReason::NotCarriable,
        evidence: vec![Fact::new("amount", money), Fact::new("trouble", "too many digits")],
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    pub(in crate::jobs::order) fn line(id: &str, quantity: u32, price: &str) -> Line {
        Line {
            id: id.into(),
            sku: Some(format!("SKU-{id}")),
            name: format!("Thing {id}"),
            quantity,
            current_quantity: quantity,
            unfulfilled_quantity: quantity,
            requires_shipping: true,
            unit_price: money(price),
        }
    }

    pub(in crate::jobs::order) fn order() -> Order {
        let address = Address {
            name: Some("Jane Doe".into()),
            company: None,
            street1: Some("12 Elm Street".into()),
            street2: None,
            city: Some("Portland".into()),
            state: Some("OR".into()),
            postal_code: Some("97205".into()),
            country: Some("US".into()),
            phone: Some("+1 555 010 9999".into()),
        };
        Order {
            id: "820982911946154508".into(),
            name: "#1001".into(),
            created_at: "2026-11-20T10:00:00Z".parse().unwrap(),
            processed_at: "2026-11-20T10:00:01Z".parse().unwrap(),
            updated_at: "2026-11-20T10:05:00Z".parse().unwrap(),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            total: money("42.50 USD"),
            received: money("42.50 USD"),
            tax: money("2.50 USD"),
            shipping: money("0.10 USD"),
            taxes_included: false,
            email: Some("jane@example.com".into()),
            note: None,
            attributes: vec![],
            ship_to: Some(address.clone()),
            bill_to: Some(address),
            shipping_service: Some("Standard".into()),
            weight_grams: Some(600),
            risk_pending: false,
            risk_recommendation: "accept".into(),
            lines: vec![line("1", 2, "19.95 USD"), line("2", 1, "0.00 USD")],
        }
    }

    pub(in crate::jobs::order) fn composed(order: &Order) -> Value {
        let shop = ShopId::parse("acme").unwrap();
        compose(&shop, order, &Pacific::load().unwrap()).unwrap()
    }

    #[test]
    fn an_order_is_composed_with_exact_amounts_and_pacific_times() {
        let address = json!({
            "name": "Jane Doe", "company": null, "street1": "12 Elm Street", "street2": null,
            "city": "Portland", "state": "OR", "postalCode": "97205", "country": "US",
            "phone": "+1 555 010 9999",
        });
        let item = |key: &str, quantity: u32, price: &str| {
            json!({"lineItemKey": key, "sku": format!("SKU-{key}"), "name": format!("Thing {key}"),
                "quantity": quantity, "unitPrice": price.parse::<Number>().unwrap()})
        };
        let expected = json!({
            "orderKey": "acme-820982911946154508",
            "orderNumber": "#1001",
            "orderDate": "2026-11-20 02:00:00",
            "paymentDate": "2026-11-20 02:00:01",
            "orderStatus": "awaiting_shipment",
            "customerEmail": "jane@example.com",
            "billTo": address,
            "shipTo": address,
            "items": [item("1", 2, "19.95"), item("2", 1, "0")],
            "amountPaid": 42.5,
            "taxAmount": 2.5,
            "shippingAmount": 0.1,
            "customerNotes": null,
            "requestedShippingService": "Standard",
            "weight": {"value": 600, "units": "grams"},
        });
        assert_eq!(composed(&order()), expected);
    }

    #[test]
    fn amounts_keep_their_digits_and_their_currencys_digits() {
        for (text, json) in [
            ("0.10 USD", "0.1"),
            ("1200 JPY", "1200"),
            ("1.234 KWD", "1.234"),
            ("9007199254740993 JPY", "9007199254740993"),
            ("99999999999.99 USD", "99999999999.99"),
        ] {
            assert_eq!(number(money(text)).unwrap().to_string(), json, "{text}");
        }
        let question = number(money("123456789012345678.91 USD")).unwrap_err();
        assert_eq!(question.reason, HoldReason::NotCarriable);
    }

    #[test]
    fn only_what_is_left_and_ships_is_sent() {
        let mut order = order();
        order.lines[0].current_quantity = 1;
        order.lines[1].requires_shipping = false;
        let composed = composed(&order);
        assert_eq!(composed["items"].as_array().unwrap().len(), 1);
        assert_eq!(composed["items"][0]["quantity"], 1);
        // The order's weight counts what was returned, so it is not known any more.
        assert!(composed["weight"].is_null());
    }

    #[test]
    fn missing_addresses_fall_back_or_stay_empty() {
        let mut order = order();
        order.bill_to = None;
        assert_eq!(composed(&order)["billTo"]["city"], "Portland");
        order.ship_to = None;
        assert_eq!(composed(&order)["shipTo"], json!({"name": ""}));
        assert_eq!(composed(&order)["billTo"], json!({"name": ""}));
    }

    #[test]
    fn tax_inside_the_prices_is_not_counted_twice() {
        let mut order = order();
        order.taxes_included = true;
        assert_eq!(composed(&order)["taxAmount"], 0);
    }

    #[test]
    fn a_long_number_is_cut_and_the_key_never_is() {
        let mut order = order();
        order.name = "é".repeat(60);
        let composed = composed(&order);
        assert_eq!(composed["orderNumber"].as_str().unwrap().chars().count(), 50);
        assert_eq!(composed["orderKey"], "acme-820982911946154508");
    }
}
