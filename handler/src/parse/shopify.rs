//! Shopify's webhooks: the topics that are work, and the order in the body.
//!
//! An authentic webhook of such a topic always becomes a [`Webhook`], understood or not: a refusal would be repeated
//! eight times and then cost the subscription.

mod order;

use lane::shop::Source;
use lane::webhook::{Content, Webhook};

use crate::parse::Arrival;
use crate::verify::shopify::{Told, Verified};

/// The topics whose body is an order.
const ORDER_TOPICS: [&str; 4] = ["orders/create", "orders/paid", "orders/updated", "orders/cancelled"];

/// Why an authentic webhook was not understood. These words are stored and shown, so they never quote the body; that
/// is why no parser's error is kept as their source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotUnderstood {
    #[error("the topic header is missing, comes twice or is not plain text")]
    NoTopic,
    #[error("the shop-domain header is missing, comes twice or is not plain text")]
    NoShopDomain,
    #[error("the body is not UTF-8")]
    NotText,
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("a field has an unexpected type or comes twice (line {line}, column {column})")]
    NotAnOrder { line: usize, column: usize },
    #[error("the order has no id")]
    NoId,
    #[error("the order's {field} is overlong or holds control characters")]
    NotPlain { field: &'static str },
}

/// What a webhook turned out to be.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// To be recorded.
    Webhook(Box<Webhook>),
    /// Authentic, about something that is no work of ours.
    OtherTopic,
}

/// Reads an authentic webhook.
pub(crate) fn parse(verified: &Verified, arrival: &Arrival) -> Parsed {
    let told = verified.told();
    if topic_label(told) == OTHER {
        return Parsed::OtherTopic;
    }
    Parsed::Webhook(Box::new(Webhook {
        source: Source::Shopify,
        merchant: told.shop_domain.clone().unwrap_or_default(),
        topic: told.topic.clone().unwrap_or_default(),
        webhook_id: told.webhook_id.clone(),
        event_id: told.event_id.clone(),
        body_hash: arrival.body_hash,
        body: verified.body().clone(),
        received_at: arrival.received_at,
        correlation: arrival.correlation.clone(),
        content: content(told, verified.body()),
    }))
}

fn content(told: &Told, body: &[u8]) -> Content {
    let understood = match (&told.topic, &told.shop_domain) {
        (None, _) => Err(NotUnderstood::NoTopic),
        (Some(_), None) => Err(NotUnderstood::NoShopDomain),
        (Some(_), Some(_)) => order::read(body),
    };
    match understood {
        Ok(news) => Content::Order(news),
        Err(why) => Content::Unreadable { why: why.to_string() },
    }
}

/// The label of every topic that is not ours.
const OTHER: &str = "other";

/// The topic as a label of metrics and logs: one of a few words, whatever the header says.
pub(crate) fn topic_label(told: &Told) -> &'static str {
    match told.topic.as_deref() {
        None => "none",
        Some(topic) => ORDER_TOPICS.into_iter().find(|known| *known == topic).unwrap_or(OTHER),
    }
}
