//! The review page and its API as a program of its own: a Lambda function where the runtime's environment is there, a
//! server elsewhere. Ledger and queue are AWS's.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use review::{Links, Settings};
use service::health::Health;
use service::start::{self, Start};
use service::{aws, figures, health, serve};

/// A reading for each lane and half a minute is affordable, for each page it is not.
const FIGURES_AGE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    start::run(review)
}

async fn review(start: Start) -> anyhow::Result<()> {
    let backend = aws::open(start.config.on_aws()?, &start.clock).await?;
    let health = health::router(Health::of(backend.ledger.clone(), &start));
    let clock = || Arc::clone(&start.clock);
    let links = Links::configured(&start.config.review.link_secrets, backend.secrets.as_ref()).await?;
    let settings = Settings { figures_age: FIGURES_AGE, links, ..Settings::default() };
    let router = review::router(backend.ledger.clone(), backend.queue, clock(), settings).merge(health);
    if start.on_lambda {
        // Nobody asks a function for its counts; the worker tells the ledger's figures.
        return answer(&start, router).await;
    }
    let counts = figures::start()?;
    let figures = figures::router(counts.clone(), &backend.ledger, None, clock());
    tokio::join!(answer(&start, router.merge(figures)), figures::fold(&counts, &start.stop)).0
}

async fn answer(start: &Start, router: Router) -> anyhow::Result<()> {
    serve::answer(start, "[review] listen", start.config.review.listen, router).await
}
