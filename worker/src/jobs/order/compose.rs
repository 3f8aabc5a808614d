//! From a fetched order to the order that `ShipStation` is given.
//!
//! | `ShipStation` | from |
//! |---|---|
//! | `orderKey` | shop id and order id; it makes repeated creates one order |
//! | `orderNumber` | the name (`#1001`), cut to 50 characters |
//! | `orderDate`, `paymentDate` | created, processed; Pacific |
//! | `shipTo` | the shipping address |
//! | `billTo` | the billing address, or the shipping address if there is none |
//! | `items` | the units that are this warehouse's (`load`), line by line; a line without a name bears its SKU's, or its id |
//! | `items.unitPrice` | after all discounts, as Shopify rounds it: where a line's discount does not divide evenly, units times price is some cents off the line. What customs is told is not made of it (`customs`) |
//! | `items.weight` | one unit's, if it is known |
//! | `items.options` | what the buyer asked for with the line (engraving, colour); what apps hide is left out |
//! | `taxAmount` | the tax as of now; 0 if the prices contain it, or `ShipStation`'s total would count it twice |
//! | `shippingAmount`, `amountPaid` | shipping as of now; everything received |
//! | `weight` | of the units that go, if each one's is known; the order's, if all of it goes and more is in it than the known lines; unknown otherwise |
//! | `customerNotes`, `gift`, `giftMessage`, notes and custom fields | `notes` |
//! | `requestedShippingService` | the title of the buyer's shipping method |
//! | `carrierCode` and what goes with it | the shop's first rule that fits the method; else left to the warehouse |
//! | `internationalOptions` | `goods`, if it crosses a border |
//! | `advancedOptions.storeId` | the shop's store. The warehouse reads it when it makes the order, and never again |
//!
//! All amounts are in the shop's currency, exactly as it tells them. Tax, shipping and what was paid are the whole order's,
//! also where only a part of it is this warehouse's: they are not divided by parcel anywhere, and a share of our making
//! would be nobody's figure. `customerUsername` stays out: `ShipStation` makes a customer record under it, which would
//! outlive the order there and be one more place for personal data.

use ::lane::carriage::Service;
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::ShopId;
use ::lane::money::Money;
use ::lane::shop::Shop;
use serde_json::{Number, Value, json};

use super::address::address;
use super::customs::{Declaration, Shipped};
use super::judge::Question;
use super::{goods, notes};
use crate::providers::shipstation::pacific::Pacific;
use crate::providers::shopify::order::{Line, Order};

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

