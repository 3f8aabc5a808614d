//! The worker as a program of its own: a Lambda function where the runtime's environment is there, a daemon elsewhere.
//! Ledger and queue are AWS's.

use std::process::ExitCode;
use std::sync::Arc;

use ::lane::clock::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use rand::RngCore as _;
use serde_json::Value;
use service::health::{self, Health};
use service::serve::{self, Limits};
use service::start::{self, Start};
use tokio_util::sync::CancellationToken;
use worker::configured::{Ports, Workers, function, owner};
use worker::limiter::Limiter;
use worker::redactions::Redactions;
use worker::{chores, housekeeping};

fn main() -> ExitCode {
    start::run(work)
}

async fn work(mut start: Start) -> anyhow::Result<()> {
    let backend = service::aws::open(start.config.on_aws()?, &start.clock).await?;
    let ports = Ports::of(&backend.ledger, &backend.queue, backend.secrets);
    let seed = start.chance.next_u64();
    // Other workers call the same accounts; what is left of their limits is agreed on in the ledger.
    let limiter = Limiter::shared(Arc::clone(&start.clock), backend.ledger, owner(seed), seed);
    if start.on_lambda {
        return invocations(&start, ports, limiter, seed).await;
    }
    daemon(start, ports, limiter, seed).await
}

async fn invocations(start: &Start, ports: Ports, limiter: Limiter, seed: u64) -> anyhow::Result<()> {
    let function = function(&start.config, ports, limiter, &start.clock, seed).await?;
    let answered = lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let millis = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        function.answer(event.payload, deadline).await.map_err(|error| Diagnostic {
            error_type: "EventError".to_owned(),
            error_message: format!("{:#}", anyhow::Error::from(error)),
        })
    }));
    answered.await.map_err(|error| anyhow::anyhow!("the runtime of Lambda: {error}"))
}

async fn daemon(start: Start, ports: Ports, limiter: Limiter, seed: u64) -> anyhow::Result<()> {
    let Start { config, clock, stop, .. } = &start;
    let receiver_ended = CancellationToken::new();
    let listening = match config.worker.listen {
        Some(address) => Some(serve::listen("[worker] listen", address).await?),
        None => None,
    };
    let stopping = stop.clone();
    let health = health::router(Health { desk: ports.desk(), stopping, receiver_ended: receiver_ended.clone() });
    let Workers { daemon, shipments } = Workers::configured(config, ports.clone(), limiter, clock, seed)?;
    let redactions = Redactions::new(ports.privacy(), Arc::clone(clock));
    tracing::info!("the worker is up");
    let work = async {
        let _ended = receiver_ended.drop_guard();
        daemon.run(stop.clone()).await;
    };
    let registry = ports.registry();
    tokio::join!(
        work,
        shipments.run(stop),
        redactions.run(stop),
        housekeeping::run(registry.as_ref(), clock.as_ref(), stop),
        chores::tell_figures(&ports, clock.as_ref(), stop),
        async {
            match listening {
                Some(listener) => serve::serve(listener, health, Limits::USUAL, stop.clone()).await,
                None => stop.cancelled().await,
            }
        }
    );
    tracing::info!("everything that was begun is finished; the worker ends");
    Ok(())
}
