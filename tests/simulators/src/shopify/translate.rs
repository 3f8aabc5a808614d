//! From an order's REST shape, as webhooks carry it, to the shape of the GraphQL schema: one truth in both APIs.
//!
//! What REST does not carry stands beside the order ([`super::beyond`]) or is derived: what was received is what is not
//! outstanding of the current total, and what was refunded.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::access::Scopes;
use super::beyond::Stored;
use super::money::{Bag, decimal};
use super::risk::Risk;
use super::{discounts, lines, payments, shipments};

/// An order being translated.
pub(super) struct Source<'o> {
    pub(super) stored: &'o Stored,
}

/// The order as a tree in the schema's shape; connections are plain lists.
pub(super) fn order(stored: &Stored, risk: &Risk, scopes: &Scopes) -> Value {
    let source = Source { stored };
    let mut tree = source.facts();
    for part in [source.money(), source.people(), source.parts(risk)] {
        if let (Value::Object(tree), Value::Object(part)) = (&mut tree, part) {
            tree.extend(part);
        }
    }
    let parts = shipments::parts(stored, &tree, scopes);
    let fulfilments = shipments::fulfilments(stored, &tree);
    tree["fulfillmentOrders"] = parts;
    tree["fulfillments"] = fulfilments;
    tree
}

impl<'o> Source<'o> {
    pub(super) fn rest(&self) -> &'o Value {
        &self.stored.rest
    }

    fn facts(&self) -> Value {
        let rest = self.rest();
        let financial = upper(&rest["financial_status"]);
        let paid = financial == "PAID";
        json!({
            "id": gid("Order", &rest["id"]),
            "legacyResourceId": id_text(&rest["id"]),
            "name": rest["name"],
            "number": rest["number"],
            "confirmationNumber": rest["confirmation_number"],
            "poNumber": rest["po_number"],
            "sourceName": rest["source_name"],
            "createdAt": utc(&rest["created_at"]),
            "processedAt": utc(first_of(rest, &["processed_at", "created_at"])),
            "updatedAt": utc(&rest["updated_at"]),
            "cancelledAt": utc(&rest["cancelled_at"]),
            "cancelReason": upper(&rest["cancel_reason"]),
            "closed": !rest["closed_at"].is_null(),
            "closedAt": utc(&rest["closed_at"]),
            "test": truth(&rest["test"], false),
            "confirmed": truth(&rest["confirmed"], true),
            "edited": truth(&rest["edited"], false),
            "note": rest["note"],
            "tags": tags(&rest["tags"]),
            "email": rest["email"],
            "phone": rest["phone"],
            "customerLocale": rest["customer_locale"],
            "currencyCode": rest["currency"],
            "presentmentCurrencyCode": first_of(rest, &["presentment_currency", "currency"]),
            "displayFinancialStatus": financial,
            "displayFulfillmentStatus": shipments::display_status(self.stored),
            "fulfillable": lines::of(rest).iter().any(|line| line["fulfillable_quantity"].as_u64() > Some(0)),
            "fullyPaid": paid,
            "unpaid": !paid,
            "requiresShipping": lines::of(rest).iter().any(|line| truth(&line["requires_shipping"], true)),
            "taxesIncluded": truth(&rest["taxes_included"], false),
            "taxExempt": truth(&rest["tax_exempt"], false),
            "dutiesIncluded": truth(&rest["duties_included"], false),
            "paymentGatewayNames": list(&rest["payment_gateway_names"]),
            "discountCode": rest["discount_codes"][0]["code"],
            "discountCodes": entries(&rest["discount_codes"]).iter().map(|code| code["code"].clone()).collect::<Value>(),
            "customAttributes": attributes(&rest["note_attributes"]),
        })
    }

    fn people(&self) -> Value {
        let rest = self.rest();
        json!({
            "customer": customer(&rest["customer"], self.stored.customer_orders),
            "customerJourneySummary": self.journey(),
            "shippingAddress": address(&rest["shipping_address"], &rest["id"], "shipping"),
            "billingAddress": address(&rest["billing_address"], &rest["id"], "billing"),
        })
    }

    /// Which of its customer's orders it is, if that is worked out.
    fn journey(&self) -> Value {
        let written = self.stored.customer_order_index.or(self.stored.customer_orders);
        let index = written.or_else(|| self.rest()["customer"]["orders_count"].as_u64()).unwrap_or(1);
        let index = Some(index).filter(|index| *index > 0 && !self.rest()["customer"].is_null());
        json!({"customerOrderIndex": index, "ready": index.is_some()})
    }

    fn money(&self) -> Value {
        let rest = self.rest();
        let bag = |name: &str| self.bag(name).to_graphql();
        let optional = |name: &str| Bag::read(&rest[name]).map(|bag| bag.to_graphql());
        let outstanding = payments::outstanding(self);
        json!({
            "currentTotalPriceSet": bag("current_total_price"),
            "totalPriceSet": bag("total_price"),
            "currentSubtotalPriceSet": bag("current_subtotal_price"),
            "subtotalPriceSet": bag("subtotal_price"),
            "totalShippingPriceSet": bag("total_shipping_price"),
            "currentShippingPriceSet": bag("current_shipping_price"),
            "currentTotalTaxSet": bag("current_total_tax"),
            "totalTaxSet": bag("total_tax"),
            "currentTotalDiscountsSet": bag("current_total_discounts"),
            "totalDiscountsSet": bag("total_discounts"),
            "currentTotalDutiesSet": optional("current_total_duties_set"),
            "originalTotalDutiesSet": optional("original_total_duties_set"),
            "totalReceivedSet": payments::received(self).to_graphql(),
            "totalRefundedSet": payments::refunded(self).to_graphql(),
            "totalOutstandingSet": outstanding.to_graphql(),
            "totalTipReceivedSet": self.plain(&rest["total_tip_received"]).to_graphql(),
        })
    }

    fn parts(&self, risk: &Risk) -> Value {
        let rest = self.rest();
        let quantity = |field: &str| lines::of(rest).iter().filter_map(|line| line[field].as_u64()).sum::<u64>();
        let applications = discounts::discount_applications(self);
        let shipping = lines::shipping(self, &applications);
        json!({
            "subtotalLineItemsQuantity": quantity("quantity"),
            "currentSubtotalLineItemsQuantity": quantity("current_quantity"),
            "totalWeight": rest["total_weight"].as_u64().map(|grams| grams.to_string()),
            "taxLines": lines::taxes(self, &rest["tax_lines"]),
            "shippingLine": shipping.first(),
            "shippingLines": shipping,
            "discountApplications": applications,
            "risk": risk.to_graphql(),
            "transactions": payments::transactions(self),
            "lineItems": lines::items(self, &applications),
        })
    }

    /// A REST amount: its `*_set` if there is one, else its plain field, else nothing.
    pub(super) fn bag(&self, name: &str) -> Bag {
        Bag::read(&self.rest()[format!("{name}_set")]).unwrap_or_else(|| self.plain(&self.rest()[name]))
    }

    /// A decimal string in the order's currencies.
    pub(super) fn plain(&self, amount: &Value) -> Bag {
        let shop = self.rest()["currency"].as_str().unwrap_or("USD");
        let presentment = self.rest()["presentment_currency"].as_str().unwrap_or(shop);
        Bag::plain(decimal(amount).unwrap_or(Decimal::ZERO), shop, presentment)
    }
}

