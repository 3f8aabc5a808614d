//! Robin, a made-up operator: resumes what the demonstration itself brought to a stand, and decides what is held when
//! nobody else will. Through the API, as anybody would.

use lane::job::Job;
use lane::ports::Desk;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use reqwest::{Client, StatusCode};
use serde_json::json;

use super::stage::Stage;

/// Every so many held orders, one is rejected.
const REJECTED_ONE_IN: u32 = 5;

/// The operator with a token and a way to the API.
#[derive(Clone)]
pub(super) struct Robin {
    client: Client,
    api: String,
    token: String,
}

impl Robin {
    pub(super) fn new(stage: &Stage) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        let api = format!("http://{}/api/v1", stage.addresses.review);
        Ok(Self { client, api, token: stage.robin.clone() })
    }

    /// Resumes a shop's lane.
    pub(super) async fn resume(&self, shop: &str) {
        self.post(&format!("/lanes/orders/{shop}/resume"), None).await;
    }

    /// Decides everything that is held now: most is approved, some is rejected.
    pub(super) async fn decide_all(&self, desk: &dyn Desk) {
        let filter = JobFilter { state: Some(StateKind::Held), shop: None };
        let Ok(held) = desk.jobs(&filter, &Page::default()).await else { return };
        for job in held.rows {
            self.decide(&job).await;
        }
    }

    async fn decide(&self, job: &Job) {
        let Some(question) = job.question() else { return };
        let number: u32 = job.number.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
        let verdict = if number.is_multiple_of(REJECTED_ONE_IN) { "reject" } else { "approve" };
        let body = json!({
            "hold": question.number,
            "fingerprint": question.fingerprint,
            "note": "decided by the demonstration",
        });
        self.post(&format!("/jobs/{}/{}/{verdict}", job.lane, job.id), Some(&body)).await;
    }

    async fn post(&self, path: &str, body: Option<&serde_json::Value>) {
        let mut request = self.client.post(format!("{}{path}", self.api)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        match request.send().await {
            // A conflict is an order that changed in the meantime; the next look sees it as it is now.
            Ok(answer) if answer.status().is_success() || answer.status() == StatusCode::CONFLICT => {}
            Ok(answer) => tracing::warn!(path, status = %answer.status(), "Robin was refused"),
            Err(error) => tracing::warn!(path, %error, "Robin could not be heard"),
        }
    }
}
