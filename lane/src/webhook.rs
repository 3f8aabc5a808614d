//! What the handler hands to the ledger: an authentic webhook, its identity, and what it says.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::id::{CorrelationId, Fingerprint, JobId};
use crate::marks::Marks;
use crate::privacy::{Ask, PrivacyRequest};
use crate::shop::Source;

/// An authentic webhook, ready to be recorded.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The platform it came from.
    pub source: Source,
    /// The merchant it names, lower-cased: Shopify's shop domain. Not signed by the platform.
    pub merchant: String,
    /// The platform's topic, such as `orders/create`. Not signed by the platform.
    pub topic: String,
    /// Identifies the delivery; the same when the platform repeats it.
    pub webhook_id: Option<String>,
    /// Identifies the merchant's action; several topics share it.
    pub event_id: Option<String>,
    /// SHA-256 of the raw body.
    pub body_hash: [u8; 32],
    /// The raw body, byte for byte; empty where the content is all that may be kept of it.
    pub body: Bytes,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Follows it through the logs.
    pub correlation: CorrelationId,
    /// What it says.
    pub content: Content,
}

impl Webhook {
    /// The permanent keys by which a repetition is recognised: the webhook id, the event id within shop and topic, and
    /// the body within shop and topic. `owner` is the shop id, or the merchant's name while the shop is unknown.
    ///
    /// What carries no order can say the same twice and mean it: a hold that is released, placed and released again has two
    /// releases of one body, and a shop that leaves twice asks twice to be forgotten. Those are told apart by their event
    /// ids, and by the body only where there is none. No id is signed, though: whoever has got hold of one such body can
    /// invent as many as he likes. So the body of a touch is remembered all the same, by [`Webhook::repeat_key`], and what
    /// it can do when it comes again is bounded.
    pub fn identity_keys(&self, owner: &str) -> Vec<[u8; 32]> {
        let source = self.source.as_str().as_bytes();
        let scope = self.scope(owner);
        let mut keys = Vec::with_capacity(3);
        if let Some(id) = &self.webhook_id {
            keys.push(identity_key(b"webhook", &[source, id.as_bytes()]));
        }
        if let Some(id) = &self.event_id {
            keys.push(identity_key(b"event", &[scope[0], scope[1], scope[2], id.as_bytes()]));
        }
        let may_repeat = match &self.content {
            Content::Touched(_) => true,
            Content::Privacy(request) => request.ask == Ask::RedactShop,
            Content::Order(_) | Content::Uninstalled { .. } | Content::Unreadable { .. } => false,
        };
        if self.event_id.is_none() || !may_repeat {
            keys.push(self.body_key(owner));
        }
        keys
    }

    /// The key by which the body of a touch is known that has an event id. One that was taken before does not make the
    /// webhook a repetition; it only lets it do less ([`Job::touch_again`](crate::job::Job::touch_again)).
    pub fn repeat_key(&self, owner: &str) -> Option<[u8; 32]> {
        match &self.content {
            Content::Touched(_) => self.event_id.as_ref().map(|_| self.body_key(owner)),
            Content::Order(_) | Content::Uninstalled { .. } | Content::Privacy(_) | Content::Unreadable { .. } => None,
        }
    }

    fn body_key(&self, owner: &str) -> [u8; 32] {
        let scope = self.scope(owner);
        identity_key(b"body", &[scope[0], scope[1], scope[2], &self.body_hash])
    }

    fn scope<'a>(&'a self, owner: &'a str) -> [&'a [u8]; 3] {
        [self.source.as_str().as_bytes(), owner.as_bytes(), self.topic.as_bytes()]
    }
}

/// Parts are length-prefixed, so that no two lists of parts read the same.
fn identity_key(kind: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(kind);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The state of an order.
    Order(OrderNews),
    /// Something about an order changed, and the webhook does not carry the order: always a new version. An order that
    /// is not known yet is left to its own webhook.
    Touched(Named),
    /// The merchant took the app away; its token is worthless from then on.
    Uninstalled {
        /// When.
        at: Timestamp,
    },
    /// A customer or a shop asks what is known, or to be forgotten.
    Privacy(PrivacyRequest),
    /// Authentic, but not understood. Kept and shown; a refusal would cost the subscription.
    Unreadable {
        /// What was wrong, without any of the body's text.
        why: String,
    },
}