/// Composes the order. An amount that JSON's numbers cannot hold exactly, and an address that does not fit, are questions
/// for a person.
pub(super) fn compose(
    shop: &Shop,
    order: &Order,
    shipped: &[Shipped<'_>],
    declaration: Option<&Declaration>,
    pacific: &Pacific,
) -> Result<Value, Question> {
    let carriage = &shop.carriage;
    let tax = if order.taxes_included { json!(0) } else { number(order.tax)? };
    let parcel: Vec<(&Line, u32)> = parcel(order, shipped).collect();
    let items: Result<Vec<Value>, Question> = parcel.iter().map(|(line, units)| item(line, *units)).collect();
    let mut composed = json!({
        "orderKey": order_key(&shop.id, &order.id),
        "orderNumber": order_number(&order.name),
        "orderDate": pacific.write(order.created_at),
        "paymentDate": pacific.write(order.processed_at),
        "orderStatus": TO_SHIP,
        "customerEmail": order.email,
        "billTo": address("bill to", order.bill_to.as_ref().or(order.ship_to.as_ref()))?,
        "shipTo": address("ship to", order.ship_to.as_ref())?,
        "items": items?,
        "amountPaid": number(order.received)?,
        "taxAmount": tax,
        "shippingAmount": number(order.shipping)?,
        "requestedShippingService": order.shipping_lines.first().map(|line| &line.title),
    });
    notes::put(&mut composed, order, &carriage.notes);
    if let Some(grams) = weight(order, &parcel) {
        composed["weight"] = in_grams(grams);
    }
    if let Some(service) = service(order, &carriage.services, &composed["shipTo"]["country"]) {
        composed["carrierCode"] = json!(service.carrier);
        composed["serviceCode"] = json!(service.service);
        if let Some(package) = &service.package {
            composed["packageCode"] = json!(package);
        }
        if let Some(confirmation) = &service.confirmation {
            composed["confirmation"] = json!(confirmation);
        }
    }
    if let Some(declaration) = declaration {
        composed["internationalOptions"] = goods::options(declaration, &carriage.customs)?;
    }
    if let Some(store) = carriage.store {
        composed["advancedOptions"]["storeId"] = json!(store);
    }
    Ok(composed)
}

/// The lines that go, each with its units.
fn parcel<'o>(order: &'o Order, shipped: &[Shipped<'_>]) -> impl Iterator<Item = (&'o Line, u32)> {
    shipped.iter().filter_map(|part| {
        let line = order.lines.iter().find(|line| line.id == part.line)?;
        u32::try_from(part.units.len()).ok().map(|units| (line, units))
    })
}

/// What the units weigh, if it is known. A weight of 0 is one that nobody entered.
fn weight(order: &Order, parcel: &[(&Line, u32)]) -> Option<u64> {
    let summed = parcel.iter().try_fold(0_u64, |sum, (line, units)| {
        let grams = line.weight_grams.filter(|grams| *grams > 0)?;
        sum.checked_add(grams.checked_mul(u64::from(*units))?)
    });
    let whole = || {
        let goes = |line: &Line| parcel.iter().any(|(other, units)| other.id == line.id && *units == line.quantity);
        let all = order.lines.iter().filter(|line| line.requires_shipping).all(goes);
        let known = order.lines.iter().filter_map(|line| line.weight_grams?.checked_mul(u64::from(line.quantity)));
        let known: u64 = known.fold(0, u64::saturating_add);
        // No more than what is known line by line: then the rest is not in it.
        order.weight_grams.filter(|grams| all && *grams > known)
    };
    summed.or_else(whole).filter(|grams| *grams > 0)
}

fn in_grams(grams: u64) -> Value {
    json!({"value": grams, "units": "grams"})
}

/// The service for the method that the buyer chose.
fn service<'s>(order: &Order, services: &'s [Service], country: &Value) -> Option<&'s Service> {
    let method = order.shipping_lines.first()?;
    services.iter().find(|service| service.fits(&method.title, method.code.as_deref(), country.as_str()))
}

fn item(line: &Line, units: u32) -> Result<Value, Question> {
    let mut named = [Some(line.name.as_str()), line.sku.as_deref()].into_iter().flatten().map(str::trim);
    let mut item = json!({
        "lineItemKey": line.id,
        "sku": line.sku,
        "name": named.find(|name| !name.is_empty()).unwrap_or(&line.id),
        "quantity": units,
        "unitPrice": number(line.unit_price)?,
    });
    if let Some(grams) = line.weight_grams.filter(|grams| *grams > 0) {
        item["weight"] = in_grams(grams);
    }
    let options = line.attributes.iter().filter(|attribute| notes::is_shown(attribute));
    let options: Vec<Value> = options.map(|option| json!({"name": option.key, "value": option.value})).collect();
    if !options.is_empty() {
        item["options"] = json!(options);
    }
    Ok(item)
}

/// The amount as a JSON number with the same digits. It goes through the decimal's text, and what the text became is
/// compared with it, because a double holds only some 15 digits.
pub(super) fn number(money: Money) -> Result<Value, Question> {
    let text = money.amount.normalize().to_string();
    let exact = text.parse::<Number>().ok().filter(|number| number.to_string() == text);
    exact.map(Value::Number).ok_or_else(|| Question {
        reason: HoldReason::NotCarriable,
        evidence: vec![Fact::new("amount", money), Fact::new("trouble", "too many digits")],
    })
}

