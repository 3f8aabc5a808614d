//! Webhooks in the making.

use lane::marks::Marks;
use lane::ports::Recorded;
use lane::webhook::Content;

use super::scene::{Scene, hash};

/// A webhook in the making.
#[derive(Clone)]
pub struct News {
    pub(super) order: u64,
    pub(super) version: i64,
    pub(super) topic: &'static str,
    pub(super) event: Option<String>,
    pub(super) delivery: Option<String>,
    pub(super) says: String,
    pub(super) qualifies: bool,
}

impl News {
    /// The creation of an order.
    pub fn of(order: u64) -> Self {
        let says = "first".to_owned();
        Self { order, version: 1, topic: "orders/create", event: None, delivery: None, says, qualifies: true }
    }

    /// A later version that says something else.
    #[must_use]
    pub fn updated(mut self, version: i64, says: &str) -> Self {
        (self.version, self.says, self.topic) = (version, says.to_owned(), "orders/updated");
        self
    }

    /// A cancellation.
    #[must_use]
    pub fn cancelled(mut self, version: i64) -> Self {
        (self.version, self.says, self.topic) = (version, "cancelled".to_owned(), "orders/cancelled");
        self.qualifies = false;
        self
    }

    /// Of another topic.
    #[must_use]
    pub fn topic(mut self, topic: &'static str) -> Self {
        self.topic = topic;
        self
    }

    /// With these ids.
    #[must_use]
    pub fn ids(mut self, delivery: Option<&str>, event: Option<&str>) -> Self {
        (self.delivery, self.event) = (delivery.map(Into::into), event.map(Into::into));
        self
    }
}

/// A webhook arrives that says something else than how an order stands. Each call is a fact of its own as long as time
/// passes in between.
pub(super) async fn told(scene: &Scene, shop: &str, topic: &str, content: Content) -> Recorded {
    let mut webhook = scene.webhook(shop, &News::of(0));
    topic.clone_into(&mut webhook.topic);
    webhook.body_hash = hash(format!("{topic} {content:?} {}", scene.now()).as_bytes());
    webhook.content = content;
    scene.ports.intake.record(webhook).await.expect("the webhook is recorded")
}

/// An order is sold to somebody.
pub(super) async fn sold_to(scene: &Scene, shop: &str, order: u64, buyer: Marks) {
    let mut webhook = scene.webhook(shop, &News::of(order));
    if let Content::Order(news) = &mut webhook.content {
        news.marks = buyer;
    }
    let recorded = scene.ports.intake.record(webhook).await.expect("the webhook is recorded");
    assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
}
