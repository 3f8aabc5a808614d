//! What Shopify tells of: topics and bodies. Sending them is the test's part.

use serde::Serialize;
use serde_json::{Value, json};

use super::parts::{Hold, Part};
use crate::orders::{headers, sign};

/// A webhook, not yet signed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Webhook {
    /// The topic, as its header has it.
    pub topic: String,
    /// The body.
    pub body: Value,
}

impl Webhook {
    pub(super) fn of(topic: &str, body: Value) -> Self {
        Self { topic: topic.to_owned(), body }
    }

    /// The bytes of a delivery and its headers, signed with the app's secret.
    pub fn signed(
        &self,
        domain: &str,
        secret: &str,
        webhook_id: &str,
        event_id: &str,
    ) -> (Vec<u8>, Vec<(&'static str, String)>) {
        let bytes = self.body.to_string().into_bytes();
        let headers = headers(&self.topic, domain, webhook_id, event_id, sign(&bytes, secret));
        (bytes, headers)
    }
}

/// `orders/edited`: not the order but what was done to it.
pub(super) fn edited(id: u64, order: &Value, (added, removed): (Vec<Value>, Vec<Value>)) -> Webhook {
    Webhook::of(
        "orders/edited",
        json!({"order_edit": {
            "id": id,
            "app_id": null,
            "created_at": order["updated_at"],
            "committed_at": order["updated_at"],
            "notify_customer": false,
            "order_id": order["id"],
            "staff_note": "",
            "user_id": null,
            "line_items": {"additions": added, "removals": removed},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }}),
    )
}

/// `orders/risk_assessment_changed`: the level, without order and recommendation. The provider is Shopify.
pub(super) fn assessed(order: &Value, level: &str) -> Webhook {
    Webhook::of(
        "orders/risk_assessment_changed",
        json!({
            "admin_graphql_api_order_id": order["admin_graphql_api_id"],
            "order_id": order["id"].to_string(),
            "risk_level": level.to_lowercase(),
            "provider_id": null,
            "provider_title": null,
            "created_at": order["updated_at"],
        }),
    )
}

/// A hold was put on a part; the first one puts the part on hold.
pub(super) fn held(part: &Part, hold: &Hold) -> Vec<Webhook> {
    let mut told = vec![Webhook::of(
        "fulfillment_holds/added",
        json!({
            "fulfillment_order": {"id": part.gid()},
            "fulfillment_hold": hold_of(hold),
        }),
    )];
    if part.holds.len() == 1 {
        let lines: Value = part
            .lines
            .iter()
            .map(|line| {
                json!({"id": format!("gid://shopify/FulfillmentOrderLineItem/{}", line.id), "quantity": line.remaining})
            })
            .collect();
        told.push(Webhook::of(
            "fulfillment_orders/placed_on_hold",
            json!({
                "fulfillment_order": {
                    "id": part.gid(),
                    "status": part.status.word(),
                    "fulfillment_holds": part.holds.iter().map(hold_of).collect::<Value>(),
                },
                "remaining_fulfillment_order": null,
                "held_fulfillment_order_line_items": lines,
                "created_fulfillment_hold": hold_of(hold),
            }),
        ));
    }
    told
}

/// Holds were taken off a part; the last one sets the part free.
pub(super) fn released(part: &Part, gone: &[Hold]) -> Vec<Webhook> {
    let mut told: Vec<Webhook> = gone
        .iter()
        .map(|hold| {
            Webhook::of(
                "fulfillment_holds/released",
                json!({
                    "fulfillment_order": {"id": part.gid()},
                    "fulfillment_hold": hold_of(hold),
                }),
            )
        })
        .collect();
    if part.holds.is_empty() && !gone.is_empty() {
        told.push(about(part, "fulfillment_orders/hold_released"));
    }
    told
}

/// A topic that says nothing but which part and its status.
pub(super) fn about(part: &Part, topic: &str) -> Webhook {
    Webhook::of(topic, json!({"fulfillment_order": {"id": part.gid(), "status": part.status.word()}}))
}

fn hold_of(hold: &Hold) -> Value {
    json!({
        "id": format!("gid://shopify/FulfillmentHold/{}", hold.id),
        "reason": hold.reason.to_lowercase(),
        "reason_notes": hold.notes,
        "held_by_requesting_app": false,
        "handle": hold.handle,
        "held_by_app": null,
    })
}

/// The shop itself, as `app/uninstalled` carries it.
pub(super) fn uninstalled(domain: &str) -> Webhook {
    Webhook::of(
        "app/uninstalled",
        json!({
            "id": shop_id(domain),
            "name": domain.split('.').next(),
            "email": format!("owner@{domain}"),
            "domain": domain,
            "myshopify_domain": domain,
            "province": null,
            "country": "US",
            "country_code": "US",
            "currency": "USD",
            "iana_timezone": "America/New_York",
            "plan_name": "basic",
            "created_at": null,
            "updated_at": null,
        }),
    )
}

/// `customers/data_request` or `customers/redact` about the customer of one order.
pub(super) fn about_customer(topic: &str, orders: &str, domain: &str, order: &Value) -> Webhook {
    let customer = &order["customer"];
    let mut body = json!({
        "shop_id": shop_id(domain),
        "shop_domain": domain,
        "customer": {"id": customer["id"], "email": customer["email"], "phone": customer["phone"]},
    });
    body[orders] = json!([order["id"]]);
    if topic == "customers/data_request" {
        body["data_request"] = json!({"id": 9999});
    }
    Webhook::of(topic, body)
}

/// `shop/redact`.
pub(super) fn shop_redacted(domain: &str) -> Webhook {
    Webhook::of("shop/redact", json!({"shop_id": shop_id(domain), "shop_domain": domain}))
}

/// The same for the same domain.
pub(super) fn shop_id(domain: &str) -> u64 {
    domain.bytes().fold(5_381, |id: u64, byte| (id * 33 + u64::from(byte)) % 90_000_000_000) + 10_000_000_000
}
