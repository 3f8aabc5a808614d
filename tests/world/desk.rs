//! An operator with a token, deciding through the API.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{World, eventually};

/// An operator's view of the program.
pub(crate) struct Desk {
    http: reqwest::Client,
    review: String,
    token: String,
}

impl Desk {
    /// Makes an operator through the command line and keeps the token it prints.
    pub(crate) async fn sign_on(world: &World, name: &str) -> Self {
        Self::sign_on_as(world, name, "admin").await
    }

    /// Makes an operator with a role.
    pub(crate) async fn sign_on_as(world: &World, name: &str, role: &str) -> Self {
        let printed = world.program.command(&["operator", "add", name, "--role", role]).await;
        let token = printed.split_whitespace().find(|word| word.starts_with("lk_")).expect("a token is printed");
        Self { http: world.http.clone(), review: world.program.review(""), token: token.to_owned() }
    }

    /// The bearer token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// After a restart the program listens elsewhere.
    pub(crate) fn moved(&mut self, world: &World) {
        self.review = world.program.review("");
    }

    /// Asks for a resource.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.http.get(format!("{}{path}", self.review)).bearer_auth(&self.token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// Changes something.
    pub(crate) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> (StatusCode, Value) {
        let mut request = self.http.post(format!("{}{path}", self.review)).bearer_auth(&self.token).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// The job of an order.
    pub(crate) async fn job(&self, shop: &str, order: &Value) -> Value {
        self.get(&path(shop, order)).await.1
    }

    /// Waits until the job of an order is in a state, and gives the job.
    pub(crate) async fn sees(&self, shop: &str, order: &Value, state: &str) -> Value {
        let what = format!("order {} of {shop} is {state}", order["name"]);
        eventually(&what, async || self.job(shop, order).await["state"] == state).await;
        self.job(shop, order).await
    }

    /// Decides what the job asks.
    pub(crate) async fn decides(&self, verdict: &str, shop: &str, order: &Value) -> (StatusCode, Value) {
        let job = self.job(shop, order).await;
        self.decides_on(verdict, shop, order, &job).await
    }

    /// Decides on the job as it was shown.
    pub(crate) async fn decides_on(
        &self,
        verdict: &str,
        shop: &str,
        order: &Value,
        shown: &Value,
    ) -> (StatusCode, Value) {
        let question = &shown["question"];
        let body = json!({ "hold": question["number"], "fingerprint": question["fingerprint"], "note": "checked" });
        self.post(&format!("{}/{verdict}", path(shop, order)), None, &body).await
    }

    /// Jobs in a state, of one shop.
    pub(crate) async fn jobs(&self, state: &str, shop: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let (status, page) = self.get(&format!("/api/v1/jobs?state={state}&shop={shop}{after}")).await;
            assert_eq!(status, 200, "{page}");
            rows.extend(page["rows"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return rows,
            }
        }
    }
}

/// Where the API has the job of an order.
pub(crate) fn path(shop: &str, order: &Value) -> String {
    format!("/api/v1/jobs/orders/{shop}/{}", order["id"])
}
