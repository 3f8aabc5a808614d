//! A webhook as Shopify delivers it.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use simulators::orders::{headers, sign};

use super::{SECRET, domain};

/// Deliveries bear ids that no other delivery of this process has.
static DELIVERIES: AtomicU64 = AtomicU64::new(1);

/// A signed webhook, ready to be posted more than once.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Delivery {
    /// A delivery with ids of its own.
    pub(crate) fn of(shop: &str, topic: &str, order: &Value) -> Self {
        Self::raw(shop, topic, serde_json::to_vec(order).unwrap())
    }

    /// A delivery of any bytes.
    pub(crate) fn raw(shop: &str, topic: &str, body: Vec<u8>) -> Self {
        Self::signed_with(SECRET, shop, topic, body)
    }

    /// A delivery of any bytes that is signed with any secret.
    pub(crate) fn signed_with(secret: &str, shop: &str, topic: &str, body: Vec<u8>) -> Self {
        let number = DELIVERIES.fetch_add(1, Ordering::Relaxed);
        let (delivery, event) = (format!("delivery-{number}"), format!("event-{number}"));
        let headers = headers(topic, &domain(shop), &delivery, &event, sign(&body, secret));
        Self { body, headers }
    }
}