#[cfg(test)]
pub(super) mod tests {
    use ::lane::carriage::{Carriage, Contents, NoteField};
    use ::lane::id::AccountId;
    use ::lane::policy::Policy;
    use ::lane::rules::{CustomsSeen, HoldRules, RiskSeen};
    use ::lane::shop::{Qualification, SecretRef, Source};

    use super::super::customs::CustomsItem;
    use super::*;
    use crate::providers::shopify::order::{
        Address, Attribute, Both, Customer, Delivery, Part, PartLine, PartRequest, PartStatus, ShippingLine,
    };

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn both(text: &str) -> Both {
        Both { shop: money(text), presentment: money(text) }
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
            gift_card: false,
            price: both(price),
            discounts: vec![],
            unit_price: money(price),
            weight_grams: Some(200),
            hs_code: None,
            origin: None,
            attributes: vec![],
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
            subtotal: both("39.90 USD"),
            taxes_included: false,
            presentment: "USD".parse().unwrap(),
            email: Some("jane@example.com".into()),
            note: None,
            tags: vec![],
            attributes: vec![],
            customer: Some(Customer { id: "7".into(), orders: Some(3), index: Some(3) }),
            ship_to: Some(address.clone()),
            bill_to: Some(address),
            shipping_lines: vec![ShippingLine { title: "Standard".into(), code: Some("standard".into()) }],
            weight_grams: Some(600),
            risk: RiskSeen::Accept,
            cards: vec![],
            lines: vec![line("1", 2, "19.95 USD"), line("2", 1, "0.00 USD")],
            parts: vec![part("1", &[("1", 2, 2), ("2", 1, 1)])],
            fulfilments: vec![],
        }
    }

    /// A part that is open at the main location: line, units in all, units left.
    pub(in crate::jobs::order) fn part(id: &str, lines: &[(&str, u32, u32)]) -> Part {
        let line = |&(line, total, remaining): &(&str, u32, u32)| PartLine {
            id: format!("gid://shopify/FulfillmentOrderLineItem/{id}{line}"),
            line: line.into(),
            remaining,
            total,
        };
        Part {
            id: format!("gid://shopify/FulfillmentOrder/{id}"),
            status: PartStatus::Open,
            request: PartRequest::Unsubmitted,
            delivery: Delivery::Shipping,
            location: "Main".into(),
            location_id: Some("1".into()),
            country: "US".into(),
            third_party: false,
            from: None,
            holds: vec![],
            lines: lines.iter().map(line).collect(),
        }
    }

    pub(in crate::jobs::order) fn shop() -> Shop {
        Shop {
            id: ShopId::parse("acme").unwrap(),
            source: Source::Shopify,
            domains: vec!["acme.myshopify.com".into()],
            token: SecretRef::Env("TOKEN".into()),
            warehouse: AccountId::at("shipstation", "main"),
            policy: Policy::default(),
            rules: HoldRules::default(),
            qualifies: Qualification::default(),
            carriage: Carriage::default(),
            added_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        }
    }

    pub(in crate::jobs::order) fn composed(order: &Order) -> Value {
        composed_for(&shop(), order)
    }

    /// Every line goes with what is left of it, in one parcel.
    pub(in crate::jobs::order) fn composed_for(shop: &Shop, order: &Order) -> Value {
        let shipped: Vec<Shipped<'_>> =
            order.shipped_lines().map(|line| Shipped { line: &line.id, units: 0..line.current_quantity }).collect();
        compose(shop, order, &shipped, None, &Pacific::load().unwrap()).unwrap()
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
                "quantity": quantity, "unitPrice": price.parse::<Number>().unwrap(),
                "weight": {"value": 200, "units": "grams"}})
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
            "gift": false,
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
        assert_eq!(composed["weight"]["value"], 200);
    }

    #[test]
    fn a_weight_is_of_what_goes_or_of_everything_or_unknown() {
        let mut order = order();
        order.weight_grams = Some(777);
        for unknown in [None, Some(0)] {
            order.lines[1].weight_grams = unknown;
            assert_eq!(composed(&order)["weight"]["value"], 777);
            assert!(composed(&order)["items"][1]["weight"].is_null());
        }
        // The order's weight is no more than the line that is known: the other is not in it.
        order.weight_grams = Some(400);
        assert!(composed(&order)["weight"].is_null());
        order.weight_grams = Some(777);
        // The order's weight counts what was returned, so it says nothing of the rest.
        order.lines[1].quantity = 2;
        assert!(composed(&order)["weight"].is_null());
        order.lines[1].quantity = 1;
        order.weight_grams = Some(0);
        assert!(composed(&order)["weight"].is_null());
    }

    #[test]
    fn a_line_without_a_name_bears_another_and_its_options_go_with_it() {
        let mut order = order();
        (order.lines[0].name, order.lines[1].name) = (" ".into(), String::new());
        order.lines[1].sku = None;
        let option = |key: &str, value: &str| Attribute { key: key.into(), value: Some(value.into()) };
        order.lines[0].attributes = vec![option("Engraving", "For Ann"), option("_id", "7"), option("Colour", "")];
        let composed = composed(&order);
        assert_eq!((&composed["items"][0]["name"], &composed["items"][1]["name"]), (&json!("SKU-1"), &json!("2")));
        assert_eq!(composed["items"][0]["options"], json!([{"name": "Engraving", "value": "For Ann"}]));
    }

    #[test]
    fn everything_that_a_shop_can_ask_for_is_in_the_order() {
        let mut shop = shop();
        let service = |method: &str, carrier: &str| Service {
            method: method.into(),
            countries: vec!["DE".into()],
            carrier: carrier.into(),
            service: format!("{carrier}_express"),
            package: Some("package".into()),
            confirmation: Some("signature".into()),
        };
        shop.carriage.services =
            vec![service("express*", "ups"), service("standard", "dhl"), service("STANDARD", "usps")];
        shop.carriage.store = Some(77);
        shop.carriage.customs.contents = Contents::Gift;
        shop.carriage.notes.tags = Some(NoteField::CustomField1);
        let mut order = order();
        order.tags = vec!["vip".into()];
        order.ship_to.as_mut().unwrap().country = Some("de".into());
        let shipped = [Shipped { line: "1", units: 0..2 }];
        let customs = CustomsItem {
            line: "1".into(),
            description: "Thing 1".into(),
            quantity: 2,
            value: money("19.95 USD"),
            hs_code: Some("691200".into()),
            origin: None,
        };
        let declaration = Declaration { items: vec![customs], total: money("39.90 USD"), seen: CustomsSeen::default() };
        let composed = compose(&shop, &order, &shipped, Some(&declaration), &Pacific::load().unwrap()).unwrap();
        assert_eq!(composed["items"].as_array().unwrap().len(), 1);
        let said = ["carrierCode", "serviceCode", "packageCode", "confirmation"].map(|name| composed[name].clone());
        assert_eq!(said, ["dhl", "dhl_express", "package", "signature"]);
        assert_eq!(composed["advancedOptions"], json!({"storeId": 77, "customField1": "vip"}));
        let options = json!({
            "contents": "gift", "nonDelivery": "return_to_sender",
            "customsItems": [{"description": "Thing 1", "quantity": 2, "value": 19.95,
                "harmonizedTariffCode": "691200", "countryOfOrigin": null}],
        });
        assert_eq!(composed["internationalOptions"], options);
        order.ship_to.as_mut().unwrap().country = Some("FR".into());
        let composed = compose(&shop, &order, &shipped, None, &Pacific::load().unwrap()).unwrap();
        assert!(composed["carrierCode"].is_null() && composed["internationalOptions"].is_null());
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
