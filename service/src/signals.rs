//! SIGTERM and SIGINT: the first asks the program to finish, the second ends it.

use std::time::Duration;

use anyhow::Context as _;
use futures::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Signals that come within this are one.
const AT_ONCE: Duration = Duration::from_millis(300);

/// Cancelled by the first signal. The second ends the process at once, which loses nothing: the ledger is durable,
/// and the next start goes on from it.
pub fn asked_to_stop() -> anyhow::Result<CancellationToken> {
    let hear = |kind| signal(kind).context("signals cannot be heard");
    let mut terminate = hear(SignalKind::terminate())?;
    let mut interrupt = hear(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("asked to stop: finishing what was begun");
        asked.cancel();
        // Who signals a process and its group, as some shells and `timeout` do, has asked once.
        tokio::time::sleep(AT_ONCE).await;
        let _ = next(&mut terminate, &mut interrupt).now_or_never();
        next(&mut terminate, &mut interrupt).await;
        tracing::warn!("asked to stop again: ending at once");
        std::process::exit(1);
    });
    Ok(stop)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