/// How a webhook names the order that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// By the order's id.
    Order(JobId),
    /// By the global id of one of its parts (`gid://shopify/FulfillmentOrder/1`).
    Part(String),
}

/// What a webhook says about an order: enough to line it up, never enough to carry it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderNews {
    /// The platform's order id.
    pub id: JobId,
    /// The number people know the order by (`#1001`).
    pub number: String,
    /// The platform's `updated_at`; tells which of two webhooks is newer.
    pub updated_at: Option<Timestamp>,
    /// Hash of the fields that matter to the work.
    pub fingerprint: Fingerprint,
    /// Cancelled at the platform.
    pub cancelled: bool,
    /// A test order.
    pub test: bool,
    /// REST word, lower case (`paid`).
    pub financial_status: String,
    /// Whether any line is shipped.
    pub ships_something: bool,
    /// Whose it is, and where it goes.
    #[serde(default)]
    pub marks: Marks,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(topic: &str, event: Option<&str>) -> Webhook {
        let received_at = Timestamp::UNIX_EPOCH;
        Webhook {
            source: Source::Shopify,
            merchant: "acme.myshopify.com".into(),
            topic: topic.into(),
            webhook_id: Some(format!("id of {topic}")),
            event_id: event.map(Into::into),
            body_hash: [7; 32],
            body: Bytes::new(),
            received_at,
            correlation: CorrelationId::of(&[7; 32], received_at),
            content: Content::Unreadable { why: String::new() },
        }
    }

    #[test]
    fn an_event_shared_by_two_topics_is_two_facts() {
        let (create, paid) = (webhook("orders/create", Some("e")), webhook("orders/paid", Some("e")));
        let paid_keys = paid.identity_keys("acme");
        assert!(create.identity_keys("acme").iter().all(|key| !paid_keys.contains(key)));
    }

    #[test]
    fn the_same_said_twice_of_an_order_is_two_facts_if_it_happened_twice() {
        let released = |event: Option<&str>, delivery: &str| Webhook {
            webhook_id: Some(delivery.into()),
            content: Content::Touched(Named::Part("gid://shopify/FulfillmentOrder/1".into())),
            ..webhook("fulfillment_orders/hold_released", event)
        };
        let known = |first: &Webhook, second: &Webhook| {
            let keys = first.identity_keys("acme");
            second.identity_keys("acme").iter().any(|key| keys.contains(key))
        };
        assert!(!known(&released(Some("e1"), "w1"), &released(Some("e2"), "w2")));
        assert!(known(&released(Some("e1"), "w1"), &released(Some("e1"), "w2")), "two subscriptions to one event");
        assert!(known(&released(Some("e1"), "w1"), &released(Some("e2"), "w1")), "one delivery");
        assert!(known(&released(None, "w1"), &released(None, "w2")), "nothing but the body tells");
        let order = |event| webhook("orders/paid", Some(event));
        assert!(known(&order("e1"), &Webhook { webhook_id: None, ..order("e2") }), "an order's body says its version");
    }

    #[test]
    fn the_body_of_a_touch_is_known_again_whatever_its_ids_say() {
        let touch = |event: Option<&str>| Webhook {
            content: Content::Touched(Named::Order(JobId::from(1))),
            ..webhook("orders/edited", event)
        };
        let key = touch(Some("e1")).repeat_key("acme").unwrap();
        assert_eq!(touch(Some("e2")).repeat_key("acme"), Some(key));
        assert!(touch(None).identity_keys("acme").contains(&key), "without an event id it is a repetition");
        assert_eq!(touch(None).repeat_key("acme"), None);
        assert_ne!(touch(Some("e1")).repeat_key("bolt"), Some(key));
        let other = Webhook { body_hash: [8; 32], ..touch(Some("e1")) };
        assert_ne!(other.repeat_key("acme"), Some(key));
        assert_eq!(webhook("orders/paid", Some("e1")).repeat_key("acme"), None, "an order's body says its version");
    }

    #[test]
    fn one_body_under_two_shops_is_two_facts() {
        let one = webhook("orders/create", None);
        assert_ne!(one.identity_keys("acme")[1], one.identity_keys("bolt")[1]);
    }
}
