//! What merchants and their customers do at Shopify, and the webhooks that tell of it.

use reqwest::StatusCode;
use serde_json::Value;
use simulators::shopify::{Act, Webhook};

use super::{Delivery, World, domain, eventually};

impl World {
    /// A merchant sells: the order exists at Shopify and its webhook is delivered.
    pub(crate) async fn sells(&self, shop: &str, order: &Value) -> StatusCode {
        self.shopify.put_order(&domain(shop), order.clone()).expect("the simulator takes the order");
        self.delivers(shop, "orders/create", order).await
    }

    /// Shopify delivers a webhook with ids of its own.
    pub(crate) async fn delivers(&self, shop: &str, topic: &str, order: &Value) -> StatusCode {
        self.post(&Delivery::of(shop, topic, order)).await.expect("an answer")
    }

    /// Somebody at the shop does something, and Shopify tells of it.
    pub(crate) async fn does(&self, shop: &str, act: Act) {
        for webhook in self.shopify.act(&domain(shop), act).expect("the simulator does it") {
            self.tells(shop, &webhook).await;
        }
    }

    /// The same, but only the webhook of one topic arrives.
    pub(crate) async fn does_telling(&self, shop: &str, topic: &str, act: Act) {
        let told = self.shopify.act(&domain(shop), act).expect("the simulator does it");
        let webhook = told.iter().find(|webhook| webhook.topic == topic).expect("it is among what is told");
        self.tells(shop, webhook).await;
    }

    /// Shopify delivers what it tells.
    pub(crate) async fn tells(&self, shop: &str, webhook: &Webhook) {
        let status = self.delivers(shop, &webhook.topic, &webhook.body).await;
        assert_eq!(status, 200, "{}", webhook.topic);
    }

    /// Changes an order at Shopify and delivers the update.
    pub(crate) async fn updates(&self, shop: &str, id: u64, topic: &str, change: impl FnOnce(&mut Value)) -> Value {
        let order = self.shopify.change_order(&domain(shop), id, change).expect("a known order");
        assert_eq!(self.delivers(shop, topic, &order).await, 200);
        order
    }

    /// Posts a delivery; an error if there was no answer.
    pub(crate) async fn post(&self, delivery: &Delivery) -> Result<StatusCode, reqwest::Error> {
        Ok(self.answer(delivery).await?.status())
    }

    /// Posts a delivery, and gives the whole answer.
    pub(crate) async fn answer(&self, delivery: &Delivery) -> Result<reqwest::Response, reqwest::Error> {
        let mut request = self.http.post(self.program.webhooks()).body(delivery.body.clone());
        for (name, value) in &delivery.headers {
            request = request.header(*name, value);
        }
        request.send().await
    }

    /// Posts a delivery, and gives the word for what became of it.
    pub(crate) async fn outcome(&self, delivery: &Delivery) -> String {
        let answer = self.answer(delivery).await.expect("an answer");
        let word = answer.headers().get("x-lanekeeper-outcome").map(|word| word.to_str().unwrap().to_owned());
        word.unwrap_or_else(|| answer.status().as_u16().to_string())
    }

    /// Posts until it is answered 2xx, as Shopify would, only sooner.
    pub(crate) async fn redelivers(&self, delivery: &Delivery) {
        eventually("the webhook is answered 200", async || self.post(delivery).await.is_ok_and(|s| s == 200)).await;
    }
}
