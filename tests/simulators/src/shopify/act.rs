//! What people can do at a shop: the control interface for tests. What becomes of it is in [`super::acting`].
//!
//! In Rust it is [`super::Shopify::act`], over HTTP `POST /__simulator/acts/{domain}` with the act as JSON
//! (`{"tag": {"order": 820982911946154508, "tags": ["vip"]}}`). A part is named by its place among the order's
//! fulfilment orders, counted from 0; a line by its id as text or by its SKU.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::changes::{Change, Refund};
use crate::orders::Sale;

/// One thing that somebody does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// A buyer orders: `orders/create`, and `orders/paid` if it is paid.
    Place {
        /// The order, with its `simulator` member if it has one.
        order: Value,
    },
    /// The same, from a description; placed and paid now.
    Sell {
        /// What is sold.
        sale: Box<Sale>,
        /// The order's number.
        number: u64,
    },
    /// The payment arrives: `orders/paid`, `orders/updated`.
    Pay {
        /// The order's id.
        order: u64,
    },
    /// The merchant edits lines: `orders/edited`, `orders/updated`. What was paid stays paid.
    Edit {
        /// The order's id.
        order: u64,
        /// What is changed.
        changes: Vec<Change>,
    },
    /// The merchant refunds: `refunds/create`, `orders/updated`.
    Refund {
        /// The order's id.
        order: u64,
        /// What is refunded.
        refund: Refund,
    },
    /// The ship-to address changes: `orders/updated`.
    Readdress {
        /// The order's id.
        order: u64,
        /// Its members replace those of the address; null takes the whole address away.
        address: Value,
    },
    /// The tags are replaced: `orders/updated`.
    Tag {
        /// The order's id.
        order: u64,
        /// The new ones.
        tags: Vec<String>,
    },
    /// The merchant cancels, refunds everything and restocks: `orders/cancelled`, `refunds/create`, `orders/updated`.
    Cancel {
        /// The order's id.
        order: u64,
        /// In lower case: `customer`, `fraud`, `inventory`, `declined`, `other`.
        reason: String,
    },
    /// A risk assessment comes in: `orders/risk_assessment_changed`. The order's `updated_at` stays.
    Assess {
        /// The order's id.
        order: u64,
        /// As [`super::Shopify::set_risk`] takes it.
        recommendation: String,
        /// As [`super::Shopify::set_risk`] takes it.
        level: String,
    },
    /// The parts are laid out anew, as the fixture's `fulfillment_orders` are written: `orders/updated`.
    Split {
        /// The order's id.
        order: u64,
        /// The new parts; units that none names go to one of the usual kind.
        parts: Value,
    },
    /// A hold is put on a part: `fulfillment_holds/added`, with the first also `fulfillment_orders/placed_on_hold`.
    Hold {
        /// The order's id.
        order: u64,
        /// The part's place.
        part: usize,
        /// A `FulfillmentHoldReason`.
        reason: String,
        /// What the merchant wrote.
        notes: Option<String>,
        /// The app's name for it.
        handle: Option<String>,
    },
    /// Holds are taken off a part: `fulfillment_holds/released` each, with the last
    /// `fulfillment_orders/hold_released`.
    Release {
        /// The order's id.
        order: u64,
        /// The part's place.
        part: usize,
        /// Only the one with this handle; else all.
        handle: Option<String>,
    },
    /// A part is put off until a time: `fulfillment_orders/rescheduled`.
    Schedule {
        /// The order's id.
        order: u64,
        /// The part's place.
        part: usize,
        /// From when it may be fulfilled, RFC 3339.
        at: String,
    },
    /// A scheduled part becomes due: `fulfillment_orders/scheduled_fulfillment_order_ready`.
    Ready {
        /// The order's id.
        order: u64,
        /// The part's place.
        part: usize,
    },
    /// Somebody else fulfils a part: `fulfillments/create`, `orders/fulfilled` or `orders/partially_fulfilled`,
    /// `orders/updated`.
    Fulfil {
        /// The order's id.
        order: u64,
        /// The part's place.
        part: usize,
        /// Lines and units; none mean all that is left.
        #[serde(default)]
        units: Vec<(String, u64)>,
        /// As `FulfillmentTrackingInput`.
        #[serde(default)]
        tracking: Value,
    },
    /// The order is deleted: `orders/delete`. From now on it is null.
    Delete {
        /// The order's id.
        order: u64,
    },
    /// The merchant uninstalls the app: `app/uninstalled`; the token is refused from now on.
    Uninstall,
    /// A customer asks what is stored: `customers/data_request`.
    AskForData {
        /// One of the customer's orders.
        order: u64,
    },
    /// A customer's data must go: `customers/redact`.
    RedactCustomer {
        /// One of the customer's orders.
        order: u64,
    },
    /// The shop's data must go, two days after it left: `shop/redact`.
    RedactShop,
}
