//! The topics that are work of ours, and what each of them says (*shopify.dev: Webhooks, version 2026-10; Privacy law
//! compliance*). Every other topic is counted and passed over.
//!
//! Left out on purpose: `order_transactions/create` (what it means for an order comes as `orders/paid` and
//! `orders/updated`), `fulfillments/*` (our own tracking numbers come back that way, and `orders/fulfilled` says the
//! same), and what passes between Shopify and third-party services (`fulfillment_orders/*_request_*`).

use lane::privacy::Ask;

use crate::verify::shopify::Told;

/// What the topic's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The whole order.
    Order,
    /// Something that names its order.
    OrderTouched,
    /// Nothing but the id of an order that is gone.
    OrderDeleted,
    /// A fulfilment order that changed.
    PartTouched,
    /// The shop that took the app away; `shop/update` says the same words, so it is never proof by itself.
    Uninstalled,
    /// A request about somebody's data.
    Privacy(Ask),
}

const TOPICS: [(&str, Says); 25] = [
    ("orders/create", Says::Order),
    ("orders/paid", Says::Order),
    ("orders/updated", Says::Order),
    ("orders/cancelled", Says::Order),
    ("orders/fulfilled", Says::Order),
    ("orders/partially_fulfilled", Says::Order),
    ("orders/edited", Says::OrderTouched),
    ("orders/risk_assessment_changed", Says::OrderTouched),
    ("refunds/create", Says::OrderTouched),
    ("orders/delete", Says::OrderDeleted),
    ("fulfillment_holds/added", Says::PartTouched),
    ("fulfillment_holds/released", Says::PartTouched),
    ("fulfillment_orders/placed_on_hold", Says::PartTouched),
    ("fulfillment_orders/hold_released", Says::PartTouched),
    ("fulfillment_orders/scheduled_fulfillment_order_ready", Says::PartTouched),
    ("fulfillment_orders/rescheduled", Says::PartTouched),
    ("fulfillment_orders/order_routing_complete", Says::PartTouched),
    ("fulfillment_orders/moved", Says::PartTouched),
    ("fulfillment_orders/split", Says::PartTouched),
    ("fulfillment_orders/merged", Says::PartTouched),
    ("fulfillment_orders/cancelled", Says::PartTouched),
    ("app/uninstalled", Says::Uninstalled),
    ("customers/data_request", Says::Privacy(Ask::Export)),
    ("customers/redact", Says::Privacy(Ask::RedactCustomer)),
    ("shop/redact", Says::Privacy(Ask::RedactShop)),
];

impl Says {
    /// What a topic says, if it is one of ours.
    pub(super) fn of(topic: &str) -> Option<Self> {
        TOPICS.into_iter().find(|(known, _)| *known == topic).map(|(_, says)| says)
    }
}

/// The topic as a label of metrics and logs: one of a few words, whatever the header says.
pub(crate) fn label(told: &Told) -> &'static str {
    match told.topic.as_deref() {
        None => "none",
        Some(topic) => TOPICS.into_iter().find(|(known, _)| *known == topic).map_or("other", |(known, _)| known),
    }
}