fn customer(rest: &Value, orders: Option<u64>) -> Value {
    if rest.is_null() {
        return Value::Null;
    }
    let names = [&rest["first_name"], &rest["last_name"]].into_iter().filter_map(Value::as_str);
    json!({
        "id": gid("Customer", &rest["id"]),
        "legacyResourceId": id_text(&rest["id"]),
        "displayName": names.collect::<Vec<_>>().join(" "),
        "email": rest["email"],
        "phone": rest["phone"],
        "firstName": rest["first_name"],
        "lastName": rest["last_name"],
        "note": rest["note"],
        "numberOfOrders": orders.or_else(|| rest["orders_count"].as_u64()).unwrap_or(1).to_string(),
        "tags": tags(&rest["tags"]),
        "verifiedEmail": truth(&rest["verified_email"], false),
    })
}

fn address(rest: &Value, order: &Value, kind: &str) -> Value {
    if rest.is_null() {
        return Value::Null;
    }
    json!({
        "id": format!("{}?model_name=Order&address={kind}", gid("MailingAddress", order).as_str().unwrap_or_default()),
        "name": rest["name"],
        "firstName": rest["first_name"],
        "lastName": rest["last_name"],
        "company": rest["company"],
        "address1": rest["address1"],
        "address2": rest["address2"],
        "city": rest["city"],
        "province": rest["province"],
        "provinceCode": rest["province_code"],
        "zip": rest["zip"],
        "country": rest["country"],
        "countryCodeV2": rest["country_code"],
        "phone": rest["phone"],
        "latitude": rest["latitude"],
        "longitude": rest["longitude"],
    })
}

/// REST joins tags with commas; GraphQL lists them.
fn tags(joined: &Value) -> Value {
    joined.as_str().unwrap_or_default().split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect()
}

/// REST tells times with the shop's offset, GraphQL in UTC.
pub(super) fn utc(time: &Value) -> Value {
    let parsed = time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    parsed.map_or(Value::Null, |at| json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

pub(super) fn gid(kind: &str, id: &Value) -> Value {
    id.as_u64().map_or(Value::Null, |id| json!(format!("gid://shopify/{kind}/{id}")))
}

pub(super) fn id_text(id: &Value) -> Value {
    id.as_u64().map_or(Value::Null, |id| json!(id.to_string()))
}

pub(super) fn truth(value: &Value, otherwise: bool) -> bool {
    value.as_bool().unwrap_or(otherwise)
}

pub(super) fn entries(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn attributes(list: &Value) -> Value {
    entries(list).iter().map(|pair| json!({"key": pair["name"], "value": pair["value"]})).collect()
}

fn upper(word: &Value) -> Value {
    word.as_str().map_or(Value::Null, |word| json!(word.to_uppercase()))
}

fn list(values: &Value) -> Value {
    if values.is_array() { values.clone() } else { json!([]) }
}

fn first_of<'v>(rest: &'v Value, names: &[&str]) -> &'v Value {
    names.iter().map(|name| &rest[*name]).find(|value| !value.is_null()).unwrap_or(&Value::Null)
}
