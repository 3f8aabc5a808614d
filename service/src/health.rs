//! Whether the program lives, and whether it can do its work.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use lane::ports::Desk;
use tokio_util::sync::CancellationToken;

use crate::start::Start;

/// How long the ledger may take for one small read. Probes usually give up after a few seconds.
const READ_TIME: Duration = Duration::from_secs(2);

/// What readiness rests on.
#[derive(Clone)]
pub struct Health {
    pub desk: Arc<dyn Desk>,
    /// Set once the program stops taking work.
    pub stopping: CancellationToken,
    /// Set once the receiver of wake-ups has ended.
    pub receiver_ended: CancellationToken,
}

/// `/health/live` and `/health/ready`
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .with_state(Arc::new(health))
}

async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    match health.trouble().await {
        None => (StatusCode::OK, "ready\n"),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble),
    }
}

impl Health {
    /// That of a service that receives no wake-ups.
    pub fn of(desk: Arc<dyn Desk>, start: &Start) -> Self {
        Self { desk, stopping: start.stop.clone(), receiver_ended: CancellationToken::new() }
    }

    async fn trouble(&self) -> Option<&'static str> {
        if self.stopping.is_cancelled() {
            return Some("the program is stopping\n");
        }
        if self.receiver_ended.is_cancelled() {
            return Some("no wake-ups are received; see the log\n");
        }
        // No operator has this hash; looking for it reads the ledger without finding anything.
        match tokio::time::timeout(READ_TIME, self.desk.operator("")).await {
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some("the ledger does not answer reads; see the log\n"),
            Err(_) => Some("the ledger takes too long to answer\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::embedded::ledger::Ledger;
    use lane::clock::SystemClock;

    #[tokio::test]
    async fn ready_is_who_receives_and_is_not_stopping() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Arc::new(Ledger::open(&folder.path().join("ledger"), &SystemClock::start()).unwrap());
        let (stopping, receiver_ended) = (CancellationToken::new(), CancellationToken::new());
        let health = Health { desk, stopping: stopping.clone(), receiver_ended: receiver_ended.clone() };
        let ask = async || ready(State(Arc::new(health.clone()))).await;
        assert_eq!(ask().await, (StatusCode::OK, "ready\n"));
        receiver_ended.cancel();
        assert_eq!(ask().await, (StatusCode::SERVICE_UNAVAILABLE, "no wake-ups are received; see the log\n"));
        stopping.cancel();
        assert_eq!(ask().await, (StatusCode::SERVICE_UNAVAILABLE, "the program is stopping\n"));
    }
}
