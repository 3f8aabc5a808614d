//! Shopify's webhooks: the topics that are work, and what their bodies say.
//!
//! An authentic webhook of such a topic always becomes a [`Webhook`], understood or not: a refusal would be repeated
//! eight times and then cost the subscription.
//!
//! Only the body is signed, not the topic and not the shop. Whoever has got hold of one signed body could send it again
//! under another topic: a customer's data request as a redaction, say. So each topic's reader takes only bodies that have
//! that topic's own shape, and whatever closes or erases something must name the shop in the body too. A shape is no
//! proof where two topics share it: `app/uninstalled` carries what `shop/update` carries (see [`uninstalled`]).

mod topic;
mod value;
mod order;
mod touched;
mod uninstalled;
mod privacy;

use bytes::Bytes;
use lane::shop::Source;
use lane::webhook::{Content, Webhook};

use self::topic::Says;
use crate::parse::Arrival;
use crate::verify::shopify::{Told, Verified};

pub(crate) use self::topic::label as topic_label;

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
    #[error("a field has an unexpected type, comes twice or does not belong there (line {line}, column {column})")]
    NotItsFields { line: usize, column: usize },
    #[error("the body is not of this topic: {0}")]
    NotOfTopic(&'static str),
    #[error("the body names another shop than the shop-domain header")]
    OtherShop,
    #[error("the order has no id")]
    NoId,
    #[error("the body names no order")]
    NamesNoOrder,
    #[error("the body names no fulfilment order")]
    NamesNoPart,
    #[error("the request names neither a customer nor an order")]
    NamesNobody,
    #[error("the order's {field} is overlong or holds control characters")]
    NotPlain { field: &'static str },
}

/// What is to be done about a request about somebody's data that nobody could read. The law's 30 days run all the same.
const LOOK_IT_UP: &str = "the request came and nothing is done about it: look it up in the Partner dashboard, because its \
                          body is not kept";

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
    let says = match told.topic.as_deref().map(Says::of) {
        None => Err(NotUnderstood::NoTopic),
        Some(None) => return Parsed::OtherTopic,
        Some(Some(says)) => Ok(says),
    };
    let about_data = matches!(says, Ok(Says::Privacy(_)));
    let content = match says.and_then(|says| content(says, told, verified.body(), arrival)) {
        Ok(content) => content,
        Err(why) if about_data => Content::Unreadable { why: format!("{why}; {LOOK_IT_UP}") },
        Err(why) => Content::Unreadable { why: why.to_string() },
    };
    Parsed::Webhook(Box::new(Webhook {
        source: Source::Shopify,
        merchant: told.shop_domain.clone().unwrap_or_default(),
        topic: told.topic.clone().unwrap_or_default(),
        webhook_id: told.webhook_id.clone(),
        event_id: told.event_id.clone(),
        body_hash: arrival.body_hash,
        // Somebody asked to be forgotten, perhaps: what a body says that cannot be read is not kept for that.
        body: if about_data { Bytes::new() } else { kept(verified.body(), &content) },
        received_at: arrival.received_at,
        correlation: arrival.correlation.clone(),
        content,
    }))
}

fn content(says: Says, told: &Told, body: &[u8], arrival: &Arrival) -> Result<Content, NotUnderstood> {
    let shop = told.shop_domain.as_deref().ok_or(NotUnderstood::NoShopDomain)?;
    match says {
        Says::Order => order::read(body).map(Content::Order),
        Says::OrderTouched => touched::order(body).map(Content::Touched),
        Says::OrderDeleted => touched::deleted(body).map(Content::Touched),
        Says::PartTouched => touched::part(body).map(Content::Touched),
        Says::Uninstalled => {
            uninstalled::check(body, shop)?;
            Ok(Content::Uninstalled { at: uninstalled::when(told.triggered_at, arrival.received_at) })
        }
        Says::Privacy(ask) => privacy::read_as(ask, body, shop).map(Content::Privacy),
    }
}

/// The body as far as anybody may have to read it again. Where the content is all that is needed, what else the body says
/// (a customer's mail address and telephone number, the owner's, a payment's receipt) goes no further than this.
fn kept(body: &Bytes, content: &Content) -> Bytes {
    match content {
        Content::Order(_) | Content::Unreadable { .. } => body.clone(),
        Content::Touched(_) | Content::Uninstalled { .. } | Content::Privacy(_) => Bytes::new(),
    }
}
