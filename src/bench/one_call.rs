//! Jobs of one HTTP call each: the lane protocol, whose attempt posts the job's key and is done with a 200.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lane::attempt::AttemptKind;
use lane::clock::Timestamp;
use lane::job::Job;
use lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use lane::shop::Shop;
use reqwest::header::CONTENT_TYPE;
use worker::attempt::{CallsLeft, Carry};
use worker::limiter::Need;
use worker::transport::{Lost, Transport, network};

use super::protocol::{Nothing, done};

/// The longest a call takes.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Attempts of one call.
pub(super) struct OneCall {
    /// Counts them; of each job of a burst one.
    pub(super) attempts: Arc<Nothing>,
    /// What the worker calls providers with.
    client: reqwest::Client,
    url: String,
}

impl OneCall {
    pub(super) fn new(together: u32, url: String) -> anyhow::Result<Arc<Self>> {
        let (attempts, client) = (Nothing::new(together), network(CALL_TIMEOUT)?);
        Ok(Arc::new(Self { attempts, client, url }))
    }

    async fn call(&self, job: &Job) -> Result<(), Lost> {
        let body = format!("{{\"key\":\"{}\"}}", job.id);
        let request = self.client.post(&self.url).header(CONTENT_TYPE, "application/json").body(body).build();
        let transport: &dyn Transport = &self.client;
        let answer = transport.send(request.map_err(|error| Lost::from(&error))?).await?;
        let accepted = answer.status() == 200;
        // Read to its end, so that the connection is kept.
        let read = answer.bytes().await.map_err(|error| Lost::from(&error))?;
        if accepted && !read.is_empty() { Ok(()) } else { Err(Lost::Cut) }
    }

    async fn carried_out(&self, job: &Job, left: &CallsLeft) -> Report {
        left.mark();
        match self.call(job).await {
            Ok(()) => done(job),
            Err(lost) => {
                let outcome = Outcome::Retry { after: None, error: Trouble::new("the server", lost.to_string()) };
                Report { outcome, reach: Reach::Unresolved, calls: Vec::new(), learnt: Learnt::default() }
            }
        }
    }
}

#[async_trait]
impl Carry for OneCall {
    fn needs(&self, _: &Shop, _: &Job, _: AttemptKind) -> Vec<Need> {
        Vec::new()
    }

    async fn attempt(&self, _: &Shop, job: &Job, _: AttemptKind, _: Timestamp, left: &CallsLeft) -> Report {
        let report = self.carried_out(job, left).await;
        self.attempts.attempted(1);
        report
    }

    fn together(&self, _: &Shop) -> u32 {
        self.attempts.together
    }

    async fn attempt_together(&self, _: &Shop, jobs: &[Job], _: Timestamp, left: &CallsLeft) -> Vec<Report> {
        let reports = join_all(jobs.iter().map(|job| self.carried_out(job, left))).await;
        self.attempts.attempted(jobs.len() as u64);
        reports
    }
}
