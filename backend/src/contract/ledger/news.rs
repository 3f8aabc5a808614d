//! Webhooks in the making.

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
