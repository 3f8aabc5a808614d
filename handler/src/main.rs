//! The handler as a program of its own: a Lambda function where the runtime's environment is there, a server elsewhere.
//! Ledger and queue are AWS's.

use std::process::ExitCode;
use std::sync::Arc;

use handler::Settings;
use service::health::Health;
use service::start::{self, Start};
use service::{aws, health, serve};

fn main() -> ExitCode {
    start::run(handle)
}

async fn handle(start: Start) -> anyhow::Result<()> {
    let backend = aws::open(start.config.on_aws()?, &start.clock).await?;
    let settings = Settings::configured(&start.config, backend.secrets.as_ref()).await?;
    let health = health::router(Health::of(backend.ledger.clone(), &start));
    let router = handler::router(settings, backend.ledger, backend.queue, Arc::clone(&start.clock)).merge(health);
    serve::answer(&start, "[webhooks] listen", start.config.webhooks.listen, router).await
}
