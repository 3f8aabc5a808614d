//! The operations that Shopify is asked to run, and what each requests of the shop's points.
//!
//! The documents count the costs out, by the rules of Shopify's page "GraphQL Admin API rate limits"; a test counts
//! them again. Shopify mostly asks for less than its rules say, and what an operation did not use comes back at once.

use crate::providers::call::Intent;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// `operationName`, which chooses it in its document.
    pub(super) name: &'static str,
    pub(super) document: &'static str,
    /// The field of `data` under which the answer stands.
    pub(super) answers: &'static str,
    /// The points that it requests.
    pub(super) cost: u32,
    pub(super) intent: Intent,
}

const ORDER_DOCUMENT: &str = include_str!("order.graphql");

/// The order with its first lines and parts.
pub(super) const ORDER: Operation =
    Operation { name: "Order", document: ORDER_DOCUMENT, answers: "order", cost: 253, intent: Intent::Read };
/// Further lines.
pub(super) const ORDER_LINES: Operation = Operation { name: "OrderLines", cost: 376, ..ORDER };
/// Further parts.
pub(super) const ORDER_PARTS: Operation = Operation { name: "OrderParts", cost: 251, ..ORDER };
/// Further lines of a part.
pub(super) const PART_LINES: Operation =
    Operation { name: "PartLines", answers: "fulfillmentOrder", cost: 202, ..ORDER };
/// Tells the shop of a shipment.
pub(super) const FULFIL: Operation = Operation {
    name: "Fulfil",
    document: include_str!("fulfil.graphql"),
    answers: "fulfillmentCreate",
    cost: 12,
    intent: Intent::Write,
};
/// The granted access scopes.
pub(super) const SCOPES: Operation = Operation {
    name: "Scopes",
    document: include_str!("scopes.graphql"),
    answers: "currentAppInstallation",
    cost: 2,
    intent: Intent::Read,
};
/// The shop's places.
pub(super) const LOCATIONS: Operation = Operation {
    name: "Locations",
    document: include_str!("locations.graphql"),
    answers: "locations",
    cost: 250,
    intent: Intent::Read,
};

#[cfg(test)]
mod tests;
