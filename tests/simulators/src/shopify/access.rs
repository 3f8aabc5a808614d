//! Access scopes: what the shop granted to the app, and what a field needs.
//!
//! The pages that say so are those of the objects themselves on shopify.dev (`FulfillmentOrder`: API access scopes;
//! changelog: the location object requires `read_locations`). Where several scopes are named, one of them is enough.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parts::{Keeper, Part};
use super::problem::Problem;

/// What an app is granted unless a test says otherwise: everything that the whole order work can use.
pub(super) const DEFAULT: [&str; 11] = [
    "read_orders",
    "read_customers",
    "read_products",
    "read_inventory",
    "read_locations",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
    "write_third_party_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "write_assigned_fulfillment_orders",
];

const READ_PARTS: [&str; 3] = [
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
    "read_assigned_fulfillment_orders",
];

const WRITE_PARTS: [&str; 3] = [
    "write_merchant_managed_fulfillment_orders",
    "write_third_party_fulfillment_orders",
    "write_assigned_fulfillment_orders",
];

/// The scopes of one token.
#[derive(Debug, Clone)]
pub(super) struct Scopes(BTreeSet<String>);

impl Default for Scopes {
    fn default() -> Self {
        Self::of(DEFAULT)
    }
}

impl Scopes {
    pub(super) fn of<'s>(handles: impl IntoIterator<Item = &'s str>) -> Self {
        Self(handles.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What is wrong with reading the field, if it may not be read.
    pub(super) fn refuses(&self, parent: &str, field: &str, path: Vec<Value>) -> Option<Problem> {
        let needed = needed(parent, field);
        if needed.is_empty() || needed.iter().any(|scope| self.has(scope)) {
            return None;
        }
        let named = needed.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(" or ");
        let message = format!("Access denied for {field} field. Required access: {named} access scope.");
        let problem = Problem::new("ACCESS_DENIED", message)
            .with("documentation", "https://shopify.dev/api/usage/access-scopes")
            .with("requiredAccess", format!("{named} access scope."));
        Some(problem.at(path))
    }

    /// Whether the app sees this part: a merchant's own locations and those of services have scopes of their own.
    pub(super) fn reads(&self, part: &Part) -> bool {
        self.may("read", part)
    }

    /// Whether the app may fulfil it.
    pub(super) fn writes(&self, part: &Part) -> bool {
        self.may("write", part)
    }

    fn may(&self, verb: &str, part: &Part) -> bool {
        let whose = match part.location.keeper {
            Keeper::Merchant | Keeper::GiftCards => "merchant_managed",
            Keeper::Service => "third_party",
        };
        self.has(&format!("{verb}_{whose}_fulfillment_orders"))
    }

    fn has(&self, scope: &str) -> bool {
        // Whoever may write may read.
        self.0.contains(scope)
            || scope.strip_prefix("read_").is_some_and(|what| self.0.contains(&format!("write_{what}")))
    }
}

fn needed(parent: &str, field: &str) -> &'static [&'static str] {
    match (parent, field) {
        ("QueryRoot", "order") => &["read_orders"],
        ("QueryRoot" | "Order", "fulfillmentOrder" | "fulfillmentOrders") => &READ_PARTS,
        ("Mutation", "fulfillmentCreate") => &WRITE_PARTS,
        ("Order", "customer") => &["read_customers"],
        ("LineItem", "product" | "variant") => &["read_products"],
        ("ProductVariant", "inventoryItem") => &["read_inventory", "read_products"],
        ("Location", "id") => &["read_locations", "read_inventory"],
        ("QueryRoot", "locations") | ("Location", _) => &["read_locations"],
        _ => &[],
    }
}
